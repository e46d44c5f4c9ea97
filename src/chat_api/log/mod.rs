//! The event log: what browsers are shown, stored before it is shown, and read from any place on.

mod feed;
mod reader;
mod writer;

pub use feed::{Entry, Event, FeedName};
pub use reader::{Reader, Since};
pub use writer::{Append, Beside};

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::engine::now;
use crate::store::{Change, Store, StoreError, Table};

use feed::Feed;
use reader::PAGE;

/// Appends that may wait for the writer; after them whoever appends waits.
const INBOX: usize = 1024;

/// Bytes of noted events that may wait for a store that fails; after them whoever notes waits.
const NOTED: u32 = 16 * 1024 * 1024;

/// The log; cheap to clone, all clones are one log.
#[derive(Clone)]
pub struct EventLog {
    shared: Arc<Shared>,
    inbox: mpsc::Sender<Append>,
    /// What is noted takes its bytes of it until it is stored.
    noted: Arc<Semaphore>,
}

struct Shared {
    store: Arc<dyn Store>,
    feeds: Mutex<HashMap<FeedName, Weak<Feed>>>,
    /// How far each user was shown the own feed, while nobody reads it.
    shown: Mutex<HashMap<FeedName, u64>>,
    /// The highest number given out.
    last: AtomicU64,
    stop: watch::Sender<bool>,
    /// For how long events are kept.
    ttl: Duration,
}

impl EventLog {
    /// A log in this store that keeps each event for `ttl`. Needs a tokio runtime around it.
    pub fn start(store: Arc<dyn Store>, ttl: Duration) -> Self {
        let (inbox, appends) = mpsc::channel(INBOX);
        let shared = Arc::new(Shared {
            store,
            feeds: Mutex::default(),
            shown: Mutex::default(),
            last: AtomicU64::new(micros()),
            stop: watch::Sender::new(false),
            ttl,
        });
        tokio::spawn(writer::run(shared.clone(), appends));
        let noted = Arc::new(Semaphore::new(NOTED as usize));
        Self {
            shared,
            inbox,
            noted,
        }
    }

    /// Appends to a feed; when this returns `Ok` the events are stored and on their way to whoever
    /// reads. With `first`, the number of the first event, a repetition of the same call changes
    /// nothing; without it, numbers go on from the time.
    ///
    /// # Errors
    /// The store does not answer. The events may be stored all the same.
    pub async fn append(
        &self,
        feed: &FeedName,
        first: Option<u64>,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let (done, outcome) = oneshot::channel();
        let append = Append {
            feed: feed.clone(),
            first,
            entries,
            beside: Beside::default(),
            done: Some(done),
            noted: None,
        };
        let gone = || StoreError::Unavailable("the event log is closed".into());
        self.inbox.send(append).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }

    /// Appends what has happened anyhow: it is written as soon as the store takes it, and what goes
    /// with it is done in the same commit. Waits only while very much is waiting already.
    pub async fn note(&self, feed: &FeedName, entries: Vec<Entry>, beside: Beside) {
        if entries.is_empty() && beside.is_empty() {
            return;
        }
        let bytes: usize = entries.iter().map(Entry::bytes).sum();
        // One that is larger than all there may be waits until it is alone.
        let bytes = u32::try_from(bytes).map_or(NOTED, |bytes| bytes.min(NOTED));
        let append = Append {
            feed: feed.clone(),
            first: None,
            entries,
            beside,
            done: None,
            noted: self.noted.clone().acquire_many_owned(bytes).await.ok(),
        };
        // Without a writer the program is about to stop.
        let _ = self.inbox.send(append).await;
    }

    /// Shows whoever reads a feed just now something that is of no use later: it is not stored.
    pub fn pass(&self, feed: &FeedName, entry: Entry) {
        if let Some(feed) = self.shared.read(feed) {
            feed.pass(Event::passing(entry));
        }
    }

    /// Begins to read a feed; `None` where it is over and nothing is left to read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open(&self, name: &FeedName, since: Since) -> Result<Option<Reader>, StoreError> {
        reader::open(&self.shared, name, since).await
    }

    /// Looks at what is stored of a feed, page by page, the newest event first, from before a number on
    /// where one is given; gives what `look` finds first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn find_back<T>(
        &self,
        name: &FeedName,
        before: Option<u64>,
        mut look: impl FnMut(&Event) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let group = (Table::Event, name.as_str());
        let mut from = before.map(feed::key);
        loop {
            let rows = self.shared.store.before(group, from.as_deref(), PAGE);
            let rows = rows.await?;
            let mut found = rows.iter().filter_map(feed::parse);
            if let Some(found) = found.find_map(|event| look(&event)) {
                return Ok(Some(found));
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => from = Some(last.key.clone()),
                _ => return Ok(None),
            }
        }
    }

    /// Lets all that is stored of a feed expire, so that whoever bears the name later reads nothing of it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn erase(&self, name: &FeedName) -> Result<(), StoreError> {
        let change = Change::ExpireGroup {
            table: Table::Event,
            group: name.as_str().to_owned(),
            at: now(),
        };
        self.shared.store.commit(vec![change]).await
    }

    /// From now on a reader that brings no place is shown what comes, if it was not so before.
    pub fn begin(&self, name: &FeedName) {
        let last = self.shared.last.load(Ordering::Acquire);
        lock(&self.shared.shown).entry(name.clone()).or_insert(last);
    }

    /// Ends all readers, without ending their feeds: the program stops.
    pub fn stop(&self) {
        self.shared.stop.send_replace(true);
    }

    /// Follows whether the program stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.shared.stop.subscribe()
    }
}

impl Shared {
    /// The live part of a feed; made where nobody reads it yet.
    fn feed(&self, name: &FeedName) -> Arc<Feed> {
        let mut feeds = lock(&self.feeds);
        if let Some(feed) = feeds.get(name).and_then(Weak::upgrade) {
            return feed;
        }
        // What nobody reads any more is swept when the map would have to grow.
        if feeds.len() == feeds.capacity() {
            feeds.retain(|_, feed| feed.strong_count() > 0);
        }
        let shown = lock(&self.shown).get(name).copied().unwrap_or_default();
        // Numbers that are given from here on are higher; a visitor's come from elsewhere.
        let floor = match name.is_user() {
            true => self.last.load(Ordering::Acquire),
            false => u64::MAX,
        };
        let feed = Arc::new(Feed::new(shown, floor));
        feeds.insert(name.clone(), Arc::downgrade(&feed));
        feed
    }

    fn read(&self, name: &FeedName) -> Option<Arc<Feed>> {
        lock(&self.feeds).get(name).and_then(Weak::upgrade)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The present moment as a number: microseconds since 1970.
fn micros() -> u64 {
    u64::try_from(now().0).unwrap_or(0).saturating_mul(1000)
}
