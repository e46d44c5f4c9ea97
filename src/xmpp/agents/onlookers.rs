//! Who wants to know whether a workgroup is open: whoever sent it presence, until that is taken back
//! (fastpath-protocol §4.3).

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::WorkgroupName;

/// So many onlookers are remembered in all; those who come then are told once.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Onlookers {
    of: BTreeMap<WorkgroupName, BTreeSet<String>>,
    /// Whether a workgroup was open when that was last told.
    open: BTreeMap<WorkgroupName, bool>,
}

impl Onlookers {
    pub fn came(&mut self, workgroup: &WorkgroupName, who: String) {
        if self.of.values().map(BTreeSet::len).sum::<usize>() < MOST {
            self.of.entry(workgroup.clone()).or_default().insert(who);
        }
    }

    pub fn went(&mut self, workgroup: &WorkgroupName, who: &str) {
        if let Some(all) = self.of.get_mut(workgroup) {
            all.remove(who);
        }
    }

    /// Those who are to be told, where this is news.
    pub fn news(&mut self, workgroup: &WorkgroupName, open: bool) -> Vec<String> {
        let before = self.open.insert(workgroup.clone(), open);
        let all = self.of.get(workgroup).into_iter().flatten();
        // Whoever came before anything was known was told when coming.
        let news = before.is_some_and(|before| before != open);
        all.filter(|_| news).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_news_and_only_to_those_who_look() {
        let help = WorkgroupName::new("help");
        let mut onlookers = Onlookers::default();
        assert!(onlookers.news(&help, false).is_empty());
        onlookers.came(&help, "a@b/c".into());
        assert!(onlookers.news(&help, false).is_empty());
        assert_eq!(onlookers.news(&help, true), ["a@b/c"]);
        onlookers.went(&help, "a@b/c");
        assert!(onlookers.news(&help, false).is_empty());
    }
}
