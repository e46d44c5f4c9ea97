//! Whose password was changed of late, for streams of events that were opened with the one of before.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Changes that are known one by one; whoever looked at credentials before the oldest looks again.
const RECENT: usize = 256;

/// The changes since the program started.
#[derive(Default)]
pub struct Changes(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    count: u64,
    /// The last ones: their numbers, and whose they were.
    recent: VecDeque<(u64, String)>,
    /// Dropped when the user's password changes.
    streams: HashMap<String, watch::Sender<()>>,
}

/// Stands until the user's password changes.
pub struct Unchanged(watch::Receiver<()>);

impl Unchanged {
    /// Ends when it does.
    pub async fn over(&mut self) {
        // Nobody ever sends: the other end goes.
        while self.0.changed().await.is_ok() {}
    }
}

impl Changes {
    /// How many there were; to be asked before credentials are looked at.
    pub fn count(&self) -> u64 {
        self.inner().count
    }

    /// A user's password, by bare address, was changed: what was opened with another one ends.
    pub fn end(&self, bare: &str) {
        let mut inner = self.inner();
        inner.note(bare);
        inner.streams.remove(bare);
    }

    /// A user's password was changed, and streams that are open end otherwise.
    pub fn note(&self, bare: &str) {
        self.inner().note(bare);
    }

    /// Follows whether a user's password changes; nothing where it may have been changed since
    /// [`Changes::count`] was asked.
    pub fn follow(&self, bare: &str, since: u64) -> Option<Unchanged> {
        let mut inner = self.inner();
        let newer = |(count, of): &&(u64, String)| *count > since && of == bare;
        let known = inner.recent.front().map_or(0, |(first, _)| *first);
        if known > since.saturating_add(1) || inner.recent.iter().any(|one| newer(&one)) {
            return None;
        }
        // Who reads no more is swept when the map would have to grow.
        if inner.streams.len() == inner.streams.capacity() {
            inner.streams.retain(|_, stream| !stream.is_closed());
        }
        let stream = inner.streams.entry(bare.to_owned()).or_default();
        Some(Unchanged(stream.subscribe()))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn note(&mut self, bare: &str) {
        self.count += 1;
        self.recent.push_back((self.count, bare.to_owned()));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn whoever_was_let_in_before_a_change_is_told() {
        let changes = Changes::default();
        let before = changes.count();
        let mut anna = changes.follow("anna@x", before).unwrap();
        let mut ben = changes.follow("ben@x", before).unwrap();
        assert!(anna.over().now_or_never().is_none());
        changes.note("anna@x");
        assert!(anna.over().now_or_never().is_none());
        changes.end("anna@x");
        assert!(anna.over().now_or_never().is_some());
        assert!(ben.over().now_or_never().is_none());
        // Who was looked at before the change and is let in after it is looked at again.
        assert!(changes.follow("anna@x", before).is_none());
        assert!(changes.follow("ben@x", before).is_some());
        let mut again = changes.follow("anna@x", changes.count()).unwrap();
        assert!(again.over().now_or_never().is_none());
    }

    #[test]
    fn who_looked_long_ago_looks_again() {
        let changes = Changes::default();
        let before = changes.count();
        for _ in 0..RECENT {
            changes.note("ben@x");
        }
        assert!(changes.follow("anna@x", before).is_some());
        changes.note("ben@x");
        assert!(changes.follow("anna@x", before).is_none());
        assert!(changes.follow("anna@x", before + 1).is_some());
    }
}
