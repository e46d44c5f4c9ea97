//! Whatever is sent goes through a real Prosody and does not harm the link.

use warmline::xmpp::clean::clean;
use warmline::xmpp::encode::{EncodeError, MAX_STANZA};
use warmline::xmpp::link::{SendError, spawn};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{Build, attr, body, child, element, message};

use crate::support::prosody::Prosody;
use crate::support::raw::Raw;
use crate::support::xmpp::{Server, workgroup};
use crate::wait::{Events, settings};
use crate::words::{USER, body_of, chat, us, user};

/// Another address of ours, so that what is sent there comes back.
fn ourselves() -> String {
    workgroup("echo")
}

/// Every character that XML 1.0 forbids, and those that need escaping.
fn nasty() -> String {
    let controls = (0u32..0x20).filter_map(char::from_u32);
    let others = "\u{FFFE}\u{FFFF}\u{FFFD}\u{7F}\u{85}\u{2028}<>&'\"]]>😀 \u{202E}end";
    controls.chain(others.chars()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_are_cleaned_and_an_echo_comes_back() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.ports().component));
    let mut events = Events(events);
    let up = events.up().await;
    let mut client = Raw::log_in(USER, server.ports());

    let text = nasty();
    let id = text.replace(char::is_whitespace, "");
    let ours = chat(&ourselves(), &text).with("id", &id);
    assert_eq!(sender.send(up, &ours), Ok(()));
    let echo = events.stanza().await;
    assert_eq!(attr(&echo, "from"), Some(&*us()));
    assert_eq!(attr(&echo, "id"), Some(&*clean(&id)));
    // Prosody writes a CR as it is, so that it is read back as LF (XML 1.0 §2.11).
    let expected = clean(&text).replace('\r', "\n");
    assert_eq!(body(&echo), Some(expected));

    let to_client = chat(&user(), &text);
    assert_eq!(sender.send(up, &to_client), Ok(()));
    assert!(client.hear("</message>").contains("end</body>"));
    assert_eq!(sender.generation(), Some(up));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_stanza_goes_through_and_a_larger_one_is_refused_here() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.ports().component));
    let mut events = Events(events);
    let up = events.up().await;
    let of_size = |size: usize| chat(&ourselves(), &"&".repeat(size / 5));
    let larger = SendError::Unsendable(EncodeError::TooLarge);
    assert_eq!(sender.send(up, &of_size(MAX_STANZA + 5)), Err(larger));
    assert_eq!(sender.send(up, &of_size(MAX_STANZA - 200)), Ok(()));
    let echo = events.stanza().await;
    assert_eq!(body(&echo).map(|b| b.len()), Some((MAX_STANZA - 200) / 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_message_keeps_the_namespace_of_clients() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.ports().component));
    let mut events = Events(events);
    let up = events.up().await;
    let mut client = Raw::log_in(USER, server.ports());
    let inner = message("groupchat", ("a@b", "c@d")).and(body_of("inner"));
    let forwarded = element("forwarded", ns::FORWARD).and(inner);
    let stanza = |to: &str| message("normal", (&us(), to)).and(forwarded.clone());

    assert_eq!(sender.send(up, &stanza(&user())), Ok(()));
    let told = client.hear("</forwarded>");
    // Prosody writes attributes in any order.
    let (_, inner) = told.split_once("<forwarded").expect("the payload");
    assert!(inner.contains("xmlns='jabber:client'"), "{told}");
    assert!(!told.contains(ns::COMPONENT), "{told}");

    assert_eq!(sender.send(up, &stanza(&ourselves())), Ok(()));
    let echo = events.stanza().await;
    assert_eq!(child(&echo, "forwarded", ns::FORWARD), Some(&forwarded));
}
