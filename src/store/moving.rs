//! Moving every row from one store to another: interrupted at any moment, it goes on when it is
//! begun again.
//!
//! A mark in each of the two stores ([`Table::Move`]) bears the same random name. A process that
//! begins to run on the source takes its mark away, and the next move begins anew; on a half filled
//! target none runs.

use serde::{Deserialize, Serialize};

use crate::ids::Timestamp;

use super::{Change, Cursor, Page, Place, Purpose, Put, Store, StoreError, Table, open_for};

/// How many bytes of content are written in one commit.
const BYTES: usize = 1 << 20;
/// How many rows are written in one commit.
const ROWS: usize = 1_000;
const KEY: &str = "mark";

/// What stands in a store while a move goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// The move's name.
    name: String,
    /// Where the rows come from.
    from: String,
    /// Whether they go into this store.
    target: bool,
    /// Tables that have been moved as a whole.
    done: Vec<String>,
    /// The place up to which the next one has been moved.
    place: Option<String>,
}

/// Why nothing, or not everything, was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// One of the stores cannot be had.
    #[error("{place}: {problem}")]
    Store {
        /// Which.
        place: String,
        /// What is wrong.
        problem: StoreError,
    },
    /// The target has rows of its own.
    #[error("{0} is not empty; nothing is moved into it")]
    NotEmpty(String),
    /// The target was begun to be filled from another store.
    #[error("{target} is half filled from {from}; finish that, or empty it")]
    FromElsewhere {
        /// The target.
        target: String,
        /// The other source.
        from: String,
    },
    /// Both are the same store.
    #[error("{0} cannot be moved into itself")]
    Itself(String),
    /// After all was written the target has another number of rows.
    #[error("{table}: {from} rows, but {to} have arrived; the target is not to be used")]
    Miscounted {
        /// The table.
        table: &'static str,
        /// Rows of the source.
        from: u64,
        /// Rows of the target.
        to: u64,
    },
}

/// How far a move has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows moved, by this and earlier beginnings.
    pub moved: u64,
    /// Rows in all.
    pub all: u64,
}

/// Moves every row; tells how many there are. No process may run on either store.
pub async fn move_all(
    (from, to): (&Place, &Place),
    now: Timestamp,
    mut tell: impl FnMut(Progress),
) -> Result<u64, MoveError> {
    if from == to {
        return Err(MoveError::Itself(from.to_string()));
    }
    let source = at(from, open_for(from, Purpose::MoveFrom).await)?;
    let target = at(to, open_for(to, Purpose::MoveTo).await)?;
    let moving = Moving {
        source: (source.as_ref(), from),
        target: (target.as_ref(), to),
        now,
    };
    let mark = moving.begin().await?;
    let all = moving.copy(mark, &mut tell).await?;
    if let Err(problem) = moving.compare().await {
        // Then the next beginning is a new one.
        at(from, unmark(source.as_ref()).await)?;
        return Err(problem);
    }
    at(to, unmark(target.as_ref()).await)?;
    at(from, unmark(source.as_ref()).await)?;
    Ok(all)
}

/// What a process does before it runs on a store.
pub(super) async fn begin_to_run(store: &dyn Store) -> Result<(), StoreError> {
    match mark(store).await? {
        None => Ok(()),
        Some(mark) if mark.target => Err(StoreError::HalfMoved),
        Some(_) => unmark(store).await,
    }
}

fn at<T>(place: &Place, result: Result<T, StoreError>) -> Result<T, MoveError> {
    let place = place.to_string();
    result.map_err(|problem| MoveError::Store { place, problem })
}

async fn mark(store: &dyn Store) -> Result<Option<Mark>, StoreError> {
    let row = store.get(Table::Move, "", KEY).await?;
    let Some(row) = row else { return Ok(None) };
    let mark = serde_json::from_slice(&row.value);
    mark.map(Some)
        .map_err(|_| StoreError::Unavailable("the mark of a move cannot be read".into()))
}

fn marking(mark: &Mark) -> Result<Change, StoreError> {
    let unwritable = |_| StoreError::Unavailable("a mark cannot be written".into());
    Ok(Change::Put(Put {
        table: Table::Move,
        group: String::new(),
        key: KEY.to_owned(),
        value: serde_json::to_vec(mark).map_err(unwritable)?,
        expires: None,
    }))
}

async fn unmark(store: &dyn Store) -> Result<(), StoreError> {
    let gone = Change::Delete {
        table: Table::Move,
        group: String::new(),
        key: KEY.to_owned(),
    };
    store.commit(vec![gone]).await
}

struct Moving<'a> {
    source: (&'a dyn Store, &'a Place),
    target: (&'a dyn Store, &'a Place),
    now: Timestamp,
}

impl Moving<'_> {
    /// Marks both stores, or finds the marks of an earlier beginning to go on from.
    async fn begin(&self) -> Result<Mark, MoveError> {
        let (source, from) = self.source;
        let (target, to) = self.target;
        let ours = at(to, mark(target).await)?;
        let theirs = at(from, mark(source).await)?;
        match ours {
            Some(mark) if mark.target && mark.from != from.to_string() => {
                return Err(MoveError::FromElsewhere {
                    target: to.to_string(),
                    from: mark.from,
                });
            }
            Some(mark) if mark.target => {
                if theirs.is_some_and(|theirs| !theirs.target && theirs.name == mark.name) {
                    return Ok(mark);
                }
                // A process has run on the source meanwhile: what is here may be out of date.
                at(to, empty(target).await)?;
            }
            _ => self.must_be_empty().await?,
        }
        let mut mark = Mark {
            name: uuid::Uuid::new_v4().to_string(),
            from: from.to_string(),
            target: false,
            done: Vec::new(),
            place: None,
        };
        at(from, put(source, &mark).await)?;
        mark.target = true;
        at(to, put(target, &mark).await)?;
        Ok(mark)
    }

    async fn must_be_empty(&self) -> Result<(), MoveError> {
        let (target, to) = self.target;
        for table in Table::ALL.iter().copied() {
            if at(to, target.count(table, self.now).await)? > 0 {
                return Err(MoveError::NotEmpty(to.to_string()));
            }
        }
        Ok(())
    }

    /// Writes what is missing; tells how many rows there are.
    async fn copy(
        &self,
        mut mark: Mark,
        tell: &mut impl FnMut(Progress),
    ) -> Result<u64, MoveError> {
        let (source, from) = self.source;
        let (target, to) = self.target;
        let (mut all, mut moved) = (0, 0);
        for table in Table::ALL.iter().copied() {
            all += at(from, source.count(table, self.now).await)?;
            moved += at(to, target.count(table, self.now).await)?;
        }
        tell(Progress { moved, all });
        for table in Table::ALL.iter().copied() {
            if mark.done.iter().any(|done| done == table.name()) {
                continue;
            }
            let mut next = mark.place.take().map(|place| Cursor {
                place,
                beyond: String::new(),
            });
            loop {
                let page = at(from, source.page(table, next).await)?;
                moved += u64::try_from(page.rows.len()).unwrap_or_default();
                next = note(&mut mark, table, &page);
                at(to, write(target, page.rows, &mark).await)?;
                let moved = moved.min(all);
                tell(Progress { moved, all });
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// Rows that may expire meanwhile are left out.
    async fn compare(&self) -> Result<(), MoveError> {
        let moment = self.now.plus(std::time::Duration::from_secs(3_600));
        for table in Table::ALL.iter().copied() {
            let from = at(self.source.1, self.source.0.count(table, moment).await)?;
            let to = at(self.target.1, self.target.0.count(table, moment).await)?;
            if from != to {
                let table = table.name();
                return Err(MoveError::Miscounted { table, from, to });
            }
        }
        Ok(())
    }
}

/// Notes how far a page leads, and tells where to go on.
fn note(mark: &mut Mark, table: Table, page: &Page) -> Option<Cursor> {
    match &page.next {
        Some(next) => mark.place = Some(next.place.clone()),
        None => {
            mark.place = None;
            mark.done.push(table.name().to_owned());
        }
    }
    page.next.clone()
}

async fn put(store: &dyn Store, mark: &Mark) -> Result<(), StoreError> {
    store.commit(vec![marking(mark)?]).await
}

/// Writes rows, and with the last of them the mark.
async fn write(store: &dyn Store, rows: Vec<Put>, mark: &Mark) -> Result<(), StoreError> {
    let (mut changes, mut bytes) = (Vec::new(), 0);
    for row in rows {
        bytes += row.value.len();
        changes.push(Change::Put(row));
        if bytes >= BYTES || changes.len() >= ROWS {
            store.commit(std::mem::take(&mut changes)).await?;
            bytes = 0;
        }
    }
    changes.push(marking(mark)?);
    store.commit(changes).await
}

/// Deletes every row but the mark.
async fn empty(store: &dyn Store) -> Result<(), StoreError> {
    for table in Table::ALL.iter().copied() {
        let mut next = None;
        loop {
            let page = store.page(table, next).await?;
            next = page.next;
            let changes: Vec<Change> = page.rows.into_iter().map(gone).collect();
            if !changes.is_empty() {
                store.commit(changes).await?;
                // What was behind has moved up.
                next = None;
            } else if next.is_none() {
                break;
            }
        }
    }
    Ok(())
}

fn gone(row: Put) -> Change {
    Change::Delete {
        table: row.table,
        group: row.group,
        key: row.key,
    }
}
