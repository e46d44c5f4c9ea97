//! The one who writes the log: takes all that waits into one commit, and shows it only then.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::warn;

use crate::engine::now;
use crate::ids::Timestamp;
use crate::store::{Change, Put, StoreError, Table};
use crate::telemetry::metrics as figures;
use crate::users::{Held, Reached};

use super::feed::{Entry, Event, FeedName, key};
use super::{Shared, micros};

/// The most appends that share one commit.
const MOST_IN_A_COMMIT: usize = 256;
/// How long a store that did not answer is left alone.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What is done to other rows in the commit that stores events.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What is kept for the user until the events are stored.
    pub held: Vec<Held>,
    /// How far the user was told of archives with them.
    pub reached: Vec<Reached>,
}

impl Beside {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.reached.is_empty()
    }

    fn changes(&self) -> impl Iterator<Item = Change> {
        let gone = self.held.iter().map(|held| Change::Delete {
            table: Table::Waiting,
            group: held.username.clone(),
            key: held.key.clone(),
        });
        let expires = now().plus(Reached::KEPT);
        gone.chain(self.reached.iter().map(move |one| heard(one, expires)))
    }
}

fn heard(reached: &Reached, expires: Timestamp) -> Change {
    let (table, group, key) = (Table::Heard, reached.user.clone(), reached.archive.clone());
    match &reached.place {
        Some(place) => Change::Put(Put {
            table,
            group,
            key,
            value: place.to_vec(),
            expires: Some(expires),
        }),
        None => Change::Delete { table, group, key },
    }
}

/// Something to append.
pub struct Append {
    pub(super) feed: FeedName,
    pub(super) first: Option<u64>,
    pub(super) entries: Vec<Entry>,
    pub(super) beside: Beside,
    pub(super) done: Option<oneshot::Sender<Result<(), StoreError>>>,
    /// Given back when the entries are stored.
    pub(super) noted: Option<OwnedSemaphorePermit>,
}

/// An append with its numbers.
struct Placed {
    feed: FeedName,
    events: Vec<Arc<Event>>,
    beside: Beside,
    done: Option<oneshot::Sender<Result<(), StoreError>>>,
    _noted: Option<OwnedSemaphorePermit>,
}

/// Works until nobody can append any more.
pub(super) async fn run(shared: Arc<Shared>, mut appends: mpsc::Receiver<Append>) {
    let mut batch = Vec::with_capacity(MOST_IN_A_COMMIT);
    while appends.recv_many(&mut batch, MOST_IN_A_COMMIT).await > 0 {
        let mut placed: Vec<Placed> = batch.drain(..).map(|one| place(&shared, one)).collect();
        while let Err(problem) = shared.store.commit(rows(&shared, &placed)).await {
            warn!(%problem, "events cannot be stored just now");
            placed = refuse(placed);
            if placed.is_empty() {
                break;
            }
            tokio::time::sleep(STORE_PAUSE).await;
        }
        for one in placed {
            show(&shared, one);
        }
    }
}

/// Gives numbers: from the time, and above all that were given before, so that a browser's
/// `Last-Event-ID` means the same after a restart, and after all rows have expired.
fn place(shared: &Shared, append: Append) -> Placed {
    let mut next = append.first.unwrap_or_else(|| {
        let last = shared.last.load(Ordering::Acquire);
        micros().max(last.saturating_add(1))
    });
    let mut events = Vec::with_capacity(append.entries.len());
    for entry in append.entries {
        events.push(Arc::new(Event::new(next, entry)));
        next = next.saturating_add(1);
    }
    if append.first.is_none() {
        shared.last.fetch_max(next, Ordering::AcqRel);
    }
    Placed {
        feed: append.feed,
        events,
        beside: append.beside,
        done: append.done,
        _noted: append.noted,
    }
}

fn rows(shared: &Shared, placed: &[Placed]) -> Vec<Change> {
    let expires = now().plus(shared.ttl);
    let mut changes = Vec::new();
    for one in placed {
        for event in &one.events {
            let row = Put {
                table: Table::Event,
                group: one.feed.as_str().to_owned(),
                key: key(event.id),
                value: serde_json::to_vec(&event.entry).unwrap_or_default(),
                expires: Some(expires),
            };
            // A repetition does not replace what was shown under the same number.
            changes.push(Change::Add(row));
        }
        changes.extend(one.beside.changes());
    }
    changes
}

/// Tells those who wait that nothing is sure; keeps what nobody would bring again.
fn refuse(placed: Vec<Placed>) -> Vec<Placed> {
    let mut kept = Vec::new();
    for one in placed {
        match one.done {
            Some(done) => {
                let unavailable = StoreError::Unavailable("the event was not stored".into());
                let _ = done.send(Err(unavailable));
            }
            None => kept.push(one),
        }
    }
    kept
}

fn show(shared: &Shared, placed: Placed) {
    figures::events(placed.events.len());
    if let Some(feed) = shared.read(&placed.feed) {
        for event in &placed.events {
            feed.push(event);
        }
    }
    if let Some(done) = placed.done {
        let _ = done.send(Ok(()));
    }
}
