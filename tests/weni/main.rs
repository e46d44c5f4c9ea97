//! Weni's generic ticketer: routes on a real server and a real store, and callbacks to a played
//! mailroom.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod calls;
mod carrying;
mod reopening;
mod signing;
mod world;
