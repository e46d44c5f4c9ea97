//! The real program between a real XMPP server, slixmpp agents and an HTTP bot.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod after_talk;
mod answers;
mod availability;
mod bad_input;
mod bridge;
mod codes;
mod commands;
mod crowd;
mod curl;
mod demo;
mod elsewhere;
mod external;
mod fastpath;
mod faults;
mod fuzz;
mod groups;
mod helpline;
mod hostile;
mod hostility;
mod kept_events;
mod leaving;
mod listed_rooms;
mod made_groups;
mod made_users;
mod main_job;
mod many;
mod media;
mod on_redis;
mod operators;
mod owed;
mod plugin;
mod policy;
mod previews;
mod quirks;
mod records;
mod refusals;
mod reload;
mod repeated;
mod replay;
mod rooms;
mod shutdown;
mod signs;
mod stage;
mod store_faults;
mod subscribers;
mod surfaces;
mod tickets;
mod tls;
mod turns;
mod typed;
mod typing;
mod unknown;
mod uploads;
mod users_store;
mod visitors;
mod walk;
mod weni;
mod weni_story;
mod yalo;
