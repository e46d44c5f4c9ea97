//! What visitors and bots say to one another while no agent is asked for.

use crate::conversation::{Author, Earlier};
use crate::ids::{ConversationId, Timestamp};

use super::{Answer, Bridge, ContextRecord, Effect, Overheard, Record, Saying};

impl Bridge {
    pub(super) fn overheard(&mut self, now: Timestamp, heard: Overheard) -> Answer {
        let open = self.visitors.get(&heard.visitor);
        let open = open.and_then(|known| known.open.clone());
        let author = heard.author.clone();
        let saying = Saying {
            visitor: heard.visitor.clone(),
            id: heard.id.clone(),
            platform_id: Some(heard.platform_id.clone()),
            words: heard.words.clone(),
        };
        match (open, author) {
            (None, _) => self
                .said_before(&saying)
                .unwrap_or_else(|| self.note_context(now, heard)),
            (Some(id), _) if self.was_earlier(&id, &heard.platform_id) => Answer::Taken {
                conversation: id,
                message: heard.id,
                again: true,
                late: false,
            },
            (Some(_), Author::Visitor) => self.said(now, saying),
            (Some(id), _) => self.bot_said(now, &id, saying),
        }
    }

    fn note_context(&mut self, now: Timestamp, heard: Overheard) -> Answer {
        let record = ContextRecord {
            visitor: heard.visitor,
            entry: Earlier {
                author: heard.author,
                words: heard.words,
                at: heard.at,
                id: Some(heard.platform_id),
            },
            until: now.plus(self.policy.context),
        };
        self.emit(Effect::Keep(Record::Context(Box::new(record))));
        Answer::Noted
    }

    fn was_earlier(&self, id: &ConversationId, platform_id: &str) -> bool {
        let conversation = self.conversations.get(id);
        let earlier = conversation.map(|conversation| conversation.earlier.as_slice());
        let mut entries = earlier.unwrap_or_default().iter();
        entries.any(|entry| entry.id.as_deref() == Some(platform_id))
    }

    /// The bot goes on talking although an agent was asked for: for the transcript, not for the room.
    fn bot_said(&mut self, now: Timestamp, id: &ConversationId, saying: Saying) -> Answer {
        if let Some(answer) = self.said_before(&saying) {
            return answer;
        }
        self.remember(now, &saying, id);
        let message = saying.id;
        self.append(id, now, (Author::Bot, saying.words, message.clone().into()));
        Answer::Taken {
            conversation: id.clone(),
            message,
            again: false,
            late: false,
        }
    }

    /// Stores what was said before a conversation, where there is anything.
    pub(super) fn keep_earlier(&mut self, id: &ConversationId) {
        let conversation = self.conversations.get(id);
        let earlier = conversation.map(|conversation| conversation.earlier.clone());
        if let Some(earlier) = earlier.filter(|earlier| !earlier.is_empty()) {
            self.emit(Effect::Keep(Record::Before(id.clone(), earlier)));
        }
    }
}
