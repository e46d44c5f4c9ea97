//! Warmline.

pub mod xmpp;
