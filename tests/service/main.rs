//! The real program between a real XMPP server, slixmpp agents and an HTTP bot.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod availability;
mod commands;
mod faults;
mod hostile;
mod main_job;
mod operators;
mod refusals;
mod stage;
mod store_faults;
mod tls;
mod turns;
