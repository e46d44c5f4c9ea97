//! The store in a Redis: one process writes, under a lease, one script for all that wait.
//!
//! - A partition's keys share one hash tag (`keys.rs`), so a cluster keeps them on one slot.
//! - A group of rows is a hash; those of its rows that expire stand in a sorted set beside it, and
//!   a group whose rows all expire vanishes by itself (`common.lua`).
//! - Tables that are read from a key on have a sorted set of the keys of each group as well
//!   (`walk.rs`). Rows of before it was kept are read as a whole; their next change makes it.
//! - Each commit's script first asks whether the store is ours: the same store, the same owner, and
//!   as many commits as we know of. So a process that was replaced, a store that came back empty or
//!   older, and a commit that was under way too long can do no harm (`commit.lua`).
//! - Everything that talks to Redis runs on a thread of its own, which ends with the store.

mod fault;
mod keys;
mod lease;
mod link;
mod reads;
mod scripts;
mod settings;
mod walk;
mod writer;

use std::sync::Arc;
use std::thread::JoinHandle;

use futures::future::{BoxFuture, FutureExt};
use redis::cmd;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot, watch};

use crate::ids::Timestamp;

use super::{Change, Cursor, Page, Purpose, RedisPlace, Row, Store, StoreError, Table, now};
use keys::{Keys, SCHEMA};
use lease::Taken;
use link::Link;
use reads::Reader;
use walk::Way;
use writer::{Job, Writer};

/// The store in one partition of a Redis.
pub(super) struct Redis {
    jobs: Option<mpsc::UnboundedSender<Job>>,
    thread: Option<JoinHandle<()>>,
    desk: Desk,
}

/// What is to be had from the thread.
struct Desk {
    link: Arc<Link>,
    keys: Keys,
    runtime: Handle,
    orders_only: bool,
    lost: watch::Receiver<Option<StoreError>>,
}

impl Redis {
    /// Opens the store for a purpose. Waits for a lease of a process that is gone, and as a standby
    /// for that of one which is alive.
    pub async fn open(place: &RedisPlace, purpose: Purpose) -> Result<Self, StoreError> {
        let link = Arc::new(Link::new(place.clone())?);
        let (jobs, inbox) = mpsc::unbounded_channel();
        let (opened, opening) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || live((link, purpose), inbox, opened))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let desk = opening.await.map_err(|_| closed())??;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            desk,
        })
    }

    fn reader(&self) -> Reader {
        Reader {
            link: self.desk.link.clone(),
            keys: self.desk.keys.clone(),
            now: now(),
        }
    }

    /// Does it on the thread, where the connection lives.
    fn there<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        let working = self.desk.runtime.spawn(work);
        async { working.await.map_err(|_| closed())? }.boxed()
    }
}

/// The thread: opens the store, tells how that went, and works until the store is dropped.
fn live(
    (link, purpose): (Arc<Link>, Purpose),
    inbox: mpsc::UnboundedReceiver<Job>,
    mut opened: oneshot::Sender<Result<Desk, StoreError>>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _gone = opened.send(Err(StoreError::Unavailable(error.to_string())));
            return;
        }
    };
    runtime.block_on(async {
        let keys = Keys::new(&link.place().partition);
        let taken = tokio::select! {
            taken = take((&link, &keys), purpose) => taken,
            () = opened.closed() => return,
        };
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                let _gone = opened.send(Err(error));
                return;
            }
        };
        let sweeps = purpose == Purpose::Run;
        let (writer, lost) = Writer::new((link.clone(), keys.clone()), taken, sweeps);
        let desk = Desk {
            link,
            keys,
            runtime: Handle::current(),
            orders_only: purpose == Purpose::Look,
            lost,
        };
        // If nobody waits any more, nobody hands jobs in, and the writer gives the lease back.
        let _gone = opened.send(Ok(desk));
        writer.run(inbox).await;
    });
}

async fn take((link, keys): (&Link, &Keys), purpose: Purpose) -> Result<Taken, StoreError> {
    if purpose == Purpose::Look {
        return beside(link, keys).await;
    }
    let taken = lease::take(link, keys, purpose, now).await?;
    if purpose == Purpose::Run {
        settings::look(link).await;
    }
    Ok(taken)
}

/// What is to be known of a store that is not taken.
async fn beside(link: &Link, keys: &Keys) -> Result<Taken, StoreError> {
    let mut question = cmd("HMGET");
    question.arg(keys.facts()).arg("id").arg("schema");
    let (id, schema): (Option<String>, Option<String>) = link.ask(&question).await?;
    let (Some(id), Some(schema)) = (id, schema) else {
        return Err(lease::missing(link));
    };
    if schema != SCHEMA.to_string() {
        return Err(lease::other_schema(&schema));
    }
    Ok(Taken {
        token: String::new(),
        id,
        known: 0,
    })
}

impl Store for Redis {
    fn commit(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>> {
        let order = |change: &Change| change.table() == Table::Order;
        if self.desk.orders_only && !changes.iter().all(order) {
            return async { Err(StoreError::OrdersOnly) }.boxed();
        }
        let (done, outcome) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // A job that cannot be handed over is dropped, and so tells the future below.
            let _sent = jobs.send(Job { changes, done });
        }
        async { outcome.await.map_err(|_| closed())? }.boxed()
    }

    fn load(&self, table: Table) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        let reader = self.reader();
        self.there(async move { reader.load(table).await })
    }

    fn group(&self, table: Table, group: &str) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        let (reader, group) = (self.reader(), group.to_owned());
        self.there(async move { reader.group(table, &group).await })
    }

    fn after<'a>(
        &'a self,
        (table, group): (Table, &'a str),
        key: &'a str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        let (reader, group, from) = (self.reader(), group.to_owned(), Way::after(key));
        self.there(async move { reader.walk((table, &group), from, most).await })
    }

    fn before<'a>(
        &'a self,
        (table, group): (Table, &'a str),
        key: Option<&'a str>,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        let (reader, group, from) = (self.reader(), group.to_owned(), Way::before(key));
        self.there(async move { reader.walk((table, &group), from, most).await })
    }

    fn get(
        &self,
        table: Table,
        group: &str,
        key: &str,
    ) -> BoxFuture<'_, Result<Option<Row>, StoreError>> {
        let (reader, group, key) = (self.reader(), group.to_owned(), key.to_owned());
        self.there(async move { reader.get((table, &group), &key).await })
    }

    fn page(&self, table: Table, from: Option<Cursor>) -> BoxFuture<'_, Result<Page, StoreError>> {
        let reader = self.reader();
        self.there(async move { reader.page(table, from).await })
    }

    fn count(&self, table: Table, at: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        let reader = self.reader();
        self.there(async move { reader.count(table, at).await })
    }

    fn lost(&self) -> BoxFuture<'_, StoreError> {
        let mut lost = self.desk.lost.clone();
        async move {
            match lost.wait_for(Option::is_some).await {
                Ok(told) => told.clone().unwrap_or(StoreError::TakenOver),
                // The thread has ended without a word.
                Err(_) => closed(),
            }
        }
        .boxed()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it has been closed".into())
}
