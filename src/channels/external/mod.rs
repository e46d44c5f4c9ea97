//! RapidPro's "External API" channel: RapidPro sends us what its flows say to a contact, and hears
//! from us what the contact says and how far its messages have come (reference: courier `EX`).

mod carrier;
mod routes;
pub mod wire;

use crate::ids::{ChannelId, WorkgroupName};

use super::Secret;
use super::api::Api;

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
    /// Where a flow runs after every talk: the API, the flow, the scheme of contacts.
    pub on_close: Option<(Api, String, String)>,
    /// What RapidPro hears as if the contact said it. An empty one is not sent.
    pub texts: Texts,
}

/// Sentences for RapidPro.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// An agent has come.
    pub agent_joined: String,
    /// The agent is gone.
    pub agent_lost: String,
    /// Nobody took the request in time.
    pub nobody_came: String,
    /// The helpline ended the conversation.
    pub closed: String,
}
