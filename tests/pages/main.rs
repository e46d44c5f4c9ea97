//! The pages in a real browser, against the real program and a real XMPP server.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod converse;
mod demo;
mod docs;
