//! Records as rows of the store, and back.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::error;

use crate::bridge::{
    ContextRecord, ConversationRecord, Effect, Key, Record, Restored, SeenRecord, Visitor,
};
use crate::conversation::{Delivery, Earlier, Line, Past};
use crate::ids::{AgentJid, ChannelId, ConversationId, Timestamp};
use crate::outbox::{delivery_key, delivery_row};
use crate::store::{Change, Put, Row, Store, StoreError, Table};
use crate::workgroup::AgentRecord;

/// Everything that the engine needs to go on.
pub(super) struct Stored {
    pub bridge: Restored,
    pub callbacks: Vec<(ChannelId, String)>,
}

/// A record could not be written as JSON; what it said is not told.
#[derive(Debug)]
pub(super) struct Unwritable;

impl From<Unwritable> for StoreError {
    fn from(_: Unwritable) -> Self {
        Self::Unavailable("a record cannot be written".to_owned())
    }
}

fn put<T: Serialize>(
    table: Table,
    (group, key): (&str, String),
    value: &T,
) -> Result<Put, Unwritable> {
    Ok(Put {
        table,
        group: group.to_owned(),
        key,
        value: serde_json::to_vec(value).map_err(|_| Unwritable)?,
        expires: None,
    })
}

fn expiring(put: Put, at: Timestamp) -> Put {
    Put {
        expires: Some(at),
        ..put
    }
}

/// The changes that a `Keep` or a `Forget` stands for.
pub(super) fn changes(effect: &Effect) -> Result<Vec<Change>, Unwritable> {
    Ok(match effect {
        Effect::Keep(record @ Record::Context(_)) => vec![Change::Add(keep(record)?)],
        Effect::Keep(record) => vec![Change::Put(keep(record)?)],
        Effect::Forget(key) => forget(key),
        _ => Vec::new(),
    })
}

/// The group of the rows that hold what came with a visitor's words.
pub fn extras_of(visitor: &Visitor) -> String {
    context_group(visitor)
}

/// The group of the rows that hold what was said by and to a visitor.
fn context_group(visitor: &Visitor) -> String {
    format!("{}\u{1f}{}", visitor.channel, visitor.token.as_str())
}

/// What was said by and to a visitor outside of conversations, in the order of its times.
pub(super) async fn recall(
    store: &dyn Store,
    visitor: &Visitor,
) -> Result<Vec<ContextRecord>, StoreError> {
    let group = context_group(visitor);
    let rows = store.group(Table::Context, &group).await?;
    let mut records: Vec<ContextRecord> = rows
        .into_iter()
        .filter_map(|row| context(visitor, row))
        .collect();
    // A platform that tells times in seconds tells several of one time: in the order of coming.
    records.sort_by_key(|record| (record.entry.at, record.until));
    Ok(records)
}

/// What was said in a conversation that is over, and before it.
pub(super) async fn told_so_far(
    store: &dyn Store,
    id: &ConversationId,
) -> Result<Vec<Earlier>, StoreError> {
    let before = store.get(Table::Before, id.as_str(), "").await?;
    let mut told: Vec<Earlier> = before.as_ref().and_then(parse).unwrap_or_default();
    let lines = store.group(Table::Line, id.as_str()).await?;
    let lines = lines.iter().filter_map(parse::<Line>);
    told.extend(lines.filter(Line::is_said).map(|line| Earlier {
        author: line.author,
        words: line.words,
        at: line.at,
        id: Some(line.id.as_str().to_owned()),
    }));
    Ok(told)
}

/// Millions of these may be stored: what the row itself tells is not written in its value again.
fn context(visitor: &Visitor, row: Row) -> Option<ContextRecord> {
    let entry: Earlier = parse(&row)?;
    Some(ContextRecord {
        visitor: visitor.clone(),
        until: row.expires?,
        entry: Earlier {
            id: Some(row.key),
            ..entry
        },
    })
}

fn keep(record: &Record) -> Result<Put, Unwritable> {
    match record {
        Record::Conversation(record) => {
            let id = record.conversation.id.as_str().to_owned();
            put(Table::Conversation, ("", id), record)
        }
        Record::Past(past) => {
            let row = put(Table::Past, ("", past.id.as_str().to_owned()), past)?;
            Ok(expiring(row, past.until))
        }
        Record::Line(id, line) => {
            let key = delivery_key(line.seq);
            put(Table::Line, (id.as_str(), key), line)
        }
        Record::Before(id, earlier) => put(Table::Before, (id.as_str(), String::new()), earlier),
        Record::Context(record) => {
            let group = context_group(&record.visitor);
            let mut entry = record.entry.clone();
            let key = entry.id.take().unwrap_or_default();
            let row = put(Table::Context, (&group, key), &entry)?;
            Ok(expiring(row, record.until))
        }
        Record::Case(case) => {
            let key = case.note.id.clone();
            let row = put(Table::Case, (case.channel.as_str(), key), case)?;
            Ok(expiring(row, case.until))
        }
        Record::Extra(extra) => {
            let key = extra.message.as_str().to_owned();
            let row = Put {
                table: Table::Extra,
                group: extras_of(&extra.visitor),
                key,
                value: extra.extra.clone().into_bytes(),
                expires: Some(extra.until),
            };
            Ok(row)
        }
        Record::Agent(jid, record) => put(Table::Agent, ("", jid.as_str().to_owned()), record),
        Record::Callback(channel, url) => {
            put(Table::Channel, ("", channel.as_str().to_owned()), url)
        }
        Record::Seen(seen) => {
            let named = (&seen.token, &seen.platform_id);
            let key = serde_json::to_string(&named).map_err(|_| Unwritable)?;
            let row = put(Table::Seen, (seen.channel.as_str(), key), seen)?;
            Ok(expiring(row, seen.until))
        }
        Record::DeadLetter(letter) => {
            let delivery = &letter.delivery;
            let key = delivery_key(delivery.number);
            let row = (delivery.conversation.as_str(), key);
            put(Table::DeadLetter, row, letter)
        }
    }
}

fn forget(key: &Key) -> Vec<Change> {
    match key {
        Key::Conversation(id) => vec![Change::Delete {
            table: Table::Conversation,
            group: String::new(),
            key: id.as_str().to_owned(),
        }],
        Key::Delivery(id, number) => vec![Change::Delete {
            table: Table::Delivery,
            group: id.as_str().to_owned(),
            key: delivery_key(*number),
        }],
        Key::Lines(id, at) => [Table::Line, Table::Before]
            .map(|table| Change::ExpireGroup {
                table,
                group: id.as_str().to_owned(),
                at: *at,
            })
            .to_vec(),
    }
}

/// The row of a delivery that is owed.
pub(super) fn delivery(delivery: &Delivery) -> Result<Change, Unwritable> {
    let row = delivery_row(delivery).map_err(|_| Unwritable)?;
    Ok(Change::Put(row))
}

/// Reads what the last commit left.
pub(super) async fn read(store: &dyn Store) -> Result<Stored, StoreError> {
    let conversations: Vec<ConversationRecord> = all(store, Table::Conversation).await?;
    let mut lines: Vec<(ConversationId, Line)> = Vec::new();
    let mut before: Vec<(ConversationId, Vec<Earlier>)> = Vec::new();
    for record in &conversations {
        let id = &record.conversation.id;
        let rows = store.group(Table::Line, id.as_str()).await?;
        lines.extend(rows.iter().filter_map(parse).map(|line| (id.clone(), line)));
        let earlier = store.get(Table::Before, id.as_str(), "").await?;
        let earlier = earlier.as_ref().and_then(parse);
        before.extend(earlier.map(|earlier| (id.clone(), earlier)));
    }
    let past: Vec<Past> = all(store, Table::Past).await?;
    let seen: Vec<SeenRecord> = all(store, Table::Seen).await?;
    let agents = store.load(Table::Agent).await?;
    let agents = agents.iter().filter_map(|row| {
        let record: AgentRecord = parse(row)?;
        Some((AgentJid::parse(&row.key)?, record))
    });
    let callbacks = store.load(Table::Channel).await?;
    let callbacks = callbacks
        .iter()
        .filter_map(|row| Some((ChannelId::new(row.key.clone()), parse(row)?)));
    Ok(Stored {
        bridge: Restored {
            conversations,
            before,
            lines,
            past,
            agents: agents.collect(),
            seen,
        },
        callbacks: callbacks.collect(),
    })
}

async fn all<T: DeserializeOwned>(store: &dyn Store, table: Table) -> Result<Vec<T>, StoreError> {
    let rows = store.load(table).await?;
    Ok(rows.iter().filter_map(parse).collect())
}

fn parse<T: DeserializeOwned>(row: &Row) -> Option<T> {
    serde_json::from_slice(&row.value)
        .inspect_err(|problem| {
            // The problem itself may quote what was said, and a key may be an address.
            let at = problem.column();
            error!(table = ?row.table, at, "a stored record cannot be read");
        })
        .ok()
}
