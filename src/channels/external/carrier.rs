//! Calls courier: what an agent says, how far RapidPro's messages have come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::channels::api::{Contact, Order, after_talk, judge};
use crate::channels::{Call, HttpClient};
use crate::conversation::{Delivery, Outgoing};
use crate::ids::{DeliveryId, VisitorToken};
use crate::outbox::{Carrier, Verdict};

use super::ExternalSettings;
use super::wire::{Told, told};

/// Courier takes an identical text of the same contact within about 4 s for a repetition.
const ALIKE: Duration = Duration::from_secs(5);
const TALLY_LIMIT: usize = 10_000;

/// The carrier of one `rapidpro_external` channel.
#[derive(Debug)]
pub struct ExternalCarrier {
    settings: Arc<ExternalSettings>,
    http: HttpClient,
    // Lost with the process, which costs a repetition.
    done: Mutex<HashMap<DeliveryId, usize>>,
    said: Mutex<HashMap<VisitorToken, (String, Instant)>>,
}

impl ExternalCarrier {
    /// A carrier to the channel's courier.
    pub fn new(settings: Arc<ExternalSettings>, http: HttpClient) -> Self {
        Self {
            settings,
            http,
            done: Mutex::default(),
            said: Mutex::default(),
        }
    }

    async fn attempt(&self, delivery: &Delivery, attempt: u32) -> Verdict {
        let calls = told(delivery, &self.settings);
        let done = lock(&self.done).get(&delivery.id).copied().unwrap_or(0);
        for (place, call) in calls.iter().enumerate().skip(done) {
            if let Some(wait) = self.too_soon(&delivery.visitor, call) {
                tokio::time::sleep(wait).await;
            }
            let url = format!(
                "{}/{}",
                self.settings.courier_url.trim_end_matches('/'),
                call.action
            );
            let form: Vec<(&str, &str)> = call.form.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let outcome = self.http.post_form(&Call::to(url), &form).await;
            // A state of a message that courier does not know is not worth a dead letter.
            let unknown = outcome.as_ref().is_ok_and(|reply| reply.status == 400);
            if unknown && call.action != "receive" {
                tracing::warn!(channel = %self.settings.id, "courier knows no such message");
            } else {
                match judge(&outcome, (usize::from(attempt > 0), attempt)) {
                    Verdict::Done => {}
                    verdict => return verdict,
                }
            }
            self.note(delivery, (place, call));
        }
        let verdict = self.after(delivery, attempt).await;
        if verdict == Verdict::Done {
            lock(&self.done).remove(&delivery.id);
        }
        verdict
    }

    /// Starts the flow that runs after the talk.
    async fn after(&self, delivery: &Delivery, attempt: u32) -> Verdict {
        let (Outgoing::Ended(ended), Some((api, flow, scheme))) =
            (&delivery.what, &self.settings.on_close)
        else {
            return Verdict::Done;
        };
        let contact = Contact::read(delivery.visitor.as_str(), scheme);
        let order = Order::Start {
            flow: flow.clone(),
            params: after_talk(delivery, ended, delivery.visitor.as_str()),
        };
        let key = delivery.id.to_string();
        let outcome = order.call(&self.http, (api, contact), key).await;
        judge(&outcome, (usize::from(attempt > 0), attempt))
    }

    fn too_soon(&self, visitor: &VisitorToken, call: &Told) -> Option<Duration> {
        let said = lock(&self.said);
        let (text, at) = said.get(visitor)?;
        let alike = call.action == "receive" && text_of(call) == Some(text.as_str());
        ALIKE.checked_sub(at.elapsed()).filter(|_| alike)
    }

    fn note(&self, delivery: &Delivery, (place, call): (usize, &Told)) {
        let mut done = lock(&self.done);
        if done.len() >= TALLY_LIMIT {
            done.clear();
        }
        done.insert(delivery.id.clone(), place + 1);
        if let Some(text) = text_of(call) {
            let mut said = lock(&self.said);
            said.retain(|_, (_, at)| at.elapsed() < ALIKE);
            said.insert(delivery.visitor.clone(), (text.to_owned(), Instant::now()));
        }
    }
}

fn text_of(call: &Told) -> Option<&str> {
    let text = call.form.iter().find(|(name, _)| *name == "text");
    text.map(|(_, text)| text.as_str())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Carrier for ExternalCarrier {
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict> {
        self.attempt(delivery, attempt).boxed()
    }
}
