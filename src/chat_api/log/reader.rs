//! Somebody who reads a feed: what is stored, then what comes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{broadcast, watch};
use tracing::warn;

use crate::store::{StoreError, Table};

use super::feed::{Event, Feed, FeedName, key, parse};
use super::{Shared, lock, micros};

/// Stored events that a reader takes at a time.
pub(super) const PAGE: usize = 256;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// After this number: `Last-Event-ID`.
    Id(u64),
    /// With whatever nobody was shown yet; with what comes, where that is not known.
    Unseen,
    /// With the first that is stored.
    Start,
}

/// A reading. Dropping it ends it. It holds a page of events at most: who falls behind is given what
/// is stored, page by page.
pub struct Reader {
    shared: Arc<Shared>,
    name: FeedName,
    feed: Arc<Feed>,
    bell: watch::Receiver<u64>,
    passing: broadcast::Receiver<Arc<Event>>,
    stop: watch::Receiver<bool>,
    backlog: VecDeque<Arc<Event>>,
    cursor: u64,
    /// Whether there may be more in the store than what is live.
    stored: bool,
    /// Whether what was given last is the last one, unless there is a later one.
    ended: bool,
}

pub(super) async fn open(
    shared: &Arc<Shared>,
    name: &FeedName,
    since: Since,
) -> Result<Option<Reader>, StoreError> {
    // Live before the store is read: what is committed meanwhile is in one of the two.
    let feed = shared.feed(name);
    let bell = feed.bell();
    let (cursor, over) = match place(shared, (name, &feed), since) {
        Some(cursor) => (cursor, is_last(shared, (name, &feed), cursor).await?),
        None => {
            let group = (Table::Event, name.as_str());
            let stored = shared.store.before(group, None, 1).await?;
            let last = stored.first().and_then(parse);
            let now = shared.last.load(Ordering::Acquire);
            last.map_or((now, false), |last| (last.id, last.entry.last))
        }
    };
    let mut reader = Reader {
        shared: shared.clone(),
        name: name.clone(),
        bell,
        passing: feed.by_passers(),
        stop: shared.stop.subscribe(),
        backlog: VecDeque::new(),
        cursor,
        stored: !feed.covers(cursor),
        ended: over,
        feed,
    };
    if reader.stored {
        reader.turn_page().await?;
    }
    if reader.is_over() {
        return Ok(None);
    }
    reader.feed.note_shown(cursor);
    Ok(Some(reader))
}

/// The number after which the reading begins, where that is known.
fn place(shared: &Shared, (name, feed): (&FeedName, &Feed), since: Since) -> Option<u64> {
    match since {
        Since::Start => Some(0),
        // A number from the future is nobody's place.
        Since::Id(id) if id <= micros().max(shared.last.load(Ordering::Acquire)) => Some(id),
        Since::Id(_) | Since::Unseen => {
            let noted = lock(&shared.shown).get(name).copied();
            let shown = noted.unwrap_or(0).max(feed.shown.load(Ordering::Acquire));
            (shown > 0).then_some(shown)
        }
    }
}

async fn is_last(
    shared: &Shared,
    (name, feed): (&FeedName, &Feed),
    cursor: u64,
) -> Result<bool, StoreError> {
    if let Some(known) = feed.is_last(cursor) {
        return Ok(known);
    }
    let row = shared
        .store
        .get(Table::Event, name.as_str(), &key(cursor))
        .await?;
    Ok(row.as_ref().and_then(parse).is_some_and(|e| e.entry.last))
}

impl Reader {
    /// The next event; `None` when the feed is over, the program stops, or the store does not
    /// answer. May be called off and called again.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.ready() {
                return Some(event);
            }
            if self.is_over() || *self.stop.borrow() {
                return None;
            }
            if self.stored {
                if let Err(problem) = self.turn_page().await {
                    warn!(%problem, "a stream of events ends: it is to be resumed");
                    return None;
                }
                continue;
            }
            tokio::select! {
                rung = self.bell.changed() => rung.ok()?,
                // What was missed of these is of no use any more.
                Ok(event) = self.passing.recv() => return Some(event),
                stopped = self.stop.changed() => stopped.ok()?,
            }
        }
    }

    /// The next event, if it is at hand already.
    pub fn ready(&mut self) -> Option<Arc<Event>> {
        if self.backlog.is_empty() && !self.stored {
            match self.feed.after(self.cursor) {
                Some(live) => self.backlog = live,
                None => self.stored = true,
            }
        }
        let event = self.backlog.pop_front()?;
        self.cursor = event.id;
        self.feed.note_shown(event.id);
        self.ended = event.entry.last;
        Some(event)
    }

    /// Reads what is stored behind the cursor.
    async fn turn_page(&mut self) -> Result<(), StoreError> {
        // What falls out of the live part from here on is behind what is read now.
        let lost = self.feed.lost();
        let group = (Table::Event, self.name.as_str());
        let rows = self
            .shared
            .store
            .after(group, &key(self.cursor), PAGE)
            .await?;
        self.stored = rows.len() == PAGE;
        if !self.stored {
            // What is stored no more has expired.
            self.cursor = self.cursor.max(lost);
        }
        self.backlog = rows.iter().filter_map(parse).map(Arc::new).collect();
        Ok(())
    }

    /// Whether the last one was given, and nothing came after it.
    fn is_over(&self) -> bool {
        let newer = || {
            let live = self.feed.after(self.cursor);
            live.is_none_or(|live| !live.is_empty())
        };
        self.ended && self.backlog.is_empty() && !self.stored && !newer()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Visitors' feeds are read from the start; only users' places are remembered.
        let mut shown = lock(&self.shared.shown);
        if let Some(noted) = shown.get_mut(&self.name) {
            *noted = (*noted).max(self.feed.shown.load(Ordering::Acquire));
        }
    }
}
