//! One process at a time on a Redis: who has it, who waits for it, who has lost it.

use std::time::{Duration, Instant};

use warmline::store::{self, Place, RedisPlace, StoreError, Table};

use crate::beside::looks_and_leaves_orders;
use crate::crash::{child, told};
use crate::patience::until;
use crate::rows::{line, texts};
use crate::servers::{one, open};
use crate::support::redis::Redis;

fn standing_by(redis: &Redis) -> RedisPlace {
    RedisPlace {
        standby: true,
        ..one(redis)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_is_refused_and_harms_nobody() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let begun = Instant::now();
    let error = store::open(&Place::Redis(one(&redis))).await.err().unwrap();
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with("another process runs on the store"),
        "{text}"
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    drop(store);
    let begun = Instant::now();
    let store = open(&one(&redis)).await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "it was given back"
    );
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_do_not_know_each_other() {
    let redis = Redis::start();
    let other = RedisPlace {
        partition: "other".into(),
        ..one(&redis)
    };
    let (left, right) = (open(&one(&redis)).await, open(&other).await);
    left.commit(vec![line("c", "1", "left")]).await.unwrap();
    right.commit(vec![line("c", "1", "right")]).await.unwrap();
    let found = texts(&left.load(Table::Line).await.unwrap());
    assert_eq!(found, [("c/1".into(), "left".into())]);
}

/// Runs in a process of its own, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_the_store() {
    let Some(port) = crash_port() else { return };
    let place = crate::servers::place(store::Servers::One(crate::servers::host(&port)));
    let store = open(&place).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    crate::crash::tell("kept it");
    std::future::pending::<()>().await;
}

fn crash_port() -> Option<u16> {
    let port = crate::crash::childs_dir()?;
    port.to_str()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_the_next_waits_for_the_lease_to_run_out_and_then_has_it() {
    let redis = Redis::start();
    let port = redis.port().to_string();
    let mut holder = child("lease::holds_the_store", port.as_ref(), "");
    assert!(told(&mut holder, "kept ").next().is_some());
    holder.kill().unwrap();
    holder.wait().unwrap();
    let begun = Instant::now();
    let store = open(&one(&redis)).await;
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_waits_and_takes_over_within_seconds() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let place = Place::Redis(standing_by(&redis));
    let standby = tokio::spawn(async move { store::open(&place).await });
    let begun = Instant::now();
    // Longer than a lease lasts without renewal.
    until("more than a lease's time has passed", async || {
        store.commit(vec![line("c", "1", "")]).await.unwrap();
        begun.elapsed() > Duration::from_secs(6)
    })
    .await;
    assert!(!standby.is_finished());
    drop(store);
    let begun = Instant::now();
    let store = standby.await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2));
    store.commit(vec![line("c", "2", "")]).await.unwrap();
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_process_keeps_its_lease() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let begun = Instant::now();
    until("more than a lease's time has passed", async || {
        let left: i64 = redis.ask(&["PTTL", "wl1:{tests}:lease"]);
        assert!(left > 0, "it is there all the time");
        begun.elapsed() > Duration::from_secs(6)
    })
    .await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_replaced_writes_nothing_more_and_is_told_to_stop() {
    let redis = Redis::start();
    let old = open(&one(&redis)).await;
    old.commit(vec![line("c", "1", "old")]).await.unwrap();
    // As if it had been cut off for longer than its lease.
    let _: i64 = redis.ask(&["DEL", "wl1:{tests}:lease"]);
    let new = open(&one(&redis)).await;
    let error = old.commit(vec![line("c", "1", "late")]).await.unwrap_err();
    assert!(matches!(error, StoreError::TakenOver), "{error}");
    assert!(matches!(old.lost().await, StoreError::TakenOver));
    assert!(old.commit(vec![]).await.is_err());
    new.commit(vec![line("c", "2", "new")]).await.unwrap();
    let found = texts(&new.load(Table::Line).await.unwrap());
    assert_eq!(
        found,
        [("c/1".into(), "old".into()), ("c/2".into(), "new".into())]
    );
    drop(old);
    let left: i64 = redis.ask(&["PTTL", "wl1:{tests}:lease"]);
    assert!(left > 0, "the old one has given back what is not its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_replaced_stays_so_when_the_other_has_left_again() {
    let redis = Redis::start();
    let old = open(&one(&redis)).await;
    let _: i64 = redis.ask(&["DEL", "wl1:{tests}:lease"]);
    drop(open(&one(&redis)).await);
    let error = old.commit(vec![line("c", "1", "late")]).await.unwrap_err();
    assert!(matches!(error, StoreError::TakenOver), "{error}");
    drop(old);
    let new = open(&one(&redis)).await;
    assert_eq!(new.load(Table::Line).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ran_out_and_that_nobody_took_is_taken_again() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let _: i64 = redis.ask(&["DEL", "wl1:{tests}:lease"]);
    until("it is renewed", async || {
        redis.ask::<i64>(&["PTTL", "wl1:{tests}:lease"]) > 0
    })
    .await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_the_process_one_may_look_and_leave_orders() {
    let redis = Redis::start();
    let place = Place::Redis(one(&redis));
    let missing = store::peek(&place).await.err().unwrap();
    assert!(matches!(missing, StoreError::BadUrl(_)), "{missing}");
    let store = open(&one(&redis)).await;
    let beside = looks_and_leaves_orders(store.as_ref(), &place).await;
    store.commit(vec![line("c", "2", "goes on")]).await.unwrap();
    drop(store);
    assert_eq!(beside.load(Table::Line).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_s_store_is_refused() {
    let redis = Redis::start();
    drop(open(&one(&redis)).await);
    let _: i64 = redis.ask(&["HSET", "wl1:{tests}:meta", "schema", "77"]);
    let place = Place::Redis(one(&redis));
    for opened in [store::open(&place).await, store::peek(&place).await] {
        let error = opened.err().unwrap();
        let newer = matches!(
            error,
            StoreError::TooNew {
                found: 77,
                known: 1
            }
        );
        assert!(newer, "{error}");
    }
}
