//! Somebody who reads a feed: first what is stored, then what comes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use crate::store::{StoreError, Table};

use super::feed::{Event, Feed, FeedName, key, parse};
use super::{Shared, lock, micros};

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

/// A reading. Dropping it ends it.
pub struct Reader {
    shared: Arc<Shared>,
    name: FeedName,
    feed: Arc<Feed>,
    bell: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    backlog: VecDeque<Arc<Event>>,
    cursor: u64,
    over: bool,
}

pub(super) async fn open(
    shared: &Arc<Shared>,
    name: &FeedName,
    since: Since,
) -> Result<Option<Reader>, StoreError> {
    // Live before the store is read: what is committed meanwhile is in one of the two.
    let feed = shared.feed(name);
    let bell = feed.bell();
    let (cursor, stored) = begin(shared, (name, &feed), since).await?;
    let over = match stored.last() {
        Some(last) => last.entry.last,
        None => is_last(shared, name, cursor).await?,
    };
    let backlog: VecDeque<_> = stored.into_iter().filter(|e| e.id > cursor).collect();
    if over && backlog.is_empty() && feed.after(cursor).is_some_and(|live| live.is_empty()) {
        return Ok(None);
    }
    feed.note_shown(cursor);
    Ok(Some(Reader {
        shared: shared.clone(),
        name: name.clone(),
        bell,
        stop: shared.stop.subscribe(),
        backlog,
        cursor,
        over: false,
        feed,
    }))
}

/// Where the reading begins, and what is stored after that, or from before it on.
async fn begin(
    shared: &Shared,
    (name, feed): (&FeedName, &Feed),
    since: Since,
) -> Result<(u64, Vec<Arc<Event>>), StoreError> {
    let group = name.as_str();
    let known = match since {
        Since::Start | Since::Id(0) => Some(0),
        // A number from the future is nobody's place.
        Since::Id(id) if id <= micros().max(shared.last.load(Ordering::Acquire)) => Some(id),
        Since::Id(_) | Since::Unseen => {
            let noted = lock(&shared.shown).get(name).copied();
            let shown = feed.shown.load(Ordering::Acquire);
            noted.or(Some(0)).map(|noted| noted.max(shown))
        }
    };
    let from_start = matches!(since, Since::Start | Since::Id(0));
    match known.filter(|cursor| *cursor > 0 || from_start) {
        Some(cursor) => {
            let rows = shared.store.after(Table::Event, group, &key(cursor)).await?;
            Ok((cursor, events(&rows)))
        }
        None => {
            let now = shared.last.load(Ordering::Acquire);
            let stored = events(&shared.store.group(Table::Event, group).await?);
            let cursor = stored.last().map_or(now, |last| last.id);
            Ok((cursor, stored))
        }
    }
}

fn events(rows: &[crate::store::Row]) -> Vec<Arc<Event>> {
    rows.iter().filter_map(parse).map(Arc::new).collect()
}

async fn is_last(shared: &Shared, name: &FeedName, cursor: u64) -> Result<bool, StoreError> {
    let row = shared
        .store
        .get(Table::Event, name.as_str(), &key(cursor))
        .await?;
    Ok(row.as_ref().and_then(parse).is_some_and(|e| e.entry.last))
}

impl Reader {
    /// The next event; `None` when the feed is over, the program stops, or the reader has fallen so
    /// far behind that it has to begin anew. May be called off and called again.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.ready() {
                return Some(event);
            }
            if self.over || *self.stop.borrow() {
                return None;
            }
            tokio::select! {
                rung = self.bell.changed() => rung.ok()?,
                stopped = self.stop.changed() => stopped.ok()?,
            }
        }
    }

    /// The next event, if it is there already.
    pub fn ready(&mut self) -> Option<Arc<Event>> {
        if self.over {
            return None;
        }
        if self.backlog.is_empty() {
            match self.feed.after(self.cursor) {
                Some(live) => self.backlog = live,
                None => {
                    self.over = true;
                    return None;
                }
            }
        }
        let event = self.backlog.pop_front()?;
        self.cursor = event.id;
        self.feed.note_shown(event.id);
        self.over = event.entry.last && self.backlog.is_empty() && !self.has_newer();
        Some(event)
    }

    fn has_newer(&self) -> bool {
        let live = self.feed.after(self.cursor);
        live.is_none_or(|live| !live.is_empty())
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
