//! What became of promises to outside systems.

use crate::conversation::{DeadLetter, Delivery, Fate, Outgoing, Stage};
use crate::ids::{MessageId, Timestamp};

use super::{Answer, Bridge, Effect, Key, Record, Visitor};

impl Bridge {
    pub(super) fn delivered(&mut self, delivery: &Delivery) -> Answer {
        let id = &delivery.conversation;
        self.emit(Effect::Forget(Key::Delivery(id.clone(), delivery.number)));
        self.end_taken(delivery);
        if let Some(line) = self.line_of(delivery) {
            self.set_fate(id, &line, (Fate::Arrived, None));
        }
        Answer::Done
    }

    /// The line that a delivery tells of.
    fn line_of(&self, delivery: &Delivery) -> Option<MessageId> {
        let lines = &self.conversations.get(&delivery.conversation)?.lines;
        let at = lines
            .binary_search_by_key(&delivery.number, |line| line.seq)
            .ok()?;
        lines.get(at).map(|line| line.id.clone())
    }

    fn end_taken(&mut self, delivery: &Delivery) {
        let known = self.visitors.get_mut(&Visitor::from(delivery));
        let past = known.and_then(|known| known.past.as_mut());
        let ended = past.filter(|past| past.closing.as_ref() == Some(&delivery.id));
        if let Some(past) = ended {
            past.closing = None;
            let past = past.clone();
            self.emit(Effect::Keep(Record::Past(past)));
        }
    }

    pub(super) fn given_up(&mut self, now: Timestamp, delivery: Delivery, why: &str) -> Answer {
        let id = delivery.conversation.clone();
        self.emit(Effect::Forget(Key::Delivery(id.clone(), delivery.number)));
        if let Some(line) = self.line_of(&delivery) {
            self.set_fate(&id, &line, (Fate::Failed, None));
        }
        let told = match &delivery.what {
            Outgoing::Words { words, .. } => Some(format!(
                "⚠ Not delivered ({why}): “{}”",
                beginning(&words.text)
            )),
            Outgoing::Notice(_) | Outgoing::Closed(_) => None,
        };
        let open = self
            .conversations
            .get(&id)
            .is_some_and(|c| !matches!(c.stage, Stage::Over { .. }));
        let letter = DeadLetter {
            delivery,
            why: why.to_owned(),
            at: now,
        };
        self.emit(Effect::Keep(Record::DeadLetter(Box::new(letter))));
        if let Some(text) = told.filter(|_| open) {
            self.desk_says(now, &id, text);
        }
        Answer::Done
    }
}

fn beginning(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Names the visitor of a delivery.
impl From<&Delivery> for Visitor {
    fn from(delivery: &Delivery) -> Self {
        Self {
            channel: delivery.channel.clone(),
            token: delivery.visitor.clone(),
        }
    }
}
