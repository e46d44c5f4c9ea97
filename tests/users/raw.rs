//! Raw stanzas: what is typed goes out as the session's own, or not at all.

use crate::support::agents::People;
use crate::support::prosody::Prosody;
use crate::support::xmpp::{Server, jid};
use crate::world::World;
use warmline::users::{Done, Order, UserError, UserEvent};

#[test]
fn nobody_speaks_as_somebody_else_and_nothing_breaks_the_link() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (alice, real) = (world.present("alice"), world.account("agent2"));
    let stranger = People::start().log_in("agent1", server.ports());
    stranger.show("available");
    for person in [&alice, &real] {
        let deep = |levels: usize| {
            let (open, close) = ("<a>".repeat(levels), "</a>".repeat(levels));
            format!("<message to='{}'>{open}{close}</message>", jid("agent1"))
        };
        let bad = [
            "<message/><message/>".to_owned(),
            "</stream:stream>".to_owned(),
            "<message to='a@b'/></stream:stream>".to_owned(),
            "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><message><body>&a;</body></message>".to_owned(),
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>".to_owned(),
            "<handshake/>".to_owned(),
            "<a xmlns='urn:xmpp:sm:3'/>".to_owned(),
            deep(10_000),
            deep(100),
        ];
        for xml in bad {
            let shown: String = xml.chars().take(60).collect();
            let refused = person.attempt(Order::Raw(xml));
            assert!(matches!(refused, Err(UserError::BadStanza(_))), "{shown}");
        }
        let text = format!("as myself, {}", person.bare());
        let forged = format!(
            "<message from='supervisor@example.test/x' to='{}' type='chat'><body>{text}</body></message>",
            jid("agent1")
        );
        assert!(matches!(
            person.order(Order::Raw(forged)),
            Done::Sent { .. }
        ));
        let heard = stranger.wait("the words", |e| e.get("body") == text);
        assert_eq!(heard.get("from"), person.jid());
        let ping = format!(
            "<iq type='get' id='mine' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>",
            stranger.full_jid()
        );
        assert_eq!(
            person.order(Order::Raw(ping)),
            Done::Sent { id: "mine".into() }
        );
        let answer = person.wait("the answer", |event| match event {
            UserEvent::Stanza(xml) if xml.contains("id='mine'") => Some(xml.clone()),
            _ => None,
        });
        assert!(answer.starts_with("<iq xmlns='jabber:client'"), "{answer}");
        assert!(answer.contains("type='result'"), "{answer}");
    }
}

#[test]
fn ten_thousand_levels_from_a_stranger_hurt_nobody() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (alice, real) = (world.present("alice"), world.account("agent2"));
    let mut stranger = crate::support::raw::Raw::log_in("agent1", server.ports());
    for person in [&alice, &real] {
        let (open, close) = ("<a>".repeat(4_500), "</a>".repeat(4_500));
        let long = "x".repeat(20_000);
        stranger.say(&format!(
            "<message to='{to}' type='chat'><body>deep</body>{open}{close}</message>\
             <message to='{to}' type='chat'><body>long</body><x xmlns='urn:x' a='{long}'/></message>\
             <message to='{to}' type='chat'><body>after</body></message>{push}",
            to = person.jid(),
            // As in `seat odd`: a newer expat waits for twice as much after a piece of a long tag.
            push = " ".repeat(60_000)
        ));
        person.hears("agent1@", "after");
        person.hears("agent1@", "long");
    }
    assert_eq!(
        real.count("deep"),
        1,
        "what is too deep is cut, the rest comes"
    );
}
