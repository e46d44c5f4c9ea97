//! Commands in the room, and the hand-over to others.

use std::time::Duration;

use warmline::bridge::{HandOver, HandTo, Input};
use warmline::conversation::{Author, ClosedBy};
use warmline::ids::WorkgroupName;

use super::story::{Story, agent, conversation, rules, visitor};

const LINE: &str = "“billing” is being asked. You stay until somebody has come.";

fn whispered(text: &str) -> String {
    format!("room t1 to ana: {text}")
}

/// ana serves t1 and hands it to billing, where dora is asked.
fn transferred() -> Story {
    let mut story = Story::new();
    story.online(&["dora"]).served("t1", "ana");
    story.writes("ana", "t1", "!transfer billing");
    story.then(&[&whispered(LINE), "ask dora t1 for billing, 20 s"]);
    story
}

#[test]
fn commands_are_not_for_the_visitor() {
    let mut story = Story::new();
    story.served("t1", "ana");
    let all = [
        "!note secret",
        "!help",
        "!context",
        "!invite ben",
        "!nonsense",
        "!",
        "!transfer x",
    ];
    for text in all {
        story.writes("ana", "t1", text);
        let seen = story.seen();
        assert!(
            !seen.iter().any(|one| one.starts_with("deliver")),
            "{text}: {seen:?}"
        );
    }
    assert_eq!(story.owed("t1"), []);
}

#[test]
fn a_command_that_is_repeated_does_nothing() {
    let mut story = Story::new();
    story
        .served("t1", "ana")
        .writes_as("k", ("ana", "t1"), "!help");
    assert_eq!(story.seen().len(), 1);
    story.writes_as("k", ("ana", "t1"), "!help").then(&[]);
}

#[test]
fn a_note_is_kept_for_colleagues() {
    let mut story = Story::new();
    story
        .served("t1", "ana")
        .writes("ana", "t1", "!note likes tea")
        .then(&[]);
    let line = story.kept.lines_of("t1").pop().unwrap();
    assert_eq!(line.author, Author::Note { name: "ana".into() });
    assert_eq!(line.words.text, "likes tea");
    story.writes("ana", "t1", "!context");
    let text = format!("{:?}", story.effects);
    assert!(
        text.contains("Note by ana") && text.contains("likes tea"),
        "{text}"
    );
}

#[test]
fn help_is_whispered_also_for_what_is_not_known() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "!help");
    story.then(&[&whispered("!close – end the conversation")]);
    story
        .writes("ana", "t1", "!clsoe")
        .then(&[&whispered("“!clsoe” is not known.")]);
}

#[test]
fn a_colleague_is_let_in_and_reads_what_was_said() {
    let mut story = Story::new();
    story
        .served("t1", "ana")
        .writes("ana", "t1", "!invite nobody");
    story.then(&[&whispered("Nobody here is called “nobody”.")]);
    story
        .writes("ana", "t1", "!invite ana")
        .then(&[&whispered("That is you already.")]);
    story.writes("ana", "t1", "!invite ben");
    story.then(&[
        "room t1 invite ben",
        &whispered("ben@acme.example is invited."),
    ]);
    story.enters("ben", "t1");
    let pseudonym = super::story::conversation("t1").pseudonym();
    story.then(&[&format!("room t1 to ben: {pseudonym}: Where is my parcel?")]);
    story.declines("ben", "t1");
    story.then(&["room t1 desk: ben@acme.example declined the invitation."]);
    // The conversation is still ana's.
    story.wait(1000).then(&[]);
}

#[test]
fn a_workgroup_takes_over() {
    let mut story = transferred();
    story.writes("ana", "t1", "!transfer support");
    story.then(&[&whispered("It is being handed over already.")]);
    story.accepts("dora", "t1").then(&["room t1 invite dora"]);
    story
        .writes("ana", "t1", "One moment")
        .then(&["deliver t1 Ana: One moment"]);
    story
        .enters("dora", "t1")
        .then(&["room t1 remove ana", "room t1 brief 2"]);
    story.leaves("ana", "t1").then(&[]);
    assert_eq!(story.bridge.dispatch().chats_of(&agent("ana")), []);
    story
        .writes("dora", "t1", "Hello")
        .then(&["deliver t1 Dora: Hello"]);
}

#[test]
fn an_agent_takes_over_and_nobody_else_is_asked() {
    let mut story = Story::new();
    story.served("t1", "ana").online(&["cy"]);
    story.writes("ana", "t1", "!transfer ben");
    assert_eq!(story.seen().len(), 1);
    story.wait(10).online(&["ben"]);
    // ben serves in billing too; the conversation stays where it is.
    story.then(&["ask ben t1 for support, 20 s"]);
    story.accepts("ben", "t1").enters("ben", "t1");
    story.then(&["room t1 remove ana", "room t1 brief 2"]);
}

#[test]
fn nobody_takes_over() {
    let mut story = Story::new();
    story
        .served("t1", "ana")
        .writes("ana", "t1", "!transfer billing");
    story
        .wait(240)
        .then(&["room t1 desk: Nobody took this over in time. The conversation is still yours."]);
    story
        .writes("ana", "t1", "!transfer billing")
        .then(&[&whispered(LINE)]);
}

#[test]
fn the_successor_does_not_come() {
    let mut story = transferred();
    story.accepts("dora", "t1").wait(60).then(&[
        "room t1 remove dora",
        "room t1 desk: The one who took this over did not come. It is still yours.",
    ]);
    assert_eq!(story.bridge.dispatch().chats_of(&agent("dora")), []);
}

#[test]
fn the_successor_declines() {
    let mut story = transferred();
    story.accepts("dora", "t1").declines("dora", "t1").then(&[
        "room t1 remove dora",
        "room t1 desk: The one who took this over did not come. It is still yours.",
    ]);
}

#[test]
fn the_successor_is_waited_for_while_the_link_is_down() {
    let mut story = transferred();
    story
        .accepts("dora", "t1")
        .step(Input::LinkDown)
        .wait(300)
        .then(&[]);
    story.step(Input::LinkUp).ready("t1", false, &["ana"]);
    story.then(&["room t1 invite dora"]);
    story
        .enters("dora", "t1")
        .then(&["room t1 remove ana", "room t1 brief 2"]);
}

#[test]
fn the_first_agent_leaves_while_a_successor_is_sought() {
    let mut story = transferred();
    story.leaves("ana", "t1");
    story.wait(19).then(&[]);
    story.accepts("dora", "t1").wait(41);
    let pseudonym = super::story::conversation("t1").pseudonym();
    story.then(&[
        "room t1 remove ana",
        &format!("tell ana: {pseudonym} was given to others."),
        "deliver t1 AgentLost",
    ]);
    story.enters("dora", "t1");
    story.then(&["deliver t1 AgentJoined", "room t1 brief 2"]);
}

#[test]
fn a_visitor_whose_agent_left_does_not_wait_for_one_colleague_alone() {
    let mut story = Story::new();
    story.served("t1", "ana").online(&["cy"]);
    story
        .writes("ana", "t1", "!transfer ben")
        .leaves("ana", "t1");
    story.wait(60);
    assert_eq!(story.seen().last().unwrap(), "ask cy t1 for support, 20 s");
}

#[test]
fn an_end_during_a_hand_over_is_told_by_the_workgroup_that_asked() {
    let mut story = transferred();
    story.step(Input::VisitorClosed(visitor("t1")));
    story.then(&["revoke dora t1 for billing: Closed", "room t1 destroy"]);
    let mut story = transferred();
    story.settings(|policy| {
        rules(policy, "billing").offer_timeout = Duration::from_secs(20);
    });
    story
        .wait(20)
        .then(&["revoke dora t1 for billing: TimedOut"]);
}

#[test]
fn the_wait_of_a_hand_over_ends_with_its_offer() {
    let mut story = Story::with(|policy| {
        rules(policy, "billing").request_timeout = Some(Duration::from_secs(10));
    });
    story.online(&["dora"]).served("t1", "ana");
    story.writes("ana", "t1", "!transfer billing");
    story.wait(10).then(&[
        "revoke dora t1 for billing: TimedOut",
        "room t1 desk: Nobody took this over in time. The conversation is still yours.",
    ]);
}

#[test]
fn an_agent_ends_it_from_the_room() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "!close");
    story.then(&["deliver t1 closed by Agent", "room t1 destroy"]);
    assert_eq!(story.kept.past_of("t1").unwrap().by, ClosedBy::Agent);
}

#[test]
fn the_one_who_is_meant_says_no() {
    let mut story = Story::new();
    story.served("t1", "ana").online(&["ben"]);
    story
        .writes("ana", "t1", "!transfer ben")
        .rejects("ben", "t1");
    story.then(&["room t1 desk: ben does not take it over. It is still yours."]);
    story.wait(1000).then(&[]);
}

#[test]
fn a_guest_reads_what_was_said_once() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "!invite ben");
    story.enters("ben", "t1").step(Input::LinkDown);
    story
        .step(Input::LinkUp)
        .ready("t1", false, &["ana", "ben"]);
    story.then(&[]);
    story.restart().step(Input::LinkUp);
    story.ready("t1", false, &["ana", "ben"]).then(&[]);
    story.ready("t1", true, &["ana", "ben"]);
    assert_eq!(story.seen().len(), 2, "one briefing, one whisper");
}

#[test]
fn a_guest_who_left_is_not_called_again() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "!invite ben");
    let again = |story: &mut Story, fresh: bool, inside: &[&str]| {
        story.step(Input::LinkDown).step(Input::LinkUp);
        story.ready("t1", fresh, inside);
        let invited = |one: &String| one == "room t1 invite ben";
        story.seen().iter().any(invited)
    };
    // Not come yet: the invitation may be lost.
    assert!(again(&mut story, false, &["ana"]));
    story.enters("ben", "t1").leaves("ben", "t1");
    assert!(!again(&mut story, false, &["ana"]));
    story.restart();
    assert!(!again(&mut story, true, &["ana"]));
    // Who was inside when the room was lost is called back, once.
    story.enters("ben", "t1");
    assert!(again(&mut story, true, &["ana"]));
    assert!(!again(&mut story, false, &["ana"]));
    story.writes("ana", "t1", "!invite ben");
    assert_eq!(story.seen()[0], "room t1 invite ben");
    assert!(again(&mut story, false, &["ana"]));
}

#[test]
fn who_only_comes_in_beside_keeps_the_turn() {
    let mut story = Story::new();
    story.online(&["ana", "ben", "cy"]).served("t1", "ana");
    let joins = Input::HandedOver {
        agent: agent("ana"),
        conversation: conversation("t1"),
        wish: HandOver {
            to: HandTo::Workgroup(WorkgroupName::new("support")),
            joins: true,
            reason: String::new(),
        },
    };
    story.step(joins);
    // Ben is asked to come in, cy for another visitor; then ben says yes.
    story.open("t2").accepts("cy", "t2").accepts("ben", "t1");
    let (agent, paused) = (agent("ana"), true);
    story.step(Input::AgentPaused { agent, paused }).open("t3");
    let asked = story.seen();
    assert!(
        asked
            .iter()
            .any(|what| what.contains("ben") && what.contains("t3")),
        "{asked:?}"
    );
}
