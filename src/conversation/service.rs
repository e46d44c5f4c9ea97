//! The states of a handoff, each carrying exactly what belongs to it.

use serde::{Deserialize, Serialize};

use crate::ids::{AgentJid, Timestamp};

use super::{Away, ClosedBy};

/// Where a conversation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody serves; the request is in a workgroup's line.
    Waiting {
        /// Whether the visitor was told that nobody came, and waits on.
        told: bool,
        /// Whether the end of the wait ends the conversation; otherwise the visitor is told once.
        ends: bool,
        /// What the visitor was told of the place in the line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<PlaceTold>,
    },
    /// An agent serves.
    Served(Service),
    /// Somebody else's workgroup has it, or is asked to.
    Away(Box<Away>),
    /// It is over; only its room is left, to be destroyed.
    Over {
        /// Who ended it.
        by: ClosedBy,
        /// Its last words for those in the room.
        why: String,
    },
}

/// What a visitor who waits was told of the place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceTold {
    /// The place, from 1; 0 while none was told.
    pub place: u32,
    /// When that was last looked at.
    pub at: Timestamp,
}

/// An agent's part in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The agent.
    pub agent: AgentJid,
    /// Whether the agent is in the room.
    pub presence: Presence,
    /// Whether this agent has been shown who the visitor is and what was said so far.
    pub briefed: bool,
    /// Whether that was said since the room last became ready. Not kept: the room tells.
    #[serde(skip)]
    pub briefing_said: bool,
    /// Who is to take over.
    pub successor: Option<Successor>,
    /// From when on silence counts at the earliest: while the room could not be had, nobody there
    /// could have said anything.
    #[serde(default)]
    pub silent_from: Timestamp,
}

/// Whether the agent is in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Accepted, invited, and not seen in the room yet.
    Expected {
        /// When the wait for the agent is over.
        until: Timestamp,
    },
    /// In the room.
    Here,
    /// Was in the room and left it.
    Away {
        /// When the wait for the agent is over.
        until: Timestamp,
    },
}

/// A hand-over to somebody else, while the first agent still serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Successor {
    /// The request is in a line.
    Sought,
    /// Somebody accepted and is not in the room yet.
    Expected {
        /// Who.
        agent: AgentJid,
        /// When the wait is over.
        until: Timestamp,
    },
}

impl Service {
    /// An agent who just accepted.
    pub fn new(agent: AgentJid, until: Timestamp) -> Self {
        Self {
            agent,
            presence: Presence::Expected { until },
            briefed: false,
            briefing_said: false,
            successor: None,
            silent_from: Timestamp::default(),
        }
    }

    /// When something has to be decided, if nothing happens before.
    pub fn deadline(&self) -> Option<Timestamp> {
        let own = self.agent_until().into_iter();
        own.chain(self.successor_until()).min()
    }

    /// Whether the agent has accepted and was not in the room yet.
    pub fn is_expected(&self) -> bool {
        matches!(self.presence, Presence::Expected { .. })
    }

    /// When the wait for the agent is over.
    pub fn agent_until(&self) -> Option<Timestamp> {
        match self.presence {
            Presence::Expected { until } | Presence::Away { until } => Some(until),
            Presence::Here => None,
        }
    }

    /// When the wait for the one who is to take over is over.
    pub fn successor_until(&self) -> Option<Timestamp> {
        match &self.successor {
            Some(Successor::Expected { until, .. }) => Some(*until),
            Some(Successor::Sought) | None => None,
        }
    }

    /// Who accepted to take over.
    pub fn expected_successor(&self) -> Option<&AgentJid> {
        match &self.successor {
            Some(Successor::Expected { agent, .. }) => Some(agent),
            Some(Successor::Sought) | None => None,
        }
    }
}
