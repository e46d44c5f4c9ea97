//! Channels that begin a conversation with a message and want to hear what became of each word.

use warmline::bridge::{Acknowledgement, Answer, Approach, CaseRecord, Input, Refusal, RoomEvent};
use warmline::bridge::{Opening, Saying};
use warmline::conversation::{CaseNote, ClosedBy, Manners, Receipt, Words};
use warmline::ids::{DeliveryId, MessageId, Timestamp};

use super::story::{Story, agent, conversation, opening, visitor};

fn wish(id: &str) -> Opening {
    Opening {
        manners: Manners {
            receipts: [Receipt::Delivered, Receipt::Read, Receipt::Failed].into(),
            report_end: true,
            hide_names: true,
            ..Manners::default()
        },
        ..opening(id)
    }
}

impl Story {
    /// The visitor `of` says something; a new conversation would be called `id`.
    fn approaches(&mut self, (of, id): (&str, &str), message: &str, reopen: bool) -> &mut Self {
        let saying = Saying {
            visitor: visitor(of),
            id: MessageId::new(message),
            platform_id: Some(format!("{of}/{message}")),
            words: Words::text(format!("words of {message}")),
        };
        let opening = Opening {
            conversation: conversation(id),
            ..wish(of)
        };
        self.step(Input::Approached(Box::new(Approach {
            opening,
            saying,
            reopen,
            extra: "{}".into(),
        })))
    }

    fn marks(&mut self, name: &str, id: &str, (line, receipt): (&str, Receipt)) -> &mut Self {
        let event = RoomEvent::Marked {
            agent: agent(name),
            name: line.into(),
            receipt,
        };
        self.room(id, event)
    }

    fn acknowledges(&mut self, id: &str, (delivery, receipt): (&str, Receipt)) -> &mut Self {
        self.step(Input::Acknowledged(Acknowledgement {
            visitor: visitor(id),
            delivery: DeliveryId::new(delivery),
            receipt,
        }))
    }

    /// A conversation that cy serves, begun by the message `m1`.
    fn helped(&mut self) -> &mut Self {
        self.online(&["cy"]).approaches(("1", "c1"), "m1", false);
        self.accepts("cy", "c1").ready("c1", true, &[]);
        self.enters("cy", "c1").reflects("c1", "c1-b1");
        self.reflects("c1", "m1").delivered()
    }
}

fn taken(id: &str, message: &str, again: bool) -> Answer {
    Answer::Taken {
        conversation: conversation(id),
        message: MessageId::new(message),
        again,
        late: false,
    }
}

#[test]
fn the_first_message_begins_a_hunt_and_the_same_one_does_not_begin_another() {
    let mut story = Story::new();
    story.online(&["ana"]).approaches(("1", "c1"), "m1", false);
    story.then(&["ask ana c1 for support, 20 s"]);
    story.answered(&taken("c1", "m1", false));
    story.approaches(("1", "other"), "m1", false).then(&[]);
    story.answered(&taken("c1", "m1", true));
    story.restart().step(Input::LinkUp);
    story.approaches(("1", "other"), "m1", false);
    story.answered(&taken("c1", "m1", true));
    story.approaches(("1", "other"), "m2", false);
    story.answered(&taken("c1", "m2", false));
    assert_eq!(story.kept.extras.len(), 2, "what came with each of them");
}

#[test]
fn after_the_end_a_message_is_refused_or_begins_another_hunt() {
    let mut story = Story::new();
    story.helped().step(Input::VisitorClosed(visitor("1")));
    story.approaches(("1", "c2"), "m2", false).then(&[]);
    story.answered(&Answer::Refused(Refusal::UnknownConversation));
    story.approaches(("1", "c2"), "m1", false);
    let before = Answer::Taken {
        conversation: conversation("c1"),
        message: MessageId::new("m1"),
        again: true,
        late: true,
    };
    story.answered(&before);
    story.approaches(("1", "c2"), "m2", true);
    story.answered(&taken("c2", "m2", false));
}

#[test]
fn who_accepts_has_all_that_was_said_so_far() {
    let mut story = Story::new();
    story.online(&["cy"]).approaches(("1", "c1"), "m1", false);
    story.approaches(("1", "c1"), "m2", false).then(&[]);
    story.accepts("cy", "c1");
    story.then(&["deliver c1 delivered m1 m2", "room c1 open to cy boss"]);
}

#[test]
fn marks_tell_of_all_before_them_and_only_once() {
    let mut story = Story::new();
    story.helped();
    for message in ["m2", "m3", "m4"] {
        story.approaches(("1", "c1"), message, false);
        story.reflects("c1", message);
    }
    let received = ("m3", Receipt::Delivered);
    story
        .marks("cy", "c1", received)
        .then(&["deliver c1 delivered m2 m3"]);
    story.marks("cy", "c1", received).then(&[]);
    // By what the room calls the line.
    let read = ("r-m3", Receipt::Read);
    story
        .marks("cy", "c1", read)
        .then(&["deliver c1 read m1 m2 m3"]);
    story
        .restart()
        .step(Input::LinkUp)
        .ready("c1", false, &["cy"]);
    story.marks("cy", "c1", read).then(&[]);
    story
        .marks("cy", "c1", ("unheard of", Receipt::Read))
        .then(&[]);
    story.marks("boss", "c1", ("m4", Receipt::Read)).then(&[]);
    story
        .marks("cy", "c1", ("m4", Receipt::Read))
        .then(&["deliver c1 read m4"]);
}

#[test]
fn who_answers_has_read_what_was_said_and_goes_by_a_made_up_name() {
    let mut story = Story::new();
    story.helped().writes("cy", "c1", "hello");
    let seen = story.seen();
    assert_eq!(seen[0], "deliver c1 read m1");
    let name = seen[1].strip_prefix("deliver c1 ").unwrap();
    let name = name.strip_suffix(": hello").unwrap().to_owned();
    assert!(name.starts_with("Counselor-") && name.len() == 14, "{name}");
    story.writes("cy", "c1", "again");
    story.then(&[&format!("deliver c1 {name}: again")]);
    story.served_already_by_ana();
}

impl Story {
    /// Whoever has a pseudonym keeps it.
    fn served_already_by_ana(&mut self) {
        self.offline("cy").online(&["ana"]);
        self.approaches(("2", "c2"), "n1", false);
        self.accepts("ana", "c2").ready("c2", true, &[]);
        self.enters("ana", "c2").writes("ana", "c2", "hi");
        assert_eq!(self.seen()[1], "deliver c2 Ana: hi");
    }
}

#[test]
fn at_the_end_each_word_has_its_fate() {
    let mut story = Story::new();
    story.helped();
    story
        .approaches(("1", "c1"), "m2", false)
        .reflects("c1", "m2");
    story.approaches(("1", "c1"), "m3", false);
    let rejected = RoomEvent::Rejected {
        id: MessageId::new("m3"),
    };
    story.room("c1", rejected);
    assert_eq!(story.seen()[0], "deliver c1 failed m3");
    story.approaches(("1", "c1"), "m4", false).wait(5);
    story.writes("cy", "c1", "!close");
    story.then(&[
        "deliver c1 delivered m2",
        "deliver c1 failed m4",
        "deliver c1 closed by Agent",
        &story.seen()[3].clone(),
        "room c1 destroy",
    ]);
    let ended = &story.seen()[3];
    assert!(ended.starts_with("deliver c1 ended by Agent after Counselor-"));
    assert!(ended.ends_with(", waited Some(0)"), "{ended}");
}

/// A server that goes slowly refuses a line when all is over: it had its fate at the end.
#[test]
fn what_the_room_tells_after_the_end_is_told_to_nobody() {
    let mut story = Story::new();
    story.helped().approaches(("1", "c1"), "m2", false);
    story.step(Input::OperatorClosed(conversation("c1")));
    let rejected = RoomEvent::Rejected {
        id: MessageId::new("m2"),
    };
    story.room("c1", rejected).then(&[]);
    story.marks("cy", "c1", ("m1", Receipt::Read)).then(&[]);
}

#[test]
fn a_visitor_who_closes_is_not_told_but_the_flow_after_the_talk_runs() {
    let mut story = Story::new();
    story.approaches(("1", "c1"), "m1", false).wait(7);
    story.step(Input::VisitorClosed(visitor("1")));
    story.then(&[
        "deliver c1 failed m1",
        "deliver c1 ended by Visitor after nobody, waited None",
    ]);
    story.step(Input::VisitorClosed(visitor("1"))).then(&[]);
}

#[test]
fn what_became_of_an_agents_words_is_noted_until_it_is_final() {
    let mut story = Story::new();
    story.helped().writes("cy", "c1", "hello");
    let name = story.owed("c1").pop().unwrap().id;
    let name = name.as_str();
    let noted = |before| Answer::Acknowledged { before };
    let unknown = Answer::Refused(Refusal::UnknownConversation);
    story
        .acknowledges("1", (name, Receipt::Delivered))
        .answered(&noted(None));
    story
        .restart()
        .step(Input::LinkUp)
        .ready("c1", false, &["cy"]);
    let delivered = Some(Receipt::Delivered);
    story
        .acknowledges("1", (name, Receipt::Failed))
        .answered(&noted(delivered));
    story
        .acknowledges("1", (name, Receipt::Read))
        .answered(&noted(delivered));
    story
        .acknowledges("1", (name, Receipt::Failed))
        .answered(&noted(Some(Receipt::Read)));
    story.then(&[]);
    story
        .acknowledges("2", (name, Receipt::Read))
        .answered(&unknown);
    story
        .acknowledges("1", ("c1-0", Receipt::Read))
        .answered(&unknown);
    story
        .acknowledges("1", ("c1-x", Receipt::Read))
        .answered(&unknown);
    story.writes("cy", "c1", "lost");
    let name = story.owed("c1").pop().unwrap().id;
    story.acknowledges("1", (name.as_str(), Receipt::Failed));
    assert_eq!(story.seen().len(), 1, "the agent is told");
}

#[test]
fn a_case_is_kept_and_shown_to_whoever_asks_for_it() {
    let mut story = Story::new();
    let file = |id: &str, of: Option<&str>| {
        let case = CaseRecord {
            channel: visitor("1").channel,
            visitor: of.map(visitor),
            note: CaseNote {
                id: id.into(),
                facts: vec![("case_narrative".into(), "He hits me.".into())],
            },
            body: "{}".into(),
            conversation: None,
            until: Timestamp(0),
        };
        Input::CaseFiled(Box::new(case))
    };
    story.step(file("k0", None)).answered(&Answer::Filed(None));
    story.helped().step(file("k1", Some("1")));
    story.answered(&Answer::Filed(Some(conversation("c1"))));
    story.then(&["room c1 desk: A case was filed: k1. “!case” shows it."]);
    story.step(file("k1", Some("1"))).then(&[]);
    story
        .restart()
        .step(Input::LinkUp)
        .ready("c1", false, &["cy"]);
    story
        .writes("cy", "c1", "!case")
        .then(&["room c1 to cy: Case k1"]);
    assert_eq!(story.kept.cases.len(), 2);
}

#[test]
fn channels_that_do_not_ask_hear_nothing_of_it() {
    let mut story = Story::new();
    story
        .served("1", "cy")
        .says("1", "m1", "hello")
        .reflects("1", "m1");
    story.marks("cy", "1", ("m1", Receipt::Read)).then(&[]);
    story.writes("cy", "1", "hi").then(&["deliver 1 cy: hi"]);
    story.writes("cy", "1", "!close");
    story.then(&["deliver 1 closed by Agent", "room 1 destroy"]);
    assert_eq!(ClosedBy::Agent.as_str(), "agent");
}
