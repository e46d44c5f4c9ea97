//! Who is in a room besides our own occupants.

use std::collections::BTreeMap;

use crate::ids::AgentJid;

/// Occupants by nickname. Several resources of one agent, under one nickname or several, are one.
#[derive(Debug, Default)]
pub(super) struct Occupants {
    inside: BTreeMap<String, Option<AgentJid>>,
    /// Whose a nickname is or was last, for messages that tell only the nickname.
    named: BTreeMap<String, AgentJid>,
}

impl Occupants {
    /// Nobody is known to be inside; names are kept.
    pub(super) fn forget(&mut self) {
        self.inside.clear();
    }

    /// An occupant is there. Tells who has come in by that, if somebody has.
    pub(super) fn came(&mut self, nick: &str, agent: Option<AgentJid>) -> Option<AgentJid> {
        let news = agent.as_ref().filter(|agent| !self.has(agent)).cloned();
        if let Some(agent) = &agent {
            self.named.insert(nick.to_owned(), agent.clone());
        }
        self.inside.insert(nick.to_owned(), agent);
        news
    }

    /// An occupant is gone. Tells who has left by that, if somebody has.
    pub(super) fn went(&mut self, nick: &str) -> Option<AgentJid> {
        let agent = self.inside.remove(nick)??;
        (!self.has(&agent)).then_some(agent)
    }

    /// An occupant has another nickname now (XEP-0045 §7.6); nobody came or left.
    pub(super) fn renamed(&mut self, old: &str, new: &str) {
        if let Some(agent) = self.inside.remove(old) {
            self.came(new, agent);
        }
    }

    pub(super) fn has(&self, agent: &AgentJid) -> bool {
        self.inside.values().flatten().any(|other| other == agent)
    }

    /// Whether somebody sits there under this nickname.
    pub(super) fn sits(&self, nick: &str) -> bool {
        self.inside.contains_key(nick)
    }

    /// Each agent inside once, with a nickname.
    pub(super) fn agents(&self) -> Vec<(AgentJid, String)> {
        let mut agents = BTreeMap::new();
        for (nick, agent) in &self.inside {
            if let Some(agent) = agent {
                agents.entry(agent.clone()).or_insert_with(|| nick.clone());
            }
        }
        agents.into_iter().collect()
    }

    /// The nicknames of an agent.
    pub(super) fn nicks(&self, agent: &AgentJid) -> Vec<String> {
        let owned = self
            .inside
            .iter()
            .filter(|(_, other)| other.as_ref() == Some(agent));
        owned.map(|(nick, _)| nick.clone()).collect()
    }

    /// Whose nickname it is, or was last.
    pub(super) fn agent_of(&self, nick: &str) -> Option<AgentJid> {
        match self.inside.get(nick) {
            Some(agent) => agent.clone(),
            None => self.named.get(nick).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ana() -> Option<AgentJid> {
        AgentJid::parse("ana@acme.example")
    }

    #[test]
    fn an_agent_comes_with_the_first_and_leaves_with_the_last_nickname() {
        let mut inside = Occupants::default();
        assert_eq!(inside.came("Ana", ana()), ana());
        assert_eq!(inside.came("Ana", ana()), None);
        assert_eq!(inside.came("Ana at home", ana()), None);
        assert_eq!(inside.came("nobody knows", None), None);
        assert_eq!(inside.agents(), [(ana().unwrap(), "Ana".to_owned())]);
        assert_eq!(inside.went("Ana"), None);
        inside.renamed("Ana at home", "A");
        assert_eq!(inside.agent_of("A"), ana());
        assert_eq!(inside.agent_of("Ana"), ana());
        assert_eq!(inside.went("A"), ana());
        assert_eq!(inside.went("A"), None);
        assert_eq!(inside.went("nobody knows"), None);
    }
}
