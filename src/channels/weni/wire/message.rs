//! `/messages` and `/history`: what contacts and bots say.

use serde_json::Value;
use url::Url;

use crate::channels::Media;
use crate::channels::fields::{self, Fields, WireError};
use crate::channels::files::File;
use crate::conversation::{Attachment, Author, Earlier, Words};
use crate::ids::Timestamp;

use super::{moment, names};

/// What the keys of messages begin with that were said before the ticket.
const HISTORY: &str = "history-";
/// Characters of what came in the place of words.
const INSTEAD: usize = 1000;
/// Of a message's own data, what identifies the person on the network that it came by.
const SOURCE_ID: &str = "source_message_external_id";

/// What a call to `/messages` tells.
#[derive(Clone, Debug)]
pub enum Told {
    /// The contact says something.
    Said {
        /// Mailroom's id of it, where it has one.
        id: Option<String>,
        /// What.
        words: Words,
    },
    /// Something that was said before, or by somebody else than the contact.
    Before(Earlier),
}

/// Reads a message; `key` is the call's idempotency key. `now` is when it came.
///
/// # Errors
/// Where it is about another ticket, or a member has a wrong type.
pub fn message(
    body: &[u8],
    ticket: &str,
    (key, now): (Option<&str>, Timestamp),
    media: &Media,
) -> Result<Told, WireError> {
    let body = fields::parse(body)?;
    let body = Fields::top(&body)?;
    names(&body, ticket)?;
    let outgoing = body.text("direction")? == Some("outgoing");
    let entry = entry(&body, now, media)?;
    if outgoing || key.is_some_and(|key| key.starts_with(HISTORY)) {
        return Ok(Told::Before(entry));
    }
    let words = match entry.words.is_empty() {
        true => Words::text(instead(&body)),
        false => entry.words,
    };
    Ok(Told::Said {
        id: entry.id,
        words,
    })
}

/// Reads a part of the history: its messages that say something, and how many there were.
///
/// # Errors
/// Where it is about another ticket, or a member has a wrong type.
pub fn history(
    body: &[u8],
    ticket: &str,
    now: Timestamp,
    media: &Media,
) -> Result<(Vec<Earlier>, usize), WireError> {
    let body = fields::parse(body)?;
    let body = Fields::top(&body)?;
    names(&body, ticket)?;
    let items = body.array("messages")?;
    let mut found = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let item = Fields::at(item, format!("messages[{place}]"))?;
        found.push(entry(&item, now, media)?);
    }
    found.retain(|entry| !entry.words.is_empty());
    Ok((found, items.len()))
}

fn entry(body: &Fields<'_>, now: Timestamp, media: &Media) -> Result<Earlier, WireError> {
    let id = match body.text("message_id")? {
        None | Some("") => None,
        Some(_) => Some(
            body.required_uuid(&["message_id"])?
                .hyphenated()
                .to_string(),
        ),
    };
    let author = match body.text("direction")? {
        Some("outgoing") => Author::Bot,
        _ => Author::Visitor,
    };
    Ok(Earlier {
        author,
        words: words(body, media)?,
        at: moment(body, "sent_at")?.unwrap_or(now),
        id,
    })
}

fn words(body: &Fields<'_>, media: &Media) -> Result<Words, WireError> {
    let mut words = Words::text(body.text("text")?.unwrap_or_default());
    for (place, item) in body.array("attachments")?.iter().enumerate() {
        let item = Fields::at(item, body.name(&format!("attachments[{place}]")))?;
        match attached(&item, media)? {
            Attached::File(file) => words.attachments.push(file),
            Attached::Line(line) => {
                if !words.text.is_empty() {
                    words.text.push('\n');
                }
                words.text.push_str(&line);
            }
            Attached::Nothing => {}
        }
    }
    Ok(words)
}

enum Attached {
    File(Attachment),
    Line(String),
    Nothing,
}

/// The type may be a bare `image`. `geo` has a latitude and longitude for an address, which makes
/// a geo URI (RFC 5870).
fn attached(item: &Fields<'_>, media: &Media) -> Result<Attached, WireError> {
    let kind = item.text("content_type")?.unwrap_or_default().trim();
    let url = item.text("url")?.unwrap_or_default().trim();
    let on_the_web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    Ok(match (kind, on_the_web) {
        _ if url.is_empty() => Attached::Nothing,
        ("", false) => Attached::Line(url.to_owned()),
        (kind, false) => Attached::Line(format!("{kind}:{url}")),
        (kind, true) => {
            let name = None;
            match media.attachment(File { kind, url, name }) {
                Some(file) => Attached::File(file),
                None if kind.is_empty() => Attached::Line("[file]".to_owned()),
                None => Attached::Line(format!("[{kind}]")),
            }
        }
    })
}

/// What the agent is shown of a message without words, such as a button that was pressed.
fn instead(body: &Fields<'_>) -> String {
    let mut data = match body.find(&["metadata"]) {
        Some(Value::Object(members)) => members.clone(),
        _ => serde_json::Map::new(),
    };
    data.remove(SOURCE_ID);
    if data.is_empty() {
        return "[a message without words]".to_owned();
    }
    let shown: String = Value::Object(data)
        .to_string()
        .chars()
        .take(INSTEAD)
        .collect();
    format!("[a message without words] {shown}")
}
