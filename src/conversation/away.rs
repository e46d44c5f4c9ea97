//! A place in a workgroup of somebody else's: sought, held in its line, and then in its room.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::Timestamp;

use super::{Author, Conversation, Fate, PlaceTold, Stage};

/// A conversation that is served elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Since when somebody is looked for.
    pub since: Timestamp,
    /// When the wait for somebody is over; `None` waits for ever.
    pub until: Option<Timestamp>,
    /// Whether the visitor was told that nobody came, and waits on.
    pub told: bool,
    /// Whether the end of the wait ends the conversation; otherwise the visitor is told once.
    pub ends: bool,
    /// Whether it ends where the workgroup proves to be closed: until it first had a place.
    pub firm: bool,
    /// What the workgroup calls the visitor's session, where it told; the local part of its room.
    pub session: Option<String>,
    /// The place in the line from 1, and the seconds that it may take, as last heard.
    pub place: Option<(u32, u64)>,
    /// What the visitor was told of the place.
    pub place_told: Option<PlaceTold>,
    /// How many rooms it was in; names the briefing.
    pub rooms: u32,
    /// The room, once invited.
    pub stay: Option<Stay>,
}

/// A visit to somebody else's room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// The room's bare JID.
    pub room: String,
    /// The bare JID of the workgroup whose room it is.
    pub workgroup: String,
    /// The visitor's nickname in it.
    pub nick: String,
    /// The nicknames of those who help and are in it, as the room last told.
    pub helpers: BTreeSet<String>,
    /// Whether any of them has been in it.
    pub met: bool,
    /// Until when somebody is waited for, while nobody is in it.
    pub until: Option<Timestamp>,
    /// Whether the last one was cut off, else went.
    pub cut_off: bool,
    /// Whether those in it were shown what was said before.
    pub briefed: bool,
    /// From when on silence counts at the earliest.
    pub silent_from: Timestamp,
    /// Whether that was said since we last came in. Not kept: the room tells.
    #[serde(skip)]
    pub briefing_said: bool,
    /// Whether we are in it and it takes lines. Not kept: a restart finds out anew.
    #[serde(skip)]
    pub ready: bool,
    /// From which line on the room was not told yet since we last came in.
    #[serde(skip)]
    pub told_to: u64,
}

impl Stay {
    /// A room that the visitor was invited into; somebody is waited for until the given moment.
    pub fn new((room, workgroup): (String, String), nick: String, until: Timestamp) -> Self {
        Self {
            room,
            workgroup,
            nick,
            helpers: BTreeSet::new(),
            met: false,
            until: Some(until),
            cut_off: false,
            briefed: false,
            silent_from: Timestamp::default(),
            briefing_said: false,
            ready: false,
            told_to: 0,
        }
    }
}

/// A place elsewhere that is to be given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parting {
    /// A place in a workgroup's line.
    Line {
        /// The workgroup's bare JID.
        address: String,
    },
    /// A room.
    Room {
        /// Its bare JID.
        room: String,
        /// The visitor's nickname in it.
        nick: String,
    },
}

impl Conversation {
    /// How it is served elsewhere, if it is.
    pub fn away(&self) -> Option<&Away> {
        match &self.stage {
            Stage::Away(away) => Some(away),
            Stage::Waiting { .. } | Stage::Served(_) | Stage::Over { .. } => None,
        }
    }

    /// The same, to be changed.
    pub fn away_mut(&mut self) -> Option<&mut Away> {
        match &mut self.stage {
            Stage::Away(away) => Some(away),
            Stage::Waiting { .. } | Stage::Served(_) | Stage::Over { .. } => None,
        }
    }

    /// The room elsewhere that it is in.
    pub fn stay(&self) -> Option<&Stay> {
        self.away()?.stay.as_ref()
    }

    /// The same, to be changed.
    pub fn stay_mut(&mut self) -> Option<&mut Stay> {
        self.away_mut()?.stay.as_mut()
    }

    /// Whether the visitor said something that no room has shown yet.
    pub fn has_unheard(&self) -> bool {
        let mut lines = self.lines.iter().rev();
        lines.any(|line| line.author == Author::Visitor && line.fate == Fate::Pending)
    }
}
