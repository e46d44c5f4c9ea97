//! The Tickets app API on a real server, byte for byte, and the calls back to a mailroom.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

mod carrying;
mod history;
mod limits;
mod mailroom;
mod raw;
mod routes;
mod world;

#[path = "../samples/settings.rs"]
mod settings;
#[path = "../support/mod.rs"]
mod support;
