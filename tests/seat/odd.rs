//! The odd stanzas of an ordinary user, through a real Prosody: none costs the link.

use warmline::xmpp::link::{Generation, LinkEvent, LinkSender, spawn};
use warmline::xmpp::stanza::{Condition, attr};

use crate::support::odd::{self, Fate};
use crate::support::prosody::Prosody;
use crate::support::raw::Raw;
use crate::support::xmpp::Server;
use crate::wait::{Events, settings};
use crate::words::{USER, us};

#[tokio::test(flavor = "multi_thread")]
async fn the_link_survives_every_odd_stanza() {
    let server = Prosody::start();
    let (sender, events) = spawn(settings(server.ports().component));
    let mut events = Events(events);
    let up = events.up().await;
    let mut user = Raw::log_in(USER, server.ports());
    let stanzas = odd::stanzas(&us());
    assert_eq!(stanzas.len(), 26);
    for odd in stanzas {
        user.say(&odd.xml);
        user.say(&format!("<message to='{}' id='marker'/>", us()));
        // An expat with "reparse deferral" (2.6.0, and Debian's mended 2.5.0) looks at a tag that came in
        // pieces only when twice as much is there; what the server reads next lets it go on.
        user.say(&" ".repeat(20_000));
        let fate = fate_of_the_next(&mut events, (&sender, up)).await;
        assert_eq!(fate, Some(odd.fate), "{}", odd.what);
        if let Fate::Refused(_) = odd.fate {
            let told = user.hear("</message>");
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
                    fate = Some(Fate::Delivered);
                }
            }
            LinkEvent::Refused(refused) => {
                let answer = refused.head.refusal(Condition::PolicyViolation);
                let answer = answer.expect("a refused message can be answered");
                assert_eq!(link.0.send(link.1, &answer), Ok(()));
                fate = Some(Fate::Refused(refused.why));
            }
            other => panic!("the link did not survive: {other:?}"),
        }
    }
}
