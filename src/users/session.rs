//! What a session is, and where one comes from.

use futures::future::BoxFuture;

use crate::ids::ConversationId;

use super::{
    Done, Login, LoginError, NoSlot, Opened, Order, Password, Places, Profile, Slot, SlotWish,
    UserError,
};

/// Which kind of session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A user of our own domain: Warmline is the server.
    Bridge,
    /// A user of an XMPP server, over a client connection.
    Account,
}

impl Kind {
    /// The word for the header `X-Session-Kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Account => "c2s",
        }
    }
}

/// One user's session.
pub trait Session: Send + Sync {
    /// The full address. With an account it may change when a lost connection comes back anew
    /// ([`super::UserEvent::Back`] tells).
    fn jid(&self) -> String;

    /// Which kind it is.
    fn kind(&self) -> Kind;

    /// Carries out an order. When this returns `Ok`, what has to be stored is stored, and what has
    /// to be sent is on its way. Each order says which [`Done`] it comes back with; [`super::UserError`]
    /// says what may go wrong. Orders of one session are begun in the order of the calls.
    fn carry_out(&self, order: Order) -> BoxFuture<'_, Result<Done, UserError>>;

    /// Ends the session politely: leaves rooms and workgroups, sends unavailable presence. The events
    /// end with [`super::UserEvent::Ended`]. More than once does no harm.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Opens sessions, and knows the users of our own domain.
pub trait Sessions: Send + Sync + 'static {
    /// Opens a session. A wrong password is told at once.
    fn open(&self, login: Login) -> BoxFuture<'_, Result<Opened, LoginError>>;

    /// Asks the XMPP server whether the password of this bare address is right; opens nothing.
    fn check<'a>(
        &'a self,
        jid: &'a str,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<(), LoginError>>;

    /// Makes a user of our own domain known, or changes what is known. Opening a session does so too.
    fn remember(&self, profile: Profile) -> BoxFuture<'_, Result<(), LoginError>>;

    /// Forgets a user of our own domain with contacts, kept messages, history and properties; their
    /// sessions end.
    fn forget<'a>(&'a self, username: &'a str) -> BoxFuture<'a, Result<(), LoginError>>;

    /// All users of our own domain, by name.
    fn profiles(&self) -> BoxFuture<'_, Result<Vec<Profile>, LoginError>> {
        Box::pin(std::future::ready(Err(LoginError::TurnedOff)))
    }

    /// Asks the server's upload service for a place for a visitor's file, as the visitor of this
    /// conversation: a visitor has an address at our domain, and no session.
    fn visitor_slot<'a>(
        &'a self,
        _conversation: &'a ConversationId,
        _wish: SlotWish,
    ) -> BoxFuture<'a, Result<Slot, UserError>> {
        Box::pin(std::future::ready(Err(NoSlot::TurnedOff.into())))
    }

    /// Where things are.
    fn places(&self) -> Places;
}
