//! Answers to stanzas, and what is read from them.

use minidom::Element;
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{
    Condition, ElementExt, ErrorKind, StanzaHead, attr, body, body_of, child, child_text,
    children_in, element, error_of, error_reply, iq_error, iq_get, iq_result, iq_set, payload,
};

fn parse(xml: &str) -> Element {
    let with_ns = xml.replacen(' ', " xmlns='jabber:client' ", 1);
    with_ns.parse().expect("good XML")
}

#[test]
fn a_result_goes_back_to_the_one_who_asked() {
    let ask = iq_get("a@b/c", "w@d")
        .with_attr("id", "7")
        .with_child(element("ping", ns::PING));
    assert_eq!(payload(&ask).map(Element::name), Some("ping"));
    let result = iq_result(&ask);
    let expected = parse("<iq from='w@d' to='a@b/c' id='7' type='result'/>");
    assert_eq!(result, expected);
}

#[test]
fn an_error_names_condition_type_and_number() {
    let ask = iq_set("a@b/c", "w@d").with_attr("id", "7");
    let error = iq_error(&ask, Condition::ItemNotFound).expect("an answer");
    assert_eq!(attr(&error, "to"), Some("a@b/c"));
    let inner = child(&error, "error", ns::CLIENT).expect("an error");
    assert_eq!(
        (attr(inner, "type"), attr(inner, "code")),
        (Some("cancel"), Some("404"))
    );
    let read = error_of(&error).expect("an error");
    assert_eq!(
        (read.condition, read.kind),
        (Condition::ItemNotFound, ErrorKind::Cancel)
    );
}

#[test]
fn every_condition_can_be_told_and_read() {
    assert_eq!(Condition::ALL.len(), 22);
    let head = StanzaHead::of(&parse("<message from='a@b' to='c@d'/>"));
    for condition in Condition::ALL {
        let error = error_reply(&head, *condition, Some("why")).expect("an answer");
        let read = error_of(&error).expect("an error");
        assert_eq!((read.condition, read.kind), (*condition, condition.kind()));
        assert_eq!(read.text.as_deref(), Some("why"));
    }
}

#[test]
fn what_must_not_be_answered_by_an_error_is_not() {
    for xml in [
        "<iq type='error' from='a@b'/>",
        "<iq type='result' from='a@b'/>",
        "<iq from='a@b'/>",
        "<message type='error' from='a@b'/>",
        "<presence type='error' from='a@b'/>",
        "<message id='nobody'/>",
        "<unknown from='a@b'/>",
    ] {
        assert_eq!(iq_error(&parse(xml), Condition::BadRequest), None, "{xml}");
    }
}

#[test]
fn an_unknown_or_missing_condition_is_undefined() {
    assert_eq!(error_of(&parse("<message type='chat'/>")), None);
    for inside in [
        "",
        "<error/>",
        "<error type='bogus'><nonsense xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
    ] {
        let read = error_of(&parse(&format!("<iq type='error'>{inside}</iq>"))).expect("an error");
        assert_eq!(read.condition, Condition::UndefinedCondition);
    }
}

#[test]
fn the_body_without_a_language_comes_first() {
    let two = parse("<message ><body xml:lang='de'>hallo</body><body>hello</body></message>");
    assert_eq!(body_of(&two).as_deref(), Some("hello"));
    let one = parse("<message ><body xml:lang='de'>hallo</body></message>");
    assert_eq!(body_of(&one).as_deref(), Some("hallo"));
    assert_eq!(body_of(&parse("<message />")), None);
    let foreign = parse("<message ><body xmlns='http://www.w3.org/1999/xhtml'>x</body></message>");
    assert_eq!(body_of(&foreign), None);
}

#[test]
fn children_are_found_by_namespace() {
    let message = element("message", ns::CLIENT)
        .with_child(body("x"))
        .with_child(element("active", ns::CHAT_STATES))
        .with_child(element("replace", ns::CORRECTION).with_text("y"));
    let states: Vec<_> = children_in(&message, ns::CHAT_STATES).collect();
    assert_eq!(states.len(), 1);
    assert_eq!(
        child_text(&message, "replace", ns::CORRECTION).as_deref(),
        Some("y")
    );
    assert_eq!(child(&message, "replace", ns::CHAT_STATES), None);
}
