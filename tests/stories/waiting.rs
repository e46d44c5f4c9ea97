//! Requests, offers and turns.

use warmline::bridge::{Answer, Input, OfferOutcome, Refusal};
use warmline::workgroup::{Resource, Show};

use super::story::{Story, agent, conversation, online, opening, rules, visitor};

#[test]
fn a_request_meets_an_idle_agent_at_once() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1");
    story.then(&["ask ana t1 for support, 20 s"]);
    story.answered(&Answer::Opened {
        conversation: conversation("t1"),
        again: false,
    });
}

#[test]
fn an_agent_who_comes_is_asked_for_who_waits() {
    let mut story = Story::new();
    story.open("t1").then(&[]);
    story.open("t2").then(&[]);
    story.online(&["ana"]);
    story.then(&["ask ana t1 for support, 20 s"]);
    story.online(&["ben"]);
    story.then(&["ask ben t2 for support, 20 s"]);
}

#[test]
fn of_one_instant_the_first_to_come_is_the_first_to_be_served() {
    let mut story = Story::with(|policy| rules(policy, "support").max_chats = 4);
    story.open("t3").open("t1").open("t2").restart();
    story.open("t0").step(Input::LinkUp);
    let asked = |id: &str| format!("ask ana {id} for support, 20 s");
    story.online(&["ana"]).then(&[&asked("t3")]);
    for (done, next) in [("t3", "t1"), ("t1", "t2"), ("t2", "t0")] {
        story.accepts("ana", done);
        assert!(story.seen().contains(&asked(next)), "{:?}", story.seen());
    }
}

#[test]
fn agents_are_asked_in_turn() {
    let mut story = Story::new();
    story.online(&["ana", "ben", "cy"]);
    let first = "ask ana t1 for support, 20 s";
    story.open("t1").then(&[first]);
    story.open("t2").then(&["ask ben t2 for support, 20 s"]);
    story.accepts("ana", "t1").accepts("ben", "t2");
    story.open("t3").then(&["ask cy t3 for support, 20 s"]);
    story.open("t4").then(&["ask ana t4 for support, 20 s"]);
}

#[test]
fn who_refuses_is_not_asked_again_for_a_while() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1");
    story.rejects("ana", "t1");
    story.then(&["ask ben t1 for support, 20 s"]);
    story.rejects("ben", "t1").then(&[]);
    story.wait(19).then(&[]);
    story.wait(1).then(&["ask ana t1 for support, 20 s"]);
}

#[test]
fn an_offer_lapses_and_the_next_is_asked() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1");
    story.wait(20).then(&[
        "revoke ana t1 for support: TimedOut",
        "ask ben t1 for support, 20 s",
    ]);
    story.accepts("ana", "t1");
    story.answered(&Answer::Refused(Refusal::NoSuchOffer));
}

#[test]
fn an_agent_who_vanishes_is_replaced_at_once() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1");
    story.offline("ana").then(&[
        "revoke ana t1 for support: AgentGone",
        "ask ben t1 for support, 20 s",
    ]);
    assert_eq!(story.outcomes(), [OfferOutcome::Gone, OfferOutcome::Made]);
}

#[test]
fn the_offer_moves_to_the_client_that_stays() {
    let mut story = Story::new();
    story.client("ana", "phone", online());
    story.client("ana", "desk", online()).open("t1");
    story.then(&["ask ana t1 for support, 20 s"]);
    let gone = |resource: &str| Input::AgentGone {
        agent: agent("ana"),
        resource: Some(resource.into()),
    };
    story.wait(5).step(gone("desk"));
    story.then(&["ask ana t1 for support, 15 s again"]);
    story.client("ana", "desk", online()).then(&[]);
    // A client that was not asked may go without a word.
    story.step(gone("desk")).then(&[]);
}

#[test]
fn an_offer_outlives_a_lost_link() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1");
    story.step(Input::LinkDown).then(&[]);
    story.wait(4).step(Input::LinkUp);
    story.then(&["probe ana", "probe ben", "probe cy", "probe dora"]);
    story.online(&["ana"]);
    story.then(&["ask ana t1 for support, 16 s again"]);
    story.accepts("ana", "t1").answered(&Answer::Done);
}

#[test]
fn a_client_that_does_not_show_itself_loses_the_offer() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1");
    story.step(Input::LinkDown).step(Input::LinkUp);
    story.online(&["ben"]).then(&[]);
    story.wait(14).then(&[]);
    story.wait(1).then(&[
        "revoke ana t1 for support: AgentGone",
        "ask ben t1 for support, 20 s",
    ]);
}

#[test]
fn nobody_online_means_waiting_or_refusal() {
    let mut story = Story::new();
    let mut wish = opening("t1");
    wish.refuse_without_agents = true;
    story.step(Input::Open(wish.clone())).then(&[]);
    story.answered(&Answer::Refused(Refusal::NoAgents));
    story.agent_is("ana", Show::Away);
    story.step(Input::Open(wish.clone()));
    story.answered(&Answer::Refused(Refusal::NoAgents));
    story.online(&["ana"]).step(Input::Open(wish));
    story.then(&["ask ana t1 for support, 20 s"]);
}

#[test]
fn after_too_long_a_wait_the_visitor_is_told_once_and_waits_on() {
    let mut story = Story::new();
    story.open("t1");
    story.wait(239).then(&[]);
    story.wait(1).then(&["deliver t1 NobodyCame"]);
    story.wait(100_000).then(&[]);
    story.online(&["ana"]);
    story.then(&["ask ana t1 for support, 20 s"]);
}

#[test]
fn after_too_long_a_wait_the_conversation_may_end() {
    let mut story = Story::new();
    let mut wish = opening("t1");
    wish.wait_ends = true;
    story.online(&["ana"]).step(Input::Open(wish));
    story.wait(20).wait(20).wait(20);
    story.wait(180).then(&[
        "ask ana t1 for support, 20 s",
        "revoke ana t1 for support: TimedOut",
        "ask ana t1 for support, 20 s",
        "revoke ana t1 for support: TimedOut",
        "ask ana t1 for support, 20 s",
        "revoke ana t1 for support: TimedOut",
        "ask ana t1 for support, 20 s",
        "revoke ana t1 for support: TimedOut",
        "deliver t1 NobodyCame",
        "deliver t1 closed by NobodyCame",
    ]);
    assert_eq!(story.bridge.conversations().count(), 0);
    story.step(Input::VisitorClosed(visitor("t1")));
    let before = Some(warmline::conversation::ClosedBy::NobodyCame);
    story.answered(&Answer::Closed { before });
}

#[test]
fn nobody_goes_above_the_maximum_over_all_workgroups() {
    let mut story = Story::with(|policy| {
        rules(policy, "support").max_chats = 2;
        rules(policy, "billing").max_chats = 1;
    });
    story.online(&["ben"]).open("t1");
    story.accepts("ben", "t1");
    let mut bill = opening("t2");
    bill.workgroup = warmline::ids::WorkgroupName::new("billing");
    story.step(Input::Open(bill)).then(&[]);
    story.open("t3").then(&["ask ben t3 for support, 20 s"]);
    story.accepts("ben", "t3").open("t4");
    story.then(&[]);
    story.step(Input::OperatorClosed(conversation("t1")));
    let seen = story.seen();
    assert!(
        seen.contains(&"ask ben t4 for support, 20 s".to_owned()),
        "{seen:?}"
    );
}

#[test]
fn a_client_may_want_fewer_conversations() {
    let mut story = Story::new();
    let state = Resource {
        max_chats: Some(1),
        fastpath: true,
        ..online()
    };
    story.client("ana", "spark", state).open("t1");
    story.accepts("ana", "t1").open("t2").then(&[]);
}

#[test]
fn a_pause_stops_offers_and_not_the_one_that_is_out() {
    let mut story = Story::new();
    let pause = |paused| Input::AgentPaused {
        agent: agent("ana"),
        paused,
    };
    story.online(&["ana"]).open("t1");
    story.step(pause(true)).then(&[]);
    story.open("t2").then(&[]);
    story.accepts("ana", "t1").answered(&Answer::Done);
    story.step(pause(false));
    story.then(&["ask ana t2 for support, 20 s"]);
}

#[test]
fn an_agent_who_serves_no_more_loses_the_offer() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1");
    story.settings(|policy| {
        rules(policy, "support").agents.remove(&agent("ana"));
    });
    story.then(&[
        "revoke ana t1 for support: AgentGone",
        "ask ben t1 for support, 20 s",
    ]);
    story.accepts("ana", "t1");
    story.answered(&Answer::Refused(Refusal::NotAnAgent));
}

#[test]
fn who_was_not_asked_cannot_accept() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1");
    story.accepts("ben", "t1").then(&[]);
    story.answered(&Answer::Refused(Refusal::NoSuchOffer));
    story.accepts("eve", "t1").then(&[]);
    story.answered(&Answer::Refused(Refusal::NotAnAgent));
    story.open("t2");
    story.accepts("ben", "t1").then(&[]);
    story.answered(&Answer::Refused(Refusal::NoSuchOffer));
}

#[test]
fn of_two_who_race_the_one_who_holds_the_offer_wins() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1");
    story.wait(20).accepts("ana", "t1");
    story.answered(&Answer::Refused(Refusal::NoSuchOffer));
    story.accepts("ben", "t1").answered(&Answer::Done);
    story.accepts("ben", "t1");
    story.answered(&Answer::Refused(Refusal::NoSuchOffer));
    assert_eq!(story.bridge.dispatch().chats_of(&agent("ana")), []);
}

#[test]
fn the_first_in_line_over_all_workgroups_is_asked_for_first() {
    let mut story = Story::new();
    story.open("t1").wait(1);
    let mut bill = opening("t2");
    bill.workgroup = warmline::ids::WorkgroupName::new("billing");
    story.step(Input::Open(bill));
    story.online(&["ben"]);
    story.then(&["ask ben t1 for support, 20 s"]);
}

#[test]
fn after_a_restart_the_wait_still_ends_by_itself() {
    let mut story = Story::new();
    story.open("t1").restart();
    story.wait(240).then(&["deliver t1 NobodyCame"]);
}

#[test]
fn after_a_restart_an_offer_stands() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1").restart();
    story.step(Input::LinkUp).online(&["ben"]).then(&[]);
    story.online(&["ana"]);
    story.then(&["ask ana t1 for support, 20 s again"]);
    story.accepts("ana", "t1").answered(&Answer::Done);
}

#[test]
fn a_client_that_answers_is_as_it_was() {
    let mut story = Story::new();
    let alive = |resource: &str| Input::AgentAlive {
        agent: agent("ana"),
        resource: resource.into(),
        shows: None,
    };
    story.online(&["ana"]).open("t1");
    story.step(Input::LinkDown).step(Input::LinkUp);
    story.step(alive("never seen")).then(&[]);
    story.step(alive("desk"));
    story.then(&["ask ana t1 for support, 20 s again"]);
}

#[test]
fn being_told_that_nobody_came_does_not_cost_the_place_in_line() {
    let mut story = Story::with(|policy| {
        rules(policy, "support").request_timeout = Some(std::time::Duration::from_secs(20));
    });
    story.online(&["ana"]).open("t1").wait(1).open("t2");
    // At the very moment at which the offer and the wait are over, somebody comes.
    story.now = story.now.plus(std::time::Duration::from_secs(19));
    story.online(&["ben"]);
    story.then(&[
        "revoke ana t1 for support: TimedOut",
        "deliver t1 NobodyCame",
        "ask ben t1 for support, 20 s",
        "ask ana t2 for support, 1 s",
    ]);
}
