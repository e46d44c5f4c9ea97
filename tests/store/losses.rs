//! Redis fails: it ends and comes back, with its data, with older data, with none; or it refuses.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use warmline::store::{self, Place, RedisPlace, Servers, Store, StoreError, Table, Tls};

use crate::patience::until;
use crate::rows::{line, texts};
use crate::servers::{nodes, one, open, watched};
use crate::support::redis::{Cluster, Redis, Watched};
use crate::support::tls::Certificates;

async fn lines(store: &Arc<dyn Store>) -> usize {
    store.load(Table::Line).await.unwrap().len()
}

async fn refused(store: &Arc<dyn Store>) -> String {
    let error = store.commit(vec![line("c", "no", "")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    error.to_string()
}

/// As the engine does after a commit that failed.
async fn answers_again(store: &Arc<dyn Store>) {
    until("the store answers again", async || {
        store.commit(vec![]).await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_with_its_data_all_goes_on() {
    let mut redis = Redis::start();
    let store = open(&one(&redis)).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    for turn in 2..4 {
        redis.stop();
        refused(&store).await;
        refused(&store).await;
        assert!(store.load(Table::Line).await.is_err());
        redis.start_again();
        answers_again(&store).await;
        let key = turn.to_string();
        store.commit(vec![line("c", &key, "")]).await.unwrap();
        assert_eq!(lines(&store).await, turn);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_lost_answer_it_is_asked_first_what_the_store_holds() {
    let mut redis = Redis::start();
    let store = open(&one(&redis)).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    redis.kill();
    refused(&store).await;
    redis.start_again();
    let told = refused(&store).await;
    assert!(told.contains("must be read again first"), "{told}");
    answers_again(&store).await;
    store.commit(vec![line("c", "2", "")]).await.unwrap();
    assert_eq!(lines(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_redis_is_killed() {
    let mut redis = Redis::start();
    let store = open(&one(&redis)).await;
    let mut kept = HashSet::new();
    for round in 0..3 {
        let (acknowledged, mut told) = tokio::sync::mpsc::unbounded_channel();
        for writer in 0..8 {
            let (store, acknowledged) = (store.clone(), acknowledged.clone());
            tokio::spawn(async move {
                for turn in 0_u32.. {
                    let key = format!("{round}-{writer}-{turn:06}");
                    let text = "x".repeat(usize::try_from(turn % 50).unwrap() * 40);
                    let pair = vec![line("left", &key, &text), line("right", &key, &text)];
                    if store.commit(pair).await.is_err() || acknowledged.send(key).is_err() {
                        return;
                    }
                }
            });
        }
        drop(acknowledged);
        for _ in 0..(300 * (round + 1)) {
            kept.insert(told.recv().await.unwrap());
        }
        redis.kill();
        while let Some(key) = told.recv().await {
            kept.insert(key);
        }
        redis.start_again();
        answers_again(&store).await;
        let keys = async |group| {
            let rows = store.group(Table::Line, group).await.unwrap();
            rows.into_iter().map(|row| row.key).collect::<HashSet<_>>()
        };
        let (left, right) = (keys("left").await, keys("right").await);
        assert_eq!(left, right, "half of a commit is there");
        assert!(kept.is_subset(&left), "{}", kept.difference(&left).count());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_does_not_come_is_a_failure_and_what_is_found_later_stays() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    redis.signal("STOP");
    let told = store.commit(vec![line("c", "2", "")]).await.unwrap_err();
    assert!(
        told.to_string().contains("does not answer in time"),
        "{told}"
    );
    redis.signal("CONT");
    answers_again(&store).await;
    // Whether it was applied is not known; but from now on it stays as it is.
    let found = lines(&store).await;
    store.commit(vec![line("c", "3", "")]).await.unwrap();
    assert_eq!(lines(&store).await, found + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_came_back_empty_is_not_written_into() {
    let mut redis = Redis::start();
    let store = open(&one(&redis)).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    let data = redis.copy_data();
    redis.kill();
    redis.replace_data(None);
    redis.start_again();
    until("it is noticed", async || {
        matches!(store.commit(vec![]).await, Err(StoreError::Emptied))
    })
    .await;
    let error = store.commit(vec![line("c", "2", "")]).await.unwrap_err();
    assert!(matches!(
        error,
        StoreError::Emptied | StoreError::Unavailable(_)
    ));
    assert_eq!(redis.ask::<i64>(&["DBSIZE"]), 0, "nothing was written");
    // Its data is brought back: it goes on.
    redis.kill();
    redis.replace_data(Some(&data));
    redis.start_again();
    answers_again(&store).await;
    store.commit(vec![line("c", "2", "")]).await.unwrap();
    assert_eq!(lines(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_start_accepts_an_empty_store() {
    let mut redis = Redis::start();
    let store = open(&one(&redis)).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    redis.kill();
    redis.replace_data(None);
    redis.start_again();
    assert!(store.commit(vec![line("c", "2", "")]).await.is_err());
    drop(store);
    let store = open(&one(&redis)).await;
    store.commit(vec![line("c", "3", "")]).await.unwrap();
    assert_eq!(lines(&store).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_came_back_older_says_how_much_is_lost_and_goes_on() {
    let mut redis = Redis::start();
    let store = open(&one(&redis)).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    let data = redis.copy_data();
    for key in ["2", "3", "4"] {
        store.commit(vec![line("c", key, "")]).await.unwrap();
    }
    redis.kill();
    redis.replace_data(Some(&data));
    redis.start_again();
    // The connection is made anew by whoever asks first, here for the lease.
    until("the lease is renewed", async || {
        redis.ask::<i64>(&["EXISTS", "wl1:{tests}:lease"]) == 1
    })
    .await;
    // Somebody else than the engine may be the first to run into it.
    refused(&store).await;
    let mut lost = None;
    until("it is noticed", async || match store.commit(vec![]).await {
        Err(StoreError::Older { lost: count }) => {
            lost = Some(count);
            true
        }
        other => {
            assert!(other.is_err(), "not before it was told");
            false
        }
    })
    .await;
    assert_eq!(lost, Some(3));
    refused(&store).await;
    store.commit(vec![]).await.unwrap();
    let found = texts(&store.load(Table::Line).await.unwrap());
    assert_eq!(found, [("c/1".into(), String::new())]);
    store.commit(vec![line("c", "5", "")]).await.unwrap();
    assert_eq!(lines(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_store_s_data_is_not_taken_for_its_own() {
    let (mut redis, other) = (Redis::start(), Redis::start());
    let store = open(&one(&redis)).await;
    let stranger = open(&one(&other)).await;
    stranger
        .commit(vec![line("c", "strange", "")])
        .await
        .unwrap();
    drop(stranger);
    redis.kill();
    redis.replace_data(Some(&other.copy_data()));
    redis.start_again();
    until("it is noticed", async || {
        matches!(store.commit(vec![]).await, Err(StoreError::Replaced))
    })
    .await;
    let error = store.commit(vec![line("c", "2", "")]).await.unwrap_err();
    assert!(!matches!(error, StoreError::TakenOver), "{error}");
    let rows: i64 = redis.ask(&["HLEN", "wl1:{tests}:r:line:c"]);
    assert_eq!(rows, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_refuses_has_a_reason_and_passes() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let set = |name: &str, value: &str| {
        let _: String = redis.ask(&["CONFIG", "SET", name, value]);
    };
    set("maxmemory", "1");
    assert!(refused(&store).await.contains("OOM"));
    set("maxmemory", "0");
    store.commit(vec![line("c", "1", "")]).await.unwrap();

    let none = crate::support::process::free_port().to_string();
    let _: String = redis.ask(&["REPLICAOF", "127.0.0.1", &none]);
    assert!(refused(&store).await.contains("READONLY"));
    let _: String = redis.ask(&["REPLICAOF", "NO", "ONE"]);
    store.commit(vec![line("c", "2", "")]).await.unwrap();

    set("min-replicas-to-write", "1");
    assert!(refused(&store).await.contains("NOREPLICAS"));
    set("min-replicas-to-write", "0");
    store.commit(vec![line("c", "3", "")]).await.unwrap();

    let _: String = redis.ask(&["SCRIPT", "FLUSH"]);
    store.commit(vec![line("c", "4", "")]).await.unwrap();
    assert_eq!(lines(&store).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_takes_no_more_is_told() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    // A snapshot cannot take the place of a directory.
    std::fs::create_dir(redis.dir().join("dump.rdb")).unwrap();
    let _: String = redis.ask(&["CONFIG", "SET", "save", "3600 1"]);
    let _: String = redis.ask(&["BGSAVE"]);
    until("the snapshot fails", async || {
        redis
            .ask::<String>(&["INFO", "persistence"])
            .contains("rdb_last_bgsave_status:err")
    })
    .await;
    assert!(refused(&store).await.contains("MISCONF"));
    let _: String = redis.ask(&["CONFIG", "SET", "save", ""]);
    store.commit(vec![line("c", "1", "")]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_needed_and_never_told() {
    let redis = Redis::with(&["--requirepass", "hunter2"]);
    let place = |password: Option<&str>| RedisPlace {
        password: password.map(str::to_owned),
        ..one(&redis)
    };
    let begun = std::time::Instant::now();
    for wrong in [None, Some("hunter3")] {
        let place = Place::Redis(place(wrong));
        let error = store::open(&place).await.err().unwrap();
        assert!(
            matches!(error, StoreError::BadUrl(_)),
            "{wrong:?} {error:?}"
        );
        let told = format!("{error} {error:?} {place} {place:?}");
        assert!(!told.contains("hunter"), "{told}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "it does not try on"
    );
    let store = open(&place(Some("hunter2"))).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    drop(store);
    let rules = "on >hunter4 ~wl1:{tests}:* +@all -@admin -@dangerous";
    let rules: Vec<&str> = rules.split(' ').collect();
    let setting = [&["--user", "desk"], rules.as_slice()].concat();
    let redis = Redis::with(&setting);
    let desk = RedisPlace {
        user: Some("desk".into()),
        password: Some("hunter4".into()),
        ..one(&redis)
    };
    let store = open(&desk).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    assert_eq!(lines(&store).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_waits_for_a_redis_that_is_not_there_yet_and_a_look_does_not() {
    let mut redis = Redis::start();
    redis.kill();
    let place = Place::Redis(one(&redis));
    let error = store::peek(&place).await.err().unwrap();
    assert!(error.to_string().contains("connection refused"), "{error}");
    let starting = tokio::spawn(async move { store::open(&place).await });
    redis.start_again();
    let store = starting.await.unwrap().unwrap();
    store.commit(vec![line("c", "1", "")]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_over_tls_with_an_authority_of_its_own() {
    let (ours, theirs) = (Certificates::make(), Certificates::make());
    let port = crate::support::process::free_port();
    let file = |name: &str| ours.file(name).display().to_string();
    let _redis = Redis::with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-auth-clients",
        "no",
        "--tls-cert-file",
        &file("server.pem"),
        "--tls-key-file",
        &file("server.key"),
        "--tls-ca-cert-file",
        &file("ca.pem"),
    ]);
    let place = |ca: &Certificates| RedisPlace {
        tls: Some(Tls {
            ca_file: Some(ca.file("ca.pem")),
        }),
        ..crate::servers::place(Servers::One(store::Host("localhost".into(), port)))
    };
    let store = open(&place(&ours)).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    assert_eq!(lines(&store).await, 1);
    let error = store::peek(&Place::Redis(place(&theirs))).await.err();
    let told = error.unwrap().to_string();
    assert!(told.contains("certificate"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sentinels_choice_is_followed() {
    let mut servers = Watched::start();
    let store = open(&watched(&servers)).await;
    for key in 0..20 {
        store
            .commit(vec![line("c", &key.to_string(), "")])
            .await
            .unwrap();
    }
    until("the replica has all", async || {
        let rows: i64 = servers.second.ask(&["HLEN", "wl1:{tests}:r:line:c"]);
        rows == 20
    })
    .await;
    servers.first.kill();
    refused(&store).await;
    answers_again(&store).await;
    assert_eq!(lines(&store).await, 20);
    store.commit(vec![line("c", "after", "")]).await.unwrap();
    let rows: i64 = servers.second.ask(&["HLEN", "wl1:{tests}:r:line:c"]);
    assert_eq!(rows, 21, "the former replica is written to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_a_cluster_ends_and_comes_back() {
    let mut cluster = Cluster::start();
    let store = open(&nodes(&cluster)).await;
    store.commit(vec![line("c", "1", "")]).await.unwrap();
    for node in cluster.nodes() {
        node.stop();
    }
    refused(&store).await;
    for node in cluster.nodes() {
        node.start_again();
    }
    answers_again(&store).await;
    store.commit(vec![line("c", "2", "")]).await.unwrap();
    assert_eq!(lines(&store).await, 2);
}
