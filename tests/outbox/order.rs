//! Each conversation in its order, and no conversation in another's way.

use std::collections::HashMap;

use tempfile::TempDir;

use crate::desk::{Desk, Post, millis, retry, until};
use crate::peer::{Answer, Peer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_arrives_once_and_in_order() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let counts = std::sync::Mutex::new(0_u32);
    peer.answer(move |_| {
        let mut count = counts.lock().unwrap();
        *count += 1;
        Answer::status(if count.is_multiple_of(3) { 503 } else { 200 })
    });
    let desk = Desk::open(&home, retry(&[10; 50]), &[("t", Post::to(&peer))]).await;
    for round in 0..10 {
        for conversation in ["a", "b", "c", "d", "e"] {
            let numbers = [round * 3, round * 3 + 1, round * 3 + 2];
            desk.promise("t", conversation, &numbers).await;
        }
    }
    desk.done().await;
    let mut by_conversation: HashMap<String, Vec<u64>> = HashMap::new();
    for id in peer.taken() {
        let (conversation, number) = id.trim_matches('"').split_once('-').unwrap();
        let numbers = by_conversation.entry(conversation.to_owned()).or_default();
        numbers.push(number.parse().unwrap());
    }
    assert_eq!(by_conversation.len(), 5);
    for numbers in by_conversation.values() {
        assert_eq!(*numbers, (0..30).collect::<Vec<_>>());
    }
    let settled: Vec<_> = desk
        .clerk
        .ends()
        .into_iter()
        .map(|(id, _)| format!("\"{id}\""))
        .collect();
    assert_eq!(settled.len(), 150);
}

#[tokio::test]
async fn the_next_is_not_tried_before_the_last_is_settled() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let desk = Desk::open(&home, retry(&[10]), &[("t", Post::to(&peer))]).await;
    desk.clerk
        .refusals
        .store(4, std::sync::atomic::Ordering::SeqCst);
    desk.promise("t", "c", &[1, 2]).await;
    until("one is settled", || !desk.clerk.ends().is_empty()).await;
    desk.done().await;
    let seen = peer.seen();
    assert_eq!(
        peer.taken(),
        ["\"c-1\"", "\"c-2\""],
        "nor is the peer called again"
    );
    // Four reports were dropped: the waits between them are 100, 200, 400 and 800 ms.
    assert!(seen[1].at - seen[0].at >= millis(1_500));
}

#[tokio::test]
async fn a_slow_conversation_holds_no_other_up() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    peer.answer(|seen| match seen.body.contains("slow") {
        true => Answer::status(200).late(millis(60_000)),
        false => Answer::status(200),
    });
    let desk = Desk::open(&home, retry(&[10]), &[("t", Post::to(&peer))]).await;
    desk.promise("t", "slow", &[1, 2]).await;
    until("the slow one is tried", || !peer.seen().is_empty()).await;
    for conversation in ["a", "b"] {
        desk.promise("t", conversation, &[1, 2, 3]).await;
    }
    until("the others are settled", || desk.clerk.ends().len() == 6).await;
    assert_eq!(
        peer.seen()
            .iter()
            .filter(|seen| seen.body.contains("slow"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_hanging_channel_holds_no_other_up() {
    let (home, bad, good) = (
        TempDir::new().unwrap(),
        Peer::start().await,
        Peer::start().await,
    );
    bad.answer(|_| Answer::status(200).late(millis(60_000)));
    let mut settings = retry(&[10]);
    (settings.concurrency, settings.per_channel) = (2, 4);
    let desk = Desk::open(
        &home,
        settings,
        &[("bad", Post::to(&bad)), ("good", Post::to(&good))],
    )
    .await;
    for n in 0..10 {
        desk.promise("bad", &format!("x{n}"), &[1]).await;
    }
    until("all places are taken", || bad.seen().len() == 2).await;
    for n in 0..10 {
        desk.promise("good", &format!("g{n}"), &[1]).await;
    }
    until("the good ones are settled", || {
        desk.clerk.ends().len() == 10
    })
    .await;
    assert_eq!(bad.seen().len(), 2);
}

#[tokio::test]
async fn a_channel_keeps_to_its_limit() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    peer.answer(|_| Answer::status(200).late(millis(40)));
    let mut settings = retry(&[10]);
    settings.per_channel = 3;
    let desk = Desk::open(&home, settings, &[("t", Post::to(&peer))]).await;
    for n in 0..12 {
        desk.promise("t", &format!("c{n}"), &[1]).await;
    }
    let mut most = 0;
    until("all are settled", || {
        most = most.max(desk.outbox.status().trying);
        desk.clerk.ends().len() == 12
    })
    .await;
    assert_eq!(most, 3);
}
