//! Sessions of users of our own domain go on after a restart, as they were.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::chat_api::failure::Failure;
use crate::chat_api::gate::local;
use crate::chat_api::grants;
use crate::engine::now;
use crate::ids::Timestamp;
use crate::store::{Row, StoreError, Table};
use crate::users::{Login, Session};

use super::{Desk, Entering, begin_to_work, lock};

/// How long the session of a user of our own domain is known beyond a restart.
pub(super) const KEPT: Duration = grants::STREAM;

/// The group of the rows.
const SESSION: &str = "session";

/// What is stored of a session that needs no password.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    user: String,
    /// The session's resource, by which its rooms and presence are found again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// When the stream id was given.
    #[serde(default)]
    pub(super) at: Timestamp,
    /// Whether it was logged in with a one-time code.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    code: bool,
}

/// A session that was open before a restart.
#[derive(Clone, Default)]
pub(super) struct Before {
    /// Its resource.
    pub resource: Option<String>,
    /// Whether it was logged in with a one-time code.
    pub code: bool,
}

impl Kept {
    /// `code` tells whether it was logged in with a one-time code.
    pub fn of((user, code): (&str, bool), session: &dyn Session) -> Self {
        let jid = session.jid();
        let resource = jid.split_once('/').map(|(_, resource)| resource.to_owned());
        Self {
            user: user.to_owned(),
            resource,
            at: now(),
            code,
        }
    }
}

impl Desk {
    /// Takes up the sessions of users of our own domain that were open before a restart.
    pub async fn restore(&self) {
        let rows = match self.0.store.group(Table::Grant, SESSION).await {
            Ok(rows) => rows,
            Err(problem) => {
                warn!(%problem, "sessions of before cannot be read");
                return;
            }
        };
        let mut restored = 0_usize;
        for row in rows {
            restored += usize::from(self.take_up(&row).await);
        }
        if restored > 0 {
            info!(sessions = restored, "sessions of before are taken up again");
        }
    }

    async fn take_up(&self, row: &Row) -> bool {
        let Ok(kept) = serde_json::from_slice::<Kept>(&row.value) else {
            return false;
        };
        let door = self.door(&kept.user);
        let _first = door.lock().await;
        let there = self.0.store.get(Table::Grant, SESSION, &row.key).await;
        if matches!(there, Ok(None)) {
            // The user was deleted since the rows were read.
            return false;
        }
        // From here on it is no session of before.
        let _known = self.before(&kept.user).await;
        if let Some(live) = self.by_user(&kept.user) {
            let now = Kept::of((&live.user, true), live.session.as_ref());
            if kept.code && now.resource == kept.resource {
                live.code.store(true, Ordering::Release);
            }
            lock(&self.0.book).by_stream.insert(row.key.clone(), live);
            return true;
        }
        let login = Login::Bridge {
            name: local(&kept.user).to_owned(),
            resource: kept.resource,
        };
        let as_it_was = goes_on(&login);
        match self.0.sessions.open(login).await {
            Ok(opened) => {
                let entering = Entering {
                    bare: kept.user,
                    key: row.key.clone(),
                    stream: None,
                    code: kept.code,
                };
                let live = self.enter(entering, opened).await;
                if !as_it_was {
                    begin_to_work(&live).await;
                }
                true
            }
            Err(problem) => {
                warn!(%problem, "a session of before is not taken up again");
                false
            }
        }
    }

    /// Whether a stream id, by its digest, opens a user's events by itself: not if the user's password was
    /// changed since it was given.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn opens(&self, user: &str, key: &str) -> Result<bool, StoreError> {
        let row = self.0.store.get(Table::Grant, SESSION, key).await?;
        let kept = row.and_then(|row| serde_json::from_slice::<Kept>(&row.value).ok());
        // Of users of the XMPP server nothing is kept, and their passwords are changed there.
        let at = kept.map_or(Timestamp::default(), |kept| kept.at);
        self.0.grants.stands(user, at).await
    }

    /// A session that was open before a restart and is not taken up yet.
    pub(super) async fn before(&self, bare: &str) -> Result<Option<Before>, Failure> {
        let before = self.all_before().await?;
        Ok(lock(before).remove(bare))
    }

    /// Whether such a session was logged in with a one-time code.
    pub(super) async fn before_has_shown_code(&self, bare: &str) -> Result<bool, Failure> {
        let before = self.all_before().await?;
        Ok(lock(before).get(bare).is_some_and(|before| before.code))
    }

    async fn all_before(&self) -> Result<&Mutex<HashMap<String, Before>>, Failure> {
        let reading = async {
            let rows = self.0.store.group(Table::Grant, SESSION).await?;
            let mut all: HashMap<String, Before> = HashMap::new();
            for row in rows {
                let kept = serde_json::from_slice::<Kept>(&row.value);
                let Some(kept) = kept.ok().filter(|kept| kept.resource.is_some()) else {
                    continue;
                };
                let one = all.entry(kept.user).or_default();
                // Several stream ids of one session.
                one.code = kept.code || (one.code && one.resource == kept.resource);
                one.resource = kept.resource;
            }
            Ok::<_, StoreError>(Mutex::new(all))
        };
        Ok(self.0.before.get_or_try_init(|| reading).await?)
    }

    /// Forgets all sessions of a user that are stored; the caller holds the user's door.
    pub(super) async fn forget_before(&self, bare: &str) -> Result<(), Failure> {
        let _known = self.before(bare).await?;
        let rows = self.0.store.group(Table::Grant, SESSION).await?;
        let theirs = rows.iter().filter(|row| {
            let kept = serde_json::from_slice::<Kept>(&row.value);
            kept.is_ok_and(|kept| kept.user == bare)
        });
        let gone = theirs.map(|row| grants::delete(SESSION, &row.key));
        self.0.store.commit(gone.collect()).await?;
        Ok(())
    }
}

/// Whether a session of before goes on: it is as present as it was, in its rooms, and serves its
/// workgroups.
pub(super) fn goes_on(login: &Login) -> bool {
    matches!(
        login,
        Login::Bridge {
            resource: Some(_),
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::{BoxFuture, FutureExt, ready};

    use super::*;
    use crate::chat_api::desk::Parts;
    use crate::chat_api::log::EventLog;
    use crate::chat_api::wire::RoomUrl;
    use crate::store::{Embedded, Store};
    use crate::users::{LoginError, Opened, Password, Places, Profile, Sessions};

    const HER: &str = "dora@workgroup.acme.example";

    /// Counts who is let in, and lets nobody in.
    #[derive(Default)]
    struct Porter(AtomicUsize);

    impl Sessions for Arc<Porter> {
        fn open(&self, _: Login) -> BoxFuture<'_, Result<Opened, LoginError>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            ready(Err(LoginError::TooMany)).boxed()
        }

        fn check<'a>(
            &'a self,
            _: &'a str,
            _: &'a Password,
        ) -> BoxFuture<'a, Result<(), LoginError>> {
            ready(Err(LoginError::WrongPassword)).boxed()
        }

        fn remember(&self, _: Profile) -> BoxFuture<'_, Result<(), LoginError>> {
            ready(Ok(())).boxed()
        }

        fn forget<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), LoginError>> {
            ready(Ok(())).boxed()
        }

        fn places(&self) -> Places {
            Places {
                domain: "workgroup.acme.example".into(),
                server: "acme.example".into(),
                muc: "rooms.acme.example".into(),
                upload: Default::default(),
            }
        }
    }

    /// Takes sessions of before up, and does something while the taker waits at the user's door, all
    /// rows read; how many were let in.
    async fn let_in(meanwhile: Vec<crate::store::Change>) -> usize {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(Embedded::open(dir.path()).unwrap());
        let porter = Arc::new(Porter::default());
        let desk = Desk::new(Parts {
            sessions: Arc::new(porter.clone()),
            store: store.clone(),
            log: EventLog::start(store.clone(), KEPT),
            rooms: RoomUrl(String::new()),
            idle: KEPT,
        });
        let kept = Kept {
            user: HER.to_owned(),
            resource: Some("web".to_owned()),
            code: false,
            at: now(),
        };
        let row = grants::put((SESSION, "her stream"), &kept, KEPT);
        store.commit(vec![row]).await.unwrap();
        let door = desk.door(HER);
        let held = door.clone().lock_owned().await;
        let taker = desk.clone();
        let taking = tokio::spawn(async move { taker.restore().await });
        // The map's, this one's, the lock's, and that of whoever waits.
        let waits = async {
            while Arc::strong_count(&door) < 4 {
                tokio::task::yield_now().await;
            }
        };
        let waits = tokio::time::timeout(Duration::from_secs(20), waits).await;
        waits.expect("the taker comes to the door");
        store.commit(meanwhile).await.unwrap();
        drop(held);
        taking.await.unwrap();
        porter.0.load(Ordering::SeqCst)
    }

    /// The moment between reading rows and taking one up, held open: what deleting a user does to the
    /// rows then counts.
    #[tokio::test]
    async fn a_session_whose_row_goes_before_it_is_taken_up_is_not() {
        assert_eq!(let_in(Vec::new()).await, 1, "else it is");
        let deleted = vec![grants::delete(SESSION, "her stream")];
        assert_eq!(let_in(deleted).await, 0);
    }
}
