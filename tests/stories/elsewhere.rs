//! Visitors whom somebody else's workgroup serves: a place in its line, a stay in its room, and what
//! becomes of either.

use std::time::Duration;

use warmline::bridge::{Answer, AwayEvent, Input, Opening, Refusal, Spoken, StayEvent};
use warmline::conversation::{Author, Earlier, Manners, Parting, Stage, Words};
use warmline::ids::{MessageId, Timestamp, WorkgroupName};
use warmline::workgroup::Elsewhere;

use super::story::{Story, agent, conversation, opening, rules, visitor};

pub const ADDRESS: &str = "support@workgroup.other.example";
pub const ROOM: &str = "s1@conference.other.example";
pub const SEEK: &str = "away t1 seek support@workgroup.other.example New";

pub fn story() -> Story {
    story_with(true)
}

pub fn story_with(leaving_ends: bool) -> Story {
    Story::with(|policy| {
        let support = rules(policy, "support");
        support.agents.clear();
        support.elsewhere = Some(Elsewhere {
            address: ADDRESS.to_owned(),
            leaving_ends,
        });
    })
}

pub fn away(story: &mut Story, event: AwayEvent) -> &mut Story {
    story.step(Input::Away {
        conversation: conversation("t1"),
        event,
    })
}

pub fn in_room(story: &mut Story, event: StayEvent) -> &mut Story {
    let room = ROOM.to_owned();
    away(story, AwayEvent::Room { room, event })
}

pub fn placed(story: &mut Story, place: u32) -> &mut Story {
    let event = AwayEvent::Placed {
        session: "s1".into(),
        place,
        seconds: 15,
    };
    away(story, event)
}

pub fn invited(story: &mut Story) -> &mut Story {
    invited_to(story, ROOM)
}

pub fn invited_to<'a>(story: &'a mut Story, room: &str) -> &'a mut Story {
    let event = AwayEvent::Invited {
        room: room.to_owned(),
        workgroup: Some(ADDRESS.to_owned()),
    };
    away(story, event)
}

pub fn ready<'a>(story: &'a mut Story, inside: &[&str]) -> &'a mut Story {
    let event = StayEvent::Ready {
        nick: conversation("t1").pseudonym(),
        inside: inside.iter().map(|nick| (*nick).to_owned()).collect(),
    };
    in_room(story, event)
}

pub fn comes<'a>(story: &'a mut Story, nick: &str) -> &'a mut Story {
    let nick = nick.to_owned();
    in_room(story, StayEvent::Came { nick })
}

pub fn goes<'a>(story: &'a mut Story, nick: &str, cut_off: bool) -> &'a mut Story {
    let nick = nick.to_owned();
    in_room(story, StayEvent::Went { nick, cut_off })
}

pub fn speaks<'a>(story: &'a mut Story, key: &str, nick: &str, text: &str) -> &'a mut Story {
    let spoken = Spoken {
        key: key.to_owned(),
        id: Some(MessageId::new(format!("client-{key}"))),
        nick: nick.to_owned(),
        agent: None,
        words: Words::text(text),
    };
    in_room(story, StayEvent::Spoken(spoken))
}

pub fn shows<'a>(story: &'a mut Story, line: &str) -> &'a mut Story {
    let event = StayEvent::Reflected {
        id: MessageId::new(line),
        key: format!("r-{line}"),
    };
    in_room(story, event)
}

/// An agent called Ana is in the room with the visitor.
pub fn talking(story: &mut Story) -> &mut Story {
    story.open("t1");
    placed(story, 1);
    invited(story);
    ready(story, &["Ana"]);
    story.delivered()
}

fn stage(story: &Story) -> Option<&Stage> {
    story.bridge.conversations().next().map(|one| &one.stage)
}

#[test]
fn a_conversation_goes_there_and_comes_to_an_end() {
    let mut story = story();
    story.open("t1").then(&[SEEK]);
    placed(&mut story, 1).then(&[]);
    let nick = conversation("t1").pseudonym();
    let stay = format!("away t1 stay in {ROOM} as {nick}");
    invited(&mut story).then(&[stay.as_str()]);
    ready(&mut story, &[]).then(&[]);
    comes(&mut story, "Ana").then(&["deliver t1 AgentJoined"]);
    story.says("t1", "m1", "It burns");
    story.then(&["away t1 m1: It burns"]);
    shows(&mut story, "m1").then(&[]);
    speaks(&mut story, "k1", "Ana", "Use water").then(&["deliver t1 Ana: Use water"]);
    // Told again by an archive.
    speaks(&mut story, "k1", "Ana", "Use water").then(&[]);
    goes(&mut story, "Ana", false).then(&[]);
    story.wait(59).then(&[]);
    story.wait(1);
    let leave = format!("away t1 leave {ROOM}");
    story.then(&[leave.as_str(), "deliver t1 closed by Agent"]);
    let parting = Parting::Room {
        room: ROOM.into(),
        nick,
    };
    assert!(matches!(stage(&story), Some(Stage::Over { .. })));
    away(&mut story, AwayEvent::Parted(parting));
    assert_eq!(story.bridge.conversations().count(), 0);
    assert!(story.kept.conversations.is_empty());
}

#[test]
fn what_the_visitor_said_before_the_agent_came_is_said_then_and_the_talk_shown_first() {
    let mut story = story();
    let said = |author: Author, text: &str| Earlier {
        author,
        words: Words::text(text),
        at: Timestamp(1_599_999_000_000),
        id: None,
    };
    let wish = Opening {
        earlier: vec![
            said(Author::Bot, "What is it?"),
            said(Author::Visitor, "Fire!"),
        ],
        ..opening("t1")
    };
    story.step(Input::Open(wish));
    story.says("t1", "m1", "quick").then(&[]);
    invited(&mut story);
    ready(&mut story, &[]);
    story.then(&[]);
    comes(&mut story, "Ana").then(&[
        "deliver t1 AgentJoined",
        "away t1 brief 1",
        "away t1 m1: quick",
    ]);
    // A second agent finds it in the room.
    shows(&mut story, "t1-b1");
    shows(&mut story, "m1");
    comes(&mut story, "Ben").then(&[]);
}

#[test]
fn a_question_too_long_for_fastpath_is_shown_whole() {
    let mut story = story();
    let mut wish = opening("t1");
    wish.brief.question = Some("w".repeat(201));
    story.step(Input::Open(wish));
    invited(&mut story);
    ready(&mut story, &["Ana"]);
    story.then(&["deliver t1 AgentJoined", "away t1 brief 1"]);
}

#[test]
fn the_place_is_told_as_in_our_own_line() {
    let mut story = story();
    let wish = Opening {
        manners: Manners {
            place_every: Some(Duration::from_secs(10)),
            ..Manners::default()
        },
        ..opening("t1")
    };
    story.step(Input::Open(wish)).then(&[SEEK]);
    let told =
        |place: u32| format!("deliver t1 Place {{ place: {place}, wait_seconds: Some(15) }}");
    placed(&mut story, 3).then(&[told(3).as_str()]);
    placed(&mut story, 3).then(&[]);
    placed(&mut story, 2).then(&[]);
    story.wait(9).then(&[]);
    story.wait(1).then(&[told(2).as_str()]);
    story.wait(60).then(&[]);
    // It comes after the invitation and means nothing.
    invited(&mut story);
    placed(&mut story, 1).then(&[]);
}

#[test]
fn the_own_wait_ends_whatever_the_other_side_does() {
    let mut story = story();
    story.open("t1");
    placed(&mut story, 1);
    let again = "away t1 seek support@workgroup.other.example Again";
    story.wait(240).then(&["deliver t1 NobodyCame", again]);
    story.wait(240).then(&[again]);
    let mut story = self::story();
    let wish = Opening {
        wait_ends: true,
        ..opening("t1")
    };
    story.step(Input::Open(wish)).wait(240);
    story.then(&[
        "deliver t1 NobodyCame",
        "away t1 leave the line",
        "deliver t1 closed by NobodyCame",
    ]);
}

#[test]
fn a_closed_workgroup_refuses_those_who_do_not_want_to_wait_and_no_others() {
    let mut story = story();
    let firm = || Opening {
        refuse_without_agents: true,
        ..opening("t1")
    };
    let refused = Answer::Refused(Refusal::NoAgents);
    story.step(Input::Open(firm())).answered(&refused);
    let open = |open| Input::OpennessSeen {
        workgroup: WorkgroupName::new("support"),
        open,
    };
    story
        .step(open(true))
        .step(Input::Open(firm()))
        .then(&[SEEK]);
    // The join is the final word.
    away(&mut story, AwayEvent::NotIn { closed: true });
    story.then(&[
        "deliver t1 NobodyCame",
        "away t1 leave the line",
        "deliver t1 closed by NobodyCame",
    ]);
    let mut story = self::story();
    story.open("t1");
    away(&mut story, AwayEvent::NotIn { closed: true }).then(&[]);
    placed(&mut story, 1);
    away(&mut story, AwayEvent::Dropped { wanted: false }).then(&[]);
    story.wait(239).then(&[]);
    story.step(open(true)).step(Input::LinkDown);
    story.step(Input::Open(Opening {
        conversation: conversation("t2"),
        visitor: visitor("t2"),
        ..firm()
    }));
    story.answered(&refused);
}

#[test]
fn who_is_put_out_of_the_line_by_hand_is_told_that_nobody_comes() {
    let mut story = story();
    story.open("t1");
    placed(&mut story, 1);
    away(&mut story, AwayEvent::Dropped { wanted: true });
    story.then(&[
        "deliver t1 NobodyCame",
        "away t1 leave the line",
        "deliver t1 closed by NobodyCame",
    ]);
}

#[test]
fn invitations_for_nobody_are_excused_and_repetitions_ignored() {
    let mut story = story();
    let excuse = format!("away t1 excuse in {ROOM}");
    invited(&mut story).then(&[excuse.as_str()]);
    talking(&mut story);
    invited(&mut story).then(&[]);
    let other = "s9@conference.other.example";
    let excuse = format!("away t1 excuse in {other}");
    invited_to(&mut story, other).then(&[excuse.as_str()]);
    story.step(Input::VisitorClosed(visitor("t1")));
    invited_to(&mut story, other).then(&[excuse.as_str()]);
}

#[test]
fn a_restart_takes_everything_up_where_it_was() {
    let mut story = story();
    story.open("t1");
    placed(&mut story, 2);
    story.says("t1", "m1", "first words");
    story.restart().step(Input::LinkUp);
    let resume = "away t1 seek support@workgroup.other.example Resume".to_owned();
    assert!(story.seen().contains(&resume), "{:?}", story.seen());
    invited(&mut story);
    ready(&mut story, &["Ana"]);
    story.then(&["deliver t1 AgentJoined", "away t1 m1: first words"]);
    story.says("t1", "m2", "more");
    shows(&mut story, "m1");
    story.restart().step(Input::LinkUp);
    let nick = conversation("t1").pseudonym();
    let stay = format!("away t1 stay in {ROOM} as {nick}");
    assert!(story.seen().contains(&stay), "{:?}", story.seen());
    // What the room shows need not be said again; what it does not show is.
    ready(&mut story, &["Ana"]).then(&["away t1 m2: more"]);
    shows(&mut story, "m2");
    story.step(Input::VisitorClosed(visitor("t1")));
    story.restart().step(Input::LinkUp);
    let leave = format!("away t1 leave {ROOM}");
    assert!(story.seen().contains(&leave), "{:?}", story.seen());
}

#[test]
fn while_the_link_is_down_nobody_is_late() {
    let mut story = story();
    talking(&mut story);
    story.step(Input::LinkDown).wait(600).then(&[]);
    story.step(Input::LinkUp);
    ready(&mut story, &["Ana"]).then(&[]);
    story.step(Input::LinkDown).step(Input::LinkUp).wait(59);
    story.then(&[]);
    // A room that cannot be had any more is given up.
    story.wait(1);
    assert!(story.seen().contains(&"deliver t1 AgentLost".to_owned()));
}

#[test]
fn marks_are_words_there_and_dead_letters_are_told_in_the_room() {
    let mut story = story();
    talking(&mut story);
    speaks(&mut story, "k1", "Ana", "!close the window");
    story.then(&["deliver t1 Ana: !close the window"]);
    speaks(&mut story, "k2", "Ana", "!note he lies").then(&[]);
    story.given_up("t1");
    let seen = story.seen();
    assert!(seen[0].contains("⚠ Not delivered"), "{seen:?}");
}

#[test]
fn a_workgroup_that_comes_home_or_vanishes_keeps_nobody_waiting() {
    let mut story = story();
    story.open("t1");
    placed(&mut story, 1);
    story.settings(|policy| {
        let support = rules(policy, "support");
        support.elsewhere = None;
        support.agents.insert(agent("ana"), None);
    });
    story.then(&["probe ana", "away t1 leave the line"]);
    story.online(&["ana"]);
    assert!(
        story.seen()[0].starts_with("ask ana t1"),
        "{:?}",
        story.seen()
    );
    let mut story = self::story();
    story.open("t1");
    story.settings(|policy| {
        policy.workgroups.remove(&WorkgroupName::new("support"));
    });
    let seen = story.seen();
    assert!(
        seen.contains(&"deliver t1 closed by NobodyCame".to_owned()),
        "{seen:?}"
    );
    // And the other way round.
    let mut story = Story::new();
    story.open("t1").settings(|policy| {
        rules(policy, "support").elsewhere = Some(Elsewhere {
            address: ADDRESS.into(),
            leaving_ends: true,
        });
    });
    assert!(
        story.seen().contains(&SEEK.to_owned()),
        "{:?}",
        story.seen()
    );
}
