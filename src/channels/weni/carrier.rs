//! Carries what is owed to mailroom: one signed POST for each delivery.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::HeaderName;
use serde_json::Value;

use crate::bridge::Input;
use crate::channels::after_talk::AfterTalk;
use crate::channels::again::IDEMPOTENCY_KEY;
use crate::channels::api::Contact;
use crate::channels::tallies::Tallies;
use crate::channels::{Call, Reply};
use crate::conversation::{Delivery, Ended, Outgoing};
use crate::ids::DeliveryId;
use crate::outbox::{Carrier, Trouble, Verdict};

use super::verdict::{Case, FILES_AGAIN, Tally, judge, name_of};
use super::wire::{Callback, callback};
use super::{Ways, WeniSettings, signature};

const SIGNATURE: HeaderName = HeaderName::from_static("x-webhook-signature");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-webhook-timestamp");
/// Mailroom's own limit is 30 s, and what it has done by then stays done.
const TIMEOUT: Duration = Duration::from_secs(40);
/// How long the engine may take to note what mailroom calls a message.
const NOTING: Duration = Duration::from_secs(5);

/// The carrier of one `weni` channel.
#[derive(Debug)]
pub struct WeniCarrier {
    settings: Arc<WeniSettings>,
    ways: Ways,
    tallies: Tallies<Tally>,
}

impl WeniCarrier {
    /// A carrier that calls the configured address, or else the one in the book.
    pub fn new(settings: Arc<WeniSettings>, ways: Ways) -> Self {
        Self {
            settings,
            ways,
            tallies: Tallies::default(),
        }
    }

    async fn attempt(&self, delivery: &Delivery, attempt: u32) -> Verdict {
        if let Outgoing::Ended(ended) = &delivery.what {
            return self.go_on(delivery, ended, attempt).await;
        }
        let Some(call) = callback(delivery, &self.settings, &self.ways.media) else {
            return Verdict::Done;
        };
        let mut tally = self.tallies.of(&delivery.id);
        let outcome = self.call(delivery, (&call, tally)).await;
        tally.count(outcome.as_ref());
        let case = Case {
            attempt,
            tally,
            event: call.event,
            unsure: self.settings.keys.unsure,
        };
        let verdict = judge(outcome.as_ref().map_err(Clone::clone), case);
        self.remember(&delivery.id, &verdict, tally);
        if let (Verdict::Done, Ok(reply)) = (&verdict, &outcome) {
            self.note_name(delivery, reply).await;
        }
        verdict
    }

    /// Starts the flow that runs after the talk.
    async fn go_on(&self, delivery: &Delivery, ended: &Ended, attempt: u32) -> Verdict {
        let (Some(configured), Some(contact)) = (&self.settings.keys.on_close, &ended.contact)
        else {
            return Verdict::Done;
        };
        // A URN, or else a UUID: no scheme has to be guessed.
        let contact = Contact::read(contact, "");
        let over = (delivery, ended, attempt);
        let conversation = delivery.conversation.as_str();
        let after = AfterTalk::from(configured);
        after
            .start(&self.ways.http, over, (contact, conversation))
            .await
    }

    async fn call(
        &self,
        delivery: &Delivery,
        (call, tally): (&Callback, Tally),
    ) -> Result<Reply, Trouble> {
        let plain = call
            .without_files
            .as_ref()
            .filter(|_| tally.files >= FILES_AGAIN);
        let body: &Value = plain.unwrap_or(&call.body);
        // What is signed is what is sent, to the byte.
        let body = serde_json::to_vec(body).map_err(|_| Trouble::Fault)?;
        let known = self.settings.keys.callback_url.as_ref();
        let known = known.map(ToString::to_string);
        let base = known.or_else(|| self.ways.book.find(&self.settings.id));
        let base = base.ok_or(Trouble::NoAddress)?;
        let url = format!("{}/{}", base.trim_end_matches('/'), call.event.path());
        let secret = &self.settings.keys.webhook_secret;
        let call = Call::to(url)
            .header(SIGNATURE, signature::sign(secret, &body))
            .header(TIMESTAMP, jiff::Timestamp::now().to_string())
            .header(IDEMPOTENCY_KEY, delivery.id.as_str())
            .timeout(TIMEOUT);
        self.ways.http.post_bytes(&call, body).await
    }

    /// By this name mailroom tells of the message when it tells what was said before.
    async fn note_name(&self, delivery: &Delivery, reply: &Reply) {
        let Some(name) = name_of(reply) else {
            return;
        };
        let delivery = Box::new(delivery.clone());
        let noted = self.ways.engine.ask(Input::Named { delivery, name });
        if !matches!(tokio::time::timeout(NOTING, noted).await, Ok(Ok(_))) {
            let channel = &self.settings.id;
            tracing::warn!(%channel, "what Weni calls a message could not be noted");
        }
    }

    fn remember(&self, id: &DeliveryId, verdict: &Verdict, tally: Tally) {
        self.tallies.settle(id, verdict, tally);
        if let Verdict::Hold { .. } = verdict {
            tracing::error!(
                channel = %self.settings.id,
                "Weni refuses our signature: what is owed to it waits until secrets and clocks agree"
            );
        }
    }
}

impl Carrier for WeniCarrier {
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict> {
        self.attempt(delivery, attempt).boxed()
    }
}
