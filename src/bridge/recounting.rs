//! What was said before a conversation, told while it goes on.

use crate::conversation::{
    Author, Conversation, Delivery, Earlier, Fate, MAX_SAID, Outgoing, render_earlier, split,
};
use crate::ids::{ConversationId, MessageId, Timestamp};

use super::visitors::in_order;
use super::{Answer, Bridge, Refusal, Saying, Visitor};

impl Bridge {
    pub(super) fn history(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        mut earlier: Vec<Earlier>,
    ) -> Answer {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return Answer::Refused(Refusal::UnknownConversation);
        };
        earlier.sort_by_key(|entry| entry.at);
        earlier.retain(|entry| !conversation.earlier.contains(entry));
        let text = render_earlier(
            &conversation.id.pseudonym(),
            &earlier,
            &Self::scribe(&self.policy),
        );
        conversation.earlier.extend(earlier);
        conversation.earlier = in_order(std::mem::take(&mut conversation.earlier));
        let missed = conversation.was_briefed() && !text.is_empty();
        self.keep_earlier(id);
        if missed {
            for piece in split(&format!("What was said before:\n{text}"), MAX_SAID) {
                self.desk_says(now, id, piece.to_owned());
            }
        }
        Answer::Done
    }

    /// What a platform knows of the talk goes, each thing once, where it belongs: before the
    /// conversation, or into it where the visitor said it since; behind one that is over.
    pub(super) fn recounted(
        &mut self,
        now: Timestamp,
        visitor: &Visitor,
        mut earlier: Vec<Earlier>,
    ) -> Answer {
        let Some(known) = self.visitors.get(visitor) else {
            return Answer::Refused(Refusal::UnknownVisitor);
        };
        let open = known.open.clone();
        earlier.sort_by_key(|entry| entry.at);
        earlier.retain(|entry| !self.is_known(now, visitor, (open.as_ref(), entry)));
        let Some(id) = open else {
            for entry in earlier {
                self.said_late(now, saying(visitor, &entry), entry.author);
            }
            return Answer::Done;
        };
        let Some(conversation) = self.conversations.get(&id) else {
            return Answer::Refused(Refusal::UnknownConversation);
        };
        let (opened_at, oldest) = (
            conversation.opened_at,
            conversation.opened_at.minus(self.policy.context),
        );
        let is_new = |entry: &Earlier| entry.at > opened_at && entry.author == Author::Visitor;
        let (new, before): (Vec<_>, Vec<_>) = earlier.into_iter().partition(is_new);
        let before: Vec<Earlier> = before.into_iter().filter(|one| one.at >= oldest).collect();
        for entry in &before {
            if let Some(name) = &entry.id {
                let message = MessageId::new(name.clone());
                self.remember_as(now, visitor, (name.clone(), &id, &message));
            }
        }
        if !before.is_empty() {
            self.history(now, &id, before);
        }
        for entry in new {
            self.said(now, saying(visitor, &entry));
        }
        Answer::Done
    }

    /// Whether an entry was told already, or is an agent's words on their way back.
    fn is_known(
        &mut self,
        now: Timestamp,
        visitor: &Visitor,
        (open, entry): (Option<&ConversationId>, &Earlier),
    ) -> bool {
        let Some(name) = entry.id.clone() else {
            return entry.words.is_empty();
        };
        if entry.words.is_empty() || self.seen.contains_key(&(visitor.clone(), name.clone())) {
            return true;
        }
        let conversation = open.and_then(|id| self.conversations.get(id));
        let own = conversation.and_then(|one| Some((one.id.clone(), unsettled(one, entry)?)));
        if let Some((id, message)) = &own {
            self.remember_as(now, visitor, (name.clone(), id, message));
        }
        let said = MessageId::new(name.clone());
        own.is_some() || conversation_knows(open.and_then(|id| self.conversations.get(id)), &said)
    }

    pub(super) fn named(&mut self, now: Timestamp, delivery: &Delivery, name: String) -> Answer {
        let visitor = Visitor::from(delivery);
        let message = match &delivery.what {
            Outgoing::Words { message, .. } => message.clone(),
            _ => MessageId::new(delivery.id.as_str()),
        };
        let known = (visitor.clone(), name.clone());
        if self.visitors.contains_key(&visitor) && !self.seen.contains_key(&known) {
            self.remember_as(now, &visitor, (name, &delivery.conversation, &message));
        }
        Answer::Done
    }
}

fn conversation_knows(conversation: Option<&Conversation>, said: &MessageId) -> bool {
    conversation.is_some_and(|one| {
        let mut before = one.earlier.iter();
        one.lines.place_of(said).is_some()
            || before.any(|other| other.id.as_deref() == Some(said.as_str()))
    })
}

/// The agent's line that this entry repeats, where the platform has not told its own name of it
/// yet.
fn unsettled(conversation: &Conversation, entry: &Earlier) -> Option<MessageId> {
    if entry.author != Author::Bot {
        return None;
    }
    let mut lines = conversation.lines.iter().rev();
    let line = lines.find(|line| {
        let agent = matches!(line.author, Author::Agent { .. });
        agent && line.fate == Fate::Pending && line.words.text.trim() == entry.words.text.trim()
    });
    line.map(|line| line.id.clone())
}

fn saying(visitor: &Visitor, entry: &Earlier) -> Saying {
    let name = entry
        .id
        .clone()
        .unwrap_or_else(|| format!("e{}", entry.at.0));
    Saying {
        visitor: visitor.clone(),
        id: MessageId::new(name),
        platform_id: entry.id.clone(),
        words: entry.words.clone(),
    }
}
