//! Lines are written down, and what follows from them is promised.

use crate::conversation::{Author, Delivery, Fate, Line, Outgoing, Stage, Words};
use crate::ids::{ConversationId, DeliveryId, MessageId, Timestamp};

use super::{Bridge, Effect, Names, Record};

impl Bridge {
    /// Adds a line to a conversation and stores it; its place is returned.
    pub(super) fn append(
        &mut self,
        id: &ConversationId,
        at: Timestamp,
        (author, words, names): (Author, Words, Names),
    ) -> u64 {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return 0;
        };
        let fate = match author {
            Author::Note { .. } | Author::Command { .. } | Author::Bot => Fate::Arrived,
            // Who is in the room in person said or heard it there.
            _ if conversation.manners.own_client.is_some() => Fate::Arrived,
            _ => Fate::Pending,
        };
        let line = Line {
            seq: conversation.next_seq(),
            id: names.id,
            author,
            words,
            at,
            fate,
            room_key: names.key,
            receipt: None,
        };
        let seq = line.seq;
        conversation.lines.push(line.clone());
        self.step.stirred.insert(id.clone());
        self.emit(Effect::Keep(Record::Line(id.clone(), Box::new(line))));
        seq
    }

    /// Says a sentence in the room as the workgroup's occupant, unless it is over: the places
    /// after the end belong to what the visitor says too late.
    pub(super) fn desk_says(&mut self, now: Timestamp, id: &ConversationId, text: String) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        if let Stage::Over { .. } = conversation.stage {
            return;
        }
        if conversation.manners.own_client.is_some() {
            return self.tell_agent(id, text);
        }
        let name = MessageId::new(format!("{id}-d{}", conversation.next_seq()));
        self.append(id, now, (Author::Desk, Words::text(text), name.into()));
        self.pump(id);
    }

    /// Promises to tell the outside what stands in line `seq`.
    pub(super) fn deliver(
        &mut self,
        id: &ConversationId,
        seq: u64,
        what: Outgoing,
    ) -> Option<DeliveryId> {
        let conversation = self.conversations.get(id)?;
        if conversation.hears_in_person(&what) {
            return None;
        }
        let at = conversation.lines.last().map(|line| line.at)?;
        let delivery = Delivery {
            id: DeliveryId::new(format!("{id}-{seq}")),
            conversation: id.clone(),
            number: seq,
            channel: conversation.channel.clone(),
            ticket: conversation.ticket.clone(),
            visitor: conversation.token.clone(),
            opened_at: conversation.opened_at,
            language: conversation.manners.language.clone(),
            at,
            what,
        };
        let name = delivery.id.clone();
        self.emit(Effect::Deliver(delivery));
        Some(name)
    }
}
