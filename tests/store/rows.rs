//! Short ways to write changes down.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use warmline::ids::Timestamp;
use warmline::store::{Change, Put, Row, Table};

/// A row without expiry.
pub fn row(table: Table, group: &str, key: &str, value: &str) -> Put {
    Put {
        table,
        group: group.into(),
        key: key.into(),
        value: value.into(),
        expires: None,
    }
}

/// Writes a line of a conversation.
pub fn line(group: &str, key: &str, value: &str) -> Change {
    Change::Put(row(Table::Line, group, key, value))
}

/// Writes a line that expires.
pub fn brief_line(group: &str, key: &str, expires: Timestamp) -> Change {
    let expires = Some(expires);
    let row = row(Table::Line, group, key, "brief");
    Change::Put(Put { expires, ..row })
}

/// Deletes a line.
pub fn delete(group: &str, key: &str) -> Change {
    Change::Delete {
        table: Table::Line,
        group: group.into(),
        key: key.into(),
    }
}

/// Lets a group of lines expire.
pub fn expire(group: &str, at: Timestamp) -> Change {
    Change::ExpireGroup {
        table: Table::Line,
        group: group.into(),
        at,
    }
}

/// The keys and values.
pub fn texts(rows: &[Row]) -> Vec<(String, String)> {
    let text = |row: &Row| {
        let value = String::from_utf8(row.value.clone()).unwrap();
        (format!("{}/{}", row.group, row.key), value)
    };
    rows.iter().map(text).collect()
}

/// The moment that lies this far ahead.
pub fn ahead(span: Duration) -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::default().plus(since).plus(span)
}

/// A moment that has passed.
pub fn past() -> Timestamp {
    ahead(Duration::ZERO).minus(Duration::from_secs(1))
}
