//! The end of a conversation, whoever brings it about.

use crate::conversation::{
    Again, Author, ClosedBy, Conversation, Outgoing, Past, Stage, Successor, Words,
};
use crate::ids::{ConversationId, MessageId, Timestamp};

use super::{
    Answer, Bridge, Effect, Event, Key, OfferOutcome, Record, Refusal, RevokeReason, RoomOrder,
    Visitor,
};

impl Bridge {
    /// Ends a conversation; only its room may be left to destroy.
    pub(super) fn close(&mut self, now: Timestamp, id: &ConversationId, by: ClosedBy) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        if let Stage::Over { .. } = conversation.stage {
            return;
        }
        let agent = conversation.agent().cloned();
        let every_end = conversation.manners.every_end;
        self.report_rest(now, id);
        let ended = self.summary(id, by);
        self.release_all(id);
        self.part_for_good(id);
        let name = MessageId::new(format!("{id}-end"));
        let seq = self.append(id, now, (Author::End(by), Words::default(), name.into()));
        // The visitor's side knows that it closed; telling it again would close twice.
        let closing = match by {
            ClosedBy::Visitor if !every_end => None,
            _ => self.deliver(id, seq, Outgoing::Closed(by)),
        };
        // A promise of its own: each of the two is kept, and repeated, by itself.
        let reported = ended.map(|ended| {
            let what = Outgoing::Ended(Box::new(ended));
            self.deliver(id, seq + 1, what)
        });
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let past = Past {
            agent,
            next_seq: seq + 1 + u64::from(reported.is_some()),
            closing,
            until: now.plus(self.policy.keep),
            ..past_of(conversation, now, by)
        };
        let why = farewell(by).to_owned();
        let room = conversation
            .room
            .as_ref()
            .map(|room| room.workgroup.clone());
        conversation.stage = Stage::Over {
            by,
            why: why.clone(),
        };
        self.happened(Event::Closed(id.clone(), past.channel.clone(), by));
        self.emit(Effect::Forget(Key::Lines(id.clone(), past.until)));
        self.emit(Effect::Keep(Record::Past(Box::new(past.clone()))));
        self.remember_end(past);
        match room {
            Some(workgroup) => {
                self.touch(id);
                let order = RoomOrder::Close { workgroup, why };
                self.emit(Effect::Room(id.clone(), order));
            }
            None => self.forget_if_done(id),
        }
    }

    pub(super) fn room_is_gone(&mut self, id: &ConversationId) {
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.room = None;
            self.touch(id);
            self.forget_if_done(id);
        }
    }

    /// A conversation that is over and has no place left anywhere is forgotten.
    pub(super) fn forget_if_done(&mut self, id: &ConversationId) {
        let done = |one: &Conversation| {
            let over = matches!(one.stage, Stage::Over { .. });
            over && one.room.is_none() && one.partings.is_empty()
        };
        match self.conversations.get(id) {
            Some(conversation) if done(conversation) => self.forget_conversation(id),
            _ => self.touch(id),
        }
    }

    pub(super) fn operator_closed(&mut self, now: Timestamp, id: &ConversationId) -> Answer {
        match self.conversations.get(id).map(|c| &c.stage) {
            Some(Stage::Over { by, .. }) => Answer::Closed { before: Some(*by) },
            Some(_) => {
                self.close(now, id, ClosedBy::Operator);
                Answer::Closed { before: None }
            }
            None => Answer::Refused(Refusal::UnknownConversation),
        }
    }

    fn remember_end(&mut self, past: Past) {
        let visitor = Visitor {
            channel: past.channel.clone(),
            token: past.token.clone(),
        };
        if let Some(known) = self.visitors.get_mut(&visitor) {
            known.open = None;
        }
        self.note_past(past);
    }

    pub(super) fn forget_conversation(&mut self, id: &ConversationId) {
        self.conversations.remove(id);
        self.step.conversations.remove(id);
        self.emit(Effect::Forget(Key::Conversation(id.clone())));
        self.step.stirred.insert(id.clone());
    }

    /// Takes the conversation out of every line and from every agent.
    fn release_all(&mut self, id: &ConversationId) {
        if let Some(mut request) = self.dispatch.leave(id) {
            self.step.queues.insert(request.workgroup.clone());
            if let Some(offer) = request.offer.take() {
                let why = (RevokeReason::Closed, OfferOutcome::Withdrawn);
                self.revoke(id, (request.workgroup, offer), why);
            }
        }
        let Some(Stage::Served(service)) = self.conversations.get(id).map(|c| c.stage.clone())
        else {
            return;
        };
        let mut agents = vec![service.agent];
        if let Some(Successor::Expected { agent, .. }) = service.successor {
            agents.push(agent);
        }
        for agent in agents {
            self.dispatch.let_go(&agent, id);
            self.queues_of(&agent);
            self.step.agents.insert(agent);
        }
    }
}

/// What is kept for another conversation of the same ticket.
fn again(conversation: &Conversation) -> Option<Box<Again>> {
    conversation.manners.reopens.then(|| {
        Box::new(Again {
            brief: conversation.brief.clone(),
            manners: conversation.manners.clone(),
        })
    })
}

/// What is remembered of a conversation that ends now.
fn past_of(conversation: &Conversation, now: Timestamp, by: ClosedBy) -> Past {
    Past {
        id: conversation.id.clone(),
        channel: conversation.channel.clone(),
        token: conversation.token.clone(),
        ticket: conversation.ticket.clone(),
        workgroup: conversation.workgroup.clone(),
        opened_at: conversation.opened_at,
        closed_at: now,
        by,
        agent: None,
        next_seq: conversation.next_seq(),
        closing: None,
        again: again(conversation),
        until: now,
        brief: conversation.brief.clone(),
    }
}

fn farewell(by: ClosedBy) -> &'static str {
    match by {
        ClosedBy::Visitor | ClosedBy::Platform => "The visitor's side ended the conversation.",
        ClosedBy::Agent => "The conversation was ended.",
        ClosedBy::Operator => "An operator ended the conversation.",
        ClosedBy::NobodyCame => "Nobody took the conversation in time.",
        ClosedBy::Silence => "The conversation ended after a long silence.",
        ClosedBy::Superseded => "The visitor opened another ticket; this one is closed.",
    }
}
