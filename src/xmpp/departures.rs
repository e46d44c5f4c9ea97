//! Tells visitors at XMPP clients of their own that they wait no more (fastpath-protocol §5.5): a
//! promise like any other, kept by the outbox until it is on the wire.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::conversation::{ClosedBy, Delivery, Outgoing};
use crate::outbox::{Carrier, Trouble, Verdict};

use super::fastpath::{self, Departure, Joined};
use super::link::{LinkSender, SendError};

/// How soon it is tried again while there is no link.
const PAUSE: Duration = Duration::from_secs(1);

/// Carries what is owed to visitors at XMPP clients.
#[derive(Clone, Debug)]
pub struct Departures {
    link: Arc<OnceLock<LinkSender>>,
    domain: String,
}

impl Departures {
    /// From the workgroups of this domain, without a link yet.
    pub fn new(domain: &str) -> Self {
        Self {
            link: Arc::default(),
            domain: domain.to_lowercase(),
        }
    }

    /// From now on over this link.
    pub fn connect(&self, link: LinkSender) {
        // It is made once.
        let _ = self.link.set(link);
    }

    fn attempt(&self, delivery: &Delivery) -> Verdict {
        let Outgoing::Closed(by) = delivery.what else {
            return Verdict::Done;
        };
        let Some(joined) = Joined::read(&delivery.visitor) else {
            return Verdict::Never(Trouble::NoAddress);
        };
        let why = match by {
            ClosedBy::NobodyCame => Departure::AgentNotFound,
            _ => Departure::Requested,
        };
        let told = fastpath::departed(&self.domain, &joined, why);
        let Some((link, on)) = self
            .link
            .get()
            .and_then(|link| Some((link, link.generation()?)))
        else {
            return again();
        };
        match link.send(on, &told) {
            Ok(()) => Verdict::Done,
            Err(SendError::Down | SendError::Congested) => again(),
            Err(SendError::Unsendable(_)) => Verdict::Never(Trouble::Fault),
        }
    }
}

/// No link says nothing of this delivery: it is not counted as a try.
fn again() -> Verdict {
    Verdict::Hold {
        after: PAUSE,
        why: Trouble::Unreachable,
    }
}

impl Carrier for Departures {
    fn carry<'a>(&'a self, delivery: &'a Delivery, _attempt: u32) -> BoxFuture<'a, Verdict> {
        async move { self.attempt(delivery) }.boxed()
    }
}
