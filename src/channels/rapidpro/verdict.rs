//! What mailroom's answers mean for a delivery (reference: mailroom's callback handler).

use std::time::Duration;

use crate::channels::Reply;
use crate::channels::again::{REFUSED_AGAIN, SECRET_REFUSED, again, out_of_order};
use crate::outbox::{Trouble, Verdict};

/// A ticket's row exists only after the flow that opened it has ended, so that until then mailroom
/// knows nothing of it.
pub(super) const YOUNG: Duration = Duration::from_mins(2);
const WITHOUT_ADDRESS: Duration = Duration::from_secs(30);
/// An unknown ticket may also be a database that is away for a moment.
const UNKNOWN_AGAIN: [Duration; 3] = [
    Duration::from_secs(15),
    Duration::from_secs(75),
    Duration::from_secs(210),
];
const UNKNOWN_YOUNG: [Duration; 7] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// Answers that a delivery got before. Tries that an outage made fail do not count here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// The ticket was unknown while it was young.
    pub early: usize,
    /// The ticket was unknown later on.
    pub unknown: usize,
    /// The call was refused as wrong.
    pub refused: usize,
}

/// What is known of a delivery besides the answer that is judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Case {
    /// Tries before this one, for whatever reason they failed.
    pub attempt: u32,
    /// Earlier answers.
    pub tally: Tally,
    /// Whether the conversation is younger than [`YOUNG`].
    pub young: bool,
    /// Whether the delivery tells the end.
    pub closes: bool,
}

impl Tally {
    /// Counts an answer.
    pub fn count(&mut self, status: u16, young: bool) {
        match (status, young) {
            (404, true) => self.early += 1,
            (404, false) => self.unknown += 1,
            (400..=499, _) => self.refused += 1,
            _ => {}
        }
    }
}

/// Judges one try.
pub(super) fn judge(outcome: Result<&Reply, Trouble>, case: Case) -> Verdict {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(Trouble::NoAddress) => return again(Some(WITHOUT_ADDRESS), Trouble::NoAddress),
        // Somebody has to change the configuration, or RapidPro to tell another address.
        Err(Trouble::Forbidden) => return again(None, Trouble::Forbidden),
        Err(why) => return again(out_of_order(case.attempt), why),
    };
    let why = Trouble::Status(reply.status);
    match reply.status {
        200..=299 if !reply.is_page() => Verdict::Done,
        401 => Verdict::Hold {
            after: SECRET_REFUSED,
            why,
        },
        404 => unknown(case, why),
        429 => again(
            reply.retry_after.or_else(|| out_of_order(case.attempt)),
            why,
        ),
        // Not mailroom's own: a proxy, or a wrong address. Somebody may set it right in time.
        200..=399 | 403 | 405 => again(None, why),
        408 | 500.. => again(out_of_order(case.attempt), why),
        // A close that is refused has no agent to be told; its ticket would stay open for ever.
        _ if case.closes => again(out_of_order(case.attempt), why),
        _ if case.tally.refused == 0 => again(Some(REFUSED_AGAIN), why),
        _ => Verdict::Never(why),
    }
}

fn unknown(case: Case, why: Trouble) -> Verdict {
    if case.young {
        let last = UNKNOWN_YOUNG.len() - 1;
        return again(Some(UNKNOWN_YOUNG[case.tally.early.min(last)]), why);
    }
    if case.closes {
        // What mailroom does not know is not open there.
        return Verdict::Done;
    }
    match UNKNOWN_AGAIN.get(case.tally.unknown) {
        Some(after) => again(Some(*after), why),
        None => Verdict::Never(why),
    }
}
