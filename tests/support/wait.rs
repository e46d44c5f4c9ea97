//! Waiting for a condition with a deadline; the only place where a test may sleep.

use std::time::{Duration, Instant};

/// How long a test waits for something that normally takes milliseconds.
pub const SOON: Duration = Duration::from_secs(10);

/// How long a neighbour may take to start on a busy machine.
pub const START: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(10);

/// Polls until `poll` gives a value; `None` when the deadline has passed.
pub fn poll<T>(within: Duration, mut poll: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + within;
    loop {
        if let Some(value) = poll() {
            return Some(value);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Polls until `ready` gives a value; fails the test, naming `what`, when the deadline has passed.
pub fn until<T>(what: &str, within: Duration, ready: impl FnMut() -> Option<T>) -> T {
    poll(within, ready).unwrap_or_else(|| panic!("not within {within:?}: {what}"))
}
