//! The addresses of one room and of our occupants in it.

use crate::ids::{ConversationId, WorkgroupName};

use super::RoomsSettings;

/// A visitor's local part on our domain begins with this.
pub(super) const VISITOR_PREFIX: &str = "v-";

/// The address by which a conversation's visitor is in the room.
pub fn visitor_address(id: &ConversationId, domain: &str) -> String {
    format!("{VISITOR_PREFIX}{id}@{domain}/{id}")
}

/// Addresses as text.
#[derive(Debug)]
pub(super) struct Names {
    /// The room.
    pub(super) room: String,
    /// The workgroup, bare; it owns the room.
    pub(super) workgroup: String,
    /// The workgroup's occupant.
    pub(super) desk: String,
    /// The visitor, bare.
    pub(super) visitor_bare: String,
    /// The visitor's occupant.
    pub(super) visitor: String,
}

impl Names {
    pub(super) fn new(
        (id, local): (&ConversationId, &str),
        workgroup: &WorkgroupName,
        settings: &RoomsSettings,
    ) -> Self {
        let domain = &settings.domain;
        let workgroup = workgroup.local();
        let owner = format!("{workgroup}@{domain}");
        let visitor_bare = format!("{VISITOR_PREFIX}{id}@{domain}");
        Self {
            room: format!("{local}@{}", settings.muc),
            desk: format!("{owner}/{workgroup}"),
            workgroup: owner,
            visitor: visitor_address(id, domain),
            visitor_bare,
        }
    }

    /// The address of an occupant of the room.
    pub(super) fn occupant(&self, nick: &str) -> String {
        format!("{}/{nick}", self.room)
    }
}
