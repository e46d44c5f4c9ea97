//! The words between the chat API and XMPP, for people who use Warmline instead of an XMPP client.
//!
//! The HTTP side opens a [`Session`] through [`Sessions`], gives it [`Order`]s and reads its
//! [`UserEvent`]s; the XMPP side carries them out. Neither knows the other. Every address here is
//! text as XMPP writes it: *bare* is `local@domain`, *full* is `local@domain/resource`.

mod done;
mod event;
mod login;
mod order;
mod places;
mod problem;
mod session;
mod slot;
mod told;

pub use done::{
    Chatroom, Contact, ContactRequest, Done, FoundUser, Occupant, PendingOffer, QueueState, Said,
    Subscription,
};
pub use event::{
    ChatKind, Delay, EndReason, Invitation, LeftReason, OfferMade, PresenceKind, QueueLine,
    UserEvent, Written,
};
pub use login::{Login, LoginError, Opened, Password, Profile};
pub use order::{
    Affiliation, Approval, ChatState, ContactWish, HistoryWish, Order, Outgoing, Show,
};
pub use places::Places;
pub use problem::{BadStanza, UserError};
pub use session::{Kind, Session, Sessions};
pub use slot::{NoSlot, SLOT_HEADERS, Slot, SlotWish, UploadService};
pub use told::{Held, Reached, Told};
