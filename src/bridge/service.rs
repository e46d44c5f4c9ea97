//! A conversation's way from its request over its agents.

use crate::conversation::{
    Author, ClosedBy, Conversation, Notice, Outgoing, PlaceTold, Presence, Room, Service, Stage,
    Successor, Words,
};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp, WorkgroupName};
use crate::workgroup::{EndOfOffer, Offer, Place, Request};

use super::{
    AgentOrder, Bridge, Effect, Event, OfferOrder, OfferOutcome, RevokeReason, RoomOrder, RoomPlan,
};

/// What a visitor who is in the room in person is told there.
const AGENT_LOST: &str =
    "The connection to your helper was lost. Please wait, somebody will be with you soon.";

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
            in_person: conversation.manners.own_client.is_some(),
            handed: request.handed.clone(),
            again,
        };
        let order = AgentOrder::Offer(Box::new(order));
        self.emit(Effect::Agent(offer.agent.clone(), order));
        if !again {
            self.happened(Event::Offer(id.clone(), workgroup, OfferOutcome::Made));
        }
        self.step.agents.insert(offer.agent);
        self.touch(id);
    }

    /// An offer is over without an answer.
    pub(super) fn unask(
        &mut self,
        id: &ConversationId,
        offer: (WorkgroupName, Offer),
        why: EndOfOffer,
    ) {
        let why = match why {
            EndOfOffer::Lapsed => (RevokeReason::TimedOut, OfferOutcome::Lapsed),
            EndOfOffer::AgentGone => (RevokeReason::AgentGone, OfferOutcome::Gone),
            EndOfOffer::ServesNoMore => (RevokeReason::AgentGone, OfferOutcome::Withdrawn),
        };
        self.touch(id);
        self.revoke(id, offer, why);
    }

    pub(super) fn revoke(
        &mut self,
        id: &ConversationId,
        (workgroup, offer): (WorkgroupName, Offer),
        (why, outcome): (RevokeReason, OfferOutcome),
    ) {
        self.happened(Event::Offer(id.clone(), workgroup.clone(), outcome));
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
        let accepted = Event::Offer(id.clone(), workgroup.clone(), OfferOutcome::Accepted);
        self.happened(accepted);
        let waited = now.since(request.since).as_millis();
        let waited = u64::try_from(waited).unwrap_or(u64::MAX);
        self.happened(Event::Waited(id.clone(), workgroup.clone(), waited));
        self.note_wait(&workgroup, waited);
        self.step.queues.insert(workgroup.clone());
        if request.handed.is_some_and(|handed| handed.joins) {
            return self.joins(now, &id, (agent, request.pauses));
        }
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        conversation.workgroup = workgroup.clone();
        conversation.course.waited.get_or_insert(waited);
        conversation.remember_pauses(now, request.pauses);
        conversation.forget_guest(agent);
        let new = || Room::new(workgroup);
        let room = conversation.room.get_or_insert_with(new);
        let (ready, nick) = (room.ready, room.inside.get(agent).cloned());
        let agent = agent.clone();
        match conversation.service_mut() {
            Some(service) => {
                let agent = agent.clone();
                service.successor = Some(Successor::Expected { agent, until });
            }
            None => conversation.begin_service(Service::new(agent.clone(), until)),
        }
        self.touch(&id);
        self.report_taken(now, &id);
        match nick {
            _ if !ready => self.open_room(&id),
            Some(nick) => self.entered(now, &id, (agent, nick)),
            None => self.invite(&id, agent),
        }
    }

    pub(super) fn invite(&mut self, id: &ConversationId, agent: AgentJid) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let order = RoomOrder::Invite {
            to: self.dispatch.contact(&agent),
            agent,
            pseudonym: id.pseudonym(),
            workgroup: conversation.workgroup.clone(),
        };
        self.emit(Effect::Room(id.clone(), order));
    }

    /// Asks for the room as it should be. Nothing is asked for while the link is down: when it
    /// comes back, all rooms are.
    pub(super) fn open_room(&mut self, id: &ConversationId) {
        let conversation = self.conversations.get_mut(id).filter(|_| self.linked);
        let room = conversation.and_then(|conversation| conversation.room.as_mut());
        if room.is_some_and(|room| !std::mem::replace(&mut room.asked, true)) {
            self.order_room(id);
        }
    }

    /// The same where whatever was asked for before came to nothing.
    pub(super) fn open_room_anew(&mut self, id: &ConversationId) {
        let conversation = self.conversations.get_mut(id);
        if let Some(room) = conversation.and_then(|conversation| conversation.room.as_mut()) {
            room.asked = false;
        }
        self.open_room(id);
    }

    pub(super) fn order_room(&mut self, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
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
        let mut members: Vec<AgentJid> = Vec::new();
        let mut awaited = None;
        if let Stage::Served(service) = &conversation.stage {
            if matches!(service.presence, Presence::Expected { .. }) {
                awaited = Some((service.agent.clone(), self.dispatch.contact(&service.agent)));
            }
            members.push(service.agent.clone());
            members.extend(service.expected_successor().cloned());
        }
        members.extend(conversation.guests.iter().cloned());
        members.extend(supervisors);
        let plan = RoomPlan {
            workgroup: room.workgroup.clone(),
            pseudonym: id.pseudonym(),
            members,
            awaited,
            since: conversation.known_since(),
            in_person: conversation.manners.own_client.clone(),
            marked: !conversation.manners.receipts.is_empty(),
            typing: conversation.manners.typing,
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
            self.revoke(id, (request.workgroup.clone(), offer), why);
        }
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        match &mut conversation.stage {
            Stage::Served(service) => {
                service.successor = None;
                conversation.remember_pauses(now, request.pauses);
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
                request.only = None;
                request.except = None;
                request.handed = None;
                self.dispatch.enqueue(id.clone(), request);
                self.touch(id);
                if first {
                    self.tell_visitor(now, id, Notice::NobodyCame);
                }
            }
            // No line of ours.
            Stage::Away(_) | Stage::Over { .. } => {}
        }
    }

    pub(super) fn tell_visitor(&mut self, now: Timestamp, id: &ConversationId, notice: Notice) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let name = MessageId::new(format!("{id}-n{}", conversation.next_seq()));
        let said = (Author::Told(notice), Words::default(), name.into());
        let seq = self.append(id, now, said);
        self.deliver(id, seq, Outgoing::Notice(notice));
    }

    /// The agent is taken from the conversation, which goes to the front of the line.
    pub(super) fn lose_agent(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if conversation.nobody_is_left() {
            return self.close(now, id, ClosedBy::Visitor);
        }
        let Stage::Served(service) = &conversation.stage else {
            return;
        };
        let lost = service.agent.clone();
        let was_here = !matches!(service.presence, Presence::Expected { .. });
        let successor = service.successor.clone();
        match &successor {
            Some(Successor::Expected { agent, until }) => {
                conversation.begin_service(Service::new(agent.clone(), *until));
            }
            // The visitor has had an agent: from here on the visitor is told, and waits on.
            Some(Successor::Sought) | None => {
                conversation.stage = Stage::Waiting {
                    told: false,
                    // Who sits in an empty room would wait for ever.
                    ends: conversation.manners.own_client.is_some(),
                    // First in line, of which the visitor is told in other words.
                    place: Some(PlaceTold { place: 1, at: now }),
                };
            }
        }
        let workgroup = conversation.workgroup.clone();
        self.pause_for(now, id, &lost);
        self.dispatch.let_go(&lost, id);
        self.step.agents.insert(lost.clone());
        self.put_out(id, lost.clone());
        self.touch(id);
        let text = format!("{} was given to others.", id.pseudonym());
        let tell = AgentOrder::Tell {
            workgroup: workgroup.clone(),
            text,
        };
        self.emit(Effect::Agent(lost.clone(), tell));
        if was_here {
            self.tell_visitor(now, id, Notice::AgentLost);
            self.tell_in_person(id, AGENT_LOST);
        }
        match successor {
            None => self.back_in_line(now, id),
            // Nobody is with the visitor now: whoever can come shall come.
            Some(Successor::Sought) => {
                let conversation = self.conversations.get(id);
                let pauses = conversation.map(|one| one.paused(now)).unwrap_or_default();
                self.dispatch.open_to_all(id, pauses);
            }
            Some(Successor::Expected { .. }) => {}
        }
    }

    pub(super) fn back_in_line(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let workgroup = conversation.workgroup.clone();
        let Some(policy) = self.policy.workgroups.get(&workgroup) else {
            self.strand(now, id);
            return;
        };
        if policy.elsewhere.is_some() {
            return self.go_away(now, id, false);
        }
        let mut request = Request::new(workgroup.clone(), now);
        request.place = Place::First;
        request.until = policy.request_timeout.map(|wait| now.plus(wait));
        request.pauses = conversation.paused(now);
        request.moves_at = self.policy.moves_at(&workgroup, now);
        self.step.queues.insert(workgroup);
        self.dispatch.join(id.clone(), request);
    }

    /// Whoever was to take over does not come.
    pub(super) fn lose_successor(&mut self, now: Timestamp, id: &ConversationId) {
        let service = self
            .conversations
            .get_mut(id)
            .and_then(Conversation::service_mut);
        let Some(service) = service else {
            return;
        };
        let Some(agent) = service.expected_successor().cloned() else {
            return;
        };
        service.successor = None;
        self.pause_for(now, id, &agent);
        self.dispatch.let_go(&agent, id);
        self.step.agents.insert(agent.clone());
        self.put_out(id, agent);
        self.touch(id);
        let text = "The one who took this over did not come. It is still yours.";
        self.desk_says(now, id, text.to_owned());
    }
}
