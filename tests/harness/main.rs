//! Proves that the neighbours of the tests are real and do what the harness says.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod neighbours;
mod playing_bot;
