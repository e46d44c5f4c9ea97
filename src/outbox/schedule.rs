//! What follows from a try: done, again and when, or given up.

use std::time::Duration;

use crate::ids::Timestamp;

use super::{OwedDelivery, Trouble, Verdict};

/// The longest that a peer can put us off: an agent's answer is worth nothing to the visitor after
/// many hours, and a peer's clock or code may be wrong.
const LONGEST: Duration = Duration::from_secs(3600);
/// The shortest, so that a carrier's zero is no busy loop.
const SHORTEST: Duration = Duration::from_millis(50);

/// What follows from a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Delivered,
    GiveUp(Trouble),
    Again {
        owed: Box<OwedDelivery>,
        after: Duration,
    },
    Hold(Duration),
}

/// The moment of a decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub now: Timestamp,
    /// From 0 to 1, at random: 0 is the earliest, 1 the latest time that the jitter allows.
    pub chance: f64,
}

/// The times between tries.
#[derive(Clone, Debug)]
pub(super) struct Schedule(pub Vec<Duration>);

impl Schedule {
    /// What follows from `verdict` on a try of `owed`.
    pub fn decide(&self, owed: OwedDelivery, verdict: Verdict, at: Moment) -> Decision {
        match verdict {
            Verdict::Done => Decision::Delivered,
            Verdict::Never(why) => Decision::GiveUp(why),
            Verdict::Hold { after, .. } => Decision::Hold(after.clamp(SHORTEST, LONGEST)),
            Verdict::Again { after, why } => {
                self.again(owed, after, at).unwrap_or(Decision::GiveUp(why))
            }
        }
    }

    /// How long to wait at start for what was to be tried at `next_at`: no longer than any wait
    /// that we ourselves decide on, should the machine's clock have been set back.
    pub fn left(&self, next_at: Option<Timestamp>, now: Timestamp) -> Duration {
        let longest = self
            .0
            .iter()
            .max()
            .map_or(LONGEST, |step| step.mul_f64(1.0 + JITTER).max(LONGEST));
        let left = next_at.map(|next_at| next_at.since(now));
        left.unwrap_or_default().min(longest)
    }

    fn again(
        &self,
        mut owed: OwedDelivery,
        after: Option<Duration>,
        at: Moment,
    ) -> Option<Decision> {
        let first_at = *owed.first_at.get_or_insert(at.now);
        owed.attempts = owed.attempts.saturating_add(1);
        let after = match after {
            Some(_) if at.now.since(first_at) >= self.length() => return None,
            Some(told) => told.clamp(SHORTEST, LONGEST),
            None => {
                let step = *self.0.get(owed.steps)?;
                owed.steps += 1;
                jittered(step, at.chance)
            }
        };
        owed.next_at = Some(at.now.plus(after));
        let owed = Box::new(owed);
        Some(Decision::Again { owed, after })
    }

    fn length(&self) -> Duration {
        self.0.iter().sum()
    }
}

/// The share of a step by which a wait may be shorter or longer, so that what broke together is
/// not tried again together.
const JITTER: f64 = 0.2;

fn jittered(step: Duration, chance: f64) -> Duration {
    step.mul_f64(1.0 - JITTER + 2.0 * JITTER * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
