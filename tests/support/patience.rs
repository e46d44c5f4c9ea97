//! Waiting in asynchronous tests: for a condition, with a deadline; and being slow on purpose.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(3);
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds; fails the test when it does not within 20 s.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes this long over an answer, as a slow peer does.
#[allow(dead_code)]
pub async fn linger(time: Duration) {
    tokio::time::sleep(time).await;
}
