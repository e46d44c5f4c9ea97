//! `chat/`, `close/` and `ack/`: what a bot says of and in a session.

use serde::{Deserialize, Serialize};
use serde_json::Map;
use uuid::Uuid;

use crate::bridge::{Approach, Opening, Saying, Visitor};
use crate::channels::names::id_of;
use crate::channels::openchs::{OpenchsSettings, Reveal, Source};
use crate::conversation::{Brief, Manners, Receipt, Words};
use crate::ids::{ConversationId, MessageId, TicketId, VisitorToken};
use crate::workgroup::Place;

use super::fields::{self, FieldError};
use super::names::SESSION_LIMIT;

/// Characters of a sender and a receiver, as in the original.
const NAME_LIMIT: usize = 100;
const MESSAGE_ID_LIMIT: usize = 200;
const TEXT_LIMIT: usize = 1024 * 1024;

/// A message as it was sent.
#[derive(Clone, Debug)]
pub struct Chat {
    /// The client.
    pub sender: String,
    /// What is said.
    pub message: String,
    /// The session: the outside's name of the conversation.
    pub session: String,
    /// As whom the caller speaks.
    pub source: Source,
    /// The caller's own id for it.
    pub message_id: Option<String>,
    /// What is kept beside it, to be listed.
    pub extra: Extra,
}

/// What came with a message besides the words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// `chat_sender`.
    pub sender: String,
    /// `chat_receiver`.
    #[serde(default)]
    pub receiver: String,
    /// `chat_source`.
    pub source: String,
    /// `chat_channel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// `client_pseudonym`, as the caller gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudonym: Option<String>,
}

/// Reads a message. Numbers and strings are alike.
///
/// # Errors
/// Where a member is missing, empty or of a wrong type.
pub fn chat(body: &[u8]) -> Result<Chat, FieldError> {
    let body = fields::object(body)?;
    let name = |name: &[&'static str]| fields::text(&body, name, NAME_LIMIT);
    let session = ["chat_session", "conversation_id", "session_id"];
    let session = fields::required(&body, &session, (SESSION_LIMIT, false))?;
    let sender = fields::required(&body, &["chat_sender"], (NAME_LIMIT, true))?;
    let message = fields::required(&body, &["chat_message"], (TEXT_LIMIT, false))?;
    let source = source(&body)?.unwrap_or(Source::Weni);
    let message_id = fields::text(&body, &["message_id"], MESSAGE_ID_LIMIT)?;
    if message_id.iter().any(|id| id.chars().any(char::is_control)) {
        return Err(FieldError::Field("message_id", fields::CONTROL));
    }
    Ok(Chat {
        extra: Extra {
            sender: sender.clone(),
            receiver: name(&["chat_receiver"])?.unwrap_or_default(),
            source: source.as_str().to_owned(),
            channel: name(&["chat_channel"])?,
            pseudonym: name(&["client_pseudonym"])?,
        },
        sender,
        message,
        session,
        source,
        message_id: message_id.filter(|id| !id.is_empty()),
    })
}

fn source(body: &Map<String, serde_json::Value>) -> Result<Option<Source>, FieldError> {
    let Some(given) = fields::text(body, &["chat_source"], NAME_LIMIT)? else {
        return Ok(None);
    };
    let known = Source::ALL.into_iter().find(|s| s.as_str() == given);
    let wrong = FieldError::Field("chat_source", fields::NO_CHOICE);
    known.map(Some).ok_or(wrong)
}

/// Who closes, where the body tells: it may be anything, of any content type.
pub fn closer(body: &[u8]) -> Source {
    let told = fields::object(body).ok();
    let told = told.and_then(|body| source(&body).ok().flatten());
    told.unwrap_or(Source::Weni)
}

/// What a message is called.
#[derive(Clone, Debug)]
pub struct Naming {
    /// Ours.
    pub id: MessageId,
    /// The one that the caller is answered with.
    pub uuid: Uuid,
    /// By what a repetition is known.
    pub known_as: Option<String>,
}

impl Naming {
    /// Names a message; one that its caller named always gets the same names.
    pub fn of(session: &str, given: Option<&str>, fresh: Uuid) -> Self {
        let Some(given) = given else {
            return Self {
                id: MessageId::new(fresh.simple().to_string()),
                uuid: fresh,
                known_as: None,
            };
        };
        let known_as = format!("{session}\u{1f}{given}");
        Self {
            id: MessageId::new(id_of(given)),
            uuid: Uuid::new_v5(&Uuid::NAMESPACE_OID, known_as.as_bytes()),
            known_as: Some(known_as),
        }
    }
}

/// A message as an input: in the session's conversation, or in the new one of this id.
pub fn approach(
    chat: Chat,
    (settings, conversation): (&OpenchsSettings, ConversationId),
    naming: &Naming,
) -> Approach {
    let visitor = Visitor {
        channel: settings.id.clone(),
        token: VisitorToken::new(chat.session),
    };
    let mut facts = Vec::new();
    if settings.reveal.contains(&Reveal::Sender) && !chat.sender.is_empty() {
        facts.push(("Sender".to_owned(), chat.sender.clone()));
    }
    Approach {
        opening: Opening {
            conversation,
            visitor: visitor.clone(),
            // Whom RapidPro is to reach: each delivery needs it.
            ticket: Some(TicketId::new(chat.sender)),
            workgroup: settings.workgroup.clone(),
            refuse_without_agents: false,
            place: Place::Normal,
            wanted: None,
            wait_ends: settings.wait_ends,
            brief: Brief {
                question: None,
                facts,
            },
            earlier: Vec::new(),
            recall: false,
            manners: manners(settings),
        },
        saying: Saying {
            visitor,
            id: naming.id.clone(),
            platform_id: naming.known_as.clone(),
            words: Words::text(chat.message),
        },
        reopen: settings.reopen,
        extra: serde_json::to_string(&chat.extra).unwrap_or_default(),
    }
}

fn manners(settings: &OpenchsSettings) -> Manners {
    let wanted = [Receipt::Delivered, Receipt::Read, Receipt::Failed];
    let told = settings.telling.receipt_flow.is_some();
    Manners {
        receipts: wanted.into_iter().filter(|_| told).collect(),
        report_end: settings.telling.on_close_flow.is_some(),
        hide_names: true,
        ..Manners::default()
    }
}

/// What became of a counselor's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The `message_id` that RapidPro was told.
    pub message: String,
    /// What became of it.
    pub receipt: Receipt,
}

/// Reads an acknowledgement.
///
/// # Errors
/// Where a member is missing or is no known status.
pub fn ack(body: &[u8]) -> Result<Ack, FieldError> {
    let body = fields::object(body)?;
    let message = fields::required(&body, &["message_id"], (MESSAGE_ID_LIMIT, false))?;
    let status = fields::required(&body, &["status"], (NAME_LIMIT, false))?;
    let receipt = match status.to_lowercase().as_str() {
        "sent" => Receipt::Sent,
        "delivered" => Receipt::Delivered,
        "read" => Receipt::Read,
        "failed" => Receipt::Failed,
        _ => return Err(FieldError::Field("status", fields::NO_CHOICE)),
    };
    Ok(Ack { message, receipt })
}
