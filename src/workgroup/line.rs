//! Requests and the order in which they wait.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};

use super::Contact;

/// Where a request stands in the line before its time of arrival counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before all that came newly: its agent was lost, or it was handed on.
    First,
    /// By arrival.
    Normal,
}

/// A request put before one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Whom.
    pub agent: AgentJid,
    /// Which client of the agent.
    pub to: Contact,
    /// Until when it can be answered.
    pub until: Timestamp,
}

/// A conversation that waits for an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The workgroup that it waits in.
    pub workgroup: WorkgroupName,
    /// Its place.
    pub place: Place,
    /// Since when it waits.
    pub since: Timestamp,
    /// Its number among those who joined the line in the same instant, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub nth: u32,
    /// When the wait is over; `None` waits for ever.
    pub until: Option<Timestamp>,
    /// Who alone may have it, where it is meant for somebody.
    pub only: Option<AgentJid>,
    /// Who shall not have it, because it comes from them.
    pub except: Option<AgentJid>,
    /// Who is asked before all others, whoever's turn it is: the visitor knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<AgentJid>,
    /// Who refused it or let it lapse, and until when they are not asked again.
    pub pauses: BTreeMap<AgentJid, Timestamp>,
    /// When it goes on to another line; not while an offer is out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_at: Option<Timestamp>,
    /// How often it went on.
    #[serde(default)]
    pub moves: u8,
    /// Who hands it on, and how, where it has an agent already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<Handed>,
    /// The offer that is out.
    pub offer: Option<Offer>,
}

/// How a conversation that has an agent is put before others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// Who wants that.
    pub by: AgentJid,
    /// The workgroup that it is in.
    pub home: WorkgroupName,
    /// Whether the others are to come in beside, else to take over.
    pub joins: bool,
    /// Whether one agent is meant, else a workgroup.
    pub one: bool,
    /// What is said of it.
    pub reason: String,
}

impl Request {
    /// A request that joins the line at `since`.
    pub fn new(workgroup: WorkgroupName, since: Timestamp) -> Self {
        Self {
            workgroup,
            place: Place::Normal,
            since,
            nth: 0,
            until: None,
            only: None,
            except: None,
            wanted: None,
            pauses: BTreeMap::new(),
            moves_at: None,
            moves: 0,
            handed: None,
            offer: None,
        }
    }

    /// Whether this agent may be asked now, as far as the request goes.
    pub(super) fn may_ask(&self, agent: &AgentJid, now: Timestamp) -> bool {
        self.only.as_ref().is_none_or(|only| only == agent)
            && self.except.as_ref() != Some(agent)
            && self.pauses.get(agent).is_none_or(|until| *until <= now)
    }

    pub(super) fn rank(&self, id: &ConversationId) -> Rank {
        (self.place, (self.since, self.nth), id.clone())
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        let offer = self.offer.as_ref().map(|offer| offer.until);
        let pauses = self.pauses.values().min().copied();
        let moves = self.moves_at.filter(|_| self.offer.is_none());
        [offer, self.until, pauses, moves]
            .into_iter()
            .flatten()
            .min()
    }
}

/// Rows of those who came alone are as they always were.
fn is_first(nth: &u32) -> bool {
    *nth == 0
}

/// The order in which requests are served.
pub(super) type Rank = (Place, Came, ConversationId);

/// When a request joined a line, and its number among those of that instant.
pub(super) type Came = (Timestamp, u32);

pub(super) type Line = BTreeSet<Rank>;
