//! Callers who may be many: how much comes from one address, and from one asker.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::failure::Failure;

/// Places for files, and previews of links, that one visitor or user is given in a minute.
const A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

/// Limits how much comes from each.
pub struct Crowd<K: Hash + Eq + Clone>(DefaultKeyedRateLimiter<K>);

impl<K: Hash + Eq + Clone> Crowd<K> {
    /// Lets so many in a minute.
    pub fn new(a_minute: NonZeroU32) -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(a_minute)))
    }

    /// One more.
    ///
    /// # Errors
    /// Too many came from there.
    pub fn enter(&self, from: &K) -> Result<(), Failure> {
        self.0.check_key(from).map_err(|not_before| {
            let wait = not_before.wait_time_from(DefaultClock::default().now());
            Failure::TooManyAttempts(wait)
        })
    }

    /// Forgets who has been quiet.
    pub fn tidy(&self) {
        self.0.retain_recent();
    }
}

/// What callers may have of something that costs others: so much each, and all visitors at one
/// address together so much as may ask from there.
pub struct Ration {
    each: Crowd<String>,
    visitors: Crowd<IpAddr>,
}

impl Ration {
    /// With so much for all visitors at one address in a minute.
    pub fn new(visitors_a_minute: NonZeroU32) -> Self {
        Self {
            each: Crowd::new(A_MINUTE),
            visitors: Crowd::new(visitors_a_minute),
        }
    }

    /// One more for this asker; a visitor's address counts too.
    ///
    /// # Errors
    /// That is too much.
    pub fn take(&self, asker: &str, visitor: Option<&IpAddr>) -> Result<(), Failure> {
        self.each.enter(&asker.to_owned())?;
        visitor.map_or(Ok(()), |from| self.visitors.enter(from))
    }

    /// Forgets who has been quiet.
    pub fn tidy(&self) {
        self.each.tidy();
        self.visitors.tidy();
    }
}
