//! Bytes in, elements out, whatever the bytes.

use proptest::prelude::*;
use warmline::xmpp::framing::{
    Frame, Framer, FramingError, Limits, Refused, RefusedWhy, StanzaHead, StreamHead,
};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::child;

use crate::encoding::read;
use crate::fake::HEADER;
use crate::support::xmpp::COMPONENT;

fn refusal(xml: &str) -> RefusedWhy {
    match read(xml, &[]).as_slice() {
        [Frame::Refused(refused), Frame::Element(next)] => {
            assert!(next.is("iq", ns::CLIENT), "the next stanza is read as ever");
            refused.why
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn the_head_of_the_stream_and_its_end_are_told() {
    let mut framer = Framer::new(Limits::default());
    let all = format!("{HEADER} </stream:stream>");
    let mut bytes = all.as_bytes();
    let head = StreamHead {
        id: Some("fake-id".to_owned()),
        from: Some(COMPONENT.to_owned()),
    };
    assert_eq!(framer.next(&mut bytes), Ok(Some(Frame::Open(head))));
    assert_eq!(framer.next(&mut bytes), Ok(Some(Frame::Close)));
}

#[test]
fn the_streams_namespace_is_mapped_wherever_it_is_inherited() {
    let frames = read(
        "<message type='error'><error><gone xmlns='urn:x'/></error>\
         <f xmlns='urn:f'><message xmlns='jabber:component:accept'/></f>\
         <c:body xmlns:c='jabber:component:accept'>x</c:body></message>",
        &[],
    );
    let [Frame::Element(message)] = frames.as_slice() else {
        panic!("expected one element, got {frames:?}");
    };
    assert!(child(message, "error", ns::CLIENT).is_some());
    assert!(child(message, "body", ns::CLIENT).is_some());
    let inner = child(message, "f", "urn:f").unwrap();
    assert!(child(inner, "message", ns::CLIENT).is_some());
}

#[test]
fn a_refused_stanza_is_skipped_to_its_end_and_keeps_its_head() {
    let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
    let xml = format!("<message from='a@b/c' to='d' id='1' type='chat' x='y'>{deep}</message>");
    let why = RefusedWhy::TooDeep;
    let head = StanzaHead {
        name: "message".to_owned(),
        from: Some("a@b/c".to_owned()),
        to: Some("d".to_owned()),
        id: Some("1".to_owned()),
        kind: Some("chat".to_owned()),
    };
    assert_eq!(
        read(&xml, &[4_096]),
        [Frame::Refused(Refused { head, why })]
    );
}

#[test]
fn each_limit_refuses_only_the_stanza_that_breaks_it() {
    let limits = Limits::default();
    let levels = limits.depth;
    let deep = "<a>".repeat(levels) + &"</a>".repeat(levels);
    assert_eq!(
        refusal(&format!("<message>{deep}</message><iq/>")),
        RefusedWhy::TooDeep
    );
    let long = "x".repeat(limits.stanza_bytes);
    let large = RefusedWhy::TooLarge;
    assert_eq!(refusal(&format!("<message>{long}</message><iq/>")), large);
    assert_eq!(refusal(&format!("<message id='{long}'/><iq/>")), large);
    assert_eq!(refusal(&format!("<{long}/><iq/>")), large);
    let many = "<a/>".repeat(limits.elements);
    assert_eq!(
        refusal(&format!("<message>{many}</message><iq/>")),
        RefusedWhy::TooMany
    );
    let declarations: String = (0..limits.namespaces)
        .map(|n| format!(" xmlns:p{n}='urn:p'"))
        .collect();
    assert_eq!(
        refusal(&format!("<message{declarations}/><iq/>")),
        RefusedWhy::TooMany
    );
}

#[test]
fn wrong_prefixes_cost_one_stanza_and_not_the_stream() {
    for xml in [
        "<p:message/><iq/>",
        "<message p:id='1'/><iq/>",
        "<message id='1' id='2'/><iq/>",
        "<message xmlns:a='urn:x' xmlns:b='urn:x' a:id='1' b:id='2'/><iq/>",
        "<message><a xmlns:p='urn:p'/><p:b/></message><iq/>",
    ] {
        assert_eq!(refusal(xml), RefusedWhy::BadNames, "{xml}");
    }
}

#[test]
fn past_the_hard_limit_the_stream_is_given_up() {
    let limits = Limits {
        hard_bytes: 10_000,
        ..Limits::default()
    };
    for xml in [
        "<message>".to_owned() + &"<a>".repeat(5_000),
        "<".to_owned() + &"m".repeat(20_000),
    ] {
        let mut framer = Framer::new(limits.clone());
        let all = format!("{HEADER}{xml}");
        let mut bytes = all.as_bytes();
        let mut next = framer.next(&mut bytes);
        while let Ok(Some(_)) = next {
            next = framer.next(&mut bytes);
        }
        assert!(next.is_err(), "{next:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_any_size_give_the_same_frames(sizes in prop::collection::vec(1usize..40, 1..30)) {
        let deep = "<d>".repeat(70) + &"</d>".repeat(70);
        let xml = format!(
            "<message id='1'><body>ä&amp;😀&#x1F600;<![CDATA[<x>]]> </body></message> \n stray\
             <p:iq xmlns:p='jabber:client' p:x='1' type='get'><q xmlns='urn:q' a='&#10;'/></p:iq>\
             <message id='2'>{deep}</message><q:x/><presence/></stream:stream>"
        );
        prop_assert_eq!(read(&xml, &sizes), read(&xml, &[]));
    }

    #[test]
    fn any_bytes_at_all_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut framer = Framer::new(Limits::default());
        let all = [HEADER.as_bytes(), &bytes].concat();
        let mut rest = all.as_slice();
        while let Ok(Some(frame)) = framer.next(&mut rest) {
            if frame == Frame::Close {
                break;
            }
        }
    }

    #[test]
    fn any_soup_of_markup_does_no_harm(
        parts in prop::collection::vec(prop::sample::select(vec![
            "<a>", "</a>", "<a/>", "<a b='", "'", "/>", ">", "&amp;", "&#0;", "<p:a", " xmlns='u'",
            " xmlns:p='u'", "]]>", "<![CDATA[", "<!--", "-->", "text", "\u{FFFF}", "</stream:stream>",
        ]), 0..60),
    ) {
        let mut framer = Framer::new(Limits::default());
        let all = format!("{HEADER}{}", parts.concat());
        let mut rest = all.as_bytes();
        let mut last = framer.next(&mut rest);
        while let Ok(Some(frame)) = &last {
            if *frame == Frame::Close {
                break;
            }
            last = framer.next(&mut rest);
        }
        prop_assert!(!matches!(last, Err(FramingError::Endless)));
    }
}
