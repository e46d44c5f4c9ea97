//! The real program between a real XMPP server, slixmpp agents and an HTTP bot.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod availability;
mod commands;
mod fastpath;
mod faults;
mod fuzz;
mod helpline;
mod hostile;
mod hostility;
mod kept_events;
mod leaving;
mod main_job;
mod many;
mod media;
mod on_redis;
mod operators;
mod policy;
mod refusals;
mod reload;
mod rooms;
mod shutdown;
mod signs;
mod stage;
mod store_faults;
mod subscribers;
mod tickets;
mod tls;
mod turns;
mod typing;
mod walk;
mod weni;
mod yalo;
