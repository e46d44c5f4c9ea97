//! Rooms that the user is in (XEP-0045 §7).

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use minidom::Element;

use crate::ids::Timestamp;
use crate::users::{Done, LeftReason, Occupant, PresenceKind, Said, UserError, UserEvent};
use crate::xmpp::clean::clean;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, child_text, element, error_of};

use super::asked::Question;
use super::reentry::KeptRoom;
use super::{Act, Client, Reply, text};

/// Pause before a room is knocked at again that put the user out by a fault.
const PAUSE: Duration = Duration::from_secs(2);
/// Lines of a room that are remembered.
const LINES: usize = 200;
/// Lines of a room that are known again.
const PRINTS: usize = 1_000;

#[derive(Debug)]
pub(super) enum Phase {
    /// Asked to be let in; whether the user was in it before.
    Entering {
        deadline: Timestamp,
        again: bool,
        reply: Option<Reply>,
    },
    In,
    /// Put out by a fault of the service; knocks again at this time.
    Again(Timestamp),
    /// Was in it when the connection was lost.
    CutOff,
}

/// One room.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) nick: String,
    pub(super) password: Option<String>,
    pub(super) phase: Phase,
    pub(super) occupants: BTreeMap<String, Occupant>,
    pub(super) lines: VecDeque<Said>,
    /// By what more of them are known if the room repeats them.
    pub(super) prints: VecDeque<u64>,
    pub(super) heard: Timestamp,
}

impl Room {
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Entering { deadline, .. } => Some(deadline),
            Phase::Again(at) => Some(at),
            Phase::In | Phase::CutOff => None,
        }
    }
}

impl Client {
    pub(super) fn is_in(&self, room: &str) -> bool {
        let room = self.rooms.get(room);
        room.is_some_and(|room| matches!(room.phase, Phase::In))
    }

    /// Asks a room to let the user in.
    pub(super) fn enter(
        &mut self,
        room: &str,
        (nick, password): (Option<String>, Option<String>),
        reply: Reply,
    ) {
        let jid = match text::bare_address(room) {
            Ok(jid) => jid,
            Err(problem) => return self.answer(Some(reply), Err(problem)),
        };
        if self.is_in(&jid) {
            return self.answer(Some(reply), Ok(Done::Nothing));
        }
        let local = self.bare.split_once('@').map_or("user", |(local, _)| local);
        let nick = nick.filter(|nick| !nick.trim().is_empty());
        let nick = clean(&nick.unwrap_or_else(|| local.to_owned())).into_owned();
        let again = self.is_cut_off(&jid);
        self.give_up_knocking(&jid);
        let heard = self.rooms.get(&jid).map_or(Timestamp(0), |room| room.heard);
        let kept = KeptRoom {
            room: jid,
            nick,
            password,
            heard,
            lines: Vec::new(),
        };
        self.knock(kept, again, Some(reply));
    }

    fn is_cut_off(&self, room: &str) -> bool {
        let room = self.rooms.get(room);
        room.is_some_and(|room| match room.phase {
            Phase::Entering { again, .. } => again,
            Phase::In | Phase::Again(_) | Phase::CutOff => true,
        })
    }

    /// Whoever knocked and gave another order about the room waits no longer.
    fn give_up_knocking(&mut self, room: &str) {
        let room = self.rooms.get_mut(room);
        if let Some(Phase::Entering { reply, .. }) = room.map(|room| &mut room.phase) {
            let reply = reply.take();
            self.answer(reply, Err(UserError::Refused("conflict".to_owned())));
        }
    }

    pub(super) fn leave(&mut self, room: &str) -> Result<Done, UserError> {
        let jid = text::bare_address(room)?;
        self.give_up_knocking(&jid);
        let Some(room) = self.rooms.remove(&jid) else {
            return Err(UserError::NotJoined);
        };
        let to = format!("{jid}/{}", room.nick);
        self.send_kind("unavailable", &to);
        self.out.push(Act::Changed);
        let why = LeftReason::Left;
        self.event(UserEvent::Left { room: jid, why });
        Ok(Done::Nothing)
    }

    /// Unavailable presence makes the server tell the rooms; they are left with it.
    pub(super) fn leave_all(&mut self) {
        for (room, _) in std::mem::take(&mut self.rooms) {
            let why = LeftReason::Left;
            self.event(UserEvent::Left { room, why });
        }
        self.desks.clear();
        self.offers.clear();
    }

    pub(super) fn show_to_rooms(&mut self) {
        let Some(shown) = self.shown.clone() else {
            return;
        };
        let rooms = self.rooms.iter();
        let rooms = rooms.filter(|(_, room)| matches!(room.phase, Phase::In));
        let whom: Vec<String> = rooms
            .map(|(jid, room)| format!("{jid}/{}", room.nick))
            .collect();
        for to in whom {
            self.send(text::presence(&shown).with("to", &to));
        }
    }

    /// A presence from a room; `false` where it is none.
    pub(super) fn room_presence(
        &mut self,
        stanza: &Element,
        from: &str,
        kind: PresenceKind,
    ) -> bool {
        let jid = text::bare(from).to_lowercase();
        let x = child(stanza, "x", ns::MUC_USER);
        let own = x.is_some_and(|x| has_status(x, "110"));
        if !self.rooms.contains_key(&jid) {
            // A user who typed the presence by hand is in, when the room says so.
            if !own || kind != PresenceKind::Available {
                return x.is_some();
            }
            let phase = Phase::In;
            let room = Room {
                nick: text::resource(from).unwrap_or_default().to_owned(),
                password: None,
                phase,
                occupants: BTreeMap::new(),
                lines: VecDeque::new(),
                prints: VecDeque::new(),
                heard: self.now,
            };
            self.rooms.insert(jid.clone(), room);
            self.entered(&jid, None);
        }
        match kind {
            PresenceKind::Error => self.refused_by_room(&jid, stanza),
            PresenceKind::Available => self.occupant_here(&jid, (from, own), x),
            PresenceKind::Unavailable => self.occupant_gone(&jid, (from, own), x),
            _ => {}
        }
        true
    }

    fn refused_by_room(&mut self, jid: &str, stanza: &Element) {
        let entering = self.rooms.get(jid);
        let entering = entering.is_some_and(|room| matches!(room.phase, Phase::Entering { .. }));
        if !entering {
            return;
        }
        let refused = error_of(stanza);
        if self.is_cut_off(jid) && refused.as_ref().is_some_and(|(_, wait)| *wait) {
            return self.try_later(jid);
        }
        let Some(room) = self.rooms.remove(jid) else {
            return;
        };
        let condition = refused.map_or_else(String::new, |(condition, _)| condition);
        let Phase::Entering { again, reply, .. } = room.phase else {
            return;
        };
        if again {
            self.out.push(Act::Changed);
            let why = LeftReason::NotBack(condition.clone());
            let room = jid.to_owned();
            self.event(UserEvent::Left { room, why });
        }
        self.answer(reply, Err(refusal(condition)));
    }

    fn occupant_here(&mut self, jid: &str, (from, own): (&str, bool), x: Option<&Element>) {
        let Some(room) = self.rooms.get_mut(jid) else {
            return;
        };
        // The room itself shows what it is, in this way too.
        let Some(nick) = text::resource(from).map(str::to_owned) else {
            return;
        };
        let item = x.and_then(|x| child(x, "item", ns::MUC_USER));
        let said = |name: &str| item.and_then(|item| attr(item, name)).map(str::to_owned);
        let occupant = Occupant {
            jid: from.to_owned(),
            real: said("jid"),
            role: said("role").unwrap_or_default(),
            affiliation: said("affiliation").unwrap_or_default(),
        };
        room.occupants.insert(nick.clone(), occupant);
        if !own {
            return;
        }
        room.nick = nick;
        if let Phase::Entering { reply, .. } = std::mem::replace(&mut room.phase, Phase::In) {
            match x.is_some_and(|x| has_status(x, "201")) {
                true => self.unlock(jid, reply),
                false => self.entered(jid, reply),
            }
        }
    }

    pub(super) fn entered(&mut self, jid: &str, reply: Option<Reply>) {
        let nick = self.rooms.get(jid).map(|room| room.nick.clone());
        self.out.push(Act::Changed);
        self.event(UserEvent::Joined {
            room: jid.to_owned(),
            nick: nick.unwrap_or_default(),
        });
        self.answer(reply, Ok(Done::Nothing));
    }

    /// A room that entering made is open to others only after this (XEP-0045 §10.1.2).
    fn unlock(&mut self, jid: &str, reply: Option<Reply>) {
        let form = element("x", ns::DATA_FORMS).with("type", "submit");
        let query = element("query", ns::MUC_OWNER).and(form);
        let question = Question::Unlock(jid.to_owned());
        self.ask(("set", Some(jid)), query, (question, reply));
    }

    fn occupant_gone(&mut self, jid: &str, (from, own): (&str, bool), x: Option<&Element>) {
        let Some(room) = self.rooms.get_mut(jid) else {
            return;
        };
        let nick = text::resource(from).unwrap_or_default();
        room.occupants.remove(nick);
        let renamed = x.is_some_and(|x| has_status(x, "303"));
        let own = own || nick == room.nick && matches!(room.phase, Phase::In);
        if !own || renamed {
            return;
        }
        if x.is_some_and(|x| has_status(x, "332") || has_status(x, "333")) {
            // The service stops, or could not reach us: no reason to stay away.
            room.occupants.clear();
            // Whom it puts out is the one from before: who asks meanwhile is answered.
            if matches!(room.phase, Phase::Entering { .. }) {
                return;
            }
            room.phase = Phase::Again(self.now.plus(PAUSE));
            let (room, why) = (jid.to_owned(), LeftReason::Removed);
            return self.event(UserEvent::Left { room, why });
        }
        self.rooms.remove(jid);
        self.out.push(Act::Changed);
        let why = x.map_or(LeftReason::Removed, left);
        let room = jid.to_owned();
        self.event(UserEvent::Left { room, why });
    }

    /// A line of a room is kept for those who ask later. Tells whether it is a new one.
    pub(super) fn heard_in_room(&mut self, said: Said) -> bool {
        let Some(room) = self.rooms.get_mut(&said.with) else {
            return true;
        };
        room.heard = room.heard.max(said.at);
        let print = fingerprint(&said);
        if !said.id.is_empty() && room.prints.contains(&print) {
            return false;
        }
        room.prints.push_back(print);
        if room.prints.len() > PRINTS {
            room.prints.pop_front();
        }
        room.lines.push_back(said);
        if room.lines.len() > LINES {
            room.lines.pop_front();
        }
        true
    }

    pub(super) fn give_up_entering(&mut self) {
        let now = self.now;
        let late = self.rooms.iter();
        let late = late.filter(|(_, room)| room.deadline().is_some_and(|at| at <= now));
        let late: Vec<String> = late.map(|(jid, _)| jid.clone()).collect();
        for jid in late {
            if self.knock_again(&jid) {
                continue;
            }
            if self.is_cut_off(&jid) {
                // Slow is not gone: a server that has just started has much to do.
                self.try_later(&jid);
                continue;
            }
            let Some(room) = self.rooms.remove(&jid) else {
                continue;
            };
            self.send_kind("unavailable", &format!("{jid}/{}", room.nick));
            if let Phase::Entering { reply, .. } = room.phase {
                self.answer(reply, Err(UserError::TimedOut));
            }
        }
    }

    /// A room that the user was in does not take the user back yet.
    fn try_later(&mut self, jid: &str) {
        let at = self.now.plus(PAUSE);
        let Some(room) = self.rooms.get_mut(jid) else {
            return;
        };
        if let Phase::Entering { reply, .. } = std::mem::replace(&mut room.phase, Phase::Again(at))
        {
            self.answer(reply, Err(UserError::TimedOut));
        }
    }
}

fn has_status(x: &Element, code: &str) -> bool {
    x.children()
        .any(|child| child.is("status", ns::MUC_USER) && attr(child, "code") == Some(code))
}

fn left(x: &Element) -> LeftReason {
    if let Some(destroy) = child(x, "destroy", ns::MUC_USER) {
        return LeftReason::Destroyed(child_text(destroy, "reason", ns::MUC_USER));
    }
    let item = child(x, "item", ns::MUC_USER);
    let reason = item.and_then(|item| child_text(item, "reason", ns::MUC_USER));
    if has_status(x, "307") {
        LeftReason::Kicked(reason)
    } else if has_status(x, "301") {
        LeftReason::Banned(reason)
    } else if has_status(x, "321") || has_status(x, "322") {
        LeftReason::Removed
    } else {
        LeftReason::Left
    }
}

fn refusal(condition: String) -> UserError {
    match condition.as_str() {
        "conflict" => UserError::NickTaken,
        "item-not-found" | "gone" | "remote-server-not-found" => UserError::NoRoom,
        "remote-server-timeout" => UserError::TimedOut,
        _ => UserError::Forbidden(condition),
    }
}

/// Tells lines of a room apart: by who said what under which id.
pub(super) fn fingerprint(said: &Said) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&said.from, &said.id, &said.body).hash(&mut hasher);
    hasher.finish()
}
