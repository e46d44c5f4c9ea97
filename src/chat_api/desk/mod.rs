//! The sessions that users have: one a user, found by stream id or by user, ended when idle.

mod again;
mod code;
mod follow;
mod opening;

pub use follow::Watch;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::sync::OnceCell;
use tracing::warn;

use crate::store::Store;
use crate::telemetry::metrics as figures;
use crate::users::{Login, Opened, Session, Sessions};

use super::failure::Failure;
use super::gate::{User, local};
use super::grants::{self, Grants, digest};
use super::log::{Beside, Entry, EventLog, FeedName};
use super::wire::RoomUrl;
use super::wire::events;
use again::{Before, KEPT, Kept};
use follow::{follow, sweep};
use opening::{begin_to_work, login_of};

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
    /// Whether it was logged in with a one-time code.
    code: AtomicBool,
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

/// A session that is made known.
struct Entering {
    bare: String,
    /// Digest of the stream id.
    key: String,
    stream: Option<String>,
    /// Whether it was logged in with a one-time code.
    code: bool,
}

#[derive(Default)]
struct Book {
    by_stream: HashMap<String, Arc<Live>>,
    by_user: HashMap<String, Arc<Live>>,
    /// Streams of events that are open, by user.
    watching: HashMap<String, usize>,
}

struct Inner {
    sessions: Arc<dyn Sessions>,
    store: Arc<dyn Store>,
    grants: Grants,
    log: EventLog,
    rooms: RoomUrl,
    idle: Duration,
    book: Mutex<Book>,
    /// One login a user at a time.
    doors: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Sessions that were open when the program started, by user.
    before: OnceCell<Mutex<HashMap<String, Before>>>,
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
            grants: Grants::new(parts.store.clone()),
            store: parts.store,
            log: parts.log,
            rooms: parts.rooms,
            idle: parts.idle,
            book: Mutex::default(),
            doors: Mutex::default(),
            before: OnceCell::new(),
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

    /// The session of a stream id that opens the user's events without other credentials.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn by_token(&self, stream: &str) -> Result<Option<Arc<Live>>, Failure> {
        let Some(live) = self.by_stream(stream) else {
            return Ok(None);
        };
        let opens = self.opens(&live.user, &digest(stream)).await?;
        Ok(opens.then_some(live))
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
        self.open((bare, false), login).await
    }

    /// The session of a user whose password was right, opened where there is none; of who needs
    /// one-time codes only one that was logged in with one.
    ///
    /// # Errors
    /// There is none, and none can be opened.
    pub async fn of(&self, user: &User) -> Result<Arc<Live>, Failure> {
        let login = login_of(user);
        self.open((user.bare.clone(), user.needs_code), login).await
    }

    /// The session of a user who has shown all that is needed, opened where there is none.
    ///
    /// # Errors
    /// There is none, and none can be opened.
    pub async fn open_for(&self, user: &User) -> Result<Arc<Live>, Failure> {
        self.open((user.bare.clone(), false), login_of(user)).await
    }

    /// Makes a session known.
    async fn enter(&self, entering: Entering, opened: Opened) -> Arc<Live> {
        let Entering {
            bare,
            key,
            stream,
            code,
        } = entering;
        let live = Arc::new(Live {
            user: bare.clone(),
            session: opened.session,
            key: key.clone(),
            stream: Mutex::new(stream),
            touched: Mutex::new(Instant::now()),
            code: AtomicBool::new(code),
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
        live
    }

    /// The stream id of a session. A session that was taken up again after a restart gets another
    /// one beside its old one, which nobody but its holder knows.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stream_of(&self, live: &Arc<Live>) -> Result<String, Failure> {
        let known = lock(&live.stream).clone();
        if let Some(stream) = known
            && self.opens(&live.user, &digest(&stream)).await?
        {
            return Ok(stream);
        }
        let stream = mint();
        let key = digest(&stream);
        let kept = Kept::of((&live.user, live.has_shown_code()), live.session.as_ref());
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

    /// Ends whatever a user has, by bare address: the session, also one of before a restart that is
    /// not taken up yet, and streams of events without one.
    ///
    /// # Errors
    /// The store does not answer; what is left is ended by the same call again.
    pub async fn end(&self, bare: &str, why: &'static str) -> Result<(), Failure> {
        let door = self.door(bare);
        let _first = door.lock().await;
        self.forget_before(bare).await?;
        match self.by_user(bare) {
            Some(live) => self.close(&live, why).await,
            None => {
                let goodbye = events::logged_off(why);
                self.stored(&FeedName::user(bare), goodbye).await;
            }
        }
        Ok(())
    }

    /// Waits until an event is stored; where the store does not answer it is left to the log.
    async fn stored(&self, feed: &FeedName, entry: Entry) {
        let stored = self.0.log.append(feed, None, vec![entry.clone()]).await;
        if stored.is_err() {
            self.0.log.note(feed, vec![entry], Beside::default()).await;
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
}

/// A new stream id: `ofchat-` and 128 random bits.
fn mint() -> String {
    let bits: u128 = rand::random();
    format!("ofchat-{bits:032x}")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
