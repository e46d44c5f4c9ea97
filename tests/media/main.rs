//! Links to media from outside, over real sockets: what an origin may do, and what a client gets.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod guarding;
mod links;
mod showing;
mod world;
