//! Agents who leave, vanish or never come, and rooms that go: the visitor is never left alone.

use super::stage::{Conversation, Stage, accept, enter, first_offered, hears, is_asked, offered};
use super::support::agents::Agent;
use super::support::prosody::Prosody;
use super::support::wait;
use super::support::xmpp::{Options, workgroup};
use serde_json::json;

const LOST: &str =
    "The connection to your helper was lost. Please wait, somebody will be with you soon.";

/// A conversation of agent1 in which something was said, and agent2 on duty.
fn talk(stage: &Stage) -> (Agent, Agent, Conversation) {
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    stage.rapidpro.message("1", "my parcel is late");
    hears(&ana, &conversation.room, "my parcel is late");
    ana.say_in(&conversation.room, "I am looking");
    stage.bot.wait_for(1, wait::SOON);
    (ana, stage.agent("agent2"), conversation)
}

fn is_told(stage: &Stage, conversation: &Conversation, texts: &[&str]) {
    wait::until("what the visitor is told", wait::SOON, || {
        (stage.told(&conversation.ticket).len() >= texts.len()).then_some(())
    });
    assert_eq!(stage.told(&conversation.ticket), texts);
}

/// The next agent takes over and sees what was said.
fn takes_over(stage: &Stage, next: &Agent, conversation: &Conversation) {
    let room = accept(next, &offered(next));
    assert_eq!(room, conversation.room);
    next.wait("what was said", |e| {
        let body = e.get("body");
        e.is_in(&room) && body.contains("my parcel is late") && body.contains("I am looking")
    });
    stage.rapidpro.message("1", "is it you?");
    hears(next, &room, "is it you?");
}

#[test]
fn an_agent_may_leave_and_come_back_in_time() {
    let stage = Stage::start();
    let (ana, ben, conversation) = talk(&stage);
    let room = &conversation.room;
    ana.leave(room);
    ben.settle_with(&workgroup("support"));
    stage.rapidpro.message("1", "hello?");
    ana.join(room, "agent1");
    wait::until("the words of meanwhile", wait::SOON, || {
        ana.heard(room, "")
            .contains(&"hello?".to_owned())
            .then_some(())
    });
    ana.say_in(room, "here I am");
    is_told(&stage, &conversation, &["I am looking", "here I am"]);
    assert!(!is_asked(&ben));
}

#[test]
fn an_agent_who_stays_away_is_followed_by_the_next_who_sees_what_was_said() {
    let stage = Stage::configured(|c| c.workgroup = "agent_return = \"1s\"".into());
    let (ana, ben, conversation) = talk(&stage);
    ana.leave(&conversation.room);
    takes_over(&stage, &ben, &conversation);
    is_told(&stage, &conversation, &["I am looking", LOST]);
    ana.wait("the first agent is told", |e| {
        e.kind() == "message" && e.get("body").contains("was given to others")
    });
    ana.join(&conversation.room, "agent1");
    ana.wait("the first agent is a member no more", |e| {
        e.kind() == "presence" && e.sender() == conversation.room && e.get("type") == "error"
    });
}

#[test]
fn an_agent_whose_client_dies_in_the_room_is_followed_by_the_next() {
    let stage = Stage::configured(|c| c.workgroup = "agent_return = \"1s\"".into());
    let (ana, ben, conversation) = talk(&stage);
    ana.call("vanish", json!({}));
    takes_over(&stage, &ben, &conversation);
    is_told(&stage, &conversation, &["I am looking", LOST]);
}

#[test]
fn an_agent_whose_client_died_is_invited_again_when_back() {
    let stage = Stage::start();
    let (ana, ben, conversation) = talk(&stage);
    ana.call("vanish", json!({}));
    ben.wait("the agent is seen to be gone", |_| true);
    let back = stage
        .people
        .log_in_as("agent1", "phone", stage.server.ports());
    back.show("chat");
    back.show_to(&workgroup("support"), "chat");
    assert_eq!(enter(&back), conversation.room);
    back.say_in(&conversation.room, "my computer crashed");
    is_told(
        &stage,
        &conversation,
        &["I am looking", "my computer crashed"],
    );
}

#[test]
fn a_conversation_that_lost_its_agent_is_first_in_line_again() {
    let stage = Stage::configured(|c| {
        c.agents = vec!["agent1".into(), "agent2".into()];
        c.workgroup = "agent_return = \"1s\"".into();
    });
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    ana.show("dnd");
    ana.show_to(&workgroup("support"), "dnd");
    ana.settle_with(&workgroup("support"));
    stage.open("2");
    ana.leave(&conversation.room);
    is_told(&stage, &conversation, &[LOST]);
    let ben = stage.agent("agent2");
    assert_eq!(accept(&ben, &offered(&ben)), conversation.room);
}

#[test]
fn an_agent_who_accepts_and_never_comes_is_followed_by_the_next() {
    let stage = Stage::configured(|c| c.workgroup = "join_timeout = \"1s\"".into());
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    let (first, second, offer) = first_offered(&ana, &ben);
    first.say(offer.get("from"), "accept");
    first.wait("the invitation", |e| e.kind() == "invitation");
    let room = accept(second, &offered(second));
    assert!(
        stage.bot.taken().is_empty(),
        "the visitor hears nothing of it"
    );
    stage.rapidpro.message("1", "hello");
    hears(second, &room, "hello");
}

#[test]
fn a_room_that_an_administrator_destroys_is_made_again() {
    let options = Options {
        admins: vec!["supervisor".into()],
        ..Options::default()
    };
    let stage = Stage::with(Box::new(Prosody::start_with(&options)), |_| {});
    let (ana, ben, conversation) = talk(&stage);
    let chief = stage.people.log_in("supervisor", stage.server.ports());
    let destroy = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>";
    chief
        .ask("set", &conversation.room, destroy)
        .expect("an administrator may");
    let again = enter(&ana);
    ana.wait("what was said", |e| {
        e.is_in(&again) && e.get("body").contains("my parcel is late")
    });
    stage.rapidpro.message("1", "what was that?");
    hears(&ana, &again, "what was that?");
    ana.say_in(&again, "a moment's trouble");
    is_told(
        &stage,
        &conversation,
        &["I am looking", "a moment's trouble"],
    );
    assert!(!is_asked(&ben));
}
