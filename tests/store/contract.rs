//! The contract of `Store`, for any implementation of it; `expiry.rs` has its articles about time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use warmline::store::{Change, Put, Store, StoreError, Table};

pub use crate::expiry::*;
use crate::rows::{ahead, brief_line, delete, expire, line, past, row, texts};
pub use crate::walking::*;

/// One store to test, with whatever holds its data.
pub trait Backend {
    /// Opens it; what an earlier opening wrote is there. The earlier one must be dropped.
    async fn open(&self) -> Arc<dyn Store>;

    /// From now on, or no longer, the store fails to write rows of the group `broken`.
    fn break_writes(&self, broken: bool);
}

/// The contract, one test for each of its articles; or all in one, where a backend takes long.
macro_rules! suite {
    ($name:ident, $backend:expr) => {
        mod $name {
            $crate::contract::suite!(@articles each $backend);
        }
    };
    ($name:ident in one, $backend:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let backend = $backend;
            $crate::contract::suite!(@articles all backend);
        }
    };
    (@articles $how:ident $backend:expr) => {
        $crate::contract::suite!(@ $how $backend;
            all_or_none, changes_apply_in_order, a_put_replaces, an_add_does_not_replace,
            groups_come_in_key_order, what_comes_after_a_key, what_comes_before_a_key,
            walks_pass_over_what_is_gone, long_walks, any_text_is_a_key, tables_do_not_share_keys,
            what_expired_is_unseen, a_group_expires_together, expiry_does_not_wake_the_dead,
            an_expiry_can_be_taken_back, reopening_sees_all, many_commit_at_once,
            one_failure_fails_no_other, errors_pass, nothing_can_be_committed,
            pages_hold_every_row, rows_are_counted, an_unawaited_commit_counts);
    };
    (@ each $backend:expr; $($test:ident),*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            $crate::contract::$test(&$backend()).await;
        }
    )*};
    (@ all $backend:expr; $($test:ident),*) => {$(
        println!(stringify!($test));
        $crate::contract::$test(&$backend.fresh()).await;
    )*};
}
pub(crate) use suite;

pub async fn lines(store: &Arc<dyn Store>, group: &str) -> Vec<(String, String)> {
    texts(&store.group(Table::Line, group).await.unwrap())
}

pub fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    expected.iter().map(pair).collect()
}

pub async fn all_or_none(backend: &impl Backend) {
    let store = backend.open().await;
    store.commit(vec![line("c", "1", "old")]).await.unwrap();
    backend.break_writes(true);
    let changes = vec![
        line("c", "1", "new"),
        line("c", "2", "new"),
        expire("c", past()),
        line("broken", "x", "new"),
        line("c", "3", "new"),
    ];
    let error = store.commit(changes).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert_eq!(lines(&store, "c").await, pairs(&[("c/1", "old")]));
}

pub async fn changes_apply_in_order(backend: &impl Backend) {
    let store = backend.open().await;
    let changes = vec![
        line("c", "1", "a"),
        delete("c", "1"),
        line("c", "2", "b"),
        line("c", "2", "c"),
        delete("c", "never there"),
        line("c", "1", "d"),
    ];
    store.commit(changes).await.unwrap();
    let expected = pairs(&[("c/1", "d"), ("c/2", "c")]);
    assert_eq!(lines(&store, "c").await, expected);
}

pub async fn a_put_replaces(backend: &impl Backend) {
    let store = backend.open().await;
    let soon = ahead(Duration::from_secs(600));
    store
        .commit(vec![brief_line("c", "1", soon)])
        .await
        .unwrap();
    let found = store.get(Table::Line, "c", "1").await.unwrap().unwrap();
    assert_eq!(
        (found.value.as_slice(), found.expires),
        (&b"brief"[..], Some(soon))
    );
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    let found = store.get(Table::Line, "c", "1").await.unwrap();
    assert_eq!(
        found,
        Some(row(Table::Line, "c", "1", "")),
        "nor does the old expiry stay"
    );
    store
        .commit(vec![brief_line("c", "1", past())])
        .await
        .unwrap();
    assert_eq!(store.get(Table::Line, "c", "1").await.unwrap(), None);
    store.commit(vec![line("c", "1", "again")]).await.unwrap();
    assert_eq!(lines(&store, "c").await, pairs(&[("c/1", "again")]));
}

pub async fn an_add_does_not_replace(backend: &impl Backend) {
    let store = backend.open().await;
    let (soon, later) = (
        ahead(Duration::from_secs(600)),
        ahead(Duration::from_secs(900)),
    );
    let add = |key: &str, value: &str, expires| {
        let put = row(Table::Context, "c", key, value);
        Change::Add(Put { expires, ..put })
    };
    let changes = vec![
        add("1", "first", Some(soon)),
        add("1", "second", Some(later)),
        add("2", "first", None),
        add("3", "dead", Some(past())),
        add("3", "risen", Some(later)),
    ];
    store.commit(changes).await.unwrap();
    store
        .commit(vec![add("2", "second", Some(past()))])
        .await
        .unwrap();
    let found = store.group(Table::Context, "c").await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|row| (row.key.as_str(), row.value.as_slice(), row.expires))
        .collect();
    let expected = [
        ("1", &b"first"[..], Some(soon)),
        ("2", b"first", None),
        ("3", b"risen", Some(later)),
    ];
    assert_eq!(found, expected);
}

pub async fn groups_come_in_key_order(backend: &impl Backend) {
    let store = backend.open().await;
    let numbers = [10, 2, 1, 100, 9];
    let keys: Vec<String> = numbers.iter().map(|n| format!("{n:012}")).collect();
    let mut changes: Vec<Change> = keys.iter().map(|key| line("b", key, "")).collect();
    changes.extend([
        line("a", "z", ""),
        line("a", "Z", ""),
        line("a", "é", ""),
        line("ab", "1", ""),
    ]);
    store.commit(changes).await.unwrap();
    let mut sorted: Vec<_> = keys
        .iter()
        .map(|key| (format!("b/{key}"), String::new()))
        .collect();
    sorted.sort();
    assert_eq!(lines(&store, "b").await, sorted);
    assert_eq!(
        lines(&store, "a").await,
        pairs(&[("a/Z", ""), ("a/z", ""), ("a/é", "")])
    );
    let all = texts(&store.load(Table::Line).await.unwrap());
    let mut expected = pairs(&[("a/Z", ""), ("a/z", ""), ("a/é", ""), ("ab/1", "")]);
    expected.extend(sorted);
    assert_eq!(all, expected);
    assert_eq!(lines(&store, "none").await, []);
}

pub async fn any_text_is_a_key(backend: &impl Backend) {
    let store = backend.open().await;
    let long = "k".repeat(10_000);
    let odd = [
        "",
        " ",
        "'; DROP TABLE entry; --",
        "🙂",
        "a\0b",
        "{tag}:*?",
        long.as_str(),
    ];
    for (group, key) in odd.iter().zip(odd.iter().rev()) {
        let put = row(Table::Seen, group, key, group);
        store.commit(vec![Change::Put(put.clone())]).await.unwrap();
        let found = store.get(Table::Seen, group, key).await.unwrap();
        assert_eq!(found, Some(put));
    }
    assert_eq!(store.load(Table::Seen).await.unwrap().len(), odd.len());
    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let big = Put {
        value: bytes,
        ..row(Table::Past, "", "big", "")
    };
    store.commit(vec![Change::Put(big.clone())]).await.unwrap();
    assert_eq!(store.get(Table::Past, "", "big").await.unwrap(), Some(big));
}

pub async fn tables_do_not_share_keys(backend: &impl Backend) {
    let store = backend.open().await;
    let tables = Table::ALL;
    let put = |table: &Table| Change::Put(row(*table, "g", "k", table.name()));
    store
        .commit(tables.iter().map(put).collect())
        .await
        .unwrap();
    store.commit(vec![delete("g", "k")]).await.unwrap();
    for table in tables.iter().copied() {
        let expected = (table != Table::Line).then(|| row(table, "g", "k", table.name()));
        let found = store.get(table, "g", "k").await.unwrap();
        assert_eq!(found, expected);
        assert_eq!(store.load(table).await.unwrap(), Vec::from_iter(expected));
    }
    assert_eq!(
        tables
            .iter()
            .copied()
            .map(Table::name)
            .collect::<HashSet<_>>()
            .len(),
        tables.len(),
        "each name once"
    );
}

pub async fn reopening_sees_all(backend: &impl Backend) {
    let store = backend.open().await;
    let later = ahead(Duration::from_secs(600));
    let changes = vec![
        line("c", "1", "a"),
        brief_line("c", "2", later),
        line("c", "3", "c"),
    ];
    store.commit(changes).await.unwrap();
    store.commit(vec![delete("c", "3")]).await.unwrap();
    let before = store.load(Table::Line).await.unwrap();
    drop(store);
    let store = backend.open().await;
    assert_eq!(store.load(Table::Line).await.unwrap(), before);
    assert_eq!(before.len(), 2);
}

pub async fn many_commit_at_once(backend: &impl Backend) {
    let store = backend.open().await;
    let tasks: Vec<_> = (0..40)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for turn in 0..25 {
                    let (group, key) = (format!("t{task:02}"), format!("{turn:02}"));
                    store
                        .commit(vec![line(&group, &key, "mine")])
                        .await
                        .unwrap();
                    let own = store.get(Table::Line, &group, &key).await.unwrap();
                    assert!(own.is_some(), "what is committed is read");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 40 * 25);
}

pub async fn one_failure_fails_no_other(backend: &impl Backend) {
    let store = backend.open().await;
    backend.break_writes(true);
    // All are handed over before the first is awaited, so that they share a transaction.
    let commits: Vec<_> = (0..60)
        .map(|n| {
            let group = if n % 3 == 1 { "broken" } else { "c" };
            store.commit(vec![
                line("c", &format!("{n:02}a"), "pair"),
                line(group, &format!("{n:02}"), "pair"),
            ])
        })
        .collect();
    for (n, commit) in commits.into_iter().enumerate() {
        assert_eq!(commit.await.is_err(), n % 3 == 1, "{n}");
    }
    assert_eq!(store.group(Table::Line, "c").await.unwrap().len(), 80);
}

pub async fn errors_pass(backend: &impl Backend) {
    let store = backend.open().await;
    for round in ["1", "2", "3"] {
        backend.break_writes(true);
        assert!(store.commit(vec![line("broken", "x", "")]).await.is_err());
        backend.break_writes(false);
        store.commit(vec![line("c", round, "")]).await.unwrap();
    }
    assert_eq!(store.group(Table::Line, "c").await.unwrap().len(), 3);
}

pub async fn nothing_can_be_committed(backend: &impl Backend) {
    let store = backend.open().await;
    for _ in 0..3 {
        store.commit(vec![]).await.unwrap();
    }
    assert_eq!(store.load(Table::Line).await.unwrap(), []);
}

pub async fn pages_hold_every_row(backend: &impl Backend) {
    let store = backend.open().await;
    store
        .commit(vec![brief_line("c", "gone", past())])
        .await
        .unwrap();
    let mut changes = Vec::new();
    changes.extend((0..2_500).map(|n| line("wide", &n.to_string(), "w")));
    changes.extend((0..2_500).map(|n| line(&format!("narrow {n}"), "é", "n")));
    changes.push(brief_line("c", "later", ahead(Duration::from_secs(600))));
    store.commit(changes).await.unwrap();
    let mut found = Vec::new();
    let mut next = None;
    let mut pages = 0;
    loop {
        let page = store.page(Table::Line, next).await.unwrap();
        assert!(page.rows.len() <= 4_000, "a page is no whole table");
        found.extend(page.rows);
        pages += 1;
        match page.next {
            Some(cursor) => next = Some(cursor),
            None => break,
        }
    }
    assert!(pages > 2);
    found.sort_by(|a, b| (&a.group, &a.key).cmp(&(&b.group, &b.key)));
    found.dedup();
    assert_eq!(found, store.load(Table::Line).await.unwrap());
    assert_eq!(found.len(), 5_001);
    let nothing = store.page(Table::Seen, None).await.unwrap();
    assert_eq!((nothing.rows.len(), nothing.next), (0, None));
}

pub async fn an_unawaited_commit_counts(backend: &impl Backend) {
    let store = backend.open().await;
    drop(store.commit(vec![line("c", "1", "first")]));
    store.commit(vec![line("c", "1", "second")]).await.unwrap();
    assert_eq!(lines(&store, "c").await, pairs(&[("c/1", "second")]));
    let long = "x".repeat(20_000);
    for n in 0..300 {
        drop(store.commit(vec![line("d", &n.to_string(), &long)]));
    }
    drop(store);
    let store = backend.open().await;
    let found = store.group(Table::Line, "d").await.unwrap();
    assert_eq!(found.len(), 300, "closing waits for them");
}
