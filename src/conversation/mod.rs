//! One handoff: its states, its lines and what it owes to whom.

mod away;
mod command;
mod course;
mod delivery;
mod in_person;
mod lines;
mod manners;
mod message;
mod render;
mod service;

pub use away::{Away, Parting, Stay};
pub use command::{Command, HELP, is_plain_command, parse as parse_command};
pub use course::{CaseNote, Course, Ended, Receipt};
pub use delivery::{DeadLetter, Delivery, Notice, Outgoing};
pub use lines::Lines;
pub use manners::Manners;
pub use message::{Attachment, Author, Earlier, Fate, Line, Words};
pub use render::{
    Scribe, brief as render_brief, earlier as render_earlier, split,
    transcript as render_transcript,
};
pub use service::{PlaceTold, Presence, Service, Stage, Successor};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{
    AgentJid, ChannelId, ConversationId, DeliveryId, TicketId, Timestamp, VisitorToken,
    WorkgroupName,
};

/// The most bytes of text in one message to a room: even if every character has to be escaped, the
/// stanza stays below what all servers pass on (Prosody's limit for clients is 256 KiB).
pub const MAX_SAID: usize = 40_000;

/// What an agent is shown of a visitor before deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// What the visitor wants, where the channel knows it.
    pub question: Option<String>,
    /// What else is known, as (label, value), in the order to show it.
    pub facts: Vec<(String, String)>,
}

impl Brief {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.question.is_none() && self.facts.is_empty()
    }

    /// The first value under this label, whatever its case.
    pub fn fact(&self, label: &str) -> Option<&str> {
        let mut facts = self.facts.iter();
        let (_, value) = facts.find(|(name, _)| name.trim().eq_ignore_ascii_case(label))?;
        Some(value)
    }
}

/// Who or what ended a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// The visitor's side: the person, the bot or the ticket system.
    Visitor,
    /// The platform behind the channel, on its own account: it is told of the end as well.
    Platform,
    /// An agent.
    Agent,
    /// An operator.
    Operator,
    /// Nobody took the request in time.
    NobodyCame,
    /// Nobody said anything for as long as the workgroup allows.
    Silence,
    /// The same visitor opened another ticket.
    Superseded,
}

impl ClosedBy {
    /// A name for wires, labels and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Platform => "platform",
            Self::Agent => "agent",
            Self::Operator => "operator",
            Self::NobodyCame => "nobody_came",
            Self::Silence => "silence",
            Self::Superseded => "superseded",
        }
    }
}

/// A conversation's room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The workgroup whose occupant owns it: the one that first accepted.
    pub workgroup: WorkgroupName,
    /// Names the briefing of the agent who serves.
    pub briefings: u32,
    /// Whether our occupants are in it and it takes lines. Not kept: a restart finds out anew.
    #[serde(skip)]
    pub ready: bool,
    /// Whether it was asked for on this link and has not become ready yet. Not asked for twice: a
    /// second `Ready` would have everything said again that is still on its way.
    #[serde(skip)]
    pub asked: bool,
    /// From which line on the room was not told yet since it last became ready.
    #[serde(skip)]
    pub told_to: u64,
    /// Those not ours who are in it, with their nicknames, as the room last told.
    #[serde(default)]
    pub inside: BTreeMap<AgentJid, String>,
    /// Until when a visitor is waited for who was in it in person and is missing after a
    /// disturbance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor_until: Option<Timestamp>,
}

impl Room {
    /// A room that is yet to be made.
    pub fn new(workgroup: WorkgroupName) -> Self {
        Self {
            workgroup,
            briefings: 0,
            ready: false,
            asked: false,
            told_to: 0,
            inside: BTreeMap::new(),
            visitor_until: None,
        }
    }

    /// Gives the next briefing a name of its own.
    pub fn next_briefing(&mut self) {
        self.briefings += 1;
    }
}

/// One handoff that is not over, or is over and has a room left to destroy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// The channel it came by.
    pub channel: ChannelId,
    /// The channel's name for the visitor.
    pub token: VisitorToken,
    /// The foreign id.
    pub ticket: Option<TicketId>,
    /// The workgroup that it is in, or was accepted in.
    pub workgroup: WorkgroupName,
    /// What agents are shown.
    pub brief: Brief,
    /// What was said before the handoff, oldest first; stored apart from this record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
    /// How its channel wants it handled.
    #[serde(default)]
    pub manners: Manners,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub stage: Stage,
    /// Its room; `None` until an agent first accepts.
    pub room: Option<Room>,
    /// Agents besides the one who serves, let in by `!invite`.
    pub guests: Vec<AgentJid>,
    /// What is noted of it on its way.
    #[serde(default)]
    pub course: Course,
    /// The guests who left the room; they may come back and are not called.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub departed: BTreeSet<AgentJid>,
    /// Who refused it, let it lapse, gave it away or lost it, and until when they are not asked for
    /// it again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pauses: BTreeMap<AgentJid, Timestamp>,
    /// Places elsewhere that are yet to be given up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partings: Vec<Parting>,
    /// Its lines; stored one by one, not with this record.
    #[serde(skip)]
    pub lines: Lines,
}

impl Conversation {
    /// The number of the next line.
    pub fn next_seq(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.seq + 1)
    }

    /// When somebody last said something; the opening counts.
    pub fn stirred_at(&self) -> Timestamp {
        self.lines.last().map_or(self.opened_at, |line| line.at)
    }

    /// Since when nobody says anything, though somebody could. A visitor who waits for an agent is
    /// not silent, however long that takes; that the agent came is a line of its own.
    pub fn silent_since(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Served(service) if !service.is_expected() => {
                Some(self.stirred_at().max(service.silent_from))
            }
            Stage::Away(away) => {
                let stay = away.stay.as_ref().filter(|stay| !stay.helpers.is_empty())?;
                Some(self.stirred_at().max(stay.silent_from))
            }
            Stage::Served(_) | Stage::Waiting { .. } | Stage::Over { .. } => None,
        }
    }

    /// When it ended, if it did. What was said too late stands behind the end.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let Stage::Over { .. } = self.stage else {
            return None;
        };
        let is_end = |line: &&Line| matches!(line.author, Author::End(_));
        self.lines.iter().rev().find(is_end).map(|line| line.at)
    }

    /// When the last thing that the room is known to hold was stored; a catch-up starts there.
    pub fn known_since(&self) -> Option<Timestamp> {
        let in_room = |line: &&Line| line.room_key.is_some();
        self.lines.iter().rev().find(in_room).map(|line| line.at)
    }

    /// This conversation without what is stored apart from it: its lines and what was said before.
    pub fn without_lines(&self) -> Self {
        Self {
            id: self.id.clone(),
            channel: self.channel.clone(),
            token: self.token.clone(),
            ticket: self.ticket.clone(),
            workgroup: self.workgroup.clone(),
            brief: self.brief.clone(),
            earlier: Vec::new(),
            manners: self.manners.clone(),
            opened_at: self.opened_at,
            stage: self.stage.clone(),
            room: self.room.clone(),
            guests: self.guests.clone(),
            course: self.course.clone(),
            departed: self.departed.clone(),
            pauses: self.pauses.clone(),
            partings: self.partings.clone(),
            lines: Lines::default(),
        }
    }

    /// Somebody is no guest any more.
    pub fn forget_guest(&mut self, agent: &AgentJid) {
        self.guests.retain(|guest| guest != agent);
        self.departed.remove(agent);
    }

    /// Remembers who is not to be asked for it, beyond the request that they were asked with.
    pub fn remember_pauses(
        &mut self,
        now: Timestamp,
        pauses: impl IntoIterator<Item = (AgentJid, Timestamp)>,
    ) {
        self.pauses.retain(|_, until| *until > now);
        for (agent, until) in pauses {
            let known = self.pauses.entry(agent).or_insert(until);
            *known = until.max(*known);
        }
    }

    /// Those who are not to be asked for it now.
    pub fn paused(&self, now: Timestamp) -> BTreeMap<AgentJid, Timestamp> {
        let all = self.pauses.iter().filter(|(_, until)| **until > now);
        all.map(|(agent, until)| (agent.clone(), *until)).collect()
    }

    /// The agent who serves.
    pub fn agent(&self) -> Option<&AgentJid> {
        match &self.stage {
            Stage::Served(service) => Some(&service.agent),
            Stage::Away(_) | Stage::Waiting { .. } | Stage::Over { .. } => None,
        }
    }

    /// An agent begins to serve. The last one's briefing, seen late, does not count for this one.
    pub fn begin_service(&mut self, service: Service) {
        self.stage = Stage::Served(service);
        if let Some(room) = &mut self.room {
            room.next_briefing();
        }
    }

    /// What was said in the room is gone from the agent's screen or soon will be: the agent is
    /// shown it again, under another name.
    pub fn forget_briefing(&mut self) {
        if let Stage::Served(service) = &mut self.stage {
            service.briefed = false;
            service.briefing_said = false;
        }
        if let Some(room) = &mut self.room {
            room.next_briefing();
        }
    }

    /// Whether the agent who serves has been shown what was said before.
    pub fn was_briefed(&self) -> bool {
        match &self.stage {
            Stage::Served(service) => service.briefed || service.briefing_said,
            Stage::Away(away) => {
                let stay = away.stay.as_ref();
                stay.is_some_and(|stay| stay.briefed || stay.briefing_said)
            }
            Stage::Waiting { .. } | Stage::Over { .. } => false,
        }
    }

    /// Whether the agent's time to come, or to come back, is over.
    pub fn agent_is_late(&self, now: Timestamp) -> bool {
        match &self.stage {
            Stage::Served(service) => service.agent_until().is_some_and(|until| until <= now),
            Stage::Away(_) | Stage::Waiting { .. } | Stage::Over { .. } => false,
        }
    }

    /// Whether the time of the one who is to take over is over.
    pub fn successor_is_late(&self, now: Timestamp) -> bool {
        match &self.stage {
            Stage::Served(service) => service.successor_until().is_some_and(|until| until <= now),
            Stage::Away(_) | Stage::Waiting { .. } | Stage::Over { .. } => false,
        }
    }

    /// The service, while an agent serves.
    pub fn service_mut(&mut self) -> Option<&mut Service> {
        match &mut self.stage {
            Stage::Served(service) => Some(service),
            Stage::Away(_) | Stage::Waiting { .. } | Stage::Over { .. } => None,
        }
    }
}

/// What is kept of a conversation that can go on after its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// What agents are shown.
    pub brief: Brief,
    /// How its channel wants it handled.
    pub manners: Manners,
}

/// A conversation that is over, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its id.
    pub id: ConversationId,
    /// The channel it came by.
    pub channel: ChannelId,
    /// The channel's name for the visitor.
    pub token: VisitorToken,
    /// The foreign id.
    pub ticket: Option<TicketId>,
    /// The workgroup it was in.
    pub workgroup: WorkgroupName,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ended.
    pub closed_at: Timestamp,
    /// Who ended it.
    pub by: ClosedBy,
    /// The agent who served last.
    pub agent: Option<AgentJid>,
    /// The number of the next line, for what still comes.
    pub next_seq: u64,
    /// The delivery that tells the outside of the end, and has not been taken yet.
    pub closing: Option<DeliveryId>,
    /// What another conversation of the same ticket begins with, where its channel has such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Box<Again>>,
    /// Until when it is remembered.
    pub until: Timestamp,
    /// What agents were shown of the visitor.
    #[serde(default, skip_serializing_if = "Brief::is_empty")]
    pub brief: Brief,
}
