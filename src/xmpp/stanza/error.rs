//! Stanza errors: told by name, never answered by another error.

use minidom::Element;

use super::{ElementExt, StanzaHead, answer, attr, element};
use crate::xmpp::ns;

/// What the sender may do about an error (RFC 6120 §8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Try again with credentials.
    Auth,
    /// Give up.
    Cancel,
    /// Goes on, only a warning.
    Continue,
    /// Try again, changed.
    Modify,
    /// Try again later.
    Wait,
}

impl ErrorKind {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Cancel => "cancel",
            Self::Continue => "continue",
            Self::Modify => "modify",
            Self::Wait => "wait",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Auth,
            Self::Cancel,
            Self::Continue,
            Self::Modify,
            Self::Wait,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

macro_rules! conditions {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $kind:ident, $code:literal;)+) => {
        /// Defined error conditions (RFC 6120 §8.3.3) with their usual type and their number in
        /// old clients (XEP-0086 §2.3).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Condition {
            $($(#[$doc])+ $variant,)+
        }

        impl Condition {
            /// Every condition.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its element's name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The type RFC 6120 §8.3.3 recommends for it.
            #[must_use]
            pub fn kind(self) -> ErrorKind {
                match self { $(Self::$variant => ErrorKind::$kind,)+ }
            }

            /// The number XEP-0086 §2.3 gives it.
            #[must_use]
            pub fn code(self) -> u16 {
                match self { $(Self::$variant => $code,)+ }
            }
        }
    };
}

conditions! {
    /// Malformed or not understood.
    BadRequest = "bad-request", Modify, 400;
    /// Something of this name or address exists already.
    Conflict = "conflict", Cancel, 409;
    /// Not implemented here.
    FeatureNotImplemented = "feature-not-implemented", Cancel, 501;
    /// Not allowed with these rights.
    Forbidden = "forbidden", Auth, 403;
    /// No longer at this address.
    Gone = "gone", Cancel, 302;
    /// A fault of our own.
    InternalServerError = "internal-server-error", Cancel, 500;
    /// No such address or item.
    ItemNotFound = "item-not-found", Cancel, 404;
    /// An address that is none.
    JidMalformed = "jid-malformed", Modify, 400;
    /// Understood, but against a rule of ours.
    NotAcceptable = "not-acceptable", Modify, 406;
    /// Nobody may do that.
    NotAllowed = "not-allowed", Cancel, 405;
    /// Credentials are missing.
    NotAuthorized = "not-authorized", Auth, 401;
    /// Against local policy, such as size or depth.
    PolicyViolation = "policy-violation", Modify, 406;
    /// The recipient is away.
    RecipientUnavailable = "recipient-unavailable", Wait, 404;
    /// Another address should be used for now.
    Redirect = "redirect", Modify, 302;
    /// Registration is needed first.
    RegistrationRequired = "registration-required", Auth, 407;
    /// The other server does not exist or cannot be resolved.
    RemoteServerNotFound = "remote-server-not-found", Cancel, 404;
    /// The other server did not answer in time.
    RemoteServerTimeout = "remote-server-timeout", Wait, 504;
    /// Too busy.
    ResourceConstraint = "resource-constraint", Wait, 500;
    /// This service is not offered here.
    ServiceUnavailable = "service-unavailable", Cancel, 503;
    /// A subscription is needed first.
    SubscriptionRequired = "subscription-required", Auth, 407;
    /// None of these; also what a condition unknown to us is read as.
    UndefinedCondition = "undefined-condition", Cancel, 500;
    /// Understood, but not expected now.
    UnexpectedRequest = "unexpected-request", Wait, 400;
}

impl Condition {
    /// The condition of this element name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.name() == name)
    }
}

/// What an error stanza says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StanzaError {
    /// Its type; [`Condition::kind`] where it is missing or unknown.
    pub kind: ErrorKind,
    /// Its condition; [`Condition::UndefinedCondition`] where it is missing or unknown.
    pub condition: Condition,
    /// A text for people.
    pub text: Option<String>,
}

/// Reads an error stanza; `None` if it is none (its `type` is not `error`).
#[must_use]
pub fn error_of(stanza: &Element) -> Option<StanzaError> {
    if attr(stanza, "type") != Some("error") {
        return None;
    }
    let error = stanza.children().find(|c| c.is("error", ns::CLIENT));
    let inside = || {
        error
            .into_iter()
            .flat_map(|e| super::children_in(e, ns::STANZA_ERRORS))
    };
    let condition = inside()
        .find_map(|c| Condition::from_name(c.name()))
        .unwrap_or(Condition::UndefinedCondition);
    let kind = error
        .and_then(|e| attr(e, "type"))
        .and_then(ErrorKind::from_name);
    Some(StanzaError {
        kind: kind.unwrap_or(condition.kind()),
        condition,
        text: inside().find(|c| c.name() == "text").map(Element::text),
    })
}

/// The error that answers a stanza; `None` where none may be sent: to an error or an IQ result
/// (RFC 6120 §8.3.1, §8.2.3), to what is no stanza, or when the sender is not known.
#[must_use]
pub fn error_reply(head: &StanzaHead, condition: Condition, text: Option<&str>) -> Option<Element> {
    let kind = head.kind.as_deref();
    let answerable = match head.name.as_str() {
        "iq" => matches!(kind, Some("get" | "set")),
        "message" | "presence" => kind != Some("error"),
        _ => false,
    };
    if !answerable || head.from.is_none() {
        return None;
    }
    let mut error = element("error", ns::CLIENT)
        .with_attr("code", condition.code().to_string())
        .with_attr("type", condition.kind().name())
        .with_child(element(condition.name(), ns::STANZA_ERRORS));
    if let Some(text) = text {
        error.append_child(element("text", ns::STANZA_ERRORS).with_text(text));
    }
    Some(answer(head, "error").with_child(error))
}

/// The error that answers an IQ, or any stanza that is here as a whole; see [`error_reply`].
#[must_use]
pub fn iq_error(of: &Element, condition: Condition) -> Option<Element> {
    error_reply(&StanzaHead::of(of), condition, None)
}
