//! The tables in the file, and the steps from each older form of them to the next.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::store::StoreError;

use super::broken;

/// Step N leads from version N to N + 1. Steps are only ever added.
const STEPS: &[&str] = &[
    "CREATE TABLE entry (
        kind  TEXT NOT NULL,
        grp   TEXT NOT NULL,
        key   TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (kind, grp, key)
     ) STRICT;",
    "ALTER TABLE entry ADD COLUMN expires INTEGER;
     CREATE INDEX entry_expires ON entry (expires) WHERE expires IS NOT NULL;",
];

/// Brings the file to the version that this program knows.
pub(super) fn update(conn: &mut Connection) -> Result<(), StoreError> {
    let found = version(conn)?;
    for step in found..known() {
        advance(conn, step).map_err(|error| broken(&error))?;
    }
    Ok(())
}

/// Refuses a file of another version than the one that this program knows.
pub(super) fn check(conn: &Connection) -> Result<(), StoreError> {
    let (found, known) = (version(conn)?, known());
    if found < known {
        return Err(StoreError::TooOld { found, known });
    }
    Ok(())
}

fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

fn version(conn: &Connection) -> Result<i64, StoreError> {
    let found = read_version(conn).map_err(|error| broken(&error))?;
    let known = known();
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    Ok(found)
}

fn read_version(conn: &Connection) -> rusqlite::Result<i64> {
    if !conn.table_exists(None, "meta")? {
        return Ok(0);
    }
    let sql = "SELECT value FROM meta WHERE name = 'schema'";
    let found = conn.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

fn advance(conn: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let step = usize::try_from(from).ok().and_then(|from| STEPS.get(from));
    let change = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    change.execute_batch(
        "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;",
    )?;
    change.execute_batch(step.copied().unwrap_or_default())?;
    let sql = "INSERT INTO meta VALUES ('schema', ?1)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    change.execute(sql, [from + 1])?;
    change.commit()
}
