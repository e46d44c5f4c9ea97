//! The seat on the XMPP server: an external component that speaks for workgroups and visitors.

pub mod address;
pub mod agents;
pub mod c2s;
pub mod clean;
pub mod client;
pub mod departures;
mod due;
pub mod encode;
pub mod fastpath;
pub mod framing;
pub mod known;
pub mod link;
pub mod ns;
pub mod out;
mod pages;
pub mod records;
pub mod rooms;
pub mod seat;
pub mod seeker;
pub mod service;
pub mod sessions;
pub mod shelf;
pub mod stanza;
pub mod users;
