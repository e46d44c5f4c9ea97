//! Notes of agents on conversations, also after their end.

use crate::conversation::{Author, Fate, Line, Words};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp};

use super::{Answer, Bridge, Effect, Key, Record, Refusal};

impl Bridge {
    pub(super) fn noted(
        &mut self,
        now: Timestamp,
        (agent, id): (&AgentJid, &ConversationId),
        (message, text): (MessageId, String),
    ) -> Answer {
        if !self.serves(agent) {
            return Answer::Refused(Refusal::NotAnAgent);
        }
        let name = agent.local().to_owned();
        let (author, words) = (Author::Note { name }, Words::text(text));
        if self.conversations.contains_key(id) {
            self.append(id, now, (author, words, message.into()));
            return Answer::Done;
        }
        let known = self.visitors.values_mut();
        let mut past = known.filter_map(|known| known.past.as_mut());
        let Some(past) = past.find(|past| past.id == *id) else {
            return Answer::Refused(Refusal::UnknownConversation);
        };
        let line = Line {
            seq: past.next_seq,
            id: message,
            author,
            words,
            at: now,
            fate: Fate::Arrived,
            room_key: None,
            receipt: None,
        };
        past.next_seq += 1;
        let past = past.clone();
        let until = past.until;
        self.emit(Effect::Keep(Record::Line(id.clone(), Box::new(line))));
        self.emit(Effect::Forget(Key::Lines(id.clone(), until)));
        self.emit(Effect::Keep(Record::Past(past)));
        Answer::Done
    }
}
