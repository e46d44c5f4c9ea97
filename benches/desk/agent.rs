//! An agent at a Fastpath client who accepts whatever is offered, enters, says nothing, and counts
//! what comes.

use crate::support::xmpp::workgroup;
use crate::wire::{self, Writer, attribute, head};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

const FASTPATH: &str = "http://jabber.org/protocol/workgroup";

/// What came to all agents.
#[derive(Default)]
pub struct Book {
    /// Stanzas and their bytes, by what they are.
    pub stanzas: BTreeMap<&'static str, (u64, u64)>,
    /// When which agent was told of the line.
    pub pushes: Vec<(usize, Instant)>,
    /// How many rooms were entered, and how many were destroyed.
    pub entered: usize,
    /// The same of those that are gone.
    pub gone: usize,
}

/// Shared by all agents.
#[derive(Clone, Default)]
pub struct Counts(Arc<Mutex<Book>>);

impl Counts {
    /// What came so far.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins anew, but for the rooms; gives what came until now.
    pub fn turn_over(&self) -> Book {
        let mut book = self.book();
        let (entered, gone) = (book.entered, book.gone);
        let fresh = Book {
            entered,
            gone,
            ..Book::default()
        };
        std::mem::replace(&mut *book, fresh)
    }
}

/// One agent on duty.
pub struct Agent {
    writer: Writer,
}

impl Agent {
    /// Logs in and goes on duty in the workgroup `support` for so many chats at once.
    pub fn on_duty((number, name): (usize, &str), port: u16, most: u32, counts: &Counts) -> Agent {
        let mut ears = Ears {
            number,
            nick: name.to_owned(),
            rooms: HashSet::new(),
            counts: counts.clone(),
        };
        let writer = wire::log_in((name, "fastpath"), port, move |writer, at, stanza| {
            ears.hear(writer, at, stanza);
        });
        let support = workgroup("support");
        writer.send(&format!(
            "<presence><show>chat</show></presence><presence to='{support}'><show>chat</show>\
             <agent-status xmlns='{FASTPATH}'><max-chats>{most}</max-chats></agent-status>\
             </presence>"
        ));
        Agent { writer }
    }

    /// Logs out.
    pub fn leave(self) {
        self.writer.leave();
    }
}

struct Ears {
    number: usize,
    nick: String,
    rooms: HashSet<String>,
    counts: Counts,
}

impl Ears {
    fn hear(&mut self, writer: &Writer, at: Instant, stanza: &str) {
        let kind = kind_of(stanza);
        {
            let mut book = self.counts.book();
            let (count, bytes) = book.stanzas.entry(kind).or_default();
            *count += 1;
            *bytes += stanza.len() as u64;
            if kind == LINE {
                book.pushes.push((self.number, at));
            }
        }
        let from = attribute(head(stanza), "from").unwrap_or("").to_owned();
        match kind {
            OFFER => accept(writer, &from, stanza),
            INVITATION if self.rooms.insert(from.clone()) => {
                writer.send(&format!(
                    "<presence to='{from}/{}'><x xmlns='http://jabber.org/protocol/muc'/>\
                     </presence>",
                    self.nick
                ));
            }
            ROOM => self.room(&from, stanza),
            _ => {}
        }
    }

    fn room(&mut self, from: &str, stanza: &str) {
        let (room, nick) = from.split_once('/').unwrap_or((from, ""));
        if nick != self.nick || !self.rooms.contains(room) {
            return;
        }
        if attribute(head(stanza), "type") == Some("unavailable") {
            self.rooms.remove(room);
            self.counts.book().gone += 1;
        } else if stanza.contains("110") {
            self.counts.book().entered += 1;
        }
    }
}

/// The line's length and state.
pub const LINE: &str = "notify-queue";
/// Who waits in it.
pub const DETAILS: &str = "notify-queue-details";
const OFFER: &str = "offer";
const INVITATION: &str = "invitation";
const ROOM: &str = "presence in rooms";

fn kind_of(stanza: &str) -> &'static str {
    if stanza.contains("<notify-queue-details") {
        DETAILS
    } else if stanza.contains("<notify-queue") {
        LINE
    } else if stanza.contains("<offer ") && stanza.starts_with("<iq") {
        OFFER
    } else if stanza.contains("<invite") {
        INVITATION
    } else if stanza.starts_with("<presence") && stanza.contains("@conference.") {
        ROOM
    } else if stanza.starts_with("<message") && stanza.contains("@conference.") {
        "words in rooms"
    } else {
        "others"
    }
}

fn accept(writer: &Writer, from: &str, stanza: &str) {
    let id = attribute(head(stanza), "id").unwrap_or("");
    let offer = stanza.find("<offer ").map_or("", |at| &stanza[at..]);
    let session = attribute(head(offer), "id").unwrap_or("");
    writer.send(&format!(
        "<iq type='result' to='{from}' id='{id}'/><iq type='set' to='{from}' id='a-{session}'>\
         <offer-accept xmlns='{FASTPATH}' id='{session}'/></iq>"
    ));
}
