//! Whatever is sent goes through a real Prosody and does not harm the link.

use warmline::xmpp::clean::clean;
use warmline::xmpp::encode::{EncodeError, MAX_STANZA};
use warmline::xmpp::link::{SendError, spawn};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{
    ElementExt, MessageKind, attr, body, body_of, child, element, message,
};

use crate::client::{ADDRESS, Client};
use crate::prosody::Prosody;
use crate::wait::{Events, settings};

const US: &str = "support@seat.localhost";
const OURSELVES: &str = "echo@seat.localhost";

/// Every character that XML 1.0 forbids, and those that need escaping.
fn nasty() -> String {
    let controls = (0u32..0x20).filter_map(char::from_u32);
    let others = "\u{FFFE}\u{FFFF}\u{FFFD}\u{7F}\u{85}\u{2028}<>&'\"]]>😀 \u{202E}end";
    controls.chain(others.chars()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_are_cleaned_and_an_echo_comes_back() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.component));
    let mut events = Events(events);
    let up = events.up().await;
    let mut client = Client::login(&server).await;

    let text = nasty();
    let ours = message(US, OURSELVES, MessageKind::Chat)
        .with_attr("id", text.replace(char::is_whitespace, ""))
        .with_child(body(&text));
    assert_eq!(sender.send(up, &ours), Ok(()));
    let echo = events.stanza().await;
    assert_eq!(attr(&echo, "from"), Some(US));
    let id = text.replace(char::is_whitespace, "");
    assert_eq!(attr(&echo, "id"), Some(&*clean(&id)));
    // Prosody writes a CR as it is, so that it is read back as LF (XML 1.0 §2.11).
    let expected = clean(&text).replace('\r', "\n");
    assert_eq!(body_of(&echo), Some(expected));

    let to_client = message(US, ADDRESS, MessageKind::Chat).with_child(body(&text));
    assert_eq!(sender.send(up, &to_client), Ok(()));
    assert!(client.hear("</message>").await.contains("end</body>"));
    assert_eq!(sender.generation(), Some(up));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_stanza_goes_through_and_a_larger_one_is_refused_here() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.component));
    let mut events = Events(events);
    let up = events.up().await;
    let of_size = |size: usize| {
        message(US, OURSELVES, MessageKind::Chat).with_child(body(&"&".repeat(size / 5)))
    };
    let larger = SendError::Unsendable(EncodeError::TooLarge);
    assert_eq!(sender.send(up, &of_size(MAX_STANZA + 5)), Err(larger));
    assert_eq!(sender.send(up, &of_size(MAX_STANZA - 200)), Ok(()));
    let echo = events.stanza().await;
    assert_eq!(
        body_of(&echo).map(|b| b.len()),
        Some((MAX_STANZA - 200) / 5)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_message_keeps_the_namespace_of_clients() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.component));
    let mut events = Events(events);
    let up = events.up().await;
    let mut client = Client::login(&server).await;
    let inner = message("a@b", "c@d", MessageKind::Groupchat).with_child(body("inner"));
    let forwarded = element("forwarded", ns::FORWARD).with_child(inner);
    let stanza = |to| message(US, to, MessageKind::Normal).with_child(forwarded.clone());

    assert_eq!(sender.send(up, &stanza(ADDRESS)), Ok(()));
    let told = client.hear("</forwarded>").await;
    assert!(
        told.contains("<message xmlns='jabber:client'") || told.contains("xmlns='jabber:client'>")
    );
    assert!(!told.contains(ns::COMPONENT), "{told}");

    assert_eq!(sender.send(up, &stanza(OURSELVES)), Ok(()));
    let echo = events.stanza().await;
    assert_eq!(child(&echo, "forwarded", ns::FORWARD), Some(&forwarded));
}
