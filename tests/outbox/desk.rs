//! The outbox's surroundings: a store, a carrier to the peer, and a clerk in the engine's place.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use tempfile::TempDir;
use tokio::sync::mpsc;
use warmline::conversation::{DeadLetter, Delivery, Outgoing, Words};
use warmline::ids::{ChannelId, ConversationId, DeliveryId, MessageId, Timestamp, VisitorToken};
use warmline::outbox::{
    Call, Carrier, HttpClient, OutboundSettings, Outbox, OutboxHandle, OutboxSettings,
    OutboxStatus, OwedDelivery, Report, ReportOutcome, Trouble, Verdict, delivery_key,
    delivery_row,
};
use warmline::store::{Change, Embedded, Put, Store, Table};

use crate::patience;
use crate::peer::Peer;

/// Waits for a condition, but not for ever.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    patience::until(what, async || condition()).await;
}

pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Settings with these times between tries.
pub fn retry(retry: &[u64]) -> OutboxSettings {
    OutboxSettings {
        retry: retry.iter().copied().map(millis).collect(),
        ..OutboxSettings::default()
    }
}

/// A client that may call this machine.
pub fn client() -> HttpClient {
    let settings = OutboundSettings {
        allow_private_networks: true,
        ..OutboundSettings::default()
    };
    HttpClient::new(&settings).unwrap()
}

/// Posts each delivery's id to the peer, and reads the statuses as many systems mean them.
pub struct Post {
    client: HttpClient,
    url: String,
    /// The delivery ids and the attempts that were announced.
    pub tries: Mutex<Vec<(String, u32)>>,
}

impl Post {
    pub fn to(peer: &Peer) -> Arc<Self> {
        Self::at(&peer.url("/callback"))
    }

    pub fn at(url: &str) -> Arc<Self> {
        Arc::new(Self {
            client: client(),
            url: url.into(),
            tries: Mutex::default(),
        })
    }

    pub fn attempts(&self, id: &str) -> Vec<u32> {
        let tries = self.tries.lock().unwrap();
        let same = tries.iter().filter(|(tried, _)| tried == id);
        same.map(|(_, attempt)| *attempt).collect()
    }
}

impl Carrier for Post {
    fn carry<'a>(&'a self, delivery: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict> {
        let id = delivery.id.as_str();
        self.tries.lock().unwrap().push((id.to_owned(), attempt));
        async move {
            let call = Call::to(&self.url);
            let reply = match self.client.post_json(&call, id).await {
                Ok(reply) => reply,
                Err(why) => return Verdict::Again { after: None, why },
            };
            let why = Trouble::Status(reply.status);
            match reply.status {
                200..300 => Verdict::Done,
                401 => Verdict::Hold {
                    after: millis(300),
                    why,
                },
                429 | 500.. => Verdict::Again {
                    after: reply.retry_after,
                    why,
                },
                _ => Verdict::Never(why),
            }
        }
        .boxed()
    }
}

/// Reports as they were settled.
#[derive(Clone, Default)]
pub struct Clerk {
    ends: Arc<Mutex<Vec<(String, ReportOutcome)>>>,
    /// How many reports are still dropped instead of settled.
    pub refusals: Arc<AtomicU32>,
}

impl Clerk {
    pub fn ends(&self) -> Vec<(String, ReportOutcome)> {
        self.ends.lock().unwrap().clone()
    }

    pub fn ended(&self, id: &str) -> Option<ReportOutcome> {
        let ends = self.ends();
        ends.into_iter()
            .find(|(ended, _)| ended == id)
            .map(|(_, outcome)| outcome)
    }

    async fn work(self, store: Arc<dyn Store>, mut reports: mpsc::Receiver<Report>) {
        while let Some(report) = reports.recv().await {
            let refuse = |left: u32| left.checked_sub(1);
            if self
                .refusals
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse)
                .is_ok()
            {
                continue;
            }
            let delivery = report.delivery;
            let (group, key) = (
                delivery.conversation.as_str().to_owned(),
                delivery_key(delivery.number),
            );
            let mut changes = vec![Change::Delete {
                table: Table::Delivery,
                group: group.clone(),
                key: key.clone(),
            }];
            let id = delivery.id.as_str().to_owned();
            if let ReportOutcome::GivenUp { why } = &report.outcome {
                let letter = DeadLetter {
                    delivery,
                    why: why.to_string(),
                    at: Timestamp(0),
                };
                changes.push(Change::Put(Put {
                    table: Table::DeadLetter,
                    group,
                    key,
                    value: serde_json::to_vec(&letter).unwrap(),
                    expires: None,
                }));
            }
            store.commit(changes).await.unwrap();
            self.ends.lock().unwrap().push((id, report.outcome));
            let _outbox_gone = report.settled.send(());
        }
    }
}

/// All of it.
pub struct Desk {
    pub outbox: OutboxHandle,
    pub clerk: Clerk,
    pub store: Arc<dyn Store>,
}

impl Desk {
    /// Opens the store, starts the outbox on it, and lets it begin.
    pub async fn open(
        home: &TempDir,
        settings: OutboxSettings,
        carriers: &[(&str, Arc<dyn Carrier>)],
    ) -> Self {
        let desk = Self::start(home, settings, carriers);
        desk.outbox.load().await.unwrap();
        desk
    }

    /// The same without letting it begin.
    pub fn start(
        home: &TempDir,
        settings: OutboxSettings,
        carriers: &[(&str, Arc<dyn Carrier>)],
    ) -> Self {
        let store: Arc<dyn Store> = Arc::new(Embedded::open(home.path()).unwrap());
        let clerk = Clerk::default();
        let (reports, inbox) = mpsc::channel(8);
        let named =
            |(id, carrier): &(&str, Arc<dyn Carrier>)| (ChannelId::new(*id), carrier.clone());
        let carriers: HashMap<_, _> = carriers.iter().map(named).collect();
        let outbox = Outbox::start(settings, carriers, store.clone(), reports);
        tokio::spawn(clerk.clone().work(store.clone(), inbox));
        Self {
            outbox,
            clerk,
            store,
        }
    }

    /// Commits promises and hands them over.
    pub async fn promise(&self, channel: &str, conversation: &str, numbers: &[u64]) {
        let promised = numbers
            .iter()
            .map(|number| delivery(channel, conversation, *number));
        let promised: Vec<Delivery> = promised.collect();
        let rows = promised
            .iter()
            .map(|delivery| Change::Put(delivery_row(delivery).unwrap()));
        self.store.commit(rows.collect()).await.unwrap();
        self.outbox.add(promised);
    }

    /// Waits until nothing is owed, neither in the store nor in memory.
    pub async fn done(&self) {
        let paid = async || self.store.load(Table::Delivery).await.unwrap().is_empty();
        patience::until("nothing is owed", paid).await;
        let nothing = OutboxStatus::default();
        until("the outbox knows", || self.outbox.status() == nothing).await;
    }

    /// The stored state of a delivery.
    pub async fn kept(&self, conversation: &str, number: u64) -> OwedDelivery {
        let key = delivery_key(number);
        let row = self
            .store
            .get(Table::Delivery, conversation, &key)
            .await
            .unwrap();
        serde_json::from_slice(&row.unwrap().value).unwrap()
    }

    /// Gives everything back, so that the store can be opened again.
    pub async fn close(self, patience: Duration) -> Clerk {
        self.outbox.stop(patience).await;
        let Self {
            outbox,
            clerk,
            store,
        } = self;
        drop(outbox);
        until("the store is free", || Arc::strong_count(&store) == 1).await;
        clerk
    }
}

pub fn delivery(channel: &str, conversation: &str, number: u64) -> Delivery {
    Delivery {
        id: DeliveryId::new(format!("{conversation}-{number}")),
        conversation: ConversationId::new(conversation),
        number,
        channel: ChannelId::new(channel),
        ticket: None,
        visitor: VisitorToken::new("tel:+1555"),
        opened_at: Timestamp(0),
        language: None,
        at: Timestamp(0),
        what: Outgoing::Words {
            message: MessageId::new(format!("m{number}")),
            author: "Ana".into(),
            words: Words::text("hello"),
        },
    }
}
