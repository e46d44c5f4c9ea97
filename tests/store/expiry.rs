//! The contract's articles about time.

use std::time::{Duration, Instant};

use warmline::store::Table;

use crate::contract::{Backend, lines, pairs};
use crate::rows::{ahead, brief_line, expire, line, past};

pub async fn what_expired_is_unseen(backend: &impl Backend) {
    let store = backend.open().await;
    let soon = ahead(Duration::from_millis(400));
    let later = ahead(Duration::from_secs(600));
    let changes = vec![
        brief_line("c", "gone", past()),
        brief_line("c", "later", later),
        brief_line("c", "soon", soon),
    ];
    store.commit(changes).await.unwrap();
    let found = store.group(Table::Line, "c").await.unwrap();
    if ahead(Duration::ZERO) < soon {
        assert_eq!(found.len(), 2);
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while store.get(Table::Line, "c", "soon").await.unwrap().is_some() {
        assert!(Instant::now() < deadline, "it never expires");
    }
    assert!(ahead(Duration::ZERO) >= soon, "it expired too early");
    assert_eq!(lines(&store, "c").await, pairs(&[("c/later", "brief")]));
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 1);
    assert_eq!(store.get(Table::Line, "c", "gone").await.unwrap(), None);
}

pub async fn a_group_expires_together(backend: &impl Backend) {
    let store = backend.open().await;
    let later = ahead(Duration::from_secs(600));
    let changes = vec![
        line("c", "1", ""),
        brief_line("c", "2", ahead(Duration::from_secs(5))),
        line("d", "1", ""),
        expire("c", later),
        line("c", "3", ""),
        expire("nobody", past()),
    ];
    store.commit(changes).await.unwrap();
    let found = store.group(Table::Line, "c").await.unwrap();
    let expiries: Vec<_> = found.iter().map(|row| row.expires).collect();
    assert_eq!(expiries, [Some(later), Some(later), None]);
    store.commit(vec![expire("c", past())]).await.unwrap();
    assert_eq!(lines(&store, "c").await, []);
    assert_eq!(lines(&store, "d").await, pairs(&[("d/1", "")]));
}

pub async fn expiry_does_not_wake_the_dead(backend: &impl Backend) {
    let store = backend.open().await;
    // In one commit, or the store might have deleted the dead row in between.
    let changes = vec![
        brief_line("c", "1", past()),
        line("c", "2", ""),
        expire("c", ahead(Duration::from_secs(600))),
    ];
    store.commit(changes).await.unwrap();
    assert_eq!(lines(&store, "c").await, pairs(&[("c/2", "")]));
}

pub async fn an_expiry_can_be_taken_back(backend: &impl Backend) {
    let store = backend.open().await;
    let soon = ahead(Duration::from_millis(300));
    let changes = vec![brief_line("c", "1", soon), brief_line("c", "2", soon)];
    store.commit(changes).await.unwrap();
    store.commit(vec![line("c", "1", "stays")]).await.unwrap();
    crate::patience::until("the other one expires", async || {
        lines(&store, "c").await.len() == 1
    })
    .await;
    assert_eq!(lines(&store, "c").await, pairs(&[("c/1", "stays")]));
    store.commit(vec![expire("c", past())]).await.unwrap();
    store.commit(vec![line("c", "2", "again")]).await.unwrap();
    assert_eq!(lines(&store, "c").await, pairs(&[("c/2", "again")]));
}

pub async fn rows_are_counted(backend: &impl Backend) {
    let store = backend.open().await;
    let minutes = |n: u64| ahead(Duration::from_secs(60 * n));
    let mut changes = vec![
        line("c", "1", ""),
        brief_line("c", "2", minutes(10)),
        brief_line("c", "3", minutes(30)),
        brief_line("c", "4", past()),
        brief_line("d", "1", past()),
    ];
    changes.extend((0..250).map(|n| line(&n.to_string(), "1", "")));
    store.commit(changes).await.unwrap();
    assert_eq!(store.count(Table::Line, minutes(0)).await.unwrap(), 253);
    assert_eq!(store.count(Table::Line, minutes(20)).await.unwrap(), 252);
    assert_eq!(store.count(Table::Line, minutes(40)).await.unwrap(), 251);
    assert_eq!(store.count(Table::Seen, minutes(0)).await.unwrap(), 0);
}
