//! Conversations that have an agent are put before others: to take over, or to come in beside.

use std::collections::BTreeMap;

use crate::conversation::{Conversation, Successor};
use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};
use crate::workgroup::{Handed, Place, Request};

use super::{Answer, Bridge, Effect, NotHanded, Refusal, RoomOrder};

/// To whom an agent wants a conversation to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// To whom.
    pub to: HandTo,
    /// Whether they are to come in beside the agent, else to take over.
    pub joins: bool,
    /// What they are told of it.
    pub reason: String,
}

/// Whom a hand-over names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandTo {
    /// Whoever serves in a workgroup.
    Workgroup(WorkgroupName),
    /// One agent or supervisor.
    Agent(AgentJid),
}

impl NotHanded {
    /// What the agent reads of it.
    pub(super) fn in_words(self, to: &str) -> String {
        match self {
            Self::NotYours => "Nobody serves here; it is in the line already.".to_owned(),
            Self::Already => "It is being handed over already.".to_owned(),
            Self::Oneself => "It is yours already.".to_owned(),
            Self::TheVisitor => "That is the visitor.".to_owned(),
            Self::NoWorkgroup | Self::NoAgent => {
                format!("No workgroup and no agent is called “{to}”.")
            }
        }
    }
}

impl Bridge {
    /// The agent who serves.
    pub(super) fn server_of(&self, id: &ConversationId) -> Option<AgentJid> {
        self.conversations.get(id)?.agent().cloned()
    }

    pub(super) fn handed_over(
        &mut self,
        now: Timestamp,
        (agent, id): (&AgentJid, &ConversationId),
        wish: HandOver,
    ) -> Answer {
        let done = match self.server_of(id) {
            Some(server) if server == *agent => self.seek(now, (id, agent), wish),
            _ => Err(NotHanded::NotYours),
        };
        Answer::Handed(done)
    }

    /// Asks those who are wanted.
    pub(super) fn seek(
        &mut self,
        now: Timestamp,
        (id, by): (&ConversationId, &AgentJid),
        wish: HandOver,
    ) -> Result<(), NotHanded> {
        let (workgroup, only) = match wish.to {
            HandTo::Agent(agent) if wish.joins => return self.invite_guest(id, &agent),
            HandTo::Agent(agent) => (self.serves_in(&agent, id)?, Some(agent)),
            HandTo::Workgroup(name) if self.is_ours(&name) => (name, None),
            HandTo::Workgroup(_) => return Err(NotHanded::NoWorkgroup),
        };
        let conversation = self.conversations.get_mut(id).ok_or(NotHanded::NotYours)?;
        if only
            .as_ref()
            .is_some_and(|agent| conversation.is_visitor(agent))
        {
            return Err(NotHanded::TheVisitor);
        }
        let home = conversation.workgroup.clone();
        let service = conversation.service_mut().ok_or(NotHanded::NotYours)?;
        if service.successor.is_some() {
            return Err(NotHanded::Already);
        }
        if only.as_ref() == Some(&service.agent) {
            return Err(NotHanded::Oneself);
        }
        service.successor = Some(Successor::Sought);
        let mut request = Request::new(workgroup.clone(), now);
        request.place = Place::First;
        request.except = Some(service.agent.clone());
        request.handed = Some(Handed {
            by: by.clone(),
            home,
            joins: wish.joins,
            one: only.is_some(),
            reason: wish.reason,
        });
        match &only {
            // Whoever is named is meant, also after a refusal.
            Some(only) => {
                conversation.pauses.remove(only);
            }
            None => request.pauses = conversation.paused(now),
        }
        request.only = only;
        let policy = self.policy.workgroups.get(&workgroup);
        let patience = policy.and_then(|policy| policy.request_timeout);
        request.until = patience.map(|wait| now.plus(wait));
        self.dispatch.join(id.clone(), request);
        self.step.queues.insert(workgroup);
        self.touch(id);
        Ok(())
    }

    /// Whether there are agents of ours in a workgroup: what they serve cannot go to others.
    fn is_ours(&self, name: &WorkgroupName) -> bool {
        let policy = self.policy.workgroups.get(name);
        policy.is_some_and(|policy| policy.elsewhere.is_none())
    }

    /// Where an agent is asked to take over: in the conversation's own workgroup if the agent serves
    /// there.
    fn serves_in(&self, agent: &AgentJid, id: &ConversationId) -> Result<WorkgroupName, NotHanded> {
        let here = self.conversations.get(id).map(|one| &one.workgroup);
        let mut all = self.policy.workgroups_of(agent).peekable();
        let first = all.peek().copied().ok_or(NotHanded::NoAgent)?;
        let own = all.find(|name| Some(*name) == here);
        Ok(own.unwrap_or(first).clone())
    }

    /// Lets an agent or a supervisor in beside the one who serves.
    pub(super) fn invite_guest(
        &mut self,
        id: &ConversationId,
        agent: &AgentJid,
    ) -> Result<(), NotHanded> {
        let mut groups = self.policy.workgroups.values();
        if !self.serves(agent) && !groups.any(|policy| policy.supervisors.contains(agent)) {
            return Err(NotHanded::NoAgent);
        }
        let conversation = self.conversations.get_mut(id).ok_or(NotHanded::NotYours)?;
        if conversation.agent() == Some(agent) {
            return Err(NotHanded::Oneself);
        }
        if conversation.is_visitor(agent) {
            return Err(NotHanded::TheVisitor);
        }
        if !conversation.guests.contains(agent) {
            conversation.guests.push(agent.clone());
        }
        conversation.departed.remove(agent);
        self.touch(id);
        self.invite(id, agent.clone());
        Ok(())
    }

    /// Somebody of a workgroup that was asked for that comes in beside the agent who serves.
    pub(super) fn joins(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (agent, pauses): (&AgentJid, BTreeMap<AgentJid, Timestamp>),
    ) {
        // A guest may have as many conversations as before, and is asked again in turn.
        let serves = self.conversations.get(id).and_then(Conversation::agent) == Some(agent);
        if !serves {
            self.dispatch.only_joined(agent, id);
        }
        self.remember_pauses(now, id, pauses);
        let conversation = self.conversations.get_mut(id);
        if let Some(service) = conversation.and_then(Conversation::service_mut) {
            service.successor = None;
        }
        self.touch(id);
        // Whoever serves in it meanwhile needs no invitation.
        let _ = self.invite_guest(id, agent);
    }

    /// A supervisor of the conversation's workgroup becomes an owner of its room.
    pub(super) fn watched(&mut self, supervisor: &AgentJid, id: &ConversationId) -> Answer {
        let conversation = self.conversations.get(id);
        let ready = |one: &&Conversation| one.room.as_ref().is_some_and(|room| room.ready);
        let Some(conversation) = conversation.filter(ready) else {
            return Answer::Refused(Refusal::UnknownConversation);
        };
        let policy = self.policy.workgroups.get(&conversation.workgroup);
        if !policy.is_some_and(|policy| policy.supervisors.contains(supervisor)) {
            return Answer::Refused(Refusal::NotAnAgent);
        }
        self.emit(Effect::Room(
            id.clone(),
            RoomOrder::Empower(supervisor.clone()),
        ));
        Answer::Done
    }
}
