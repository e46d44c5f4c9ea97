//! Each change and each question as SQL.

use rusqlite::{Connection, OptionalExtension, Params, params};

use crate::ids::Timestamp;
use crate::store::{Change, Cursor, Page, Put, Row, Table};

/// Applies one change.
pub(super) fn apply(conn: &Connection, change: &Change, now: Timestamp) -> rusqlite::Result<()> {
    match change {
        Change::Put(row) => put(conn, row),
        Change::Add(row) => add(conn, row, now),
        Change::Delete { table, group, key } => {
            let sql = "DELETE FROM entry WHERE kind = ?1 AND grp = ?2 AND key = ?3";
            write(conn, sql, params![table.name(), group, key])
        }
        Change::ExpireGroup { table, group, at } => {
            let sql = "UPDATE entry SET expires = ?3 WHERE kind = ?1 AND grp = ?2
                       AND (expires IS NULL OR expires > ?4)";
            write(conn, sql, params![table.name(), group, at.0, now.0])
        }
    }
}

fn put(conn: &Connection, row: &Put) -> rusqlite::Result<()> {
    let sql = "INSERT INTO entry (kind, grp, key, value, expires) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (kind, grp, key)
               DO UPDATE SET value = excluded.value, expires = excluded.expires";
    let expires = row.expires.map(|at| at.0);
    let columns = params![row.table.name(), row.group, row.key, row.value, expires];
    write(conn, sql, columns)
}

// A row that has expired but is not swept yet counts as none.
fn add(conn: &Connection, row: &Put, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO entry (kind, grp, key, value, expires) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (kind, grp, key)
               DO UPDATE SET value = excluded.value, expires = excluded.expires
               WHERE entry.expires <= ?6";
    let expires = row.expires.map(|at| at.0);
    let columns = params![
        row.table.name(),
        row.group,
        row.key,
        row.value,
        expires,
        now.0
    ];
    write(conn, sql, columns)
}

/// Writes what no question shows.
pub(super) fn beat(conn: &Connection) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES ('beat', 1)
               ON CONFLICT (name) DO UPDATE SET value = value + 1";
    write(conn, sql, [])
}

/// Deletes at most `most` rows that have expired; tells how many it found.
pub(super) fn sweep(conn: &Connection, now: Timestamp, most: usize) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM entry WHERE rowid IN
               (SELECT rowid FROM entry WHERE expires <= ?1 LIMIT ?2)";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    conn.prepare_cached(sql)?.execute([now.0, most])
}

/// All rows of a table.
pub(super) fn load(conn: &Connection, table: Table, now: Timestamp) -> rusqlite::Result<Vec<Row>> {
    let sql = "SELECT grp, key, value, expires FROM entry
               WHERE kind = ?1 AND (expires IS NULL OR expires > ?2) ORDER BY grp, key";
    read(conn, (table, sql), params![table.name(), now.0])
}

/// The rows of a group.
pub(super) fn group(
    conn: &Connection,
    (table, group): (Table, &str),
    now: Timestamp,
) -> rusqlite::Result<Vec<Row>> {
    let sql = "SELECT grp, key, value, expires FROM entry
               WHERE kind = ?1 AND grp = ?2 AND (expires IS NULL OR expires > ?3) ORDER BY key";
    read(conn, (table, sql), params![table.name(), group, now.0])
}

/// The first `most` rows of a group whose keys come after `key`.
pub(super) fn after(
    conn: &Connection,
    (table, group, key): (Table, &str, &str),
    (most, now): (usize, Timestamp),
) -> rusqlite::Result<Vec<Row>> {
    let sql = "SELECT grp, key, value, expires FROM entry
               WHERE kind = ?1 AND grp = ?2 AND key > ?3 AND (expires IS NULL OR expires > ?4)
               ORDER BY key LIMIT ?5";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let wanted = params![table.name(), group, key, now.0, most];
    read(conn, (table, sql), wanted)
}

/// The last `most` rows of a group whose keys come before `key`, the last one first.
pub(super) fn before(
    conn: &Connection,
    (table, group, key): (Table, &str, Option<&str>),
    (most, now): (usize, Timestamp),
) -> rusqlite::Result<Vec<Row>> {
    let sql = match key {
        Some(_) => {
            "SELECT grp, key, value, expires FROM entry
             WHERE kind = ?1 AND grp = ?2 AND key < ?3 AND (expires IS NULL OR expires > ?4)
             ORDER BY key DESC LIMIT ?5"
        }
        None => {
            "SELECT grp, key, value, expires FROM entry
             WHERE kind = ?1 AND grp = ?2 AND ?3 IS NULL AND (expires IS NULL OR expires > ?4)
             ORDER BY key DESC LIMIT ?5"
        }
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let wanted = params![table.name(), group, key, now.0, most];
    read(conn, (table, sql), wanted)
}

/// One row.
pub(super) fn get(
    conn: &Connection,
    (table, group, key): (Table, &str, &str),
    now: Timestamp,
) -> rusqlite::Result<Option<Row>> {
    let sql = "SELECT grp, key, value, expires FROM entry
               WHERE kind = ?1 AND grp = ?2 AND key = ?3 AND (expires IS NULL OR expires > ?4)";
    let mut question = conn.prepare_cached(sql)?;
    let found = question.query_row(params![table.name(), group, key, now.0], |row| {
        taken(table, row)
    });
    found.optional()
}

/// How many rows a page has.
const PAGE: usize = 1_000;

/// The rows that follow a group and key.
pub(super) fn page(
    conn: &Connection,
    (table, after): (Table, Option<(String, String)>),
    now: Timestamp,
) -> rusqlite::Result<Page> {
    let sql = "SELECT grp, key, value, expires FROM entry
               WHERE kind = ?1 AND (expires IS NULL OR expires > ?2)
               AND (?3 IS NULL OR (grp, key) > (?3, ?4)) ORDER BY grp, key LIMIT ?5";
    let (group, key) = after.unzip();
    let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let rows = read(
        conn,
        (table, sql),
        params![table.name(), now.0, group, key, most],
    )?;
    let last = rows.last().filter(|_| rows.len() == PAGE);
    let next = last.map(|row| Cursor {
        place: serde_json::json!([row.group, row.key]).to_string(),
        beyond: String::new(),
    });
    Ok(Page { rows, next })
}

/// How many rows there are.
pub(super) fn count(conn: &Connection, table: Table, at: Timestamp) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM entry
               WHERE kind = ?1 AND (expires IS NULL OR expires > ?2)";
    let mut question = conn.prepare_cached(sql)?;
    let count: i64 = question.query_row(params![table.name(), at.0], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn write(conn: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute(params).map(drop)
}

fn read(
    conn: &Connection,
    (table, sql): (Table, &str),
    params: impl Params,
) -> rusqlite::Result<Vec<Row>> {
    let mut question = conn.prepare_cached(sql)?;
    question
        .query_map(params, |row| taken(table, row))?
        .collect()
}

fn taken(table: Table, row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        table,
        group: row.get(0)?,
        key: row.get(1)?,
        value: row.get(2)?,
        expires: row.get::<_, Option<i64>>(3)?.map(Timestamp),
    })
}
