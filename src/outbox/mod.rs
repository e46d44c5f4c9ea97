//! Keeps the promises to outside systems: in order within a conversation, until taken or given up.

mod fetch;
pub mod guard;
mod http;
mod lanes;
mod owed;
mod schedule;
mod service;

pub use fetch::{AllowedHost, FetchSettings, Fetched, Fetcher, Wish};
pub use http::{Call, HttpClient, HttpError, OutboundSettings, Reply};
pub use owed::{OwedDelivery, delivery_key, delivery_row};
pub use service::{Outbox, OutboxHandle, OutboxSettings, OutboxStatus};

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::conversation::Delivery;

/// What a carrier found out by trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The other side has it.
    Done,
    /// Try again: after this time where given (at most an hour), else when the schedule says. Later
    /// deliveries of the conversation wait. Tries at a given time use no step of the schedule up;
    /// still the delivery is given up when it was tried for as long as the whole schedule lasts.
    Again {
        /// When, if the other side or its contract says so.
        after: Option<Duration>,
        /// What went wrong.
        why: Trouble,
    },
    /// The whole channel is out of order (say, our credential is refused): hold all of its
    /// deliveries for this long, without counting it as a try.
    Hold {
        /// For how long.
        after: Duration,
        /// What went wrong.
        why: Trouble,
    },
    /// It will never be taken.
    Never(Trouble),
}

/// What went wrong with a try; never holds an address, a secret or what somebody said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No address to call is known yet.
    #[error("no address to call is known yet")]
    NoAddress,
    /// The address is not one that may be called.
    #[error("the address may not be called")]
    Forbidden,
    /// No connection: it was told nothing.
    #[error("cannot be reached")]
    Unreachable,
    /// The connection broke before the answer was read: what was told may have been heard.
    #[error("broke the connection off")]
    Cut,
    /// It does not know the conversation.
    #[error("does not know the ticket")]
    Orphan,
    /// It took the words and told them to nobody.
    #[error("cannot send anything to the visitor")]
    NotSent,
    /// No answer in time.
    #[error("does not answer in time")]
    Timeout,
    /// An answer that is not a success.
    #[error("answered {0}")]
    Status(u16),
    /// A fault of our own.
    #[error("cannot be told for a fault of ours")]
    Fault,
}

/// Knows how to tell one channel's outside system what is owed to it.
pub trait Carrier: Send + Sync + 'static {
    /// Tries once. `attempt` counts the tries before this one.
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict>;
}

/// How a delivery ended. The receiver commits what follows from it (the row in `Table::Delivery`
/// goes, a dead letter may come) and then says so; only then the conversation's next one is tried.
#[derive(Debug)]
pub struct Report {
    /// The delivery.
    pub delivery: Delivery,
    /// How it ended.
    pub outcome: ReportOutcome,
    /// To be sent after the commit. Dropped instead, the report comes again a little later, but the
    /// outside system is not called again.
    pub settled: oneshot::Sender<()>,
}

/// The end of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// The other side has it.
    Delivered,
    /// It was given up.
    GivenUp {
        /// What went wrong last.
        why: Trouble,
    },
}
