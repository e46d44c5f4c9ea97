//! What happens to a session.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::Timestamp;

use super::{ChatState, QueueState, Show};

/// A presence's type (RFC 6121 §4.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PresenceKind {
    /// There, or another shade of it.
    Available,
    /// Gone.
    Unavailable,
    /// Wants to see the user. Where [`super::Approval::Always`] holds that is granted already.
    Subscribe,
    /// Lets the user see them.
    Subscribed,
    /// Sees the user no more.
    Unsubscribe,
    /// Lets the user see them no more.
    Unsubscribed,
    /// A presence of the user's could not be delivered.
    Error,
}

impl PresenceKind {
    /// The type's word; `available` where the stanza has none.
    pub fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Unavailable => "unavailable",
            Self::Subscribe => "subscribe",
            Self::Subscribed => "subscribed",
            Self::Unsubscribe => "unsubscribe",
            Self::Unsubscribed => "unsubscribed",
            Self::Error => "error",
        }
    }
}

/// A message's type where it is not a room's (RFC 6121 §5.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChatKind {
    /// Of a chat.
    Chat,
    /// A single one.
    #[default]
    Normal,
    /// An announcement.
    Headline,
    /// A message of the user's could not be delivered: the body is the user's own, if it is there.
    Error,
    /// Of a room. Only in [`UserEvent::ChatState`].
    Groupchat,
}

impl ChatKind {
    /// The type's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Normal => "normal",
            Self::Headline => "headline",
            Self::Error => "error",
            Self::Groupchat => "groupchat",
        }
    }
}

/// When a stanza was first sent, where that was not just now (XEP-0203).
pub type Delay = Option<Timestamp>;

/// A message as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The sender: a full address, or `room@service/nick`.
    pub from: String,
    /// The session's address, or the user's bare one.
    pub to: String,
    /// The stanza's id.
    pub id: Option<String>,
    /// What people read.
    pub body: String,
    /// JSON text of the Jive property `data`.
    pub data: Option<String>,
    /// When it was first sent, if not just now.
    pub delay: Delay,
    /// A copy of what the same user wrote in another client or session (XEP-0280).
    pub own: bool,
    /// The defined condition, where it is an error (RFC 6120 §8.3.3).
    pub error: Option<String>,
}

/// An invitation to a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invitation {
    /// The room's bare address.
    pub room: String,
    /// Who invites.
    pub inviter: String,
    /// The stanza's sender: the room (mediated), or the inviter (direct).
    pub from: String,
    /// Who is invited.
    pub to: String,
    /// Why; with Fastpath the session's id.
    pub reason: Option<String>,
    /// The room's password.
    pub password: Option<String>,
    /// Straight from the inviter (XEP-0249), not through the room.
    pub direct: bool,
}

/// A request that is put before an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferMade {
    /// The workgroup's bare address.
    pub workgroup: String,
    /// The offer's id.
    pub id: String,
    /// The visitor's address.
    pub visitor: String,
    /// What is known of the request: fields and their values.
    pub metadata: BTreeMap<String, Vec<String>>,
    /// How long it stands, from now.
    pub timeout: Option<Duration>,
}

/// One visitor in a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueLine {
    /// The visitor's address.
    pub visitor: String,
    /// The place in line, as the service counts.
    pub position: Option<u32>,
    /// The estimate of the wait that is left.
    pub wait: Option<Duration>,
    /// Since when they wait.
    pub since: Option<Timestamp>,
}

/// Why a user is in a room no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftReason {
    /// The user left.
    Left,
    /// Put out, with the reason given.
    Kicked(Option<String>),
    /// Banned, with the reason given.
    Banned(Option<String>),
    /// The room is no more, with the reason given.
    Destroyed(Option<String>),
    /// The room did not take the user back after the connection was lost: the condition.
    NotBack(String),
    /// Anything else: the service went down, the user is no member any more.
    Removed,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// [`super::Session::close`].
    Closed,
    /// The server does not take the password any more.
    WrongPassword,
    /// Another client took this session's resource.
    Replaced,
    /// The user was forgotten.
    Forgotten,
    /// The events were not read.
    TooSlow,
    /// The program stops.
    Stopping,
    /// The server threw it out for good.
    ThrownOut,
}

/// One thing that happened. For one stanza [`UserEvent::Stanza`] comes first, then what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserEvent {
    /// Any stanza for the session, as XML in `jabber:client`.
    Stanza(String),
    /// Somebody's presence; of people, rooms' occupants and workgroups.
    Presence {
        /// Whose.
        from: String,
        /// The session's address, or the user's bare one.
        to: String,
        /// What kind.
        kind: PresenceKind,
        /// How present; [`Show::Offline`] unless the kind is available.
        show: Show,
        /// In words.
        status: Option<String>,
    },
    /// A message with a body that is not a room's.
    Chat(ChatKind, Written),
    /// A chat state, beside the body or alone.
    ChatState {
        /// Whose.
        from: String,
        /// To whom.
        to: String,
        /// The message's type.
        kind: ChatKind,
        /// The state.
        state: ChatState,
    },
    /// A line in a room: history on entry and one's own included.
    Room(Written),
    /// An invitation.
    Invited(Invitation),
    /// A message with data and no body; the body here is empty.
    Notify(Written),
    /// An offer; the same id again only reminds.
    Offer(OfferMade),
    /// An offer is open no more: answered elsewhere, taken back, timed out.
    OfferRevoked {
        /// The workgroup's bare address.
        workgroup: String,
        /// The offer's id.
        id: String,
        /// The visitor's address, where it is known.
        visitor: String,
        /// Why, in the service's words.
        reason: Option<String>,
    },
    /// The state of a queue that the user serves; `users` is not filled.
    Queue(QueueState),
    /// Who waits in a queue that the user serves, first in line first; may be empty.
    QueueDetails {
        /// The workgroup's bare address.
        workgroup: String,
        /// Those who wait.
        users: Vec<QueueLine>,
    },
    /// The user is in a room now: by order, or again after a loss.
    Joined {
        /// The room's bare address.
        room: String,
        /// The user's nick there.
        nick: String,
    },
    /// The user is in a room no more.
    Left {
        /// The room's bare address.
        room: String,
        /// Why.
        why: LeftReason,
    },
    /// The connection to the server is lost; it is tried again by itself.
    Lost,
    /// The connection is back.
    Back {
        /// Nothing was missed (XEP-0198); else rooms were entered anew and presence sent anew.
        resumed: bool,
        /// The session's full address, which may be another one now.
        jid: String,
    },
    /// There is more in an archive than is told: what was said between these moments is to be read
    /// there ([`super::Order::History`], [`super::Order::RoomHistory`]).
    Missed {
        /// The archive's bare address: the user's own, or a room's.
        of: String,
        /// From when on.
        since: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// The session is over; the last event.
    Ended(EndReason),
}
