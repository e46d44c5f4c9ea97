//! Carries what is owed to RapidPro: the calls of its API that each delivery asks for.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::channels::HttpClient;
use crate::channels::api::{Contact, judge};
use crate::channels::tallies::Tallies;
use crate::conversation::Delivery;
use crate::ids::DeliveryId;
use crate::outbox::{Carrier, Trouble, Verdict};

use super::OpenchsSettings;
use super::wire::orders;

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Calls of it that were taken.
    done: usize,
    /// How often the next one was refused as wrong.
    refused: usize,
}

/// The carrier of one `openchs` channel.
#[derive(Debug)]
pub struct OpenchsCarrier {
    settings: Arc<OpenchsSettings>,
    http: HttpClient,
    tallies: Tallies<Tally>,
}

impl OpenchsCarrier {
    /// A carrier to the channel's RapidPro.
    pub fn new(settings: Arc<OpenchsSettings>, http: HttpClient) -> Self {
        Self {
            settings,
            http,
            tallies: Tallies::default(),
        }
    }

    async fn attempt(&self, delivery: &Delivery, attempt: u32) -> Verdict {
        let telling = &self.settings.telling;
        let orders = orders(delivery, telling);
        if orders.is_empty() {
            return Verdict::Done;
        }
        let sender = delivery.ticket.as_ref();
        let Some(sender) = sender.filter(|sender| !sender.as_str().trim().is_empty()) else {
            return Verdict::Never(Trouble::NoAddress);
        };
        let mut tally = self.tallies.of(&delivery.id);
        for (place, order) in orders.into_iter().enumerate().skip(tally.done) {
            let contact = Contact::read(sender.as_str(), &telling.scheme);
            let key = format!("{}-{place}", delivery.id);
            let outcome = order.call(&self.http, (&telling.api, contact), key).await;
            let verdict = judge(&outcome, (tally.refused, attempt));
            if verdict != Verdict::Done {
                if outcome.is_ok_and(|reply| (400..429).contains(&reply.status)) {
                    tally.refused += 1;
                }
                self.remember(&delivery.id, &verdict, tally);
                return verdict;
            }
            tally = Tally {
                done: place + 1,
                refused: 0,
            };
            // At once: the try may be cut off before the next one is answered.
            self.tallies.keep(&delivery.id, tally);
        }
        self.remember(&delivery.id, &Verdict::Done, tally);
        Verdict::Done
    }

    fn remember(&self, id: &DeliveryId, verdict: &Verdict, tally: Tally) {
        self.tallies.settle(id, verdict, tally);
        if let Verdict::Hold { .. } = verdict {
            tracing::error!(
                channel = %self.settings.id,
                "RapidPro refuses our API token: what is owed to it waits until it takes it"
            );
        }
    }
}

impl Carrier for OpenchsCarrier {
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict> {
        self.attempt(delivery, attempt).boxed()
    }
}
