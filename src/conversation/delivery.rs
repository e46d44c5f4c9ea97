//! Promises to tell an outside system something.

use serde::{Deserialize, Serialize};

use crate::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, TicketId, Timestamp, VisitorToken,
};

use super::{ClosedBy, Ended, Receipt, Words};

/// One promise to call an outside system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id, sent along as the idempotency key: the conversation's id, a hyphen, a number.
    pub id: DeliveryId,
    /// The conversation: deliveries of one conversation are made in their order.
    pub conversation: ConversationId,
    /// The number within the conversation.
    pub number: u64,
    /// The channel that carries it.
    pub channel: ChannelId,
    /// The foreign id of the conversation.
    pub ticket: Option<TicketId>,
    /// The visitor.
    pub visitor: VisitorToken,
    /// When the conversation was opened.
    pub opened_at: Timestamp,
    /// The visitor's language, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When the promise was made.
    pub at: Timestamp,
    /// What to tell.
    pub what: Outgoing,
}

/// What an outside system is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outgoing {
    /// An agent said something.
    Words {
        /// Its id.
        message: MessageId,
        /// The agent's name as the visitor may know it.
        author: String,
        /// What was said.
        words: Words,
    },
    /// Something happened that the visitor should be told of, in the channel's own words.
    Notice(Notice),
    /// The conversation is over.
    Closed(ClosedBy),
    /// A conversation that was over goes on, and our side wanted that.
    Reopened,
    /// The conversation is over and the outside may go on, as channels want that ask for it; comes
    /// beside `Closed`.
    Ended(Box<Ended>),
    /// What became of the visitor's own words.
    Receipt {
        /// Which, oldest first.
        messages: Vec<MessageId>,
        /// What.
        receipt: Receipt,
    },
}

/// What a visitor is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The visitor waits.
    Place {
        /// The place in the line, from 1.
        place: u32,
        /// How long those waited who came last, in seconds; unknown at first.
        wait_seconds: Option<u64>,
    },
    /// An agent has come.
    AgentJoined,
    /// The agent is gone; the visitor is first in line again.
    AgentLost,
    /// Nobody took the request in time.
    NobodyCame,
}

/// A delivery that was given up, for an operator to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// What was promised.
    pub delivery: Delivery,
    /// Why it was given up: no secret, no address in it.
    pub why: String,
    /// When.
    pub at: Timestamp,
}
