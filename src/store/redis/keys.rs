//! The names of the keys, and how a row is written into one.
//!
//! All keys of a partition begin alike and share one hash tag, so that they live on one slot of a
//! cluster. `scripts.rs` and its `.lua` files know the same names.

use crate::ids::Timestamp;
use crate::store::{Row, Table};

/// The version of all this; another one would have another name.
pub(super) const SCHEMA: i64 = 1;

/// What the names of a partition have in common.
#[derive(Clone, Debug)]
pub(super) struct Keys(String);

impl Keys {
    pub fn new(partition: &str) -> Self {
        Self(format!("wl{SCHEMA}:{{{partition}}}:"))
    }

    /// What every name begins with.
    pub fn prefix(&self) -> &str {
        &self.0
    }

    /// A hash: the store's id, schema, owner, and number of commits.
    pub fn facts(&self) -> String {
        format!("{}meta", self.0)
    }

    /// The token of the process that runs, as long as it says so.
    pub fn lease(&self) -> String {
        format!("{}lease", self.0)
    }

    /// A hash: the rows of a group.
    pub fn rows(&self, table: Table, group: &str) -> String {
        format!("{}r:{}:{group}", self.0, table.name())
    }

    /// A sorted set: those keys of a group that expire.
    pub fn expiries(&self, table: Table, group: &str) -> String {
        format!("{}x:{}:{group}", self.0, table.name())
    }

    /// A sorted set: all keys of a group, for tables that are read from a key on.
    pub fn order(&self, table: Table, group: &str) -> String {
        format!("{}k:{}:{group}", self.0, table.name())
    }

    /// A sorted set: the groups of a table.
    pub fn groups(&self, table: Table) -> String {
        format!("{}g:{}", self.0, table.name())
    }
}

/// An expiry as it is written. Redis and its scripts calculate with numbers of 53 bits; what lies
/// before or beyond them is the same as never to have been, and as never.
pub(super) fn written(expires: Option<Timestamp>) -> String {
    expires.map_or_else(String::new, |at| at.0.clamp(0, (1 << 53) - 1).to_string())
}

/// A row as it was written; nothing where it has expired, or was not written by this program.
pub(super) fn row(
    (table, group): (Table, &str),
    (key, stored): (Vec<u8>, &[u8]),
    now: Timestamp,
) -> Option<Row> {
    let colon = stored.iter().position(|byte| *byte == b':')?;
    let (expires, value) = stored.split_at_checked(colon)?;
    let expires = match expires {
        [] => None,
        digits => Some(Timestamp(std::str::from_utf8(digits).ok()?.parse().ok()?)),
    };
    if expires.is_some_and(|at| at <= now) {
        return None;
    }
    Some(Row {
        table,
        group: group.to_owned(),
        key: String::from_utf8(key).ok()?,
        value: value.get(1..)?.to_owned(),
        expires,
    })
}
