//! What happens to sessions: their events, who watches them, which rooms they are in, their idle end.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;

use crate::chat_api::log::FeedName;
use crate::chat_api::wire::events;
use crate::users::{EndReason, UserEvent};

use super::{Desk, Inner, Live, lock};

/// Events that are stored in one go.
const TOGETHER: usize = 64;

impl Desk {
    /// The users who are in a room, by bare address.
    pub fn inside(&self, room: &str) -> Vec<String> {
        let book = lock(&self.0.book);
        book.inside.get(room).cloned().unwrap_or_default()
    }

    /// Notes who enters and leaves rooms.
    fn note_rooms(&self, user: &str, event: &UserEvent) {
        match event {
            UserEvent::Joined { room, .. } => {
                let mut book = lock(&self.0.book);
                let inside = book.inside.entry(room.clone()).or_default();
                if !inside.iter().any(|other| other == user) {
                    inside.push(user.to_owned());
                }
            }
            UserEvent::Left { room, .. } => self.left(user, |name| name == room),
            UserEvent::Ended(_) => self.left(user, |_| true),
            _ => {}
        }
    }

    fn left(&self, user: &str, which: impl Fn(&str) -> bool) {
        let mut book = lock(&self.0.book);
        book.inside.retain(|room, inside| {
            inside.retain(|other| other != user || !which(room));
            !inside.is_empty()
        });
    }

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
pub(super) async fn follow(desk: Desk, live: Arc<Live>, events: BoxStream<'static, UserEvent>) {
    let feed = FeedName::user(&live.user);
    let mut events = events.ready_chunks(TOGETHER);
    while let Some(some) = events.next().await {
        let me = live.session.jid();
        let mut entries = Vec::with_capacity(some.len());
        let mut end = None;
        for event in some {
            desk.note_rooms(&live.user, &event);
            match event {
                UserEvent::Ended(why) => end = Some(why),
                event => entries.extend(events::entries(&event, &me, &desk.0.rooms)),
            }
        }
        desk.0.log.note(&feed, entries).await;
        // A program that stops comes back: then its users' streams go on.
        if let Some(why) = end.filter(|why| *why != EndReason::Stopping)
            && let Some(keys) = desk.forget(&live)
        {
            let goodbye = events::logged_off(events::ended(why));
            desk.leave((&live, keys), goodbye).await;
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
