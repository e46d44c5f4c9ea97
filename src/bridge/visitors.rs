//! What comes from the visitor's side.

use std::time::Duration;

use crate::conversation::{
    Author, ClosedBy, Conversation, Course, Earlier, Fate, Line, Lines, MAX_SAID, Past, Stage,
    Words, split,
};
use crate::ids::{ConversationId, MessageId, Timestamp};

use super::reopening::LastEnd;
use super::{
    Answer, Bridge, Effect, Event, Key, Known, Opening, Record, Refusal, Saying, SeenRecord,
    Visitor,
};

/// For how long the same wish for a conversation is a repetition.
const ALIKE_FOR: Duration = Duration::from_secs(60);
/// How many entries of what was said before are kept with a conversation: the last ones.
const MOST_EARLIER: usize = 1000;

impl Bridge {
    pub(super) fn open(&mut self, now: Timestamp, opening: Opening) -> Answer {
        if let Some(answer) = self
            .opened_alike(now, &opening)
            .or_else(|| self.opened_before(&opening))
        {
            return self.ask_in_again(answer);
        }
        self.begin(now, opening)
    }

    /// Begins a conversation, in the place of the visitor's open one where there is one.
    pub(super) fn begin(&mut self, now: Timestamp, opening: Opening) -> Answer {
        let line = match self.line_for(now, &opening) {
            Ok(line) => line,
            Err(refused) => return refused,
        };
        let former = self
            .visitors
            .get(&opening.visitor)
            .and_then(|k| k.open.clone());
        if let Some(former) = former {
            self.close(now, &former, ClosedBy::Superseded);
        }
        let id = opening.conversation.clone();
        let (theirs, firm) = (
            self.elsewhere(&line).is_some(),
            opening.refuse_without_agents,
        );
        if !theirs {
            let request = self.request_for(now, (&line, &opening));
            self.dispatch.join(id.clone(), request);
        }
        self.visitors
            .entry(opening.visitor.clone())
            .or_default()
            .open = Some(id.clone());
        let opened = Event::Opened(id.clone(), opening.visitor.channel.clone());
        self.happened(opened);
        self.step.queues.insert(line.clone());
        let workgroup = line;
        let begun = conversation_of(
            now,
            Opening {
                workgroup,
                ..opening
            },
        );
        self.conversations.insert(id.clone(), begun);
        self.keep_earlier(&id);
        self.touch(&id);
        match theirs {
            true => self.go_away(now, &id, firm),
            false => self.tell_place(now, &id),
        }
        Answer::Opened {
            conversation: id,
            again: false,
        }
    }

    /// Where a channel wants one conversation a visitor: the same wish again within a minute is the
    /// same conversation, any other is refused.
    fn opened_alike(&self, now: Timestamp, opening: &Opening) -> Option<Answer> {
        let likeness = opening.manners.likeness.as_ref()?;
        let known = self.visitors.get(&opening.visitor)?;
        let open = self.conversations.get(known.open.as_ref()?)?;
        let same = open.manners.likeness.as_ref() == Some(likeness)
            && now.since(open.opened_at) < ALIKE_FOR;
        Some(if same {
            Answer::Opened {
                conversation: open.id.clone(),
                again: true,
            }
        } else {
            Answer::Refused(Refusal::AlreadyOpen)
        })
    }

    /// The same ticket again is the same conversation, even when it is over: callers repeat what
    /// they got no answer for.
    fn opened_before(&self, opening: &Opening) -> Option<Answer> {
        if self.conversations.contains_key(&opening.conversation) {
            return Some(Answer::Opened {
                conversation: opening.conversation.clone(),
                again: true,
            });
        }
        let known = self.visitors.get(&opening.visitor)?;
        let same = |id: &ConversationId| {
            Some(Answer::Opened {
                conversation: id.clone(),
                again: true,
            })
        };
        let open = known.open.as_ref();
        let open = open.and_then(|id| self.conversations.get(id));
        if let Some(conversation) = open.filter(|open| open.ticket == opening.ticket) {
            return same(&conversation.id);
        }
        if let Some(ticket) = &opening.ticket {
            let key = (opening.visitor.clone(), ticket.clone());
            return self.tickets.get(&key).and_then(|last| same(&last.id));
        }
        let past = known.past.as_ref()?;
        (past.id == opening.conversation).then(|| same(&past.id))?
    }

    pub(super) fn said(&mut self, now: Timestamp, saying: Saying) -> Answer {
        if let Some(answer) = self.said_before(&saying) {
            return answer;
        }
        let Some(known) = self.visitors.get(&saying.visitor) else {
            return Answer::Refused(Refusal::UnknownVisitor);
        };
        let Some(id) = known.open.clone() else {
            return self.said_late(now, saying, Author::Visitor);
        };
        let channel = saying.visitor.channel.clone();
        if saying.platform_id.is_some() {
            self.remember(now, &saying, &id);
        }
        self.happened(Event::VisitorSpoke(id.clone(), channel));
        let message = saying.id.clone();
        for (number, words) in pieces(saying.words).into_iter().enumerate() {
            let name = match number {
                0 => message.clone(),
                _ => MessageId::new(format!("{}.{number}", message.as_str())),
            };
            self.append(&id, now, (Author::Visitor, words, name.into()));
        }
        self.pump(&id);
        Answer::Taken {
            conversation: id,
            message,
            again: false,
            late: false,
        }
    }

    pub(super) fn said_before(&self, saying: &Saying) -> Option<Answer> {
        let known = self.visitors.get(&saying.visitor)?;
        let past = known.past.as_ref().map(|past| &past.id);
        let mut ids = known.open.as_ref().into_iter().chain(past);
        let twice = ids.find(|id| {
            let conversation = self.conversations.get(id);
            conversation.is_some_and(|c| c.lines.place_of(&saying.id).is_some())
        });
        let (conversation, message) = match twice {
            Some(conversation) => (conversation.clone(), saying.id.clone()),
            None => {
                let key = (saying.visitor.clone(), saying.known_as().to_owned());
                let seen = self.seen.get(&key)?;
                (seen.conversation.clone(), seen.message.clone())
            }
        };
        Some(Answer::Taken {
            late: known.open.as_ref() != Some(&conversation),
            conversation,
            message,
            again: true,
        })
    }

    /// A message for a conversation that is over is kept with it; if the other side was not told
    /// of the end yet, that is tried again at once.
    pub(super) fn said_late(&mut self, now: Timestamp, saying: Saying, author: Author) -> Answer {
        let known = self.visitors.get_mut(&saying.visitor);
        let Some(past) = known.and_then(|known| known.past.as_mut()) else {
            return Answer::Refused(Refusal::UnknownVisitor);
        };
        let line = Line {
            seq: past.next_seq,
            id: saying.id.clone(),
            author,
            words: saying.words.clone(),
            at: now,
            fate: Fate::Failed,
            room_key: None,
            receipt: None,
        };
        past.next_seq += 1;
        let past = past.clone();
        let id = past.id.clone();
        if past.closing.is_some() {
            self.emit(Effect::Nudge(id.clone()));
        }
        let until = past.until;
        // The lines of what is over are not at hand: this is how a repetition is known.
        self.remember(now, &saying, &id);
        self.emit(Effect::Keep(Record::Line(id.clone(), Box::new(line))));
        self.emit(Effect::Forget(Key::Lines(id.clone(), until)));
        self.emit(Effect::Keep(Record::Past(past)));
        self.happened(Event::VisitorSpoke(id.clone(), saying.visitor.channel));
        Answer::Taken {
            conversation: id,
            message: saying.id,
            again: false,
            late: true,
        }
    }

    pub(super) fn remember(
        &mut self,
        now: Timestamp,
        saying: &Saying,
        conversation: &ConversationId,
    ) {
        let known_as = saying.known_as().to_owned();
        self.remember_as(now, &saying.visitor, (known_as, conversation, &saying.id));
    }

    /// Remembers what a visitor's platform calls a message.
    pub(super) fn remember_as(
        &mut self,
        now: Timestamp,
        visitor: &Visitor,
        (platform_id, conversation, message): (String, &ConversationId, &MessageId),
    ) {
        let record = SeenRecord {
            channel: visitor.channel.clone(),
            token: Some(visitor.token.clone()),
            platform_id,
            conversation: conversation.clone(),
            message: message.clone(),
            until: now.plus(self.policy.remember_ids),
        };
        self.note_seen(visitor.clone(), record.clone());
        self.emit(Effect::Keep(Record::Seen(Box::new(record))));
    }

    pub(super) fn note_seen(&mut self, visitor: Visitor, record: SeenRecord) {
        let id = record.platform_id.clone();
        self.seen_until
            .insert((record.until, visitor.clone(), id.clone()));
        self.seen.insert((visitor, id), record);
    }

    pub(super) fn note_past(&mut self, past: Past) {
        let visitor = Visitor {
            channel: past.channel.clone(),
            token: past.token.clone(),
        };
        if let Some(ticket) = past.ticket.clone() {
            let key = (visitor.clone(), ticket);
            let last = LastEnd::of(&past);
            let known = self.tickets.entry(key).or_insert_with(|| last.clone());
            *known = last.max(known.clone());
        }
        let due = (past.until, visitor.clone(), past.ticket.clone());
        self.past_until.insert(due);
        let known = self.visitors.entry(visitor).or_default();
        // The same order as after a restart, also for those that ended at once.
        let age = |past: &Past| (past.closed_at, past.opened_at, past.id.clone());
        if known
            .past
            .as_ref()
            .is_none_or(|other| age(other) <= age(&past))
        {
            known.past = Some(Box::new(past));
        }
    }

    /// Forgets what is past its time, as the store does by itself.
    pub(super) fn forget_old(&mut self, now: Timestamp) {
        while self.seen_until.first().is_some_and(|(at, ..)| *at <= now) {
            if let Some((_, visitor, id)) = self.seen_until.pop_first() {
                self.seen.remove(&(visitor, id));
            }
        }
        while self.past_until.first().is_some_and(|(at, ..)| *at <= now) {
            let Some((until, visitor, ticket)) = self.past_until.pop_first() else {
                return;
            };
            if let Some(ticket) = ticket {
                let key = (visitor.clone(), ticket);
                // Another one of the same ticket may have ended after it.
                if self
                    .tickets
                    .get(&key)
                    .is_some_and(|last| last.until <= until)
                {
                    self.tickets.remove(&key);
                }
            }
            let Some(known) = self.visitors.get_mut(&visitor) else {
                continue;
            };
            if known.past.as_ref().is_some_and(|past| past.until <= until) {
                known.past = None;
            }
            if let Known {
                open: None,
                past: None,
            } = known
            {
                self.visitors.remove(&visitor);
            }
        }
    }

    pub(super) fn visitor_closed(
        &mut self,
        now: Timestamp,
        visitor: &Visitor,
        by: ClosedBy,
    ) -> Answer {
        let Some(known) = self.visitors.get(visitor) else {
            return Answer::Refused(Refusal::UnknownVisitor);
        };
        match (&known.open, &known.past) {
            (Some(open), _) => {
                let open = open.clone();
                self.close(now, &open, by);
                Answer::Closed { before: None }
            }
            (None, Some(past)) => Answer::Closed {
                before: Some(past.by),
            },
            (None, None) => Answer::Refused(Refusal::UnknownVisitor),
        }
    }
}

/// The last entries, in the order of their times.
pub(super) fn in_order(mut earlier: Vec<Earlier>) -> Vec<Earlier> {
    earlier.sort_by_key(|entry| entry.at);
    let first = earlier.len().saturating_sub(MOST_EARLIER);
    earlier.split_off(first)
}

fn conversation_of(now: Timestamp, opening: Opening) -> Conversation {
    Conversation {
        id: opening.conversation,
        channel: opening.visitor.channel,
        token: opening.visitor.token,
        ticket: opening.ticket,
        workgroup: opening.workgroup,
        brief: opening.brief,
        earlier: in_order(opening.earlier),
        manners: opening.manners,
        opened_at: now,
        stage: Stage::Waiting {
            told: false,
            ends: opening.wait_ends,
            place: None,
        },
        room: None,
        guests: Vec::new(),
        course: Course::default(),
        departed: Default::default(),
        pauses: Default::default(),
        partings: Vec::new(),
        lines: Lines::default(),
    }
}

/// A long text in several messages, none too long for a stanza; the attachments go with the last.
fn pieces(words: Words) -> Vec<Words> {
    if words.text.len() <= MAX_SAID {
        return vec![words];
    }
    let texts = split(&words.text, MAX_SAID);
    let mut pieces: Vec<Words> = texts.into_iter().map(Words::text).collect();
    if let Some(first) = pieces.first_mut() {
        first.corrects = words.corrects;
    }
    if let Some(last) = pieces.last_mut() {
        last.attachments = words.attachments;
    }
    pieces
}
