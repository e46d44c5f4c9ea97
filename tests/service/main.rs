//! The real program between a real XMPP server, slixmpp agents and an HTTP bot.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod faults;
mod hostility;
mod main_job;
mod many;
mod operators;
mod refusals;
mod reload;
mod shutdown;
mod signs;
mod stage;
mod store_faults;
mod turns;
