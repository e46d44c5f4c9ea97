//! Agents outside of rooms, bytes in and stanzas out, with the real bridge behind them.

// A test's helpers fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod chat;
mod colleagues;
mod commands;
mod desk;
mod every_stanza;
mod fastpath;
mod presence;
mod queue;
mod service;
mod visitors;
