//! What a conversation's room tells, and what it is told.

use crate::conversation::{
    Author, ClosedBy, Conversation, Fate, Line, Notice, Presence, Service, Stage, Successor,
};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp};

use super::{Answer, Bridge, Effect, Key, Record, RoomEvent, RoomOrder};

impl Bridge {
    pub(super) fn room(&mut self, now: Timestamp, id: &ConversationId, event: RoomEvent) -> Answer {
        let Some(conversation) = self.conversations.get(id) else {
            return self.impossible("room of no conversation");
        };
        if conversation.room.is_none() {
            return self.impossible("room that nobody asked for");
        }
        if let RoomEvent::Ready { .. } | RoomEvent::Entered { .. } | RoomEvent::Left { .. } = event
        {
            self.stir_colleagues(id);
        }
        match event {
            RoomEvent::Ready { fresh, inside } => self.room_ready(now, id, (fresh, inside)),
            RoomEvent::Unavailable => self.room_unavailable(id),
            RoomEvent::Entered { agent, nick } => self.entered(now, id, (agent, nick)),
            RoomEvent::Left { agent } => self.left(now, id, &agent),
            RoomEvent::Declined { agent } => self.declined(now, id, &agent),
            RoomEvent::Spoken(spoken) => self.spoken(now, id, spoken),
            RoomEvent::Reflected { id: line, key } => self.reflected(id, &line, key),
            RoomEvent::Rejected { id: line } => self.line_rejected(now, id, &line),
            RoomEvent::Marked {
                agent,
                name,
                receipt,
            } => self.marked(now, id, (&agent, &name, receipt)),
            RoomEvent::Gone => self.room_gone(id),
        }
        Answer::Done
    }

    fn room_ready(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (fresh, inside): (bool, Vec<(AgentJid, String)>),
    ) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Some(room) = &mut conversation.room else {
            return;
        };
        if let Stage::Over { why, .. } = &conversation.stage {
            let order = RoomOrder::Close {
                workgroup: room.workgroup.clone(),
                why: why.clone(),
            };
            self.emit(Effect::Room(id.clone(), order));
            return;
        }
        room.ready = true;
        room.asked = false;
        room.told_to = 0;
        let there = |agent: &AgentJid| !fresh && inside.iter().any(|(other, _)| other == agent);
        let before = room.inside.clone();
        let missing = conversation
            .manners
            .own_client
            .as_deref()
            .and_then(AgentJid::parse);
        let missing = missing.filter(|one| before.contains_key(one) && !there(one));
        room.inside.retain(|agent, _| there(agent));
        self.step.conversations.insert(id.clone());
        if fresh && conversation.was_briefed() {
            conversation.forget_briefing();
        }
        if missing.is_some() {
            self.visitor_missing(now, id);
        }
        let expected = self.expected_in(id, &inside);
        for agent in expected {
            self.missing(now, id, &agent);
        }
        self.note_departed(id, before.into_keys());
        for (agent, nick) in inside {
            self.entered(now, id, (agent, nick));
        }
        self.pump(id);
    }

    /// Who should be in the room and is not.
    fn expected_in(&mut self, id: &ConversationId, inside: &[(AgentJid, String)]) -> Vec<AgentJid> {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return Vec::new();
        };
        let mut expected = conversation.guests.clone();
        // Left by own choice.
        expected.retain(|guest| !conversation.departed.contains(guest));
        if let Some(service) = conversation.service_mut() {
            service.briefing_said = false;
            expected.push(service.agent.clone());
            if let Some(Successor::Expected { agent, .. }) = &service.successor {
                expected.push(agent.clone());
            }
        }
        expected.retain(|agent| !inside.iter().any(|(other, _)| other == agent));
        expected
    }

    /// An agent who should be in the room is not: invited again, and waited for.
    fn missing(&mut self, now: Timestamp, id: &ConversationId, agent: &AgentJid) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let back = self.waited_for(now, conversation);
        let mut invite = true;
        let conversation = self.conversations.get_mut(id);
        let service = conversation.and_then(Conversation::service_mut);
        if let Some(service) = service.filter(|service| service.agent == *agent) {
            match service.presence {
                Presence::Here => service.presence = Presence::Away { until: back },
                Presence::Expected { .. } => {}
                // Left by own choice before the link was lost.
                Presence::Away { .. } => invite = false,
            }
        }
        self.touch(id);
        if invite {
            self.invite(id, agent.clone());
        }
    }

    /// Guests who were inside and are not have now been called back, once.
    fn note_departed(&mut self, id: &ConversationId, before: impl Iterator<Item = AgentJid>) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Some(room) = &conversation.room else {
            return;
        };
        let guests = before.filter(|agent| conversation.guests.contains(agent));
        let gone = guests.filter(|agent| !room.inside.contains_key(agent));
        conversation.departed.extend(gone.collect::<Vec<_>>());
    }

    fn room_unavailable(&mut self, id: &ConversationId) {
        let room = self.conversations.get_mut(id).and_then(|c| c.room.as_mut());
        if let Some(room) = room {
            room.ready = false;
        }
    }

    pub(super) fn entered(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (agent, nick): (AgentJid, String),
    ) {
        let name = self
            .conversations
            .get(id)
            .map(|conversation| self.public_name(conversation, Some(&agent), &nick));
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if conversation.is_visitor(&agent) {
            return self.visitor_entered(id, (agent, nick));
        }
        let transcript_wanted = conversation.guests.contains(&agent);
        conversation.departed.remove(&agent);
        let room = conversation.room.as_mut();
        let known = room.and_then(|room| room.inside.insert(agent.clone(), nick.clone()));
        self.step.conversations.insert(id.clone());
        let Some(service) = conversation.service_mut() else {
            return;
        };
        let first = matches!(service.presence, Presence::Expected { .. });
        let next = match &service.successor {
            Some(Successor::Expected { agent, .. }) => Some(agent),
            Some(Successor::Sought) | None => None,
        };
        if next == Some(&agent) {
            self.succeed(now, id, agent);
        } else if service.agent == agent {
            service.presence = Presence::Here;
            self.touch(id);
        } else {
            if transcript_wanted && known.is_none() {
                self.whisper_context(id, nick);
            }
            return;
        }
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.course.helper = name;
        }
        if first {
            self.tell_visitor(now, id, Notice::AgentJoined);
        }
        self.pump(id);
    }

    /// The one who was to take over is here and does so.
    fn succeed(&mut self, now: Timestamp, id: &ConversationId, agent: AgentJid) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Stage::Served(service) = &conversation.stage else {
            return;
        };
        let mut next = Service::new(agent, Timestamp::default());
        next.presence = Presence::Here;
        let former = service.agent.clone();
        conversation.begin_service(next);
        self.pause_for(now, id, &former);
        self.dispatch.let_go(&former, id);
        self.step.agents.insert(former.clone());
        self.queues_of(&former);
        self.put_out(id, former);
        self.touch(id);
    }

    /// Takes an agent out of the room.
    pub(super) fn put_out(&mut self, id: &ConversationId, agent: AgentJid) {
        let room = self.conversations.get_mut(id).and_then(|c| c.room.as_mut());
        if let Some(room) = room {
            room.inside.remove(&agent);
            self.step.conversations.insert(id.clone());
        }
        self.emit(Effect::Room(id.clone(), RoomOrder::Remove(agent)));
    }

    fn left(&mut self, now: Timestamp, id: &ConversationId, agent: &AgentJid) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if let Some(room) = &mut conversation.room {
            room.inside.remove(agent);
        }
        self.step.conversations.insert(id.clone());
        if conversation.is_visitor(agent) {
            return self.close(now, id, ClosedBy::Visitor);
        }
        if conversation.guests.contains(agent) {
            conversation.departed.insert(agent.clone());
        }
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let back = self.waited_for(now, conversation);
        let conversation = self.conversations.get_mut(id);
        let Some(service) = conversation.and_then(Conversation::service_mut) else {
            return;
        };
        if service.agent == *agent && service.presence == Presence::Here {
            service.presence = Presence::Away { until: back };
            self.touch(id);
        }
    }

    fn declined(&mut self, now: Timestamp, id: &ConversationId, agent: &AgentJid) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if conversation.is_visitor(agent) {
            return self.close(now, id, ClosedBy::Visitor);
        }
        if conversation.guests.contains(agent) {
            conversation.forget_guest(agent);
            self.touch(id);
            self.desk_says(now, id, format!("{agent} declined the invitation."));
            return;
        }
        let Some(service) = conversation.service_mut() else {
            return;
        };
        let expected = matches!(service.presence, Presence::Expected { .. });
        if service.agent == *agent && expected {
            self.lose_agent(now, id);
            return;
        }
        match &service.successor {
            Some(Successor::Expected { agent: next, .. }) if next == agent => {
                self.lose_successor(now, id);
            }
            _ => {}
        }
    }

    fn reflected(&mut self, id: &ConversationId, line: &MessageId, key: String) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if *line == super::telling::last_briefing(conversation) {
            if let Some(service) = conversation.service_mut() {
                service.briefed = true;
                self.touch(id);
            }
            return;
        }
        if let Some(seq) = conversation.lines.place_of(line) {
            self.set_fate(id, seq, (Fate::Arrived, Some(key)));
        }
    }

    fn line_rejected(&mut self, now: Timestamp, id: &ConversationId, line: &MessageId) {
        let place = self.conversations.get(id).map(|c| &c.lines);
        let Some(seq) = place.and_then(|lines| lines.place_of(line)) else {
            return;
        };
        let failed = self.set_fate(id, seq, (Fate::Failed, None));
        self.report_failed(now, id, failed.as_ref());
        if failed.is_some_and(|line| line.author == Author::Visitor) {
            let text = "A message of the visitor could not be shown here.";
            self.desk_says(now, id, text.to_owned());
        }
    }

    /// Notes how far a line has come; the line is returned where that is news.
    pub(super) fn set_fate(
        &mut self,
        id: &ConversationId,
        seq: u64,
        (fate, key): (Fate, Option<String>),
    ) -> Option<Line> {
        let conversation = self.conversations.get_mut(id)?;
        let line = conversation.lines.set_fate(seq, fate, key)?.clone();
        let ended = conversation.ended_at();
        let record = Record::Line(id.clone(), Box::new(line.clone()));
        self.emit(Effect::Keep(record));
        if let Some(ended) = ended {
            // A row that is written anew has lost its expiry.
            let until = ended.plus(self.policy.keep);
            self.emit(Effect::Forget(Key::Lines(id.clone(), until)));
        }
        Some(line)
    }

    fn room_gone(&mut self, id: &ConversationId) {
        match self.conversations.get(id).map(|c| &c.stage) {
            Some(Stage::Over { .. }) => self.forget_conversation(id),
            Some(_) => {
                self.room_unavailable(id);
                self.open_room_anew(id);
            }
            None => {}
        }
    }
}
