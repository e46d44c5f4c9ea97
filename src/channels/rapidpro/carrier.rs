//! Carries what is owed to RapidPro: one POST to the ticketer's callback address for each delivery.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use url::Url;

use crate::channels::after_talk::AfterTalk;
use crate::channels::again::IDEMPOTENCY_KEY;
use crate::channels::api::{Api, Contact};
use crate::channels::tallies::Tallies;
use crate::channels::{AddressBook, Call, HttpClient, Reply};
use crate::conversation::{Delivery, Ended, Outgoing};
use crate::engine::now;
use crate::ids::{DeliveryId, TicketId};
use crate::outbox::{Carrier, Trouble, Verdict};

use super::RapidProSettings;
use super::verdict::{Case, Tally, YOUNG, judge};
use super::wire::{Callback, callback};

const TIMEOUT: Duration = Duration::from_secs(30);
/// Mailroom fetches the files before it answers, with pauses of 5 and 10 s between its own tries.
const TIMEOUT_WITH_FILES: Duration = Duration::from_secs(45);

/// The carrier of one `rapidpro` channel.
#[derive(Debug)]
pub struct RapidProCarrier {
    settings: Arc<RapidProSettings>,
    book: AddressBook,
    http: HttpClient,
    tallies: Tallies<Tally>,
}

impl RapidProCarrier {
    /// A carrier that calls the address in the book, or else the configured one.
    pub fn new(settings: Arc<RapidProSettings>, book: AddressBook, http: HttpClient) -> Self {
        Self {
            settings,
            book,
            http,
            tallies: Tallies::default(),
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
            tally: self.tallies.of(&delivery.id),
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
        let after = AfterTalk {
            api,
            flow: flow.to_owned(),
        };
        let ticket = delivery.ticket.as_ref().map_or("", TicketId::as_str);
        let contact = Contact::Uuid(contact.clone());
        let over = (delivery, ended, attempt);
        after.start(&self.http, over, (contact, ticket)).await
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

    /// `answer` is the status, and whether the ticket was young then.
    fn remember(&self, id: &DeliveryId, verdict: &Verdict, answer: Option<(u16, bool)>) {
        match (verdict, answer) {
            (Verdict::Done | Verdict::Never(_), _) => self.tallies.forget(id),
            (Verdict::Again { .. }, Some((status, young))) if (400..500).contains(&status) => {
                let mut tally = self.tallies.of(id);
                tally.count(status, young);
                self.tallies.keep(id, tally);
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
