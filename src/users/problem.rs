//! Why an order was not carried out.

use super::NoSlot;

/// Why an order was not carried out. Nothing was done unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The session is over.
    #[error("the session is over")]
    Ended,
    /// There is no connection to the XMPP server just now.
    #[error("not connected to the XMPP server")]
    NotConnected,
    /// This is no address, or not of the form that is needed here.
    #[error("{0:?} is not an address of this kind")]
    BadAddress(String),
    /// Neither body nor data, or a name that may not be empty.
    #[error("there is nothing to send or to set")]
    Empty,
    /// Larger than the server would take.
    #[error("this is too large")]
    TooLarge,
    /// A raw stanza that is not sent.
    #[error("not a stanza that may be sent: {0}")]
    BadStanza(#[from] BadStanza),
    /// The user is not in this room.
    #[error("not in this room")]
    NotJoined,
    /// There is no such room.
    #[error("there is no such room")]
    NoRoom,
    /// The nick is taken.
    #[error("the nick is taken in this room")]
    NickTaken,
    /// The other side does not let the user: banned, no member, wrong password, not an agent.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// There is such a contact already.
    #[error("there is such a contact already")]
    Exists,
    /// There is no such contact.
    #[error("there is no such contact")]
    NoContact,
    /// There is no such workgroup.
    #[error("there is no such workgroup")]
    NoWorkgroup,
    /// No such offer is open to this session.
    #[error("no such offer is open")]
    NoOffer,
    /// The other side has no such thing (a condition of RFC 6120 §8.3.3).
    #[error("the server refused: {0}")]
    Refused(String),
    /// This cannot be done in a session of this kind, or the server has no such feature: why.
    #[error("this cannot be done here: {0}")]
    Unsupported(&'static str),
    /// There is no place for this file.
    #[error(transparent)]
    NoSlot(#[from] NoSlot),
    /// No answer in time. It may have been done all the same.
    #[error("no answer in time")]
    TimedOut,
    /// The store does not answer; try again later.
    #[error("the store does not answer")]
    Store,
}

/// What is wrong with a raw stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStanza {
    /// Not well-formed.
    #[error("it is not well-formed XML")]
    NotXml,
    /// A document type, a processing instruction, an entity of one's own, or an XML declaration.
    #[error("it has a document type or the like")]
    Doctype,
    /// More than one element, text beside it, or the end of a stream.
    #[error("it is not exactly one element")]
    NotOne,
    /// Neither message, presence nor IQ.
    #[error("only message, presence and iq may be sent")]
    NotAStanza,
    /// Nested too deep.
    #[error("it is nested too deep")]
    TooDeep,
    /// Too many bytes or elements.
    #[error("it is too large")]
    TooLarge,
    /// No addressee where one is needed, an IQ without id or type, or such.
    #[error("an attribute that it needs is missing or wrong")]
    Attributes,
}
