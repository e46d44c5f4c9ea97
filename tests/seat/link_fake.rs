//! Silence, broken XML and other things no real server can be brought to do.

use std::time::Duration;

use warmline::xmpp::framing::RefusedWhy;
use warmline::xmpp::link::{DownReason, LinkEvent, SendError, spawn};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, body};

use crate::fake::{Fake, HEADER, Peer};
use crate::wait::{Events, assert_down, settings, within};
use crate::words::chat;

#[tokio::test]
async fn white_space_is_sent_in_each_silence() {
    let fake = Fake::listen().await;
    let mut settings = settings(fake.port);
    settings.keepalive = Duration::from_millis(20);
    let (_sender, _events) = spawn(settings);
    let mut peer = fake.accept_and_greet().await;
    assert_eq!(peer.hear("   ").await, "   ");
}

#[tokio::test]
async fn a_server_that_does_not_answer_a_ping_is_left() {
    let fake = Fake::listen().await;
    let mut settings = settings(fake.port);
    settings.idle = Duration::from_millis(50);
    settings.ping_timeout = Duration::from_millis(100);
    let (_sender, events) = spawn(settings);
    let mut events = Events(events);
    let mut peer = fake.accept_and_greet().await;
    events.up().await;
    let ping = peer.hear("</iq>").await;
    assert!(
        ping.contains("from='workgroup.example.test'")
            && ping.contains("to='workgroup.example.test'")
    );
    assert!(ping.contains("type='get'") && ping.contains("<ping xmlns='urn:xmpp:ping'/>"));
    assert_eq!(events.down().await, DownReason::Dead);
    let _again = fake.accept_and_greet().await;
    events.up().await;
}

#[tokio::test]
async fn an_error_about_the_ping_is_an_answer_too() {
    let fake = Fake::listen().await;
    let mut settings = settings(fake.port);
    settings.idle = Duration::from_millis(50);
    settings.ping_timeout = Duration::from_secs(20);
    let (_sender, events) = spawn(settings);
    let mut events = Events(events);
    let mut peer = fake.accept_and_greet().await;
    events.up().await;
    for _silence in 0..3 {
        peer.hear("</iq>").await;
        peer.say(
            "<iq type='error' from='workgroup.example.test' to='workgroup.example.test' id='warmline-link-1'/>",
        )
        .await;
    }
    peer.say("<message id='next'/>").await;
    events.stanza().await;
}

#[tokio::test]
async fn bad_xml_costs_the_connection_and_is_told() {
    let fake = Fake::listen().await;
    let (_sender, events) = spawn(settings(fake.port));
    let mut events = Events(events);
    for bad in [
        "<message></iq>",
        "<message>\u{0}</message>",
        "<!DOCTYPE x>",
        "<a b='1' b/>",
    ] {
        let mut peer = fake.accept_and_greet().await;
        events.up().await;
        peer.say(bad).await;
        assert_eq!(events.down().await, DownReason::Protocol, "{bad}");
    }
}

#[tokio::test]
async fn stray_text_and_comments_between_stanzas_are_nothing() {
    let fake = Fake::listen().await;
    let (_sender, events) = spawn(settings(fake.port));
    let mut events = Events(events);
    let mut peer = fake.accept_and_greet().await;
    events.up().await;
    peer.say(" stray \n<message id='1'/>&lt;more<!-- and --><iq id='2' type='result'/>")
        .await;
    assert_eq!(attr(&events.stanza().await, "id"), Some("1"));
    assert_eq!(attr(&events.stanza().await, "id"), Some("2"));
}

#[tokio::test]
async fn what_is_no_stanza_is_refused_and_the_link_stays() {
    let fake = Fake::listen().await;
    let (_sender, events) = spawn(settings(fake.port));
    let mut events = Events(events);
    let mut peer = fake.accept_and_greet().await;
    events.up().await;
    peer.say("<stream:features/><message xmlns='urn:other' from='a@b' id='1'/><unknown/>")
        .await;
    peer.say("<message xmlns='jabber:client' id='3'/>").await;
    for name in ["message", "unknown"] {
        match events.next().await {
            LinkEvent::Refused(refused) => {
                assert_eq!(refused.why, RefusedWhy::NotAStanza);
                assert_eq!(refused.head.name, name);
            }
            other => panic!("expected a refusal, got {other:?}"),
        }
    }
    // Some servers name the namespace of clients on a component's stream.
    assert!(events.stanza().await.is("message", ns::CLIENT));
}

#[tokio::test]
async fn a_stanza_without_end_closes_the_link_as_the_last_resort() {
    let fake = Fake::listen().await;
    let mut settings = settings(fake.port);
    settings.limits.stanza_bytes = 1_000;
    settings.limits.hard_bytes = 10_000;
    let (_sender, events) = spawn(settings);
    let mut events = Events(events);
    let mut peer = fake.accept_and_greet().await;
    events.up().await;
    let long = "x".repeat(5_000);
    peer.say(&format!(
        "<message id='1' from='a@b'><body>{long}</body></message>"
    ))
    .await;
    match events.next().await {
        LinkEvent::Refused(refused) => {
            assert_eq!(refused.why, RefusedWhy::TooLarge);
            assert_eq!(refused.head.from.as_deref(), Some("a@b"));
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
    peer.say(&format!("<message><body>{long}{long}{long}"))
        .await;
    assert_eq!(events.down().await, DownReason::Protocol);
}

#[tokio::test]
async fn stream_errors_are_told_by_name() {
    let fake = Fake::listen().await;
    let (_sender, events) = spawn(settings(fake.port));
    let mut events = Events(events);
    let error = |name: &str| {
        format!(
            "<stream:error><text xmlns='{0}'>why</text><{name} xmlns='{0}'/></stream:error>",
            ns::STREAM_ERRORS
        )
    };
    for (name, reason) in [
        ("conflict", DownReason::Conflict),
        (
            "policy-violation",
            DownReason::StreamError("policy-violation".to_owned()),
        ),
    ] {
        let mut peer = fake.accept_and_greet().await;
        events.up().await;
        peer.say(&error(name)).await;
        assert_eq!(events.down().await, reason);
    }
    let mut peer = Peer::new(fake.accept().await);
    peer.say(&format!("{HEADER}{}", error("host-unknown")))
        .await;
    assert_eq!(events.down().await, DownReason::HostUnknown);
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let fake = Fake::listen().await;
    let mut settings = settings(fake.port);
    settings.connect_timeout = Duration::from_millis(100);
    let (_sender, events) = spawn(settings);
    let mut events = Events(events);
    let mut peer = Peer::new(fake.accept().await);
    peer.say(HEADER).await;
    assert_eq!(events.down().await, DownReason::ConnectTimeout);
}

#[tokio::test]
async fn a_server_that_does_not_read_makes_senders_know() {
    let fake = Fake::listen().await;
    let (sender, events) = spawn(settings(fake.port));
    let mut events = Events(events);
    let peer = fake.accept_and_greet().await;
    let up = events.up().await;
    let large = chat("b@c", &"x".repeat(200_000));
    let full = (0..1_000)
        .map(|_| sender.send(up, &large))
        .find(Result::is_err);
    assert_eq!(full, Some(Err(SendError::Congested)));
    // Until the buffers of both sockets are full too, the writer makes room.
    let patience = Duration::from_millis(50);
    let full = async {
        while sender.send_within(up, &large, patience).await.is_ok() {}
        sender.send_within(up, &large, patience).await
    };
    assert_eq!(within("congestion", full).await, Err(SendError::Congested));
    // When the connection goes, whoever waits is told at once.
    let waiting = sender.send_within(up, &large, Duration::from_secs(60));
    let (waited, ()) = tokio::join!(waiting, async { drop(peer) });
    assert_down(waited);
}

#[tokio::test]
async fn a_reader_that_is_busy_makes_the_server_wait_and_loses_nothing() {
    let fake = Fake::listen().await;
    let mut settings = settings(fake.port);
    settings.idle = Duration::from_millis(50);
    settings.ping_timeout = Duration::from_secs(1);
    let (_sender, events) = spawn(settings);
    let mut events = Events(events);
    let mut peer = fake.accept_and_greet().await;
    events.up().await;
    // The link waits for a sign of life; these are some, although nobody reads them yet.
    peer.hear("</iq>").await;
    for number in 0..1_000 {
        peer.say(&format!("<message><body>{number}</body></message>"))
            .await;
    }
    // Longer than a silent server would be given: the link does not hang up.
    let hung_up = tokio::time::timeout(Duration::from_millis(1_500), peer.hear_all()).await;
    assert!(hung_up.is_err(), "{hung_up:?}");
    for number in 0..1_000 {
        let heard = events.stanza().await;
        assert_eq!(body(&heard), Some(number.to_string()));
    }
}
