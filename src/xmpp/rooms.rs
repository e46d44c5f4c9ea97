//! Conversations' rooms on the MUC service: made, kept, read and left by plain state machines
//! without a socket, a clock or the engine.

mod archive;
mod close;
pub(super) mod copy;
mod form;
mod invite;
pub(super) mod keep;
pub(super) mod lines;
mod marks;
mod names;
mod occupants;
pub(super) mod open;
mod private;
pub(super) mod requests;
mod room;
pub(super) mod text;
mod typing;

use std::collections::{BTreeMap, BTreeSet};

use minidom::Element;

use crate::bridge::{Input, RoomEvent, RoomOrder};
use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};

pub use self::names::visitor_address;

use self::room::Room;
use super::address::Address;
use super::known::Known;
use super::out::Out;
use super::{ns, stanza};

/// Every id that this module gives to a stanza of its own begins with this. The lines said in a
/// room bear the ids that the core gave them.
const ID_PREFIX: &str = "wlroom-";

/// Where rooms are made, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomsSettings {
    /// The component's own domain.
    pub domain: String,
    /// The MUC service's domain.
    pub muc: String,
    /// How many messages a room is asked to remember, where its form lets one ask. It matters on
    /// servers without a room archive (XEP-0313) only.
    pub history: u32,
    /// The users of the component's domain: they are people in a room, not occupants of ours.
    pub users: Known,
}

impl RoomsSettings {
    /// With a history of 1,000 messages, and no users.
    pub fn new(domain: impl Into<String>, muc: impl Into<String>) -> Self {
        Self {
            domain: domain.into().to_lowercase(),
            muc: muc.into().to_lowercase(),
            history: 1000,
            users: Known::default(),
        }
    }
}

impl RoomsSettings {
    /// Whether an address is one that we speak with ourselves.
    fn is_ours(&self, address: &Address) -> bool {
        let local = address.local.as_deref();
        address.domain == self.domain && !local.is_some_and(|local| self.users.has(local))
    }
}

/// What all rooms have in common.
#[derive(Debug)]
struct Common {
    settings: RoomsSettings,
    /// Whether the MUC service takes invitations from occupants only.
    occupants_invite: bool,
    /// The configuration form that the service gave last.
    form: Option<Element>,
    serial: u64,
}

/// What a room works with while it handles one thing.
struct Cx<'a> {
    now: Timestamp,
    common: &'a mut Common,
    out: &'a mut Vec<Out<()>>,
}

impl Cx<'_> {
    fn send(&mut self, stanza: Element) {
        self.out.push(Out::Send(stanza));
    }

    fn tell(&mut self, conversation: &ConversationId, event: RoomEvent) {
        self.out.push(Out::Tell(Input::Room {
            conversation: conversation.clone(),
            event,
        }));
    }

    fn fresh_id(&mut self) -> String {
        self.common.serial += 1;
        format!("{ID_PREFIX}{}", self.common.serial)
    }
}

/// Somebody who is in a room besides our own occupants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// The full JID.
    pub jid: String,
    /// The nickname.
    pub nick: String,
    /// Since when, as far as we were there to see it.
    pub since: Timestamp,
}

/// All rooms.
#[derive(Debug)]
pub struct Rooms {
    common: Common,
    rooms: BTreeMap<ConversationId, Room>,
    /// The local parts of rooms that could not have their conversation's id for a name.
    renamed: BTreeMap<String, ConversationId>,
    deadlines: BTreeSet<(Timestamp, ConversationId)>,
}

impl Rooms {
    /// No rooms yet.
    pub fn new(settings: RoomsSettings) -> Self {
        Self {
            common: Common {
                settings,
                occupants_invite: false,
                form: None,
                serial: 0,
            },
            rooms: BTreeMap::new(),
            renamed: BTreeMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    /// Carries out an order of the core. What cannot be done because the room is not ready is
    /// dropped: the core gives all that still matters again when it is told `Ready`.
    pub fn order(
        &mut self,
        now: Timestamp,
        conversation: ConversationId,
        order: RoomOrder,
    ) -> Vec<Out<()>> {
        let known = self.rooms.contains_key(&conversation);
        if !known {
            let room = match &order {
                RoomOrder::Open(plan) => self.new_room(&conversation, &plan.workgroup),
                RoomOrder::Close { workgroup, .. } => self.new_room(&conversation, workgroup),
                _ => return Vec::new(),
            };
            self.rooms.insert(conversation.clone(), room);
        }
        self.with(now, &conversation, |room, cx| room.order(cx, order))
    }

    /// Takes a stanza from a room, or an answer to what was sent for one; `None` where it is for
    /// somebody else.
    pub fn stanza(&mut self, now: Timestamp, stanza: &Element) -> Option<Vec<Out<()>>> {
        let (from, to) = (stanza::from(stanza)?, stanza::to(stanza)?);
        if to.domain != self.common.settings.domain || is_request(stanza) {
            return None;
        }
        if from.domain != self.common.settings.muc {
            return self.bounced_or_declined(now, &from, stanza);
        }
        let conversation = from.local.as_deref().and_then(|local| self.room_of(local));
        match conversation {
            Some(id) => Some(self.with(now, &id, |room, cx| room.stanza(cx, (&from, &to), stanza))),
            None => is_late(stanza).then(Vec::new),
        }
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Out<()>> {
        let mut out = Vec::new();
        let due = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        let due: Vec<ConversationId> = due.map(|(_, id)| id.clone()).collect();
        for conversation in due {
            out.extend(self.with(now, &conversation, Room::tick));
        }
        out
    }

    /// When [`Rooms::tick`] is next due; `None` while nothing is waited for.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// The component link is gone, and with it all that is known of the rooms. The core orders
    /// them anew when the link stands again.
    pub fn link_lost(&mut self) {
        // Another server, or the same with other settings, may be there next.
        self.common.form = None;
        self.rooms.clear();
        self.renamed.clear();
        self.deadlines.clear();
    }

    /// Whether an address of the component with this local part is a visitor of a room.
    pub fn knows_occupant(&self, local: &str) -> bool {
        local
            .strip_prefix(names::VISITOR_PREFIX)
            .is_some_and(|id| self.rooms.contains_key(&ConversationId::new(id)))
    }

    /// Who is inside a conversation's room besides our own occupants; `None` where there is no such room of these workgroups.
    pub fn inside(
        &self,
        conversation: &ConversationId,
        of: &BTreeSet<WorkgroupName>,
    ) -> Option<Vec<Inside>> {
        let room = self.rooms.get(conversation)?;
        of.contains(&room.workgroup().home())
            .then(|| room.who_is_inside())
    }

    fn new_room(&self, conversation: &ConversationId, workgroup: &WorkgroupName) -> Room {
        Room::new(conversation, workgroup.clone(), &self.common.settings)
    }

    fn room_of(&self, local: &str) -> Option<ConversationId> {
        let named = ConversationId::new(local);
        if self.rooms.contains_key(&named) {
            return Some(named);
        }
        self.renamed.get(local).cloned()
    }

    /// Lets a room act, and sets its deadline anew.
    fn with(
        &mut self,
        now: Timestamp,
        conversation: &ConversationId,
        act: impl FnOnce(&mut Room, &mut Cx<'_>),
    ) -> Vec<Out<()>> {
        let mut out = Vec::new();
        let Some(room) = self.rooms.get_mut(conversation) else {
            return out;
        };
        let common = &mut self.common;
        let before = room.deadline();
        act(
            room,
            &mut Cx {
                now,
                common,
                out: &mut out,
            },
        );
        if let Some(at) = before {
            self.deadlines.remove(&(at, conversation.clone()));
        }
        if room.is_over() {
            self.rooms.remove(conversation);
            self.renamed.retain(|_, other| other != conversation);
            return out;
        }
        if let Some(at) = room.deadline() {
            self.deadlines.insert((at, conversation.clone()));
        }
        if let Some(name) = room.other_name() {
            self.renamed.insert(name, conversation.clone());
        }
        out
    }

    /// A stanza that does not come from the MUC service: the bounce of an invitation, or a
    /// decline that went straight to the inviter.
    fn bounced_or_declined(
        &mut self,
        now: Timestamp,
        from: &Address,
        stanza: &Element,
    ) -> Option<Vec<Out<()>>> {
        if !stanza.is("message", ns::CLIENT) {
            return None;
        }
        if stanza::attr(stanza, "type") == Some("error") {
            let id = stanza::attr(stanza, "id")?;
            return id.starts_with(ID_PREFIX).then(Vec::new);
        }
        let told = stanza::child(stanza, "x", ns::MUC_USER)?;
        stanza::child(told, "decline", ns::MUC_USER)?;
        let agent = AgentJid::parse(&from.bare())?;
        let mut invited = self.rooms.iter().filter(|(_, room)| room.awaits(&agent));
        let (conversation, _) = invited.next()?;
        if invited.next().is_some() {
            // It does not say which one.
            return Some(Vec::new());
        }
        let conversation = conversation.clone();
        Some(self.with(now, &conversation, |room, cx| room.declined(cx, agent)))
    }
}

fn is_request(stanza: &Element) -> bool {
    let kind = stanza::attr(stanza, "type");
    stanza.is("iq", ns::CLIENT) && matches!(kind, Some("get" | "set"))
}

/// Whether a stanza from the MUC service, of no room that is known, can only be meant for an
/// occupant or for a request of ours that is over.
fn is_late(stanza: &Element) -> bool {
    let ours = stanza::attr(stanza, "id").is_some_and(|id| id.starts_with(ID_PREFIX));
    let kind = stanza::attr(stanza, "type");
    let to_all = stanza.is("message", ns::CLIENT) && matches!(kind, Some("groupchat" | "error"));
    ours || to_all || stanza.is("presence", ns::CLIENT)
}
