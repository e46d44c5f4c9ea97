//! Courier's form, JSON and query parameters, and our words.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::bridge::{Approach, Opening, Saying, Visitor};
use crate::channels::names::{id_of, message_id};
use crate::conversation::{Brief, ClosedBy, Delivery, Manners, Notice, Outgoing, Receipt, Words};
use crate::ids::{ConversationId, MessageId, VisitorToken};
use crate::workgroup::Place;

use super::ExternalSettings;

const CONTACT_LIMIT: usize = 1000;
const ID_LIMIT: usize = 200;

/// What is wrong with a call. The texts name members, never values.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The body is neither a form nor a JSON object.
    #[error("the body is neither a form nor a JSON object")]
    Unreadable,
    /// A member is missing or empty.
    #[error("{0} is required")]
    Missing(&'static str),
    /// A member is longer than it may be.
    #[error("{0} is too long")]
    TooLong(&'static str),
}

/// What RapidPro says to a contact.
#[derive(Clone, Debug)]
pub struct Sent {
    /// RapidPro's id for it: a number in older versions, a UUID in newer ones.
    pub id: String,
    /// The contact.
    pub to: String,
    /// The text; files are lines of it.
    pub text: String,
}

/// Reads a call: the query, and a body that is a form or JSON.
///
/// # Errors
/// Where a member is missing.
pub fn sent(query: &str, body: &[u8]) -> Result<Sent, WireError> {
    let mut members = HashMap::new();
    let mut take = |pairs: &[u8]| {
        for (name, value) in url::form_urlencoded::parse(pairs) {
            members.insert(name.into_owned(), value.into_owned());
        }
    };
    take(query.as_bytes());
    if body.trim_ascii_start().starts_with(b"{") {
        let body: Value = serde_json::from_slice(body).map_err(|_| WireError::Unreadable)?;
        for (name, value) in body.as_object().into_iter().flatten() {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            members.insert(name.clone(), value);
        }
    } else {
        let form = std::str::from_utf8(body).map_err(|_| WireError::Unreadable)?;
        take(form.as_bytes());
    }
    let mut member = |name: &'static str, limit: usize| {
        let value = members
            .remove(name)
            .filter(|value| !value.trim().is_empty());
        let value = value.ok_or(WireError::Missing(name))?;
        match value.chars().count() > limit {
            true => Err(WireError::TooLong(name)),
            false => Ok(value),
        }
    };
    Ok(Sent {
        to: member("to", CONTACT_LIMIT).or_else(|_| member("to_no_plus", CONTACT_LIMIT))?,
        id: member("id", ID_LIMIT)?,
        text: member("text", usize::MAX)?,
    })
}

/// Who is meant by `to`.
pub fn visitor(to: &str, settings: &ExternalSettings) -> Visitor {
    Visitor {
        channel: settings.id.clone(),
        token: VisitorToken::new(to),
    }
}

/// The message as an input. A long text comes in several calls of the same id, and is repeated from
/// the first on when one fails: only an id with the same text is a repetition.
pub fn approach(sent: Sent, settings: &ExternalSettings, conversation: ConversationId) -> Approach {
    let visitor = visitor(&sent.to, settings);
    let digest = Sha256::digest(sent.text.as_bytes());
    let hash: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
    let known_as = format!("{}\u{1f}{hash}", sent.id);
    let wanted = [Receipt::Sent, Receipt::Delivered, Receipt::Failed];
    Approach {
        opening: Opening {
            conversation,
            visitor: visitor.clone(),
            ticket: None,
            workgroup: settings.workgroup.clone(),
            refuse_without_agents: false,
            place: Place::Normal,
            wanted: None,
            wait_ends: settings.wait_ends,
            brief: Brief::default(),
            earlier: Vec::new(),
            recall: false,
            manners: Manners {
                receipts: wanted.into_iter().collect(),
                report_end: settings.on_close.is_some(),
                hide_names: true,
                ..Manners::default()
            },
        },
        saying: Saying {
            id: MessageId::new(id_of(&known_as)),
            platform_id: Some(format!("{}\u{1f}{known_as}", sent.to)),
            visitor,
            words: Words::text(sent.text),
        },
        reopen: true,
        extra: String::new(),
    }
}

/// One call of courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `receive`, `sent`, `delivered` or `failed`.
    pub action: &'static str,
    /// The form.
    pub form: Vec<(&'static str, String)>,
}

/// The calls that a delivery asks for, in their order.
pub fn told(delivery: &Delivery, settings: &ExternalSettings) -> Vec<Told> {
    let texts = &settings.texts;
    match &delivery.what {
        Outgoing::Words { words, .. } => said(delivery, &whole(words)),
        Outgoing::Notice(notice) => match notice {
            Notice::Place { .. } => Vec::new(),
            Notice::AgentJoined => said(delivery, &texts.agent_joined),
            Notice::AgentLost => said(delivery, &texts.agent_lost),
            Notice::NobodyCame => said(delivery, &texts.nobody_came),
        },
        // Not asked for when it is opened.
        Outgoing::Reopened => Vec::new(),
        Outgoing::Receipt { messages, receipt } => {
            let action = match receipt {
                Receipt::Sent => "sent",
                Receipt::Delivered => "delivered",
                Receipt::Failed => "failed",
                // Courier knows no such state.
                Receipt::Read => return Vec::new(),
            };
            let mut ids: Vec<String> = messages.iter().map(given_id).collect();
            ids.dedup();
            let call = |id| Told {
                action,
                form: vec![("id", id)],
            };
            ids.into_iter().map(call).collect()
        }
        Outgoing::Closed(by) => closed(delivery, (*by, &texts.closed)),
        // Its flow is started by another way.
        Outgoing::Ended(_) => Vec::new(),
    }
}

fn given_id(id: &MessageId) -> String {
    let known_as = message_id(id.as_str());
    let given = known_as.split('\u{1f}').next();
    given.unwrap_or_default().to_owned()
}

fn closed(delivery: &Delivery, (by, text): (ClosedBy, &str)) -> Vec<Told> {
    match by {
        ClosedBy::Visitor => Vec::new(),
        _ => said(delivery, text),
    }
}

fn said(delivery: &Delivery, text: &str) -> Vec<Told> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let at = jiff::Timestamp::from_millisecond(delivery.at.0);
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    vec![Told {
        action: "receive",
        form: vec![
            ("from", delivery.visitor.as_str().to_owned()),
            ("text", text.to_owned()),
            ("date", at),
        ],
    }]
}

fn whole(words: &Words) -> String {
    let mut text = words.text.clone();
    for file in &words.attachments {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&file.url);
    }
    text
}
