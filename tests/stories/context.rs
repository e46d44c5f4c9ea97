//! What visitors and bots say while no agent is asked for, and places in the line.

use std::time::Duration;

use warmline::bridge::{Answer, Effect, Input, Opening, Overheard, Refusal, RoomOrder};
use warmline::conversation::{Author, ClosedBy, Earlier, Manners, Notice, Words};
use warmline::ids::{MessageId, Timestamp};

use super::story::{Story, conversation, opening, visitor};

const SOON: Timestamp = Timestamp(1_599_999_999_000);

fn heard(author: Author, id: &str, text: &str) -> Input {
    Input::Overheard(Box::new(Overheard {
        visitor: visitor("t1"),
        id: MessageId::new(format!("our-{id}")),
        platform_id: id.to_owned(),
        author,
        words: Words::text(text),
        at: SOON,
    }))
}

fn earlier(id: &str, text: &str, at: i64) -> Earlier {
    Earlier {
        author: Author::Bot,
        words: Words::text(text),
        at: Timestamp(at),
        id: Some(id.to_owned()),
    }
}

fn with_manners(manners: Manners) -> Opening {
    Opening {
        ticket: None,
        manners,
        ..opening("t1")
    }
}

fn place(place: u32, wait_seconds: Option<u64>) -> String {
    let notice = Notice::Place {
        place,
        wait_seconds,
    };
    format!("{notice:?}")
}

/// What the last step said in rooms as the workgroup's occupant.
fn shown(story: &Story) -> String {
    let said = story.effects.iter().filter_map(|effect| match effect {
        Effect::Room(
            _,
            RoomOrder::Say {
                as_visitor: false,
                words,
                ..
            },
        ) => Some(words.text.as_str()),
        _ => None,
    });
    said.collect()
}

#[test]
fn what_is_said_before_a_handoff_is_kept_once_and_nobody_is_told() {
    let mut story = Story::new();
    story.step(heard(Author::Bot, "p1", "Hola")).then(&[]);
    story.answered(&Answer::Noted);
    story.step(heard(Author::Bot, "p1", "Hola!")).then(&[]);
    story.step(heard(Author::Visitor, "p2", "9")).then(&[]);
    assert_eq!(story.kept.context.len(), 2);
    story.wait(86_399);
    story.kept.expire(story.now);
    assert_eq!(story.kept.context.len(), 2);
    story.wait(1);
    story.kept.expire(story.now);
    assert_eq!(story.kept.context.len(), 0);
}

#[test]
fn the_briefing_tells_it_in_the_order_of_its_times() {
    let mut story = Story::new();
    let mut wish = opening("t1");
    wish.earlier = vec![
        earlier("p2", "second", 1_599_999_002_000),
        earlier("p1", "first", 1_599_999_001_000),
    ];
    story.online(&["ana"]).step(Input::Open(wish));
    story.restart().step(Input::LinkUp);
    story.accepts("ana", "t1").ready("t1", true, &[]);
    story.enters("ana", "t1");
    let text = shown(&story);
    let tail = "\n--\nBot [13-09-2020 12:10:01]: first\nBot [13-09-2020 12:10:02]: second";
    assert!(text.ends_with(tail), "{text}");
}

#[test]
fn a_repetition_of_what_was_said_before_is_not_said_again() {
    let mut story = Story::new();
    let mut wish = opening("t1");
    wish.earlier = vec![earlier("p1", "9", 1_599_999_001_000)];
    story.step(Input::Open(wish)).restart();
    story.step(heard(Author::Visitor, "p1", "9"));
    let Answer::Taken { again: true, .. } = story.answer() else {
        panic!("{:?}", story.answer());
    };
    assert_eq!(story.kept.lines_of("t1").len(), 0);
}

#[test]
fn what_the_visitor_says_while_waiting_belongs_to_the_conversation() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1");
    story.step(heard(Author::Visitor, "p1", "please")).then(&[]);
    story.step(heard(Author::Bot, "p2", "Sorry?")).then(&[]);
    story.step(heard(Author::Visitor, "p1", "please")).then(&[]);
    story.step(heard(Author::Bot, "p2", "Sorry?")).then(&[]);
    assert_eq!(story.kept.context.len(), 0);
    story.accepts("ana", "t1").ready("t1", true, &[]);
    story.enters("ana", "t1");
    assert!(shown(&story).ends_with("]: Sorry?"), "{}", shown(&story));
    let seen = story.seen();
    let live = seen.iter().filter(|seen| seen.contains("please"));
    assert_eq!(live.collect::<Vec<_>>(), ["room t1 our-p1: please"]);
}

#[test]
fn after_the_end_it_is_kept_for_the_next_time_and_a_repetition_is_known() {
    let mut story = Story::new();
    story.open("t1").step(heard(Author::Visitor, "p1", "help"));
    story.step(Input::VisitorClosed(visitor("t1")));
    story.step(heard(Author::Visitor, "p1", "help")).then(&[]);
    let Answer::Taken { again: true, .. } = story.answer() else {
        panic!("{:?}", story.answer());
    };
    story.step(heard(Author::Bot, "p2", "Anything else?"));
    story.answered(&Answer::Noted);
    assert_eq!(story.kept.context.len(), 1);
}

#[test]
fn a_channel_of_one_conversation_a_visitor_knows_a_repetition_for_a_minute() {
    let mut story = Story::new();
    let wish = |likeness: &str, id: &str| {
        let mut wish = with_manners(Manners {
            likeness: Some(likeness.to_owned()),
            ..Manners::default()
        });
        wish.conversation = conversation(id);
        Input::Open(wish)
    };
    let again = Answer::Opened {
        conversation: conversation("t1"),
        again: true,
    };
    story.step(wish("a", "t1")).wait(59);
    story.step(wish("a", "t2")).answered(&again);
    let refused = Answer::Refused(Refusal::AlreadyOpen);
    story.step(wish("b", "t2")).answered(&refused);
    story.wait(1).step(wish("a", "t2")).answered(&refused);
    story.step(Input::VisitorClosed(visitor("t1")));
    story.step(wish("a", "t2")).answered(&Answer::Opened {
        conversation: conversation("t2"),
        again: false,
    });
}

#[test]
fn the_platform_is_told_of_its_own_end_and_the_visitors_side_where_it_wants_that() {
    let mut story = Story::new();
    story.open("t1");
    story.step(Input::PlatformClosed(visitor("t1")));
    story.then(&["deliver t1 closed by Platform"]);
    let before = Some(ClosedBy::Platform);
    story.step(Input::PlatformClosed(visitor("t1"))).then(&[]);
    story.answered(&Answer::Closed { before });

    let mut story = Story::new();
    let every_end = true;
    story.step(Input::Open(with_manners(Manners {
        every_end,
        ..Manners::default()
    })));
    story.step(Input::VisitorClosed(visitor("t1")));
    story.then(&["deliver t1 closed by Visitor"]);
}

#[test]
fn a_visitor_is_told_the_place_in_the_line_and_when_it_changed() {
    let mut story = Story::new();
    let place_every = Some(Duration::from_secs(60));
    story.open("t0").step(Input::Open(with_manners(Manners {
        place_every,
        ..Manners::default()
    })));
    let told = |text: String| format!("deliver t1 {text}");
    story.then(&[&told(place(2, None))]);
    story.wait(60).then(&[]);
    story.step(Input::VisitorClosed(visitor("t0"))).then(&[]);
    story.wait(59).then(&[]);
    story.restart().wait(1).then(&[&told(place(1, None))]);
    story.wait(60).then(&[]);
}

#[test]
fn who_is_served_is_told_no_place() {
    let mut story = Story::new();
    let place_every = Some(Duration::from_secs(60));
    story.step(Input::Open(with_manners(Manners {
        place_every,
        ..Manners::default()
    })));
    story.then(&[&format!("deliver t1 {}", place(1, None))]);
    story.served_already("t1", "ana").wait(600).then(&[]);
}

#[test]
fn the_language_goes_with_every_delivery() {
    let mut story = Story::new();
    let language = Some("es".to_owned());
    story
        .online(&["ana"])
        .step(Input::Open(with_manners(Manners {
            language,
            ..Manners::default()
        })));
    story
        .served_already("t1", "ana")
        .writes("ana", "t1", "Hola");
    let owed = story.owed("t1");
    assert!(owed.iter().all(|one| one.language.as_deref() == Some("es")));
    assert_eq!(owed.len(), 1);
}
