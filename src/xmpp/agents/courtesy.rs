//! How often a stranger is answered, so that two programs that answer everything never talk for
//! ever.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::Timestamp;

/// What an answer is about; each is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Matter {
    /// That one does not serve here.
    Stranger,
    /// That one does not serve here, told to somebody who answers offers.
    StrangersAnswer,
    /// How to speak with a workgroup.
    Help,
    /// Whether a workgroup is open, told to somebody's plain presence.
    Openness,
}

impl Matter {
    fn pause(self) -> Duration {
        match self {
            Self::Stranger | Self::StrangersAnswer => Duration::from_secs(60),
            Self::Help => Duration::from_secs(10),
            Self::Openness => Duration::from_secs(1),
        }
    }
}

/// How many senders are remembered; while there are more, new ones get no answer.
const MOST: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct Courtesy {
    until: BTreeMap<(Matter, String), Timestamp>,
}

impl Courtesy {
    /// Whether `who` may be answered in this matter now; then not again for a while.
    pub fn allows(&mut self, now: Timestamp, matter: Matter, who: &str) -> bool {
        if self.until.len() >= MOST {
            self.until.retain(|_, until| *until > now);
        }
        let key = (matter, who.to_owned());
        let recent = self.until.get(&key).is_some_and(|until| *until > now);
        if recent || self.until.len() >= MOST {
            return false;
        }
        self.until.insert(key, now.plus(matter.pause()));
        true
    }

    pub fn forget(&mut self) {
        self.until.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_minute_and_sender() {
        let mut courtesy = Courtesy::default();
        let mut at = |ms, who| courtesy.allows(Timestamp(ms), Matter::Stranger, who);
        assert!(at(0, "a@b"));
        assert!(!at(59_999, "a@b"));
        assert!(at(1, "c@b"));
        assert!(at(60_000, "a@b"));
    }

    #[test]
    fn a_flood_of_senders_costs_a_bounded_memory() {
        let mut courtesy = Courtesy::default();
        for n in 0..10_000 {
            courtesy.allows(Timestamp(n), Matter::Help, &format!("{n}@b"));
        }
        assert!(courtesy.until.len() <= MOST);
        assert!(courtesy.allows(Timestamp(20_000), Matter::Help, "late@b"));
    }
}
