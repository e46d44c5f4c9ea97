//! The log of events on a store of its own: what is held until an event is stored, and how much is
//! read of a feed.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use serde_json::json;
use warmline::chat_api::log::{Beside, Entry, Event, EventLog, FeedName, Since};
use warmline::ids::Timestamp;
use warmline::store::{Change, Embedded, Put, Store, Table};
use warmline::users::{Held, Reached};

use super::patience;

const HOUR: Duration = Duration::from_secs(3600);

fn entry(number: usize) -> Entry {
    Entry::new("chatapi.chat", &json!({ "n": number }))
}

fn waiting(key: &str) -> Put {
    Put {
        table: Table::Waiting,
        group: "alice".into(),
        key: key.into(),
        value: b"{}".to_vec(),
        expires: Some(Timestamp(i64::MAX)),
    }
}

fn held(key: &str) -> Held {
    Held {
        username: "alice".into(),
        key: key.into(),
        stanza: "<message/>".into(),
    }
}

fn beside(held: Held) -> Beside {
    Beside {
        held: vec![held],
        ..Beside::default()
    }
}

/// All that is stored of a feed, in order.
async fn stored(log: &EventLog, feed: &FeedName) -> Vec<Event> {
    let mut all = Vec::new();
    let look = |event: &Event| {
        all.push(event.clone());
        None::<()>
    };
    log.find_back(feed, None, look).await.unwrap();
    all.reverse();
    all
}

/// A visitor's feed may be long: it is read backwards, by pages, and no further than is needed.
#[tokio::test(flavor = "multi_thread")]
async fn something_is_found_from_the_end_on_by_pages() {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(dir.path()).unwrap());
    let log = EventLog::start(store.clone(), HOUR);
    let feed = FeedName::user("alice@acme.example");
    for count in [0, 1, 255, 256, 257, 512, 700] {
        let have = stored(&log, &feed).await.len();
        let more: Vec<Entry> = (have..count).map(entry).collect();
        log.append(&feed, None, more).await.unwrap();
        let all = stored(&log, &feed).await;
        let numbers: Vec<Entry> = all.iter().map(|event| event.entry.clone()).collect();
        let expected: Vec<Entry> = (0..count).map(entry).collect();
        assert!(numbers == expected, "{count}: each once, in order");
    }
    let all = stored(&log, &feed).await;
    for (before, wanted) in [(None, 3), (None, 699), (Some(600), 599), (Some(600), 0)] {
        let mut looked = 0;
        let look = |event: &Event| {
            looked += 1;
            (event.entry == entry(wanted)).then_some(event.id)
        };
        let from = before.map(|place: usize| all[place].id);
        let found = log.find_back(&feed, from, look).await.unwrap();
        assert_eq!(found, Some(all[wanted].id));
        assert_eq!(
            looked,
            before.unwrap_or(700) - wanted,
            "no further than that"
        );
    }
}

/// A store that fails is owed so many bytes of events; whoever tells of more waits, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_noted_while_the_store_fails_has_a_bound() {
    const LARGE: usize = 256 * 1024;
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(dir.path()).unwrap());
    let log = EventLog::start(store.clone(), HOUR);
    let feed = FeedName::user("alice@acme.example");
    let other = rusqlite::Connection::open(dir.path().join("warmline.db")).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        .unwrap();
    let large = |number: usize| {
        let text = "x".repeat(LARGE);
        vec![Entry::new(
            "chatapi.chat",
            &json!({"n": number, "text": text}),
        )]
    };
    let mut taken = 0;
    while log
        .note(&feed, large(taken), Beside::default())
        .now_or_never()
        .is_some()
    {
        taken += 1;
        assert!(taken < 1_000, "there is no bound");
    }
    assert_eq!(taken, 63, "as many as 16 MiB hold");
    let waits = {
        let (log, feed) = (log.clone(), feed.clone());
        let last = large(taken);
        tokio::spawn(async move { log.note(&feed, last, Beside::default()).await })
    };
    assert!(stored(&log, &feed).await.is_empty());
    other.execute_batch("DROP TRIGGER broken").unwrap();
    waits.await.unwrap();
    patience::until("all are stored", async || {
        stored(&log, &feed).await.len() == taken + 1
    })
    .await;
    let all = stored(&log, &feed).await;
    let numbers: Vec<bool> = all
        .iter()
        .enumerate()
        .map(|(number, event)| event.entry == large(number)[0])
        .collect();
    assert!(numbers.iter().all(|right| *right), "in order");
}

/// What is held goes in the commit that stores its events, and not without it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_goes_when_its_event_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(dir.path()).unwrap());
    let rows = ["1", "2", "3"].map(|key| Change::Put(waiting(key)));
    store.commit(rows.to_vec()).await.unwrap();
    let log = EventLog::start(store.clone(), HOUR);
    let feed = FeedName::user("alice@acme.example");
    log.note(&feed, vec![entry(1)], beside(held("1"))).await;
    // Something may come of which nothing is shown.
    log.note(&feed, Vec::new(), beside(held("3"))).await;
    patience::until("two are gone", async || {
        let left = store.group(Table::Waiting, "alice").await.unwrap();
        left.len() == 1 && left[0].key == "2"
    })
    .await;
    assert_eq!(stored(&log, &feed).await.len(), 1);
}

/// How far a user was told stands in the store when the event does; the last place counts, and one
/// that is given up is deleted.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_in_an_archive_is_stored_with_its_event() {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(dir.path()).unwrap());
    let log = EventLog::start(store.clone(), HOUR);
    let feed = FeedName::user("alice@acme.example");
    let place = |archive: &str, place: Option<&str>| Reached {
        user: "alice@acme.example".into(),
        archive: archive.into(),
        place: place.map(|place| place.as_bytes().into()),
    };
    let reached = |reached| Beside {
        reached,
        ..Beside::default()
    };
    let first = vec![place("a", Some("1")), place("r", Some("1"))];
    log.note(&feed, vec![entry(1)], reached(first)).await;
    let second = vec![place("a", Some("2")), place("r", None)];
    log.note(&feed, Vec::new(), reached(second)).await;
    patience::until("the last place", async || {
        let rows = store
            .group(Table::Heard, "alice@acme.example")
            .await
            .unwrap();
        rows.len() == 1 && rows[0].value == b"2" && rows[0].expires.is_some()
    })
    .await;
    assert_eq!(stored(&log, &feed).await.len(), 1);
}

/// Whoever comes back to a feed that somebody reads is given what is live, and no less than all.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_misses_nothing_whether_it_is_live_or_stored() {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(dir.path()).unwrap());
    let log = EventLog::start(store.clone(), HOUR);
    let feed = FeedName::user("alice@acme.example");
    for number in 0..5 {
        log.append(&feed, None, vec![entry(number)]).await.unwrap();
    }
    // From here on the feed is live, above what was there before.
    let mut first = log.open(&feed, Since::Unseen).await.unwrap().unwrap();
    let mut all = Vec::new();
    // Few enough to be live all of them, then more than that.
    for (count, places) in [(20, vec![0, 2, 4, 5, 10]), (1_200, vec![0, 5, 700, 1_198])] {
        for number in all.len().max(5)..count {
            log.append(&feed, None, vec![entry(number)]).await.unwrap();
        }
        let stored = stored(&log, &feed).await;
        all = stored.iter().map(|event| event.id).collect();
        assert_eq!(all.len(), count);
        for place in places {
            let since = Since::Id(all[place]);
            let mut reader = log.open(&feed, since).await.unwrap().unwrap();
            for id in &all[place + 1..] {
                assert_eq!(reader.next().await.unwrap().id, *id, "after {place}");
            }
        }
    }
    for id in &all[5..] {
        assert_eq!(first.next().await.unwrap().id, *id);
    }
}

/// The end of a feed is known whether it is live or stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_over_is_over_for_all() {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(dir.path()).unwrap());
    let log = EventLog::start(store.clone(), HOUR);
    let feed = FeedName::user("alice@acme.example");
    let mut reader = log.open(&feed, Since::Unseen).await.unwrap().unwrap();
    let goodbye = vec![entry(0), entry(1).last()];
    log.append(&feed, None, goodbye).await.unwrap();
    let last = stored(&log, &feed).await.pop().unwrap().id;
    for _ in 0..2 {
        assert!(reader.next().await.is_some());
    }
    let live = log.open(&feed, Since::Id(last)).await.unwrap();
    assert!(live.is_none(), "while it is live");
    assert!(reader.next().await.is_none());
    drop(reader);
    let stored = log.open(&feed, Since::Id(last)).await.unwrap();
    assert!(stored.is_none(), "from the store");
    log.append(&feed, None, vec![entry(2)]).await.unwrap();
    let mut again = log.open(&feed, Since::Id(last)).await.unwrap().unwrap();
    assert_eq!(again.next().await.unwrap().entry, entry(2));
}
