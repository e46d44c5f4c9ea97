//! Carries what is owed to RapidPro: the calls of its API that each delivery asks for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::channels::HttpClient;
use crate::channels::api::{Contact, judge};
use crate::conversation::Delivery;
use crate::ids::DeliveryId;
use crate::outbox::{Carrier, Trouble, Verdict};

use super::OpenchsSettings;
use super::wire::orders;

/// More deliveries than can be in trouble at a time; only keeps a forgotten one from staying.
const TALLY_LIMIT: usize = 10_000;

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
    // Lost with the process, which repeats the first parts of a long text.
    tallies: Mutex<HashMap<DeliveryId, Tally>>,
}

impl OpenchsCarrier {
    /// A carrier to the channel's RapidPro.
    pub fn new(settings: Arc<OpenchsSettings>, http: HttpClient) -> Self {
        Self {
            settings,
            http,
            tallies: Mutex::default(),
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
        let mut tally = self.tally(&delivery.id);
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
            self.keep(&delivery.id, tally);
        }
        self.remember(&delivery.id, &Verdict::Done, tally);
        Verdict::Done
    }

    fn tally(&self, id: &DeliveryId) -> Tally {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.get(id).copied().unwrap_or_default()
    }

    fn keep(&self, id: &DeliveryId, tally: Tally) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        keep(&mut tallies, id, tally);
    }

    fn remember(&self, id: &DeliveryId, verdict: &Verdict, tally: Tally) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        match verdict {
            Verdict::Done | Verdict::Never(_) => {
                tallies.remove(id);
            }
            Verdict::Again { .. } | Verdict::Hold { .. } => {
                keep(&mut tallies, id, tally);
            }
        }
        if let Verdict::Hold { .. } = verdict {
            tracing::error!(
                channel = %self.settings.id,
                "RapidPro refuses our API token: what is owed to it waits until it takes it"
            );
        }
    }
}

fn keep(tallies: &mut HashMap<DeliveryId, Tally>, id: &DeliveryId, tally: Tally) {
    if tallies.len() >= TALLY_LIMIT {
        tallies.clear();
    }
    tallies.insert(id.clone(), tally);
}

impl Carrier for OpenchsCarrier {
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict> {
        self.attempt(delivery, attempt).boxed()
    }
}
