//! What was said in a room since the user was in it last: from its archive (XEP-0313) where it has
//! one, else from the history that it gives on entry. What is said meanwhile comes behind it.

use std::collections::{BTreeSet, VecDeque};

use minidom::Element;

use crate::ids::Timestamp;
use crate::xmpp::stanza::{attr, body};

use super::mark::{Mark, archive_id, print};
use super::missed::{MOST, Past, Reached, Read};
use super::reentry::SLACK;
use super::{Act, Client, text};

/// Lines by which a place in a room is known again.
const LATELY: usize = 64;

/// A room whose archive is read.
#[derive(Debug, Default)]
pub(super) struct Catching {
    /// Fingerprints of what was told before.
    before: BTreeSet<u64>,
    /// When the last of it was said.
    since: Timestamp,
    /// Lines that came meanwhile.
    queue: VecDeque<Element>,
    /// The reading that counts; `None` before the user is in the room.
    round: Option<u64>,
}

impl Catching {
    pub(super) fn new(since: Timestamp, known: &VecDeque<u64>) -> Self {
        Self {
            before: known.iter().copied().collect(),
            since,
            ..Self::default()
        }
    }

    /// The same with what came before the room had to be entered again.
    pub(super) fn after(mut self, before: Option<Self>) -> Self {
        self.queue = before.map(|before| before.queue).unwrap_or_default();
        self
    }
}

impl Client {
    /// Whether a room's line waits until its archive is read; then it is taken, and comes again as
    /// [`Act::Deliver`].
    pub fn keeps_back(&mut self, message: &Element) -> bool {
        if attr(message, "type") != Some("groupchat") || body(message).is_none() || self.waited {
            return false;
        }
        let room = attr(message, "from").map(|from| text::bare(from).to_lowercase());
        let room = room.and_then(|room| self.rooms.get_mut(&room));
        let catching = room.and_then(|room| room.catching.as_mut());
        // What is more is told before what was missed, rather than not at all.
        let Some(catching) = catching.filter(|catching| catching.queue.len() < MOST) else {
            return false;
        };
        catching.queue.push_back(message.clone());
        true
    }

    /// The user is in the room: what was missed is asked for.
    pub(super) fn catch_up_in(&mut self, jid: &str) {
        let now = self.now;
        let Some(room) = self.rooms.get_mut(jid) else {
            return;
        };
        if room.catching.is_some() {
            let round = self.read_missed(Some(jid), false);
            let room = self.rooms.get_mut(jid);
            if let Some(catching) = room.and_then(|room| room.catching.as_mut()) {
                catching.round = Some(round);
            }
            return;
        }
        if room.heard == Timestamp(0) {
            room.heard = now;
        }
        self.place_room(jid, "");
    }

    pub(super) fn room_awaits(&self, room: &str, round: u64) -> bool {
        let room = self.rooms.get(room);
        let catching = room.and_then(|room| room.catching.as_ref());
        catching.is_some_and(|catching| catching.round == Some(round))
    }

    /// Whether a line was told before.
    pub(super) fn room_was_told(&self, room: &str, past: &Past) -> bool {
        let room = self.rooms.get(room);
        let catching = room.and_then(|room| room.catching.as_ref());
        catching.is_some_and(|catching| {
            let mut prints = prints(past).into_iter();
            prints.any(|print| catching.before.contains(&print))
        })
    }

    /// The archive is read, or cannot be.
    pub(super) fn room_missed(&mut self, jid: &str, read: Read) {
        let room = self.rooms.get_mut(jid);
        let Some(catching) = room.and_then(|room| room.catching.take()) else {
            return;
        };
        let mut given = BTreeSet::new();
        match read {
            Read::All(all, reached) => {
                for past in self.new_in_room((jid, &catching), all, reached) {
                    given.extend(prints(&past));
                    self.hand_on(past.message);
                }
            }
            Read::Failed => self.gap((jid.to_owned(), catching.since), self.now),
            Read::Nothing => {}
        }
        for message in catching.queue {
            if !print_of(&message, None).is_some_and(|print| given.contains(&print)) {
                self.hand_on(message);
            }
        }
    }

    fn new_in_room(
        &mut self,
        (jid, catching): (&str, &Catching),
        mut all: Vec<Past>,
        reached: Reached,
    ) -> Vec<Past> {
        let edge = catching.since.minus(SLACK);
        let oldest = all.first().map(|past| past.at);
        if let Some(oldest) = oldest.filter(|_| reached != Reached::Place) {
            if oldest > edge && !catching.before.is_empty() {
                self.gap((jid.to_owned(), catching.since), oldest);
            }
            all.retain(|past| past.at > edge);
        }
        let known = self.rooms.get(jid).map(|room| &room.prints);
        let known = |print: &u64| known.is_some_and(|known| known.contains(print));
        all.retain(|past| !prints(past).iter().any(known));
        all
    }

    /// A line as if it came now: where somebody else is its server, that one takes it first.
    fn hand_on(&mut self, message: Element) {
        match self.account {
            Some(_) => self.take_message_now(&message),
            None => self.out.push(Act::Deliver(message)),
        }
    }

    /// A line of a room was told.
    pub(super) fn room_told(&mut self, message: &Element) {
        let from = attr(message, "from").unwrap_or_default();
        let jid = text::bare(from).to_lowercase();
        if let Some(id) = archive_id(message, &jid).map(str::to_owned) {
            self.place_room(&jid, &id);
        }
    }

    /// Has it stored how far a real user was told of a room; who has a server of our own is known there.
    fn place_room(&mut self, jid: &str, id: &str) {
        let Some(room) = self.rooms.get(jid).filter(|_| self.account.is_some()) else {
            return;
        };
        let surplus = room.prints.len().saturating_sub(LATELY);
        let mark = Mark {
            id: id.to_owned(),
            at: room.heard,
            known: room.prints.iter().skip(surplus).copied().collect(),
            via: VecDeque::new(),
        };
        self.place(jid.to_owned(), Some(mark.to_row()));
    }

    /// The user is to be in the room no more: what came is told as far as it is known, and what is said
    /// there from now on is not missed.
    pub(super) fn forget_place(&mut self, jid: &str) {
        self.room_missed(jid, Read::Failed);
        self.marks.remove(jid);
        if self.account.is_some() {
            self.place(jid.to_owned(), None);
        }
    }
}

/// The fingerprints under which a line may have been told: by the archive's id, else by its sender's.
fn prints(past: &Past) -> Vec<u64> {
    let by_archive = print_of(&past.message, Some(&past.id));
    let id = attr(&past.message, "id").filter(|id| !id.is_empty());
    let by_sender = id.and_then(|id| print_of(&past.message, Some(id)));
    by_archive.into_iter().chain(by_sender).collect()
}

fn print_of(message: &Element, id: Option<&str>) -> Option<u64> {
    let own = text::line_id(message);
    let id = id.or(own.as_deref()).filter(|id| !id.is_empty())?;
    let from = attr(message, "from")?;
    Some(print(&[from, id, &body(message).unwrap_or_default()]))
}
