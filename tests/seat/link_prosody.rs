//! The link against a real Prosody: in, out, refused, and back again.

use std::time::Duration;

use warmline::xmpp::link::{DownReason, LinkEvent, Secret, spawn};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, body, element, iq};

use crate::support::prosody::Prosody;
use crate::support::raw::Raw;
use crate::support::xmpp::{COMPONENT, Server};
use crate::wait::{Events, assert_down, settings, within};
use crate::words::{USER, body_of, chat, us, user};

#[tokio::test(flavor = "multi_thread")]
async fn words_go_both_ways() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.ports().component));
    let mut events = Events(events);
    let up = events.up().await;
    let mut client = Raw::log_in(USER, server.ports());

    let hi = "type='chat' id='1'><body>hi</body></message>";
    client.say(&format!("<message to='{}' {hi}", us()));
    let heard = events.stanza().await;
    assert!(heard.is("message", ns::CLIENT));
    assert_eq!(attr(&heard, "from"), Some(&*user()));
    assert_eq!(body(&heard).as_deref(), Some("hi"));

    let answer = chat(&user(), "hello");
    assert_eq!(sender.send(up, &answer), Ok(()));
    let said = client.hear("</message>");
    assert!(said.contains("<body>hello</body>"), "{said}");
    assert!(!said.contains(ns::COMPONENT), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_loses_nothing_that_was_taken() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.ports().component));
    let mut events = Events(events);
    let up = events.up().await;
    let mut client = Raw::log_in(USER, server.ports());
    for number in 0..500 {
        let text = chat(&user(), &format!("word {number}."));
        assert_eq!(sender.send(up, &text), Ok(()));
    }
    within("the link to stop", sender.stop()).await;
    assert_eq!(events.down().await, DownReason::Stopping);
    events.end().await;
    for number in 0..500 {
        let said = client.hear("</message>");
        assert!(said.contains(&format!("word {number}.")), "{said}");
    }
    assert_down(sender.send(up, &body_of("late")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_told_again_and_again_but_never_printed() {
    let server = Prosody::start();
    let mut settings = settings(server.ports().component);
    settings.secret = Secret::new("swordfish");
    assert!(!format!("{settings:?}").contains("swordfish"));
    let (sender, events) = spawn(settings);
    let mut events = Events(events);
    for _attempt in 0..3 {
        assert_eq!(events.down().await, DownReason::WrongSecret);
    }
    assert_eq!(sender.generation(), None);
    within("the link to stop", sender.stop()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_domain_is_told() {
    let server = Prosody::start();
    let mut settings = settings(server.ports().component);
    settings.domain = "nobody.example.test".to_owned();
    let (_sender, events) = spawn(settings);
    assert_eq!(Events(events).down().await, DownReason::HostUnknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_waits_until_the_first_is_gone() {
    let server = Prosody::start();
    let (first, first_events) = spawn(settings(server.ports().component));
    let mut first_events = Events(first_events);
    first_events.up().await;
    let (_second, second_events) = spawn(settings(server.ports().component));
    let mut second_events = Events(second_events);
    assert_eq!(second_events.down().await, DownReason::Conflict);
    assert_eq!(second_events.down().await, DownReason::Conflict);
    within("the first to stop", first.stop()).await;
    second_events.up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_or_a_crash_of_the_server_the_link_comes_back() {
    let mut server = Prosody::start();
    let (sender, events) = spawn(settings(server.ports().component));
    let mut events = Events(events);
    let first = events.up().await;

    server.stop();
    // Prosody 0.12 gives components no reason when it is shut down.
    assert_eq!(events.down().await, DownReason::ClosedByPeer);
    assert_eq!(sender.generation(), None);
    let text = chat(&user(), "lost");
    assert_down(sender.send(first, &text));
    server.start_again();
    let second = events.up().await;
    assert!(second > first);
    // What was meant for the first connection never goes out on the second.
    assert_down(sender.send(first, &text));

    server.kill();
    let reason = events.down().await;
    let broken = matches!(reason, DownReason::ClosedByPeer | DownReason::Broken(_));
    assert!(broken, "{reason:?}");
    server.start_again();
    assert!(events.up().await > second);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_filled_with_pings_that_come_back_through_the_server() {
    let server = Prosody::start();
    let mut settings = settings(server.ports().component);
    settings.keepalive = Duration::from_millis(50);
    settings.idle = Duration::from_millis(100);
    settings.ping_timeout = Duration::from_secs(20);
    let (sender, events) = spawn(settings);
    let mut events = Events(events);
    let up = events.up().await;
    // Ten silences long nothing is said to the rooms above, and the link stands.
    let quiet = tokio::time::timeout(Duration::from_secs(1), events.0.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    // Another ping than the link's own is for the rooms above.
    let payload = element("ping", ns::PING);
    let ping = iq("get", "mine", (COMPONENT, COMPONENT), payload);
    assert_eq!(sender.send(up, &ping), Ok(()));
    assert_eq!(attr(&events.stanza().await, "id"), Some("mine"));
    assert_eq!(sender.generation(), Some(up));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_no_server_is_there_attempts_go_on() {
    let mut server = Prosody::start();
    server.kill();
    let (_sender, events) = spawn(settings(server.ports().component));
    let mut events = Events(events);
    for _attempt in 0..4 {
        let reason = events.down().await;
        assert!(matches!(reason, DownReason::ConnectFailed(_)), "{reason:?}");
    }
    server.start_again();
    assert!(matches!(events.up().await.0, 1));
    let nothing = events.0.try_recv();
    assert!(!matches!(nothing, Ok(LinkEvent::Down(_))), "{nothing:?}");
}
