//! The chat API over HTTP: routes, dialects, errors, credentials, events. At the engine's seat and at
//! the sessions' is somebody who answers as each test wants; the store is a real one.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use support::patience;

mod accounts;
mod ask;
mod changed;
mod codes;
mod codes_faults;
mod credentials;
mod documents;
mod errors;
mod events;
mod groups;
mod log;
mod orders;
mod pdf;
mod players;
mod previews;
mod rooms;
mod routes;
mod sessions;
mod stream;
mod stream_faults;
mod uploads;
mod world;
