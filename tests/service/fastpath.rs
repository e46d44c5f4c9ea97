//! Agents at Fastpath clients: offer, answers, line and invitation as Spark and Pade need them.

use super::stage::{Stage, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::ejabberd::Ejabberd;
use super::support::event::Event;
use super::support::wait;
use super::support::xmpp::{Options, workgroup};
use serde_json::json;

const FASTPATH: &str = "http://jabber.org/protocol/workgroup";

/// Goes on duty as Spark does.
fn spark(stage: &Stage, account: &str, max_chats: u32) -> Agent {
    let agent = stage
        .people
        .log_in_as(account, "spark", stage.server.ports());
    agent.show("available");
    agent.show_fastpath(&workgroup("support"), max_chats);
    line(&agent, 0);
    agent
}

fn answer(agent: &Agent, offer: &Event, how: &str) -> Result<String, String> {
    let payload = format!("<{how} xmlns='{FASTPATH}' id='{}'/>", offer.get("id"));
    agent.ask("set", offer.get("from"), &payload)
}

fn fastpath_offer(agent: &Agent) -> Event {
    agent.wait("an offer", |e| e.kind() == "offer")
}

/// Waits until the client was told of a line of this length: first the count, then each visitor.
fn line(agent: &Agent, count: usize) -> String {
    let number = format!("count>{count}<");
    let queue = |e: &Event| e.kind() == "presence" && e.get("from").ends_with("/Default Queue");
    agent.wait("notify-queue", |e| {
        queue(e) && e.get("xml").contains(&number) && e.get("xml").contains("notify-queue")
    });
    let details = agent.wait("notify-queue-details", |e| {
        let xml = e.get("xml");
        queue(e) && xml.contains("notify-queue-details") && xml.matches("jid=").count() == count
    });
    details.get("xml").to_owned()
}

#[test]
fn a_whole_conversation_at_a_fastpath_client() {
    let stage = Stage::start();
    let ana = spark(&stage, "agent1", 2);
    let (ticket, id) = stage.open("1");
    let details = line(&ana, 1);
    for part in ["position>0<", "time>15<", "join-time>"] {
        assert!(details.contains(part), "{part}");
    }
    let offer = fastpath_offer(&ana);
    assert_eq!((offer.get("id"), offer.get("session")), (&*id, &*id));
    assert!(offer.value("values")["userID"].as_str().is_some());
    assert!(offer.value("values")["username"].as_str().is_some());
    assert!(offer.get("xml").contains("user-request"));
    answer(&ana, &offer, "offer-accept").expect("an empty result");

    let invitation = ana.wait("an invitation", |e| e.kind() == "invitation");
    assert_eq!(invitation.value("direct"), false);
    assert_eq!(
        invitation.get("reason"),
        id,
        "Spark enters by itself for this reason only"
    );
    let xml = invitation.get("xml");
    let support = workgroup("support");
    assert!(
        xml.contains(&format!("workgroup=\"{support}\"")),
        "the session"
    );
    assert!(
        xml.contains(&format!("from=\"{support}\"")),
        "the inviter's bare address"
    );
    assert!(xml.contains(offer.get("jid")), "the visitor of the offer");
    let room = invitation.get("room").to_owned();
    assert!(
        room.starts_with(&format!("{id}@")),
        "the room bears the session's id"
    );
    ana.join(&room, "ana");
    line(&ana, 0);

    stage.rapidpro.message("1", "hello");
    hears(&ana, &room, "hello");
    ana.say_in(&room, "good day");
    stage.bot.wait_for(1, wait::SOON);
    assert_eq!(stage.told(&ticket), ["good day"]);
    assert_eq!(stage.rapidpro.close("1").status, 204);
    ana.wait("the room is destroyed", |e| is_destroyed(e, &room));
}

#[test]
fn a_fastpath_rejection_sends_the_offer_to_the_next_of_whatever_kind() {
    let stage = Stage::start();
    let ana = spark(&stage, "agent1", 2);
    stage.open("1");
    let offer = fastpath_offer(&ana);
    let ben = stage.agent("agent2");
    answer(&ana, &offer, "offer-reject").expect("an empty result");
    let next = offered(&ben);
    super::stage::accept(&ben, &next);
    let late = answer(&ana, &offer, "offer-accept");
    assert_eq!(late.err().as_deref(), Some("item-not-found"));
}

#[test]
fn a_fastpath_offer_is_taken_back_when_the_visitor_leaves() {
    let stage = Stage::start();
    let ana = spark(&stage, "agent1", 2);
    stage.open("1");
    let offer = fastpath_offer(&ana);
    stage.rapidpro.close("1");
    let revoke = ana.wait("the revoke", |e| e.kind() == "revoke");
    assert_eq!(revoke.get("id"), offer.get("id"));
    assert_eq!(revoke.get("reason"), "User canceled");
    assert_eq!(revoke.get("session"), offer.get("session"));
    line(&ana, 0);
}

#[test]
fn nobody_answers_a_fastpath_offer_for_another() {
    let stage = Stage::start();
    let ana = spark(&stage, "agent1", 2);
    stage.open("1");
    let offer = fastpath_offer(&ana);
    let ben = stage.agent("agent2");
    let stranger = stage.people.log_in("stranger", stage.server.ports());
    stranger.show("chat");
    for how in ["offer-accept", "offer-reject"] {
        assert_eq!(
            answer(&ben, &offer, how).err().as_deref(),
            Some("item-not-found")
        );
        assert!(answer(&stranger, &offer, how).is_err());
    }
    answer(&ana, &offer, "offer-accept").expect("still open");
}

#[test]
fn a_fastpath_client_limits_its_own_number_of_chats() {
    let stage = Stage::start();
    let ana = spark(&stage, "agent1", 1);
    let (ticket, _) = stage.open("1");
    answer(&ana, &fastpath_offer(&ana), "offer-accept").expect("an empty result");
    stage.open("2");
    line(&ana, 1);
    assert!(ana.take_now(|e| e.kind() == "offer").is_none());
    stage.rapidpro.close(&ticket.token);
    fastpath_offer(&ana);
}

#[test]
fn a_fastpath_client_stays_one_over_a_crash_and_gets_its_offer_again() {
    let mut stage = Stage::start();
    let ana = spark(&stage, "agent1", 2);
    stage.open("1");
    let offer = fastpath_offer(&ana);
    stage.warmline.kill9();
    stage.warmline.start_again();
    let again = fastpath_offer(&ana);
    assert_eq!(again.get("id"), offer.get("id"));
    answer(&ana, &again, "offer-accept").expect("an empty result");
    ana.wait("an invitation", |e| {
        e.kind() == "invitation" && e.get("reason") == offer.get("session")
    });
}

#[test]
fn the_fastpath_client_is_invited_also_beside_a_client_of_higher_priority() {
    let stage = Stage::start();
    let ana = spark(&stage, "agent1", 2);
    let phone = stage
        .people
        .log_in_as("agent1", "phone", stage.server.ports());
    phone.raw("<presence><show>away</show><priority>50</priority></presence>");
    phone.call(
        "ask",
        json!({"type_": "get", "to": "example.test", "payload": "<ping xmlns='urn:xmpp:ping'/>"}),
    );
    stage.open("1");
    answer(&ana, &fastpath_offer(&ana), "offer-accept").expect("an empty result");
    ana.wait("an invitation", |e| e.kind() == "invitation");
}

/// Asks for colleagues; whoever is there is shown next.
fn asks_for_colleagues(agent: &Agent) {
    let payload = format!("<agent-status-request xmlns='{FASTPATH}'/>");
    let list = agent.ask("get", &workgroup("support"), &payload);
    assert!(list.expect("a list").contains("agent2@"));
}

#[test]
fn colleagues_are_seen_on_ejabberd_too() {
    let options = Options {
        any_sender: true,
        ..Options::default()
    };
    let server = Box::new(Ejabberd::start_with(&options));
    let stage = Stage::with(server, |config| {
        config.more = "[fastpath]\nspeaks_for_agents = true".into();
    });
    let ana = spark(&stage, "agent1", 2);
    asks_for_colleagues(&ana);
    let ben = spark(&stage, "agent2", 2);
    let full = format!("{}/spark", ben.jid());
    let shown = ana.wait("ben, in his own name", |e| {
        e.get("from") == full && e.get("xml").contains("agent-status")
    });
    assert!(
        shown.get("xml").contains("current-chats"),
        "{}",
        shown.get("xml")
    );
    ben.show_to(&workgroup("support"), "dnd");
    ana.wait("that ben is busy", |e| {
        let xml = e.get("xml");
        e.get("from") == full && xml.contains("agent-status") && xml.contains(">dnd<")
    });
    assert_eq!(
        stage.warmline.figure("warmline_xmpp_connects_total"),
        Some(1.0),
        "the link stayed"
    );
}
