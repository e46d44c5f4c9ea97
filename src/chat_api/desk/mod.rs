//! The sessions that users have: one a user, found by stream id or by user, ended when idle.

mod follow;

pub use follow::Watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::runtime;
use tracing::{info, warn};

use crate::store::{Row, Store, Table};
use crate::telemetry::metrics as figures;
use crate::users::{Done, Kind, Login, Opened, Order, Password, Session, Sessions, Show};

use super::failure::Failure;
use super::gate::{User, local};
use super::grants::{self, digest};
use super::log::{Entry, EventLog, FeedName};
use super::wire::RoomUrl;
use super::wire::events;
use follow::{follow, sweep};

/// How long the session of a user of our own domain is known beyond a restart.
const KEPT: Duration = Duration::from_hours(7 * 24);

/// One session.
pub struct Live {
    /// The user's bare address.
    pub user: String,
    /// The session itself.
    pub session: Arc<dyn Session>,
    /// Digest of the stream id.
    key: String,
    /// The stream id; not known after a restart until somebody shows it.
    stream: Mutex<Option<String>>,
    touched: Mutex<Instant>,
}

impl Live {
    /// Notes that somebody uses it.
    pub fn touch(&self) {
        *lock(&self.touched) = Instant::now();
    }

    fn idle(&self) -> Duration {
        lock(&self.touched).elapsed()
    }
}

/// What is stored of a session that needs no password.
#[derive(Serialize, Deserialize)]
struct Kept {
    user: String,
}

#[derive(Default)]
struct Book {
    by_stream: HashMap<String, Arc<Live>>,
    by_user: HashMap<String, Arc<Live>>,
    /// Who is in which room, by the room's address.
    inside: HashMap<String, Vec<String>>,
    /// Streams of events that are open, by user.
    watching: HashMap<String, usize>,
}

struct Inner {
    sessions: Arc<dyn Sessions>,
    store: Arc<dyn Store>,
    log: EventLog,
    rooms: RoomUrl,
    idle: Duration,
    book: Mutex<Book>,
    /// One login a user at a time.
    doors: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    runtime: runtime::Handle,
}

/// All sessions; cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

/// What a desk needs.
pub struct Parts {
    /// Where sessions come from.
    pub sessions: Arc<dyn Sessions>,
    /// Where those are kept that outlive a restart.
    pub store: Arc<dyn Store>,
    /// Where their events go.
    pub log: EventLog,
    /// How a room's page is found.
    pub rooms: RoomUrl,
    /// How long a session stays that nobody uses or watches.
    pub idle: Duration,
}

impl Desk {
    /// A desk without sessions. Needs a tokio runtime around it that outlives them.
    pub fn new(parts: Parts) -> Self {
        let desk = Self(Arc::new(Inner {
            sessions: parts.sessions,
            store: parts.store,
            log: parts.log,
            rooms: parts.rooms,
            idle: parts.idle,
            book: Mutex::default(),
            doors: Mutex::default(),
            runtime: runtime::Handle::current(),
        }));
        desk.0.runtime.spawn(sweep(Arc::downgrade(&desk.0)));
        desk
    }

    /// Where sessions come from.
    pub fn sessions(&self) -> &dyn Sessions {
        self.0.sessions.as_ref()
    }

    /// The session of a stream id.
    pub fn by_stream(&self, stream: &str) -> Option<Arc<Live>> {
        let live = lock(&self.0.book).by_stream.get(&digest(stream)).cloned()?;
        *lock(&live.stream) = Some(stream.to_owned());
        live.touch();
        Some(live)
    }

    /// The session of a user, by bare address.
    pub fn by_user(&self, bare: &str) -> Option<Arc<Live>> {
        let live = lock(&self.0.book).by_user.get(bare).cloned()?;
        live.touch();
        Some(live)
    }

    /// The session of a user of our own domain, opened where there is none.
    ///
    /// # Errors
    /// There is none, and none can be opened.
    pub async fn bridge(&self, name: &str) -> Result<Arc<Live>, Failure> {
        let places = self.0.sessions.places();
        let name = local(name).to_lowercase();
        let bare = format!("{name}@{}", places.domain);
        let login = Login::Bridge {
            name,
            resource: None,
        };
        self.open(bare, login).await
    }

    /// The session of a user whose password was right, opened where there is none.
    ///
    /// # Errors
    /// There is none, and none can be opened.
    pub async fn of(&self, user: &User) -> Result<Arc<Live>, Failure> {
        match user.kind {
            Kind::Bridge => self.bridge(user.name()).await,
            Kind::Account => self.account(&user.bare, user.password.clone()).await,
        }
    }

    async fn account(&self, bare: &str, password: Password) -> Result<Arc<Live>, Failure> {
        let login = Login::Account {
            jid: bare.to_owned(),
            password,
            resource: None,
        };
        self.open(bare.to_owned(), login).await
    }

    async fn open(&self, bare: String, login: Login) -> Result<Arc<Live>, Failure> {
        let door = {
            let mut doors = lock(&self.0.doors);
            if doors.len() == doors.capacity() {
                doors.retain(|_, door| Arc::strong_count(door) > 1);
            }
            doors.entry(bare.clone()).or_default().clone()
        };
        let _first = door.lock().await;
        if let Some(live) = self.by_user(&bare) {
            return Ok(live);
        }
        // On the runtime that outlives the request, which may be called off.
        let (desk, stream) = (self.clone(), mint());
        let opening = async move { desk.begin((bare, stream), login).await };
        let opened = self.0.runtime.spawn(opening).await;
        opened.map_err(|_| Failure::Fault)?
    }

    async fn begin(
        &self,
        (bare, stream): (String, String),
        login: Login,
    ) -> Result<Arc<Live>, Failure> {
        let opened = self.0.sessions.open(login).await?;
        let key = digest(&stream);
        if opened.session.kind() == Kind::Bridge {
            let kept = Kept { user: bare.clone() };
            let row = grants::put(("session", &key), &kept, KEPT);
            if let Err(problem) = self.0.store.commit(vec![row]).await {
                opened.session.close().await;
                return Err(problem.into());
            }
        }
        Ok(self.enter((bare, key, Some(stream)), opened).await)
    }

    /// Makes a session known, shows the user, and takes up the user's workgroups: experts join
    /// theirs by signing in (README).
    async fn enter(
        &self,
        (bare, key, stream): (String, String, Option<String>),
        opened: Opened,
    ) -> Arc<Live> {
        let live = Arc::new(Live {
            user: bare.clone(),
            session: opened.session,
            key: key.clone(),
            stream: Mutex::new(stream),
            touched: Mutex::new(Instant::now()),
        });
        let feed = FeedName::user(&bare);
        self.0.log.begin(&feed);
        // Stored before the login is answered: else a browser that comes at once would still find the
        // end of the last session, and stay away.
        self.stored(&feed, events::logged_in(local(&bare))).await;
        {
            let mut book = lock(&self.0.book);
            book.by_stream.insert(key, live.clone());
            if book.by_user.insert(bare, live.clone()).is_none() {
                figures::user_came(live.session.kind().word());
            }
        }
        let follow = follow(self.clone(), live.clone(), opened.events);
        self.0.runtime.spawn(follow);
        let shown = Order::Presence {
            show: Show::Available,
            status: None,
        };
        if let Err(problem) = live.session.carry_out(shown).await {
            warn!(%problem, "a session's presence was not sent");
        }
        serve_all(&live).await;
        live
    }

    /// The stream id of a session. A session that was taken up again after a restart gets another
    /// one beside its old one, which nobody but its holder knows.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stream_of(&self, live: &Arc<Live>) -> Result<String, Failure> {
        if let Some(stream) = lock(&live.stream).clone() {
            return Ok(stream);
        }
        let stream = mint();
        let key = digest(&stream);
        let kept = Kept {
            user: live.user.clone(),
        };
        let row = grants::put(("session", &key), &kept, KEPT);
        self.0.store.commit(vec![row]).await?;
        lock(&self.0.book).by_stream.insert(key, live.clone());
        *lock(&live.stream) = Some(stream.clone());
        Ok(stream)
    }

    /// Ends a session. The end of its events is stored when this returns.
    pub async fn close(&self, live: &Arc<Live>, why: &'static str) {
        if let Some(keys) = self.forget(live) {
            self.leave((live, keys), events::logged_off(why)).await;
            live.session.close().await;
        }
    }

    /// Ends whatever a user has, by bare address: the session, and streams of events without one.
    pub async fn end(&self, bare: &str, why: &'static str) {
        match self.by_user(bare) {
            Some(live) => self.close(&live, why).await,
            None => {
                let goodbye = events::logged_off(why);
                self.stored(&FeedName::user(bare), goodbye).await;
            }
        }
    }

    /// Waits until an event is stored; where the store does not answer it is left to the log.
    async fn stored(&self, feed: &FeedName, entry: Entry) {
        let stored = self.0.log.append(feed, None, vec![entry.clone()]).await;
        if stored.is_err() {
            self.0.log.note(feed, vec![entry]).await;
        }
    }

    /// Stores the end of a session; `keys` are digests of the stream ids that it had.
    async fn leave(&self, (live, keys): (&Live, Vec<String>), goodbye: Entry) {
        self.stored(&FeedName::user(&live.user), goodbye).await;
        let rows = keys.iter().map(|key| grants::delete("session", key));
        if let Err(problem) = self.0.store.commit(rows.collect()).await {
            warn!(%problem, "the end of a session was not stored");
        }
    }

    /// Takes a session out of the book; gives the digests of its stream ids if it was in it.
    fn forget(&self, live: &Arc<Live>) -> Option<Vec<String>> {
        let mut book = lock(&self.0.book);
        let mut keys = vec![live.key.clone()];
        book.by_stream.retain(|key, other| {
            let mine = Arc::ptr_eq(other, live);
            if mine && *key != live.key {
                keys.push(key.clone());
            }
            !mine
        });
        let known = book.by_user.get(&live.user);
        let mine = known.is_some_and(|other| Arc::ptr_eq(other, live));
        if mine {
            book.by_user.remove(&live.user);
            figures::user_left(live.session.kind().word());
        }
        mine.then_some(keys)
    }

    /// Takes up the sessions of users of our own domain that were open before a restart.
    pub async fn restore(&self) {
        let rows = match self.0.store.group(Table::Grant, "session").await {
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
        if let Some(live) = self.by_user(&kept.user) {
            lock(&self.0.book).by_stream.insert(row.key.clone(), live);
            return true;
        }
        let login = Login::Bridge {
            name: local(&kept.user).to_owned(),
            resource: None,
        };
        match self.0.sessions.open(login).await {
            Ok(opened) => {
                self.enter((kept.user, row.key.clone(), None), opened).await;
                true
            }
            Err(problem) => {
                warn!(%problem, "a session of before is not taken up again");
                false
            }
        }
    }
}

async fn serve_all(live: &Live) {
    let Ok(Done::Workgroups(all)) = live.session.carry_out(Order::Workgroups).await else {
        return;
    };
    for workgroup in all {
        if let Err(problem) = live.session.carry_out(Order::Serve(workgroup)).await {
            warn!(%problem, "a workgroup was not joined at login");
        }
    }
}

/// A new stream id: `ofchat-` and 128 random bits.
fn mint() -> String {
    let bits: u128 = rand::random();
    format!("ofchat-{bits:032x}")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
