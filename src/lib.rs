//! Warmline hands a chatbot's conversation over to a human agent in an XMPP client.
//!
//! The rooms, floor by floor; imports only run down.

pub mod app;

pub mod channels;
pub mod chat_api;
pub mod xmpp;

pub mod engine;
pub mod media;

pub mod bridge;
pub mod outbox;

pub mod config;
pub mod conversation;
pub mod store;
pub mod telemetry;
pub mod users;
pub mod workgroup;

pub mod ids;
