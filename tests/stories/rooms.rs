//! The room: who enters, what is said in it, and what happens when it is lost.

use warmline::bridge::{Effect, Input, RoomEvent, RoomOrder, Saying};
use warmline::conversation::{Attachment, Author, Earlier, Fate, Words};
use warmline::ids::{MessageId, Timestamp};

use super::story::{Story, visitor};

/// The text of everything that the workgroup's occupant said in the last step.
pub fn said(story: &Story) -> Vec<String> {
    let orders = story.effects.iter();
    orders
        .filter_map(|effect| match effect {
            Effect::Room(_, RoomOrder::Say { words, .. }) => Some(words.text.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn from_the_acceptance_to_the_first_words() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1").says("t1", "m1", "Hello?");
    story.then(&[]);
    story.accepts("ana", "t1");
    story.then(&["room t1 open to ana boss"]);
    story.says("t1", "m2", "Anybody?").then(&[]);
    story.ready("t1", true, &[]).then(&["room t1 invite ana"]);
    story.enters("ana", "t1").then(&[
        "deliver t1 AgentJoined",
        "room t1 brief 1",
        "room t1 m1: Hello?",
        "room t1 m2: Anybody?",
    ]);
    assert_eq!(
        said(&story)[0],
        format!(
            "{}: Where is my parcel?",
            super::story::conversation("t1").pseudonym()
        )
    );
    story.says("t1", "m3", "Ah.").then(&["room t1 m3: Ah."]);
    story
        .writes("ana", "t1", "Good day")
        .then(&["deliver t1 Ana: Good day"]);
}

#[test]
fn a_line_that_the_room_reflected_has_arrived() {
    let mut story = Story::new();
    story.served("t1", "ana").says("t1", "m1", "one");
    let fate = |story: &Story| {
        let lines = story.kept.lines_of("t1");
        lines
            .iter()
            .find(|line| line.id.as_str() == "m1")
            .unwrap()
            .fate
    };
    assert_eq!(fate(&story), Fate::Pending);
    story.reflects("t1", "m1").then(&[]);
    assert_eq!(fate(&story), Fate::Arrived);
    story.ready("t1", false, &["ana"]).then(&[]);
}

#[test]
fn after_a_lost_link_only_what_the_room_does_not_hold_is_said_again() {
    let mut story = Story::new();
    story.served("t1", "ana").says("t1", "m1", "one");
    story.reflects("t1", "m1");
    story.says("t1", "m2", "two").says("t1", "m3", "three");
    story.step(Input::LinkDown).says("t1", "m4", "four");
    story.then(&[]);
    story.step(Input::LinkUp);
    assert!(
        story
            .seen()
            .contains(&"room t1 open to ana boss".to_owned())
    );
    story.reflects("t1", "m2").then(&[]);
    story.ready("t1", false, &["ana"]);
    story.then(&["room t1 m3: three", "room t1 m4: four"]);
}

#[test]
fn the_same_holds_after_a_restart() {
    let mut story = Story::new();
    story.served("t1", "ana").says("t1", "m1", "one");
    story.says("t1", "m2", "two").restart().step(Input::LinkUp);
    story.reflects("t1", "m1");
    story.ready("t1", false, &["ana"]);
    story.then(&["room t1 m2: two"]);
}

#[test]
fn a_briefing_that_the_room_holds_is_not_repeated_after_a_restart() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1").accepts("ana", "t1");
    story.ready("t1", true, &[]).enters("ana", "t1");
    story.restart().step(Input::LinkUp).reflects("t1", "t1-b1");
    story.ready("t1", false, &["ana"]).then(&[]);
}

#[test]
fn an_agents_word_is_passed_on_once() {
    let mut story = Story::new();
    story.served("t1", "ana");
    story.writes_as("k", ("ana", "t1"), "Hello");
    story.then(&["deliver t1 Ana: Hello"]);
    story.writes_as("k", ("ana", "t1"), "Hello").then(&[]);
    story.restart().step(Input::LinkUp);
    story.writes_as("k", ("ana", "t1"), "Hello").then(&[]);
}

#[test]
fn everybody_in_the_room_may_speak_to_the_visitor() {
    let mut story = Story::new();
    story.served("t1", "ana");
    story
        .writes("boss", "t1", "I look into it")
        .then(&["deliver t1 boss: I look into it"]);
    story.writes("ana", "t1", "!invite dora");
    story.enters("dora", "t1");
    // A pseudonym hides a name in whatever workgroup it was given.
    story
        .writes("dora", "t1", "The bill is paid")
        .then(&["deliver t1 Dora: The bill is paid"]);
}

#[test]
fn equal_ids_of_clients_do_not_mix_up_lines() {
    let mut story = Story::new();
    story
        .served("t1", "ana")
        .says("t1", "same", "from the visitor");
    story.writes_as("k1", ("ana", "t1"), "one");
    let event = |key: &str| {
        RoomEvent::Spoken(warmline::bridge::Spoken {
            key: key.into(),
            id: Some(MessageId::new("same")),
            nick: "ana".into(),
            agent: None,
            words: Words::text(key),
        })
    };
    story.room("t1", event("k2")).room("t1", event("k3"));
    story.reflects("t1", "same");
    let first = story.owed("t1").remove(1);
    story.step(Input::Delivered(Box::new(first)));
    let fates: Vec<(String, Fate)> = story
        .kept
        .lines_of("t1")
        .into_iter()
        .skip(1)
        .map(|line| (line.words.text, line.fate))
        .collect();
    let expected = [
        ("from the visitor", Fate::Arrived),
        ("one", Fate::Pending),
        ("k2", Fate::Arrived),
        ("k3", Fate::Pending),
    ];
    assert_eq!(fates, expected.map(|(text, fate)| (text.to_owned(), fate)));
}

#[test]
fn a_room_that_was_made_anew_is_briefed_again() {
    let mut story = Story::new();
    story.served("t1", "ana").says("t1", "m1", "one");
    story.reflects("t1", "m1").says("t1", "m2", "two");
    story
        .room("t1", RoomEvent::Gone)
        .then(&["room t1 open to ana boss"]);
    story.says("t1", "m3", "three").then(&[]);
    story.ready("t1", true, &[]).then(&["room t1 invite ana"]);
    story
        .enters("ana", "t1")
        .then(&["room t1 brief 2", "room t1 m2: two", "room t1 m3: three"]);
    let brief = &said(&story)[0];
    assert!(brief.ends_with("]: one"), "{brief}");
}

#[test]
fn nothing_is_said_while_the_room_cannot_be_had() {
    let mut story = Story::new();
    story
        .served("t1", "ana")
        .room("t1", RoomEvent::Unavailable)
        .then(&[]);
    story.says("t1", "m1", "one").then(&[]);
    story
        .ready("t1", false, &["ana"])
        .then(&["room t1 m1: one"]);
}

#[test]
fn a_long_text_goes_in_pieces_that_all_arrive() {
    let mut story = Story::new();
    story.served("t1", "ana");
    let text = "word ".repeat((1 << 20) / 5);
    let file = Attachment {
        kind: "image/png".into(),
        url: "https://files.example/a.png".into(),
    };
    let words = Words {
        text: text.clone(),
        attachments: vec![file.clone()],
        corrects: Some(MessageId::new("m0")),
    };
    story.step(Input::Said(Saying {
        visitor: visitor("t1"),
        id: MessageId::new("m1"),
        platform_id: None,
        words,
    }));
    let said = said(&story);
    assert!(said.len() > 20 && said.iter().all(|piece| piece.len() <= 40_000));
    assert_eq!(said.concat(), text);
    let lines = story.kept.lines_of("t1").split_off(1);
    assert_eq!(lines[0].words.corrects, Some(MessageId::new("m0")));
    assert_eq!(lines.last().unwrap().words.attachments, [file]);
    for line in &lines {
        story.reflects("t1", line.id.as_str());
    }
    story.ready("t1", false, &["ana"]).then(&[]);
    story.says("t1", "m1", "again").then(&[]);
}

#[test]
fn what_the_room_refuses_is_told_to_the_agent() {
    let mut story = Story::new();
    story.served("t1", "ana").says("t1", "m1", "one");
    let refused = || RoomEvent::Rejected {
        id: MessageId::new("m1"),
    };
    let told = "room t1 desk: A message of the visitor could not be shown here.";
    story.room("t1", refused()).then(&[told]);
    story.room("t1", refused()).then(&[]);
    story.ready("t1", false, &["ana"]).then(&[told]);
}

#[test]
fn what_the_outside_does_not_take_is_told_to_the_agent() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "Hello");
    let owed = story.owed("t1").remove(0);
    let given_up = || Input::GivenUp {
        delivery: Box::new(owed.clone()),
        why: "answered 500".into(),
    };
    let told = "room t1 desk: ⚠ Not delivered (answered 500): “Hello”";
    story.step(given_up()).then(&[told]);
    story.step(given_up()).then(&[]);
    assert_eq!(story.kept.dead_letters.len(), 1);
    assert_eq!(story.owed("t1"), []);
    story
        .step(Input::Delivered(Box::new(owed.clone())))
        .then(&[]);
    let line = story
        .kept
        .lines_of("t1")
        .into_iter()
        .find(|l| l.seq == owed.number);
    assert_eq!(line.unwrap().fate, Fate::Arrived);
}

#[test]
fn history_that_comes_after_the_briefing_is_shown_too() {
    let mut story = Story::new();
    let earlier = |text: &str| Earlier {
        id: None,
        author: Author::Bot,
        words: Words::text(text),
        at: Timestamp(1_599_999_000_000),
    };
    let history = |entries: &[&str]| Input::History {
        conversation: super::story::conversation("t1"),
        earlier: entries.iter().copied().map(earlier).collect(),
    };
    story
        .open("t1")
        .step(history(&["How can I help?"]))
        .then(&[]);
    story.served_already("t1", "ana");
    story.step(history(&["How can I help?"])).then(&[]);
    story.step(history(&["How can I help?", "A human comes."]));
    let seen = story.seen().remove(0);
    assert!(
        seen.starts_with("room t1 desk: What was said before:\nBot ["),
        "{seen}"
    );
    assert!(seen.ends_with("]: A human comes."), "{seen}");
}
