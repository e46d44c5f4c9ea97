use super::*;
use crate::ids::{DeliveryId, Timestamp, VisitorToken};
use crate::outbox::Trouble;

const SECOND: Duration = Duration::from_secs(1);

fn owed(channel: &str, conversation: &str, number: u64) -> OwedDelivery {
    OwedDelivery::from(Delivery {
        id: DeliveryId::new(format!("{conversation}-{number}")),
        conversation: ConversationId::new(conversation),
        number,
        channel: ChannelId::new(channel),
        ticket: None,
        visitor: VisitorToken::new("v"),
        opened_at: Timestamp(0),
        language: None,
        at: Timestamp(0),
        what: crate::conversation::Outgoing::Closed(crate::conversation::ClosedBy::Agent),
    })
}

/// Lanes, and a clock in hand.
struct Desk {
    lanes: Lanes,
    now: Instant,
}

impl Desk {
    fn new(all: usize, per_channel: usize) -> Self {
        Self {
            lanes: Lanes::new(Limits { all, per_channel }),
            now: Instant::now(),
        }
    }

    fn add(&mut self, channel: &str, conversation: &str, numbers: &[u64]) {
        for number in numbers {
            let owed = owed(channel, conversation, *number);
            self.lanes.add(owed, self.now);
        }
    }

    /// What begins, as `try c-1` and `tell c-1`.
    fn begin(&mut self) -> Vec<String> {
        let jobs = self.lanes.begin(self.now, true);
        let name = |job: &Job| match job {
            Job::Try(owed) => format!("try {}", owed.delivery.id),
            Job::Tell(delivery, _) => format!("tell {}", delivery.id),
        };
        jobs.iter().map(name).collect()
    }

    fn tried(&mut self, conversation: &str, decision: Decision) {
        let conversation = ConversationId::new(conversation);
        self.lanes.tried(conversation, decision, self.now);
    }

    fn again(&mut self, delivery: OwedDelivery, after: Duration) {
        let conversation = delivery.delivery.conversation.clone();
        let owed = Box::new(delivery);
        self.tried(conversation.as_str(), Decision::Again { owed, after });
    }

    fn told(&mut self, conversation: &str, settled: bool) {
        self.lanes
            .told(ConversationId::new(conversation), settled, self.now);
    }

    fn nudge(&mut self, conversation: &str) {
        self.lanes
            .nudge(ConversationId::new(conversation), self.now);
    }

    /// Goes to the next moment at which something may begin, and tells how far that was.
    fn wait(&mut self) -> Duration {
        let wake = self.lanes.next_wake(true).expect("nothing to wait for");
        let waited = wake.saturating_duration_since(self.now);
        self.now += waited;
        waited
    }
}

#[test]
fn the_next_starts_after_the_settled_report() {
    let mut desk = Desk::new(9, 9);
    desk.add("t", "c", &[2, 1, 3, 2]);
    assert_eq!(desk.begin(), ["try c-1"]);
    desk.tried("c", Decision::Delivered);
    assert_eq!(desk.begin(), ["tell c-1"]);
    assert_eq!(desk.begin(), [""; 0]);
    desk.told("c", true);
    assert_eq!(desk.begin(), ["try c-2"]);
    desk.tried("c", Decision::GiveUp(Trouble::Timeout));
    assert_eq!(desk.begin(), ["tell c-2"]);
    desk.told("c", true);
    assert_eq!(desk.begin(), ["try c-3"]);
    assert_eq!((desk.lanes.owed(), desk.lanes.trying()), (1, 1));
}

#[test]
fn an_unsettled_report_comes_again_later_and_later() {
    let mut desk = Desk::new(9, 9);
    desk.add("t", "c", &[1, 2]);
    desk.begin();
    desk.tried("c", Decision::Delivered);
    for wait in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
        assert_eq!(desk.begin(), ["tell c-1"]);
        desk.told("c", false);
        assert_eq!(desk.begin(), [""; 0]);
        assert!(desk.lanes.busy());
        assert_eq!(desk.wait(), Duration::from_millis(wait));
    }
    assert_eq!(desk.begin(), ["tell c-1"]);
    desk.told("c", false);
    desk.nudge("c");
    assert_eq!(desk.begin(), ["tell c-1"]);
    desk.told("c", true);
    assert_eq!(desk.begin(), ["try c-2"]);
}

#[test]
fn a_failed_head_waits_and_blocks_only_its_lane() {
    let mut desk = Desk::new(9, 9);
    desk.add("t", "c", &[1, 2]);
    desk.begin();
    desk.again(owed("t", "c", 1), 5 * SECOND);
    desk.add("t", "d", &[1]);
    assert_eq!(desk.begin(), ["try d-1"]);
    assert_eq!(desk.wait(), 5 * SECOND);
    assert_eq!(desk.begin(), ["try c-1"]);
}

#[test]
fn a_nudge_does_not_wait() {
    let mut desk = Desk::new(9, 9);
    desk.nudge("c");
    desk.add("t", "c", &[1]);
    desk.begin();
    desk.again(owed("t", "c", 1), 5 * SECOND);
    assert_eq!(desk.begin(), [""; 0]);
    desk.nudge("c");
    assert_eq!(desk.begin(), ["try c-1"]);
    desk.nudge("c");
    desk.again(owed("t", "c", 1), 5 * SECOND);
    assert_eq!(desk.begin(), ["try c-1"], "wanted while it was tried");
    desk.again(owed("t", "c", 1), 5 * SECOND);
    assert_eq!(desk.wait(), 5 * SECOND, "but once only");
}

#[test]
fn a_number_from_the_past_goes_first() {
    let mut desk = Desk::new(9, 9);
    desk.add("t", "c", &[5]);
    desk.begin();
    desk.again(owed("t", "c", 5), 5 * SECOND);
    desk.add("t", "c", &[3]);
    assert_eq!(desk.begin(), ["try c-3"]);
    desk.add("t", "c", &[2]);
    desk.tried("c", Decision::Delivered);
    assert_eq!(desk.begin(), ["tell c-3"]);
    desk.told("c", true);
    assert_eq!(desk.begin(), ["try c-2"]);
    desk.tried("c", Decision::Delivered);
    desk.begin();
    desk.told("c", true);
    assert_eq!(desk.wait(), 5 * SECOND);
    assert_eq!(desk.begin(), ["try c-5"]);
}

#[test]
fn channels_take_turns_within_the_limits() {
    let mut desk = Desk::new(4, 3);
    for n in 0..9 {
        desk.add("a", &format!("a{n}"), &[1]);
    }
    assert_eq!(desk.begin().len(), 3, "a channel has its limit");
    desk.add("b", "b1", &[1]);
    desk.add("b", "b2", &[1]);
    desk.add("c", "c1", &[1]);
    desk.add("c", "c2", &[1]);
    let mut begun = desk.begin();
    begun.sort();
    assert_eq!(
        begun,
        ["try b1-1", "try c1-1"],
        "each channel may have one whatever the rest does"
    );
    desk.tried("a0", Decision::Delivered);
    desk.tried("a1", Decision::Delivered);
    let begun = desk.begin();
    let tries = begun.iter().filter(|job| job.starts_with("try"));
    assert_eq!(tries.count(), 1, "{begun:?}");
}

#[test]
fn places_go_round_the_channels() {
    let mut desk = Desk::new(6, 6);
    for n in 0..6 {
        desk.add("a", &format!("a{n}"), &[1]);
        desk.add("b", &format!("b{n}"), &[1]);
    }
    let begun = desk.begin();
    assert_eq!(
        begun.iter().filter(|job| job.starts_with("try a")).count(),
        3,
        "{begun:?}"
    );
}

#[test]
fn a_hold_stops_its_channel_and_ends_with_one_probe() {
    let mut desk = Desk::new(9, 9);
    desk.add("t", "c", &[1]);
    desk.add("t", "d", &[1]);
    desk.add("u", "e", &[1]);
    assert_eq!(desk.begin().len(), 3);
    desk.tried("c", Decision::Hold(60 * SECOND));
    desk.tried("e", Decision::Delivered);
    assert_eq!(desk.begin(), ["tell e-1"], "other channels go on");
    desk.told("e", true);
    desk.again(owed("t", "d", 1), SECOND);
    desk.add("t", "f", &[1]);
    desk.nudge("f");
    assert_eq!(desk.begin(), [""; 0]);
    assert_eq!(
        desk.lanes.held().collect::<Vec<_>>(),
        [&ChannelId::new("t")]
    );
    assert_eq!(desk.wait(), SECOND);
    assert_eq!(desk.begin(), [""; 0]);
    assert_eq!(desk.wait(), 59 * SECOND);
    assert_eq!(desk.begin(), ["try c-1"], "one alone");
    desk.tried("c", Decision::Hold(60 * SECOND));
    assert_eq!(desk.begin(), [""; 0]);
    assert_eq!(desk.wait(), 60 * SECOND);
    assert_eq!(desk.begin(), ["try c-1"]);
    desk.tried("c", Decision::Delivered);
    let mut begun = desk.begin();
    begun.sort();
    assert_eq!(begun, ["tell c-1", "try d-1", "try f-1"]);
    assert_eq!(desk.lanes.held().count(), 0);
}

#[test]
fn a_stop_begins_no_tries_but_tells_what_ended() {
    let mut desk = Desk::new(9, 9);
    desk.add("t", "c", &[1, 2]);
    desk.add("t", "d", &[1]);
    desk.begin();
    desk.tried("d", Decision::Hold(SECOND));
    desk.tried("c", Decision::Delivered);
    desk.now += 5 * SECOND;
    let jobs = desk.lanes.begin(desk.now, false);
    assert!(matches!(jobs.as_slice(), [Job::Tell(..)]), "{jobs:?}");
    assert!(desk.lanes.busy());
    desk.told("c", true);
    assert_eq!(desk.lanes.begin(desk.now, false), []);
    assert!(!desk.lanes.busy());
    assert_eq!(desk.lanes.next_wake(false), None);
}
