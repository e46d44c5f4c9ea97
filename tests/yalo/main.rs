//! The platform Yalo: routes on a real server and a real store, and calls to a played platform.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod after_talk;
mod carrying;
mod connecting;
mod hearing;
mod languages;
mod registering;
mod seed;
mod types;
mod world;
