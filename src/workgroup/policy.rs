//! What the configuration says of workgroups, in the terms that the rules need.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::ids::{AgentJid, WorkgroupName};

use super::Routing;

/// What those are called in what agents read who have no name of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The visitor; the pseudonym where it is empty.
    pub visitor: String,
    /// The bot.
    pub bot: String,
}

impl Default for Labels {
    fn default() -> Self {
        Self {
            visitor: String::new(),
            bot: "Bot".to_owned(),
        }
    }
}

/// All rules that the pure rooms follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The workgroups.
    pub workgroups: BTreeMap<WorkgroupName, WorkgroupPolicy>,
    /// How long a conversation is remembered after its end.
    pub keep: Duration,
    /// How long a platform's message id is remembered.
    pub remember_ids: Duration,
    /// How long what was said before a conversation is kept.
    pub context: Duration,
    /// The time zone in which agents are shown dates.
    pub zone: jiff::tz::TimeZone,
    /// What visitors and bots are called in what agents read.
    pub labels: Labels,
}

impl Policy {
    /// The workgroups that an agent serves in.
    pub fn workgroups_of<'a>(
        &'a self,
        agent: &'a AgentJid,
    ) -> impl Iterator<Item = &'a WorkgroupName> {
        self.workgroups
            .iter()
            .filter(move |(_, workgroup)| workgroup.agents.contains_key(agent))
            .map(|(name, _)| name)
    }

    /// Every configured agent.
    pub fn agents(&self) -> BTreeSet<&AgentJid> {
        self.workgroups
            .values()
            .flat_map(|workgroup| workgroup.agents.keys())
            .collect()
    }
}

/// The rules of one workgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkgroupPolicy {
    /// Its name for people.
    pub title: String,
    /// Who serves in it, each with the pseudonym that visitors see, if any.
    pub agents: BTreeMap<AgentJid, Option<String>>,
    /// Who else may enter its rooms.
    pub supervisors: BTreeSet<AgentJid>,
    /// How many conversations an agent may have at once, over all workgroups.
    pub max_chats: u32,
    /// How long an agent has to answer an offer.
    pub offer_timeout: Duration,
    /// How long a visitor waits before being told that nobody came; `None` waits for ever.
    pub request_timeout: Option<Duration>,
    /// How long an agent who refused a request, or let it lapse, is not asked for it again.
    pub rejection_pause: Duration,
    /// How long an agent who accepted has to enter the room.
    pub join_timeout: Duration,
    /// How long an agent who left the room has to come back.
    pub agent_return: Duration,
    /// After how much silence a conversation ends; `None` never.
    pub idle_close: Option<Duration>,
    /// Where its requests go.
    pub routing: Routing,
    /// Whose it is, where it is not ours: then nobody here serves in it.
    pub elsewhere: Option<Elsewhere>,
}

/// A workgroup of somebody else's Fastpath service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its bare JID.
    pub address: String,
    /// Whether a conversation ends when the last agent leaves its room and does not come back, as
    /// agents at Fastpath's clients end one; else another agent is looked for.
    pub leaving_ends: bool,
}
