//! How long to wait before the next attempt.

use std::time::Duration;

use super::BackoffSettings;

#[derive(Debug)]
pub(super) struct Backoff {
    settings: BackoffSettings,
    attempts: u32,
}

impl Backoff {
    pub(super) fn new(settings: BackoffSettings) -> Self {
        Self {
            settings,
            attempts: 0,
        }
    }

    /// A connection that did not last does not count, otherwise one that is thrown out again and
    /// again (conflict with `kick_old`) would come back at once each time.
    pub(super) fn connection_lasted(&mut self, time: Duration) {
        if time >= self.settings.max {
            self.attempts = 0;
        }
    }

    pub(super) fn next(&mut self) -> Duration {
        let factor = 1u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        self.attempts = self.attempts.saturating_add(1).min(31);
        let full = self
            .settings
            .min
            .saturating_mul(factor)
            .min(self.settings.max);
        full.mul_f64(rand::random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(BackoffSettings {
            min: Duration::from_millis(500),
            max: Duration::from_secs(30),
        })
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_never_end() {
        let mut backoff = backoff();
        for attempt in 0..200 {
            let full = Duration::from_millis(500)
                .saturating_mul(1 << attempt.min(10))
                .min(Duration::from_secs(30));
            let pause = backoff.next();
            assert!(pause <= full && pause >= full / 2, "{attempt}: {pause:?}");
        }
    }

    #[test]
    fn only_a_lasting_connection_starts_over() {
        let mut backoff = backoff();
        for _ in 0..20 {
            backoff.next();
        }
        backoff.connection_lasted(Duration::from_secs(29));
        assert!(backoff.next() >= Duration::from_secs(15));
        backoff.connection_lasted(Duration::from_secs(30));
        assert!(backoff.next() <= Duration::from_millis(500));
    }
}
