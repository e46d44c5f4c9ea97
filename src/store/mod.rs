//! The memory: rows that are committed all or none, and read back after a restart.

mod embedded;

pub use embedded::Embedded;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::ids::Timestamp;

/// What kind of row it is. Each table is a room of its own: no two tables share keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Conversations that are not over: group empty, key the conversation's id.
    Conversation,
    /// Conversations that are over, kept for the history: group empty, key the id.
    Past,
    /// What was said: group the conversation's id, key the sequence number in twelve digits.
    Line,
    /// What was said before a conversation: group the conversation's id, key empty.
    Before,
    /// What is remembered of an agent: group empty, key the bare JID.
    Agent,
    /// What a channel was told by its peer (a callback address): group empty, key the channel's id.
    Channel,
    /// Platform message ids already taken: group the channel's id, key the platform's id.
    Seen,
    /// Deliveries that are owed: group the conversation's id, key the delivery's number in twelve
    /// digits.
    Delivery,
    /// Deliveries that were given up, kept for an operator: same keys as `Delivery`.
    DeadLetter,
    /// An operator's orders to the running process: group empty, key ordered by time.
    Order,
    /// What was said outside of a conversation: group a channel's id and the visitor's token there
    /// in one text, key the platform's message id. Every row has an expiry.
    Context,
    /// What browsers are shown: group a user's or a visitor's log, key the event's number in twenty
    /// digits. Every row has an expiry.
    Event,
    /// What the chat API gave out: visitors' requests with group `ask` and the digest of their token
    /// as key, sessions of bridge users with group `session` and the digest of their stream id.
    Grant,
    /// Users of our own domain: group empty, key the user name.
    User,
    /// A user's contacts: group the user name, key the contact's bare JID.
    Contact,
    /// Messages that wait for a user: group the user name, key ordered by time.
    Waiting,
    /// What was said to and by a user: group the user name, key ordered by time. Every row has an
    /// expiry.
    Said,
    /// What an open session of a user would need after a restart: group the user name, key the
    /// session's resource.
    UserSession,
    /// A user's properties: group the bare JID, key the property's name.
    Property,
}

impl Table {
    /// The name under which a store keeps the table. It never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Past => "past",
            Self::Line => "line",
            Self::Before => "before",
            Self::Agent => "agent",
            Self::Channel => "channel",
            Self::Seen => "seen",
            Self::Delivery => "delivery",
            Self::DeadLetter => "dead_letter",
            Self::Order => "order",
            Self::Context => "context",
            Self::Event => "event",
            Self::Grant => "grant",
            Self::User => "user",
            Self::Contact => "contact",
            Self::Waiting => "waiting",
            Self::Said => "said",
            Self::UserSession => "user_session",
            Self::Property => "property",
        }
    }
}

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

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
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
    #[error("another process runs on the store in {}", .0.display())]
    InUse(PathBuf),
    /// A store that was opened beside its process takes only changes of [`Table::Order`].
    #[error("beside the running process only orders may be written")]
    OrdersOnly,
    /// The `store.url` cannot be used.
    #[error("store.url: {0}")]
    BadUrl(String),
}

/// A durable store. All methods may be called from any task, at the same time.
pub trait Store: Send + Sync + 'static {
    /// Applies all changes in order, or none. When this returns `Ok` they survive the loss of the
    /// process and of power. After an error nothing is known: read again before going on. The order
    /// of the calls is the order of the commits, and a call counts even if nobody awaits it. A
    /// commit of no changes writes something unseen: it asks whether the store can be written now.
    fn commit(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// All unexpired rows of a table, ordered by group and key.
    fn load(&self, table: Table) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// The unexpired rows of one group, ordered by key.
    fn group(&self, table: Table, group: &str) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// The unexpired rows of one group whose keys come after `key`, ordered by key; the first `most`
    /// of them.
    fn after<'a>(
        &'a self,
        (table, group): (Table, &'a str),
        key: &'a str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            let mut rows = self.group(table, group).await?;
            rows.retain(|row| row.key.as_str() > key);
            rows.truncate(most);
            Ok(rows)
        })
    }

    /// One unexpired row.
    fn get(
        &self,
        table: Table,
        group: &str,
        key: &str,
    ) -> BoxFuture<'_, Result<Option<Row>, StoreError>>;
}

/// Opens the store that `store.url` names, as its one running process. `embedded:DIR` is a file in
/// that directory, which is made where it is missing.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    let dir = embedded_dir(url)?;
    blocking(move || Embedded::open(&dir)).await
}

/// Opens the store that `store.url` names beside its running process, or after it: to read, and to
/// write rows of [`Table::Order`]. It must exist.
pub async fn peek(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    let dir = embedded_dir(url)?;
    blocking(move || Embedded::peek(&dir)).await
}

async fn blocking(
    opening: impl FnOnce() -> Result<Embedded, StoreError> + Send + 'static,
) -> Result<Arc<dyn Store>, StoreError> {
    let opened = tokio::task::spawn_blocking(opening).await;
    let store = opened.map_err(|_| StoreError::Unavailable("opening it failed".into()))??;
    Ok(Arc::new(store))
}

// The address is not repeated in the errors: a Redis one may hold a password.
fn embedded_dir(url: &str) -> Result<PathBuf, StoreError> {
    let bad = |why: &str| Err(StoreError::BadUrl(why.into()));
    match url.split_once(':') {
        Some(("embedded", "")) => bad("embedded: wants a directory, as in embedded:data"),
        Some(("embedded", dir)) => Ok(Path::new(dir).to_owned()),
        Some((scheme, _)) if scheme.starts_with("redis") => {
            bad("redis is not available in this version; use embedded:DIR")
        }
        _ => bad("begins with no known scheme; use embedded:DIR"),
    }
}
