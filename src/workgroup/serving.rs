//! What becomes known of agents: their clients, their pauses, their conversations.

use crate::ids::{AgentJid, ConversationId, Timestamp};

use super::agent::Agent;
use super::dispatch::{Decision, Dispatch};
use super::routing::MOST_MOVES;
use super::{AgentRecord, Contact, Resource, Show};

impl Dispatch {
    /// Takes an agent as stored; its clients count only when they are seen again.
    pub fn restore_agent(&mut self, agent: AgentJid, record: AgentRecord) {
        self.turns = self.turns.max(record.turn);
        self.changed.agents.insert(agent.clone());
        self.agents.insert(agent, Agent::from_record(record));
    }

    /// What is to be stored of an agent.
    pub fn agent_record(&self, agent: &AgentJid) -> AgentRecord {
        self.agents
            .get(agent)
            .map(|agent| agent.record.clone())
            .unwrap_or_default()
    }

    /// A client of an agent is there in this state. Tells whether that is news worth storing.
    pub fn seen(&mut self, agent: &AgentJid, resource: &str, state: Resource) -> bool {
        let entry = self.agents.entry(agent.clone()).or_default();
        let news = entry.record.resources.get(resource) != Some(&state);
        let verified = entry.verified.insert(resource.to_owned());
        if news {
            entry.record.resources.insert(resource.to_owned(), state);
        }
        if news || verified {
            self.changed.agents.insert(agent.clone());
        }
        news
    }

    /// A client of an agent is there, as it was last known but for what it shows now. Tells whether
    /// that is news worth storing.
    pub fn alive(&mut self, agent: &AgentJid, resource: &str, shows: Option<(Show, i8)>) -> bool {
        let agents = &self.agents;
        let known = agents
            .get(agent)
            .and_then(|entry| entry.record.resources.get(resource));
        let state = match (known.cloned(), shows) {
            (Some(known), None) => known,
            (Some(known), Some((show, priority))) => Resource {
                show,
                priority,
                ..known
            },
            (None, Some((show, priority))) => Resource {
                show,
                priority,
                fastpath: false,
                max_chats: None,
            },
            (None, None) => return false,
        };
        self.seen(agent, resource, state)
    }

    /// A client of an agent, or every one, is gone. Tells whether that is news.
    pub fn gone(&mut self, agent: &AgentJid, resource: Option<&str>) -> bool {
        let Some(entry) = self.agents.get_mut(agent) else {
            return false;
        };
        let before = entry.record.resources.len();
        match resource {
            Some(resource) => {
                entry.record.resources.remove(resource);
                entry.verified.remove(resource);
            }
            None => {
                entry.record.resources.clear();
                entry.verified.clear();
            }
        }
        let news = entry.record.resources.len() != before;
        // Another client of the agent, that stays, has not seen the offer.
        let held = entry.offered.as_ref().and_then(|id| self.requests.get(id));
        let offer = held.and_then(|request| request.offer.as_ref());
        entry.repeat |= offer.is_some_and(|offer| Some(offer.to.resource.as_str()) == resource);
        if news {
            self.changed.agents.insert(agent.clone());
        }
        news
    }

    /// The link is gone: nothing is known of any client now.
    pub fn link_lost(&mut self) {
        for agent in self.agents.values_mut() {
            agent.verified.clear();
            agent.repeat = agent.offered.is_some();
        }
        self.unverified_until = None;
        self.changed.agents.extend(self.agents.keys().cloned());
    }

    /// The link stands: clients that are not heard of until `until` are taken for gone.
    pub fn link_found(&mut self, until: Timestamp) {
        self.unverified_until = Some(until);
    }

    /// Stops or resumes offers. Tells whether that is news.
    pub fn pause(&mut self, agent: &AgentJid, paused: bool) -> bool {
        let entry = self.agents.entry(agent.clone()).or_default();
        let news = entry.record.paused != paused;
        entry.record.paused = paused;
        if news {
            self.changed.agents.insert(agent.clone());
        }
        news
    }

    /// The agent has one conversation more.
    pub fn took(&mut self, agent: &AgentJid, conversation: &ConversationId) {
        let entry = self.agents.entry(agent.clone()).or_default();
        entry.chats.insert(conversation.clone());
        self.changed.agents.insert(agent.clone());
    }

    /// The agent has one conversation less; it moves the agent to the end of the turn. Tells
    /// whether the agent had it.
    pub fn let_go(&mut self, agent: &AgentJid, conversation: &ConversationId) -> bool {
        let turn = self.next_turn();
        let Some(entry) = self.agents.get_mut(agent) else {
            return false;
        };
        let had = entry.chats.remove(conversation);
        if had {
            entry.record.turn = turn;
            self.changed.agents.insert(agent.clone());
        }
        had
    }

    /// The agent took a conversation only to come in beside whoever serves: it is none of the
    /// agent's, and no turn of the agent ends.
    pub fn only_joined(&mut self, agent: &AgentJid, conversation: &ConversationId) {
        if let Some(entry) = self.agents.get_mut(agent) {
            entry.chats.remove(conversation);
            self.changed.agents.insert(agent.clone());
        }
    }

    /// The conversations that an agent has.
    pub fn chats_of(&self, agent: &AgentJid) -> Vec<ConversationId> {
        self.agents
            .get(agent)
            .map(|agent| agent.chats.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// The offer that an agent holds.
    pub fn offer_of(&self, agent: &AgentJid) -> Option<&ConversationId> {
        self.agents.get(agent)?.offered.as_ref()
    }

    /// Where to reach an agent, if a client is known to be there.
    pub fn contact(&self, agent: &AgentJid) -> Option<Contact> {
        self.agents.get(agent)?.contact()
    }

    /// Whether the agent has asked for a pause.
    pub fn is_paused(&self, agent: &AgentJid) -> bool {
        self.agents
            .get(agent)
            .is_some_and(|agent| agent.record.paused)
    }

    /// Whether any agent of the workgroup is online, as far as is known; being busy or full does
    /// not count against it.
    pub fn anyone_online(&self, workgroup: &crate::ids::WorkgroupName) -> bool {
        self.policy
            .workgroups
            .get(workgroup)
            .is_some_and(|workgroup| {
                workgroup.agents.keys().any(|jid| {
                    self.agents
                        .get(jid)
                        .is_some_and(|agent| agent.seems_available())
                })
            })
    }

    /// How many agents of a workgroup would answer an offer now, going by their presence.
    pub fn available(&self, workgroup: &crate::ids::WorkgroupName) -> usize {
        let policy = self.policy.workgroups.get(workgroup);
        let agents = policy.into_iter().flat_map(|policy| policy.agents.keys());
        agents
            .filter_map(|jid| self.agents.get(jid))
            .filter(|agent| agent.is_available())
            .count()
    }

    /// The Fastpath clients, known to be there, of a workgroup's agents.
    pub fn fastpath_clients(
        &self,
        workgroup: &crate::ids::WorkgroupName,
    ) -> Vec<(AgentJid, String)> {
        let policy = self.policy.workgroups.get(workgroup);
        let agents = policy.into_iter().flat_map(|policy| policy.agents.keys());
        agents
            .filter_map(|jid| self.agents.get_key_value(jid))
            .flat_map(|(jid, agent)| {
                let speaks = |name: &&String| {
                    let resource = agent.record.resources.get(*name);
                    resource.is_some_and(|resource| resource.fastpath)
                };
                let clients = agent.verified.iter().filter(speaks);
                clients.map(|name| (jid.clone(), name.clone()))
            })
            .collect()
    }

    /// Puts requests into the lines that theirs lead to after so long a wait.
    pub(super) fn move_on(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let moves = |id: &&ConversationId| {
            let request = self.requests.get(*id).filter(|one| one.offer.is_none());
            let at = request.and_then(|request| request.moves_at);
            at.is_some_and(|at| at <= now)
        };
        let due: Vec<ConversationId> = self.index.due(now).filter(moves).cloned().collect();
        for conversation in due {
            let Some(mut request) = self.leave(&conversation) else {
                continue;
            };
            let from = request.workgroup.clone();
            let group = self.policy.workgroups.get(&from);
            let overflow = group.and_then(|group| group.routing.overflow.as_ref());
            let to = overflow.map(|overflow| overflow.to.clone());
            let to = to.filter(|to| self.policy.workgroups.contains_key(to));
            request.moves_at = None;
            if let Some(to) = &to {
                request.workgroup.clone_from(to);
                request.moves = request.moves.saturating_add(1);
                if request.moves < MOST_MOVES {
                    request.moves_at = self.policy.moves_at(to, now);
                }
            }
            self.enqueue(conversation.clone(), request);
            decisions.push(match to {
                Some(to) => Decision::Moved {
                    conversation,
                    from,
                    to,
                },
                None => Decision::Stays(conversation),
            });
        }
    }

    /// Forgets clients that did not answer after the link came back.
    pub(super) fn drop_unverified(&mut self, now: Timestamp) -> Vec<AgentJid> {
        if self.unverified_until.is_none_or(|until| until > now) {
            return Vec::new();
        }
        self.unverified_until = None;
        let mut dropped = Vec::new();
        for (jid, agent) in &mut self.agents {
            let before = agent.record.resources.len();
            let verified = &agent.verified;
            agent
                .record
                .resources
                .retain(|name, _| verified.contains(name));
            if agent.record.resources.len() != before {
                dropped.push(jid.clone());
                self.changed.agents.insert(jid.clone());
            }
        }
        dropped
    }

    pub(super) fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }
}
