//! One feed: what it is called, what stands in it, and its live part.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};

use crate::ids::ConversationId;
use crate::store::Row;

use super::lock;

/// Events that a live feed holds for readers who are a little behind.
const RING: usize = 512;
/// What only passes by and was not taken at once: after so many the oldest are lost.
const PASSING: usize = 16;

/// Whose events they are.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FeedName(String);

impl FeedName {
    /// Of a user, by bare address.
    pub fn user(bare: &str) -> Self {
        Self(format!("user {}", bare.to_lowercase()))
    }

    /// Whether it is a user's, so that its events are numbered by the time.
    pub(super) fn is_user(&self) -> bool {
        self.0.starts_with("user ")
    }

    /// Of the visitor of a conversation.
    pub fn visitor(conversation: &ConversationId) -> Self {
        Self(format!("visitor {conversation}"))
    }

    /// As it stands in the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// A user's address is no word for a log.
impl std::fmt::Debug for FeedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FeedName(…)")
    }
}

/// What happened, as it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The event's name (chat API §2.4).
    pub name: String,
    /// JSON on one line.
    pub data: String,
    /// Whether it is the last one: readers end after it, until there is a later one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
}

// What people say does not reach a log by way of `{:?}`.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({}, {} bytes)", self.name, self.data.len())
    }
}

impl Entry {
    /// An event with this content.
    pub fn new(name: &str, data: &serde_json::Value) -> Self {
        Self {
            name: name.to_owned(),
            data: data.to_string(),
            last: false,
        }
    }

    /// About as many bytes as it takes.
    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.data.len()
    }

    /// The same as the last one.
    #[must_use]
    pub fn last(mut self) -> Self {
        self.last = true;
        self
    }
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number in the feed; each later one has a higher one.
    pub id: u64,
    /// What happened.
    pub entry: Entry,
    /// As it goes to readers of named events.
    pub wire: Bytes,
}

impl Event {
    /// Puts an entry in its place.
    pub fn new(id: u64, entry: Entry) -> Self {
        let wire = format!("id: {id}\nevent: {}\ndata: {}\n\n", entry.name, entry.data);
        Self {
            id,
            wire: Bytes::from(wire),
            entry,
        }
    }

    /// Something that only passes by: it is not stored, and moves nobody's place.
    pub fn passing(entry: Entry) -> Self {
        let wire = format!("event: {}\ndata: {}\n\n", entry.name, entry.data);
        Self {
            id: 0,
            wire: Bytes::from(wire),
            entry,
        }
    }

    /// As it goes to readers who want default `message` events.
    pub fn unnamed(&self) -> Bytes {
        match self.id {
            0 => Bytes::from(format!("data: {}\n\n", self.entry.data)),
            id => Bytes::from(format!("id: {id}\ndata: {}\n\n", self.entry.data)),
        }
    }
}

/// The key of an event's row.
pub(super) fn key(id: u64) -> String {
    format!("{id:020}")
}

/// The event of a row.
pub(super) fn parse(row: &Row) -> Option<Event> {
    let entry = serde_json::from_slice(&row.value).ok()?;
    Some(Event::new(row.key.parse().ok()?, entry))
}

/// The live part of a feed that somebody reads: the newest events, and a bell.
pub(super) struct Feed {
    ring: Mutex<Ring>,
    bell: watch::Sender<u64>,
    passing: broadcast::Sender<Arc<Event>>,
    /// Every event with a higher number was live once.
    floor: u64,
    /// The highest number that any reader was given.
    pub shown: AtomicU64,
}

#[derive(Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    /// The highest number that fell out.
    lost: u64,
}

impl Feed {
    /// Shown up to a number; every event from after `floor` on will be pushed.
    pub fn new(shown: u64, floor: u64) -> Self {
        Self {
            floor,
            ring: Mutex::default(),
            bell: watch::Sender::new(0),
            passing: broadcast::Sender::new(PASSING),
            shown: AtomicU64::new(shown),
        }
    }

    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    pub fn by_passers(&self) -> broadcast::Receiver<Arc<Event>> {
        self.passing.subscribe()
    }

    /// Shows whoever reads just now something that is not stored.
    pub fn pass(&self, event: Event) {
        // Nobody reads: nobody misses it.
        let _ = self.passing.send(Arc::new(event));
    }

    /// Shows a stored event. One that was shown before is not shown again.
    pub fn push(&self, event: &Arc<Event>) {
        let mut ring = lock(&self.ring);
        if ring.events.back().is_some_and(|last| last.id >= event.id) || event.id <= ring.lost {
            return;
        }
        ring.events.push_back(event.clone());
        if ring.events.len() > RING
            && let Some(lost) = ring.events.pop_front()
        {
            ring.lost = lost.id;
        }
        drop(ring);
        self.bell.send_replace(event.id);
    }

    /// Whether whatever comes after `cursor` is live, or will be.
    pub fn covers(&self, cursor: u64) -> bool {
        cursor >= self.floor && cursor >= self.lost()
    }

    /// Whether the event of this number is the last one; `None` where only the store knows.
    pub fn is_last(&self, id: u64) -> Option<bool> {
        let ring = lock(&self.ring);
        if id <= self.floor || id <= ring.lost {
            return None;
        }
        let found = ring.events.binary_search_by_key(&id, |event| event.id);
        let event = found.ok().and_then(|at| ring.events.get(at));
        Some(event.is_some_and(|event| event.entry.last))
    }

    /// The live events after `cursor`; `None` where some of them are here no more.
    pub fn after(&self, cursor: u64) -> Option<VecDeque<Arc<Event>>> {
        let ring = lock(&self.ring);
        if cursor < ring.lost {
            return None;
        }
        let newer = ring.events.iter().rev().take_while(|e| e.id > cursor);
        let mut newer: VecDeque<_> = newer.cloned().collect();
        newer.make_contiguous().reverse();
        Some(newer)
    }

    /// The highest number that is live no more.
    pub fn lost(&self) -> u64 {
        lock(&self.ring).lost
    }

    pub fn note_shown(&self, id: u64) {
        self.shown.fetch_max(id, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u64) -> Arc<Event> {
        Arc::new(Event::new(id, Entry::new("chatapi.chat", &id.into())))
    }

    fn ids(found: Option<VecDeque<Arc<Event>>>) -> Option<Vec<u64>> {
        found.map(|events| events.iter().map(|event| event.id).collect())
    }

    #[test]
    fn a_feed_shows_each_event_once_and_in_order() {
        let feed = Feed::new(0, 0);
        for id in [3, 5, 5, 4, 9] {
            feed.push(&event(id));
        }
        assert_eq!(ids(feed.after(0)), Some(vec![3, 5, 9]));
        assert_eq!(ids(feed.after(5)), Some(vec![9]));
        assert_eq!(ids(feed.after(9)), Some(vec![]));
    }

    #[test]
    fn what_was_there_before_is_asked_of_the_store() {
        let feed = Feed::new(0, 5);
        assert!(!feed.covers(4) && feed.covers(5));
        let end = Entry::new("chatapi.session", &8.into()).last();
        feed.push(&event(7));
        feed.push(&Arc::new(Event::new(8, end)));
        let known: Vec<_> = [5, 6, 7, 8].map(|id| feed.is_last(id)).into();
        assert_eq!(known, [None, Some(false), Some(false), Some(true)]);
        for id in 9..=RING as u64 + 9 {
            feed.push(&event(id));
        }
        assert!(!feed.covers(7) && feed.covers(9));
        assert_eq!(feed.is_last(8), None);
    }

    #[test]
    fn who_is_too_far_behind_is_told_so() {
        let feed = Feed::new(0, 0);
        for id in 1..=RING as u64 + 10 {
            feed.push(&event(id));
        }
        assert_eq!(ids(feed.after(9)), None);
        assert_eq!(ids(feed.after(10)).map(|ids| ids.len()), Some(RING));
    }
}
