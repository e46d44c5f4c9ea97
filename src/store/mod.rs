//! The memory: rows that are committed all or none, and read back after a restart.

mod embedded;

pub use embedded::Embedded;

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
    /// What is remembered of an agent: group empty, key the bare JID.
    Agent,
    /// What a channel was told by its peer (a callback address): group empty, key the channel's id.
    Channel,
    /// Platform message ids already taken: group the channel's id, key the platform's id.
    Seen,
    /// Deliveries that are owed: group the conversation's id, key the delivery's id.
    Delivery,
    /// Deliveries that were given up, kept for an operator: same keys as `Delivery`.
    DeadLetter,
    /// An operator's orders to the running process: group empty, key ordered by time.
    Order,
}

/// One row to write; an existing row of the same table, group and key is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// One row as it was read.
pub type Row = Put;

/// One change of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Write a row.
    Put(Put),
    /// Delete a row; no error where there is none.
    Delete {
        /// The table.
        table: Table,
        /// The row's group.
        group: String,
        /// The row's key.
        key: String,
    },
    /// Give every present row of a group this expiry.
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
    /// The `store.url` cannot be used.
    #[error("store.url: {0}")]
    BadUrl(String),
}

/// A durable store. All methods may be called from any task, at the same time.
pub trait Store: Send + Sync + 'static {
    /// Applies all changes in order, or none. When this returns `Ok` they survive the loss of the
    /// process and of power. After an error nothing is known: read again before going on.
    fn commit(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// All unexpired rows of a table, ordered by group and key.
    fn load(&self, table: Table) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// The unexpired rows of one group, ordered by key.
    fn group(&self, table: Table, group: &str) -> BoxFuture<'_, Result<Vec<Row>, StoreError>>;

    /// One unexpired row.
    fn get(
        &self,
        table: Table,
        group: &str,
        key: &str,
    ) -> BoxFuture<'_, Result<Option<Row>, StoreError>>;
}
