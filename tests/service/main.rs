//! The real program between a real XMPP server, slixmpp agents and an HTTP bot.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod availability;
mod commands;
mod fastpath;
mod faults;
mod leaving;
mod main_job;
mod policy;
mod refusals;
mod rooms;
mod stage;
mod tickets;
mod turns;
