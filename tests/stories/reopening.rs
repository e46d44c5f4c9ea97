//! A ticket that is opened again after its end.

use warmline::bridge::{Answer, Effect, Input, Opening, Refusal, Reopening, RoomOrder};
use warmline::conversation::{Author, Earlier, Manners, Words};
use warmline::ids::Timestamp;
use warmline::workgroup::Show;

use super::story::{Story, conversation, opening, visitor};

fn wish(id: &str, reopens: bool) -> Opening {
    let manners = Manners {
        reopens,
        every_end: reopens,
        ..Manners::default()
    };
    Opening {
        manners,
        ..opening(id)
    }
}

fn reopening(id: &str, of: &str) -> Reopening {
    Reopening {
        conversation: conversation(id),
        visitor: visitor(of),
        key: None,
        hurry: true,
        by_platform: true,
        wait_ends: false,
        earlier: Vec::new(),
    }
}

fn opened(id: &str, again: bool) -> Answer {
    Answer::Opened {
        conversation: conversation(id),
        again,
    }
}

impl Story {
    fn reopen(&mut self, wish: Reopening) -> &mut Self {
        self.step(Input::Reopen(Box::new(wish)))
    }

    /// A conversation that an agent served is over, and everybody was told.
    fn over(&mut self, id: &str, name: &str) -> &mut Self {
        self.online(&[name]).step(Input::Open(wish(id, true)));
        self.served_already(id, name);
        self.step(Input::VisitorClosed(visitor(id)));
        self.room(id, warmline::bridge::RoomEvent::Gone);
        self.delivered()
    }
}

#[test]
fn the_agent_of_before_is_asked_whoever_s_turn_it_is() {
    let mut story = Story::new();
    story.over("t1", "ben").online(&["ana", "cy"]);
    story.reopen(reopening("t1b", "t1"));
    story.answered(&opened("t1b", false));
    story.then(&["ask ben t1b for support, 20 s"]);
}

#[test]
fn who_is_opened_again_stands_before_all_who_came() {
    let mut story = Story::new();
    story.over("t1", "ben").agent_is("ben", Show::Away);
    story.open("t2");
    story.wait(5).reopen(reopening("t1b", "t1"));
    story.answered(&opened("t1b", false)).then(&[]);
    story.online(&["ana"]);
    story.then(&["ask ana t1b for support, 20 s"]);
    story.online(&["ben"]);
    story.then(&["ask ben t2 for support, 20 s"]);
}

#[test]
fn the_agent_of_before_may_refuse_and_the_next_is_asked() {
    let mut story = Story::new();
    story.over("t1", "ben").online(&["ana"]);
    story.reopen(reopening("t1b", "t1"));
    story.restart().step(Input::LinkUp);
    story.online(&["ana"]).online(&["ben"]);
    story.rejects("ben", "t1b");
    story.then(&["ask ana t1b for support, 20 s"]);
}

#[test]
fn a_repetition_opens_nothing_twice() {
    let mut story = Story::new();
    story.over("t1", "ben");
    let mut first = reopening("t1b", "t1");
    first.key = Some("again-1".into());
    story.reopen(first.clone()).answered(&opened("t1b", false));
    let mut repeated = first.clone();
    repeated.conversation = conversation("t1c");
    story
        .reopen(repeated.clone())
        .answered(&opened("t1b", true));
    story.then(&[]);
    // Also after the end of what it had opened.
    story.step(Input::VisitorClosed(visitor("t1"))).delivered();
    story.restart();
    story
        .reopen(repeated)
        .answered(&opened("t1b", true))
        .then(&[]);
    let mut other = reopening("t1d", "t1");
    other.key = Some("again-2".into());
    story.reopen(other).answered(&opened("t1d", false));
}

#[test]
fn nothing_overtakes_what_is_still_owed() {
    let mut story = Story::new();
    story.online(&["ben"]).step(Input::Open(wish("t1", true)));
    story.served_already("t1", "ben");
    story.writes("ben", "t1", "bye");
    story.step(Input::VisitorClosed(visitor("t1")));
    story.reopen(reopening("t1b", "t1"));
    story.answered(&Answer::Refused(Refusal::StillOwed));
    story.then(&["nudge t1"]);
    story.delivered().reopen(reopening("t1b", "t1"));
    story.answered(&opened("t1b", false));
}

#[test]
fn who_was_never_here_and_whose_channel_opens_nothing_again_are_refused() {
    let mut story = Story::new();
    story.reopen(reopening("t1b", "t1"));
    story.answered(&Answer::Refused(Refusal::UnknownVisitor));
    story.step(Input::Open(wish("t2", false)));
    story.reopen(reopening("t2b", "t2"));
    story.answered(&opened("t2", true));
    story.step(Input::VisitorClosed(visitor("t2")));
    story.reopen(reopening("t2b", "t2"));
    story.answered(&Answer::Refused(Refusal::UnknownConversation));
}

#[test]
fn agents_read_what_was_said_before_the_end() {
    let mut story = Story::new();
    story.over("t1", "ben");
    let mut again = reopening("t1b", "t1");
    let name = "Ana".to_owned();
    again.earlier = vec![Earlier {
        author: Author::Agent { name },
        words: Words::text("see you"),
        at: Timestamp(1_599_999_999_000),
        id: None,
    }];
    story.reopen(again).restart().step(Input::LinkUp);
    story.online(&["ben"]);
    story.accepts("ben", "t1b").ready("t1b", true, &[]);
    story.enters("ben", "t1b");
    let said: Vec<&str> = story.effects.iter().filter_map(said).collect();
    let briefing = said.first().unwrap();
    assert!(
        briefing.contains("Opened again: it was closed before"),
        "{briefing}"
    );
    assert!(
        briefing.ends_with("Ana [13-09-2020 12:26:39]: see you"),
        "{briefing}"
    );
    assert_eq!(said.get(1), Some(&"The ticket was opened again."));
}

fn said(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::Room(_, RoomOrder::Say { words, .. }) => Some(&words.text),
        _ => None,
    }
}

#[test]
fn the_outside_hears_what_our_side_opened_again() {
    let mut story = Story::new();
    story.over("t1", "ben");
    let mut ours = reopening("t1b", "t1");
    ours.by_platform = false;
    story.reopen(ours);
    story.then(&["deliver t1b opened again", "ask ben t1b for support, 20 s"]);
    story.accepts("ben", "t1b").ready("t1b", true, &[]);
    story.enters("ben", "t1b").reflects("t1b", "t1b-b1");
    story.given_up("t1b");
}

#[test]
fn an_end_that_is_doubted_is_told_again_once() {
    let mut story = Story::new();
    story.over("t1", "ben");
    story.says("t1", "m1", "are you there?");
    story.step(Input::EndDoubted(visitor("t1")));
    story.then(&["deliver t1 closed by Platform"]);
    story.step(Input::EndDoubted(visitor("t1"))).then(&[]);
    story
        .restart()
        .says("t1", "m2", "hello?")
        .then(&["nudge t1"]);
    story.delivered();
    story.step(Input::EndDoubted(visitor("t1")));
    story.then(&["deliver t1 closed by Platform"]);
    story.delivered().reopen(reopening("t1b", "t1"));
    story.step(Input::EndDoubted(visitor("t1"))).then(&[]);
}

#[test]
fn a_ticket_is_known_for_as_long_as_its_last_end_is() {
    let mut story = Story::new();
    story.over("t1", "ben").wait(80_000);
    story.online(&["ben"]).reopen(reopening("t1b", "t1"));
    story.step(Input::VisitorClosed(visitor("t1"))).delivered();
    // The first end is forgotten, the second is not.
    story.wait(10_000).step(Input::Tick);
    let mut wish = wish("t1", true);
    wish.conversation = conversation("t1c");
    story.step(Input::Open(wish)).answered(&opened("t1b", true));
}

#[test]
fn a_restart_knows_which_end_was_the_last() {
    let mut story = Story::new();
    story.over("t1", "ben");
    // In the store's order it stands before the first one.
    story.reopen(reopening("a1", "t1")).wait(5);
    story.step(Input::VisitorClosed(visitor("t1"))).delivered();
    let mut wish = wish("t1", true);
    wish.conversation = conversation("t1c");
    story.step(Input::Open(wish.clone()));
    story.answered(&opened("a1", true)).restart();
    story.step(Input::Open(wish)).answered(&opened("a1", true));
}
