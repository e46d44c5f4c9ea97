//! What is written can be read back as it was meant.

use minidom::Element;
use proptest::prelude::*;
use rxml::{Namespace, NcName};
use warmline::xmpp::clean::clean;
use warmline::xmpp::encode::{EncodeError, MAX_DEPTH, MAX_STANZA, encode};
use warmline::xmpp::framing::{Frame, Framer, Limits};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{Build, child_text, element, message};

use crate::fake::HEADER;
use crate::words::body_of;

/// Reads a component's stream that holds this XML, cut into pieces of these sizes.
pub fn read(xml: &str, sizes: &[usize]) -> Vec<Frame> {
    let mut framer = Framer::new(Limits::default());
    let mut frames = Vec::new();
    let all = format!("{HEADER}{xml}");
    let mut rest = all.as_bytes();
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes
            .next()
            .map_or(rest.len(), |size| (*size).clamp(1, rest.len()));
        let (mut piece, after) = rest.split_at(size);
        rest = after;
        while let Some(frame) = framer.next(&mut piece).expect("good XML") {
            frames.push(frame);
        }
        assert!(piece.is_empty(), "nothing is left behind");
    }
    frames.remove(0);
    frames
}

fn read_one(xml: &str) -> Element {
    match read(xml, &[]).pop() {
        Some(Frame::Element(element)) => element,
        other => panic!("expected an element, got {other:?}"),
    }
}

#[test]
fn white_space_survives_in_attributes_and_text() {
    let text = " a\r\n\tb\r ";
    let stanza = message("chat", ("a@b", "c@d"))
        .with("id", text)
        .and(body_of(text));
    let xml = encode(&stanza).unwrap();
    assert!(xml.contains("id=' a&#13;&#10;&#9;b&#13; '"), "{xml}");
    assert_eq!(read_one(&xml), stanza);
}

#[test]
fn the_stanza_namespace_is_the_streams_own_except_below_another() {
    let inner = message("chat", ("a@b", "c@d")).and(body_of("x"));
    let stanza = element("message", ns::CLIENT)
        .and(body_of("y"))
        .and(element("forwarded", ns::FORWARD).and(inner));
    let xml = encode(&stanza).unwrap();
    assert_eq!(
        xml,
        "<message><body>y</body><forwarded xmlns='urn:xmpp:forward:0'><message \
         xmlns='jabber:client' from='a@b' to='c@d' type='chat'><body>x</body></message>\
         </forwarded></message>"
    );
}

#[test]
fn a_declaration_in_disguise_is_not_written() {
    let stanza = element("message", ns::CLIENT).with("xmlns", "urn:other");
    assert_eq!(encode(&stanza).unwrap(), "<message/>");
}

#[test]
fn what_cannot_be_written_is_told() {
    let bad_name = element("no name", ns::CLIENT);
    assert_eq!(encode(&bad_name), Err(EncodeError::BadName));
    let large = body_of(&"x".repeat(MAX_STANZA));
    assert_eq!(encode(&large), Err(EncodeError::TooLarge));
    let nest = |levels: usize| {
        (1..levels).fold(body_of("x"), |inner, _| element("a", ns::CLIENT).and(inner))
    };
    assert!(encode(&nest(MAX_DEPTH)).is_ok());
    assert_eq!(encode(&nest(MAX_DEPTH + 1)), Err(EncodeError::TooDeep));
}

fn namespaces() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![ns::CLIENT, ns::FORWARD, "urn:a", "urn:b", ""])
}

fn attributes() -> impl Strategy<Value = Vec<(&'static str, &'static str, String)>> {
    let name = prop::sample::select(vec!["to", "from", "id", "type", "lang"]);
    let namespace = prop::sample::select(vec!["", "", "urn:a", "urn:'b&", ns::XML]);
    prop::collection::vec((namespace, name, any::<String>()), 0..4)
}

/// Any tree, under a stanza.
fn trees() -> impl Strategy<Value = Element> {
    let name = prop::sample::select(vec!["message", "body", "x", "größe"]);
    let leaf = (name, namespaces(), attributes(), any::<String>()).prop_map(build);
    leaf.prop_recursive(5, 40, 5, |inner| {
        (
            inner.clone(),
            prop::collection::vec((inner, any::<String>()), 0..5),
        )
            .prop_map(|(mut parent, children)| {
                for (child, text) in children {
                    parent.append_child(child);
                    append(&mut parent, &text);
                }
                parent
            })
    })
}

type Attributes = Vec<(&'static str, &'static str, String)>;

fn build((name, ns, attributes, text): (&str, &str, Attributes, String)) -> Element {
    let mut built = element(name, ns);
    for (ns, name, value) in attributes {
        let name = NcName::try_from(name).unwrap();
        let value = clean(&value).into_owned();
        built
            .attrs_mut()
            .insert(Namespace::from(ns.to_owned()), name, value);
    }
    append(&mut built, &text);
    built
}

fn append(element: &mut Element, text: &str) {
    if !text.is_empty() {
        element.append_text(clean(text).into_owned());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_is_read_back_as_it_was_in_any_pieces(
        first in trees(),
        second in trees(),
        sizes in prop::collection::vec(1usize..50, 1..20),
    ) {
        let xml = format!("{} {}", encode(&first).unwrap(), encode(&second).unwrap());
        let expected = vec![Frame::Element(first), Frame::Element(second)];
        prop_assert_eq!(read(&xml, &sizes), expected);
    }

    #[test]
    fn any_text_is_cleaned_on_its_way_out(text in any::<String>()) {
        let stanza = element("message", ns::CLIENT).with("id", &text);
        let stanza = stanza.and_text("body", ns::CLIENT, &text);
        let back = read_one(&encode(&stanza).unwrap());
        let id = back.attr_ns::<str, str>("", "id");
        prop_assert_eq!(id, Some(&*clean(&text)));
        prop_assert_eq!(child_text(&back, "body", ns::CLIENT).unwrap(), clean(&text));
    }
}
