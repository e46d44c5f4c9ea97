//! The component link against a real Prosody, and against a hand-made peer where a real server
//! cannot be brought to do what is tested.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod encoding;
mod fake;
mod framing;
mod link_close;
mod link_fake;
mod link_prosody;
mod odd;
mod outgoing;
mod stanzas;
mod tls;
mod wait;
mod words;
