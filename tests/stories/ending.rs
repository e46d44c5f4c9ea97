//! How a conversation ends, and what is still known of it afterwards.

use std::time::Duration;

use warmline::bridge::{Answer, Input, Refusal, RoomEvent, Saying};
use warmline::conversation::{ClosedBy, Words};
use warmline::ids::{MessageId, TicketId};

use super::story::{Story, agent, conversation, opening, rules, visitor};

fn closed_by_agent(named: Option<&str>) -> Input {
    Input::AgentClosed {
        agent: agent("ana"),
        conversation: named.map(conversation),
    }
}

#[test]
fn an_agent_ends_it_from_outside_the_room() {
    let mut story = Story::new();
    story.served("t1", "ana").step(closed_by_agent(None));
    story.then(&["deliver t1 closed by Agent", "room t1 destroy"]);
    story.answered(&Answer::Closed { before: None });
    story.step(closed_by_agent(Some("t1"))).then(&[]);
    story.answered(&Answer::Refused(Refusal::UnknownConversation));
}

#[test]
fn one_of_several_has_to_be_named() {
    let mut story = Story::new();
    story.served("t1", "ana").open("t2").accepts("ana", "t2");
    story.step(closed_by_agent(None)).then(&[]);
    story.answered(&Answer::Refused(Refusal::Ambiguous));
    story.step(closed_by_agent(Some("t2")));
    story.then(&["deliver t2 closed by Agent", "room t2 destroy"]);
}

#[test]
fn the_visitor_ends_it_and_is_not_told_so() {
    let mut story = Story::new();
    story.served("t1", "ana");
    let close = || Input::VisitorClosed(visitor("t1"));
    story.step(close()).then(&["room t1 destroy"]);
    let before = Some(ClosedBy::Visitor);
    story
        .step(close())
        .then(&[])
        .answered(&Answer::Closed { before });
    story.step(Input::VisitorClosed(visitor("t9")));
    story.answered(&Answer::Refused(Refusal::UnknownVisitor));
}

#[test]
fn an_offer_is_taken_back_when_the_visitor_goes() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1").open("t2");
    story.step(Input::VisitorClosed(visitor("t1"))).then(&[
        "revoke ana t1 for support: Closed",
        "ask ana t2 for support, 20 s",
    ]);
    story.accepts("ana", "t1");
    story.answered(&Answer::Refused(Refusal::NoSuchOffer));
}

#[test]
fn an_operator_ends_it() {
    let mut story = Story::new();
    story.served("t1", "ana");
    let close = || Input::OperatorClosed(conversation("t1"));
    story.step(close());
    story.then(&["deliver t1 closed by Operator", "room t1 destroy"]);
    let before = Some(ClosedBy::Operator);
    story
        .step(close())
        .then(&[])
        .answered(&Answer::Closed { before });
    story.room("t1", RoomEvent::Gone).step(close());
    story.answered(&Answer::Refused(Refusal::UnknownConversation));
}

#[test]
fn silence_ends_it_where_the_rules_say_so() {
    let quiet = Some(Duration::from_secs(600));
    let mut story = Story::with(|policy| rules(policy, "support").idle_close = quiet);
    story
        .served("t1", "ana")
        .wait(599)
        .says("t1", "m1", "still here");
    story.wait(599).then(&[]);
    story.wait(1);
    story.then(&["deliver t1 closed by Silence", "room t1 destroy"]);
}

#[test]
fn a_rule_that_comes_later_holds_for_conversations_that_were_open() {
    let mut story = Story::new();
    story.served("t1", "ana").wait(300);
    let quiet = Some(Duration::from_secs(600));
    story.settings(|policy| rules(policy, "support").idle_close = quiet);
    story.wait(300);
    story.then(&["deliver t1 closed by Silence", "room t1 destroy"]);
}

#[test]
fn another_ticket_replaces_the_first() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1");
    let mut second = opening("t2");
    second.visitor = visitor("t1");
    story.step(Input::Open(second)).then(&[
        "revoke ana t1 for support: Closed",
        "deliver t1 closed by Superseded",
        "ask ana t2 for support, 20 s",
    ]);
}

#[test]
fn the_same_ticket_is_the_same_conversation() {
    let mut story = Story::new();
    let again = || {
        let mut wish = opening("other");
        wish.visitor = visitor("t1");
        wish.ticket = Some(TicketId::new("ticket-t1"));
        Input::Open(wish)
    };
    let same = Answer::Opened {
        conversation: conversation("t1"),
        again: true,
    };
    story
        .served("t1", "ana")
        .step(again())
        .then(&[])
        .answered(&same);
    story.writes("ana", "t1", "!close");
    story.step(again()).then(&[]).answered(&same);
    story
        .room("t1", RoomEvent::Gone)
        .step(again())
        .answered(&same);
    story.restart().step(again()).then(&[]).answered(&same);
    // Another ticket in between does not change that.
    let mut second = opening("t2");
    second.visitor = visitor("t1");
    story.step(Input::Open(second));
    story.step(Input::OperatorClosed(conversation("t2")));
    story.step(again()).then(&[]).answered(&same);
    story.restart().step(again()).then(&[]).answered(&same);
    story.wait(90_000).step(again());
    story.answered(&Answer::Opened {
        conversation: conversation("other"),
        again: false,
    });
}

#[test]
fn the_same_wish_without_a_ticket_is_the_same_conversation() {
    let mut story = Story::new();
    let wish = || {
        let mut wish = opening("t1");
        wish.ticket = None;
        Input::Open(wish)
    };
    let same = Answer::Opened {
        conversation: conversation("t1"),
        again: true,
    };
    story.step(wish()).step(wish()).answered(&same);
    story.step(Input::OperatorClosed(conversation("t1")));
    story.step(wish()).then(&[]).answered(&same);
}

#[test]
fn a_word_that_comes_too_late_is_kept_and_hurries_the_news() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "!close");
    story.says("t1", "m9", "wait!").then(&["nudge t1"]);
    story.answered(&Answer::Taken {
        conversation: conversation("t1"),
        message: MessageId::new("m9"),
        again: false,
        late: true,
    });
    let line = story.kept.lines_of("t1").pop().unwrap();
    assert_eq!(line.words.text, "wait!");
    story.delivered();
    story.says("t1", "m10", "hello?").then(&[]);
    story.says("nobody", "m11", "hello?");
    story.answered(&Answer::Refused(Refusal::UnknownVisitor));
}

#[test]
fn a_late_word_twice_is_kept_once() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "!close");
    story
        .says("t1", "m9", "wait!")
        .says("t1", "m9", "wait!")
        .then(&[]);
    let Answer::Taken {
        again: true,
        late: true,
        ..
    } = story.answer()
    else {
        panic!("{:?}", story.answer());
    };
}

#[test]
fn a_platforms_id_twice_is_one_message() {
    let mut story = Story::new();
    let said = |id: &str| Saying {
        visitor: visitor("t1"),
        id: MessageId::new(id),
        platform_id: Some("wamid.1".into()),
        words: Words::text("hello"),
    };
    story.served("t1", "ana").step(Input::Said(said("m1")));
    story.then(&["room t1 m1: hello"]);
    let again = |late| Answer::Taken {
        conversation: conversation("t1"),
        message: MessageId::new("m1"),
        again: true,
        late,
    };
    story
        .step(Input::Said(said("m2")))
        .then(&[])
        .answered(&again(false));
    story
        .restart()
        .step(Input::Said(said("m3")))
        .answered(&again(false));
    story.step(Input::VisitorClosed(visitor("t1")));
    story.step(Input::Said(said("m4"))).answered(&again(true));
}

#[test]
fn what_is_over_leaves_nothing_in_the_store_for_ever() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "bye");
    story.says("t1", "m1", "bye").writes("ana", "t1", "!close");
    // All of this may come after the end.
    story.reflects("t1", "m1").says("t1", "m2", "late");
    story.declines("dora", "t1");
    story.room(
        "t1",
        RoomEvent::Rejected {
            id: MessageId::new("m1"),
        },
    );
    story.delivered().room("t1", RoomEvent::Gone);
    story.wait(86_401).step(Input::Tick);
    story.kept.expire(story.now);
    assert_eq!(story.kept.lines.len(), 0);
    assert_eq!(story.kept.past.len(), 0);
    assert_eq!(story.kept.conversations.len(), 0);
}

#[test]
fn the_end_of_the_news_may_be_given_up() {
    let mut story = Story::new();
    story.served("t1", "ana").writes("ana", "t1", "!close");
    story.given_up("t1").then(&[]);
    assert_eq!(story.kept.dead_letters.len(), 1);
}

#[test]
fn rules_without_any_patience_do_not_hang() {
    let mut story = Story::with(|policy| {
        for group in policy.workgroups.values_mut() {
            group.offer_timeout = Duration::ZERO;
            group.rejection_pause = Duration::ZERO;
            group.join_timeout = Duration::ZERO;
            group.agent_return = Duration::ZERO;
        }
    });
    story.online(&["ana"]).open("t1").accepts("ana", "t1");
    story.ready("t1", true, &[]).wait(2);
    story.accepts("ana", "t1").enters("ana", "t1");
    story.leaves("ana", "t1").wait(2);
    story.step(Input::LinkDown).wait(2);
    assert_eq!(story.bridge.conversations().count(), 1);
}

fn quiet_after(seconds: u64) -> Story {
    let quiet = Some(Duration::from_secs(seconds));
    Story::with(|policy| rules(policy, "support").idle_close = quiet)
}

#[test]
fn a_long_wait_for_an_agent_is_no_silence() {
    let mut story = quiet_after(30);
    story.open("t1").wait(100).online(&["ana"]);
    // The visitor has said nothing for longer than that, having nobody to say it to.
    story
        .accepts("ana", "t1")
        .then(&["room t1 open to ana boss"]);
    story.ready("t1", true, &[]).wait(50).then(&[]);
    story.enters("ana", "t1").wait(29).then(&[]);
    story
        .wait(1)
        .then(&["deliver t1 closed by Silence", "room t1 destroy"]);
}

#[test]
fn of_two_who_become_free_at_once_the_one_who_was_so_first_is_asked() {
    let mut story = Story::with(|policy| {
        let support = rules(policy, "support");
        (support.idle_close, support.max_chats) = (Some(Duration::from_secs(30)), 1);
    });
    story.served("t1", "ben").served("t2", "ana").open("t3");
    story.wait(30);
    assert_eq!(story.seen().last().unwrap(), "ask ben t3 for support, 20 s");
}

#[test]
fn while_the_room_cannot_be_had_nobody_is_silent() {
    let mut story = quiet_after(30);
    story.served("t1", "ana").step(Input::LinkDown);
    story.wait(100).then(&[]);
    story.step(Input::LinkUp).ready("t1", false, &["ana"]);
    story.wait(29).then(&[]);
    story
        .wait(1)
        .then(&["deliver t1 closed by Silence", "room t1 destroy"]);
}
