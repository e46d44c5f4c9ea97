//! What RapidPro is told: agents' words, notices, the end.

use serde_json::{Value, json};

use crate::channels::rapidpro::RapidProSettings;
use crate::channels::texts;
use crate::conversation::{Attachment, ClosedBy, Delivery, Outgoing, Words};

/// One call back.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    /// The body.
    pub body: Value,
    /// The same with the files as lines of text, where there are files: mailroom fetches each file
    /// itself, and when one fetch fails it delivers nothing.
    pub without_files: Option<Value>,
    /// Whether it tells the end.
    pub closes: bool,
}

/// The call that a delivery asks for; `None` where RapidPro needs no telling.
pub fn callback(delivery: &Delivery, settings: &RapidProSettings) -> Option<Callback> {
    match &delivery.what {
        Outgoing::Words { words, .. } => said(delivery, words),
        Outgoing::Notice(notice) => {
            let text = settings.texts.of(*notice)?;
            said(delivery, &Words::text(text))
        }
        // RapidPro is closing the ticket in the very call that told us.
        Outgoing::Closed(by) => closed(delivery, (*by, settings)),
        // Not for mailroom: a flow is started, by another way, or there is no place for it.
        Outgoing::Ended(_) | Outgoing::Receipt { .. } | Outgoing::Reopened => None,
    }
}

fn closed(delivery: &Delivery, (by, settings): (ClosedBy, &RapidProSettings)) -> Option<Callback> {
    if by == ClosedBy::Visitor {
        return None;
    }
    let mut body = event("close-room", delivery);
    if settings.close_reason {
        body["data"] = json!({ "reason": by.as_str() });
    }
    Some(Callback {
        body,
        without_files: None,
        closes: true,
    })
}

fn said(delivery: &Delivery, words: &Words) -> Option<Callback> {
    if words.is_empty() {
        return None;
    }
    let text = texts::said(words);
    let mut body = event("agent-message", delivery);
    let mut without_files = None;
    if words.attachments.is_empty() {
        body["data"] = json!({ "text": text });
    } else {
        let mut plain = body.clone();
        plain["data"] = json!({ "text": texts::with_links(text.clone(), &words.attachments) });
        without_files = Some(plain);
        let files: Vec<_> = words.attachments.iter().map(file).collect();
        body["data"] = json!({ "text": text, "attachments": files });
    }
    Some(Callback {
        body,
        without_files,
        closes: false,
    })
}

fn event(kind: &str, delivery: &Delivery) -> Value {
    json!({
        "type": kind,
        "ticketID": delivery.ticket,
        "visitor": { "token": delivery.visitor },
    })
}

fn file(attachment: &Attachment) -> Value {
    // Mailroom goes by the type that the file's server tells; the app sends `document` for others.
    let kind = match attachment.kind.as_str() {
        "" => "document",
        kind => kind,
    };
    json!({ "type": kind, "url": attachment.url })
}
