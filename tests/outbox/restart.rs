//! What a stop, a crash and a start do.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use warmline::ids::ConversationId;
use warmline::outbox::{ReportOutcome, delivery_key, delivery_row};
use warmline::store::{Change, Put, Table};

use crate::desk::{Desk, Post, delivery, millis, retry, until};
use crate::peer::{Answer, Peer};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    peer.answer(|_| Answer::status(503));
    let schedule = [20, 60_000, 10];
    let desk = Desk::open(&home, retry(&schedule), &[("t", Post::to(&peer))]).await;
    desk.promise("t", "c", &[1, 2]).await;
    until("it was tried twice", || peer.seen().len() == 2).await;
    desk.close(PATIENCE).await;

    peer.answer(|_| Answer::status(200));
    let post = Post::to(&peer);
    let desk = Desk::open(&home, retry(&schedule), &[("t", post.clone())]).await;
    let kept = desk.kept("c", 1).await;
    assert_eq!((kept.attempts, kept.steps), (2, 2));
    let wait = kept.next_at.unwrap().since(kept.first_at.unwrap());
    assert!(wait > millis(48_000) && wait < millis(73_000), "{wait:?}");
    desk.promise("t", "new", &[1]).await;
    until("the new one is settled", || {
        desk.clerk.ended("new-1").is_some()
    })
    .await;
    assert_eq!(post.attempts("c-1"), [0; 0], "its time has not come");
    assert_eq!(desk.outbox.status().owed, 2);
    desk.outbox.nudge(ConversationId::new("c"));
    desk.done().await;
    assert_eq!(post.attempts("c-1"), [2], "the count goes on");
    assert_eq!(peer.taken(), ["\"new-1\"", "\"c-1\"", "\"c-2\""]);
}

#[tokio::test]
async fn the_schedule_ends_across_restarts() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    peer.answer(|_| Answer::status(503));
    let mut runs = 0;
    let last = loop {
        runs += 1;
        let before = peer.seen().len();
        let desk = Desk::open(&home, retry(&[1; 4]), &[("t", Post::to(&peer))]).await;
        if runs == 1 {
            desk.promise("t", "c", &[1]).await;
        }
        until("it was tried", || peer.seen().len() > before).await;
        let clerk = desk.close(PATIENCE).await;
        if let Some(outcome) = clerk.ended("c-1") {
            break outcome;
        }
        assert!(runs < 6, "restarts reset the schedule");
    };
    assert!(matches!(last, ReportOutcome::GivenUp { .. }));
    assert_eq!(peer.seen().len(), 5);
}

#[tokio::test]
async fn what_was_not_settled_is_made_again_with_the_same_id() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let desk = Desk::open(&home, retry(&[10]), &[("t", Post::to(&peer))]).await;
    desk.clerk
        .refusals
        .store(u32::MAX, std::sync::atomic::Ordering::SeqCst);
    desk.promise("t", "c", &[1, 2]).await;
    until("it was taken", || peer.taken().len() == 1).await;
    desk.close(millis(50)).await;
    let desk = Desk::open(&home, retry(&[10]), &[("t", Post::to(&peer))]).await;
    desk.done().await;
    assert_eq!(peer.taken(), ["\"c-1\"", "\"c-1\"", "\"c-2\""]);
}

#[tokio::test]
async fn a_stop_waits_for_what_is_under_way() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    peer.answer(|_| Answer::status(200).late(millis(400)));
    let desk = Desk::open(&home, retry(&[10]), &[("t", Post::to(&peer))]).await;
    desk.promise("t", "c", &[1, 2]).await;
    until("it is under way", || !peer.seen().is_empty()).await;
    desk.outbox.stop(PATIENCE).await;
    assert_eq!(desk.clerk.ended("c-1"), Some(ReportOutcome::Delivered));
    let left = desk.store.load(Table::Delivery).await.unwrap();
    assert_eq!(left.len(), 1, "the next was not begun");
    assert_eq!(peer.seen().len(), 1);
    desk.outbox.stop(PATIENCE).await;
}

#[tokio::test]
async fn a_stop_has_an_end() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    peer.answer(|_| Answer::status(200).late(millis(60_000)));
    let desk = Desk::open(&home, retry(&[10]), &[("t", Post::to(&peer))]).await;
    desk.promise("t", "c", &[1]).await;
    until("it is under way", || !peer.seen().is_empty()).await;
    let begun = Instant::now();
    desk.outbox.stop(millis(100)).await;
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(desk.store.load(Table::Delivery).await.unwrap().len(), 1);
}

#[tokio::test]
async fn loading_again_doubles_nothing() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    peer.answer(|_| Answer::status(200).late(millis(50)));
    let desk = Desk::open(&home, retry(&[10]), &[("t", Post::to(&peer))]).await;
    desk.promise("t", "c", &[1, 2, 3]).await;
    until("it is under way", || !peer.seen().is_empty()).await;
    assert_eq!(desk.outbox.load().await.unwrap(), 3);
    desk.done().await;
    assert_eq!(peer.taken(), ["\"c-1\"", "\"c-2\"", "\"c-3\""]);
}

#[tokio::test]
async fn nothing_is_tried_before_the_old_is_loaded() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let desk = Desk::start(&home, retry(&[10]), &[("t", Post::to(&peer))]);
    for number in [1, 2] {
        let row = delivery_row(&delivery("t", "c", number)).unwrap();
        desk.store.commit(vec![Change::Put(row)]).await.unwrap();
    }
    desk.promise("t", "c", &[3]).await;
    until("it is heard of", || desk.outbox.status().owed == 1).await;
    assert_eq!(desk.outbox.status().trying, 0);
    assert_eq!(desk.outbox.load().await.unwrap(), 3);
    desk.done().await;
    assert_eq!(peer.taken(), ["\"c-1\"", "\"c-2\"", "\"c-3\""]);
}

#[tokio::test]
async fn an_unreadable_row_is_left_and_harms_no_other() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let desk = Desk::start(&home, retry(&[10]), &[("t", Post::to(&peer))]);
    let good = delivery_row(&delivery("t", "c", 2)).unwrap();
    let bad = Put {
        key: delivery_key(1),
        value: b"{".to_vec(),
        ..good.clone()
    };
    let changes = vec![Change::Put(bad), Change::Put(good)];
    desk.store.commit(changes).await.unwrap();
    assert_eq!(desk.outbox.load().await.unwrap(), 1);
    until("the good one is settled", || {
        desk.clerk.ended("c-2").is_some()
    })
    .await;
    assert_eq!(desk.store.load(Table::Delivery).await.unwrap().len(), 1);
}
