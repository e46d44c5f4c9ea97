//! `GET chat/`: what was said in a helpline's sessions, newest first, page by page.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::bridge::{ConversationRecord, Visitor};
use crate::conversation::{Author, Fate, Line, Past};
use crate::engine::extras_of;
use crate::ids::{ConversationId, Timestamp, VisitorToken};
use crate::store::{Store, StoreError, Table};

use super::OpenchsSettings;
use super::wire::{Extra, Naming, message_id};

const PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;

/// What a caller wants to see.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    session: Option<String>,
    source: Option<String>,
    after: Option<Timestamp>,
    limit: usize,
    before: Option<Place>,
}

/// Where a row stands: rows are shown from the greatest place on.
type Place = (i64, String, u64);

impl Wanted {
    /// Reads a query; parameters of other names are ignored, as the original does. `None` where one
    /// cannot be read.
    pub fn read(query: &str) -> Option<Self> {
        let mut wanted = Self {
            limit: PAGE,
            ..Self::default()
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            match &*name {
                "chat_session" => wanted.session = Some(value),
                "chat_source" => wanted.source = Some(value),
                "after" => wanted.after = Some(moment(&value)?),
                "limit" => wanted.limit = value.parse().ok().filter(|n| *n > 0)?,
                "cursor" => wanted.before = Some(place(&value)?),
                _ => {}
            }
        }
        wanted.limit = wanted.limit.min(LARGEST_PAGE);
        Some(wanted)
    }

    fn following(&self, place: &Place) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        query.append_pair("cursor", &format!("{}_{}_{}", place.0, place.1, place.2));
        for (name, value) in [
            ("chat_session", &self.session),
            ("chat_source", &self.source),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        if let Some(after) = self.after {
            query.append_pair("after", &after.0.to_string());
        }
        query.finish()
    }
}

/// Milliseconds since 1970, or RFC 3339.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(millis) = text.parse() {
        return Some(Timestamp(millis));
    }
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

fn place(text: &str) -> Option<Place> {
    let mut parts = text.splitn(3, '_');
    let at = parts.next()?.parse().ok()?;
    let conversation = parts.next()?.to_owned();
    Some((at, conversation, parts.next()?.parse().ok()?))
}

/// RFC 3339.
pub(super) fn shown(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or(String::new(), |at| at.to_string())
}

/// A page, and the query of the next one.
pub(super) struct Page {
    pub chats: Vec<Value>,
    pub next: Option<String>,
}

/// One session's conversation.
struct Talk {
    id: ConversationId,
    visitor: Visitor,
    sender: String,
    /// Nothing was said after this.
    until: Timestamp,
}

/// Reads a page. Conversations are opened from the youngest on, and no further than needed.
pub(super) async fn page(
    store: &dyn Store,
    helpline: &OpenchsSettings,
    wanted: &Wanted,
) -> Result<Page, StoreError> {
    let mut talks = talks(store, helpline, wanted).await?;
    talks.sort_by_key(|talk| Reverse(talk.until));
    let mut rows: Vec<(Place, Value)> = Vec::new();
    for talk in talks {
        let full = rows.len() > wanted.limit;
        let last = rows.get(wanted.limit).map(|(place, _)| place.0);
        if full && last.is_some_and(|last| talk.until.0 < last) {
            break;
        }
        rows.extend(rows_of(store, &talk, wanted).await?);
        rows.sort_by(|(one, _), (other, _)| other.cmp(one));
        rows.truncate(wanted.limit + 1);
    }
    let more = rows.len() > wanted.limit;
    rows.truncate(wanted.limit);
    let next = rows.last().filter(|_| more);
    Ok(Page {
        next: next.map(|(place, _)| wanted.following(place)),
        chats: rows.into_iter().map(|(_, chat)| chat).collect(),
    })
}

async fn talks(
    store: &dyn Store,
    helpline: &OpenchsSettings,
    wanted: &Wanted,
) -> Result<Vec<Talk>, StoreError> {
    let mut talks = HashMap::new();
    for row in store.load(Table::Conversation).await? {
        let record: Option<ConversationRecord> = serde_json::from_slice(&row.value).ok();
        let Some(one) = record.map(|record| record.conversation) else {
            continue;
        };
        let contact = (one.ticket, Timestamp(i64::MAX));
        talks.insert(one.id.clone(), (one.id, one.channel, one.token, contact));
    }
    // The records of those that are over go before, where their rooms are still being destroyed.
    for row in store.load(Table::Past).await? {
        let past: Option<Past> = serde_json::from_slice(&row.value).ok();
        let Some(one) = past else { continue };
        let contact = (one.ticket, one.closed_at);
        talks.insert(one.id.clone(), (one.id, one.channel, one.token, contact));
    }
    let session = wanted.session.as_deref().map(VisitorToken::new);
    let after = wanted.after.unwrap_or(Timestamp(i64::MIN));
    let talks = talks
        .into_values()
        .filter(|(_, channel, token, (_, until))| {
            let here = *channel == helpline.id && *until > after;
            here && session.as_ref().is_none_or(|session| session == token)
        });
    let talk = |(id, channel, token, (sender, until))| Talk {
        id,
        visitor: Visitor { channel, token },
        sender: Option::<crate::ids::TicketId>::map_or(sender, String::new(), |s| s.to_string()),
        until,
    };
    Ok(talks.map(talk).collect())
}

async fn rows_of(
    store: &dyn Store,
    talk: &Talk,
    wanted: &Wanted,
) -> Result<Vec<(Place, Value)>, StoreError> {
    let lines = store.group(Table::Line, talk.id.as_str()).await?;
    let lines = lines
        .iter()
        .filter_map(|row| serde_json::from_slice(&row.value).ok());
    let extras = store.group(Table::Extra, &extras_of(&talk.visitor)).await?;
    let extras: HashMap<String, Extra> = extras
        .into_iter()
        .filter_map(|row| Some((row.key, serde_json::from_slice(&row.value).ok()?)))
        .collect();
    let mut receiver = String::new();
    let mut rows = Vec::new();
    for line in whole(lines.collect()) {
        let extra = extras.get(line.id.as_str());
        if let Some(extra) = extra {
            receiver.clone_from(&extra.receiver);
        }
        let Some(chat) = chat(talk, &line, (extra, &receiver)) else {
            continue;
        };
        let place = (line.at.0, talk.id.to_string(), line.seq);
        let source = chat["chat_source"].as_str();
        let fits = wanted.source.is_none() || wanted.source.as_deref() == source;
        let early = wanted.before.as_ref().is_none_or(|before| place < *before);
        let late = wanted.after.is_none_or(|after| line.at > after);
        if fits && early && late {
            rows.push((place, chat));
        }
    }
    Ok(rows)
}

/// The lines, with the pieces of a long text put together again.
fn whole(lines: Vec<Line>) -> Vec<Line> {
    let mut whole: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines {
        let (first, piece) = match line.id.as_str().split_once('.') {
            Some((first, _)) => (first, line.author == Author::Visitor),
            None => ("", false),
        };
        match whole
            .iter_mut()
            .rev()
            .find(|other| other.id.as_str() == first)
        {
            Some(other) if piece => other.words.text.push_str(&line.words.text),
            _ => whole.push(line),
        }
    }
    whole
}

fn chat(talk: &Talk, line: &Line, (extra, receiver): (Option<&Extra>, &str)) -> Option<Value> {
    let session = talk.visitor.token.as_str();
    let (source, name) = match &line.author {
        Author::Visitor => (extra.map_or("WENI", |extra| extra.source.as_str()), None),
        Author::Agent { name } => ("OUTBOX", Some(name)),
        _ => return None,
    };
    let sender = extra.map_or(talk.sender.as_str(), |extra| extra.sender.as_str());
    let mut text = line.words.text.clone();
    for file in &line.words.attachments {
        text.push_str(if text.is_empty() { "" } else { "\n" });
        text.push_str(&file.url);
    }
    let given = message_id(line.id.as_str());
    let (id, uuid) = match name {
        Some(_) => (format!("{}-{}", talk.id, line.seq), None),
        None if given == line.id.as_str() => (given, Uuid::try_parse(line.id.as_str()).ok()),
        None => {
            let uuid = Naming::of(session, Some(&given), Uuid::nil()).uuid;
            (given, Some(uuid))
        }
    };
    let status = match (line.receipt, line.fate) {
        (Some(receipt), _) => receipt.as_str(),
        (None, Fate::Pending) => "pending",
        (None, Fate::Arrived) => "delivered",
        (None, Fate::Failed) => "failed",
    };
    Some(json!({
        "chat_sender": sender,
        "chat_receiver": receiver,
        "chat_message": text,
        "chat_session": session,
        "chat_source": source,
        "chat_uuid": uuid,
        "message_id": id,
        "chat_time": shown(line.at),
        "chat_status": status,
        "chat_channel": extra.and_then(|extra| extra.channel.clone()),
        "client_pseudonym": talk.id.pseudonym(),
        "counselor_pseudonym": name,
    }))
}
