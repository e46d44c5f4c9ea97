//! The outbox against a real HTTP peer and a real store.

// A test's helpers fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;
mod http;
mod order;
#[path = "../support/patience.rs"]
mod patience;
mod peer;
mod restart;
mod retry;
mod trouble;
