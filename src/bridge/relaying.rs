//! Words to and from somebody else's rooms.

use crate::conversation::{
    Author, Conversation, Fate, MAX_SAID, Scribe, Stay, Words, is_plain_command, split,
};
use crate::ids::{ConversationId, MessageId, Timestamp};

use super::telling::said_so_far;
use super::{AwayOrder, Bridge, Effect, Names, Spoken};

/// So much of a value fits into what agents are shown with an offer (fastpath-protocol §5.1).
pub const MOST_OF_A_VALUE: usize = 200;

impl Bridge {
    /// Somebody else's agents know none of our commands, and a mark at the beginning is just a mark;
    /// unless theirs is a Warmline too. What only that can mean is not for the visitor.
    pub(super) fn spoken_elsewhere(&mut self, now: Timestamp, id: &ConversationId, spoken: Spoken) {
        if !is_plain_command(&spoken.words.text) {
            return self.spoken_to_visitor(now, id, spoken);
        }
        let names = Names {
            id: MessageId::new(format!("c-{}", spoken.key)),
            key: Some(spoken.key),
        };
        let author = Author::Command { name: spoken.nick };
        self.append(id, now, (author, spoken.words, names));
    }

    pub(super) fn reflected_there(&mut self, id: &ConversationId, line: &MessageId, key: String) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if *line == last_piece(conversation) {
            if let Some(stay) = conversation.stay_mut() {
                stay.briefed = true;
                self.touch(id);
            }
            return;
        }
        if let Some(seq) = conversation.lines.place_of(line) {
            self.set_fate(id, seq, (Fate::Arrived, Some(key)));
        }
    }

    /// Says everything that somebody else's room was not told yet, if there is an agent to hear it.
    pub(super) fn pump_there(&mut self, id: &ConversationId) {
        let policy = self.policy.clone();
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let ready = |stay: &Stay| stay.ready && !stay.helpers.is_empty();
        let Some(stay) = conversation.stay().filter(|stay| ready(stay)) else {
            return;
        };
        let mut orders = Vec::new();
        if !stay.briefed && !stay.briefing_said {
            self.step.conversations.insert(id.clone());
            orders.extend(briefing(conversation, &Self::scribe(&policy)));
            let nothing = orders.is_empty();
            if let Some(stay) = conversation.stay_mut() {
                stay.briefing_said = true;
                stay.briefed |= nothing;
            }
        }
        orders.extend(untold(conversation));
        for order in orders {
            self.emit(Effect::Away(id.clone(), order));
        }
    }
}

/// What the agents there cannot know otherwise, in as many messages as it needs: Fastpath shows them
/// the question and some facts, cut short, and nothing of the talk.
fn briefing(conversation: &Conversation, scribe: &Scribe<'_>) -> Vec<AwayOrder> {
    let Some(text) = said_so_far(conversation, scribe, fits) else {
        return Vec::new();
    };
    let pieces = split(&text, MAX_SAID);
    let last = pieces.len() - 1;
    let name = last_piece(conversation);
    let say = |(number, piece): (usize, &str)| AwayOrder::Say {
        id: match number == last {
            true => name.clone(),
            false => MessageId::new(format!("{}.{number}", name.as_str())),
        },
        words: Words::text(piece),
    };
    pieces.into_iter().enumerate().map(say).collect()
}

fn fits(value: &str) -> bool {
    value.chars().count() <= MOST_OF_A_VALUE
}

fn last_piece(conversation: &Conversation) -> MessageId {
    let number = conversation.away().map_or(0, |away| away.rooms);
    MessageId::new(format!("{}-b{number}", conversation.id))
}

fn untold(conversation: &mut Conversation) -> Vec<AwayOrder> {
    let next = conversation.next_seq();
    let Some(stay) = conversation.stay_mut() else {
        return Vec::new();
    };
    let from = std::mem::replace(&mut stay.told_to, next);
    let lines = conversation.lines.iter();
    let lines = lines.skip(conversation.lines.before(from));
    let lines = lines.filter(|line| line.fate == Fate::Pending);
    lines
        .filter(|line| matches!(line.author, Author::Visitor | Author::Desk))
        .map(|line| AwayOrder::Say {
            id: line.id.clone(),
            words: line.words.clone(),
        })
        .collect()
}
