//! One handoff: its states, its lines and what it owes to whom.

mod command;
mod delivery;
mod message;
mod render;
mod service;

pub use command::{Command, parse as parse_command};
pub use delivery::{DeadLetter, Delivery, Notice, Outgoing};
pub use message::{Attachment, Author, Earlier, Fate, Line, Words};
pub use render::{Clock, brief as render_brief, transcript as render_transcript};
pub use service::{Presence, Service, Stage, Successor};

use serde::{Deserialize, Serialize};

use crate::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, TicketId, Timestamp, VisitorToken,
    WorkgroupName,
};

/// What an agent is shown of a visitor before deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// What the visitor wants, where the channel knows it.
    pub question: Option<String>,
    /// What else is known, as (label, value), in the order to show it.
    pub facts: Vec<(String, String)>,
}

/// Who or what ended a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// The visitor's side: the person, the bot or the ticket system.
    Visitor,
    /// An agent.
    Agent,
    /// An operator.
    Operator,
    /// Nobody took the request in time.
    NobodyCame,
    /// Nobody said anything for as long as the workgroup allows.
    Silence,
    /// The same visitor opened another ticket.
    Superseded,
}

impl ClosedBy {
    /// A name for wires, labels and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Agent => "agent",
            Self::Operator => "operator",
            Self::NobodyCame => "nobody_came",
            Self::Silence => "silence",
            Self::Superseded => "superseded",
        }
    }
}

/// Where a conversation's room stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Whether our occupants are in it and it takes lines. Not kept: a restart finds out anew.
    #[serde(skip)]
    pub ready: bool,
    /// The room's own id of the last thing from it that is stored, where it gives ids.
    pub cursor: Option<String>,
    /// When that was.
    pub since: Option<Timestamp>,
}

/// One handoff that is not over, or is over and has a room left to destroy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The channel it came by.
    pub channel: ChannelId,
    /// The channel's name for the visitor.
    pub token: VisitorToken,
    /// The foreign id.
    pub ticket: Option<TicketId>,
    /// The workgroup that it is in, or was accepted in.
    pub workgroup: WorkgroupName,
    /// What agents are shown.
    pub brief: Brief,
    /// What was said before the handoff, oldest first.
    pub earlier: Vec<Earlier>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When something last happened that counts against silence.
    pub stirred_at: Timestamp,
    /// Where it stands.
    pub stage: Stage,
    /// Its room; `None` until an agent first accepts.
    pub room: Option<Room>,
    /// Agents besides the one who serves, let in by `!invite`.
    pub guests: Vec<crate::ids::AgentJid>,
    /// The number of the next delivery.
    pub next_delivery: u64,
    /// Its lines; stored one by one, not with this record.
    #[serde(skip)]
    pub lines: Vec<Line>,
}

/// A conversation that is over, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its id.
    pub id: ConversationId,
    /// The channel it came by.
    pub channel: ChannelId,
    /// The channel's name for the visitor.
    pub token: VisitorToken,
    /// The foreign id.
    pub ticket: Option<TicketId>,
    /// The workgroup it was in.
    pub workgroup: WorkgroupName,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ended.
    pub closed_at: Timestamp,
    /// Who ended it.
    pub by: ClosedBy,
    /// The agent who served last.
    pub agent: Option<crate::ids::AgentJid>,
    /// The number of the next line, for what still comes.
    pub next_seq: u64,
    /// The number of the next delivery.
    pub next_delivery: u64,
    /// The delivery that tells the outside of the end, and has not been taken yet.
    pub closing: Option<DeliveryId>,
    /// Until when it is remembered.
    pub until: Timestamp,
}
