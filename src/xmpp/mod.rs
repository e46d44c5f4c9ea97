//! The seat on the XMPP server: an external component that speaks for workgroups and visitors.

pub mod address;
pub mod agents;
pub mod clean;
pub mod departures;
pub mod encode;
pub mod fastpath;
pub mod framing;
pub mod link;
pub mod ns;
pub mod out;
pub mod records;
pub mod rooms;
pub mod seat;
pub mod service;
pub mod stanza;
