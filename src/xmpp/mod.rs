//! The seat on the XMPP server: an external component that speaks for workgroups and visitors.

pub mod address;
pub mod ns;
pub mod out;
pub mod rooms;
pub mod stanza;
