use super::*;
use crate::conversation::{ClosedBy, Outgoing};
use crate::ids::{ChannelId, ConversationId, DeliveryId, VisitorToken};

const WHY: Trouble = Trouble::Status(503);

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn owed() -> OwedDelivery {
    OwedDelivery::from(crate::conversation::Delivery {
        id: DeliveryId::new("c-1"),
        conversation: ConversationId::new("c"),
        number: 1,
        channel: ChannelId::new("tickets"),
        ticket: None,
        visitor: VisitorToken::new("v"),
        opened_at: Timestamp(0),
        language: None,
        at: Timestamp(0),
        what: Outgoing::Closed(ClosedBy::Agent),
    })
}

fn at(now: i64, chance: f64) -> Moment {
    Moment {
        now: Timestamp(now),
        chance,
    }
}

fn schedule() -> Schedule {
    Schedule(vec![secs(10), secs(100), secs(1_000)])
}

fn again(after: Option<Duration>) -> Verdict {
    Verdict::Again { after, why: WHY }
}

fn next(owed: OwedDelivery, verdict: Verdict, at: Moment) -> (OwedDelivery, Duration) {
    match schedule().decide(owed, verdict, at) {
        Decision::Again { owed, after } => (*owed, after),
        other => panic!("{other:?}"),
    }
}

#[test]
fn waits_grow_by_the_schedule_and_end() {
    let mut owed = owed();
    for (tries, step) in [(1, 10), (2, 100), (3, 1_000)] {
        let after;
        (owed, after) = next(owed, again(None), at(5_000, 0.5));
        assert_eq!(after, secs(step));
        assert_eq!(owed.attempts, tries);
        assert_eq!(owed.next_at, Some(Timestamp(5_000).plus(after)));
        assert_eq!(owed.first_at, Some(Timestamp(5_000)));
    }
    let end = schedule().decide(owed, again(None), at(5_000, 0.5));
    assert_eq!(end, Decision::GiveUp(WHY));
}

#[test]
fn jitter_is_a_fifth_either_way() {
    let wait = |chance| next(owed(), again(None), at(0, chance)).1;
    assert_eq!([wait(0.0), wait(1.0)], [secs(8), secs(12)]);
    assert_eq!([wait(-3.0), wait(7.0)], [secs(8), secs(12)]);
    assert!(wait(0.4) < wait(0.6));
}

#[test]
fn a_given_time_is_obeyed_and_uses_no_step_up() {
    let mut owed = owed();
    for tries in 1..=40 {
        let after;
        (owed, after) = next(owed, again(Some(secs(7))), at(0, 0.0));
        assert_eq!((after, owed.attempts, owed.steps), (secs(7), tries, 0));
    }
    assert_eq!(next(owed, again(None), at(0, 0.5)).1, secs(10));
}

#[test]
fn given_times_are_bounded() {
    let wait = |given| next(owed(), again(Some(given)), at(0, 0.5)).1;
    assert_eq!(wait(secs(1_000_000)), LONGEST);
    assert_eq!(wait(Duration::MAX), LONGEST);
    assert_eq!(wait(Duration::ZERO), SHORTEST);
}

#[test]
fn given_times_end_with_the_whole_schedule() {
    let (owed, _) = next(owed(), again(Some(secs(1))), at(1_000, 0.5));
    let (owed, _) = next(owed, again(Some(secs(1))), at(1_110_999, 0.5));
    let end = schedule().decide(owed, again(Some(secs(1))), at(1_111_000, 0.5));
    assert_eq!(end, Decision::GiveUp(WHY));
}

#[test]
fn holding_is_no_try() {
    let hold = |after| Verdict::Hold { after, why: WHY };
    let decide = |after| schedule().decide(owed(), hold(after), at(0, 0.5));
    assert_eq!(decide(secs(60)), Decision::Hold(secs(60)));
    assert_eq!(decide(secs(90_000)), Decision::Hold(LONGEST));
}

#[test]
fn never_is_the_end_and_done_is_done() {
    let decide = |verdict| schedule().decide(owed(), verdict, at(0, 0.5));
    assert_eq!(decide(Verdict::Never(WHY)), Decision::GiveUp(WHY));
    assert_eq!(decide(Verdict::Done), Decision::Delivered);
    assert_eq!(
        Schedule(vec![]).decide(owed(), again(None), at(0, 0.5)),
        Decision::GiveUp(WHY)
    );
}

#[test]
fn after_a_restart_the_rest_is_waited() {
    let left = |next_at| schedule().left(next_at, Timestamp(60_000));
    assert_eq!(left(None), Duration::ZERO);
    assert_eq!(left(Some(Timestamp(59_000))), Duration::ZERO);
    assert_eq!(left(Some(Timestamp(90_000))), secs(30));
    assert_eq!(left(Some(Timestamp(i64::MAX))), LONGEST, "a clock set back");
}

#[test]
fn a_plain_delivery_reads_as_one_never_tried() {
    let fresh = owed();
    let plain = serde_json::to_vec(&fresh.delivery).unwrap();
    assert_eq!(
        serde_json::from_slice::<OwedDelivery>(&plain).unwrap(),
        fresh
    );
    let (tried, _) = next(fresh, again(None), at(1, 0.5));
    let kept = tried.row().unwrap();
    assert_eq!(
        (kept.group.as_str(), kept.key.as_str()),
        ("c", "000000000001")
    );
    assert_eq!(
        serde_json::from_slice::<OwedDelivery>(&kept.value).unwrap(),
        tried
    );
    let plain: crate::conversation::Delivery = serde_json::from_slice(&kept.value).unwrap();
    assert_eq!(plain, tried.delivery);
}
