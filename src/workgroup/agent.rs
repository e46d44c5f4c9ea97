//! An agent: which clients are there, how busy the agent is, and whose turn it is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::ConversationId;

/// What an XMPP client says of its user's state (RFC 6121 §4.7.2.1), best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// Wants to talk.
    Chat,
    /// Is there.
    Online,
    /// Is away for a moment.
    Away,
    /// Is away for longer.
    ExtendedAway,
    /// Does not want to be disturbed.
    DoNotDisturb,
}

impl Show {
    /// Whether offers may come: `chat` and plain online only (Fastpath's rule too).
    pub fn takes_offers(self) -> bool {
        matches!(self, Self::Chat | Self::Online)
    }
}

/// One connected client of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The user's state.
    pub show: Show,
    /// The presence's priority.
    pub priority: i8,
    /// Whether the client speaks Fastpath: it sent `agent-status` to the workgroup.
    pub fastpath: bool,
    /// The most conversations that the client's user wants; only Fastpath clients say so.
    pub max_chats: Option<u32>,
}

/// Where an offer goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The full JID's resource part.
    pub resource: String,
    /// Whether it speaks Fastpath.
    pub fastpath: bool,
}

/// What is stored of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRecord {
    /// The clients last known, to be asked whether they are still there.
    pub resources: BTreeMap<String, Resource>,
    /// Whether the agent wants no offers.
    pub paused: bool,
    /// When the agent last had a turn, as a count of turns; 0 for never.
    pub turn: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Agent {
    pub record: AgentRecord,
    /// Those of `record.resources` that were heard of since the link last came up.
    pub verified: BTreeSet<String>,
    pub chats: BTreeSet<ConversationId>,
    pub offered: Option<ConversationId>,
    /// The link was lost while an offer stood: it is to be repeated when the agent is seen.
    pub repeat: bool,
}

impl Agent {
    pub fn from_record(record: AgentRecord) -> Self {
        Self {
            record,
            ..Self::default()
        }
    }

    /// The best verified client: the state first, then the priority, then a steady order.
    pub fn best(&self) -> Option<(&String, &Resource)> {
        self.record
            .resources
            .iter()
            .filter(|(name, _)| self.verified.contains(*name))
            .min_by_key(|(name, resource)| {
                (resource.show, std::cmp::Reverse(resource.priority), *name)
            })
    }

    pub fn contact(&self) -> Option<Contact> {
        let (name, resource) = self.best()?;
        Some(Contact {
            resource: name.clone(),
            fastpath: resource.fastpath,
        })
    }

    /// Whether the agent would answer an offer, going by what is verified.
    pub fn is_available(&self) -> bool {
        !self.record.paused
            && self
                .best()
                .is_some_and(|(_, resource)| resource.show.takes_offers())
    }

    /// Whether the agent was last known to take offers, verified or not.
    pub fn seems_available(&self) -> bool {
        !self.record.paused
            && self
                .record
                .resources
                .values()
                .any(|resource| resource.show.takes_offers())
    }

    pub fn limit(&self, workgroup_max: u32) -> u32 {
        self.best()
            .and_then(|(_, resource)| resource.max_chats)
            .map_or(workgroup_max, |own| own.min(workgroup_max))
    }

    pub fn has_room(&self, workgroup_max: u32) -> bool {
        u32::try_from(self.chats.len()).unwrap_or(u32::MAX) < self.limit(workgroup_max)
    }
}
