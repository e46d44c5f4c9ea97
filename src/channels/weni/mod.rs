//! Weni's generic ticketer: mailroom opens tickets with us and forwards what contacts say; we call
//! back with agents' words and the end (reference: weni generic ticketer).

mod carrier;
mod routes;
pub mod signature;
mod verdict;
pub mod wire;

use crate::bridge::Visitor;
use crate::channels::{AddressBook, HttpClient, Media};
use crate::config::{self, ChannelKind, OnRequestTimeout, Texts, WhenNoAgents};
use crate::engine::Handle;
use crate::ids::{ChannelId, VisitorToken, WorkgroupName};

pub use carrier::WeniCarrier;
pub use routes::{Weni, configure, told};

/// What routes and carriers stand on.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Where mailroom wants to be called.
    pub book: AddressBook,
    /// For calls.
    pub http: HttpClient,
    /// For links to files of both sides.
    pub media: Media,
    /// The one writer.
    pub engine: Handle,
}

/// One ticketer of one Weni project.
#[derive(Clone, Debug)]
pub struct WeniSettings {
    /// The channel.
    pub id: ChannelId,
    /// Where visitors wait for whose topic no other workgroup is named.
    pub workgroup: WorkgroupName,
    /// Whether a ticket is refused when no agent is online.
    pub refuse_without_agents: bool,
    /// Whether the end of the wait ends the conversation.
    pub wait_ends: bool,
    /// What visitors are told.
    pub texts: Texts,
    /// The kind's own keys.
    pub keys: config::Weni,
}

impl WeniSettings {
    /// Every channel of this kind.
    pub fn all(settings: &config::Settings) -> Vec<Self> {
        let ours = settings.channels.iter().filter_map(|channel| {
            let ChannelKind::Weni(keys) = &channel.kind else {
                return None;
            };
            Some(Self {
                id: ChannelId::new(channel.id.clone()),
                workgroup: WorkgroupName::new(channel.workgroup.clone()),
                refuse_without_agents: channel.when_no_agents == WhenNoAgents::Refuse,
                wait_ends: channel.on_request_timeout == OnRequestTimeout::Close,
                texts: channel.texts.clone(),
                keys: keys.as_ref().clone(),
            })
        });
        ours.collect()
    }

    /// The visitor of a ticket. A contact may have several tickets open at a time, and mailroom
    /// tells each of them what the contact says: each has a conversation of its own.
    pub fn visitor(&self, ticket: &str) -> Visitor {
        Visitor {
            channel: self.id.clone(),
            token: VisitorToken::new(ticket),
        }
    }
}
