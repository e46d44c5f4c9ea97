//! Agents who come, do not come, leave and return.

use warmline::bridge::{AgentOrder, Effect, Input, RoomEvent};

use super::rooms::said;
use super::story::{Story, rules, visitor};

#[test]
fn an_agent_does_not_lose_a_request_because_the_room_cannot_be_had() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1").accepts("ana", "t1");
    story.room("t1", RoomEvent::Unavailable);
    story.wait(70).then(&[]);
    story.ready("t1", true, &[]).then(&["room t1 invite ana"]);
}

#[test]
fn an_agent_who_never_comes_is_replaced() {
    let mut story = Story::with(|policy| rules(policy, "support").max_chats = 1);
    story.open("t2").wait(1).online(&["ana"]);
    story.rejects("ana", "t2").open("t1").accepts("ana", "t1");
    story.ready("t1", true, &[]).offline("ana").wait(59);
    story.then(&[]).wait(1);
    let pseudonym = super::story::conversation("t1").pseudonym();
    story.then(&[
        "room t1 remove ana",
        &format!("tell ana: {pseudonym} was given to others."),
    ]);
    // First in line: before t2, which waits for longer.
    story.online(&["ben"]);
    story.then(&["ask ben t1 for support, 20 s"]);
}

#[test]
fn who_declines_the_invitation_is_replaced_at_once() {
    let mut story = Story::new();
    story
        .online(&["ana", "ben"])
        .open("t1")
        .accepts("ana", "t1");
    story.ready("t1", true, &[]).declines("ana", "t1");
    let seen = story.seen();
    assert_eq!(seen.last().unwrap(), "ask ben t1 for support, 20 s");
    assert!(seen.contains(&"room t1 remove ana".to_owned()));
    // The room is there already.
    story.accepts("ben", "t1").then(&["room t1 invite ben"]);
    story.declines("ana", "t1").then(&[]);
}

/// Invitations go out before the room is ready: so may the refusal of one.
#[test]
fn who_declines_before_the_room_is_ready_is_replaced_at_once() {
    let mut story = Story::new();
    story
        .online(&["ana", "ben"])
        .open("t1")
        .accepts("ana", "t1");
    story.declines("ana", "t1");
    let seen = story.seen();
    assert_eq!(seen.last().unwrap(), "ask ben t1 for support, 20 s");
    assert!(seen.contains(&"room t1 remove ana".to_owned()));
    story.accepts("ben", "t1");
    story.ready("t1", true, &[]);
    let seen = story.seen();
    assert!(seen.contains(&"room t1 invite ben".to_owned()), "{seen:?}");
    assert!(seen.iter().all(|line| !line.contains("ana")), "{seen:?}");
}

#[test]
fn an_agent_who_leaves_may_come_back() {
    let mut story = Story::new();
    story.served("t1", "ana").leaves("ana", "t1").then(&[]);
    story.says("t1", "m1", "still there?").then(&[]);
    story.wait(59).then(&[]);
    story
        .enters("ana", "t1")
        .then(&["room t1 m1: still there?"]);
    story.wait(1000).then(&[]);
}

#[test]
fn an_agent_who_stays_away_is_replaced_and_the_next_reads_what_was_said() {
    let mut story = Story::with(|policy| {
        rules(policy, "support").rejection_pause = std::time::Duration::from_secs(20);
    });
    story.served("t1", "ana").says("t1", "m1", "My parcel");
    story.reflects("t1", "m1").writes("ana", "t1", "I look");
    story.delivered().open("t2").accepts("ana", "t2");
    story.leaves("ana", "t1").wait(60);
    let pseudonym = super::story::conversation("t1").pseudonym();
    story.then(&[
        "room t1 remove ana",
        &format!("tell ana: {pseudonym} was given to others."),
        "deliver t1 AgentLost",
    ]);
    story
        .online(&["ben"])
        .then(&["ask ben t1 for support, 20 s"]);
    story.accepts("ben", "t1").then(&["room t1 invite ben"]);
    story.enters("ben", "t1");
    story.then(&["deliver t1 AgentJoined", "room t1 brief 2"]);
    let brief = said(&story).remove(0);
    assert!(brief.contains("]: My parcel\nAna ["), "{brief}");
    assert!(brief.ends_with("]: I look"), "{brief}");
}

#[test]
fn who_was_in_the_room_before_taking_it_over_need_not_enter_again() {
    let mut story = Story::new();
    story.served("t1", "ana").online(&["ben"]);
    story.writes("ana", "t1", "!invite ben").enters("ben", "t1");
    story.writes("ana", "t1", "!transfer ben");
    story.accepts("ben", "t1");
    story.then(&["room t1 remove ana", "room t1 brief 2"]);
    assert!(
        story
            .bridge
            .dispatch()
            .chats_of(&super::story::agent("ana"))
            .is_empty()
    );
}

#[test]
fn a_room_stays_closed_when_it_becomes_ready_too_late() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1").accepts("ana", "t1");
    story.step(Input::VisitorClosed(visitor("t1")));
    story.then(&["room t1 destroy"]);
    story.ready("t1", true, &[]).then(&["room t1 destroy"]);
    story.step(Input::LinkDown).step(Input::LinkUp);
    assert!(story.seen().contains(&"room t1 destroy".to_owned()));
    story.room("t1", RoomEvent::Gone).then(&[]);
    assert_eq!(story.bridge.conversations().count(), 0);
    story
        .room("t1", RoomEvent::Gone)
        .then(&["impossible: room of no conversation"]);
}

#[test]
fn probes_name_the_clients_that_were_known() {
    let mut story = Story::new();
    story
        .online(&["ana"])
        .step(Input::LinkDown)
        .step(Input::LinkUp);
    let probed = story.effects.iter().find_map(|effect| match effect {
        Effect::Agent(
            agent,
            AgentOrder::Probe {
                resources,
                workgroups,
            },
        ) if agent.local() == "ana" => Some((resources.clone(), workgroups.len())),
        _ => None,
    });
    assert_eq!(probed, Some((vec!["desk".to_owned()], 1)));
}

#[test]
fn a_room_that_is_being_made_is_not_asked_for_again() {
    let mut story = Story::new();
    story
        .online(&["ana", "ben"])
        .open("t1")
        .accepts("ana", "t1");
    story.declines("ana", "t1").accepts("ben", "t1").then(&[]);
    story.ready("t1", true, &[]).then(&["room t1 invite ben"]);
}
