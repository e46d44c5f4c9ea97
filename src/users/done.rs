//! What comes back of an order.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::Timestamp;

use super::{OfferMade, QueueLine, Slot};

/// What an order came back with; each order says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is done; there is nothing to show.
    Nothing,
    /// Sent under this stanza id.
    Sent {
        /// The id.
        id: String,
    },
    /// Contacts, by address.
    Contacts(Vec<Contact>),
    /// One contact as it is now.
    Contact(Contact),
    /// Who asks to see the user, by address.
    Requests(Vec<ContactRequest>),
    /// Users.
    Users(Vec<FoundUser>),
    /// Properties.
    Properties(BTreeMap<String, String>),
    /// Rooms, by address.
    Rooms(Vec<Chatroom>),
    /// One room.
    Room(Box<Chatroom>),
    /// Bare addresses of those who have an affiliation, in order.
    Affiliated(Vec<String>),
    /// Who is in a room, by nick.
    Occupants(Vec<Occupant>),
    /// What was said, oldest first.
    Lines(Vec<Said>),
    /// Workgroups' bare addresses.
    Workgroups(Vec<String>),
    /// Queues.
    Queues(Vec<QueueState>),
    /// Open offers, oldest first.
    Offers(Vec<PendingOffer>),
    /// A place for a file.
    Slot(Slot),
}

/// Who of two sees whom (RFC 6121 §2.1.2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subscription {
    /// Neither.
    #[default]
    None,
    /// The user sees the contact.
    To,
    /// The contact sees the user.
    From,
    /// Each sees the other.
    Both,
}

impl Subscription {
    /// The number in `subscriptionType` (chat API): 0 to 3.
    pub fn number(self) -> i8 {
        match self {
            Self::None => 0,
            Self::To => 1,
            Self::From => 2,
            Self::Both => 3,
        }
    }
}

/// A contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The bare address.
    pub jid: String,
    /// What the user calls them.
    pub nickname: Option<String>,
    /// The groups they are in.
    pub groups: Vec<String>,
    /// Who sees whom.
    pub subscription: Subscription,
    /// The user asked to see them and has no answer yet.
    pub asked: bool,
    /// How present they are, as in events (`available`, `away`, `chat`, `dnd`, `xa`); `None` when
    /// they are offline or not seen.
    pub show: Option<super::Show>,
    /// Their presence in words.
    pub status: Option<String>,
}

/// Somebody who asks to see the user and waits for an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactRequest {
    /// The bare address.
    pub jid: String,
    /// What they say with it.
    pub words: Option<String>,
}

/// A user that a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundUser {
    /// The bare address.
    pub jid: String,
    /// The local part.
    pub username: String,
    /// The name for people.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Properties: only the asker's own.
    pub properties: BTreeMap<String, String>,
}

/// A room, as far as it tells of itself (XEP-0045 §6.4). `None`: it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chatroom {
    /// The bare address.
    pub jid: String,
    /// The name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What is talked about.
    pub subject: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// How many are in it.
    pub occupants: Option<u32>,
    /// How many may be in it.
    pub max_users: Option<u32>,
    /// Survives its last occupant.
    pub persistent: Option<bool>,
    /// Listed.
    pub public: Option<bool>,
    /// Only for members.
    pub members_only: Option<bool>,
    /// Only who has voice may speak.
    pub moderated: Option<bool>,
    /// Wants a password.
    pub password_protected: Option<bool>,
    /// Anyone sees real addresses.
    pub non_anonymous: Option<bool>,
    /// Occupants may change the subject.
    pub occupants_change_subject: Option<bool>,
    /// Occupants may invite.
    pub occupants_invite: Option<bool>,
    /// What is said is kept (an archive, XEP-0313).
    pub archived: Option<bool>,
}

impl Chatroom {
    /// Whether this is a part of the room's name, whatever its case.
    pub fn is_called(&self, search: &str) -> bool {
        let search = search.to_lowercase();
        let local = self.jid.split('@').next().unwrap_or_default();
        let name = self.name.as_deref().unwrap_or_default();
        local.to_lowercase().contains(&search) || name.to_lowercase().contains(&search)
    }
}

/// Somebody in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occupant {
    /// `room@service/nick`.
    pub jid: String,
    /// The real address, where the room shows it.
    pub real: Option<String>,
    /// `moderator`, `participant`, `visitor`.
    pub role: String,
    /// `owner`, `admin`, `member`, `none`.
    pub affiliation: String,
}

/// One thing that was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The stanza's or the archive's id.
    pub id: String,
    /// Who said it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// `chat`, `groupchat`, `normal`, `headline`.
    pub kind: String,
    /// What people read.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// The bare address of the other side: a person or a room.
    pub with: String,
    /// Whether the other side is a room.
    pub in_room: bool,
}

/// A queue as an agent sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueState {
    /// The workgroup's bare address.
    pub workgroup: String,
    /// The queue's name.
    pub name: String,
    /// `open`, `active`, `closed`.
    pub status: String,
    /// How long visitors wait on average.
    pub average_wait: Option<Duration>,
    /// Since when the first waits.
    pub oldest: Option<Timestamp>,
    /// Chats that are going on, and how many may be.
    pub chats: Option<(u32, u32)>,
    /// Who waits, first in line first.
    pub users: Vec<QueueLine>,
}

/// An offer that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingOffer {
    /// As it was made.
    pub offer: OfferMade,
    /// When it came.
    pub at: Timestamp,
}
