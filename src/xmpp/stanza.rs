//! Reading and building stanzas as element trees.

use minidom::Element;
use minidom::rxml::{Namespace, NcName};

use super::address::Address;
use super::ns;

/// A stanza error's defined condition (RFC 6120 §8.3.3) as far as Warmline says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The request makes no sense.
    BadRequest,
    /// Not known here: the command or element is understood by nobody.
    FeatureNotImplemented,
    /// The sender may not do this.
    Forbidden,
    /// Something went wrong inside.
    InternalServerError,
    /// There is no such thing.
    ItemNotFound,
    /// Not acceptable in this state.
    NotAcceptable,
    /// Nobody may do this here.
    NotAllowed,
    /// The sender has no standing here.
    NotAuthorized,
    /// A local rule forbids it.
    PolicyViolation,
    /// Later, perhaps.
    ResourceConstraint,
    /// Nobody here offers this.
    ServiceUnavailable,
}

impl Condition {
    /// (name, error type, legacy code of XEP-0086 that Fastpath's clients read).
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::BadRequest => ("bad-request", "modify", "400"),
            Self::FeatureNotImplemented => ("feature-not-implemented", "cancel", "501"),
            Self::Forbidden => ("forbidden", "auth", "403"),
            Self::InternalServerError => ("internal-server-error", "wait", "500"),
            Self::ItemNotFound => ("item-not-found", "cancel", "404"),
            Self::NotAcceptable => ("not-acceptable", "modify", "406"),
            Self::NotAllowed => ("not-allowed", "cancel", "405"),
            Self::NotAuthorized => ("not-authorized", "auth", "401"),
            Self::PolicyViolation => ("policy-violation", "modify", "403"),
            Self::ResourceConstraint => ("resource-constraint", "wait", "500"),
            Self::ServiceUnavailable => ("service-unavailable", "cancel", "503"),
        }
    }
}

/// An attribute in no namespace, where it is there and not empty.
pub fn attr<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element
        .attr_ns::<str, str>("", name)
        .filter(|value| !value.is_empty())
}

/// The sender, where it can be read.
pub fn from(stanza: &Element) -> Option<Address> {
    attr(stanza, "from").and_then(Address::parse)
}

/// The addressee, where it can be read.
pub fn to(stanza: &Element) -> Option<Address> {
    attr(stanza, "to").and_then(Address::parse)
}

/// The first child of this name and namespace.
pub fn child<'a>(element: &'a Element, name: &str, namespace: &str) -> Option<&'a Element> {
    element.children().find(|child| child.is(name, namespace))
}

/// The text of the first child of this name and namespace.
pub fn child_text(element: &Element, name: &str, namespace: &str) -> Option<String> {
    child(element, name, namespace).map(Element::text)
}

/// The body of a message: the one without a language, else the first.
pub fn body(message: &Element) -> Option<String> {
    let bodies = || message.children().filter(|c| c.is("body", ns::CLIENT));
    bodies()
        .find(|body| body.attr_ns::<str, str>(ns::XML, "lang").is_none())
        .or_else(|| bodies().next())
        .map(Element::text)
}

/// Building an element piece by piece.
pub trait Build: Sized {
    /// Sets an attribute in no namespace. A name that XML does not allow sets nothing.
    fn with(self, name: &str, value: &str) -> Self;
    /// Appends a child.
    fn and(self, child: Element) -> Self;
    /// Appends a child with only text in it.
    fn and_text(self, name: &str, namespace: &str, text: &str) -> Self;
}

impl Build for Element {
    fn with(mut self, name: &str, value: &str) -> Self {
        if let Ok(name) = NcName::try_from(name) {
            self.set_attr(Namespace::NONE, name, value);
        }
        self
    }

    fn and(mut self, child: Element) -> Self {
        self.append_child(child);
        self
    }

    fn and_text(self, name: &str, namespace: &str, text: &str) -> Self {
        let child = Element::builder(name, namespace).append(text).build();
        self.and(child)
    }
}

/// An element without content.
pub fn element(name: &str, namespace: &str) -> Element {
    Element::bare(name, namespace)
}

/// An IQ request of this type (`get` or `set`).
pub fn iq(kind: &str, id: &str, (from, to): (&str, &str), payload: Element) -> Element {
    element("iq", ns::CLIENT)
        .with("type", kind)
        .with("id", id)
        .with("from", from)
        .with("to", to)
        .and(payload)
}

/// A message of this type, without content yet.
pub fn message(kind: &str, (from, to): (&str, &str)) -> Element {
    element("message", ns::CLIENT)
        .with("type", kind)
        .with("from", from)
        .with("to", to)
}

/// A presence; of a type where one is given, else available.
pub fn presence(kind: Option<&str>, (from, to): (&str, &str)) -> Element {
    let presence = element("presence", ns::CLIENT)
        .with("from", from)
        .with("to", to);
    match kind {
        Some(kind) => presence.with("type", kind),
        None => presence,
    }
}

/// The successful answer to an IQ request, from exactly the address that was asked.
pub fn iq_result(request: &Element, payload: Option<Element>) -> Element {
    let result = answer(request, "result");
    match payload {
        Some(payload) => result.and(payload),
        None => result,
    }
}

/// The error answer to a stanza; `None` for a stanza that must not be answered: an error, an IQ
/// result (RFC 6120 §8.3.1), or one that came from nobody.
pub fn error(stanza: &Element, condition: Condition, text: Option<&str>) -> Option<Element> {
    if matches!(attr(stanza, "type"), Some("error" | "result")) {
        return None;
    }
    attr(stanza, "from")?;
    let (name, kind, code) = condition.parts();
    let mut error = element("error", ns::CLIENT)
        .with("type", kind)
        .with("code", code)
        .and(element(name, ns::STANZA_ERRORS));
    if let Some(text) = text {
        error = error.and_text("text", ns::STANZA_ERRORS, text);
    }
    let mut reply = answer(stanza, "error");
    if stanza.is("iq", ns::CLIENT) {
        // Fastpath's clients expect their request back (fastpath-protocol §2).
        for child in stanza.children() {
            reply.append_child(child.clone());
        }
    }
    Some(reply.and(error))
}

fn answer(request: &Element, kind: &str) -> Element {
    let mut reply = element(request.name(), ns::CLIENT).with("type", kind);
    for (there, here) in [("id", "id"), ("from", "to"), ("to", "from")] {
        if let Some(value) = attr(request, there) {
            reply = reply.with(here, value);
        }
    }
    reply
}

/// The defined condition of an error stanza, and whether its type says that waiting may help.
pub fn error_of(stanza: &Element) -> Option<(String, bool)> {
    let error = child(stanza, "error", ns::CLIENT)?;
    let condition = error
        .children()
        .find(|c| c.ns() == ns::STANZA_ERRORS && c.name() != "text")
        .map_or_else(|| "undefined-condition".to_owned(), |c| c.name().to_owned());
    Some((condition, attr(error, "type") == Some("wait")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_back_from_where_they_were_asked() {
        let asked = iq("get", "7", ("a@b/c", "wg@d"), element("ping", ns::PING));
        let result = iq_result(&asked, None);
        assert_eq!(attr(&result, "from"), Some("wg@d"));
        assert_eq!(attr(&result, "to"), Some("a@b/c"));
        assert_eq!(attr(&result, "id"), Some("7"));
        let refused = error(&asked, Condition::ItemNotFound, None).unwrap();
        assert_eq!(error_of(&refused), Some(("item-not-found".into(), false)));
        assert!(child(&refused, "ping", ns::PING).is_some());
        assert!(error(&refused, Condition::BadRequest, None).is_none());
        assert!(error(&result, Condition::BadRequest, None).is_none());
    }

    #[test]
    fn the_body_without_a_language_is_the_body() {
        let message: Element = "<message xmlns='jabber:client'><body xml:lang='pt'>oi</body>\
             <body>hi</body></message>"
            .parse()
            .unwrap();
        assert_eq!(body(&message).as_deref(), Some("hi"));
    }
}
