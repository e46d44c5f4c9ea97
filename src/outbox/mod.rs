//! Keeps the promises to outside systems: in order within a conversation, until taken or given up.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::conversation::Delivery;

/// What a carrier found out by trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The other side has it.
    Done,
    /// Try again: after this time where given, else when the schedule says. Later deliveries of
    /// the conversation wait.
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
    /// No connection, or it broke.
    #[error("cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("does not answer in time")]
    Timeout,
    /// An answer that is not a success.
    #[error("answered {0}")]
    Status(u16),
}

/// Knows how to tell one channel's outside system what is owed to it.
pub trait Carrier: Send + Sync + 'static {
    /// Tries once. `attempt` counts the tries before this one.
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict>;
}
