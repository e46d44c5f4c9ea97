//! Each question as commands. Groups and rows are read in portions, so that nobody else has to wait
//! long for Redis meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use redis::{cmd, pipe};

use crate::ids::Timestamp;
use crate::store::{Cursor, Page, Row, StoreError, Table};

use super::keys::{self, Keys};
use super::link::Link;

/// How many groups are asked about in one go.
const GROUPS: usize = 100;
/// How many rows of one group are asked for in one go.
const ROWS: usize = 1_000;

/// What a portion of a group looks like: where to go on ("0" at the end), and keys and rows in turn.
type Portion = (String, Vec<(Vec<u8>, Vec<u8>)>);

/// Who reads, and when.
pub(super) struct Reader {
    pub link: Arc<Link>,
    pub keys: Keys,
    pub now: Timestamp,
}

impl Reader {
    /// All rows of a table.
    pub async fn load(&self, table: Table) -> Result<Vec<Row>, StoreError> {
        let mut found = BTreeMap::new();
        let names = self.names(table, 0, None).await?;
        for names in names.chunks(GROUPS) {
            let mut left: Vec<(&String, String)> =
                names.iter().map(|name| (name, "0".to_owned())).collect();
            while !left.is_empty() {
                let portions = self.portions(table, &left).await?;
                let mut more = Vec::new();
                for ((name, _), (next, stored)) in left.into_iter().zip(portions) {
                    let rows = stored.into_iter().filter_map(|(key, stored)| {
                        keys::row((table, name), (key, &stored), self.now)
                    });
                    found.extend(rows.map(|row| ((row.group.clone(), row.key.clone()), row)));
                    if next != "0" {
                        more.push((name, next));
                    }
                }
                left = more;
            }
        }
        Ok(found.into_values().collect())
    }

    async fn portions(
        &self,
        table: Table,
        wanted: &[(&String, String)],
    ) -> Result<Vec<Portion>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut questions = pipe();
        for (name, from) in wanted {
            let question = questions.cmd("HSCAN").arg(self.keys.rows(table, name));
            question.arg(from).arg("COUNT").arg(ROWS);
        }
        Ok(self.link.ask_all(&questions).await?)
    }

    /// The rows of a group.
    pub async fn group(&self, table: Table, group: &str) -> Result<Vec<Row>, StoreError> {
        let mut question = cmd("HGETALL");
        question.arg(self.keys.rows(table, group));
        let found: BTreeMap<Vec<u8>, Vec<u8>> = self.link.ask(&question).await?;
        let rows = found.into_iter();
        Ok(rows
            .filter_map(|(key, stored)| keys::row((table, group), (key, &stored), self.now))
            .collect())
    }

    /// One row.
    pub async fn get(
        &self,
        (table, group): (Table, &str),
        key: &str,
    ) -> Result<Option<Row>, StoreError> {
        let mut question = cmd("HGET");
        question.arg(self.keys.rows(table, group)).arg(key);
        let stored: Option<Vec<u8>> = self.link.ask(&question).await?;
        Ok(stored.and_then(|stored| {
            let key = key.as_bytes().to_vec();
            keys::row((table, group), (key, &stored), self.now)
        }))
    }

    /// Some rows of a table. The place is the rank of a group among the table's, and beyond it is
    /// Redis's own cursor within that group.
    pub async fn page(&self, table: Table, from: Option<Cursor>) -> Result<Page, StoreError> {
        let from = from.unwrap_or_else(|| at(0, ""));
        let rank = from.place.parse().unwrap_or(0);
        let (start, groups) = match from.beyond.as_str() {
            "" => ("0", GROUPS),
            beyond => (beyond, 1),
        };
        let names = self.names(table, rank, Some(groups)).await?;
        let wanted: Vec<_> = names.iter().map(|name| (name, start.to_owned())).collect();
        let portions = self.portions(table, &wanted).await?;
        let mut rows = Vec::new();
        let mut next = (names.len() == groups).then(|| at(rank + groups, ""));
        for (place, (name, (more, stored))) in names.iter().zip(portions).enumerate() {
            rows.extend(
                stored
                    .into_iter()
                    .filter_map(|(key, stored)| keys::row((table, name), (key, &stored), self.now)),
            );
            if more != "0" {
                // The groups behind it are asked about again, each from its beginning.
                next = Some(at(rank + place, &more));
                break;
            }
        }
        Ok(Page { rows, next })
    }

    /// How many rows there will be.
    pub async fn count(&self, table: Table, moment: Timestamp) -> Result<u64, StoreError> {
        let mut sum = 0;
        let names = self.names(table, 0, None).await?;
        for names in names.chunks(GROUPS) {
            let mut questions = pipe();
            for name in names {
                let expiries = self.keys.expiries(table, name);
                questions.cmd("HLEN").arg(self.keys.rows(table, name));
                questions.cmd("ZCARD").arg(&expiries);
                let later = format!("({}", moment.0);
                let counting = questions.cmd("ZCOUNT").arg(expiries);
                counting.arg(later).arg("+inf");
            }
            let counted: Vec<u64> = self.link.ask_all(&questions).await?;
            for of_group in counted.chunks(3) {
                if let [all, brief, alive] = of_group {
                    sum += (all + alive).saturating_sub(*brief);
                }
            }
        }
        Ok(sum)
    }

    async fn names(
        &self,
        table: Table,
        rank: usize,
        most: Option<usize>,
    ) -> Result<Vec<String>, StoreError> {
        let last = match most {
            Some(most) => (rank + most).saturating_sub(1).to_string(),
            None => "-1".to_owned(),
        };
        let mut question = cmd("ZRANGE");
        question.arg(self.keys.groups(table)).arg(rank).arg(last);
        Ok(self.link.ask(&question).await?)
    }
}

fn at(rank: usize, beyond: &str) -> Cursor {
    Cursor {
        place: rank.to_string(),
        beyond: beyond.to_owned(),
    }
}
