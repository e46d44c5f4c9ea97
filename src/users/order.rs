//! What a user wants done.

use crate::ids::Timestamp;

use super::SlotWish;

/// How present a user wants to be seen (RFC 6121 §4.7.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Show {
    /// Available, without more.
    Available,
    /// Away.
    Away,
    /// Free for chat.
    Chat,
    /// Do not disturb.
    DoNotDisturb,
    /// Away for longer.
    ExtendedAway,
    /// Not available; the session stays.
    Offline,
}

impl Show {
    /// The word in URLs and events; `offline` for [`Show::Offline`].
    pub fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Away => "away",
            Self::Chat => "chat",
            Self::DoNotDisturb => "dnd",
            Self::ExtendedAway => "xa",
            Self::Offline => "offline",
        }
    }

    /// From such a word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Available,
            Self::Away,
            Self::Chat,
            Self::DoNotDisturb,
            Self::ExtendedAway,
            Self::Offline,
        ];
        all.into_iter().find(|show| show.word() == word)
    }
}

/// A chat state (XEP-0085).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChatState {
    /// Looking at it.
    Active,
    /// Typing.
    Composing,
    /// Stopped typing.
    Paused,
    /// Not looking at it.
    Inactive,
    /// Gone from it.
    Gone,
}

impl ChatState {
    /// The element's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Composing => "composing",
            Self::Paused => "paused",
            Self::Inactive => "inactive",
            Self::Gone => "gone",
        }
    }

    /// From such a name.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Active,
            Self::Composing,
            Self::Paused,
            Self::Inactive,
            Self::Gone,
        ];
        all.into_iter().find(|state| state.word() == word)
    }
}

/// A lasting relation to a room (XEP-0045 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Affiliation {
    /// May do everything.
    Owner,
    /// Administers it.
    Admin,
    /// May enter where others may not.
    Member,
    /// May not enter.
    Outcast,
}

impl Affiliation {
    /// The attribute's value.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::Outcast => "outcast",
        }
    }
}

/// What happens when somebody asks to see a user (RFC 6121 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approval {
    /// Everybody is let in at once, as the chat API did.
    #[default]
    Always,
    /// The user is told, and answers.
    Asked,
}

/// A message as it is given. At least one of body and data is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// What people read.
    pub body: Option<String>,
    /// JSON text that travels as the Jive property `data`, to the letter.
    pub data: Option<String>,
    /// The stanza's id; minted where there is none. The same id twice is sent twice.
    pub id: Option<String>,
}

/// What a user would like of a contact. The subscription is a wish: the other side decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactWish {
    /// The contact's bare address.
    pub jid: String,
    /// What the user calls the contact; `None` leaves it (or none, for a new one).
    pub nickname: Option<String>,
    /// The groups the contact is in; `None` leaves them.
    pub groups: Option<Vec<String>>,
    /// Whether the user wants to see the contact's presence (`to`, `both`): asks for it. `None`
    /// leaves it; for a new contact it asks.
    pub see: Option<bool>,
    /// Whether the contact may see the user's (`from`, `both`): approves now, or in advance; `false`
    /// takes it back. `None` leaves it; for a new contact it approves.
    pub show: Option<bool>,
}

/// Which part of the history is wanted; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryWish {
    /// Only with this other side (a bare address), rooms included.
    pub with: Option<String>,
    /// Not before.
    pub start: Option<Timestamp>,
    /// Not after.
    pub end: Option<Timestamp>,
    /// All of these words are in the body, whatever their case.
    pub keywords: Vec<String>,
    /// The newest so many at most; 0 leaves the choice to the session (some hundreds).
    pub limit: usize,
}

/// One order to a session. In brackets: the [`super::Done`] it comes back with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Be seen so by all who may see it, rooms and workgroups included. (`Nothing`)
    Presence {
        /// How.
        show: Show,
        /// In words.
        status: Option<String>,
    },
    /// Send a one-to-one message, to a bare or a full address. (`Sent`)
    Message {
        /// To whom.
        to: String,
        /// What.
        message: Outgoing,
    },
    /// Tell somebody about typing; a room's address goes to the room. (`Nothing`)
    ChatState {
        /// To whom.
        to: String,
        /// The state.
        state: ChatState,
    },
    /// Send one stanza as it is written, its sender forced to the session; answers come as
    /// [`super::UserEvent::Stanza`]. (`Sent`)
    Raw(String),
    /// The contacts, with how present they are. (`Contacts`)
    Contacts,
    /// Who asks to see the user and waits for an answer: [`Order::AddContact`], or
    /// [`Order::UpdateContact`] with `show`, lets them; [`Order::RemoveContact`] refuses them. (`Requests`)
    Requests,
    /// A new contact. (`Contact`; already there: [`super::UserError::Exists`])
    AddContact(ContactWish),
    /// Change a contact. (`Contact`; unknown: [`super::UserError::NoContact`])
    UpdateContact(ContactWish),
    /// Remove a contact with both subscriptions, or refuse who asks, by bare address. (`Nothing`)
    RemoveContact(String),
    /// Look for users by a part of user name, name or e-mail; `*` and nothing find all. (`Users`)
    SearchUsers(String),
    /// The user's own properties. (`Properties`)
    Properties,
    /// Set one of them. (`Nothing`)
    SetProperty {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Remove one of them; no error where there is none. (`Nothing`)
    RemoveProperty(String),
    /// The rooms of a chat-room service (a domain). (`Rooms`)
    Rooms {
        /// The service.
        service: String,
        /// Only rooms with this in their names.
        search: Option<String>,
    },
    /// The rooms that this session is in, by their addresses alone. (`Rooms`)
    OwnRooms,
    /// One room, by bare address. (`Room`)
    Room(String),
    /// Who is in a room. (`Occupants`; real addresses only where the room shows them)
    Occupants(String),
    /// Whose affiliation with a room this is (XEP-0045 §9.5, §9.8, §10.5, §10.8). (`Affiliated`; where
    /// the room does not tell the user: [`super::UserError::Forbidden`])
    Affiliated {
        /// The room's bare address.
        room: String,
        /// Which affiliation.
        affiliation: Affiliation,
    },
    /// What was said in a room: its archive, else what this session heard. (`Lines`)
    RoomHistory(String),
    /// Enter a room. (`Nothing`; already in it: no error)
    Join {
        /// The room's bare address.
        room: String,
        /// The nick; the user name where there is none.
        nick: Option<String>,
        /// The room's password.
        password: Option<String>,
    },
    /// Leave a room. (`Nothing`; not in it: [`super::UserError::NotJoined`])
    Leave(String),
    /// Say something in a room. (`Sent`; not in it: [`super::UserError::NotJoined`])
    Post {
        /// The room's bare address.
        room: String,
        /// What.
        message: Outgoing,
    },
    /// Invite somebody into a room, through the room. (`Nothing`)
    Invite {
        /// The room's bare address.
        room: String,
        /// Whom, by bare address.
        whom: String,
        /// Why.
        reason: Option<String>,
    },
    /// What was said, one-to-one and in rooms, oldest first. (`Lines`)
    History(HistoryWish),
    /// The workgroups the user may serve, by bare address. (`Workgroups`)
    Workgroups,
    /// Take offers of a workgroup, by bare address. (`Nothing`; not an agent there:
    /// [`super::UserError::Forbidden`]). Several at once are fine.
    Serve(String),
    /// Take no more offers of a workgroup. (`Nothing`)
    StopServing(String),
    /// The queues of the workgroups that are served. (`Queues`)
    Queues,
    /// The offers that are open to this session. (`Offers`)
    Offers,
    /// Accept or reject an offer. (`Nothing`; not open: [`super::UserError::NoOffer`])
    AnswerOffer {
        /// The offer's id.
        id: String,
        /// The workgroup's bare address, where the caller knows it.
        workgroup: Option<String>,
        /// Whether the user takes it.
        accept: bool,
    },
    /// A place for a file at the server's upload service. (`Slot`; none: [`super::UserError::NoSlot`])
    Slot(SlotWish),
}
