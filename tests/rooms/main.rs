//! Rooms against recorded stanzas, and against real MUC services.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod ejabberd;
mod faults;
mod losses;
mod missed;
mod opening;
mod person;
mod prosody;
mod samples;
mod seat;
mod stage;
mod stories;
mod stream;
