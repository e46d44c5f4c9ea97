//! Carriers that break, and peers that are not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::{BoxFuture, FutureExt};
use tempfile::TempDir;
use tokio::net::TcpListener;
use warmline::conversation::Delivery;
use warmline::outbox::{Carrier, ReportOutcome, Trouble, Verdict};

use crate::desk::{Desk, Post, millis, retry, until};
use crate::peer::Peer;

/// Breaks in one of two places, twice, and then works.
#[derive(Default)]
struct Brittle(AtomicU32);

impl Carrier for Brittle {
    fn carry<'a>(&'a self, _: &'a Delivery, attempt: u32) -> BoxFuture<'a, Verdict> {
        self.0.fetch_add(1, Ordering::SeqCst);
        assert!(attempt > 0, "planted: before the future");
        async move {
            assert!(attempt > 1, "planted: within the future");
            Verdict::Done
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_carrier_that_panics_harms_only_its_try() {
    let (home, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let brittle = Arc::new(Brittle::default());
    let carriers: [(&str, Arc<dyn Carrier>); 2] =
        [("brittle", brittle.clone()), ("t", Post::to(&peer))];
    let desk = Desk::open(&home, retry(&[10, 10, 10]), &carriers).await;
    desk.promise("brittle", "c", &[1]).await;
    desk.promise("t", "d", &[1]).await;
    desk.done().await;
    assert_eq!(desk.clerk.ended("c-1"), Some(ReportOutcome::Delivered));
    assert_eq!(desk.clerk.ended("d-1"), Some(ReportOutcome::Delivered));
    assert_eq!(brittle.0.load(Ordering::SeqCst), 3);
}

struct Hanging;

impl Carrier for Hanging {
    fn carry<'a>(&'a self, _: &'a Delivery, _: u32) -> BoxFuture<'a, Verdict> {
        std::future::pending().boxed()
    }
}

#[tokio::test]
async fn a_carrier_that_hangs_is_cut_off() {
    let home = TempDir::new().unwrap();
    let mut settings = retry(&[10]);
    settings.longest_try = millis(30);
    let desk = Desk::open(&home, settings, &[("t", Arc::new(Hanging))]).await;
    desk.promise("t", "c", &[1]).await;
    desk.done().await;
    let why = Trouble::Timeout;
    assert_eq!(
        desk.clerk.ended("c-1"),
        Some(ReportOutcome::GivenUp { why })
    );
}

#[tokio::test]
async fn a_peer_that_is_away_for_a_while_gets_all_in_order() {
    let home = TempDir::new().unwrap();
    // A port on which nobody listens yet.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let post = Post::at(&format!("http://127.0.0.1:{port}/"));
    let desk = Desk::open(&home, retry(&[20; 500]), &[("t", post.clone())]).await;
    desk.promise("t", "c", &[1, 2, 3]).await;
    until("it was tried in vain", || post.attempts("c-1").len() >= 3).await;
    assert_eq!(post.attempts("c-2"), [0; 0]);
    let peer = Peer::start_at(port).await;
    desk.done().await;
    assert_eq!(peer.taken(), ["\"c-1\"", "\"c-2\"", "\"c-3\""]);
}
