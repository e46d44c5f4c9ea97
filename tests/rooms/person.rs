//! An agent at an XMPP client that is typed by hand.

use crate::stream::Stream;
use crate::support::xmpp::{DOMAIN, PASSWORD, Server};
use minidom::Element;
use std::time::{Duration, Instant};
use warmline::xmpp::stanza::{attr, body};

pub struct Person {
    stream: Stream,
    pub seen: Vec<Element>,
}

const HEADER: &str = "<stream:stream xmlns='jabber:client' version='1.0' \
    xmlns:stream='http://etherx.jabber.org/streams' to='example.test'>";

impl Person {
    pub fn login(server: &dyn Server, account: &str) -> Person {
        Person::login_as(server, account, "desk")
    }

    pub fn login_as(server: &dyn Server, account: &str, resource: &str) -> Person {
        assert_eq!(DOMAIN, "example.test");
        let mut stream = Stream::connect(server.ports().client);
        stream.send(HEADER);
        stream.until("</stream:features>").expect("a login");
        let token = base64(format!("\0{account}\0{PASSWORD}").as_bytes());
        stream.send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{token}</auth>"
        ));
        stream.until("<success").expect("a login");
        stream.until(">").expect("a login");
        stream.send(HEADER);
        stream.until("</stream:features>").expect("a login");
        stream.send(&format!(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>{resource}</resource></bind></iq>"
        ));
        stream.until("</iq>").expect("a login");
        stream.send("<presence/>");
        Person {
            stream,
            seen: Vec::new(),
        }
    }

    pub fn send(&mut self, xml: &str) {
        self.stream.send(xml);
    }

    pub fn enter(&mut self, room: &str, nick: &str) {
        self.send(&format!(
            "<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ));
    }

    pub fn say(&mut self, room: &str, id: &str, text: &str) {
        self.send(&format!(
            "<message type='groupchat' to='{room}' id='{id}'><body>{text}</body></message>"
        ));
    }

    /// Reads what is there.
    pub fn read(&mut self) {
        if let Some(stanza) = self.stream.stanza() {
            self.seen.push(stanza);
        }
    }

    /// Reads, and gives the first stanza seen so far that fits.
    pub fn look<T>(&mut self, fits: impl Fn(&Element) -> Option<T>) -> Option<T> {
        self.read();
        self.seen.iter().find_map(fits)
    }

    /// Waits for a stanza.
    pub fn until<T>(&mut self, what: &str, fits: impl Fn(&Element) -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = self.look(&fits) {
                return found;
            }
            assert!(Instant::now() < deadline, "not seen: {what}");
        }
    }

    /// Waits until the room shows this text.
    pub fn until_said(&mut self, text: &str) -> Element {
        self.until(text, |stanza| said(stanza, text))
    }
}

/// The stanza, if it is a message of this text.
pub fn said(stanza: &Element, text: &str) -> Option<Element> {
    let fits = stanza.name() == "message"
        && attr(stanza, "type") != Some("error")
        && body(stanza).as_deref() == Some(text);
    fits.then(|| stanza.clone())
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, at| {
            word << 8 | u32::from(chunk.get(at).copied().unwrap_or(0))
        });
        for at in 0..4 {
            let letter = char::from(LETTERS[(word >> (18 - 6 * at)) as usize & 63]);
            text.push(if at > chunk.len() { '=' } else { letter });
        }
    }
    text
}
