//! The room that sits on the XMPP server as one of its external components (XEP-0114).

pub mod address;
pub mod clean;
pub mod encode;
pub mod framing;
pub mod link;
pub mod ns;
pub mod stanza;
