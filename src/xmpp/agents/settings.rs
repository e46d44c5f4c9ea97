//! Who serves where, and which words they answer with.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{AgentJid, ConversationId, WorkgroupName};
use crate::xmpp::address::Address;
use crate::xmpp::fastpath;

use super::Face;

/// What the parts of the seat that talk to agents have to know of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentsSettings {
    /// The component's domain.
    pub domain: String,
    /// The MUC service's domain.
    pub muc: String,
    /// The workgroups.
    pub workgroups: BTreeMap<WorkgroupName, Served>,
    /// The words that accept an offer, lower case; the first one is what agents are told.
    pub accept_words: Vec<String>,
    /// The words that reject an offer, lower case; the first one is what agents are told.
    pub reject_words: Vec<String>,
    /// Who may add, change and delete workgroups.
    pub admins: BTreeSet<AgentJid>,
    /// Whether the server lets the component send in its users' names.
    pub speaks_for_agents: bool,
    /// This program's version, told to whoever asks (XEP-0092).
    pub version: String,
}

/// One workgroup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Its name for people.
    pub title: String,
    /// Who serves in it.
    pub agents: BTreeSet<AgentJid>,
    /// Its queues besides the usual one.
    pub queues: Vec<String>,
    /// Who supervises it.
    pub supervisors: BTreeSet<AgentJid>,
    /// What it shows to visitors' clients.
    pub face: Face,
    /// Whether it was added by an administrator's command.
    pub added: bool,
}

impl AgentsSettings {
    /// Settings with the words that are usual.
    pub fn new(domain: &str, workgroups: BTreeMap<WorkgroupName, Served>) -> Self {
        let words = |all: [&str; 3]| all.map(str::to_owned).to_vec();
        Self {
            domain: domain.to_lowercase(),
            muc: String::new(),
            workgroups,
            accept_words: words(["accept", "1", "yes"]),
            reject_words: words(["reject", "2", "no"]),
            admins: BTreeSet::new(),
            speaks_for_agents: false,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The word that accepts, as agents are told it.
    pub fn accept_word(&self) -> &str {
        self.accept_words.first().map_or("accept", String::as_str)
    }

    /// The word that rejects, as agents are told it.
    pub fn reject_word(&self) -> &str {
        self.reject_words.first().map_or("reject", String::as_str)
    }

    /// A workgroup's name for people.
    pub fn title<'a>(&'a self, workgroup: &'a WorkgroupName) -> &'a str {
        let served = self.workgroups.get(&workgroup.home());
        served.map_or(workgroup.as_str(), |served| &served.title)
    }

    /// A workgroup's bare JID.
    pub fn jid(&self, workgroup: &WorkgroupName) -> String {
        format!("{}@{}", workgroup.local(), self.domain)
    }

    /// A queue of a workgroup, by the name that it bears on the wire.
    pub fn queue(&self, workgroup: &WorkgroupName, queue: &str) -> Option<WorkgroupName> {
        let lines = self.lines(workgroup);
        let named = |line: &WorkgroupName| line.queue_name().unwrap_or(fastpath::QUEUE) == queue;
        lines.into_iter().find(named)
    }

    /// The lines of a workgroup: its own and those of its queues.
    pub fn lines(&self, workgroup: &WorkgroupName) -> Vec<WorkgroupName> {
        let Some(served) = self.workgroups.get(workgroup) else {
            return Vec::new();
        };
        let queues = served.queues.iter();
        let queues = queues.map(|queue| WorkgroupName::queue(workgroup, queue));
        [workgroup.clone()].into_iter().chain(queues).collect()
    }

    /// Who is behind an address, if that is somebody who serves in any workgroup. An agent can
    /// be asked by a workgroup that is not the agent's own, and answers it.
    pub fn agent(&self, address: &Address) -> Option<AgentJid> {
        let agent = AgentJid::parse(&address.bare())?;
        let mut all = self.workgroups.values();
        all.any(|served| served.agents.contains(&agent))
            .then_some(agent)
    }

    /// Who is behind an address, if that is somebody who serves in this workgroup.
    pub fn agent_of(&self, workgroup: &WorkgroupName, address: &Address) -> Option<AgentJid> {
        let agent = AgentJid::parse(&address.bare())?;
        let served = self.workgroups.get(workgroup)?;
        served.agents.contains(&agent).then_some(agent)
    }

    /// The workgroups that an agent serves in.
    pub fn workgroups_of<'a>(
        &'a self,
        agent: &'a AgentJid,
    ) -> impl Iterator<Item = &'a WorkgroupName> {
        self.workgroups
            .iter()
            .filter(move |(_, served)| served.agents.contains(agent))
            .map(|(name, _)| name)
    }

    /// Whether an address is one of the component's own mouths: a workgroup, a visitor, the domain.
    /// Users of our domain are people like others.
    pub fn is_own_service(&self, address: &Address) -> bool {
        address.domain == self.domain && self.place(address) != Place::Nobody
    }

    /// Whose address this is.
    pub fn place(&self, address: &Address) -> Place {
        if address.domain != self.domain {
            return Place::Nobody;
        }
        let Some(local) = &address.local else {
            return Place::Domain;
        };
        let name = WorkgroupName::new(local.as_str());
        if self.workgroups.contains_key(&name) {
            return Place::Workgroup(name);
        }
        fastpath::visitor_of(address).map_or(Place::Nobody, Place::Visitor)
    }
}

/// Whose an address of the component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The service's as a whole.
    Domain,
    /// A workgroup's.
    Workgroup(WorkgroupName),
    /// A visitor's; whether there is such a conversation is not known here.
    Visitor(ConversationId),
    /// Nobody's.
    Nobody,
}
