//! What a store would hold: the effects that belong to the commit, applied as JSON.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use warmline::bridge::{ContextRecord, Effect, Key, Record, Restored, SeenRecord};
use warmline::conversation::{Delivery, Earlier, Line, Past};
use warmline::ids::{AgentJid, ConversationId, Timestamp};

/// A row: its JSON, and from when on it is gone.
type Row = (String, Option<Timestamp>);

/// The rows, by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub conversations: BTreeMap<ConversationId, String>,
    pub lines: BTreeMap<(ConversationId, u64), Row>,
    pub before: BTreeMap<ConversationId, Row>,
    pub context: BTreeMap<(String, String), Row>,
    pub past: BTreeMap<ConversationId, Row>,
    pub agents: BTreeMap<AgentJid, String>,
    pub seen: BTreeMap<(String, Option<String>, String), Row>,
    pub callbacks: BTreeMap<String, String>,
    pub deliveries: BTreeMap<(ConversationId, u64), String>,
    pub dead_letters: BTreeMap<(ConversationId, u64), String>,
    pub cases: BTreeMap<String, Row>,
    pub extras: BTreeMap<(String, String), Row>,
}

impl Kept {
    /// Carries out what of these effects belongs to the commit.
    pub fn apply(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Keep(record) => self.keep(record),
                Effect::Forget(key) => self.forget(key),
                Effect::Deliver(delivery) => {
                    let place = (delivery.conversation.clone(), delivery.number);
                    let before = self.deliveries.insert(place.clone(), json(delivery));
                    assert_eq!(before, None, "{place:?} promised twice");
                }
                _ => {}
            }
        }
    }

    fn keep(&mut self, record: &Record) {
        match record {
            Record::Conversation(record) => {
                let id = record.conversation.id.clone();
                self.conversations.insert(id, json(record));
            }
            Record::Past(past) => {
                let row = (json(past), Some(past.until));
                self.past.insert(past.id.clone(), row);
            }
            Record::Line(id, line) => {
                let place = (id.clone(), line.seq);
                let id_of = |row: &Row| read::<Line>(&row.0).id;
                if let Some(former) = self.lines.get(&place) {
                    assert_eq!(id_of(former), line.id, "{place:?} written over");
                }
                self.lines.insert(place, (json(line), None));
            }
            Record::Before(id, earlier) => {
                self.before.insert(id.clone(), (json(earlier), None));
            }
            Record::Context(record) => {
                let place = (
                    record.visitor.token.as_str().to_owned(),
                    record.entry.id.clone(),
                );
                let place = (place.0, place.1.unwrap());
                self.context
                    .entry(place)
                    .or_insert((json(record), Some(record.until)));
            }
            Record::Agent(agent, record) => {
                self.agents.insert(agent.clone(), json(record));
            }
            Record::Callback(channel, url) => {
                self.callbacks.insert(channel.to_string(), url.clone());
            }
            Record::Seen(record) => {
                let token = record.token.as_ref().map(|token| token.as_str().to_owned());
                let place = (
                    record.channel.to_string(),
                    token,
                    record.platform_id.clone(),
                );
                self.seen.insert(place, (json(record), Some(record.until)));
            }
            Record::Case(_) | Record::Extra(_) => self.keep_beside(record),
            Record::DeadLetter(letter) => {
                let owed = &letter.delivery;
                let place = (owed.conversation.clone(), owed.number);
                self.dead_letters.insert(place, json(letter));
            }
        }
    }

    /// What came beside the words.
    fn keep_beside(&mut self, record: &Record) {
        match record {
            Record::Case(case) => {
                let row = (json(case), Some(case.until));
                self.cases.insert(case.note.id.clone(), row);
            }
            Record::Extra(extra) => {
                let place = (
                    extra.visitor.token.as_str().to_owned(),
                    extra.message.as_str().to_owned(),
                );
                let row = (extra.extra.clone(), Some(extra.until));
                self.extras.insert(place, row);
            }
            _ => {}
        }
    }

    fn forget(&mut self, key: &Key) {
        match key {
            Key::Conversation(id) => {
                self.conversations.remove(id);
            }
            Key::Delivery(id, number) => {
                self.deliveries.remove(&(id.clone(), *number));
            }
            Key::Lines(id, until) => {
                if let Some(row) = self.before.get_mut(id) {
                    row.1 = Some(*until);
                }
                for ((of, _), row) in &mut self.lines {
                    if of == id {
                        row.1 = Some(*until);
                    }
                }
            }
        }
    }

    /// Drops what is past its time, as a store does by itself.
    pub fn expire(&mut self, now: Timestamp) {
        let stays = |row: &Row| row.1.is_none_or(|until| until > now);
        self.lines.retain(|_, row| stays(row));
        self.past.retain(|_, row| stays(row));
        self.before.retain(|_, row| stays(row));
        self.context.retain(|_, row| stays(row));
        self.seen.retain(|_, row| stays(row));
    }

    /// The first row that is not the same in `other`.
    pub fn difference(&self, other: &Self) -> Option<String> {
        fn first<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
            ours: &BTreeMap<K, V>,
            theirs: &BTreeMap<K, V>,
        ) -> Option<String> {
            let mut keys = ours.keys().chain(theirs.keys());
            let key = keys.find(|key| ours.get(key) != theirs.get(key))?;
            let (one, other) = (ours.get(key), theirs.get(key));
            Some(format!("{key:?}: {one:?} and {other:?}"))
        }
        first(&self.conversations, &other.conversations)
            .or_else(|| first(&self.lines, &other.lines))
            .or_else(|| first(&self.before, &other.before))
            .or_else(|| first(&self.context, &other.context))
            .or_else(|| first(&self.past, &other.past))
            .or_else(|| first(&self.agents, &other.agents))
            .or_else(|| first(&self.seen, &other.seen))
            .or_else(|| first(&self.callbacks, &other.callbacks))
            .or_else(|| first(&self.deliveries, &other.deliveries))
            .or_else(|| first(&self.dead_letters, &other.dead_letters))
    }

    /// What a program that starts now reads.
    pub fn restored(&mut self, now: Timestamp) -> Restored {
        self.expire(now);
        Restored {
            conversations: self.conversations.values().map(|row| read(row)).collect(),
            before: self
                .before
                .iter()
                .map(|(id, row)| (id.clone(), read(&row.0)))
                .collect(),
            lines: self
                .lines
                .iter()
                .map(|((id, _), row)| (id.clone(), read(&row.0)))
                .collect(),
            past: self.past.values().map(|row| read(&row.0)).collect(),
            agents: self
                .agents
                .iter()
                .map(|(agent, row)| (agent.clone(), read(row)))
                .collect(),
            seen: self.seen.values().map(|row| read(&row.0)).collect(),
        }
    }

    /// What an older program stored: platforms' ids without whose messages they name.
    pub fn forget_whose_ids(&mut self) {
        let rows = std::mem::take(&mut self.seen);
        self.seen = rows
            .into_values()
            .map(|(row, until)| {
                let mut record: SeenRecord = read(&row);
                record.token = None;
                let place = (record.channel.to_string(), None, record.platform_id.clone());
                let row = json(&record).replace("\"token\":null,", "");
                (place, (row, until))
            })
            .collect();
    }

    /// What is kept of a visitor outside of conversations.
    pub fn context_of(&self, token: &str) -> Vec<Earlier> {
        let rows = self.context.iter().filter(|((of, _), _)| of == token);
        rows.map(|(_, row)| read::<ContextRecord>(&row.0).entry)
            .collect()
    }

    /// A conversation's lines, as stored.
    pub fn lines_of(&self, id: &str) -> Vec<Line> {
        let of = |((other, _), _): &(&(ConversationId, u64), &Row)| other.as_str() == id;
        let rows = self.lines.iter().filter(of);
        rows.map(|(_, row)| read(&row.0)).collect()
    }

    /// The promises that were neither kept nor given up, in order.
    pub fn owed(&self) -> Vec<Delivery> {
        self.deliveries.values().map(|row| read(row)).collect()
    }

    /// A conversation that is over, as stored.
    pub fn past_of(&self, id: &str) -> Option<Past> {
        let row = self.past.get(&ConversationId::new(id))?;
        Some(read(&row.0))
    }
}

fn json<T: serde::Serialize>(what: &T) -> String {
    serde_json::to_string(what).unwrap()
}

fn read<T: DeserializeOwned>(row: &str) -> T {
    serde_json::from_str(row).unwrap()
}
