//! Callers without credentials, who may be many.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::failure::Failure;

/// Limits how much comes from one address.
pub struct Crowd(DefaultKeyedRateLimiter<IpAddr>);

impl Crowd {
    /// Lets so many in a minute.
    pub fn new(a_minute: NonZeroU32) -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(a_minute)))
    }

    /// One more.
    ///
    /// # Errors
    /// Too many came from there.
    pub fn enter(&self, from: IpAddr) -> Result<(), Failure> {
        self.0.check_key(&from).map_err(|not_before| {
            let wait = not_before.wait_time_from(DefaultClock::default().now());
            Failure::TooManyAttempts(wait)
        })
    }

    /// Forgets addresses that have been quiet.
    pub fn tidy(&self) {
        self.0.retain_recent();
    }
}
