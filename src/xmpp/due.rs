//! Waiting for a deadline by the wall clock.

use std::time::Duration;

use crate::engine::now;
use crate::ids::Timestamp;

/// Ends when `due` has come; never without one. A deadline that is past is served at once, yet never
/// in a busy loop.
pub(super) async fn sleep_until(due: Option<Timestamp>) {
    match due {
        Some(due) => {
            let left = due.since(now()).max(Duration::from_millis(1));
            tokio::time::sleep(left).await;
        }
        None => std::future::pending().await,
    }
}
