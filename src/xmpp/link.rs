//! The component connection to the XMPP server: always there, or on its way back.

mod backoff;
mod connect;
mod driver;
mod outlet;
mod prompt;
mod secret;
mod session;
mod settings;
mod writer;

use std::sync::Arc;

use minidom::Element;
use tokio::sync::mpsc;

pub(in crate::xmpp) use self::connect::client_config;
pub use self::outlet::{LinkSender, SendError};
pub use self::secret::Secret;
pub use self::settings::{BackoffSettings, LinkSettings, TlsSettings};
use super::framing::Refused;

/// Events that may wait for their reader; after them the server is made to wait.
const EVENTS: usize = 256;

/// Which connection of this link: grows by one with every [`LinkEvent::Up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// What happens on the link, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkEvent {
    /// Connected and authenticated. Stanzas may be sent with this generation until `Down`.
    Up(Generation),
    /// Not connected: after `Up` this connection ended, otherwise an attempt failed. Another
    /// attempt follows, unless the reason is [`DownReason::Stopping`].
    Down(DownReason),
    /// A message, presence or IQ, in `jabber:client`.
    Stanza(Element),
    /// A stanza that was skipped; to be answered with `policy-violation` or the like.
    Refused(Refused),
}

/// Why the link is down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownReason {
    /// No TCP connection.
    #[error("cannot connect: {0}")]
    ConnectFailed(std::io::ErrorKind),
    /// Connection and handshake together took longer than the connect timeout.
    #[error("connecting took too long")]
    ConnectTimeout,
    /// The TCP connection stands, TLS does not.
    #[error("TLS failed: {0}")]
    TlsFailed(TlsProblem),
    /// The server knows the component's name but not this secret (`not-authorized`).
    #[error("the server refuses the secret (not-authorized)")]
    WrongSecret,
    /// The server has no component of this name (`host-unknown`).
    #[error("the server knows no component of this domain (host-unknown)")]
    HostUnknown,
    /// Somebody else is connected under this name (`conflict`).
    #[error("another connection holds this component (conflict)")]
    Conflict,
    /// Another stream error, by its name (RFC 6120 §4.9.3).
    #[error("the server ended the stream: {0}")]
    StreamError(String),
    /// The server closed the stream or the connection without a reason.
    #[error("closed by the server")]
    ClosedByPeer,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(std::io::ErrorKind),
    /// The server sent what cannot be read on.
    #[error("the server sent bad XML")]
    Protocol,
    /// Nothing came back, not even our own ping.
    #[error("the server is silent")]
    Dead,
    /// We were asked to stop; the last event.
    #[error("stopping")]
    Stopping,
}

/// What is wrong with TLS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// The CA file cannot be read, or holds no certificate.
    #[error("no certificate can be read from the CA file")]
    CaFile,
    /// The system offers no root certificates.
    #[error("the system has no root certificates")]
    NoRoots,
    /// The server's name is no host name.
    #[error("the server name is not a host name")]
    ServerName,
    /// The server's certificate does not fit the roots or the name.
    #[error("the server's certificate is not valid here")]
    Certificate,
    /// Any other failure of the TLS handshake.
    #[error("the handshake failed")]
    Handshake,
}

/// Starts the link in the background. It lives until [`LinkSender::stop`], or until the receiver
/// is dropped. Must be called within a tokio runtime.
#[must_use]
pub fn spawn(settings: LinkSettings) -> (LinkSender, mpsc::Receiver<LinkEvent>) {
    let (events, receiver) = mpsc::channel(EVENTS);
    let sender = LinkSender::new();
    let driver = driver::Driver::new(Arc::new(settings), sender.clone(), events);
    tokio::spawn(driver.run());
    (sender, receiver)
}
