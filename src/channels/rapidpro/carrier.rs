//! Carries what is owed to RapidPro: one POST to the ticketer's callback address for each delivery.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde_json::Value;
use url::Url;

use crate::channels::api::{Api, Contact, Order, after_talk, judge as judge_api};
use crate::channels::{AddressBook, Call, HttpClient, Reply};
use crate::conversation::{Delivery, Ended, Outgoing};
use crate::ids::{DeliveryId, TicketId, Timestamp};
use crate::outbox::{Carrier, Trouble, Verdict};

use super::RapidProSettings;
use super::verdict::{Case, Tally, YOUNG, judge};
use super::wire::{Callback, callback};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TIMEOUT: Duration = Duration::from_secs(30);
/// Mailroom fetches the files before it answers, with pauses of 5 and 10 s between its own tries.
const TIMEOUT_WITH_FILES: Duration = Duration::from_secs(45);
/// More deliveries than can be in trouble at a time; only keeps a forgotten one from staying.
const TALLY_LIMIT: usize = 10_000;

/// The carrier of one `rapidpro` channel.
#[derive(Debug)]
pub struct RapidProCarrier {
    settings: Arc<RapidProSettings>,
    book: AddressBook,
    http: HttpClient,
    // Lost with the process, which costs some tries more.
    tallies: Mutex<HashMap<DeliveryId, Tally>>,
}

impl RapidProCarrier {
    /// A carrier that calls the address in the book, or else the configured one.
    pub fn new(settings: Arc<RapidProSettings>, book: AddressBook, http: HttpClient) -> Self {
        Self {
            settings,
            book,
            http,
            tallies: Mutex::default(),
        }
    }

    async fn attempt(&self, delivery: &Delivery, attempt: u32) -> Verdict {
        if let Outgoing::Ended(ended) = &delivery.what {
            return self.go_on(delivery, ended, attempt).await;
        }
        let Some(call) = callback(delivery, &self.settings) else {
            return Verdict::Done;
        };
        if delivery.ticket.is_none() {
            // A RapidPro conversation has a ticket; without one there is nobody to address.
            return Verdict::Never(Trouble::NoAddress);
        }
        let outcome = self.call(delivery, &call).await;
        let case = Case {
            attempt,
            tally: self.tally(&delivery.id),
            young: now().since(delivery.opened_at) < YOUNG,
            closes: call.closes,
        };
        let verdict = judge(outcome.as_ref().map_err(Clone::clone), case);
        let status = outcome.ok().map(|reply| reply.status);
        self.remember(
            &delivery.id,
            &verdict,
            status.map(|status| (status, case.young)),
        );
        verdict
    }

    /// Starts the flow that runs after the talk, by the API of the server that is called back.
    async fn go_on(&self, delivery: &Delivery, ended: &Ended, attempt: u32) -> Verdict {
        let (Some((token, flow)), Some(contact)) = (self.settings.after_talk(), &ended.contact)
        else {
            return Verdict::Done;
        };
        let server = self.address().and_then(|url| Url::parse(&url).ok());
        let Some(server) = server else {
            return judge(Err(Trouble::NoAddress), Case::default());
        };
        let api = Api {
            url: format!("{}/api/v2", server.origin().ascii_serialization()),
            token: token.clone(),
        };
        let conversation = delivery.ticket.as_ref().map_or("", TicketId::as_str);
        let order = Order::Start {
            flow: flow.to_owned(),
            params: after_talk(delivery, ended, conversation),
        };
        let contact = Contact::Uuid(contact.clone());
        let key = delivery.id.to_string();
        let outcome = order.call(&self.http, (&api, contact), key).await;
        judge_api(&outcome, (usize::from(attempt > 0), attempt))
    }

    fn address(&self) -> Option<String> {
        let known = self.book.find(&self.settings.id);
        known.or_else(|| self.settings.callback_url.clone())
    }

    async fn call(&self, delivery: &Delivery, call: &Callback) -> Result<Reply, Trouble> {
        let Some(plain) = &call.without_files else {
            return self.post(delivery, &call.body, TIMEOUT).await;
        };
        let reply = self.post(delivery, &call.body, TIMEOUT_WITH_FILES).await?;
        if reply.status != 400 {
            return Ok(reply);
        }
        tracing::warn!(
            channel = %self.settings.id,
            conversation = %delivery.conversation,
            "RapidPro refuses a message with files; sent as links"
        );
        self.post(delivery, plain, TIMEOUT).await
    }

    async fn post(
        &self,
        delivery: &Delivery,
        body: &Value,
        timeout: Duration,
    ) -> Result<Reply, Trouble> {
        let url = self.address().ok_or(Trouble::NoAddress)?;
        let credential = format!("Token {}", self.settings.secret.expose());
        let call = Call::to(url)
            .header(AUTHORIZATION, credential)
            .header(IDEMPOTENCY_KEY, delivery.id.as_str())
            .timeout(timeout);
        self.http.post_json(&call, body).await
    }

    fn tally(&self, id: &DeliveryId) -> Tally {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.get(id).copied().unwrap_or_default()
    }

    /// `answer` is the status, and whether the ticket was young then.
    fn remember(&self, id: &DeliveryId, verdict: &Verdict, answer: Option<(u16, bool)>) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        match (verdict, answer) {
            (Verdict::Done | Verdict::Never(_), _) => {
                tallies.remove(id);
            }
            (Verdict::Again { .. }, Some((status, young))) if (400..500).contains(&status) => {
                if tallies.len() >= TALLY_LIMIT {
                    tallies.clear();
                }
                let tally = tallies.entry(id.clone()).or_default();
                tally.count(status, young);
            }
            (Verdict::Hold { .. }, _) => tracing::error!(
                channel = %self.settings.id,
                "RapidPro refuses our secret: what is owed to it waits until the secrets are equal"
            ),
            _ => {}
        }
    }
}

impl Carrier for RapidProCarrier {
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict> {
        self.attempt(delivery, attempt).boxed()
    }
}

/// The present moment.
pub(super) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
