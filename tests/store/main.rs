//! What every store must keep to, and what the embedded one does besides.

// A test's helpers fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contract;
mod crash;
mod embedded;
#[path = "../support/patience.rs"]
mod patience;
mod rows;

contract::suite!(on_embedded, crate::embedded::Backend::new);
