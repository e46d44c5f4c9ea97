//! The rows of a group from a key on, in either direction.

use redis::cmd;

use crate::store::{Row, StoreError, Table};

use super::keys;
use super::reads::Reader;

const SCRIPT: &str = include_str!("walk.lua");

/// The most rows of one answer.
const PORTION: usize = 500;

/// Where a walk begins, and where it leads. `bound` is as ZRANGEBYLEX has it.
pub(super) struct Way {
    back: bool,
    bound: Vec<u8>,
}

impl Way {
    /// To the later ones.
    pub fn after(key: &str) -> Self {
        Self {
            back: false,
            bound: beyond(key.as_bytes()),
        }
    }

    /// To the earlier ones; from the last one where there is no key.
    pub fn before(key: Option<&str>) -> Self {
        Self {
            back: true,
            bound: key.map_or_else(|| b"+".to_vec(), |key| beyond(key.as_bytes())),
        }
    }

    /// Whether a key lies on it.
    fn leads_to(&self, key: &str) -> bool {
        match (self.back, self.bound.split_first()) {
            (false, Some((_, from))) => key.as_bytes() > from,
            (true, Some((b'(', from))) => key.as_bytes() < from,
            _ => true,
        }
    }
}

/// The key itself not included.
fn beyond(key: &[u8]) -> Vec<u8> {
    [b"(", key].concat()
}

impl Reader {
    /// The first `most` rows on the way.
    pub async fn walk(
        &self,
        (table, group): (Table, &str),
        mut way: Way,
        most: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        while found.len() < most {
            let wanted = (most - found.len()).min(PORTION);
            let Some(portion) = self.portion((table, group), &way, wanted).await? else {
                return self.pick((table, group), (way, found), most).await;
            };
            let last = portion.last().map(|(key, _)| beyond(key));
            let whole = portion.len() == wanted;
            let rows = portion.into_iter();
            found.extend(
                rows.filter_map(|(key, stored)| {
                    keys::row((table, group), (key, &stored), self.now)
                }),
            );
            match last {
                // Some of them may have expired.
                Some(last) if whole => way.bound = last,
                _ => break,
            }
        }
        Ok(found)
    }

    async fn portion(
        &self,
        (table, group): (Table, &str),
        way: &Way,
        wanted: usize,
    ) -> Result<Option<Vec<(Vec<u8>, Vec<u8>)>>, StoreError> {
        let mut question = cmd("EVAL");
        question.arg(SCRIPT).arg(2);
        question.arg(self.keys.rows(table, group));
        question.arg(self.keys.order(table, group));
        question.arg(if way.back { "before" } else { "after" });
        question.arg(&way.bound).arg(wanted);
        Ok(self.link.ask(&question).await?)
    }

    /// The same from all rows of the group, where nothing else helps.
    async fn pick(
        &self,
        group: (Table, &str),
        (way, mut found): (Way, Vec<Row>),
        most: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.group(group.0, group.1).await?;
        rows.retain(|row| way.leads_to(&row.key));
        if way.back {
            rows.reverse();
        }
        found.extend(rows);
        found.truncate(most);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_on_from_its_key_and_not_to_it() {
        assert!(Way::after("b").leads_to("c") && !Way::after("b").leads_to("b"));
        assert!(Way::before(Some("b")).leads_to("a") && !Way::before(Some("b")).leads_to("b"));
        assert!(Way::before(None).leads_to("z") && Way::after("").leads_to("a"));
    }
}
