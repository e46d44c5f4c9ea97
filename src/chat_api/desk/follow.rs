//! What happens to sessions: their events, who watches them, their idle end.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;

use crate::chat_api::log::{Beside, Entry, FeedName};
use crate::chat_api::wire::{RoomUrl, events};
use crate::users::{EndReason, Reached, Told, UserEvent};

use super::{Desk, Inner, Live, lock};

/// Events that are stored in one go.
const TOGETHER: usize = 64;

impl Desk {
    /// Somebody watches a user's events, until what is returned is dropped.
    pub fn watch(&self, bare: &str) -> Watch {
        *lock(&self.0.book)
            .watching
            .entry(bare.to_owned())
            .or_default() += 1;
        Watch {
            desk: self.clone(),
            user: bare.to_owned(),
        }
    }

    fn idle_ones(&self) -> Vec<Arc<Live>> {
        let book = lock(&self.0.book);
        let all = book.by_user.values();
        all.filter(|live| !book.watching.contains_key(&live.user))
            .filter(|live| live.idle() >= self.0.idle)
            .cloned()
            .collect()
    }
}

/// Somebody who watches a user's events.
pub struct Watch {
    desk: Desk,
    user: String,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut book = lock(&self.desk.0.book);
        if let Some(count) = book.watching.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                book.watching.remove(&self.user);
            }
        }
        // Being watched is a use.
        if let Some(live) = book.by_user.get(&self.user) {
            live.touch();
        }
    }
}

/// Stores a session's events until it ends.
pub(super) async fn follow(desk: Desk, live: Arc<Live>, told: BoxStream<'static, Told>) {
    let feed = FeedName::user(&live.user);
    let mut told = told.ready_chunks(TOGETHER);
    while let Some(some) = told.next().await {
        let me = live.session.jid();
        let mut fresh = Fresh::default();
        for told in some {
            fresh.take(told, &me, &desk.0.rooms);
        }
        desk.0.log.note(&feed, fresh.entries, fresh.beside).await;
        for entry in fresh.passing {
            desk.0.log.pass(&feed, entry);
        }
        // A program that stops comes back: then its users' streams go on.
        if let Some(why) = fresh.end.filter(|why| *why != EndReason::Stopping)
            && let Some(keys) = desk.forget(&live)
        {
            let goodbye = events::logged_off(events::ended(why));
            desk.leave((&live, keys), goodbye).await;
        }
    }
}

/// What a session was told, sorted.
#[derive(Default)]
struct Fresh {
    entries: Vec<Entry>,
    /// What is done to rows elsewhere when the entries are stored.
    beside: Beside,
    /// What is of no use later.
    passing: Vec<Entry>,
    end: Option<EndReason>,
}

impl Fresh {
    fn take(&mut self, told: Told, me: &str, rooms: &RoomUrl) {
        let passes = told.passes();
        for event in &told.events {
            let entries = events::entries(event, me, rooms);
            match event {
                UserEvent::Ended(why) => self.end = Some(*why),
                UserEvent::ChatState { .. } => self.passing.extend(entries),
                _ if passes => self.passing.extend(entries),
                _ => self.entries.extend(entries),
            }
        }
        self.beside.held.extend(told.held);
        if let Some(reached) = told.reached {
            // The last of one archive says it all.
            let other = |one: &Reached| one.archive != reached.archive;
            self.beside.reached.retain(other);
            self.beside.reached.push(reached);
        }
    }
}

/// Ends sessions that nobody uses.
pub(super) async fn sweep(desk: std::sync::Weak<Inner>) {
    const EVERY: Duration = Duration::from_secs(1);
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(desk) = desk.upgrade().map(Desk) else {
            return;
        };
        for live in desk.idle_ones() {
            desk.close(&live, "idle").await;
        }
    }
}
