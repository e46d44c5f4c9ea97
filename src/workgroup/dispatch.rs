//! Brings requests and agents together: one offer a request, one offer an agent, in turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};

use super::agent::Agent;
use super::line::Line;
use super::{Offer, Policy, Request};

/// Everybody who waits and everybody who serves, over all workgroups.
#[derive(Debug)]
pub struct Dispatch {
    pub(super) policy: Arc<Policy>,
    pub(super) agents: BTreeMap<AgentJid, Agent>,
    pub(super) requests: BTreeMap<ConversationId, Request>,
    pub(super) lines: BTreeMap<WorkgroupName, Line>,
    pub(super) turns: u64,
    pub(super) unverified_until: Option<Timestamp>,
    /// Something changed since requests and agents were last brought together.
    pub(super) stale: bool,
    next: Option<Timestamp>,
}

/// How an offer ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfOffer {
    /// It was not answered in time.
    Lapsed,
    /// The agent vanished or serves here no more.
    AgentGone,
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
    /// Nobody took the request in time. It has left the line.
    NobodyCame(ConversationId, Request),
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
            stale: true,
            next: None,
        }
    }

    /// The rules changed.
    pub fn set_policy(&mut self, policy: Arc<Policy>) {
        self.policy = policy;
        self.stale = true;
    }

    /// A request joins the line, or comes back to it as it was stored.
    pub fn enqueue(&mut self, conversation: ConversationId, request: Request) {
        self.leave(&conversation);
        if let Some(offer) = &request.offer {
            let agent = self.agents.entry(offer.agent.clone()).or_default();
            agent.offered = Some(conversation.clone());
            agent.repeat = true;
        }
        self.lines
            .entry(request.workgroup.clone())
            .or_default()
            .insert((request.place, request.since, conversation.clone()));
        self.requests.insert(conversation, request);
        self.stale = true;
    }

    /// A request leaves the line, whatever its state. The offer that was out is in what returns.
    pub fn leave(&mut self, conversation: &ConversationId) -> Option<Request> {
        let request = self.requests.remove(conversation)?;
        if let Some(line) = self.lines.get_mut(&request.workgroup) {
            line.remove(&(request.place, request.since, conversation.clone()));
        }
        if let Some(offer) = &request.offer {
            self.free(&offer.agent.clone());
        }
        self.stale = true;
        Some(request)
    }

    /// Opens a request that was meant for one agent to all, after its conversation lost `lost`.
    pub fn open_to_all(&mut self, now: Timestamp, conversation: &ConversationId, lost: AgentJid) {
        let Some(request) = self.requests.get_mut(conversation) else {
            return;
        };
        request.only = None;
        request.except = None;
        if let Some(policy) = self.policy.workgroups.get(&request.workgroup) {
            request
                .pauses
                .insert(lost, now.plus(policy.rejection_pause));
        }
        self.stale = true;
    }

    /// The request of a conversation.
    pub fn request(&self, conversation: &ConversationId) -> Option<&Request> {
        self.requests.get(conversation)
    }

    /// The conversations that wait in a workgroup, in order.
    pub fn line(&self, workgroup: &WorkgroupName) -> Vec<(&ConversationId, &Request)> {
        let line = self.lines.get(workgroup).into_iter().flatten();
        line.filter_map(|(_, _, id)| self.requests.get_key_value(id))
            .collect()
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

    fn free(&mut self, agent: &AgentJid) {
        if let Some(agent) = self.agents.get_mut(agent) {
            agent.offered = None;
            agent.repeat = false;
        }
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
        self.stale = true;
        Some(offer)
    }

    /// Carries out everything that is due: ends offers, ends waits, asks agents. Afterwards no
    /// request waits unasked while an agent could be asked for it.
    pub fn settle(&mut self, now: Timestamp) -> Vec<Decision> {
        if !self.stale && self.next.is_none_or(|next| next > now) {
            return Vec::new();
        }
        let dropped = self.drop_unverified(now);
        let mut decisions: Vec<Decision> = dropped.into_iter().map(Decision::Forgotten).collect();
        self.end_offers(now, &mut decisions);
        self.end_waits(now, &mut decisions);
        self.repeat_offers(&mut decisions);
        self.ask(now, &mut decisions);
        self.stale = false;
        self.next = self.compute_deadline();
        decisions
    }

    /// When [`Dispatch::settle`] has next something to do by itself.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if self.stale {
            self.compute_deadline()
        } else {
            self.next
        }
    }

    fn compute_deadline(&self) -> Option<Timestamp> {
        self.requests
            .values()
            .filter_map(Request::next_deadline)
            .chain(self.unverified_until)
            .min()
    }

    fn end_offers(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let over: Vec<(ConversationId, WorkgroupName, EndOfOffer)> = self
            .requests
            .iter()
            .filter_map(|(id, request)| {
                let why = self.end_of_offer(request, now)?;
                Some((id.clone(), request.workgroup.clone(), why))
            })
            .collect();
        for (conversation, workgroup, why) in over {
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
        for request in self.requests.values_mut() {
            request.pauses.retain(|_, until| *until > now);
        }
    }

    fn end_of_offer(&self, request: &Request, now: Timestamp) -> Option<EndOfOffer> {
        let offer = request.offer.as_ref()?;
        let serves = self.may_serve(request, &offer.agent);
        let there = self
            .agents
            .get(&offer.agent)
            .is_some_and(|agent| !agent.record.resources.is_empty());
        if !serves || !there {
            Some(EndOfOffer::AgentGone)
        } else if offer.until <= now {
            Some(EndOfOffer::Lapsed)
        } else {
            None
        }
    }

    fn end_waits(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let over: Vec<ConversationId> = self
            .requests
            .iter()
            .filter(|(_, request)| request.until.is_some_and(|until| until <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in over {
            if let Some(request) = self.leave(&id) {
                decisions.push(Decision::NobodyCame(id, request));
            }
        }
    }

    fn repeat_offers(&mut self, decisions: &mut Vec<Decision>) {
        for agent in self.agents.values_mut() {
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
