//! What is said in a conversation, whoever says it and wherever it goes.

use serde::{Deserialize, Serialize};

use crate::ids::{MessageId, Timestamp};

use super::{ClosedBy, Notice, Receipt};

/// A file that is passed on as a link; Warmline never fetches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The MIME type, or whatever its sender wrote in its place; may be empty.
    pub kind: String,
    /// Where it lies.
    pub url: String,
}

/// The content of one message.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// The text; may be empty where there are attachments.
    pub text: String,
    /// The files, in the sender's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The earlier message that this one replaces (XEP-0308).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<MessageId>,
}

impl Words {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Whether there is nothing to pass on.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.attachments.is_empty()
    }
}

// What people say does not reach a log by way of `{:?}`.
impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Words({} bytes, {} attachments)",
            self.text.len(),
            self.attachments.len()
        )
    }
}

/// Who said it, and with it whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The person who needs help; for the room.
    Visitor,
    /// A human who helps; for the visitor.
    Agent {
        /// The pseudonym, or the nickname where none is configured.
        name: String,
    },
    /// The bot, before the handoff.
    Bot,
    /// Warmline itself, speaking as the workgroup's occupant; for the room.
    Desk,
    /// A human who helps, to colleagues only.
    Note {
        /// The nickname.
        name: String,
    },
    /// A human who helps, to Warmline.
    Command {
        /// The nickname.
        name: String,
    },
    /// Warmline, to the visitor, in the channel's own words.
    Told(Notice),
    /// The end of the conversation.
    End(ClosedBy),
    /// Warmline, to the outside: what became of the visitor's words.
    Reported(Receipt),
}

/// How far a line has come on its way to whom it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Accepted and stored; not yet confirmed by the room or by the outside system.
    Pending,
    /// The room reflected it, or the outside system answered that it has it.
    Arrived,
    /// It was given up.
    Failed,
}

/// One line of a conversation's transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its place in the conversation, from 0.
    pub seq: u64,
    /// Its id: the stanza's `id` in the room, the idempotency key outside.
    pub id: MessageId,
    /// Who said it.
    pub author: Author,
    /// What was said.
    pub words: Words,
    /// When it was taken.
    pub at: Timestamp,
    /// How far it has come.
    pub fate: Fate,
    /// What the room calls it (XEP-0359 stanza id where there is one), by which a repetition of
    /// somebody's words is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_key: Option<String>,
    /// What the outside told of an agent's words later on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

impl Line {
    /// Whether it is something that people or bots said, as agents read it later.
    pub fn is_said(&self) -> bool {
        match self.author {
            Author::Visitor | Author::Agent { .. } | Author::Bot | Author::Note { .. } => true,
            Author::Desk
            | Author::Command { .. }
            | Author::Told(_)
            | Author::Reported(_)
            | Author::End(_) => false,
        }
    }

    /// Whether the room has to be told this line by one of our occupants.
    pub fn goes_to_room(&self) -> bool {
        matches!(self.author, Author::Visitor | Author::Desk)
    }
}

/// One thing that was said before the handoff, or in the conversation that this one goes on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// `Author::Visitor` or `Author::Bot`; from another conversation also others.
    pub author: Author,
    /// What was said.
    pub words: Words,
    /// When, as the platform tells.
    pub at: Timestamp,
    /// The platform's own id of it, where it has one: the same one again is a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}
