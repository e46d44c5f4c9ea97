//! Which sessions were logged in with a one-time code.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::chat_api::failure::Failure;
use crate::chat_api::grants;
use crate::users::Kind;

use super::again::{KEPT, Kept};
use super::{Desk, Live, lock};

impl Live {
    /// Whether it was logged in with a one-time code.
    pub(super) fn has_shown_code(&self) -> bool {
        self.code.load(Ordering::Acquire)
    }
}

impl Desk {
    /// Whether a user, by bare address, has a session that was logged in with a one-time code, be it
    /// one of before a restart. To ask is no use of the session.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn has_shown_code(&self, bare: &str) -> Result<bool, Failure> {
        let known = || lock(&self.0.book).by_user.get(bare).cloned();
        if let Some(live) = known() {
            return Ok(live.has_shown_code());
        }
        // One that is being opened is waited for.
        let door = self.door(bare);
        let _first = door.lock().await;
        match known() {
            Some(live) => Ok(live.has_shown_code()),
            None => self.before_has_shown_code(bare).await,
        }
    }

    /// Notes that a session was logged in with a one-time code, also beyond a restart.
    ///
    /// # Errors
    /// The session is over, or the store does not answer.
    pub async fn note_code(&self, live: &Arc<Live>) -> Result<(), Failure> {
        if live.has_shown_code() {
            return Ok(());
        }
        let keys = self.keys_of(live);
        if live.session.kind() == Kind::Bridge {
            let kept = Kept::of((&live.user, true), live.session.as_ref());
            let rows = keys.iter();
            let rows = rows.map(|key| grants::put(("session", key), &kept, KEPT));
            self.0.store.commit(rows.collect()).await?;
        }
        live.code.store(true, Ordering::Release);
        if self.keys_of(live).is_empty() {
            // It ended meanwhile: what was stored just now must not bring it back.
            let rows = keys.iter().map(|key| grants::delete("session", key));
            self.0.store.commit(rows.collect()).await?;
            return Err(Failure::NoStream);
        }
        Ok(())
    }

    /// Digests of a session's stream ids, while it is open.
    fn keys_of(&self, live: &Arc<Live>) -> Vec<String> {
        let book = lock(&self.0.book);
        let all = book.by_stream.iter();
        let mine = all.filter(|(_, other)| Arc::ptr_eq(other, live));
        mine.map(|(key, _)| key.clone()).collect()
    }
}
