//! The component link against a real Prosody, and against a hand-made peer where a real server
//! cannot be brought to do what is tested.

mod client;
mod encoding;
mod fake;
mod framing;
mod link_close;
mod link_fake;
mod link_prosody;
mod odd;
mod outgoing;
mod prosody;
mod stanzas;
mod tls;
mod wait;
