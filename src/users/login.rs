//! Who comes in, and what comes of it.

use std::fmt;
use std::sync::Arc;

use futures::stream::BoxStream;

use super::{Session, Told};

/// A password; shown by nothing.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Somebody who wants a session.
#[derive(Clone, Debug)]
pub enum Login {
    /// A user of our own domain. Whoever calls has made sure of who it is.
    Bridge {
        /// The local part; the address is `name@our domain`.
        name: String,
        /// The wished resource; one is minted where there is none, or where a session has it. A session
        /// that was open when the program stopped is taken up by opening it with its resource: it
        /// is as present as it was, and enters its rooms and workgroups again.
        resource: Option<String>,
    },
    /// A user of an XMPP server, by client connection. The server judges the password.
    Account {
        /// The bare address.
        jid: String,
        /// The password; kept in memory while the session lives, for reconnects.
        password: Password,
        /// The wished resource; one is minted where there is none.
        resource: Option<String>,
    },
}

/// A session that was opened. Initial presence is not sent: give [`super::Order::Presence`] for it
/// (messages that were kept while the user was away come after it).
pub struct Opened {
    /// The session. It lives until [`Session::close`], also when this handle is dropped; not when the
    /// events are.
    pub session: Arc<dyn Session>,
    /// What happens to it, in order. Whoever reads them stores them, and lets go of what is
    /// [`Told::held`] in the same commit. Ends after [`UserEvent::Ended`]. It holds at most some
    /// thousand events: a reader that is slower than that for long is ended
    /// ([`super::EndReason::TooSlow`]).
    pub events: BoxStream<'static, Told>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("jid", &self.session.jid())
            .finish_non_exhaustive()
    }
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The server refuses this name with this password. Never tried again by itself.
    #[error("wrong user name or password")]
    WrongPassword,
    /// The server knows the account, and refuses it for another reason.
    #[error("the server does not let this account in: {0}")]
    Refused(String),
    /// This is no address, or no name for a user here: a workgroup, a visitor, or spoilt.
    #[error("this is not the name of a user")]
    BadName,
    /// The configuration allows no sessions of this kind.
    #[error("sessions of this kind are turned off")]
    TurnedOff,
    /// The server of this address is not the one that sessions may be opened with.
    #[error("sessions are not opened on this server")]
    OtherServer,
    /// The server offers nothing but to send the password in the clear.
    #[error("the server offers no safe way to log in")]
    Unsafe,
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted")]
    Certificate,
    /// The server cannot be reached, or broke off.
    #[error("the XMPP server cannot be reached")]
    Unreachable,
    /// It took too long.
    #[error("the XMPP server took too long")]
    TimedOut,
    /// There are as many sessions as there may be.
    #[error("there are too many sessions")]
    TooMany,
    /// The store does not answer.
    #[error("the store does not answer")]
    Store,
}

/// What is known of a user of our own domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The local part.
    pub username: String,
    /// The name for people.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}
