//! Answers to stanzas, and what is read from them.

use minidom::Element;
use warmline::xmpp::framing::StanzaHead;
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{
    Build, Condition, attr, body, child, child_text, element, error, error_of, iq, iq_result,
};

use crate::words::body_of;

const CONDITIONS: [(Condition, &str, bool); 11] = [
    (Condition::BadRequest, "bad-request", false),
    (
        Condition::FeatureNotImplemented,
        "feature-not-implemented",
        false,
    ),
    (Condition::Forbidden, "forbidden", false),
    (
        Condition::InternalServerError,
        "internal-server-error",
        true,
    ),
    (Condition::ItemNotFound, "item-not-found", false),
    (Condition::NotAcceptable, "not-acceptable", false),
    (Condition::NotAllowed, "not-allowed", false),
    (Condition::NotAuthorized, "not-authorized", false),
    (Condition::PolicyViolation, "policy-violation", false),
    (Condition::ResourceConstraint, "resource-constraint", true),
    (Condition::ServiceUnavailable, "service-unavailable", false),
];

fn parse(xml: &str) -> Element {
    let with_ns = xml.replacen(' ', " xmlns='jabber:client' ", 1);
    with_ns.parse().expect("good XML")
}

#[test]
fn a_result_goes_back_to_the_one_who_asked() {
    let ask = iq("get", "7", ("a@b/c", "w@d"), element("ping", ns::PING));
    let expected = parse("<iq from='w@d' to='a@b/c' id='7' type='result'/>");
    assert_eq!(iq_result(&ask, None), expected);
}

#[test]
fn an_error_names_condition_type_and_number() {
    let ask = iq("set", "7", ("a@b/c", "w@d"), element("x", "urn:x"));
    let refused = error(&ask, Condition::ItemNotFound, Some("why")).expect("an answer");
    assert_eq!(attr(&refused, "to"), Some("a@b/c"));
    let inner = child(&refused, "error", ns::CLIENT).expect("an error");
    assert_eq!(
        (attr(inner, "type"), attr(inner, "code")),
        (Some("cancel"), Some("404"))
    );
    let text = child_text(inner, "text", ns::STANZA_ERRORS);
    assert_eq!(text.as_deref(), Some("why"));
}

#[test]
fn every_condition_can_be_told_and_read() {
    let head = StanzaHead::of(&parse("<message from='a@b' to='c@d' id='1'/>"));
    for (condition, name, wait) in CONDITIONS {
        let refused = head.refusal(condition).expect("an answer");
        assert_eq!(error_of(&refused), Some((name.to_owned(), wait)));
        assert_eq!(attr(&refused, "id"), Some("1"));
    }
}

#[test]
fn what_must_not_be_answered_by_an_error_is_not() {
    for xml in [
        "<iq type='error' from='a@b'/>",
        "<iq type='result' from='a@b'/>",
        "<message type='error' from='a@b'/>",
        "<presence type='error' from='a@b'/>",
        "<unknown from='a@b'/>",
    ] {
        let head = StanzaHead::of(&parse(xml));
        assert_eq!(head.refusal(Condition::BadRequest), None, "{xml}");
    }
}

#[test]
fn a_missing_condition_is_undefined_and_an_unknown_one_is_told_as_it_is() {
    assert_eq!(error_of(&parse("<message type='chat'/>")), None);
    for (inside, name) in [
        ("<error/>", "undefined-condition"),
        (
            "<error type='bogus'><nonsense xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            "nonsense",
        ),
    ] {
        let read = error_of(&parse(&format!("<iq type='error'>{inside}</iq>")));
        assert_eq!(read, Some((name.to_owned(), false)));
    }
}

#[test]
fn the_body_without_a_language_comes_first() {
    let two = parse("<message ><body xml:lang='de'>hallo</body><body>hello</body></message>");
    assert_eq!(body(&two).as_deref(), Some("hello"));
    let one = parse("<message ><body xml:lang='de'>hallo</body></message>");
    assert_eq!(body(&one).as_deref(), Some("hallo"));
    assert_eq!(body(&parse("<message />")), None);
    let foreign = parse("<message ><body xmlns='http://www.w3.org/1999/xhtml'>x</body></message>");
    assert_eq!(body(&foreign), None);
}

#[test]
fn children_are_found_by_name_and_namespace() {
    let message = element("message", ns::CLIENT)
        .and(body_of("x"))
        .and(element("active", ns::CHAT_STATES))
        .and_text("replace", ns::CORRECTION, "y");
    let text = child_text(&message, "replace", ns::CORRECTION);
    assert_eq!(text.as_deref(), Some("y"));
    assert_eq!(child(&message, "replace", ns::CHAT_STATES), None);
    assert_eq!(child(&message, "active", ns::CORRECTION), None);
}
