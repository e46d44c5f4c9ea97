//! Visitors at XMPP clients of their own, through a real server.

use super::stage::{Stage, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::event::Event;
use super::support::xmpp::workgroup;

const W: &str = "http://jabber.org/protocol/workgroup";

fn join(visitor: &Agent) -> Result<String, String> {
    let field =
        |var: &str, value: &str| format!("<field var='{var}'><value>{value}</value></field>");
    let form = field("username", "Vera") + &field("question", "My printer is on fire");
    let form = format!("<x xmlns='jabber:x:data' type='submit'>{form}</x>");
    let join = format!("<join-queue xmlns='{W}'><queue-notifications/>{form}</join-queue>");
    visitor.ask("set", &workgroup("support"), &join)
}

/// Waits for an invitation of the visitor and gives the room.
fn invited(visitor: &Agent) -> String {
    let invitation = visitor.wait("an invitation", |e| e.kind() == "invitation");
    assert_eq!(invitation.get("reason"), "Please join me for a chat.");
    let xml = invitation.get("xml");
    let support = workgroup("support");
    assert!(
        xml.contains(&format!("from=\"{support}\"")),
        "the inviter's bare address: {xml}"
    );
    assert!(
        xml.contains(&format!("jid=\"{support}\"")),
        "the workgroup: {xml}"
    );
    invitation.get("room").to_owned()
}

fn enters(person: &Agent, room: &str, nick: &str) {
    person.join(room, nick);
    person.wait("to be inside", |e| {
        e.kind() == "presence" && e.sender() == room && e.has("codes", "110")
    });
}

fn told(visitor: &Agent, what: &str) -> Event {
    visitor.wait(what, |e| e.get("xml").contains(what))
}

#[test]
fn a_visitor_comes_in_person_talks_and_leaves() {
    let stage = Stage::start();
    let visitor = stage.people.log_in("stranger", stage.server.ports());
    assert_eq!(
        join(&visitor).err().as_deref(),
        Some("service-unavailable"),
        "nobody is there"
    );
    let ana = stage.agent("agent1");
    join(&visitor).expect("an empty result");
    let status = told(&visitor, "queue-status");
    assert!(
        status.get("xml").contains("position>1<"),
        "{}",
        status.get("xml")
    );
    let offer = offered(&ana);
    assert!(offer.get("body").contains("My printer is on fire"));
    ana.say(offer.get("from"), "accept");
    let room = invited(&visitor);
    enters(&visitor, &room, "Vera");
    ana.wait("an invitation", |e| e.kind() == "invitation");
    enters(&ana, &room, "Ana");
    ana.wait("the briefing, alone", |e| {
        e.kind() == "message" && e.get("body").contains("My printer is on fire") && !e.is_said()
    });
    visitor.say_in(&room, "it burns");
    hears(&ana, &room, "it burns");
    ana.say_in(&room, "use water");
    hears(&visitor, &room, "use water");
    for event in visitor.events() {
        let xml = event.value("xml").as_str().unwrap_or_default().to_owned();
        assert!(!xml.contains("agent1@"), "no JID of the agent: {xml}");
    }
    visitor.leave(&room);
    ana.wait("the room is destroyed", |e| is_destroyed(e, &room));
}

#[test]
fn who_leaves_the_line_and_who_waits_in_vain_are_told() {
    let stage = Stage::configured(|config| {
        config.workgroup = "request_timeout = \"2s\"".into();
    });
    let ana = stage.agent("agent1");
    let visitor = stage.people.log_in("stranger", stage.server.ports());
    visitor.show("available");
    join(&visitor).expect("an empty result");
    offered(&ana);
    let depart = format!("<depart-queue xmlns='{W}'/>");
    let support = workgroup("support");
    visitor
        .ask("set", &support, &depart)
        .expect("an empty result");
    told(&visitor, "departure-requested");
    assert_eq!(
        visitor.ask("set", &support, &depart).err().as_deref(),
        Some("item-not-found")
    );
    join(&visitor).expect("an empty result");
    told(&visitor, "agent-not-found");
}

#[test]
fn a_kill_while_a_visitor_waits_and_talks_loses_nobody() {
    let mut stage = Stage::configured(|config| config.workgroup = "agent_return = \"2s\"".into());
    let ana = stage.agent("agent1");
    let visitor = stage.people.log_in("stranger", stage.server.ports());
    visitor.show("available");
    join(&visitor).expect("an empty result");
    offered(&ana);
    stage.warmline.kill9();
    stage.warmline.start_again();
    let again = offered(&ana);
    ana.say(again.get("from"), "accept");
    let room = invited(&visitor);
    enters(&visitor, &room, "Vera");
    enters(&ana, &room, "Ana");
    stage.warmline.kill9();
    visitor.say_in(&room, "are you there?");
    hears(&ana, &room, "are you there?");
    stage.warmline.start_again();
    // Seen leaving, or found missing.
    visitor.leave(&room);
    ana.wait("the room is destroyed", |e| is_destroyed(e, &room));
}
