//! Brings requests and agents together: one offer a request, one offer an agent, in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};

use super::agent::Agent;
use super::index::Index;
use super::ranks::Ranks;
use super::{Offer, Policy, Request};

/// Everybody who waits and everybody who serves, over all workgroups.
#[derive(Debug)]
pub struct Dispatch {
    pub(super) policy: Arc<Policy>,
    pub(super) agents: BTreeMap<AgentJid, Agent>,
    pub(super) requests: BTreeMap<ConversationId, Request>,
    pub(super) lines: BTreeMap<WorkgroupName, Ranks>,
    pub(super) turns: u64,
    pub(super) unverified_until: Option<Timestamp>,
    pub(super) index: Index,
    pub(super) changed: Changed,
}

/// What changed since requests and agents were last brought together.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub agents: BTreeSet<AgentJid>,
    pub requests: BTreeSet<ConversationId>,
    /// The rules did: whatever was true of anybody may be so no more.
    pub rules: bool,
}

impl Changed {
    fn nothing(&self) -> bool {
        !self.rules && self.agents.is_empty() && self.requests.is_empty()
    }
}

/// How an offer ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfOffer {
    /// It was not answered in time.
    Lapsed,
    /// The agent vanished.
    AgentGone,
    /// The agent serves here no more.
    ServesNoMore,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// An agent is to be asked; `again` repeats an offer that the agent may have missed.
    Ask {
        /// The conversation.
        conversation: ConversationId,
        /// The offer.
        offer: Offer,
        /// Whether the agent was asked before.
        again: bool,
    },
    /// An agent's offer is over.
    Unask {
        /// The conversation.
        conversation: ConversationId,
        /// The workgroup that had offered.
        workgroup: WorkgroupName,
        /// The offer.
        offer: Offer,
        /// Why.
        why: EndOfOffer,
    },
    /// A request waited for too long in its line and stands in another one now.
    Moved {
        /// The conversation.
        conversation: ConversationId,
        /// Where it waited.
        from: WorkgroupName,
        /// Where it waits.
        to: WorkgroupName,
    },
    /// A request was to go on to another line, which is not there: it waits on where it is.
    Stays(ConversationId),
    /// Nobody took the request in time. It has left the line.
    NobodyCame(ConversationId, Box<Request>),
    /// Clients of this agent did not answer after the link came back, and are forgotten.
    Forgotten(AgentJid),
}

/// Why an answer to an offer changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// No such offer is open to this agent.
    NoSuchOffer,
}

impl Dispatch {
    /// Nobody waits, nobody serves.
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            policy,
            agents: BTreeMap::new(),
            requests: BTreeMap::new(),
            lines: BTreeMap::new(),
            turns: 0,
            unverified_until: None,
            index: Index::default(),
            changed: Changed::default(),
        }
    }

    /// The rules changed.
    pub fn set_policy(&mut self, policy: Arc<Policy>) {
        self.policy = policy;
        self.changed.rules = true;
    }

    /// A request joins the line, behind those who joined it in the same instant.
    pub fn join(&mut self, conversation: ConversationId, mut request: Request) {
        self.leave(&conversation);
        let line = self.lines.get(&request.workgroup);
        let last = line.and_then(|line| line.last_of(request.place, request.since));
        request.nth = last.map_or(0, |nth| nth.saturating_add(1));
        self.enqueue(conversation, request);
    }

    /// A request comes back to the line as it was stored.
    pub fn enqueue(&mut self, conversation: ConversationId, request: Request) {
        self.leave(&conversation);
        if let Some(offer) = &request.offer {
            let agent = self.agents.entry(offer.agent.clone()).or_default();
            agent.offered = Some(conversation.clone());
            agent.repeat = true;
            self.changed.agents.insert(offer.agent.clone());
        }
        self.lines
            .entry(request.workgroup.clone())
            .or_default()
            .insert(request.rank(&conversation));
        self.requests.insert(conversation.clone(), request);
        self.request_changed(conversation);
    }

    fn request_changed(&mut self, conversation: ConversationId) {
        let request = self.requests.get(&conversation);
        self.index.file(&conversation, request);
        self.changed.requests.insert(conversation);
    }

    /// A request leaves the line, whatever its state. The offer that was out is in what returns.
    pub fn leave(&mut self, conversation: &ConversationId) -> Option<Request> {
        let request = self.requests.remove(conversation)?;
        if let Some(line) = self.lines.get_mut(&request.workgroup) {
            line.remove(&request.rank(conversation));
        }
        if let Some(offer) = &request.offer {
            self.free(&offer.agent);
        }
        self.index.file(conversation, None);
        self.changed.requests.remove(conversation);
        Some(request)
    }

    /// Opens a request that was meant for one agent to all but those who pause, after its
    /// conversation lost its agent.
    pub fn open_to_all(
        &mut self,
        conversation: &ConversationId,
        pauses: BTreeMap<AgentJid, Timestamp>,
    ) {
        let Some(request) = self.requests.get_mut(conversation) else {
            return;
        };
        request.only = None;
        request.except = None;
        request.handed = None;
        for (agent, until) in pauses {
            let known = request.pauses.entry(agent).or_insert(until);
            *known = until.max(*known);
        }
        self.request_changed(conversation.clone());
    }

    /// The request of a conversation.
    pub fn request(&self, conversation: &ConversationId) -> Option<&Request> {
        self.requests.get(conversation)
    }

    /// An agent takes the offer that the agent holds. The request leaves the line and the agent
    /// has the conversation.
    pub fn accept(
        &mut self,
        agent: &AgentJid,
        conversation: Option<&ConversationId>,
    ) -> Result<(ConversationId, Request), AnswerError> {
        let held = self.held(agent, conversation)?;
        let request = self.leave(&held).ok_or(AnswerError::NoSuchOffer)?;
        self.took(agent, &held);
        Ok((held, request))
    }

    /// An agent refuses the offer that the agent holds, and is not asked for it again for a while.
    pub fn reject(
        &mut self,
        now: Timestamp,
        agent: &AgentJid,
        conversation: Option<&ConversationId>,
    ) -> Result<ConversationId, AnswerError> {
        let held = self.held(agent, conversation)?;
        self.end_offer(&held, Some(now));
        Ok(held)
    }

    fn held(
        &self,
        agent: &AgentJid,
        conversation: Option<&ConversationId>,
    ) -> Result<ConversationId, AnswerError> {
        let held = self.offer_of(agent).ok_or(AnswerError::NoSuchOffer)?;
        if conversation.is_some_and(|named| named != held) {
            return Err(AnswerError::NoSuchOffer);
        }
        Ok(held.clone())
    }

    fn free(&mut self, jid: &AgentJid) {
        if let Some(agent) = self.agents.get_mut(jid) {
            agent.offered = None;
            agent.repeat = false;
        }
        self.changed.agents.insert(jid.clone());
    }

    /// Ends the offer of a request; with `pause_from` the agent is not asked for it again for a
    /// while.
    fn end_offer(
        &mut self,
        conversation: &ConversationId,
        pause_from: Option<Timestamp>,
    ) -> Option<Offer> {
        let request = self.requests.get_mut(conversation)?;
        let offer = request.offer.take()?;
        let policy = self.policy.workgroups.get(&request.workgroup);
        if let (Some(now), Some(policy)) = (pause_from, policy) {
            let until = now.plus(policy.rejection_pause);
            request.pauses.insert(offer.agent.clone(), until);
        }
        self.free(&offer.agent);
        self.request_changed(conversation.clone());
        Some(offer)
    }

    /// Carries out everything that is due: ends offers, ends waits, asks agents. Afterwards no
    /// request waits unasked while an agent could be asked for it.
    pub fn settle(&mut self, now: Timestamp) -> Vec<Decision> {
        if self.changed.nothing() && self.next_deadline().is_none_or(|next| next > now) {
            return Vec::new();
        }
        if std::mem::take(&mut self.changed.rules) {
            self.changed.agents.extend(self.agents.keys().cloned());
            self.changed.requests.extend(self.requests.keys().cloned());
        }
        let dropped = self.drop_unverified(now);
        let mut decisions: Vec<Decision> = dropped.into_iter().map(Decision::Forgotten).collect();
        self.end_offers(now, &mut decisions);
        self.move_on(now, &mut decisions);
        if self.end_waits(now, &mut decisions) {
            // Some of these go on waiting, in their old places: nobody is asked before that.
            return decisions;
        }
        self.repeat_offers(&mut decisions);
        self.ask(now, &mut decisions);
        decisions
    }

    /// When [`Dispatch::settle`] has next something to do by itself.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let due = self.index.next_due().into_iter();
        due.chain(self.unverified_until).min()
    }

    /// Ends the offers that are due, and of those that changed the ones that cannot stand.
    fn end_offers(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let due: Vec<ConversationId> = self.index.due(now).cloned().collect();
        let agents = self.changed.agents.iter();
        let held = agents.filter_map(|agent| self.offer_of(agent));
        let changed = self.changed.requests.iter().chain(held);
        let looked_at: BTreeSet<ConversationId> = changed.chain(&due).cloned().collect();
        for conversation in looked_at {
            let Some(request) = self.requests.get(&conversation) else {
                continue;
            };
            let workgroup = request.workgroup.clone();
            let Some(why) = self.end_of_offer(request, now) else {
                continue;
            };
            let pause_from = (why == EndOfOffer::Lapsed).then_some(now);
            if let Some(offer) = self.end_offer(&conversation, pause_from) {
                decisions.push(Decision::Unask {
                    conversation,
                    workgroup,
                    offer,
                    why,
                });
            }
        }
        self.end_pauses(now);
    }

    fn end_pauses(&mut self, now: Timestamp) {
        let due: Vec<ConversationId> = self.index.due(now).cloned().collect();
        for id in due {
            if let Some(request) = self.requests.get_mut(&id) {
                request.pauses.retain(|_, until| *until > now);
            }
            self.request_changed(id);
        }
    }

    fn end_of_offer(&self, request: &Request, now: Timestamp) -> Option<EndOfOffer> {
        let offer = request.offer.as_ref()?;
        let serves = self.may_serve(request, &offer.agent);
        let there = self
            .agents
            .get(&offer.agent)
            .is_some_and(|agent| !agent.record.resources.is_empty());
        if !serves {
            Some(EndOfOffer::ServesNoMore)
        } else if !there {
            Some(EndOfOffer::AgentGone)
        } else if offer.until <= now {
            Some(EndOfOffer::Lapsed)
        } else {
            None
        }
    }

    /// Tells whether a wait ended.
    fn end_waits(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) -> bool {
        let ends = |id: &&ConversationId| {
            let until = self.requests.get(*id).and_then(|request| request.until);
            until.is_some_and(|until| until <= now)
        };
        // Of those that end together the one of the first id comes first, whenever they are due.
        let over: BTreeSet<ConversationId> = self.index.due(now).filter(ends).cloned().collect();
        let any = !over.is_empty();
        for id in over {
            if let Some(request) = self.leave(&id) {
                decisions.push(Decision::NobodyCame(id, Box::new(request)));
            }
        }
        any
    }

    fn repeat_offers(&mut self, decisions: &mut Vec<Decision>) {
        for agent in &self.changed.agents {
            let Some(agent) = self.agents.get_mut(agent) else {
                continue;
            };
            let Some(to) = agent.contact().filter(|_| agent.repeat) else {
                continue;
            };
            agent.repeat = false;
            let Some(conversation) = agent.offered.clone() else {
                continue;
            };
            let offer = self
                .requests
                .get_mut(&conversation)
                .and_then(|request| request.offer.as_mut());
            if let Some(offer) = offer {
                offer.to = to;
                decisions.push(Decision::Ask {
                    conversation,
                    offer: offer.clone(),
                    again: true,
                });
            }
        }
    }
}
