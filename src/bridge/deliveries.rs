//! What became of promises to outside systems.

use crate::conversation::{DeadLetter, Delivery, Fate, Line, Outgoing};
use crate::ids::Timestamp;

use super::{Answer, Bridge, Effect, Key, Record, Visitor};

impl Bridge {
    pub(super) fn delivered(&mut self, delivery: &Delivery) -> Answer {
        let id = &delivery.conversation;
        self.emit(Effect::Forget(Key::Delivery(id.clone(), delivery.number)));
        self.end_taken(delivery);
        self.settle_line(delivery, Fate::Arrived);
        Answer::Done
    }

    /// Notes what became of the line that a delivery tells of; tells whether that is news.
    fn settle_line(&mut self, delivery: &Delivery, fate: Fate) -> bool {
        let conversation = self.conversations.get(&delivery.conversation);
        let line = conversation.and_then(|c| c.lines.at(delivery.number));
        if line.is_none_or(Line::goes_to_room) {
            return false;
        }
        let news = self.set_fate(&delivery.conversation, delivery.number, (fate, None));
        news.is_some()
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
        let failed = self.settle_line(&delivery, Fate::Failed);
        let told = match &delivery.what {
            Outgoing::Words { words, .. } => Some(format!(
                "⚠ Not delivered ({why}): “{}”",
                beginning(&words.text)
            )),
            Outgoing::Reopened => Some(format!(
                "⚠ The ticket could not be opened again on the other side ({why})."
            )),
            Outgoing::Notice(_)
            | Outgoing::Closed(_)
            | Outgoing::Ended(_)
            | Outgoing::Receipt { .. } => None,
        };
        let letter = DeadLetter {
            delivery,
            why: why.to_owned(),
            at: now,
        };
        self.emit(Effect::Keep(Record::DeadLetter(Box::new(letter))));
        if let Some(text) = told.filter(|_| failed) {
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
