//! How often somebody may get a password wrong.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::DefaultClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// Whose attempts are counted together: those from one address for one account, or for none. So
/// nobody who guesses keeps the account's owner out, who calls from elsewhere.
pub(in crate::channels::yalo) type Suspect = (Option<usize>, IpAddr);

type Limiter =
    RateLimiter<Suspect, HashMapStateStore<Suspect>, DefaultClock, StateInformationMiddleware>;

/// More suspects than these, and those whose time is over are forgotten.
const SUSPECTS: usize = 1000;
const MINUTE: Duration = Duration::from_mins(1);

/// Counts wrong passwords. Right ones cost nothing: a bot may log in for each of its calls.
pub(in crate::channels::yalo) struct Attempts {
    limiter: Limiter,
    /// How long somebody waits who has used up all.
    pause: Duration,
    blocked: Mutex<HashMap<Suspect, Instant>>,
}

impl Attempts {
    /// So many wrong passwords a minute, at least one.
    pub fn new(a_minute: u32) -> Self {
        let most = NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::hashmap(Quota::per_minute(most));
        Self {
            limiter: limiter.with_middleware::<StateInformationMiddleware>(),
            pause: MINUTE / most.get(),
            blocked: Mutex::default(),
        }
    }

    /// How long this one has to wait before the next attempt; `None` where not at all.
    pub fn wait(&self, suspect: &Suspect) -> Option<Duration> {
        let blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        let left = blocked
            .get(suspect)?
            .checked_duration_since(Instant::now())?;
        (!left.is_zero()).then_some(left)
    }

    /// Notes a wrong password.
    pub fn failed(&self, suspect: Suspect) {
        let left = self.limiter.check_key(&suspect);
        let more = left.is_ok_and(|left| left.remaining_burst_capacity() > 0);
        if more {
            return;
        }
        let now = Instant::now();
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        if blocked.len() >= SUSPECTS {
            blocked.retain(|_, until| *until > now);
            self.limiter.retain_recent();
        }
        blocked.insert(suspect, now + self.pause);
    }
}
