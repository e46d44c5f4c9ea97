//! Carries what is owed to the platform: agents' words and notices to the visitor, and at the end
//! where the bot goes on.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::channels::HttpClient;
use crate::channels::after_talk::AfterTalk;
use crate::channels::api::Contact;
use crate::channels::tallies::Tallies;
use crate::conversation::{Delivery, Ended, Notice, Outgoing};
use crate::engine::now;
use crate::ids::DeliveryId;
use crate::outbox::{Carrier, Verdict};

use super::verdict::{Case, judge};
use super::{Media, YaloSettings, platform, wire};

/// How long a place in the line is worth telling.
const PLACE_LASTS: Duration = Duration::from_mins(2);

/// The carrier of one `yalo` channel.
#[derive(Debug)]
pub struct YaloCarrier {
    settings: Arc<YaloSettings>,
    http: HttpClient,
    media: Media,
    // Lost with the process: then calls are repeated, on WhatsApp under the ids that they had.
    tallies: Tallies<Tally>,
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Calls of it that were taken.
    taken: usize,
    /// How often the next one was refused as wrong.
    refused: usize,
}

impl YaloCarrier {
    /// A carrier for this channel.
    pub fn new(settings: Arc<YaloSettings>, http: HttpClient, media: Media) -> Self {
        Self {
            settings,
            http,
            media,
            tallies: Tallies::default(),
        }
    }

    async fn attempt(&self, delivery: &Delivery, attempt: u32) -> Verdict {
        if is_stale(delivery) {
            return Verdict::Done;
        }
        if let Outgoing::Ended(ended) = &delivery.what {
            return self.go_on(delivery, ended, attempt).await;
        }
        let steps = wire::steps(delivery, &self.settings, &self.media);
        let mut tally = self.tallies.of(&delivery.id);
        let left = steps.iter().enumerate().skip(tally.taken);
        for (number, step) in left {
            let key = match number {
                0 => delivery.id.as_str().to_owned(),
                number => format!("{}-{number}", delivery.id),
            };
            let made = platform::take(&self.http, &self.settings, (step, &key)).await;
            let Some(outcome) = made else { continue };
            let case = Case {
                attempt,
                refused: tally.refused,
                closes: matches!(delivery.what, Outgoing::Closed(_)),
            };
            let verdict = judge(outcome.as_ref().map_err(Clone::clone), case);
            if verdict != Verdict::Done {
                let status = outcome.map(|reply| reply.status).unwrap_or_default();
                let refused =
                    (400..500).contains(&status) && !matches!(status, 401 | 408 | 425 | 429);
                tally.refused += usize::from(refused);
                self.remember(&delivery.id, &verdict, tally);
                return verdict;
            }
            tally = Tally {
                taken: number + 1,
                refused: 0,
            };
            self.remember(&delivery.id, &Verdict::Done, tally);
        }
        self.tallies.forget(&delivery.id);
        Verdict::Done
    }

    /// Starts the flow of RapidPro that runs after the talk. Its URNs have the messengers' names as
    /// their schemes, as our visitors' tokens do.
    async fn go_on(&self, delivery: &Delivery, ended: &Ended, attempt: u32) -> Verdict {
        let Some(configured) = &self.settings.keys.on_close else {
            return Verdict::Done;
        };
        let contact = Contact::Urn(delivery.visitor.as_str().to_owned());
        let over = (delivery, ended, attempt);
        let conversation = delivery.conversation.as_str();
        let after = AfterTalk::from(configured);
        after.start(&self.http, over, (contact, conversation)).await
    }

    fn remember(&self, id: &DeliveryId, verdict: &Verdict, tally: Tally) {
        if let Verdict::Hold { .. } = verdict {
            tracing::error!(
                channel = %self.settings.id,
                "the platform refuses a bot's token: what is owed to it waits until the token is right"
            );
        }
        if let Verdict::Never(_) = verdict {
            return self.tallies.forget(id);
        }
        self.tallies.keep(id, tally);
    }
}

/// Whether it is a place in the line that was true some time ago: after an outage nobody is to read
/// all the places that there were in between.
fn is_stale(delivery: &Delivery) -> bool {
    let place = matches!(delivery.what, Outgoing::Notice(Notice::Place { .. }));
    place && now().since(delivery.at) > PLACE_LASTS
}

impl Carrier for YaloCarrier {
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict> {
        self.attempt(delivery, attempt).boxed()
    }
}
