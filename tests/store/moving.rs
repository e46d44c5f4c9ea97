//! Moving everything between an embedded store and a Redis, both ways.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use warmline::store::{
    self, Change, MoveError, Place, Progress, Put, Row, Store, StoreError, Table,
};

use crate::crash::{child, childs_dir, tell, told};
use crate::rows::{ahead, brief_line, line, past, row};
use crate::servers::one;
use crate::support::redis::Redis;

/// How many rows `fill` writes.
const ROWS: u64 = 1_800 * Table::ALL.len() as u64;

async fn open(place: &Place) -> Arc<dyn Store> {
    store::open(place).await.unwrap()
}

async fn all_of(store: &dyn Store) -> Vec<Row> {
    let mut rows = Vec::new();
    for table in Table::ALL.iter().copied() {
        rows.extend(store.load(table).await.unwrap());
    }
    rows
}

/// Rows of every table, groups narrow and wide, with and without expiry.
async fn fill(place: &Place) -> Vec<Row> {
    let store = open(place).await;
    let later = Some(ahead(Duration::from_secs(100_000)));
    for table in Table::ALL.iter().copied() {
        let put = |group: String, key: usize, expires| {
            let row = row(table, &group, &format!("{key:05}"), &"v".repeat(key % 300));
            Change::Put(Put { expires, ..row })
        };
        let mut changes: Vec<Change> = (0..1_500).map(|n| put("wide".into(), n, later)).collect();
        changes.extend((0..300).map(|n| put(format!("narrow {n}"), n, None)));
        changes.push(brief_line("c", "gone", past()));
        store.commit(changes).await.unwrap();
    }
    all_of(store.as_ref()).await
}

async fn moved(from: &Place, to: &Place) -> Result<u64, MoveError> {
    let mut told = Vec::new();
    let rows = store::move_all((from, to), ahead(Duration::ZERO), |now| told.push(now)).await?;
    assert!(told.len() > 5, "it tells how far it is");
    assert_eq!(
        told.last(),
        Some(&Progress {
            moved: rows,
            all: rows
        })
    );
    Ok(rows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_and_back_nothing_is_lost_or_changed() {
    let (home, back, redis) = (
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
        Redis::start(),
    );
    let (first, last) = (
        Place::Embedded(home.path().into()),
        Place::Embedded(back.path().into()),
    );
    let middle = Place::Redis(one(&redis));
    let rows = fill(&first).await;
    assert_eq!(rows.len() as u64, ROWS);
    assert_eq!(moved(&first, &middle).await.unwrap(), ROWS);
    let store = open(&middle).await;
    assert!(all_of(store.as_ref()).await == rows, "in Redis");
    drop(store);
    assert_eq!(moved(&middle, &last).await.unwrap(), ROWS);
    for place in [&first, &middle, &last] {
        let store = open(place).await;
        assert!(all_of(store.as_ref()).await == rows, "in {place}");
        assert_eq!(store.load(Table::Move).await.unwrap(), [], "no mark stays");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_moved_is_refused_and_left_alone() {
    let (home, redis) = (TempDir::new().unwrap(), Redis::start());
    let (from, to) = (
        Place::Embedded(home.path().join("a")),
        Place::Redis(one(&redis)),
    );
    let error = moved(&from, &to).await.unwrap_err();
    assert!(
        error.to_string().contains("there is no store in"),
        "{error}"
    );
    let source = open(&from).await;
    source.commit(vec![line("c", "1", "")]).await.unwrap();
    let error = moved(&from, &to).await.unwrap_err();
    assert!(
        error.to_string().contains("another process runs"),
        "{error}"
    );
    drop(source);
    let target = open(&to).await;
    target.commit(vec![line("d", "1", "own")]).await.unwrap();
    let error = moved(&from, &to).await.unwrap_err();
    assert!(
        error.to_string().contains("another process runs"),
        "{error}"
    );
    drop(target);
    let error = moved(&from, &to).await.unwrap_err();
    assert!(matches!(error, MoveError::NotEmpty(_)), "{error}");
    let error = moved(&from, &from).await.unwrap_err();
    assert!(matches!(error, MoveError::Itself(_)), "{error}");
    let target = open(&to).await;
    assert_eq!(
        all_of(target.as_ref()).await,
        [row(Table::Line, "d", "1", "own")]
    );
}

/// Runs in a process of its own, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_from_the_file() {
    let Some(told) = childs_dir() else { return };
    let (port, dir) = told.to_str().unwrap().split_once(':').unwrap();
    let servers = store::Servers::One(crate::servers::host(&port.parse().unwrap()));
    let to = Place::Redis(crate::servers::place(servers));
    let from = Place::Embedded(dir.into());
    store::move_all((&from, &to), ahead(Duration::ZERO), |now| {
        tell(&format!("moved {}", now.moved));
        if now.moved > 5_000 {
            // Until the kill comes, which finds it in the middle.
            std::thread::park();
        }
    })
    .await
    .unwrap();
}

/// Begins to move, and is killed in the middle.
fn interrupted(home: &TempDir, redis: &Redis) {
    let told_to = format!("{}:{}", redis.port(), home.path().display());
    let mut mover = child("moving::moves_from_the_file", told_to.as_ref(), "");
    let moved = told(&mut mover, "moved ").find(|moved| moved.parse::<u64>().unwrap() > 5_000);
    assert!(moved.is_some());
    mover.kill().unwrap();
    mover.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_move_goes_on_where_it_was() {
    let (home, redis) = (TempDir::new().unwrap(), Redis::start());
    let (from, to) = (
        Place::Embedded(home.path().into()),
        Place::Redis(one(&redis)),
    );
    let rows = fill(&from).await;
    interrupted(&home, &redis);
    let half = store::open(&to).await.err().unwrap();
    assert!(matches!(half, StoreError::HalfMoved), "{half}");
    let mut first = None;
    let all = store::move_all((&from, &to), ahead(Duration::ZERO), |now| {
        first.get_or_insert(now.moved);
    });
    assert_eq!(all.await.unwrap(), ROWS);
    assert!(
        first > Some(4_000),
        "it begins with what is there: {first:?}"
    );
    let store = open(&to).await;
    assert!(all_of(store.as_ref()).await == rows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_source_went_through_after_a_kill_counts() {
    let (home, redis) = (TempDir::new().unwrap(), Redis::start());
    let (from, to) = (
        Place::Embedded(home.path().into()),
        Place::Redis(one(&redis)),
    );
    fill(&from).await;
    interrupted(&home, &redis);
    let other = TempDir::new().unwrap();
    let elsewhere = Place::Embedded(other.path().into());
    drop(open(&elsewhere).await);
    let error = moved(&elsewhere, &to).await.unwrap_err();
    assert!(matches!(error, MoveError::FromElsewhere { .. }), "{error}");
    let source = open(&from).await;
    let gone = Change::Delete {
        table: Table::Conversation,
        group: "wide".into(),
        key: "00007".into(),
    };
    let fresh = Change::Put(row(Table::Conversation, "wide", "00007b", "new"));
    source.commit(vec![gone, fresh]).await.unwrap();
    let rows = all_of(source.as_ref()).await;
    drop(source);
    // Nor does the mark of another move speak for it.
    interrupted(&home, &Redis::start());
    moved(&from, &to).await.unwrap();
    let store = open(&to).await;
    assert!(all_of(store.as_ref()).await == rows);
}
