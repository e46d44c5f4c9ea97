//! What askers are told.

use crate::conversation::{ClosedBy, Receipt};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp, VisitorToken, WorkgroupName};
use crate::workgroup::Show;

/// How an [`Input`](super::Input) ended. Told to the asker only after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing more to say.
    Done,
    /// The conversation exists.
    Opened {
        /// Its id: the given one, or that of the conversation that existed before.
        conversation: ConversationId,
        /// Whether it existed before.
        again: bool,
    },
    /// The message is kept.
    Taken {
        /// Its conversation.
        conversation: ConversationId,
        /// Its id; that of the first one for a repetition.
        message: MessageId,
        /// Whether it had been taken before.
        again: bool,
        /// Whether the conversation was over already.
        late: bool,
    },
    /// The conversation is over.
    Closed {
        /// Whether it was over already, and who ended it then.
        before: Option<ClosedBy>,
    },
    /// It is kept with what was said before a conversation.
    Noted,
    /// What became of the words is noted, unless something else had become of them for good.
    Acknowledged {
        /// What was told before.
        before: Option<Receipt>,
    },
    /// The case is kept; with this conversation, where its visitor has one.
    Filed(Option<ConversationId>),
    /// A workgroup's line.
    Queue(Box<QueueView>),
    /// A visitor's place in the line.
    Place(PlaceView),
    /// An agent's conversations.
    Chats(Vec<ChatView>),
    /// Who serves in a workgroup and is there.
    Colleagues(WorkgroupName, Vec<ColleagueView>),
    /// Others are asked, or not and why not.
    Handed(Result<(), NotHanded>),
    /// Nothing was changed.
    Refused(Refusal),
}

/// Why nobody is asked to take a conversation over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHanded {
    /// It is not a conversation in which this agent serves.
    NotYours,
    /// Others are being asked already.
    Already,
    /// The agent who serves is meant.
    Oneself,
    /// The visitor is meant.
    TheVisitor,
    /// There is no such workgroup.
    NoWorkgroup,
    /// That is nobody who serves or supervises.
    NoAgent,
}

/// A workgroup's line as its agents see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// The workgroup.
    pub workgroup: WorkgroupName,
    /// Its name for people.
    pub title: String,
    /// Whether an agent is there who could be asked.
    pub open: bool,
    /// Whether its hours say that nobody serves now.
    pub closed: bool,
    /// Who waits, the first in line first; at a glance not all of them.
    pub waiting: Vec<WaitingView>,
    /// How many wait.
    pub length: usize,
    /// Since when the one who came first waits.
    pub oldest: Option<Timestamp>,
    /// How long those who came last had to wait on average.
    pub average_wait: std::time::Duration,
    /// The Fastpath clients that want to see it: agent and resource.
    pub watchers: Vec<(AgentJid, String)>,
}

/// Somebody who waits in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingView {
    /// The conversation.
    pub conversation: ConversationId,
    /// Since when.
    pub since: Timestamp,
    /// The visitor, where that is somebody at an XMPP client who was not in a room yet.
    pub in_person: Option<VisitorToken>,
}

/// A visitor's place in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceView {
    /// The conversation.
    pub conversation: ConversationId,
    /// The workgroup in whose line it is.
    pub line: WorkgroupName,
    /// The place, from 1.
    pub place: u32,
    /// How long those who came last had to wait on average; unknown while nobody was served.
    pub usual_wait: Option<std::time::Duration>,
}

/// An agent who is there, as colleagues may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColleagueView {
    /// The agent.
    pub agent: AgentJid,
    /// The agent's client: the full JID's resource part.
    pub resource: String,
    /// The agent's state.
    pub show: Show,
    /// The client's priority.
    pub priority: i8,
    /// How many conversations the agent may have at once.
    pub max_chats: u32,
    /// Those of this workgroup in whose rooms the agent is.
    pub chats: Vec<ServedView>,
}

/// A conversation that a colleague serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedView {
    /// The conversation.
    pub conversation: ConversationId,
    /// When it was opened.
    pub since: Timestamp,
    /// The visitor's name towards agents.
    pub visitor: String,
    /// What the visitor asked.
    pub question: Option<String>,
    /// The visitor's mail address, where agents are told it.
    pub email: Option<String>,
}

/// One of an agent's conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatView {
    /// The conversation.
    pub conversation: ConversationId,
    /// The visitor's name towards agents.
    pub pseudonym: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Whether the agent has accepted it already; else it is an offer.
    pub accepted: bool,
}

/// Why an [`Input`](super::Input) changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is online and the channel does not want to wait.
    NoAgents,
    /// The outside has not been told all of the former conversation yet: later it can be.
    StillOwed,
    /// The visitor has an open conversation already, and the channel wants no second one.
    AlreadyOpen,
    /// No workgroup of that name.
    UnknownWorkgroup,
    /// This visitor never had a conversation.
    UnknownVisitor,
    /// No open conversation of that id, or none of this agent's.
    UnknownConversation,
    /// Several conversations are meant: name one.
    Ambiguous,
    /// The sender serves in no workgroup.
    NotAnAgent,
    /// No such offer is open to this agent.
    NoSuchOffer,
}
