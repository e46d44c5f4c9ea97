//! What comes from agents outside of rooms: presence, answers to offers, wishes.

use crate::conversation::{ClosedBy, Conversation, Room};
use crate::ids::{AgentJid, ConversationId, Timestamp};
use crate::workgroup::{Dispatch, Resource, Show};

use super::{Answer, Bridge, Event, Input, OfferOutcome, Refusal};

impl Bridge {
    /// What comes from agents outside of rooms.
    pub(super) fn of_agents(&mut self, now: Timestamp, input: Input) -> Answer {
        match input {
            Input::AgentSeen {
                agent,
                resource,
                state,
            } => self.agent_seen(&agent, &resource, state),
            Input::AgentAlive {
                agent,
                resource,
                shows,
            } => self.agent_alive(&agent, &resource, shows),
            Input::AgentGone { agent, resource } => self.agent_gone(&agent, resource.as_deref()),
            Input::OfferAnswered {
                agent,
                conversation,
                accept,
            } => self.offer_answered(now, &agent, (conversation.as_ref(), accept)),
            Input::AgentPaused { agent, paused } => self.agent_paused(&agent, paused),
            Input::AgentClosed {
                agent,
                conversation,
            } => self.agent_closed(now, &agent, conversation),
            Input::HandedOver {
                agent,
                conversation,
                wish,
            } => self.handed_over(now, (&agent, &conversation), wish),
            Input::Noted {
                agent,
                conversation,
                id,
                text,
            } => self.noted(now, (&agent, &conversation), (id, text)),
            Input::Watched {
                supervisor,
                conversation,
            } => self.watched(&supervisor, &conversation),
            // All others are taken elsewhere.
            _ => self.impossible("input of nobody"),
        }
    }

    pub(super) fn serves(&self, agent: &AgentJid) -> bool {
        self.policy.workgroups_of(agent).next().is_some()
    }

    pub(super) fn agent_seen(
        &mut self,
        agent: &AgentJid,
        resource: &str,
        state: Resource,
    ) -> Answer {
        if !self.serves(agent) {
            return Answer::Refused(Refusal::NotAnAgent);
        }
        self.came(agent, |dispatch| dispatch.seen(agent, resource, state))
    }

    /// Takes what is `news` of an agent who is there.
    fn came(&mut self, agent: &AgentJid, news: impl FnOnce(&mut Dispatch) -> bool) -> Answer {
        let was_here = self.dispatch.contact(agent).is_some();
        if news(&mut self.dispatch) {
            self.step.agents.insert(agent.clone());
            self.queues_of(agent);
        }
        if !was_here && self.dispatch.contact(agent).is_some() {
            self.invite_back(agent);
        }
        Answer::Done
    }

    /// Whoever comes back without a memory of the rooms, after a crash or to another machine, is
    /// invited to those where the agent is waited for.
    fn invite_back(&mut self, agent: &AgentJid) {
        for id in self.dispatch.chats_of(agent) {
            let Some(conversation) = self.conversations.get(&id) else {
                continue;
            };
            let waits = |room: &Room| room.ready && !room.inside.contains_key(agent);
            if conversation.room.as_ref().is_some_and(waits) {
                self.invite(&id, agent.clone());
            }
        }
    }

    pub(super) fn agent_alive(
        &mut self,
        agent: &AgentJid,
        resource: &str,
        shows: Option<(Show, i8)>,
    ) -> Answer {
        if !self.serves(agent) {
            return Answer::Refused(Refusal::NotAnAgent);
        }
        self.came(agent, |dispatch| dispatch.alive(agent, resource, shows))
    }

    pub(super) fn agent_gone(&mut self, agent: &AgentJid, resource: Option<&str>) -> Answer {
        if self.dispatch.gone(agent, resource) {
            self.step.agents.insert(agent.clone());
            self.queues_of(agent);
        }
        Answer::Done
    }

    pub(super) fn agent_paused(&mut self, agent: &AgentJid, paused: bool) -> Answer {
        if !self.serves(agent) {
            return Answer::Refused(Refusal::NotAnAgent);
        }
        if self.dispatch.pause(agent, paused) {
            self.step.agents.insert(agent.clone());
            self.queues_of(agent);
        }
        Answer::Done
    }

    pub(super) fn offer_answered(
        &mut self,
        now: Timestamp,
        agent: &AgentJid,
        (conversation, accept): (Option<&ConversationId>, bool),
    ) -> Answer {
        if !self.serves(agent) {
            return Answer::Refused(Refusal::NotAnAgent);
        }
        let done = if accept {
            self.dispatch
                .accept(agent, conversation)
                .map(|taken| self.accepted(now, taken, agent))
        } else {
            self.dispatch
                .reject(now, agent, conversation)
                .map(|id| self.rejected(now, agent, &id))
        };
        match done {
            Ok(()) => {
                self.step.agents.insert(agent.clone());
                Answer::Done
            }
            Err(_) => Answer::Refused(Refusal::NoSuchOffer),
        }
    }

    fn rejected(&mut self, now: Timestamp, agent: &AgentJid, id: &ConversationId) {
        self.touch(id);
        let Some(request) = self.dispatch.request(id) else {
            return;
        };
        let workgroup = request.workgroup.clone();
        let only = request.only.is_some();
        let rejected = Event::Offer(id.clone(), workgroup.clone(), OfferOutcome::Rejected);
        self.happened(rejected);
        let conversation = self.conversations.get_mut(id);
        let Some(service) = conversation.and_then(Conversation::service_mut) else {
            return;
        };
        if only {
            // Nobody else is meant, and an answer was given.
            service.successor = None;
            if let Some(request) = self.dispatch.leave(id) {
                self.remember_pauses(now, id, request.pauses);
            }
            self.step.queues.insert(workgroup);
            let text = format!(
                "{} does not take it over. It is still yours.",
                agent.local()
            );
            self.desk_says(now, id, text);
        }
    }

    pub(super) fn agent_closed(
        &mut self,
        now: Timestamp,
        agent: &AgentJid,
        conversation: Option<ConversationId>,
    ) -> Answer {
        if !self.serves(agent) {
            return Answer::Refused(Refusal::NotAnAgent);
        }
        let chats = self.dispatch.chats_of(agent);
        let id = match (conversation, chats.as_slice()) {
            (Some(named), chats) if chats.contains(&named) => named,
            (Some(_), _) | (None, []) => return Answer::Refused(Refusal::UnknownConversation),
            (None, [only]) => only.clone(),
            (None, _) => return Answer::Refused(Refusal::Ambiguous),
        };
        self.close(now, &id, ClosedBy::Agent);
        Answer::Closed { before: None }
    }
}
