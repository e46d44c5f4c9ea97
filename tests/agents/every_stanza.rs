//! Whatever comes: an IQ request gets one answer and nothing else gets an IQ answer; what is sent
//! is XML, from an address of ours.

use minidom::Element;
use proptest::prelude::*;
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{Build, attr, element, from};

use crate::desk::{DOMAIN, Desk};

fn places() -> impl Strategy<Value = String> {
    let known = [
        "",
        DOMAIN,
        "support@workgroup.example.test",
        "support@workgroup.example.test/support",
        "SALES@workgroup.example.test/Default Queue",
        "v-aaaabbbbccccdddd@workgroup.example.test",
        "v-aaaabbbbccccdddd@workgroup.example.test/aaaabbbbccccdddd",
        "v-@workgroup.example.test",
        "nosuch@workgroup.example.test",
        "elsewhere.test",
        "@",
    ];
    prop_oneof![
        8 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "[a-z😀]{0,5}@workgroup\\.example\\.test(/[ -~]{0,5})?",
    ]
}

fn senders() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "agent1@example.test/gajim",
        "agent1@example.test",
        "agent3@example.test/x",
        "mallory@example.test/support",
        "example.test",
        "support@workgroup.example.test",
        "room@conference.example.test/nick",
    ])
    .prop_map(str::to_owned)
}

const NAMES: &[&str] = &[
    "query",
    "ping",
    "time",
    "vCard",
    "command",
    "workgroups",
    "offer-accept",
    "offer-reject",
    "agent-status-request",
    "workgroup-form",
    "join-queue",
    "transcript",
    "agent-status",
    "x",
    "body",
    "error",
    "something",
    "workgroup",
    "show",
];

const SPACES: &[&str] = &[
    ns::CLIENT,
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::PING,
    ns::VERSION,
    ns::LAST,
    ns::TIME,
    ns::VCARD,
    ns::COMMANDS,
    ns::WORKGROUP,
    ns::JIVE_WORKGROUP,
    ns::DATA_FORMS,
    ns::MAM,
    "urn:unknown",
    "",
];

const ATTRIBUTES: &[(&str, &str)] = &[
    ("node", ns::COMMANDS),
    ("node", "accept"),
    ("node", "close"),
    ("node", "nosuch"),
    ("action", "execute"),
    ("action", "cancel"),
    ("action", "prev"),
    ("sessionid", "s"),
    ("id", "aaaabbbbccccdddd"),
    ("jid", "agent1@example.test"),
    ("jid", "@@"),
    ("jid", "v-aaaabbbbccccdddd@workgroup.example.test/x"),
];

/// Pairs that mean something.
const KNOWN: &[(&str, &str)] = &[
    ("query", ns::DISCO_INFO),
    ("query", ns::DISCO_ITEMS),
    ("query", ns::LAST),
    ("command", ns::COMMANDS),
    ("workgroups", ns::WORKGROUP),
    ("offer-accept", ns::WORKGROUP),
    ("offer-reject", ns::JIVE_WORKGROUP),
    ("agent-status", ns::WORKGROUP),
    ("body", ns::CLIENT),
];

fn payloads() -> impl Strategy<Value = Element> {
    let any = (prop::sample::select(NAMES), prop::sample::select(SPACES));
    (
        prop_oneof![any, prop::sample::select(KNOWN)],
        prop::sample::subsequence(ATTRIBUTES, 0..4),
        prop_oneof![Just(String::new()), Just("accept".to_owned()), ".{0,20}"],
    )
        .prop_map(|((name, space), attributes, text)| {
            let payload = attributes
                .into_iter()
                .fold(element(name, space), |payload, (name, value)| {
                    payload.with(name, value)
                });
            let mut payload = payload;
            let text = clean(&text);
            if !text.is_empty() {
                payload.append_text(text);
            }
            payload
        })
}

/// The link cleans what is sent; here only what XML can carry comes.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() && *c < '\u{fffe}')
        .collect()
}

fn stanzas() -> impl Strategy<Value = Element> {
    let kinds = vec![
        "get",
        "set",
        "get",
        "set",
        "result",
        "error",
        "",
        "chat",
        "groupchat",
        "unavailable",
        "subscribe",
        "subscribed",
        "unsubscribe",
        "unsubscribed",
        "probe",
        "nonsense",
    ];
    (
        prop::sample::select(vec!["iq", "iq", "message", "presence", "other"]),
        prop::sample::select(kinds),
        (senders(), places()),
        prop::collection::vec(payloads(), 0..3),
        prop::sample::select(vec!["7", "alive-1-1", "offer-1-1"]),
    )
        .prop_map(|(name, kind, (from, to), payloads, id)| {
            let mut stanza = element(name, ns::CLIENT).with("from", &from).with("id", id);
            for (attribute, value) in [("type", kind), ("to", &to)] {
                if !value.is_empty() {
                    stanza = stanza.with(attribute, value);
                }
            }
            payloads.into_iter().fold(stanza, Element::and)
        })
}

fn check(desk: &mut Desk, stanza: &Element) -> Result<(), TestCaseError> {
    let sent = desk.takes(stanza);
    let kind = attr(stanza, "type").unwrap_or_default();
    let answers = |one: &&Element| {
        one.name() == "iq" && matches!(attr(one, "type"), Some("result" | "error"))
    };
    let answered: Vec<&Element> = sent.iter().filter(answers).collect();
    let wanted = stanza.name() == "iq" && !matches!(kind, "result" | "error");
    prop_assert_eq!(answered.len(), usize::from(wanted));
    for answer in answered {
        prop_assert_eq!(attr(answer, "id"), attr(stanza, "id"));
        prop_assert_eq!(attr(answer, "to"), attr(stanza, "from"));
        let asked = attr(stanza, "to").unwrap_or(DOMAIN);
        prop_assert_eq!(attr(answer, "from"), Some(asked));
    }
    if kind == "error" {
        // An error may show that a client is there, which is then asked: that is no answer to it.
        let offers = |one: &Element| attr(one, "id").is_some_and(|id| id.starts_with("offer-"));
        let back = |one: &&Element| attr(one, "to") == attr(stanza, "from") && !offers(one);
        prop_assert_eq!(sent.iter().find(back), None);
    }
    for one in &sent {
        let text = String::from(one);
        let read: Element = text
            .parse()
            .map_err(|why| TestCaseError::fail(format!("not XML: {why}: {text}")))?;
        prop_assert_eq!(&read, one);
        prop_assert!(attr(one, "to").is_some());
        let ours = from(one).is_some_and(|from| from.domain == DOMAIN);
        let echoes = attr(one, "from") == attr(stanza, "to");
        prop_assert!(ours || echoes, "{}", text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn every_request_is_answered_once(
        stanzas in prop::collection::vec(stanzas(), 1..40),
        store in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut desk = Desk::new();
        desk.plain("agent1@example.test/gajim");
        desk.visitor("aaaabbbbccccdddd");
        for (stanza, down) in stanzas.iter().zip(store) {
            desk.store_is_down = down;
            check(&mut desk, stanza)?;
        }
    }
}
