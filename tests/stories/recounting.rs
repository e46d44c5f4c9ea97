//! What a platform tells of the talk while the conversation goes on.

use warmline::bridge::{Effect, Input, RoomOrder};
use warmline::conversation::{Author, Delivery, Earlier, Words};
use warmline::ids::Timestamp;

use super::story::{Story, visitor};

const OPENED: i64 = 1_600_000_000_000;

fn told(author: Author, (id, text): (&str, &str), seconds: i64) -> Earlier {
    Earlier {
        author,
        words: Words::text(text),
        at: Timestamp(OPENED + seconds * 1000),
        id: Some(id.to_owned()),
    }
}

fn recount(earlier: Vec<Earlier>) -> Input {
    Input::Recounted {
        visitor: visitor("t1"),
        earlier,
    }
}

fn said(story: &Story) -> Vec<String> {
    let text = |effect: &Effect| match effect {
        Effect::Room(_, RoomOrder::Say { words, .. }) => Some(words.text.clone()),
        _ => None,
    };
    story.effects.iter().filter_map(text).collect()
}

#[test]
fn it_is_in_the_briefing_in_the_order_of_its_times_and_once() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1");
    let all = || {
        vec![
            told(Author::Visitor, ("b", "second"), -50),
            told(Author::Bot, ("a", "first"), -60),
            told(Author::Bot, ("z", "long ago"), -86_401),
        ]
    };
    story.step(recount(all())).then(&[]);
    story.restart().step(Input::LinkUp).step(recount(all()));
    story.online(&["ana"]).accepts("ana", "t1");
    story.ready("t1", true, &[]).enters("ana", "t1");
    let briefing = said(&story).concat();
    let tail = "\n--\nBot [13-09-2020 12:25:40]: first\n\
                Visitor-2RDR [13-09-2020 12:25:50]: second";
    let tail = tail.replace(
        "Visitor-2RDR",
        &super::story::conversation("t1").pseudonym(),
    );
    assert!(briefing.ends_with(&tail), "{briefing}");
}

#[test]
fn what_comes_late_is_shown_and_what_was_said_live_is_not_shown_again() {
    let mut story = Story::new();
    story.served("t1", "ana");
    story.says("t1", "live", "hello");
    story.step(recount(vec![
        told(Author::Visitor, ("live", "hello"), 1),
        told(Author::Bot, ("a", "Bot's words"), -60),
    ]));
    let shown = said(&story);
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(
        shown[0].ends_with("Bot [13-09-2020 12:25:40]: Bot's words"),
        "{shown:?}"
    );
    story
        .restart()
        .step(Input::LinkUp)
        .ready("t1", false, &["ana"]);
    story.step(recount(vec![told(Author::Bot, ("a", "Bot's words"), -60)]));
    assert_eq!(said(&story).len(), 0);
}

#[test]
fn what_the_visitor_said_since_is_said_live_and_once() {
    let mut story = Story::new();
    story.served("t1", "ana").wait(10);
    story.step(recount(vec![told(Author::Visitor, ("m2", "and this"), 5)]));
    story.then(&["room t1 m2: and this"]);
    story.says("t1", "m2", "and this").then(&[]);
}

#[test]
fn agents_words_do_not_come_back_as_the_bots() {
    let mut story = Story::new();
    story.served("t1", "ana").wait(5);
    story
        .writes("ana", "t1", "I am Ana")
        .writes("ana", "t1", "Hi");
    let owed: Vec<Delivery> = story.owed("t1");
    let (first, second) = (owed[0].clone(), owed[1].clone());
    let name = "u-1".to_owned();
    story.step(Input::Named {
        delivery: Box::new(first.clone()),
        name,
    });
    story.step(Input::Delivered(Box::new(first)));
    // The second one's name is not known yet.
    let all = || {
        vec![
            told(Author::Bot, ("u-1", "I am Ana"), 5),
            told(Author::Bot, ("u-2", "Hi"), 6),
        ]
    };
    story.step(recount(all())).then(&[]);
    story.step(Input::Delivered(Box::new(second)));
    story.restart().step(Input::LinkUp);
    story.ready("t1", false, &["ana"]);
    story.step(recount(all())).then(&[]);
}

#[test]
fn what_comes_after_the_end_is_kept_with_it() {
    let mut story = Story::new();
    story.served("t1", "ana");
    story.step(Input::VisitorClosed(visitor("t1"))).delivered();
    let before = story.kept.lines_of("t1").len();
    let all = || vec![told(Author::Bot, ("a", "first"), -60)];
    story.step(recount(all())).step(recount(all()));
    assert_eq!(story.kept.lines_of("t1").len(), before + 1);
}
