//! A conversation's room: who may enter it, what its commands do, and what the visitor never sees.

use super::stage::{
    Conversation, Stage, accept, enter, hears, is_asked, is_destroyed, offered, on_duty_in_it,
};
use super::support::agents::Agent;
use super::support::config::Config;
use super::support::event::Event;
use super::support::wait;
use super::support::xmpp::{MUC, jid, workgroup};
use serde_json::json;

const DISCO_INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

/// A private message of the room's desk with this in it.
fn whisper(agent: &Agent, room: &str, part: &str) -> Event {
    agent.wait("a private message", |e| {
        e.kind() == "message"
            && e.sender() == room
            && e.get("type") == "chat"
            && e.get("body").contains(part)
    })
}

/// The visitor has been told this, and nothing else.
fn visitor_hears_only(stage: &Stage, conversation: &Conversation, agent: &Agent, marker: &str) {
    agent.say_in(&conversation.room, marker);
    wait::until("the words for the visitor", wait::SOON, || {
        let told = stage.told(&conversation.ticket);
        told.contains(&marker.to_owned()).then_some(())
    });
    assert_eq!(stage.told(&conversation.ticket), [marker]);
}

/// Workgroup `support` of agent1, and `it` of agent2.
fn two_workgroups(config: &mut Config) {
    config.agents = vec!["agent1".into()];
    config.more = format!(
        "[[workgroup]]\nname = \"it\"\ntitle = \"Computers\"\nagents = [\"{}\"]",
        jid("agent2")
    );
}

#[test]
fn a_room_is_hidden_for_members_only_and_lasting() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("1", &ana);
    let stranger = stage.people.log_in("stranger", stage.server.ports());
    stranger.show("chat");
    let about = stranger.ask("get", &room, DISCO_INFO).expect("a room");
    for feature in ["muc_membersonly", "muc_hidden", "muc_persistent"] {
        assert!(about.contains(feature), "{feature}");
    }
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    let listed = stranger.ask("get", MUC, items).expect("the rooms");
    assert!(!listed.contains(&room), "nobody finds it");
}

#[test]
fn a_stranger_stays_outside_and_a_supervisor_may_enter() {
    let stage = Stage::configured(|c| {
        c.workgroup = format!("supervisors = [\"{}\"]", jid("supervisor"));
    });
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    let room = &conversation.room;
    let people = ["stranger", "agent2", "supervisor"];
    let [stranger, ben, chief] = people.map(|name| {
        let agent = stage.people.log_in(name, stage.server.ports());
        agent.show("chat");
        agent.join(room, name);
        agent
    });
    for outsider in [&stranger, &ben] {
        outsider.wait("a refusal", |e| {
            e.kind() == "presence" && e.sender() == room && e.get("type") == "error"
        });
        outsider.raw(&format!(
            "<message to='{room}' type='groupchat'><body>let me in</body></message>"
        ));
    }
    chief.wait("the supervisor is inside", |e| {
        e.kind() == "presence" && e.sender() == room && e.has("codes", "110")
    });
    stage.rapidpro.message("1", "hello");
    hears(&chief, room, "hello");
    chief.say_in(room, "!note I am only looking on");
    visitor_hears_only(&stage, &conversation, &ana, "good day");
}

#[test]
fn a_second_agent_is_invited_and_sees_what_was_said() {
    let stage = Stage::configured(|c| c.agents.push("agent3".into()));
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    let Conversation { ticket, room } = &conversation;
    stage.rapidpro.message("1", "my parcel is late");
    hears(&ana, room, "my parcel is late");
    let cleo = stage.agent("agent3");
    ana.say_in(room, "!invite agent3");
    whisper(&ana, room, "is invited");
    assert_eq!(&enter(&cleo), room);
    let story = whisper(&cleo, room, "Where is my parcel?");
    assert!(story.get("body").contains("my parcel is late"));
    cleo.say_in(room, "I can help too");
    wait::until("the second agent's words", wait::SOON, || {
        (stage.told(ticket) == ["I can help too"]).then_some(())
    });
    cleo.leave(room);
    visitor_goes_on(&stage, &conversation, &ana);
}

/// The conversation is still the first agent's.
fn visitor_goes_on(stage: &Stage, conversation: &Conversation, agent: &Agent) {
    stage
        .rapidpro
        .message(&conversation.ticket.token, "still there?");
    hears(agent, &conversation.room, "still there?");
    assert_eq!(stage.closes(&conversation.ticket), 0);
}

#[test]
fn a_conversation_is_handed_to_another_workgroup() {
    let stage = Stage::configured(two_workgroups);
    let ana = stage.agent("agent1");
    let ben = on_duty_in_it(&stage);
    let conversation = stage.conversation("1", &ana);
    let room = &conversation.room;
    stage.rapidpro.message("1", "my computer burns");
    hears(&ana, room, "my computer burns");
    ana.say_in(room, "!transfer it");
    whisper(&ana, room, "is being asked");
    let offer = offered(&ben);
    assert_eq!(offer.sender(), workgroup("it"));
    visitor_hears_only(&stage, &conversation, &ana, "one moment");
    assert_eq!(&accept(&ben, &offer), room);
    ana.wait("the first agent is out", |e| {
        e.kind() == "presence" && e.sender() == room && e.get("type") == "unavailable"
    });
    ben.wait("what was said", |e| {
        e.is_said() && e.is_in(room) && e.get("body").contains("my computer burns")
    });
    stage.rapidpro.message("1", "and now?");
    hears(&ben, room, "and now?");
    assert!(!is_asked(&ana));
}

#[test]
fn a_conversation_is_handed_to_one_agent_who_may_refuse() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    let room = &conversation.room;
    let ben = stage.agent("agent2");
    ana.say_in(room, "!transfer agent2");
    let offer = offered(&ben);
    ben.say(offer.get("from"), "reject");
    ana.wait("word of it", |e| {
        e.is_in(room) && e.get("body").contains("does not take it over")
    });
    ana.say_in(room, "!transfer agent2");
    accept(&ben, &offered(&ben));
    stage.rapidpro.message("1", "who is there?");
    hears(&ben, room, "who is there?");
    for nobody in ["nobody", "agent2"] {
        ben.say_in(room, &format!("!transfer {nobody}"));
    }
    whisper(&ben, room, "No workgroup and no agent is called “nobody”");
    whisper(&ben, room, "It is yours already");
}

#[test]
fn a_hand_over_that_nobody_takes_comes_to_nothing() {
    let stage = Stage::configured(|config| {
        two_workgroups(config);
        config.more.push_str("\nrequest_timeout = \"1s\"");
    });
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    let room = &conversation.room;
    for _ in 0..2 {
        ana.say_in(room, "!transfer it");
        whisper(&ana, room, "is being asked");
        ana.wait("word of it", |e| {
            e.is_in(room) && e.get("body").contains("Nobody took this over in time")
        });
    }
    visitor_goes_on(&stage, &conversation, &ana);
    visitor_hears_only(&stage, &conversation, &ana, "I am still here");
}

#[test]
fn commands_and_notes_are_not_for_the_visitor() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    let room = &conversation.room;
    ana.say_in(room, "!note has called twice");
    ana.say_in(room, "!help");
    assert!(
        whisper(&ana, room, "!transfer")
            .get("body")
            .contains("!note")
    );
    ana.say_in(room, "!frobnicate");
    whisper(&ana, room, "“!frobnicate” is not known");
    ana.say_in(room, "!context");
    let story = whisper(&ana, room, "Where is my parcel?");
    assert!(story.get("body").contains("has called twice"));
    visitor_hears_only(&stage, &conversation, &ana, "good day");
}

#[test]
fn private_messages_are_not_for_the_visitor() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    let room = &conversation.room;
    stage.rapidpro.message("1", "hello");
    let visitor = hears(&ana, room, "hello").nick().to_owned();
    for nick in ["support", &visitor] {
        ana.say(&format!("{room}/{nick}"), "between us");
    }
    whisper(&ana, room, "Private messages do not reach the visitor");
    ana.say(&format!("{room}/support"), "!context");
    whisper(&ana, room, "Where is my parcel?");
    visitor_hears_only(&stage, &conversation, &ana, "good day");
}

#[test]
fn signals_of_clients_are_not_for_the_visitor() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    let room = &conversation.room;
    stage.rapidpro.message("1", "hello");
    let id = hears(&ana, room, "hello").get("id").to_owned();
    for state in ["active", "composing", "paused", "inactive", "gone"] {
        ana.call("state", json!({"to": room, "state": state}));
    }
    let signals = [
        format!("<displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/>"),
        format!("<received xmlns='urn:xmpp:receipts' id='{id}'/>"),
        format!(
            "<reactions xmlns='urn:xmpp:reactions:0' id='{id}'><reaction>👍</reaction></reactions>"
        ),
        format!("<body>gone</body><retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>"),
        "<subject>a new subject</subject>".to_owned(),
        "<body>   </body>".to_owned(),
    ];
    for signal in signals {
        ana.raw(&format!(
            "<message to='{room}' type='groupchat' id='s'>{signal}</message>"
        ));
    }
    visitor_hears_only(&stage, &conversation, &ana, "good day");
}

#[test]
fn corrections_and_files_reach_the_visitor_as_such() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &ana);
    let id = ana.say_in(&room, "on Mondya");
    let correction = json!({"to": room, "old_id": id, "text": "on Monday"});
    ana.call("correct", correction);
    let url = "https://files.example.test/form.pdf";
    ana.call("link", json!({"to": room, "url": url}));
    let all = stage.bot.wait_for(3, wait::SOON);
    assert_eq!(stage.told(&ticket)[..2], ["on Mondya", "* on Monday"]);
    let file = json!([{"type": "application/pdf", "url": url}]);
    assert_eq!(all[2].body["data"]["attachments"], file);
    let sent = json!({
        "visitor": {"token": "1"}, "text": "see",
        "attachments": [{"type": "image/png", "url": "https://files.example.test/a.png"}],
    });
    stage.rapidpro.call("POST", "visitor-message", &sent);
    ana.wait("the text", |e| {
        e.is_in(&room) && e.get("body").contains("see")
    });
    ana.wait("the file", |e| {
        e.is_in(&room) && e.get("url").ends_with("a.png")
    });
}

#[test]
fn silence_ends_a_conversation_where_that_is_wanted() {
    let stage = Stage::configured(|c| c.workgroup = "idle_close = \"2s\"".into());
    let ana = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &ana);
    ana.wait("the room is destroyed", |e| is_destroyed(e, &room));
    stage
        .bot
        .wait_until("the close", |_| (stage.closes(&ticket) == 1).then_some(()));
}
