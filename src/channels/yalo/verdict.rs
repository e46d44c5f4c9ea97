//! What the platform's answers mean for a delivery.

use crate::channels::Reply;
use crate::channels::again::{REFUSED_AGAIN, SECRET_REFUSED, again, out_of_order};
use crate::outbox::{Trouble, Verdict};

/// What is known of a delivery besides the answer that is judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Case {
    /// Tries before this one, for whatever reason they failed.
    pub attempt: u32,
    /// How often the platform has refused it as wrong.
    pub refused: usize,
    /// Whether it tells the end: nobody is left who could be told that it failed.
    pub closes: bool,
}

/// Judges a try that is no success.
pub(super) fn judge(outcome: Result<&Reply, Trouble>, case: Case) -> Verdict {
    let reply = match outcome {
        Ok(reply) => reply,
        // Somebody has to change the configuration.
        Err(why @ (Trouble::Forbidden | Trouble::NoAddress)) => return again(None, why),
        Err(Trouble::Fault) => return Verdict::Never(Trouble::Fault),
        Err(why) => return again(out_of_order(case.attempt), why),
    };
    let why = Trouble::Status(reply.status);
    match reply.status {
        // Also where the body is none that the platform documents: what it has it would have twice.
        200..=299 if !reply.is_page() => Verdict::Done,
        401 => Verdict::Hold {
            after: SECRET_REFUSED,
            why,
        },
        // It has the id already.
        409 => Verdict::Done,
        429 => again(
            reply.retry_after.or_else(|| out_of_order(case.attempt)),
            why,
        ),
        // A proxy's, or a wrong address or bot. Somebody may set it right in time.
        200..=399 | 403 | 404 | 405 => again(None, why),
        408 | 425 => again(out_of_order(case.attempt), why),
        500.. => again(
            reply.retry_after.or_else(|| out_of_order(case.attempt)),
            why,
        ),
        _ if case.closes => again(out_of_order(case.attempt), why),
        _ if case.refused == 0 => again(Some(REFUSED_AGAIN), why),
        _ => Verdict::Never(why),
    }
}
