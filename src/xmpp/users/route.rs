//! What a user's client sends, as its server takes it (RFC 6120 §10.3, RFC 6121 §8.5).

use minidom::Element;

use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, body, element, message};

use super::house::{House, Key};

impl House {
    /// Takes a stanza of a session's client. Its sender is the session, whatever it says.
    pub fn route(&mut self, key: &Key, stanza: Element) {
        let bare = self.bare(&key.0);
        let full = format!("{bare}/{}", key.1);
        let stanza = stanza.with("from", &full);
        let to = attr(&stanza, "to").and_then(Address::parse);
        let to_self = match &to {
            None => true,
            Some(to) => to.resource.is_none() && to.bare() == bare,
        };
        match stanza.name() {
            "iq" if to_self => self.serve_iq(key, &stanza),
            "iq" => self.emit(stanza),
            "presence" => match to {
                None => self.broadcast(key, stanza),
                Some(to) => self.direct(key, &to, stanza),
            },
            "message" => {
                let stanza = match to {
                    None => stanza.with("to", &bare),
                    Some(_) => stanza,
                };
                self.say(key, stanza);
            }
            _ => {}
        }
    }

    fn say(&mut self, key: &Key, stanza: Element) {
        let kind = attr(&stanza, "type").unwrap_or("normal");
        if matches!(kind, "chat" | "normal") && body(&stanza).is_some() {
            self.keep_said(&key.0, &stanza, false);
            self.copy_to_others(key, &stanza, "sent");
        }
        self.emit(stanza);
    }

    /// Shows the user's other sessions what one of them sent or got (XEP-0280).
    pub fn copy_to_others(&mut self, key: &Key, stanza: &Element, way: &str) {
        let bare = self.bare(&key.0);
        let Some(user) = self.users.get(&key.0) else {
            return;
        };
        let others = user.sessions.iter();
        let others =
            others.filter(|(resource, online)| **resource != key.1 && online.shown.is_some());
        let others: Vec<String> = others.map(|(resource, _)| resource.clone()).collect();
        for resource in others {
            let to = format!("{bare}/{resource}");
            let forwarded = element("forwarded", ns::FORWARD).and(stanza.clone());
            let copy = element(way, ns::CARBONS).and(forwarded);
            self.inside
                .push_back(message("chat", (&bare, &to)).and(copy));
        }
    }
}
