//! Everything that the bridge wants done.

use serde::{Deserialize, Serialize};

use crate::conversation::{
    Brief, CaseNote, ClosedBy, Conversation, DeadLetter, Delivery, Earlier, Line, Past, Words,
};
use crate::ids::{
    AgentJid, ChannelId, ConversationId, MessageId, Timestamp, VisitorToken, WorkgroupName,
};
use crate::workgroup::{AgentRecord, Contact, Handed, Request};

use super::answer::Answer;
use super::input::Visitor;

/// One consequence of an input. `Keep`, `Forget` and `Deliver` belong to the commit; all others
/// are carried out after it.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Tell the asker.
    Answer(Answer),
    /// Store a record.
    Keep(Record),
    /// Delete a record.
    Forget(Key),
    /// Call an outside system, in this conversation's order.
    Deliver(Delivery),
    /// A delivery of this conversation is wanted again now: do not wait for its next try.
    Nudge(ConversationId),
    /// Something for an agent, outside of rooms.
    Agent(AgentJid, AgentOrder),
    /// Something for a conversation's room.
    Room(ConversationId, RoomOrder),
    /// The line of a workgroup, or who serves in it, changed: those who watch it are to be told.
    QueueChanged(WorkgroupName),
    /// What the agents of a workgroup have to do changed: colleagues who want to know are to be told.
    ColleaguesChanged(WorkgroupName),
    /// Something to count.
    Happened(Event),
}

/// What is stored.
#[derive(Clone, Debug)]
pub enum Record {
    /// An open conversation, with its request where it is in a line.
    Conversation(Box<ConversationRecord>),
    /// A conversation that is over.
    Past(Box<Past>),
    /// A line of a conversation.
    Line(ConversationId, Box<Line>),
    /// What was said before a conversation; replaces what was stored of it.
    Before(ConversationId, Vec<Earlier>),
    /// Something that was said outside of any conversation. Where its id is stored already the
    /// stored one stays.
    Context(Box<ContextRecord>),
    /// An agent.
    Agent(AgentJid, Box<AgentRecord>),
    /// Where a channel's peer wants to be called.
    Callback(ChannelId, String),
    /// A platform's message id that was taken, and as which message.
    Seen(Box<SeenRecord>),
    /// A delivery that was given up.
    DeadLetter(Box<DeadLetter>),
    /// A case that was filed.
    Case(Box<CaseRecord>),
    /// What came with a visitor's words.
    Extra(Box<ExtraRecord>),
}

/// What came with a visitor's words, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraRecord {
    /// Whose words.
    pub visitor: Visitor,
    /// Which.
    pub message: MessageId,
    /// What, as the channel writes it.
    pub extra: String,
    /// Until when it is kept.
    pub until: Timestamp,
}

/// A case that was filed, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// By which channel it came.
    pub channel: ChannelId,
    /// Whose conversation it belongs to, where it says.
    pub visitor: Option<Visitor>,
    /// Its id, and what agents may read of it.
    pub note: CaseNote,
    /// All of it, as it was sent.
    pub body: String,
    /// The conversation that it was filed in.
    #[serde(default)]
    pub conversation: Option<ConversationId>,
    /// Until when it is kept; settled when it is taken.
    #[serde(default)]
    pub until: Timestamp,
}

/// An open conversation as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationRecord {
    /// The conversation, without its lines.
    pub conversation: Conversation,
    /// Its request, while it is in a line.
    pub request: Option<Request>,
}

/// A platform's message id that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRecord {
    /// The channel.
    pub channel: ChannelId,
    /// Whose message it was: platforms number the messages of each visitor anew. `None` in records
    /// of before this was kept; then it is the visitor of the conversation.
    #[serde(default)]
    pub token: Option<VisitorToken>,
    /// The platform's id.
    pub platform_id: String,
    /// The conversation.
    pub conversation: ConversationId,
    /// The message.
    pub message: MessageId,
    /// Until when it is remembered.
    pub until: Timestamp,
}

/// Something that was said outside of any conversation, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextRecord {
    /// Who said it or was told it.
    pub visitor: Visitor,
    /// What, when, and under which id of the platform.
    pub entry: Earlier,
    /// Until when it is kept.
    pub until: Timestamp,
}

/// Names a stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// An open conversation.
    Conversation(ConversationId),
    /// A delivery that was made or given up, by its number in the conversation.
    Delivery(ConversationId, u64),
    /// All that was said in and before a conversation, from the given moment on.
    Lines(ConversationId, Timestamp),
}

/// Something for an agent.
#[derive(Clone, Debug)]
pub enum AgentOrder {
    /// Put a request before the agent, or repeat that.
    Offer(Box<OfferOrder>),
    /// Take an offer back.
    Revoke {
        /// The conversation.
        conversation: ConversationId,
        /// The workgroup that had offered.
        workgroup: WorkgroupName,
        /// Which client of the agent was asked.
        to: Contact,
        /// Why.
        why: RevokeReason,
    },
    /// Find out whether the agent is there: ask the server, and each of the resources that were
    /// known.
    Probe {
        /// The workgroups that the agent serves in.
        workgroups: Vec<WorkgroupName>,
        /// The resources.
        resources: Vec<String>,
    },
    /// Tell a sentence.
    Tell {
        /// Who speaks.
        workgroup: WorkgroupName,
        /// The sentence.
        text: String,
    },
}

/// An offer.
#[derive(Clone, Debug)]
pub struct OfferOrder {
    /// The conversation.
    pub conversation: ConversationId,
    /// The workgroup that offers.
    pub workgroup: WorkgroupName,
    /// The visitor's name towards agents.
    pub pseudonym: String,
    /// What the agent is shown.
    pub brief: Brief,
    /// Until when it can be accepted.
    pub until: Timestamp,
    /// Which client of the agent is asked.
    pub to: Contact,
    /// How long that is from now.
    pub left: std::time::Duration,
    /// Whether the visitor comes into the room in person, under a name of the visitor's own.
    pub in_person: bool,
    /// Who hands it on, where it has an agent already.
    pub handed: Option<Handed>,
    /// Whether it is a repetition of an offer that stands.
    pub again: bool,
}

/// Why an offer was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevokeReason {
    /// It was not answered in time.
    TimedOut,
    /// The visitor's side, an operator or a timeout ended the conversation.
    Closed,
    /// The agent was found to be gone, or serves here no more.
    AgentGone,
}

/// Something for a room.
#[derive(Clone, Debug)]
pub enum RoomOrder {
    /// See to it that the room exists as it should, with our occupants in it; tell what was said
    /// from shortly before `since` on, then `Ready`. Repeating it does no harm.
    Open(Box<RoomPlan>),
    /// Make an agent a member and invite the agent.
    Invite {
        /// Whom.
        agent: AgentJid,
        /// The best of the agent's clients, where one is known.
        to: Option<Contact>,
        /// The visitor's name towards agents.
        pseudonym: String,
        /// The workgroup.
        workgroup: WorkgroupName,
    },
    /// Say a line; it counts as said when the room reflects it.
    Say {
        /// Its id.
        id: MessageId,
        /// Whether the visitor's occupant says it, else the workgroup's.
        as_visitor: bool,
        /// What.
        words: Words,
    },
    /// Say something to one occupant alone.
    Whisper {
        /// The nickname.
        nick: String,
        /// What.
        text: String,
    },
    /// Make somebody an owner, who may then enter as such.
    Empower(AgentJid),
    /// Take an agent's membership and put them out.
    Remove(AgentJid),
    /// Destroy the room; `Gone` is told when it is done.
    Close {
        /// The workgroup whose occupant owns it.
        workgroup: WorkgroupName,
        /// What those inside are told.
        why: String,
    },
}

/// How a room should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomPlan {
    /// The workgroup whose occupant owns it.
    pub workgroup: WorkgroupName,
    /// The visitor's name in it.
    pub pseudonym: String,
    /// Who may enter.
    pub members: Vec<AgentJid>,
    /// Whom to invite as soon as a room that had to be made can be entered, and the best of the
    /// agent's clients where one is known. The `Invite` that follows on `Ready` is then not sent
    /// again.
    pub awaited: Option<(AgentJid, Option<Contact>)>,
    /// When the last thing said in it was stored; `None` where nothing is known of it.
    pub since: Option<Timestamp>,
    /// A visitor who comes into it in person, by full JID, to be made a member and invited.
    pub in_person: Option<String>,
    /// Whether clients are asked to tell what they received and what was read.
    pub marked: bool,
}

/// Something to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An offer ended, or was made.
    Offer(ConversationId, WorkgroupName, OfferOutcome),
    /// A request was accepted after this many milliseconds.
    Waited(ConversationId, WorkgroupName, u64),
    /// A visitor's message was taken.
    VisitorSpoke(ConversationId, ChannelId),
    /// An agent's message was taken.
    AgentSpoke(ConversationId, ChannelId),
    /// A conversation began.
    Opened(ConversationId, ChannelId),
    /// A conversation has nobody left to serve it: its workgroup is no longer configured.
    Stranded(ConversationId, WorkgroupName),
    /// A conversation ended.
    Closed(ConversationId, ChannelId, ClosedBy),
    /// An input came that is impossible in the state that it met.
    Impossible(&'static str),
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferOutcome {
    /// It was made.
    Made,
    /// The agent took it.
    Accepted,
    /// The agent refused it.
    Rejected,
    /// The agent did not answer in time.
    Lapsed,
    /// The agent vanished while being asked.
    Gone,
    /// It was taken back for another reason.
    Withdrawn,
}

impl OfferOutcome {
    /// A name for labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Lapsed => "lapsed",
            Self::Gone => "gone",
            Self::Withdrawn => "withdrawn",
        }
    }
}
