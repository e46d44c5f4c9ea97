//! What a conversation's room tells, and what it is told.

use crate::conversation::{
    Clock, Conversation, Fate, MAX_SAID, Notice, Presence, Room, Stage, Successor, Words,
    render_brief, render_transcript, split,
};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp};

use super::{Answer, Bridge, Effect, Record, RoomEvent, RoomOrder};

impl Bridge {
    pub(super) fn room(&mut self, now: Timestamp, id: &ConversationId, event: RoomEvent) -> Answer {
        let Some(conversation) = self.conversations.get(id) else {
            return self.impossible("room of no conversation");
        };
        if conversation.room.is_none() {
            return self.impossible("room that nobody asked for");
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
        room.told_to = 0;
        let expected = self.expected_in(id, fresh, &inside);
        for agent in expected {
            self.missing(now, id, &agent);
        }
        for (agent, nick) in inside {
            self.entered(now, id, (agent, nick));
        }
        self.pump(id);
    }

    /// Who should be in the room and is not.
    fn expected_in(
        &mut self,
        id: &ConversationId,
        fresh: bool,
        inside: &[(AgentJid, String)],
    ) -> Vec<AgentJid> {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return Vec::new();
        };
        let mut expected = conversation.guests.clone();
        if let Some(service) = conversation.service_mut() {
            // What was said in the old room is gone from the agent's screen or soon will be.
            service.briefed &= !fresh;
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
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let back = self
            .policy
            .workgroups
            .get(&conversation.workgroup)
            .map_or(now, |policy| now.plus(policy.agent_return));
        let mut invite = true;
        if let Some(service) = conversation.service_mut() {
            if service.agent == *agent {
                match service.presence {
                    Presence::Here => service.presence = Presence::Away { until: back },
                    Presence::Expected { .. } => {}
                    // Left by own choice before the link was lost.
                    Presence::Away { .. } => invite = false,
                }
            }
        }
        self.touch(id);
        if invite {
            self.invite(id, agent.clone());
        }
    }

    fn room_unavailable(&mut self, id: &ConversationId) {
        let room = self.conversations.get_mut(id).and_then(|c| c.room.as_mut());
        if let Some(room) = room {
            room.ready = false;
        }
    }

    fn entered(&mut self, now: Timestamp, id: &ConversationId, (agent, nick): (AgentJid, String)) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let transcript_wanted = conversation.guests.contains(&agent);
        let Some(service) = conversation.service_mut() else {
            return;
        };
        if service.agent == agent {
            let first = matches!(service.presence, Presence::Expected { .. });
            service.presence = Presence::Here;
            self.touch(id);
            if first {
                self.tell_visitor(now, id, Notice::AgentJoined);
            }
            self.pump(id);
            return;
        }
        let successor =
            matches!(&service.successor, Some(Successor::Expected { agent: a, .. }) if *a == agent);
        if successor {
            let former = std::mem::replace(&mut service.agent, agent);
            service.presence = Presence::Here;
            service.briefed = false;
            service.briefing_said = false;
            service.successor = None;
            self.dispatch.let_go(&former, id);
            self.step.agents.insert(former.clone());
            self.queues_of(&former);
            self.emit(Effect::Room(id.clone(), RoomOrder::Remove(former)));
            self.touch(id);
            self.pump(id);
        } else if transcript_wanted {
            self.whisper_context(id, nick);
        }
    }

    fn left(&mut self, now: Timestamp, id: &ConversationId, agent: &AgentJid) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let patience = self.policy.workgroups.get(&conversation.workgroup);
        let back = patience.map_or(now, |policy| now.plus(policy.agent_return));
        let Some(service) = conversation.service_mut() else {
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
        if conversation.guests.contains(agent) {
            conversation.guests.retain(|guest| guest != agent);
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
        if let Some(Successor::Expected { agent: next, until }) = &mut service.successor {
            if next == agent {
                // The timer does the rest.
                *until = now;
                self.touch(id);
            }
        }
    }

    fn reflected(&mut self, id: &ConversationId, line: &MessageId, key: String) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if *line == last_briefing(conversation) {
            if let Some(service) = conversation.service_mut() {
                service.briefed = true;
                self.touch(id);
            }
            return;
        }
        self.set_fate(id, line, (Fate::Arrived, Some(key)));
    }

    fn line_rejected(&mut self, now: Timestamp, id: &ConversationId, line: &MessageId) {
        if self.set_fate(id, line, (Fate::Failed, None)) {
            let text = "A message of the visitor could not be shown here.";
            self.desk_says(now, id, text.to_owned());
        }
    }

    /// Tells whether it was a visitor's line that was pending.
    pub(super) fn set_fate(
        &mut self,
        id: &ConversationId,
        line: &MessageId,
        (fate, key): (Fate, Option<String>),
    ) -> bool {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return false;
        };
        let lines = conversation.lines.iter_mut().rev();
        let Some(found) = lines
            .filter(|other| other.fate == Fate::Pending)
            .find(|other| other.id == *line)
        else {
            return false;
        };
        found.fate = fate;
        found.room_key = key.or(found.room_key.take());
        let found = found.clone();
        let by_visitor = found.author == crate::conversation::Author::Visitor;
        self.emit(Effect::Keep(Record::Line(id.clone(), Box::new(found))));
        by_visitor
    }

    fn room_gone(&mut self, id: &ConversationId) {
        match self.conversations.get(id).map(|c| &c.stage) {
            Some(Stage::Over { .. }) => self.forget_conversation(id),
            Some(_) => {
                self.room_unavailable(id);
                self.open_room(id);
            }
            None => {}
        }
    }

    /// Says everything that the room was not told yet, if there is an agent to hear it.
    pub(super) fn pump(&mut self, id: &ConversationId) {
        let zone = self.policy.zone.clone();
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Stage::Served(service) = &mut conversation.stage else {
            return;
        };
        let Some(room) = &mut conversation.room else {
            return;
        };
        if !room.ready || service.presence != Presence::Here {
            return;
        }
        let mut orders = Vec::new();
        if !service.briefed && !service.briefing_said {
            service.briefing_said = true;
            room.briefings += 1;
            orders.extend(briefing(conversation, &zone));
            self.step.conversations.insert(id.clone());
        }
        orders.extend(untold(conversation));
        for order in orders {
            self.emit(Effect::Room(id.clone(), order));
        }
    }

    /// Shows one occupant what was said so far.
    pub(super) fn whisper_context(&mut self, id: &ConversationId, nick: String) {
        let zone = self.policy.zone.clone();
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        for text in split(&whole_story(conversation, &zone), MAX_SAID) {
            let order = RoomOrder::Whisper {
                nick: nick.clone(),
                text: text.to_owned(),
            };
            self.step.out.push(Effect::Room(id.clone(), order));
        }
    }
}

fn whole_story(conversation: &Conversation, zone: &jiff::tz::TimeZone) -> String {
    let mut text = render_brief(&conversation.id.pseudonym(), &conversation.brief);
    let said = render_transcript(conversation, &Clock(zone));
    if !said.is_empty() {
        text.push_str("\n--\n");
        text.push_str(&said);
    }
    text
}

/// The briefing in as many messages as it needs; the last one bears the id that is waited for.
fn briefing(conversation: &Conversation, zone: &jiff::tz::TimeZone) -> Vec<RoomOrder> {
    let text = whole_story(conversation, zone);
    let pieces = split(&text, MAX_SAID);
    let last = pieces.len() - 1;
    let name = last_briefing(conversation);
    let say = |(number, piece): (usize, &str)| RoomOrder::Say {
        id: if number == last {
            name.clone()
        } else {
            MessageId::new(format!("{}.{number}", name.as_str()))
        },
        as_visitor: false,
        words: Words::text(piece),
    };
    pieces.into_iter().enumerate().map(say).collect()
}

fn last_briefing(conversation: &Conversation) -> MessageId {
    let number = conversation.room.as_ref().map_or(0, |room| room.briefings);
    MessageId::new(format!("{}-b{number}", conversation.id))
}

fn untold(conversation: &mut Conversation) -> Vec<RoomOrder> {
    let next = conversation.next_seq();
    let Some(Room { told_to, .. }) = &mut conversation.room else {
        return Vec::new();
    };
    let from = std::mem::replace(told_to, next);
    let start = conversation.lines.partition_point(|line| line.seq < from);
    let lines = conversation.lines.iter().skip(start);
    lines
        .filter(|line| line.fate == Fate::Pending && line.goes_to_room())
        .map(|line| RoomOrder::Say {
            id: line.id.clone(),
            as_visitor: line.author == crate::conversation::Author::Visitor,
            words: line.words.clone(),
        })
        .collect()
}
