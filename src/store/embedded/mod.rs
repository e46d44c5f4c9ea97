//! The store in a file of this machine: SQLite, one thread that writes, connections that read.

mod files;
mod rows;
mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use rusqlite::{Connection, OpenFlags};

use crate::ids::Timestamp;

use super::{Change, Cursor, Page, Row, Store, StoreError, Table, now};
use writer::Writer;

/// The store in `DIR/warmline.db`.
#[derive(Debug)]
pub struct Embedded {
    // Dropped in this order: the connection that closes last tidies the write-ahead log up, which
    // takes one that may write; and all are closed before another process may come.
    readers: Arc<Readers>,
    writer: Writer,
    lock: Option<files::Lock>,
}

impl Embedded {
    /// Opens the store as its one running process; makes or updates what is missing or old. A
    /// directory made here is closed to other users (0700), and so is the file (0600).
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        files::make_dir(dir)?;
        let lock = files::lock(dir)?;
        let file = files::make_file(dir)?;
        let mut conn = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        durable(&conn).map_err(|error| broken(&error))?;
        schema::update(&mut conn)?;
        files::sync(dir)?;
        Ok(Self {
            readers: Arc::new(Readers::new(file)),
            writer: Writer::start(conn, true)?,
            lock: Some(lock),
        })
    }

    /// As [`Embedded::open`], but where there is no store none is made.
    pub fn open_existing(dir: &Path) -> Result<Self, StoreError> {
        files::existing(dir)?;
        Self::open(dir)
    }

    /// Opens an existing store for a look from the command line, whether or not its process runs.
    /// Of changes it takes only those of [`Table::Order`].
    pub fn peek(dir: &Path) -> Result<Self, StoreError> {
        let file = files::existing(dir)?;
        let conn = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        durable(&conn).map_err(|error| broken(&error))?;
        schema::check(&conn)?;
        Ok(Self {
            readers: Arc::new(Readers::new(file)),
            writer: Writer::start(conn, false)?,
            lock: None,
        })
    }

    async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = self.readers.clone();
        let reading = tokio::task::spawn_blocking(move || readers.read(ask));
        reading
            .await
            .map_err(|_| StoreError::Unavailable("reading was cut short".into()))?
    }
}

impl Store for Embedded {
    fn commit(&self, changes: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>> {
        let orders_only = self.lock.is_none();
        if orders_only && changes.iter().any(|change| change.table() != Table::Order) {
            return async { Err(StoreError::OrdersOnly) }.boxed();
        }
        self.writer.commit(changes).boxed()
    }

    fn load(&self, table: Table) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        self.read(move |conn| rows::load(conn, table, now()))
            .boxed()
    }

    fn group(&self, table: Table, group: &str) -> BoxFuture<'_, Result<Vec<Row>, StoreError>> {
        let group = group.to_owned();
        self.read(move |conn| rows::group(conn, (table, &group), now()))
            .boxed()
    }

    fn after<'a>(
        &'a self,
        (table, group): (Table, &'a str),
        key: &'a str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        let (group, key) = (group.to_owned(), key.to_owned());
        self.read(move |conn| rows::after(conn, (table, &group, &key), (most, now())))
            .boxed()
    }

    fn before<'a>(
        &'a self,
        (table, group): (Table, &'a str),
        key: Option<&'a str>,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        let (group, key) = (group.to_owned(), key.map(str::to_owned));
        self.read(move |conn| {
            let key = key.as_deref();
            rows::before(conn, (table, &group, key), (most, now()))
        })
        .boxed()
    }

    fn get(
        &self,
        table: Table,
        group: &str,
        key: &str,
    ) -> BoxFuture<'_, Result<Option<Row>, StoreError>> {
        let (group, key) = (group.to_owned(), key.to_owned());
        self.read(move |conn| rows::get(conn, (table, &group, &key), now()))
            .boxed()
    }

    fn page(&self, table: Table, from: Option<Cursor>) -> BoxFuture<'_, Result<Page, StoreError>> {
        async move {
            // An end that cannot be read is no end of ours; the beginning does no harm.
            let after = from.and_then(|from| serde_json::from_str(&from.place).ok());
            self.read(move |conn| rows::page(conn, (table, after), now()))
                .await
        }
        .boxed()
    }

    fn count(&self, table: Table, at: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.read(move |conn| rows::count(conn, table, at)).boxed()
    }
}

/// Read-only connections that wait for use.
#[derive(Debug)]
struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    const KEPT: usize = 4;

    fn new(file: PathBuf) -> Self {
        let idle = Mutex::default();
        Self { file, idle }
    }

    fn read<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let waiting = self.idle().pop();
        let conn = match waiting {
            Some(conn) => conn,
            None => connect(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let answer = ask(&conn).map_err(|error| broken(&error))?;
        let mut idle = self.idle();
        if idle.len() < Self::KEPT {
            idle.push(conn);
        }
        Ok(answer)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a connection waits for another process (a `peek`, a backup) to let go.
const BUSY: Duration = Duration::from_secs(5);

fn connect(file: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let open = || {
        let conn = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.busy_timeout(BUSY)?;
        conn.set_prepared_statement_cache_capacity(32);
        Ok(conn)
    };
    open().map_err(|error: rusqlite::Error| broken(&error))
}

fn durable(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: the log is synced at each commit, not only at each checkpoint.
    conn.pragma_update(None, "synchronous", "FULL")?;
    // What has expired is overwritten, for it is what people said in distress.
    conn.pragma_update(None, "secure_delete", "ON")
}

fn broken(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => {
            StoreError::BadUrl("warmline.db there is not a store of Warmline".into())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // No test can cut the power; so at least the settings that withstand it are looked at.
    #[test]
    fn the_writer_syncs_each_commit() {
        let home = tempfile::tempdir().unwrap();
        let file = files::make_file(home.path()).unwrap();
        let conn = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        durable(&conn).unwrap();
        let number = |name: &str| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        assert_eq!(number("synchronous").unwrap(), 2);
        let mode = conn.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
        assert_eq!(mode.unwrap(), "wal");
    }
}
