//! Requests to the client: contact pushes, offers, and what any client answers.

use minidom::Element;

use crate::xmpp::fastpath;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, Condition, attr, element, error, iq_result};

use super::{Client, text};

/// What this client understands.
const FEATURES: [&str; 8] = [
    ns::DISCO_INFO,
    ns::PING,
    ns::VERSION,
    ns::TIME,
    ns::CHAT_STATES,
    ns::DIRECT_INVITE,
    ns::MUC,
    ns::WORKGROUP,
];

impl Client {
    /// Answers every request exactly once.
    pub(super) fn take_request(&mut self, stanza: &Element) {
        let mut children = stanza.children();
        let payload = match (children.next(), children.next()) {
            (Some(payload), None) => payload,
            _ => return self.refuse(stanza, Condition::BadRequest),
        };
        let from = attr(stanza, "from").unwrap_or(&self.bare).to_owned();
        let set = attr(stanza, "type") == Some("set");
        let taken = match (payload.name(), set) {
            ("query", true) if payload.has_ns(ns::ROSTER) => {
                return self.roster_push(stanza, payload, &from);
            }
            ("offer", true) if fastpath::is_ours(payload) => self.offered(&from, payload),
            ("offer-revoke", true) if fastpath::is_ours(payload) => {
                self.offer_revoked(&from, payload)
            }
            _ => return self.common_request(stanza, payload),
        };
        if taken {
            self.send(iq_result(stanza, None));
        } else {
            self.refuse(stanza, Condition::NotAcceptable);
        }
    }

    fn refuse(&mut self, stanza: &Element, condition: Condition) {
        // What was asked is not sent back: it may be large.
        let mut named = element("iq", ns::CLIENT);
        for name in ["type", "id", "from", "to"] {
            if let Some(value) = attr(stanza, name) {
                named = named.with(name, value);
            }
        }
        if let Some(reply) = error(&named, condition, None) {
            self.send(reply);
        }
    }

    /// Only one's own server may change the list (RFC 6121 §2.1.6).
    fn roster_push(&mut self, stanza: &Element, query: &Element, from: &str) {
        if !text::bare(from).eq_ignore_ascii_case(&self.bare) {
            return self.refuse(stanza, Condition::NotAcceptable);
        }
        for item in query.children() {
            self.take_item(item);
        }
        self.send(iq_result(stanza, None));
    }

    fn common_request(&mut self, stanza: &Element, payload: &Element) {
        let get = attr(stanza, "type") == Some("get");
        let answer = match (payload.name(), payload.ns().as_str()) {
            ("ping", ns::PING) if get => None,
            ("query", ns::VERSION) if get => Some(
                element("query", ns::VERSION)
                    .and_text("name", ns::VERSION, "Warmline")
                    .and_text("version", ns::VERSION, env!("CARGO_PKG_VERSION")),
            ),
            ("time", ns::TIME) if get => Some(
                element("time", ns::TIME)
                    .and_text("tzo", ns::TIME, "+00:00")
                    .and_text("utc", ns::TIME, &text::iso_time(self.now)),
            ),
            ("query", ns::DISCO_INFO) if get && attr(payload, "node").is_none() => {
                Some(description())
            }
            ("query", ns::DISCO_INFO) if get => {
                return self.refuse(stanza, Condition::ItemNotFound);
            }
            _ => return self.refuse(stanza, Condition::ServiceUnavailable),
        };
        self.send(iq_result(stanza, answer));
    }
}

fn description() -> Element {
    let identity = element("identity", ns::DISCO_INFO)
        .with("category", "client")
        .with("type", "web")
        .with("name", "Warmline");
    let about = element("query", ns::DISCO_INFO).and(identity);
    FEATURES.iter().fold(about, |about, feature| {
        about.and(element("feature", ns::DISCO_INFO).with("var", feature))
    })
}
