//! The outside of a stanza: enough to answer one that was never built.

use minidom::Element;

use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, Condition, attr, element, error};

/// What is needed to answer a stanza, also one that was never built. All as the sender wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StanzaHead {
    /// `message`, `presence`, `iq`, or whatever stood there.
    pub name: String,
    /// Sender's address.
    pub from: Option<String>,
    /// Which of our addresses was meant.
    pub to: Option<String>,
    /// The sender's own id for it.
    pub id: Option<String>,
    /// The attribute `type`.
    pub kind: Option<String>,
}

impl StanzaHead {
    /// A head of which only the element's name is known yet.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The head of a whole element.
    #[must_use]
    pub fn of(stanza: &Element) -> Self {
        let mut head = Self::named(stanza.name());
        for name in ["from", "to", "id", "type"] {
            if let Some(value) = attr(stanza, name) {
                head.note(name, value);
            }
        }
        head
    }

    /// Takes over an attribute if it belongs to a head.
    pub fn note(&mut self, name: &str, value: &str) {
        let field = match name {
            "from" => &mut self.from,
            "to" => &mut self.to,
            "id" => &mut self.id,
            "type" => &mut self.kind,
            _ => return,
        };
        *field = Some(value.to_owned());
    }
}

impl StanzaHead {
    /// The error that answers a stanza of this head; `None` where it must not be answered.
    #[must_use]
    pub fn refusal(&self, condition: Condition) -> Option<Element> {
        if !matches!(self.name.as_str(), "message" | "presence" | "iq") {
            return None;
        }
        let mut stanza = element(&self.name, ns::CLIENT);
        for (name, value) in [
            ("from", &self.from),
            ("to", &self.to),
            ("id", &self.id),
            ("type", &self.kind),
        ] {
            if let Some(value) = value {
                stanza = stanza.with(name, value);
            }
        }
        error(&stanza, condition, None)
    }
}
