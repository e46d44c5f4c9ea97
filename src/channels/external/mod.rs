//! RapidPro's "External API" channel: RapidPro sends us what its flows say to a contact, and hears
//! from us what the contact says and how far its messages have come (reference: courier `EX`).

mod carrier;
mod routes;
pub mod wire;

use crate::ids::{ChannelId, WorkgroupName};

use super::after_talk::AfterTalk;
use super::{Secret, Texts};

pub use carrier::ExternalCarrier;
pub use routes::{External, configure, told};

/// One such channel.
#[derive(Clone, Debug)]
pub struct ExternalSettings {
    /// The channel; stands in the path that RapidPro calls.
    pub id: ChannelId,
    /// Where those wait whom RapidPro speaks for.
    pub workgroup: WorkgroupName,
    /// The value of `Authorization` that RapidPro sends.
    pub secret: Secret,
    /// `https://HOST/c/ex/UUID`.
    pub courier_url: String,
    /// Whether the end of the wait ends the conversation.
    pub wait_ends: bool,
    /// A text of RapidPro that ends the conversation and is not shown.
    pub end_text: Option<String>,
    /// What runs after every talk, and the scheme of contacts.
    pub on_close: Option<(AfterTalk, String)>,
    /// What RapidPro hears as if the contact said it.
    pub texts: Texts,
    /// The same when the helpline ended the conversation. An empty one is not sent.
    pub closed_text: String,
}
