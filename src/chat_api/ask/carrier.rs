//! Carries what is owed to visitors into their logs of events.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::chat_api::log::{Event, EventLog, FeedName};
use crate::chat_api::wire::visitor::{self, Names, Stand};
use crate::conversation::{Delivery, Outgoing};
use crate::outbox::{Carrier, Trouble, Verdict};
use crate::store::StoreError;

/// How long a store that does not answer is left alone.
const AGAIN: Duration = Duration::from_secs(1);

/// The carrier of the `chat_api` channel. A delivery is done when its events are stored; a repetition
/// is stored under the same numbers, and so shows nothing twice.
pub struct ChatCarrier {
    log: EventLog,
    names: Names,
}

impl ChatCarrier {
    /// Carries into this log.
    pub fn new(log: EventLog, names: Names) -> Self {
        Self { log, names }
    }

    async fn append(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let feed = FeedName::visitor(&delivery.conversation);
        // Only the end looks different to who never got out of the line.
        let was_invited = match &delivery.what {
            Outgoing::Closed(_) => {
                let before = Some(visitor::first_number(delivery));
                let stand = |event: &Event| visitor::stand(&event.entry);
                let stand = self.log.find_back(&feed, before, stand).await?;
                stand == Some(Stand::Invited)
            }
            _ => true,
        };
        let entries = visitor::entries(delivery, &self.names, was_invited);
        let first = visitor::first_number(delivery);
        self.log.append(&feed, Some(first), entries).await
    }
}

impl Carrier for ChatCarrier {
    fn carry<'a>(&'a self, delivery: &'a Delivery, _attempt: u32) -> BoxFuture<'a, Verdict> {
        let carried = self.append(delivery).map(|outcome| match outcome {
            Ok(()) => Verdict::Done,
            Err(_) => Verdict::Again {
                after: Some(AGAIN),
                why: Trouble::Fault,
            },
        });
        carried.boxed()
    }
}
