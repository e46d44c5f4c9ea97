//! Conversations that go on after their end, as another one of the same ticket.

use crate::conversation::{ClosedBy, Delivery, Earlier, Outgoing, Past};
use crate::ids::{ConversationId, DeliveryId, MessageId, Timestamp};
use crate::workgroup::Place;

use super::{Answer, Bridge, Effect, Opening, Record, Refusal, Visitor};

/// What agents are shown of a conversation that goes on.
const AGAIN: &str = "Opened again";

/// A wish that a conversation that is over goes on. It becomes another conversation of the same
/// visitor and ticket, first in line, with the same agent if that one is free.
#[derive(Clone, Debug)]
pub struct Reopening {
    /// The id that the conversation gets, minted by the caller.
    pub conversation: ConversationId,
    /// Whose it is.
    pub visitor: Visitor,
    /// The caller's key, by which a repetition is known.
    pub key: Option<String>,
    /// Whether what is still owed of the former conversation is wanted at once. Each time it is, a
    /// try is spent.
    pub hurry: bool,
    /// Whether the outside wants it; else it has to be told.
    pub by_platform: bool,
    /// Whether the end of the wait ends the conversation.
    pub wait_ends: bool,
    /// What was said in and before the one that is over; the engine adds it.
    pub earlier: Vec<Earlier>,
}

/// The last conversation of a ticket that is over. The order is that of their ends, before a restart
/// as after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LastEnd {
    closed_at: Timestamp,
    opened_at: Timestamp,
    pub id: ConversationId,
    pub until: Timestamp,
}

impl LastEnd {
    pub fn of(past: &Past) -> Self {
        Self {
            closed_at: past.closed_at,
            opened_at: past.opened_at,
            id: past.id.clone(),
            until: past.until,
        }
    }
}

impl Bridge {
    /// The conversation that would go on if the visitor's were opened again now.
    pub fn over_of(&self, visitor: &Visitor) -> Option<&ConversationId> {
        let known = self.visitors.get(visitor)?;
        let past = known.past.as_ref().filter(|_| known.open.is_none())?;
        Some(&past.id)
    }

    pub(super) fn reopen(&mut self, now: Timestamp, wish: Reopening) -> Answer {
        if let Some(answer) = self.reopened_before(&wish) {
            return answer;
        }
        let known = self.visitors.get(&wish.visitor);
        let Some(past) = known.and_then(|known| known.past.clone()) else {
            return Answer::Refused(Refusal::UnknownVisitor);
        };
        let Some(again) = past.again.clone() else {
            return Answer::Refused(Refusal::UnknownConversation);
        };
        if past.closing.is_some() {
            // What comes now is not to overtake what was said before.
            if wish.hurry {
                self.emit(Effect::Nudge(past.id.clone()));
            }
            return Answer::Refused(Refusal::StillOwed);
        }
        let (id, visitor) = (wish.conversation.clone(), wish.visitor.clone());
        let mut brief = again.brief;
        brief.facts.retain(|(label, _)| label != AGAIN);
        let fact = (AGAIN.to_owned(), "it was closed before".to_owned());
        brief.facts.insert(0, fact);
        let begun = self.begin(
            now,
            Opening {
                conversation: wish.conversation,
                visitor: wish.visitor,
                ticket: past.ticket.clone(),
                workgroup: past.workgroup.clone(),
                refuse_without_agents: false,
                wait_ends: wish.wait_ends,
                brief,
                earlier: wish.earlier,
                recall: false,
                manners: again.manners,
                place: Place::First,
                wanted: past.agent.clone(),
            },
        );
        if let Answer::Refused(_) = begun {
            return begun;
        }
        if let Some(key) = wish.key {
            let name = MessageId::new(format!("{id}-again"));
            self.remember_as(now, &visitor, (key, &id, &name));
        }
        self.say_reopened(now, &id, wish.by_platform);
        begun
    }

    fn reopened_before(&self, wish: &Reopening) -> Option<Answer> {
        let again = |conversation: &ConversationId| Answer::Opened {
            conversation: conversation.clone(),
            again: true,
        };
        let open = self.visitors.get(&wish.visitor)?.open.as_ref();
        let key = wish.key.clone();
        let seen = key.and_then(|key| self.seen.get(&(wish.visitor.clone(), key)));
        let known = open.or_else(|| Some(&seen?.conversation));
        let known = known.or_else(|| {
            self.conversations
                .get_key_value(&wish.conversation)
                .map(|(id, _)| id)
        });
        known.map(again)
    }

    fn say_reopened(&mut self, now: Timestamp, id: &ConversationId, by_platform: bool) {
        let Some(seq) = self.conversations.get(id).map(|one| one.next_seq()) else {
            return;
        };
        self.desk_says(now, id, "The ticket was opened again.".to_owned());
        if !by_platform {
            self.deliver(id, seq, Outgoing::Reopened);
        }
    }

    /// Tells the outside of an end once more, unless that is still owed.
    pub(super) fn end_doubted(&mut self, now: Timestamp, visitor: &Visitor) -> Answer {
        let known = self.visitors.get_mut(visitor);
        let past = known.filter(|known| known.open.is_none());
        let Some(past) = past.and_then(|known| known.past.as_mut()) else {
            return Answer::Done;
        };
        if past.closing.is_some() {
            return Answer::Done;
        }
        let told = delivery_of_end(now, past);
        past.next_seq += 1;
        past.closing = Some(told.id.clone());
        let past = past.clone();
        self.emit(Effect::Keep(Record::Past(past)));
        self.emit(Effect::Deliver(told));
        Answer::Done
    }
}

fn delivery_of_end(now: Timestamp, past: &Past) -> Delivery {
    let by = match past.by {
        // It does not know any more that it was the one: it has to be told.
        ClosedBy::Visitor => ClosedBy::Platform,
        other => other,
    };
    let manners = past.again.as_ref().map(|again| &again.manners);
    Delivery {
        id: DeliveryId::new(format!("{}-{}", past.id, past.next_seq)),
        conversation: past.id.clone(),
        number: past.next_seq,
        channel: past.channel.clone(),
        ticket: past.ticket.clone(),
        visitor: past.token.clone(),
        opened_at: past.opened_at,
        language: manners.and_then(|manners| manners.language.clone()),
        at: now,
        what: Outgoing::Closed(by),
    }
}
