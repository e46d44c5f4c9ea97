//! What expires in Redis is deleted there, by Redis itself where it can be.

use std::time::Duration;

use warmline::store::{Change, Put, Table};

use crate::patience::until;
use crate::rows::{ahead, brief_line, expire, line, past, row};
use crate::servers::{one, open};
use crate::support::redis::Redis;

fn said(visitor: &str, id: &str, span: Duration) -> Change {
    let put = row(Table::Context, visitor, id, "hello");
    Change::Add(Put {
        expires: Some(ahead(span)),
        ..put
    })
}

const HASH: &str = "wl1:{tests}:r:context:v";
const EXPIRIES: &str = "wl1:{tests}:x:context:v";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_s_context_vanishes_without_anybody_s_doing() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let changes = vec![
        said("v", "1", Duration::from_millis(300)),
        said("v", "2", Duration::from_secs(2)),
    ];
    store.commit(changes).await.unwrap();
    for key in [HASH, EXPIRIES] {
        let left: i64 = redis.ask(&["PTTL", key]);
        assert!((1..=2_000).contains(&left), "{key}: {left}");
    }
    // Nobody runs who could delete it.
    drop(store);
    until("it is gone", async || {
        redis.ask::<i64>(&["EXISTS", HASH, EXPIRIES]) == 0
    })
    .await;
    let store = open(&one(&redis)).await;
    store.commit(vec![]).await.unwrap();
    until("nor is the visitor known any more", async || {
        redis.ask::<i64>(&["EXISTS", "wl1:{tests}:g:context"]) == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_word_keeps_the_context_and_the_earlier_ones_go() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    store
        .commit(vec![said("v", "1", Duration::from_millis(100))])
        .await
        .unwrap();
    store
        .commit(vec![said("v", "2", Duration::from_secs(600))])
        .await
        .unwrap();
    let left: i64 = redis.ask(&["PTTL", HASH]);
    assert!(left > 500_000, "{left}");
    until("the first has expired", async || {
        let first = store.get(Table::Context, "v", "1").await.unwrap();
        first.is_none()
    })
    .await;
    // A start looks at once for what has expired, and then every half minute.
    drop(store);
    let store = open(&one(&redis)).await;
    until("the first is deleted", async || {
        store.commit(vec![]).await.unwrap();
        redis.ask::<i64>(&["HLEN", HASH]) == 1
    })
    .await;
    assert_eq!(store.load(Table::Context).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expired_among_others_is_swept() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let later = ahead(Duration::from_secs(600));
    let mut changes: Vec<_> = (0..1_200)
        .map(|n| brief_line("c", &n.to_string(), past()))
        .collect();
    changes.extend([brief_line("c", "later", later), line("c", "ever", "")]);
    store.commit(changes).await.unwrap();
    drop(store);
    let store = open(&one(&redis)).await;
    until("expired rows are swept", async || {
        redis.ask::<i64>(&["HLEN", "wl1:{tests}:r:line:c"]) == 2
    })
    .await;
    assert_eq!(redis.ask::<i64>(&["PTTL", "wl1:{tests}:r:line:c"]), -1);
    store.commit(vec![expire("c", later)]).await.unwrap();
    assert!(redis.ask::<i64>(&["PTTL", "wl1:{tests}:r:line:c"]) > 0);
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_group_leaves_no_key() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let later = ahead(Duration::from_secs(600));
    let changes = vec![line("c", "1", ""), brief_line("c", "2", later)];
    store.commit(changes).await.unwrap();
    let gone = ["1", "2"].map(|key| crate::rows::delete("c", key));
    store.commit(gone.to_vec()).await.unwrap();
    let mut keys: Vec<String> = redis.ask(&["KEYS", "*"]);
    keys.sort();
    assert_eq!(keys, ["wl1:{tests}:lease", "wl1:{tests}:meta"]);
}
