//! 26 odd stanzas of an ordinary user, through a real Prosody: none costs the link.

use warmline::xmpp::framing::RefusedWhy;
use warmline::xmpp::link::{Generation, LinkEvent, LinkSender, spawn};
use warmline::xmpp::stanza::{Condition, attr, error_reply};

use crate::client::Client;
use crate::prosody::Prosody;
use crate::wait::{Events, settings};

/// What must become of an odd stanza.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Delivered,
    Refused(RefusedWhy),
}
use Fate::{Delivered, Refused};

fn nested(levels: usize) -> String {
    // The message itself is the first level.
    let (open, close) = ("<a>".repeat(levels - 1), "</a>".repeat(levels - 1));
    format!("<message to='w@seat.localhost' id='odd'>{open}{close}</message>")
}

fn message(attributes: &str, content: &str) -> String {
    format!("<message to='w@seat.localhost' id='odd'{attributes}>{content}</message>")
}

fn presence(content: &str) -> String {
    format!("<presence to='w@seat.localhost' id='odd'>{content}</presence>")
}

#[rustfmt::skip]
fn odd_stanzas() -> Vec<(&'static str, String, Fate)> {
    let x8193 = "x".repeat(8_193);
    let error = "<error><nonsense xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    let forwarded = "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' \
        from='a@b' to='c@d'><body>inner</body></message></forwarded>";
    vec![
        ("bogus type", message(" type='bogus'", "<body>1</body>"), Delivered),
        ("two threads", message("", "<thread>a</thread><thread>b</thread>"), Delivered),
        ("bad show", presence("<show>elsewhere</show>"), Delivered),
        ("bad priority", presence("<priority>very high</priority>"), Delivered),
        ("stray text", message("", "stray<body>5</body>text"), Delivered),
        ("unknown error condition",
            format!("<iq to='w@seat.localhost' id='odd' type='error'>{error}</iq>"), Delivered),
        ("emoji as local part", "<message to='😀@seat.localhost' id='odd'/>".into(), Delivered),
        ("emoji as resource", "<message to='w@seat.localhost/😀' id='odd'/>".into(), Delivered),
        ("attribute of 8,193 bytes", message("", &format!("<x xmlns='urn:x' y='{x8193}'/>")), Delivered),
        ("4,500 levels", nested(4_500), Refused(RefusedWhy::TooDeep)),
        ("as deep as allowed", nested(64), Delivered),
        ("one level deeper", nested(65), Refused(RefusedWhy::TooDeep)),
        ("body of 200 KB", message("", &format!("<body>{}</body>", "y".repeat(200_000))), Delivered),
        ("20,000 children", message("", &"<a/>".repeat(20_000)), Refused(RefusedWhy::TooMany)),
        ("unknown namespaces", message("", "<x xmlns='urn:a'><y xmlns='urn:b'/></x>"), Delivered),
        ("no namespace", message("", "<x xmlns=''><y/></x>"), Delivered),
        ("a message within", message("", forwarded), Delivered),
        ("prefixes", message("", "<p:x xmlns:p='urn:p' xmlns:q='urn:q' p:n='1' q:n='2' n='3'/>"), Delivered),
        ("300 namespaces in a row", message("", &(0..300).map(|n| format!("<x xmlns='urn:{n}'/>")).collect::<String>()), Delivered),
        ("nothing inside", message("", ""), Delivered),
        ("two bodies of one language", message("", "<body>a</body><body>b</body>"), Delivered),
        ("impossible language", message(" xml:lang='😀 -'", "<body>a</body>"), Delivered),
        ("CDATA and references", message("", "<body><![CDATA[<b>&]]>&#x1F600;&#13;&amp;</body>"), Delivered),
        ("white space in attributes", message("", "<x xmlns='urn:x' y='&#10;&#9;&#13;'/>"), Delivered),
        ("two payloads in a result",
            "<iq to='w@seat.localhost' id='odd' type='result'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>".into(), Delivered),
        ("subscription with content",
            "<presence to='w@seat.localhost' id='odd' type='subscribe'><status>\u{202E}</status><x xmlns='urn:x'/></presence>".into(), Delivered),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_survives_every_odd_stanza() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.component));
    let mut events = Events(events);
    let up = events.up().await;
    let mut client = Client::login(&server).await;
    let odd = odd_stanzas();
    assert_eq!(odd.len(), 26);
    for (what, xml, expected) in odd {
        client.say(&xml).await;
        client
            .say("<message to='w@seat.localhost' id='marker'/>")
            .await;
        let fate = fate_of_the_next(&mut events, (&sender, up)).await;
        assert_eq!(fate, Some(expected), "{what}");
        if let Refused(_) = expected {
            let told = client.hear("</message>").await;
            assert!(
                told.contains("id='odd'") && told.contains("type='error'"),
                "{told}"
            );
            assert!(told.contains("<policy-violation"), "{told}");
        }
    }
    assert_eq!(sender.generation(), Some(up));
}

/// Reads up to the marker; answers a refusal as the rooms above do.
async fn fate_of_the_next(events: &mut Events, link: (&LinkSender, Generation)) -> Option<Fate> {
    let mut fate = None;
    loop {
        match events.next().await {
            LinkEvent::Stanza(stanza) if attr(&stanza, "id") == Some("marker") => return fate,
            LinkEvent::Stanza(stanza) => {
                // Prosody makes up a presence probe when a subscription is asked for.
                if attr(&stanza, "id") == Some("odd") {
                    fate = Some(Delivered);
                }
            }
            LinkEvent::Refused(refused) => {
                let why = Some("too deep or too large");
                let answer = error_reply(&refused.head, Condition::PolicyViolation, why);
                let answer = answer.expect("a refused message can be answered");
                assert_eq!(link.0.send(link.1, &answer), Ok(()));
                fate = Some(Refused(refused.why));
            }
            other => panic!("the link did not survive: {other:?}"),
        }
    }
}
