//! The OpenCHS gateway and RapidPro's External channel: the real program without an XMPP server,
//! and the calls back to a RapidPro.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod carrying;
mod chats;
mod codes;
mod external;
mod house;
mod listing;
mod tokens;
