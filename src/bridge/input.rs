//! Everything that can happen to the bridge.

use std::sync::Arc;

use crate::conversation::{Author, Brief, Delivery, Earlier, Manners, Receipt, Words};
use crate::ids::{
    AgentJid, ChannelId, ConversationId, MessageId, TicketId, Timestamp, VisitorToken,
    WorkgroupName,
};
use crate::users::ChatState;
use crate::workgroup::{Place, Policy, Resource, Show};

use super::{HandOver, Reopening};

use super::{Acknowledgement, Approach, AwayEvent, CaseRecord};

/// One fact from outside, already in our words.
#[derive(Clone, Debug)]
pub enum Input {
    /// A bot hands a visitor over. Answered with `Opened` or `Refused`.
    Open(Opening),
    /// A visitor said something. Answered with `Taken` or `Refused`.
    Said(Saying),
    /// Something was said between a visitor and a bot, as far as is known outside of any
    /// conversation. Where the visitor has an open one it belongs to that: the visitor's words as
    /// if `Said`, the bot's as a line of the transcript. Answered with `Noted` or `Taken`.
    Overheard(Box<Overheard>),
    /// A visitor said something; where there is no conversation yet, this begins one. Answered with
    /// `Taken`, or with `Refused(UnknownConversation)` where the last one is over and no other is
    /// to begin.
    Approached(Box<Approach>),
    /// The outside tells what became of an agent's words. Answered with `Acknowledged`, or with
    /// `Refused(UnknownConversation)` where no such words are at hand.
    Acknowledged(Acknowledgement),
    /// Somebody filed a case. Answered with `Filed`.
    CaseFiled(Box<CaseRecord>),
    /// A visitor begins or ceases to type. It passes by: nothing of it is stored. Answered with
    /// `Done`, whether or not there is anybody to see it.
    Typed {
        /// Who.
        visitor: Visitor,
        /// What the visitor does.
        state: ChatState,
    },
    /// The visitor's side ends the conversation. Answered with `Closed` or `Refused`.
    VisitorClosed(Visitor),
    /// The platform behind the channel ends it, and is told as of any other end. Answered with
    /// `Closed` or `Refused`.
    PlatformClosed(Visitor),
    /// A visitor asks for the place in the line. Answered with `Place`, or `Refused` where the
    /// visitor waits in none.
    PlaceAsked(Visitor),
    /// A visitor leaves the line, which nobody took the visitor from yet. Answered with `Closed` or
    /// `Refused`.
    Departed(Visitor),
    /// A conversation that is over is to go on. Answered with `Opened` or `Refused`.
    Reopen(Box<Reopening>),
    /// The outside speaks to a conversation as if it were not over: it is told of the end again.
    /// Answered with `Done`.
    EndDoubted(Visitor),
    /// The outside calls something that it was told by a name of its own. Answered with `Done`.
    Named {
        /// What it was told.
        delivery: Box<Delivery>,
        /// The name, by which it is known if it comes back with what was said before.
        name: String,
    },
    /// What a visitor's platform knows of the talk, some of which may be known here already.
    /// Answered with `Done` or `Refused`.
    Recounted {
        /// The visitor.
        visitor: Visitor,
        /// What was said, in any order.
        earlier: Vec<Earlier>,
    },
    /// What was said before the handoff has been fetched. Answered with `Done`.
    History {
        /// The conversation.
        conversation: ConversationId,
        /// What was said, oldest first.
        earlier: Vec<Earlier>,
    },
    /// A channel's peer told where it wants to be called. Answered with `Done`.
    CallbackLearnt {
        /// The channel.
        channel: ChannelId,
        /// The address, opaque.
        url: String,
    },

    /// The component link stands. Answered with `Done`.
    LinkUp,
    /// The component link is gone.
    LinkDown,
    /// A resource of an agent sent presence to a workgroup, or was found alive.
    AgentSeen {
        /// Whose it is.
        agent: AgentJid,
        /// Its name: the full JID's resource part.
        resource: String,
        /// Its state.
        state: Resource,
    },
    /// A resource of an agent answered, or sent presence that says nothing of Fastpath: it is as
    /// it was last known, but for what `shows` says. One that was not known becomes known only
    /// with `shows`. Answered with `Done` or `Refused`.
    AgentAlive {
        /// Whose it is.
        agent: AgentJid,
        /// Its name.
        resource: String,
        /// Its state and priority, where it told.
        shows: Option<(Show, i8)>,
    },
    /// A resource of an agent is gone; `None` for all of them.
    AgentGone {
        /// Whose it was.
        agent: AgentJid,
        /// Its name.
        resource: Option<String>,
    },
    /// An agent answered an offer. Answered with `Done` or `Refused`.
    OfferAnswered {
        /// Who.
        agent: AgentJid,
        /// Which; `None` means the one that the agent holds.
        conversation: Option<ConversationId>,
        /// Whether the agent takes it.
        accept: bool,
    },
    /// An agent wants no offers for a while, or wants them again. Answered with `Done`/`Refused`.
    AgentPaused {
        /// Who.
        agent: AgentJid,
        /// Whether offers stop.
        paused: bool,
    },
    /// An agent ends a conversation from outside its room. Answered with `Closed`/`Refused`.
    AgentClosed {
        /// Who.
        agent: AgentJid,
        /// Which; `None` means the only one that the agent has.
        conversation: Option<ConversationId>,
    },

    /// The agent who serves wants others to take a conversation over, or to come in beside.
    /// Answered with `Handed`.
    HandedOver {
        /// Who wants that.
        agent: AgentJid,
        /// Which.
        conversation: ConversationId,
        /// To whom, and how.
        wish: HandOver,
    },
    /// An agent notes something of a conversation, also of one that is over. Answered with `Done` or
    /// `Refused`.
    Noted {
        /// Who.
        agent: AgentJid,
        /// Which.
        conversation: ConversationId,
        /// The id minted for it.
        id: MessageId,
        /// What.
        text: String,
    },
    /// A supervisor wants to be an owner of a conversation's room. Answered with `Done` or `Refused`.
    Watched {
        /// Who.
        supervisor: AgentJid,
        /// Which.
        conversation: ConversationId,
    },
    /// Somebody wants to see a workgroup's line. Answered with `Queue` or `Refused`.
    QueueAsked(WorkgroupName),
    /// The same with the first 500 of the line alone, so that it costs the same however long that is.
    QueueGlanced(WorkgroupName),
    /// Somebody wants to see who serves in a workgroup. Answered with `Colleagues` or `Refused`.
    ColleaguesAsked(WorkgroupName),
    /// An agent wants to see the own conversations. Answered with `Chats` or `Refused`.
    ChatsAsked(AgentJid),

    /// Something happened in a conversation's room.
    Room {
        /// The conversation.
        conversation: ConversationId,
        /// What.
        event: RoomEvent,
    },

    /// Something became of a conversation's place in somebody else's workgroup. Answered with
    /// `Done`.
    Away {
        /// The conversation.
        conversation: ConversationId,
        /// What.
        event: AwayEvent,
    },
    /// Somebody else's workgroup is open, or is not. Answered with `Done`.
    OpennessSeen {
        /// Our name of it.
        workgroup: WorkgroupName,
        /// Whether somebody is there who can be asked.
        open: bool,
    },

    /// An outside system has taken a delivery.
    Delivered(Box<Delivery>),
    /// A delivery was given up and is now a dead letter.
    GivenUp {
        /// Which.
        delivery: Box<Delivery>,
        /// Why, in words fit for the agent: no secret, no address.
        why: String,
    },

    /// An operator ends a conversation. Answered with `Closed` or `Refused`.
    OperatorClosed(ConversationId),
    /// The configuration was read anew. Answered with `Done`.
    Settings(Arc<Policy>),
    /// A deadline may have passed.
    Tick,
}

/// Who a visitor is.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Visitor {
    /// The channel.
    pub channel: ChannelId,
    /// The channel's name for the visitor.
    pub token: VisitorToken,
}

/// A wish for a conversation.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The id that the conversation gets, minted by the caller.
    pub conversation: ConversationId,
    /// Who wants help.
    pub visitor: Visitor,
    /// The foreign id. The same one for the same visitor again is the same conversation.
    pub ticket: Option<TicketId>,
    /// Where the visitor waits.
    pub workgroup: WorkgroupName,
    /// Whether to refuse instead of waiting when no agent is online.
    pub refuse_without_agents: bool,
    /// Whether the end of the wait ends the conversation; otherwise the visitor is told once and
    /// waits on.
    pub wait_ends: bool,
    /// What the agent is shown.
    pub brief: Brief,
    /// What was said before, as far as it is known yet.
    pub earlier: Vec<Earlier>,
    /// Whether the engine is to add what was [`Input::Overheard`] of this visitor before.
    pub recall: bool,
    /// How the channel wants it handled.
    pub manners: Manners,
    /// Where the visitor stands in the line.
    pub place: Place,
    /// The agent who is asked before all others, if that one is free.
    pub wanted: Option<AgentJid>,
}

/// Something that was said between a visitor and a bot.
#[derive(Clone, Debug)]
pub struct Overheard {
    /// The visitor that it was said by or to.
    pub visitor: Visitor,
    /// The id minted for it.
    pub id: MessageId,
    /// The platform's own id: the same one again of this visitor is ignored.
    pub platform_id: String,
    /// `Author::Visitor` or `Author::Bot`.
    pub author: Author,
    /// What is said.
    pub words: Words,
    /// When it was said, as the platform tells.
    pub at: Timestamp,
}

/// A visitor's message.
#[derive(Clone, Debug)]
pub struct Saying {
    /// Who says it.
    pub visitor: Visitor,
    /// The id minted for it.
    pub id: MessageId,
    /// The platform's own id where it has one: the same one again within a day is ignored.
    pub platform_id: Option<String>,
    /// What is said.
    pub words: Words,
}

impl Saying {
    /// By what a repetition is known.
    pub(super) fn known_as(&self) -> &str {
        self.platform_id
            .as_deref()
            .unwrap_or_else(|| self.id.as_str())
    }
}

/// What can happen in a conversation's room.
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// Our occupants are in, the room is configured, and all that was missed has been told.
    Ready {
        /// Whether the room had to be made anew, so that nothing is left of what was said in it.
        fresh: bool,
        /// The agents' sides that are in it now, as (bare JID, nickname).
        inside: Vec<(AgentJid, String)>,
    },
    /// The room cannot be had just now; the adapter tries again by itself.
    Unavailable,
    /// Somebody not ours came in.
    Entered {
        /// Who.
        agent: AgentJid,
        /// The nickname.
        nick: String,
    },
    /// The last occupant of somebody not ours left.
    Left {
        /// Who.
        agent: AgentJid,
    },
    /// An invitation was declined.
    Declined {
        /// By whom.
        agent: AgentJid,
    },
    /// Somebody not ours said something to all.
    Spoken(Spoken),
    /// The room reflected a line of ours.
    Reflected {
        /// Which.
        id: MessageId,
        /// What the room calls it.
        key: String,
    },
    /// A client tells that it has, or that somebody read, all up to a line (XEP-0184, XEP-0333).
    Marked {
        /// Whose client.
        agent: AgentJid,
        /// The line's id, or what the room calls it.
        name: String,
        /// `Receipt::Delivered` or `Receipt::Read`.
        receipt: Receipt,
    },
    /// Somebody not ours begins or ceases to type (XEP-0085); told where the room's plan wants it.
    Typed {
        /// Who.
        agent: AgentJid,
        /// The nickname.
        nick: String,
        /// What they do.
        state: ChatState,
    },
    /// The room refused a line of ours for good.
    Rejected {
        /// Which.
        id: MessageId,
    },
    /// The room is destroyed, as was ordered.
    Gone,
}

/// A groupchat message of somebody not ours.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// What the room calls it; a repetition has the same.
    pub key: String,
    /// The stanza's own `id`, which a correction refers to.
    pub id: Option<MessageId>,
    /// The nickname.
    pub nick: String,
    /// The bare JID, where the room tells.
    pub agent: Option<AgentJid>,
    /// What is said.
    pub words: Words,
}
