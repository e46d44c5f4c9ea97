//! Requests to a user's server, and to a user who is not there.

use minidom::Element;

use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, Condition, attr, element, error, iq_result};

use super::house::{House, Key};

impl House {
    /// A request of a user's client to its own server.
    pub fn serve_iq(&mut self, key: &Key, stanza: &Element) {
        let kind = attr(stanza, "type");
        if !matches!(kind, Some("get" | "set")) {
            return;
        }
        let Some(payload) = stanza.children().next().cloned() else {
            return self.refuse_iq(stanza, Condition::BadRequest);
        };
        // The answer comes from the account, whether it was named or not.
        let bare = self.bare(&key.0);
        let stanza = stanza.clone().with("to", &bare);
        let get = kind == Some("get");
        match (payload.name(), payload.ns().as_str()) {
            ("query", ns::ROSTER) if get => self.give_roster(key, &stanza),
            ("query", ns::ROSTER) => self.set_roster(key, &stanza, &payload),
            // Copies are always made.
            ("enable" | "disable", ns::CARBONS) if !get => {
                self.answer_iq(iq_result(&stanza, None));
            }
            _ => self.account_iq(&key.0, &stanza, &payload),
        }
    }

    /// A request that came for a user.
    pub fn deliver_iq(&mut self, (username, to): (&str, &Address), stanza: &Element) {
        if let Some(key) = self.session_of(username, to) {
            return self.hand(&key, stanza);
        }
        if !matches!(attr(stanza, "type"), Some("get" | "set")) {
            return;
        }
        let mut children = stanza.children();
        match (children.next(), children.next()) {
            _ if to.resource.is_some() => self.bounce(stanza),
            (Some(payload), None) => {
                let payload = payload.clone();
                self.account_iq(username, stanza, &payload);
            }
            _ => self.refuse_iq(stanza, Condition::BadRequest),
        }
    }

    /// What an account answers to everybody.
    fn account_iq(&mut self, username: &str, stanza: &Element, payload: &Element) {
        let get = attr(stanza, "type") == Some("get");
        let answer = match (payload.name(), payload.ns().as_str()) {
            ("ping", ns::PING) if get => None,
            ("query", ns::DISCO_INFO) if get && attr(payload, "node").is_none() => Some(account()),
            ("query", ns::DISCO_ITEMS) if get => Some(element("query", ns::DISCO_ITEMS)),
            ("query", ns::VERSION) if get => Some(
                element("query", ns::VERSION)
                    .and_text("name", ns::VERSION, "Warmline")
                    .and_text("version", ns::VERSION, env!("CARGO_PKG_VERSION")),
            ),
            ("vCard", ns::VCARD) if get => {
                let user = self.users.get(username);
                let name = user.and_then(|user| user.record.name.clone());
                let name = name.unwrap_or_else(|| username.to_owned());
                Some(element("vCard", ns::VCARD).and_text("FN", ns::VCARD, &name))
            }
            _ => return self.refuse_iq(stanza, Condition::ServiceUnavailable),
        };
        self.answer_iq(iq_result(stanza, answer));
    }

    pub fn answer_iq(&mut self, answer: Element) {
        self.emit(answer);
    }

    pub fn refuse_iq(&mut self, stanza: &Element, condition: Condition) {
        let mut named = element("iq", ns::CLIENT);
        for name in ["type", "id", "from", "to"] {
            if let Some(value) = attr(stanza, name) {
                named = named.with(name, value);
            }
        }
        if let Some(reply) = error(&named, condition, None) {
            self.emit(reply);
        }
    }
}

fn account() -> Element {
    let identity = element("identity", ns::DISCO_INFO)
        .with("category", "account")
        .with("type", "registered");
    let about = element("query", ns::DISCO_INFO).and(identity);
    [
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::PING,
        ns::VERSION,
        ns::VCARD,
    ]
    .iter()
    .fold(about, |about, feature| {
        about.and(element("feature", ns::DISCO_INFO).with("var", feature))
    })
}
