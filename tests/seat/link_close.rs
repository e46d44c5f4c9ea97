//! How the link ends.

use std::time::Duration;

use warmline::xmpp::link::{DownReason, spawn};
use warmline::xmpp::stanza::attr;

use crate::fake::Fake;
use crate::wait::{Events, settings, within};
use crate::words::chat;

#[tokio::test]
async fn a_stop_flushes_closes_the_stream_and_still_hears_what_comes() {
    let fake = Fake::listen().await;
    let (sender, events) = spawn(settings(fake.port));
    let mut events = Events(events);
    let mut peer = fake.accept_and_greet().await;
    let up = events.up().await;
    // More than one batch of the writer, and more than the socket takes at once.
    for _ in 0..60 {
        assert_eq!(sender.send(up, &chat("b@c", &"x".repeat(100_000))), Ok(()));
    }
    let last = chat("b@c", "bye");
    assert_eq!(sender.send(up, &last), Ok(()));
    let far_end = async {
        let said = peer.hear("</stream:stream>").await;
        assert!(said.len() > 6_000_000 && said.contains("<body>bye</body>"));
        peer.say("<message id='late'/></stream:stream>").await;
        peer.hear_all().await
    };
    let (said, ()) = within("the end", async { tokio::join!(far_end, sender.stop()) }).await;
    assert_eq!(said, "");
    assert_eq!(attr(&events.stanza().await, "id"), Some("late"));
    assert_eq!(events.down().await, DownReason::Stopping);
    events.end().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_the_server() {
    let fake = Fake::listen().await;
    let mut settings = settings(fake.port);
    settings.close_timeout = Duration::from_millis(50);
    let (sender, events) = spawn(settings);
    let mut events = Events(events);
    let _peer = fake.accept_and_greet().await;
    events.up().await;
    within("the link to stop", sender.stop()).await;
    assert_eq!(events.down().await, DownReason::Stopping);
}

#[tokio::test]
async fn a_stop_works_while_connecting_and_while_pausing() {
    let fake = Fake::listen().await;
    let (connecting, events) = spawn(settings(fake.port));
    let _silent = fake.accept().await;
    within("the link to stop", connecting.stop()).await;
    assert_eq!(Events(events).down().await, DownReason::Stopping);

    let mut settings = settings(fake.port);
    settings.backoff.min = Duration::from_secs(3_600);
    settings.backoff.max = Duration::from_secs(3_600);
    let (pausing, events) = spawn(settings);
    let mut events = Events(events);
    drop(fake.accept().await);
    events.down().await;
    within("the link to stop", pausing.stop()).await;
    assert_eq!(events.down().await, DownReason::Stopping);
    within("a second stop", pausing.stop()).await;
}

#[tokio::test]
async fn without_a_reader_of_events_the_link_ends() {
    let fake = Fake::listen().await;
    let (sender, events) = spawn(settings(fake.port));
    let mut events = Events(events);
    let mut peer = fake.accept_and_greet().await;
    events.up().await;
    drop(events);
    let said = peer.hear_all().await;
    assert!(said.ends_with("</stream:stream>"), "{said}");
    within("the link to end", sender.stop()).await;
}
