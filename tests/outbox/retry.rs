//! When it is tried again, and when it is given up.

use tempfile::TempDir;
use warmline::conversation::DeadLetter;
use warmline::ids::ConversationId;
use warmline::outbox::{ReportOutcome, Trouble};
use warmline::store::Table;

use crate::desk::{Desk, Post, millis, retry, until};
use crate::peer::{Answer, Peer};

#[tokio::test]
async fn a_peer_that_comes_back_gets_all() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    peer.answer(|_| Answer::status(500));
    let post = Post::to(&peer);
    let desk = Desk::open(
        &home,
        retry(&[100, 200, 10_000, 10_000]),
        &[("t", post.clone())],
    )
    .await;
    desk.promise("t", "c", &[1, 2]).await;
    until("it was tried three times", || peer.seen().len() == 3).await;
    peer.answer(|_| Answer::status(200));
    let kept = async || desk.kept("c", 1).await.attempts;
    while kept().await < 3 {
        tokio::task::yield_now().await;
    }
    desk.outbox.nudge(ConversationId::new("c"));
    desk.done().await;
    assert_eq!(post.attempts("c-1"), [0, 1, 2, 3]);
    assert_eq!(post.attempts("c-2"), [0]);
    let seen = peer.seen();
    assert!(
        seen[1].at - seen[0].at >= millis(80),
        "the schedule's time, less a fifth"
    );
    assert!(seen[2].at - seen[1].at >= millis(160));
    assert_eq!(desk.clerk.ended("c-1"), Some(ReportOutcome::Delivered));
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let post = Post::to(&peer);
    peer.answer(|_| Answer::status(429).header("Retry-After: 1"));
    let desk = Desk::open(&home, retry(&[5, 5_000]), &[("t", post.clone())]).await;
    desk.promise("t", "c", &[1]).await;
    until("it was tried", || !peer.seen().is_empty()).await;
    peer.answer(|_| Answer::status(200));
    desk.done().await;
    let seen = peer.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at - seen[0].at >= millis(1_000));
}

#[tokio::test]
async fn after_the_schedule_it_is_a_dead_letter_and_the_next_goes_on() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let post = Post::to(&peer);
    peer.answer(|seen| Answer::status(if seen.body.contains("c-1") { 502 } else { 200 }));
    let desk = Desk::open(&home, retry(&[10, 10, 10]), &[("t", post.clone())]).await;
    desk.promise("t", "c", &[1, 2]).await;
    desk.done().await;
    assert_eq!(post.attempts("c-1"), [0, 1, 2, 3]);
    let why = Trouble::Status(502);
    assert_eq!(
        desk.clerk.ended("c-1"),
        Some(ReportOutcome::GivenUp { why })
    );
    assert_eq!(desk.clerk.ended("c-2"), Some(ReportOutcome::Delivered));
    let dead = desk.store.load(Table::DeadLetter).await.unwrap();
    let letter: DeadLetter = serde_json::from_slice(&dead[0].value).unwrap();
    assert_eq!(
        (letter.delivery.number, letter.why.as_str()),
        (1, "answered 502")
    );
}

#[tokio::test]
async fn never_is_given_up_at_once() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let post = Post::to(&peer);
    peer.answer(|_| Answer::status(400));
    let desk = Desk::open(&home, retry(&[60_000]), &[("t", post.clone())]).await;
    desk.promise("t", "c", &[1]).await;
    desk.done().await;
    assert_eq!(post.attempts("c-1"), [0]);
    let why = Trouble::Status(400);
    assert_eq!(
        desk.clerk.ended("c-1"),
        Some(ReportOutcome::GivenUp { why })
    );
}

#[tokio::test]
async fn a_refused_credential_holds_the_channel_and_counts_for_nothing() {
    let (home, peer, other) = (
        TempDir::new().unwrap(),
        Peer::start().await,
        Peer::start().await,
    );
    let post = Post::to(&peer);
    peer.answer(|_| Answer::status(401));
    let carriers: [(&str, _); 2] = [("t", post.clone()), ("o", Post::to(&other))];
    let desk = Desk::open(
        &home,
        retry(&[10]),
        &carriers.map(|(id, post)| (id, post as _)),
    )
    .await;
    desk.promise("t", "c", &[1]).await;
    until("it is held", || !desk.outbox.status().held.is_empty()).await;
    for n in 0..9 {
        desk.promise("t", &format!("d{n}"), &[1, 2]).await;
        desk.promise("o", &format!("e{n}"), &[1]).await;
    }
    until("others go on", || desk.clerk.ends().len() == 9).await;
    until("it was probed", || peer.seen().len() >= 3).await;
    let probes = peer.seen();
    assert!(
        probes.iter().all(|seen| seen.body == probes[0].body),
        "one alone probes"
    );
    assert!(probes[1].at - probes[0].at >= millis(300));
    peer.answer(|_| Answer::status(200));
    desk.done().await;
    assert!(post.attempts("c-1").iter().all(|attempt| *attempt == 0));
    assert_eq!(peer.taken().len(), 19);
    assert!(desk.outbox.status().held.is_empty());
}

#[tokio::test]
async fn a_channel_that_is_no_more_is_given_up_in_the_end() {
    let home = TempDir::new().unwrap();
    let desk = Desk::open(&home, retry(&[10, 10]), &[]).await;
    desk.promise("gone", "c", &[1]).await;
    desk.done().await;
    let why = Trouble::NoAddress;
    assert_eq!(
        desk.clerk.ended("c-1"),
        Some(ReportOutcome::GivenUp { why })
    );
}
