//! A conversation's way from its request over its agents.

use crate::conversation::{
    Author, ClosedBy, Notice, Outgoing, Presence, Room, Service, Stage, Successor, Words,
};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp};
use crate::workgroup::{Offer, Place, Request};

use super::{
    AgentOrder, Bridge, Effect, Event, OfferOrder, OfferOutcome, RevokeReason, RoomOrder, RoomPlan,
};

impl Bridge {
    pub(super) fn ask(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (offer, again): (Offer, bool),
    ) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let Some(request) = self.dispatch.request(id) else {
            return;
        };
        let workgroup = request.workgroup.clone();
        let order = OfferOrder {
            conversation: id.clone(),
            workgroup: workgroup.clone(),
            pseudonym: id.pseudonym(),
            brief: conversation.brief.clone(),
            until: offer.until,
            to: offer.to,
            left: offer.until.since(now),
            again,
        };
        let order = AgentOrder::Offer(Box::new(order));
        self.emit(Effect::Agent(offer.agent.clone(), order));
        if !again {
            self.happened(Event::Offer(workgroup, OfferOutcome::Made));
        }
        self.step.agents.insert(offer.agent);
        self.touch(id);
    }

    pub(super) fn revoke(
        &mut self,
        id: &ConversationId,
        offer: Offer,
        (why, outcome): (RevokeReason, OfferOutcome),
    ) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let workgroup = self
            .dispatch
            .request(id)
            .map_or(&conversation.workgroup, |request| &request.workgroup)
            .clone();
        self.happened(Event::Offer(workgroup.clone(), outcome));
        let order = AgentOrder::Revoke {
            conversation: id.clone(),
            workgroup,
            to: offer.to,
            why,
        };
        self.emit(Effect::Agent(offer.agent, order));
    }

    /// An agent has accepted; `request` has left the line.
    pub(super) fn accepted(
        &mut self,
        now: Timestamp,
        (id, request): (ConversationId, Request),
        agent: &AgentJid,
    ) {
        let workgroup = request.workgroup;
        let patience = self
            .policy
            .workgroups
            .get(&workgroup)
            .map_or_else(Default::default, |policy| policy.join_timeout);
        let until = now.plus(patience);
        self.happened(Event::Offer(workgroup.clone(), OfferOutcome::Accepted));
        let waited = now.since(request.since).as_millis();
        let waited = u64::try_from(waited).unwrap_or(u64::MAX);
        self.happened(Event::Waited(workgroup.clone(), waited));
        self.note_wait(&workgroup, waited);
        self.step.queues.insert(workgroup.clone());
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        match &mut conversation.stage {
            Stage::Served(service) => {
                service.successor = Some(Successor::Expected {
                    agent: agent.clone(),
                    until,
                });
            }
            stage => *stage = Stage::Served(Service::new(agent.clone(), until)),
        }
        conversation.workgroup = workgroup.clone();
        let ready = conversation.room.as_ref().is_some_and(|room| room.ready);
        conversation
            .room
            .get_or_insert_with(|| Room::new(workgroup));
        self.touch(&id);
        if ready {
            self.invite(&id, agent.clone());
        } else {
            self.open_room(&id);
        }
    }

    pub(super) fn invite(&mut self, id: &ConversationId, agent: AgentJid) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let order = RoomOrder::Invite {
            agent,
            pseudonym: id.pseudonym(),
            workgroup: conversation.workgroup.clone(),
        };
        self.emit(Effect::Room(id.clone(), order));
    }

    /// Asks for the room as it should be. Nothing is asked for while the link is down: when it
    /// comes back, all rooms are.
    pub(super) fn open_room(&mut self, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id).filter(|_| self.linked) else {
            return;
        };
        let Some(room) = &conversation.room else {
            return;
        };
        let supervisors = self
            .policy
            .workgroups
            .get(&conversation.workgroup)
            .into_iter()
            .flat_map(|policy| policy.supervisors.iter().cloned());
        let mut members: Vec<AgentJid> = conversation.agent().cloned().into_iter().collect();
        members.extend(conversation.guests.iter().cloned());
        members.extend(supervisors);
        let plan = RoomPlan {
            workgroup: room.workgroup.clone(),
            pseudonym: id.pseudonym(),
            members,
            since: conversation.known_since(),
        };
        self.emit(Effect::Room(id.clone(), RoomOrder::Open(Box::new(plan))));
    }

    /// Nobody took a request in time; it has left the line.
    pub(super) fn nobody_came(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        mut request: Request,
    ) {
        self.step.queues.insert(request.workgroup.clone());
        if let Some(offer) = request.offer.take() {
            let why = (RevokeReason::TimedOut, OfferOutcome::Lapsed);
            self.revoke(id, offer, why);
        }
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        match &mut conversation.stage {
            Stage::Served(service) => {
                service.successor = None;
                self.touch(id);
                let text = "Nobody took this over in time. The conversation is still yours.";
                self.desk_says(now, id, text.to_owned());
            }
            Stage::Waiting { ends: true, .. } => {
                self.tell_visitor(now, id, Notice::NobodyCame);
                self.close(now, id, ClosedBy::NobodyCame);
            }
            Stage::Waiting { told, .. } => {
                let first = !std::mem::replace(told, true);
                request.until = None;
                self.dispatch.enqueue(id.clone(), request);
                self.touch(id);
                if first {
                    self.tell_visitor(now, id, Notice::NobodyCame);
                }
            }
            Stage::Over { .. } => {}
        }
    }

    pub(super) fn tell_visitor(&mut self, now: Timestamp, id: &ConversationId, notice: Notice) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let name = MessageId::new(format!("{id}-n{}", conversation.next_seq()));
        let said = (Author::Told(notice), Words::default());
        let seq = self.append(id, now, said, (name, None));
        self.deliver(id, seq, Outgoing::Notice(notice));
    }

    /// The agent is taken from the conversation, which goes to the front of the line.
    pub(super) fn lose_agent(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Stage::Served(service) = &conversation.stage else {
            return;
        };
        let lost = service.agent.clone();
        let was_here = !matches!(service.presence, Presence::Expected { .. });
        let successor = service.successor.clone();
        conversation.stage = match &successor {
            Some(Successor::Expected { agent, until }) => {
                Stage::Served(Service::new(agent.clone(), *until))
            }
            // The visitor has had an agent: from here on the visitor is told, and waits on.
            _ => Stage::Waiting {
                told: false,
                ends: false,
            },
        };
        let workgroup = conversation.workgroup.clone();
        self.dispatch.let_go(&lost, id);
        self.step.agents.insert(lost.clone());
        self.emit(Effect::Room(id.clone(), RoomOrder::Remove(lost.clone())));
        self.touch(id);
        let text = format!("{} was given to others.", id.pseudonym());
        let tell = AgentOrder::Tell {
            workgroup: workgroup.clone(),
            text,
        };
        self.emit(Effect::Agent(lost.clone(), tell));
        if was_here {
            self.tell_visitor(now, id, Notice::AgentLost);
        }
        if successor.is_none() {
            self.back_in_line(now, id, lost);
        }
    }

    fn back_in_line(&mut self, now: Timestamp, id: &ConversationId, lost: AgentJid) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let workgroup = conversation.workgroup.clone();
        let mut request = Request::new(workgroup.clone(), now);
        request.place = Place::First;
        if let Some(policy) = self.policy.workgroups.get(&workgroup) {
            request.until = policy.request_timeout.map(|wait| now.plus(wait));
            let pause = now.plus(policy.rejection_pause);
            request.pauses.insert(lost, pause);
        }
        self.step.queues.insert(workgroup);
        self.dispatch.enqueue(id.clone(), request);
    }

    pub(super) fn timer_rang(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let policy = self.policy.workgroups.get(&conversation.workgroup);
        let silent_since = conversation.stirred_at();
        let idle = policy.and_then(|policy| policy.idle_close);
        let Some(service) = conversation.service_mut() else {
            return;
        };
        if idle.is_some_and(|idle| silent_since.plus(idle) <= now) {
            self.close(now, id, ClosedBy::Silence);
            return;
        }
        if let Some(Successor::Expected { agent, until }) = service.successor.clone() {
            if until <= now {
                service.successor = None;
                self.dispatch.let_go(&agent, id);
                self.step.agents.insert(agent.clone());
                self.emit(Effect::Room(id.clone(), RoomOrder::Remove(agent)));
                self.touch(id);
                let text = "The one who took this over did not come. It is still yours.";
                self.desk_says(now, id, text.to_owned());
                return;
            }
        }
        let (Presence::Expected { until } | Presence::Away { until }) = service.presence else {
            return;
        };
        if until > now {
            return;
        }
        if self.linked {
            self.lose_agent(now, id);
        } else {
            self.wait_longer(now, id);
        }
    }

    /// While the link is down nobody can come: the wait begins anew.
    pub(super) fn wait_longer(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Some(policy) = self.policy.workgroups.get(&conversation.workgroup) else {
            return;
        };
        let (join, back) = (now.plus(policy.join_timeout), now.plus(policy.agent_return));
        let Some(service) = conversation.service_mut() else {
            return;
        };
        match &mut service.presence {
            Presence::Expected { until } => *until = (*until).max(join),
            Presence::Away { until } => *until = (*until).max(back),
            Presence::Here => {}
        }
        if let Some(Successor::Expected { until, .. }) = &mut service.successor {
            *until = (*until).max(join);
        }
        self.touch(id);
    }
}
