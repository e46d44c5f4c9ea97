//! People who have no XMPP client: users of our own domain, and real users of the server, beside
//! people at slixmpp clients.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod agents;
mod chatting;
mod contacts;
mod doors;
mod ejabberd;
mod forged;
mod losses;
mod missed;
mod person;
mod proxy;
mod raw;
mod requests;
mod rooms;
mod world;
