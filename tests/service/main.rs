//! The real program between a real XMPP server, slixmpp agents and an HTTP bot.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod availability;
mod bad_input;
mod bridge;
mod commands;
mod crowd;
mod fastpath;
mod faults;
mod fuzz;
mod groups;
mod helpline;
mod hostile;
mod hostility;
mod leaving;
mod main_job;
mod many;
mod media;
mod on_redis;
mod operators;
mod policy;
mod records;
mod refusals;
mod reload;
mod replay;
mod rooms;
mod shutdown;
mod signs;
mod stage;
mod store_faults;
mod tickets;
mod tls;
mod turns;
mod visitors;
mod walk;
mod weni;
mod yalo;
