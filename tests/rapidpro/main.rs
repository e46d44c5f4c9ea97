//! The Tickets app API on a real server, byte for byte, and the calls back to a mailroom.

mod carrying;
mod history;
mod limits;
mod mailroom;
mod raw;
mod routes;
mod world;

#[path = "../samples/settings.rs"]
mod settings;
