//! The memory: rows that are committed all or none, and read back after a restart.

mod embedded;
mod moving;
mod place;
mod redis;
mod table;

pub use embedded::Embedded;
pub use moving::{MoveError, Progress, move_all};
pub use place::{Host, Place, RedisPlace, Servers, Tls};
pub use table::Table;

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::future::{BoxFuture, FutureExt, pending};

use crate::ids::Timestamp;

/// One row to write; an existing row of the same table, group and key is replaced.
#[derive(Clone, PartialEq, Eq)]
pub struct Put {
    /// The table.
    pub table: Table,
    /// Rows of one group are read and expired together.
    pub group: String,
    /// Unique within table and group; rows are read in the byte order of their keys.
    pub key: String,
    /// The content (JSON).
    pub value: Vec<u8>,
    /// From this moment on the row is not read any more, and some time later it is deleted.
    pub expires: Option<Timestamp>,
}

// What people say does not reach a log by way of `{:?}`.
impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put")
            .field("table", &self.table)
            .field("group", &self.group)
            .field("key", &self.key)
            .field("bytes", &self.value.len())
            .field("expires", &self.expires)
            .finish()
    }
}

/// One row as it was read.
pub type Row = Put;

/// One change of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Write a row.
    Put(Put),
    /// Write a row, unless there is an unexpired one of the same table, group and key: that one
    /// keeps its content and its expiry.
    Add(Put),
    /// Delete a row; no error where there is none.
    Delete {
        /// The table.
        table: Table,
        /// The row's group.
        group: String,
        /// The row's key.
        key: String,
    },
    /// Give every row of a group this expiry; what has expired already stays so.
    ExpireGroup {
        /// The table.
        table: Table,
        /// The group.
        group: String,
        /// From when on the rows are gone.
        at: Timestamp,
    },
}

impl Change {
    /// The table that it changes.
    pub fn table(&self) -> Table {
        match self {
            Self::Put(row) | Self::Add(row) => row.table,
            Self::Delete { table, .. } | Self::ExpireGroup { table, .. } => *table,
        }
    }
}

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or written just now; the same call may succeed later.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
    /// What is stored was written by a newer version of Warmline.
    #[error("the store has schema version {found}, this program knows {known}")]
    TooNew {
        /// The version found in the store.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// What is stored was written by an older version of Warmline, and this way of opening it does
    /// not bring it up to date.
    #[error("the store has schema version {found}, not {known}: start the program once")]
    TooOld {
        /// The version found in the store.
        found: i64,
        /// The version that is needed.
        known: i64,
    },
    /// Another process runs on this store.
    #[error("another process runs on the store in {0}")]
    InUse(String),
    /// Another process has taken the store over from this one, which must stop.
    #[error("another process has taken the store over; this one must stop")]
    TakenOver,
    /// The store has come back without anything in it. Nothing is written into it before it has
    /// its data back, or the program is started anew.
    #[error(
        "the store has come back EMPTY: what was accepted is not there; bring its data back, or \
         start the program anew to go on without"
    )]
    Emptied,
    /// The store has come back with the data of another one.
    #[error("the store has come back with the data of ANOTHER store; bring its own back")]
    Replaced,
    /// The store has come back as it was some commits ago; what is read from now on is that.
    #[error("the store has come back OLDER: its last {lost} commits are lost")]
    Older {
        /// How many commits, each of one caller, are not there any more.
        lost: u64,
    },
    /// A move of all rows into this store was begun and not finished.
    #[error("a move into this store is not finished: run `warmline store migrate` again")]
    HalfMoved,
    /// A store that was opened beside its process takes only changes of [`Table::Order`].
    #[error("beside the running process only orders may be written")]
    OrdersOnly,
    /// The `store.url` cannot be used.
    #[error("store.url: {0}")]
    BadUrl(String),
}

/// Where a reading of a whole table has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// A place from which can be read on at any later time, if nothing was written meanwhile.
    pub place: String,
    /// How far it is beyond that place, which counts only while the store is open.
    pub beyond: String,
}

/// Some rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The rows, in any order; a row may come twice.
    pub rows: Vec<Row>,
    /// Where to go on; nothing at the end.
    pub next: Option<Cursor>,
}

/// The time by this machine's clock, by which rows expire.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::default().plus(since.unwrap_or_default())
}

/// A durable store. All methods may be called from any task, at the same time.
pub trait Store: Send + Sync + 'static {
    /// Applies all changes in order, or none. When this returns `Ok` they survive the loss of the
    /// process and, as far as the store is set up for it, of power. After an error nothing is known:
    /// commit nothing until that works, and read again before going on. The order of the calls is
    /// the order of the commits, and a call counts even if nobody awaits it. A commit of no changes
    /// writes something unseen: it asks whether the store can be written now.
    fn commit(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// All unexpired rows of a table, ordered by group and key.
    fn load(&self, table: Table) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// The unexpired rows of one group, ordered by key.
    fn group(&self, table: Table, group: &str) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// The unexpired rows of one group whose keys come after `key`, ordered by key; the first `most`
    /// of them. In [`Table::Event`] and [`Table::Said`] nothing else is read.
    fn after<'a>(
        &'a self,
        group: (Table, &'a str),
        key: &'a str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>>;

    /// The unexpired rows of one group whose keys come before `key`, or all where there is none, the
    /// last one first; the last `most` of them. In [`Table::Event`] and [`Table::Said`] nothing else
    /// is read.
    fn before<'a>(
        &'a self,
        group: (Table, &'a str),
        key: Option<&'a str>,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>>;

    /// One unexpired row.
    fn get(
        &self,
        table: Table,
        group: &str,
        key: &str,
    ) -> BoxFuture<'_, Result<Option<Row>, StoreError>>;

    /// Some unexpired rows of a table, from the beginning or from where an earlier page ended;
    /// about a thousand, or some groups. If nothing is written between one page and the next, every
    /// row comes at least once.
    fn page(&self, table: Table, from: Option<Cursor>) -> BoxFuture<'_, Result<Page, StoreError>>;

    /// How many rows a table has that will not have expired at that moment.
    fn count(&self, table: Table, at: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Ends when this process may not use the store any more, and tells why.
    fn lost(&self) -> BoxFuture<'_, StoreError> {
        pending().boxed()
    }
}

/// For what a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To run the program on it.
    Run,
    /// To look at it beside the running process, or after it.
    Look,
    /// To move its rows elsewhere: it must exist, and no process may run.
    MoveFrom,
    /// To move rows into it: no process may run.
    MoveTo,
}

/// Opens a store as its one running process; makes it where it is missing.
pub async fn open(place: &Place) -> Result<Arc<dyn Store>, StoreError> {
    let store = open_for(place, Purpose::Run).await?;
    moving::begin_to_run(store.as_ref()).await?;
    Ok(store)
}

/// Opens a store beside its running process, or after it: to read, and to write rows of
/// [`Table::Order`]. It must exist.
pub async fn peek(place: &Place) -> Result<Arc<dyn Store>, StoreError> {
    open_for(place, Purpose::Look).await
}

async fn open_for(place: &Place, purpose: Purpose) -> Result<Arc<dyn Store>, StoreError> {
    match place {
        Place::Embedded(dir) => {
            let dir = dir.clone();
            let opening = move || match purpose {
                Purpose::Look => Embedded::peek(&dir),
                Purpose::MoveFrom => Embedded::open_existing(&dir),
                Purpose::Run | Purpose::MoveTo => Embedded::open(&dir),
            };
            let opened = tokio::task::spawn_blocking(opening).await;
            let gone = |_| StoreError::Unavailable("opening it failed".into());
            Ok(Arc::new(opened.map_err(gone)??))
        }
        Place::Redis(place) => Ok(Arc::new(redis::Redis::open(place, purpose).await?)),
    }
}
