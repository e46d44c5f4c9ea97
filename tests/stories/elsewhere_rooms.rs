//! Visits to somebody else's rooms: who comes and goes there, and what that means.

use std::time::Duration;

use warmline::bridge::{AwayEvent, StayEvent};

use super::elsewhere::{
    self, ROOM, SEEK, away, comes, goes, in_room, invited, invited_to, ready, shows, speaks,
    story_with, talking,
};
use super::story::rules;

#[test]
fn a_transfer_is_no_end_even_where_the_kick_comes_first_and_twice() {
    let mut story = elsewhere::story();
    talking(&mut story);
    goes(&mut story, "Ana", true).then(&[]);
    goes(&mut story, "Ana", true).then(&[]);
    story.says("t1", "m1", "hello?").then(&[]);
    comes(&mut story, "Ben").then(&["away t1 m1: hello?"]);
    story.wait(600).then(&[]);
    speaks(&mut story, "k1", "Ben", "I am Ben").then(&["deliver t1 Ben: I am Ben"]);
}

#[test]
fn one_of_two_agents_may_go() {
    let mut story = elsewhere::story();
    talking(&mut story);
    comes(&mut story, "Ben").then(&[]);
    goes(&mut story, "Ana", false);
    story.wait(600).then(&[]);
    goes(&mut story, "Ben", false);
    story.wait(60);
    assert!(
        story
            .seen()
            .contains(&"deliver t1 closed by Agent".to_owned())
    );
}

#[test]
fn who_is_cut_off_has_not_ended_it() {
    let lost = [
        "away t1 leave s1@conference.other.example",
        "deliver t1 AgentLost",
        SEEK,
    ];
    let mut story = elsewhere::story();
    talking(&mut story);
    goes(&mut story, "Ana", true);
    story.wait(60).then(&lost);
    // Nor where the visitor still has something to say.
    let mut story = elsewhere::story();
    talking(&mut story);
    goes(&mut story, "Ana", false);
    story.says("t1", "m1", "wait!").wait(60).then(&lost);
    // Nor where leaving never ends it.
    let mut story = story_with(false);
    talking(&mut story);
    goes(&mut story, "Ana", false);
    story.wait(60).then(&lost);
}

#[test]
fn the_next_agent_gets_the_whole_talk() {
    let mut story = elsewhere::story();
    talking(&mut story);
    story.says("t1", "m1", "one");
    shows(&mut story, "m1");
    story.says("t1", "m2", "two");
    in_room(&mut story, StayEvent::Lost);
    story.then(&[
        "away t1 leave s1@conference.other.example",
        "deliver t1 AgentLost",
        SEEK,
    ]);
    invited_to(&mut story, "s2@conference.other.example");
    let room = "s2@conference.other.example".to_owned();
    let event = StayEvent::Ready {
        nick: "v".into(),
        inside: vec!["Ben".into()],
    };
    away(&mut story, AwayEvent::Room { room, event });
    story.then(&[
        "deliver t1 AgentJoined",
        "away t1 brief 2",
        "away t1 m2: two",
    ]);
}

#[test]
fn an_agent_who_never_comes_is_not_waited_for_for_ever() {
    let mut story = elsewhere::story();
    story.open("t1");
    invited(&mut story);
    ready(&mut story, &[]);
    let leave = format!("away t1 leave {ROOM}");
    story.wait(60).then(&[leave.as_str(), SEEK]);
    // The wait goes on where it was.
    story.wait(180);
    assert_eq!(story.seen().first().unwrap(), "deliver t1 NobodyCame");
}

#[test]
fn a_room_that_was_made_by_our_coming_is_left() {
    let mut story = elsewhere::story();
    story.open("t1");
    invited(&mut story);
    in_room(&mut story, StayEvent::Lost);
    let leave = format!("away t1 leave {ROOM}");
    story.then(&[leave.as_str(), SEEK]);
}

#[test]
fn a_room_that_is_destroyed_ends_the_talk() {
    let mut story = elsewhere::story();
    talking(&mut story);
    in_room(&mut story, StayEvent::Ended);
    let leave = format!("away t1 leave {ROOM}");
    story.then(&[leave.as_str(), "deliver t1 closed by Agent"]);
}

#[test]
fn silence_ends_it_where_the_rules_say_so() {
    let mut story = elsewhere::story();
    story.settings(|policy| {
        rules(policy, "support").idle_close = Some(Duration::from_secs(300));
    });
    story.open("t1").wait(200).then(&[]);
    invited(&mut story);
    ready(&mut story, &["Ana"]);
    story.wait(300);
    assert!(
        story
            .seen()
            .contains(&"deliver t1 closed by Silence".to_owned())
    );
}
