//! The seat on the XMPP server: an external component that speaks for workgroups and visitors.

pub mod address;
pub mod agents;
pub mod fastpath;
pub mod ns;
pub mod out;
pub mod service;
pub mod stanza;
