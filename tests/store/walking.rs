//! The contract's articles about reading a group from a key on.

use std::sync::Arc;
use std::time::Duration;

use warmline::store::{Change, Put, Row, Store, Table};

use crate::contract::Backend;
use crate::rows::{ahead, past, row};
use crate::servers::{one, open};
use crate::support::redis::Redis;

/// A table that is read so, and one that usually is not.
const TABLES: [Table; 2] = [Table::Event, Table::Line];

fn put(table: Table, key: &str) -> Change {
    Change::Put(row(table, "g", key, key))
}

fn keys(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.key.as_str()).collect()
}

async fn after(store: &Arc<dyn Store>, (table, key, most): (Table, &str, usize)) -> Vec<Row> {
    store.after((table, "g"), key, most).await.unwrap()
}

async fn before(
    store: &Arc<dyn Store>,
    (table, key, most): (Table, Option<&str>, usize),
) -> Vec<Row> {
    store.before((table, "g"), key, most).await.unwrap()
}

async fn filled(backend: &impl Backend) -> Arc<dyn Store> {
    let store = backend.open().await;
    for table in TABLES {
        let mut changes = ["3", "1", "é", "2"].map(|key| put(table, key)).to_vec();
        changes.push(Change::Put(row(table, "other", "3", "x")));
        store.commit(changes).await.unwrap();
    }
    store
}

pub async fn what_comes_after_a_key(backend: &impl Backend) {
    let store = filled(backend).await;
    for table in TABLES {
        for (key, most, expected) in [
            ("1", 2, vec!["2", "3"]),
            ("", 9, vec!["1", "2", "3", "é"]),
            ("25", 9, vec!["3", "é"]),
            ("é", 9, vec![]),
            ("", 0, vec![]),
        ] {
            let found = after(&store, (table, key, most)).await;
            assert_eq!(keys(&found), expected, "{table:?} after {key:?}");
        }
        let none = store.after((table, "none"), "", 9).await.unwrap();
        assert_eq!(none, []);
    }
    let found = after(&store, (Table::Event, "2", 1)).await;
    assert_eq!(found, [row(Table::Event, "g", "3", "3")]);
}

pub async fn what_comes_before_a_key(backend: &impl Backend) {
    let store = filled(backend).await;
    for table in TABLES {
        for (key, most, expected) in [
            (None, 2, vec!["é", "3"]),
            (None, 9, vec!["é", "3", "2", "1"]),
            (Some("3"), 9, vec!["2", "1"]),
            (Some("25"), 1, vec!["2"]),
            (Some("1"), 9, vec![]),
            (Some(""), 9, vec![]),
        ] {
            let found = before(&store, (table, key, most)).await;
            assert_eq!(keys(&found), expected, "{table:?} before {key:?}");
        }
    }
}

/// Deleted, replaced, expired alone and expired with the group.
pub async fn walks_pass_over_what_is_gone(backend: &impl Backend) {
    let store = filled(backend).await;
    for table in TABLES {
        let expires = Some(past());
        let dead = Put {
            expires,
            ..row(table, "g", "15", "dead")
        };
        let gone = Change::Delete {
            table,
            group: "g".into(),
            key: "2".into(),
        };
        let again = Change::Put(row(table, "g", "3", "again"));
        store
            .commit(vec![Change::Put(dead), gone, again])
            .await
            .unwrap();
        assert_eq!(keys(&after(&store, (table, "", 2)).await), ["1", "3"]);
        let found = before(&store, (table, Some("é"), 9)).await;
        assert_eq!(keys(&found), ["3", "1"]);
        assert_eq!(found[0].value, b"again");
        let over = Change::ExpireGroup {
            table,
            group: "g".into(),
            at: past(),
        };
        store.commit(vec![over]).await.unwrap();
        assert_eq!(after(&store, (table, "", 9)).await, []);
        store.commit(vec![put(table, "0")]).await.unwrap();
        assert_eq!(keys(&before(&store, (table, None, 9)).await), ["0"]);
    }
}

/// More rows than any store gives in one piece, page by page in both directions.
pub async fn long_walks(backend: &impl Backend) {
    const ROWS: usize = 2_300;
    let store = backend.open().await;
    let name = |n: usize| format!("{n:012}");
    for table in TABLES {
        let soon = Some(ahead(Duration::from_secs(600)));
        let changes = (0..ROWS).map(|n| {
            // Every third is dead.
            let expires = if n % 3 == 0 { Some(past()) } else { soon };
            let put = row(table, "g", &name(n), "x");
            Change::Put(Put { expires, ..put })
        });
        store.commit(changes.collect()).await.unwrap();
        let alive: Vec<String> = (0..ROWS).filter(|n| n % 3 > 0).map(name).collect();
        let (mut found, mut place) = (Vec::new(), String::new());
        loop {
            let page = after(&store, (table, &place, 700)).await;
            found.extend(page.iter().map(|row| row.key.clone()));
            match page.last().filter(|_| page.len() == 700) {
                Some(last) => place.clone_from(&last.key),
                None => break,
            }
        }
        assert_eq!(found, alive, "{table:?}");
        let back = before(&store, (table, None, ROWS)).await;
        assert!(keys(&back).into_iter().eq(alive.iter().rev()), "{table:?}");
    }
}

const ORDER: &str = "wl1:{tests}:k:event:g";

/// Only what is asked for is read, and the set of keys goes when the rows do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_reads_no_more_than_is_asked_for() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let all: Vec<Change> = (0..500)
        .map(|n| put(Table::Event, &format!("{n:03}")))
        .collect();
    store.commit(all).await.unwrap();
    let reset: String = redis.ask(&["CONFIG", "RESETSTAT"]);
    assert_eq!(reset, "OK");
    assert_eq!(after(&store, (Table::Event, "480", 10)).await.len(), 10);
    assert_eq!(before(&store, (Table::Event, None, 5)).await.len(), 5);
    let stats: String = redis.ask(&["INFO", "commandstats"]);
    for whole in ["hgetall", "hscan", "hkeys", "hvals"] {
        assert!(!stats.contains(whole), "{stats}");
    }
    for part in ["zrangebylex:calls=1,", "zrevrangebylex:calls=1,"] {
        assert!(stats.contains(&format!("cmdstat_{part}")), "{stats}");
    }
    let over = Change::ExpireGroup {
        table: Table::Event,
        group: "g".into(),
        at: ahead(Duration::from_secs(600)),
    };
    store.commit(vec![over]).await.unwrap();
    assert!(redis.ask::<i64>(&["PTTL", ORDER]) > 0);
    let gone = (0..500).map(|n| Change::Delete {
        table: Table::Event,
        group: "g".into(),
        key: format!("{n:03}"),
    });
    store.commit(gone.collect()).await.unwrap();
    assert_eq!(redis.ask::<i64>(&["EXISTS", ORDER]), 0);
}

/// Rows that a version of before wrote have no set of keys, until one of them changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_before_are_read_too_and_put_in_order() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let all = ["1", "2", "3", "4"].map(|key| put(Table::Event, key));
    store.commit(all.to_vec()).await.unwrap();
    for lost in ["all of it", "a part of it"] {
        match lost {
            "all of it" => assert_eq!(redis.ask::<i64>(&["DEL", ORDER]), 1),
            _ => assert_eq!(redis.ask::<i64>(&["ZREM", ORDER, "3"]), 1),
        }
        assert_eq!(
            keys(&after(&store, (Table::Event, "1", 2)).await),
            ["2", "3"]
        );
        let found = before(&store, (Table::Event, Some("4"), 2)).await;
        assert_eq!(keys(&found), ["3", "2"]);
        store.commit(vec![put(Table::Event, "2")]).await.unwrap();
        assert_eq!(redis.ask::<i64>(&["ZCARD", ORDER]), 4, "{lost}");
    }
}
