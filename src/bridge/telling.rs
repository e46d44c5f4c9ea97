//! What a room is told: the briefing, then whatever it does not hold yet.

use crate::conversation::{
    Author, Conversation, Fate, MAX_SAID, Presence, Room, Scribe, Stage, Words, render_brief,
    render_transcript, split,
};
use crate::ids::{ConversationId, MessageId};
use crate::workgroup::Policy;

use super::{Bridge, Effect, RoomOrder};

impl Bridge {
    /// How what was said is written for agents.
    pub(super) fn scribe<'a>(policy: &'a Policy) -> Scribe<'a> {
        Scribe {
            zone: &policy.zone,
            visitor: &policy.labels.visitor,
            bot: &policy.labels.bot,
        }
    }

    /// Says everything that the room was not told yet, if there is an agent to hear it.
    pub(super) fn pump(&mut self, id: &ConversationId) {
        let policy = self.policy.clone();
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let service = match &mut conversation.stage {
            Stage::Served(service) => service,
            Stage::Away(_) => return self.pump_there(id),
            Stage::Waiting { .. } | Stage::Over { .. } => return,
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
            self.step.conversations.insert(id.clone());
            if conversation.manners.own_client.is_some() {
                return self.brief_apart(id);
            }
            orders.extend(briefing(conversation, &Self::scribe(&policy)));
        }
        orders.extend(untold(conversation));
        for order in orders {
            self.emit(Effect::Room(id.clone(), order));
        }
    }

    /// Shows the agent alone what others would read too who are in the room in person.
    fn brief_apart(&mut self, id: &ConversationId) {
        let conversation = self.conversations.get_mut(id);
        let Some(nick) = conversation.and_then(|one| one.note_briefed()) else {
            return;
        };
        self.whisper_context(id, nick);
    }

    /// Shows one occupant what was said so far.
    pub(super) fn whisper_context(&mut self, id: &ConversationId, nick: String) {
        let policy = self.policy.clone();
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        for text in split(&whole_story(conversation, &Self::scribe(&policy)), MAX_SAID) {
            let order = RoomOrder::Whisper {
                nick: nick.clone(),
                text: text.to_owned(),
            };
            self.step.out.push(Effect::Room(id.clone(), order));
        }
    }
}

fn whole_story(conversation: &Conversation, scribe: &Scribe<'_>) -> String {
    let mut text = render_brief(&conversation.id.pseudonym(), &conversation.brief);
    let said = render_transcript(conversation, scribe);
    if !said.is_empty() {
        text.push_str("\n--\n");
        text.push_str(&said);
    }
    text
}

/// What was said so far, and what is known of the visitor where any of it does not fit elsewhere;
/// nothing where there is neither.
pub(super) fn said_so_far(
    conversation: &Conversation,
    scribe: &Scribe<'_>,
    fits: fn(&str) -> bool,
) -> Option<String> {
    let said = render_transcript(conversation, scribe);
    let facts = conversation.brief.facts.iter().map(|(_, value)| value);
    let mut known = conversation.brief.question.iter().chain(facts);
    match (known.all(|value| fits(value)), said.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("What was said before:\n{said}")),
        (false, _) => Some(whole_story(conversation, scribe)),
    }
}

/// The briefing in as many messages as it needs; the last one bears the id that is waited for.
fn briefing(conversation: &Conversation, scribe: &Scribe<'_>) -> Vec<RoomOrder> {
    let text = whole_story(conversation, scribe);
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

pub(super) fn last_briefing(conversation: &Conversation) -> MessageId {
    let number = conversation.room.as_ref().map_or(0, |room| room.briefings);
    MessageId::new(format!("{}-b{number}", conversation.id))
}

fn untold(conversation: &mut Conversation) -> Vec<RoomOrder> {
    let next = conversation.next_seq();
    let Some(Room { told_to, .. }) = &mut conversation.room else {
        return Vec::new();
    };
    let from = std::mem::replace(told_to, next);
    let lines = conversation
        .lines
        .iter()
        .skip(conversation.lines.before(from));
    lines
        .filter(|line| line.fate == Fate::Pending && line.goes_to_room())
        .map(|line| RoomOrder::Say {
            id: line.id.clone(),
            as_visitor: line.author == Author::Visitor,
            words: line.words.clone(),
        })
        .collect()
}
