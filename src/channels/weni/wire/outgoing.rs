//! What mailroom is told: agents' words, notices, the end, and that a ticket is opened again.

use serde_json::{Value, json};

use crate::channels::Media;
use crate::channels::texts;
use crate::channels::weni::WeniSettings;
use crate::conversation::{Attachment, ClosedBy, Delivery, Notice, Outgoing, Words};
use crate::ids::Timestamp;

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something for the visitor; made twice it is said twice.
    Message,
    /// The end.
    Close,
    /// The ticket goes on.
    Reopen,
}

impl Event {
    /// Its path below the callback address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Message => "messages",
            Self::Close => "tickets/close",
            Self::Reopen => "tickets/reopen",
        }
    }
}

/// One call back.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    /// What it is about.
    pub event: Event,
    /// The body.
    pub body: Value,
    /// The same with the files as lines of text, where there are files: mailroom fetches each file
    /// itself, and when one fetch fails it sends nothing.
    pub without_files: Option<Value>,
}

/// The call that a delivery asks for; `None` where mailroom needs no telling.
pub fn callback(delivery: &Delivery, settings: &WeniSettings, media: &Media) -> Option<Callback> {
    match &delivery.what {
        Outgoing::Words { words, author, .. } => said(delivery, words, (media, Some(author))),
        Outgoing::Notice(notice) => {
            let texts = &settings.texts;
            let text = match notice {
                // Not asked for when it is opened.
                Notice::Place { .. } => return None,
                Notice::AgentJoined => &texts.agent_joined,
                Notice::AgentLost => &texts.agent_away,
                Notice::NobodyCame => &texts.no_agent,
            };
            let words = Words::text(text.clone().unwrap_or_default());
            said(delivery, &words, (media, None))
        }
        // Mailroom is closing the ticket in the very call that told us.
        Outgoing::Closed(ClosedBy::Visitor) => None,
        Outgoing::Closed(by) => {
            let mut body = event(delivery);
            body["closed_by"] = json!({ "type": kind_of(*by), "id": "warmline" });
            body["reason"] = json!(by.as_str());
            body["closed_at"] = json!(shown(delivery.at));
            Some(bare(Event::Close, body))
        }
        // A flow hears of the one (see the carrier), the other is not asked for when it is opened.
        Outgoing::Ended(_) | Outgoing::Receipt { .. } => None,
        Outgoing::Reopened => {
            let mut body = event(delivery);
            body["reopened_by"] = json!({ "type": "system", "id": "warmline" });
            body["reopened_at"] = json!(shown(delivery.at));
            Some(bare(Event::Reopen, body))
        }
    }
}

fn said(
    delivery: &Delivery,
    words: &Words,
    (media, agent): (&Media, Option<&String>),
) -> Option<Callback> {
    if words.is_empty() {
        return None;
    }
    let text = texts::said(words);
    let files: Vec<Attachment> = words
        .attachments
        .iter()
        .map(|f| media.of_agent(f))
        .collect();
    let mut body = event(delivery);
    body["message_external_id"] = json!(delivery.id);
    body["direction"] = json!("outgoing");
    body["sender"] = match agent {
        Some(name) => json!({ "type": "agent", "name": name }),
        None => json!({ "type": "system", "id": "warmline" }),
    };
    body["sent_at"] = json!(shown(delivery.at));
    let without_files = (!files.is_empty()).then(|| {
        let mut plain = body.clone();
        plain["text"] = json!(texts::with_links(text.clone(), &files));
        plain
    });
    if !text.trim().is_empty() {
        body["text"] = json!(text);
    }
    let file = |file: &Attachment| json!({ "url": file.url, "content_type": file.kind });
    body["attachments"] = files.iter().map(file).collect();
    Some(Callback {
        event: Event::Message,
        body,
        without_files,
    })
}

fn event(delivery: &Delivery) -> Value {
    json!({
        "external_id": delivery.visitor,
        "metadata": { "conversation_id": delivery.conversation },
    })
}

fn bare(event: Event, body: Value) -> Callback {
    Callback {
        event,
        body,
        without_files: None,
    }
}

fn kind_of(by: ClosedBy) -> &'static str {
    match by {
        ClosedBy::Agent => "agent",
        _ => "system",
    }
}

fn shown(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|at| at.to_string())
        .unwrap_or_default()
}
