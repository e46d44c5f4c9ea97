//! Real neighbours for tests: each is started as a child process of its own and ended with the test.
//!
//! | file | what it starts or plays |
//! |---|---|
//! | `wait` | waiting for a condition with a deadline; the only place where a test may sleep |
//! | `process` | one child process: own directory, own log, ended by its own id |
//! | `xmpp` | what all XMPP servers of the tests have in common |
//! | `prosody`, `ejabberd`, `redis` | the neighbours themselves |
//! | `raw`, `odd` | an ordinary user who types raw XML; the odd stanzas that such a user can send |
//! | `tls` | an own CA, and a server's side of TLS |
//! | `after_talk` | an end, and the flow of RapidPro that runs after it |
//! | `agents`, `event` | people at XMPP clients (slixmpp), driven with JSON lines; what they notice |
//! | `engine` | the engine on a store, for a channel's routes and carriers |
//! | `http` | one HTTP/1.1 exchange, byte for byte as the test wants it |
//! | `openchs` | a chatbot that calls the OpenCHS gateway |
//! | `origin` | where media lies: honest, slow, endless and lying |
//! | `rapidpro`, `bot` | the ticket system: the calls it makes, the callbacks it receives |
//! | `crowd` | visitors at XMPP clients behind one external component |
//! | `chromium` | a real browser |
//! | `web` | callers of the chat API, users and visitors |
//! | `browser`, `crowd` | somebody who reads events over SSE; hundreds who do and come back |
//! | `yalo` | the platform Yalo: its configuration, the calls it makes |
//! | `weni` | Weni's mailroom: the calls it makes, a process that takes callbacks |
//! | `config`, `warmline` | the program under test |

// A harness fails a test by panicking, and no test binary uses all of it.
#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, dead_code)]

pub mod after_talk;
pub mod agents;
pub mod bot;
pub mod browser;
pub mod chromium;
pub mod config;
pub mod crowd;
pub mod ejabberd;
pub mod engine;
pub mod event;
pub mod http;
pub mod odd;
pub mod openchs;
pub mod origin;
pub mod patience;
pub mod process;
pub mod prosody;
pub mod rapidpro;
pub mod raw;
pub mod readers;
pub mod redis;
pub mod tls;
pub mod wait;
pub mod warmline;
pub mod web;
pub mod weni;
pub mod xmpp;
pub mod yalo;
