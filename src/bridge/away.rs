//! What is wanted of places in somebody else's workgroups, and what becomes of them.

use crate::conversation::{Brief, Parting, Words};
use crate::ids::{MessageId, Timestamp, WorkgroupName};

use super::Spoken;

/// Something for a conversation's place in somebody else's workgroup.
#[derive(Clone, Debug)]
pub enum AwayOrder {
    /// See to it that the visitor stands in the workgroup's line, and keep trying. Repeating it does
    /// no harm.
    Seek(Box<SeekPlan>),
    /// See to it that the visitor is in the room and in no line; tell what was said in it from
    /// shortly before `since` on, then `Ready`. Repeating it does no harm.
    Stay(Box<StayPlan>),
    /// Say something in the room as the visitor; it counts as said when the room reflects it.
    Say {
        /// Its id.
        id: MessageId,
        /// What.
        words: Words,
    },
    /// Give a place up; `Parted` is told when it is done.
    Part(Parting),
    /// Somebody waits in this room for a visitor who does not come: show that it is so.
    Excuse {
        /// The room's bare JID.
        room: String,
    },
}

/// A wish for a place in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeekPlan {
    /// Our name of the workgroup.
    pub workgroup: WorkgroupName,
    /// Its bare JID.
    pub address: String,
    /// The visitor's name towards agents.
    pub pseudonym: String,
    /// What agents may know.
    pub brief: Brief,
    /// What the workgroup called the visitor's session, where it told.
    pub session: Option<String>,
    /// What is known of the place.
    pub how: SeekHow,
}

/// What is known of a place that is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekHow {
    /// The visitor stands in no line.
    New,
    /// The visitor may stand in the line, and is to stand in it anew.
    Again,
    /// The visitor may stand in the line, or have been taken out of it by an agent: the link was
    /// gone meanwhile.
    Resume,
}

/// How a visit to somebody else's room should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StayPlan {
    /// The room's bare JID.
    pub room: String,
    /// The nickname.
    pub nick: String,
    /// The bare JID of the workgroup whose room it is: its own occupant is nobody who helps.
    pub workgroup: String,
    /// When the last thing said in it was stored; `None` where nothing is known of it.
    pub since: Option<Timestamp>,
}

/// What became of a place in somebody else's workgroup.
#[derive(Clone, Debug)]
pub enum AwayEvent {
    /// The workgroup does not take the visitor now; the adapter tries again by itself.
    NotIn {
        /// Whether it is closed, else it could not be had.
        closed: bool,
    },
    /// The visitor stands in the line.
    Placed {
        /// What the workgroup calls the session.
        session: String,
        /// The place, from 1.
        place: u32,
        /// How long it may take.
        seconds: u64,
    },
    /// The visitor was put out of the line.
    Dropped {
        /// Whether somebody of the workgroup wanted that, else nobody was there.
        wanted: bool,
    },
    /// An agent took the visitor: the talk is in this room.
    Invited {
        /// The room's bare JID.
        room: String,
        /// The bare JID of the workgroup whose room it is, where it told.
        workgroup: Option<String>,
    },
    /// Something happened in the room.
    Room {
        /// The room's bare JID.
        room: String,
        /// What.
        event: StayEvent,
    },
    /// A place was given up.
    Parted(Parting),
}

/// What can happen in somebody else's room.
#[derive(Clone, Debug)]
pub enum StayEvent {
    /// We are in, and all that was missed has been told.
    Ready {
        /// The nickname that we got.
        nick: String,
        /// The nicknames of all who help and are in it.
        inside: Vec<String>,
    },
    /// The room cannot be had just now; the adapter tries again by itself.
    Unavailable,
    /// Somebody came in.
    Came {
        /// The nickname.
        nick: String,
    },
    /// Somebody is not in it any more.
    Went {
        /// The nickname.
        nick: String,
        /// Whether they were cut off, else went or were sent.
        cut_off: bool,
    },
    /// Somebody who helps said something.
    Spoken(Spoken),
    /// The room reflected a line of ours.
    Reflected {
        /// Which.
        id: MessageId,
        /// What the room calls it.
        key: String,
    },
    /// The room refused a line of ours for good.
    Rejected {
        /// Which.
        id: MessageId,
    },
    /// The room was destroyed, or the visitor was sent out of it.
    Ended,
    /// The room is gone, or does not let us in: nobody in it can be reached.
    Lost,
}
