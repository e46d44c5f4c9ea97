//! Small builders and readers for stanzas, lenient in what they read.

mod error;

use minidom::Element;
use rxml::{Namespace, NcName};

pub use self::error::{Condition, ErrorKind, StanzaError, error_of, error_reply, iq_error};
use super::ns;

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

/// Values of a message's `type` that we send (RFC 6121 §5.2.2); errors have [`error_reply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// No `type` at all, as in mediated invitations.
    Normal,
    /// One to one.
    Chat,
    /// To all in a room.
    Groupchat,
    /// Needs no answer.
    Headline,
}

/// Values of a presence's `type` that we send (RFC 6121 §4.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceKind {
    /// No `type`.
    Available,
    /// Gone.
    Unavailable,
    /// Asks for the other's presence.
    Subscribe,
    /// Allows it.
    Subscribed,
    /// Wants it no more.
    Unsubscribe,
    /// Refuses it, or takes the permission back.
    Unsubscribed,
    /// Asks a server for the present state.
    Probe,
}

/// Chained building of an [`Element`].
pub trait ElementExt: Sized {
    /// With this attribute, see [`set_attr`].
    #[must_use]
    fn with_attr(self, name: &str, value: impl Into<String>) -> Self;
    /// With this child at the end.
    #[must_use]
    fn with_child(self, child: Element) -> Self;
    /// With this text at the end.
    #[must_use]
    fn with_text(self, text: &str) -> Self;
}

impl ElementExt for Element {
    fn with_attr(mut self, name: &str, value: impl Into<String>) -> Self {
        set_attr(&mut self, name, value);
        self
    }

    fn with_child(mut self, child: Element) -> Self {
        self.append_child(child);
        self
    }

    fn with_text(mut self, text: &str) -> Self {
        self.append_text(text);
        self
    }
}

/// An empty element.
#[must_use]
pub fn element(name: &str, namespace: &str) -> Element {
    Element::bare(name, namespace)
}

/// Sets an attribute without a namespace; a name that XML does not allow changes nothing.
pub fn set_attr(element: &mut Element, name: &str, value: impl Into<String>) {
    if let Ok(name) = NcName::try_from(name) {
        element
            .attrs_mut()
            .insert(Namespace::NONE, name, value.into());
    }
}

/// The value of an attribute without a namespace.
#[must_use]
pub fn attr<'a>(element: &'a Element, name: &'a str) -> Option<&'a str> {
    element.attr(name)
}

/// The first child of this name and namespace.
#[must_use]
pub fn child<'a>(element: &'a Element, name: &str, namespace: &str) -> Option<&'a Element> {
    element.children().find(|c| c.is(name, namespace))
}

/// All children of this namespace.
pub fn children_in<'a>(
    element: &'a Element,
    namespace: &'a str,
) -> impl Iterator<Item = &'a Element> {
    element.children().filter(move |c| c.has_ns(namespace))
}

/// The text of the first child of this name and namespace.
#[must_use]
pub fn child_text(element: &Element, name: &str, namespace: &str) -> Option<String> {
    child(element, name, namespace).map(Element::text)
}

/// The first payload of an IQ (RFC 6120 §8.2.3), errors left aside.
#[must_use]
pub fn payload(iq: &Element) -> Option<&Element> {
    iq.children().find(|c| !c.is("error", ns::CLIENT))
}

/// A message's text: the body without `xml:lang` if there is one, otherwise the first body
/// (RFC 6121 §5.2.3).
#[must_use]
pub fn body_of(message: &Element) -> Option<String> {
    let bodies = || message.children().filter(|c| c.is("body", ns::CLIENT));
    bodies()
        .find(|body| body.attr_ns(ns::XML, "lang").is_none())
        .or(bodies().next())
        .map(Element::text)
}

/// A message without content.
#[must_use]
pub fn message(from: &str, to: &str, kind: MessageKind) -> Element {
    let kind = match kind {
        MessageKind::Normal => None,
        MessageKind::Chat => Some("chat"),
        MessageKind::Groupchat => Some("groupchat"),
        MessageKind::Headline => Some("headline"),
    };
    stanza("message", from, to, kind)
}

/// A message's text as a child of it.
#[must_use]
pub fn body(text: &str) -> Element {
    element("body", ns::CLIENT).with_text(text)
}

/// A presence without content.
#[must_use]
pub fn presence(from: &str, to: &str, kind: PresenceKind) -> Element {
    let kind = match kind {
        PresenceKind::Available => None,
        PresenceKind::Unavailable => Some("unavailable"),
        PresenceKind::Subscribe => Some("subscribe"),
        PresenceKind::Subscribed => Some("subscribed"),
        PresenceKind::Unsubscribe => Some("unsubscribe"),
        PresenceKind::Unsubscribed => Some("unsubscribed"),
        PresenceKind::Probe => Some("probe"),
    };
    stanza("presence", from, to, kind)
}

/// An IQ that asks; the caller adds its id and its payload.
#[must_use]
pub fn iq_get(from: &str, to: &str) -> Element {
    stanza("iq", from, to, Some("get"))
}

/// An IQ that changes or commands; the caller adds its id and its payload.
#[must_use]
pub fn iq_set(from: &str, to: &str) -> Element {
    stanza("iq", from, to, Some("set"))
}

/// The empty answer to an IQ get or set, from whom it was sent to; the caller adds a payload.
#[must_use]
pub fn iq_result(of: &Element) -> Element {
    let head = StanzaHead::of(of);
    answer(&head, "result")
}

/// Same name and id, addresses exchanged.
fn answer(head: &StanzaHead, kind: &str) -> Element {
    let mut answer = element(&head.name, ns::CLIENT).with_attr("type", kind);
    for (name, value) in [("from", &head.to), ("to", &head.from), ("id", &head.id)] {
        if let Some(value) = value {
            set_attr(&mut answer, name, value);
        }
    }
    answer
}

fn stanza(name: &str, from: &str, to: &str, kind: Option<&str>) -> Element {
    let mut stanza = element(name, ns::CLIENT)
        .with_attr("from", from)
        .with_attr("to", to);
    if let Some(kind) = kind {
        set_attr(&mut stanza, "type", kind);
    }
    stanza
}
