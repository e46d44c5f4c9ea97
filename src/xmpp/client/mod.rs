//! What an XMPP client does, without a socket, a clock or a server: orders in, stanzas out; stanzas
//! in, events out. Bridge users and real users share it; the first have a server of our own, the
//! second a real one.

mod asked;
mod chat;
mod contacts;
mod desks;
mod history;
mod inbox;
mod lifecycle;
mod lookups;
mod orders;
mod presence;
mod raw;
mod reentry;
mod requests;
mod rooms;
mod slots;
mod text;
mod uploads;

pub use self::history::matches;
pub use self::lifecycle::Kept;
pub use self::reentry::KeptRoom;
pub use self::text::{delay, is_local_part, iso_time, line_id};
pub use self::uploads::Uploads;

use std::collections::BTreeMap;
use std::time::Duration;

use minidom::Element;
use tokio::sync::oneshot;

use crate::ids::Timestamp;
use crate::users::{
    Approval, Contact, Done, Order, PendingOffer, Places, Show, UserError, UserEvent,
};

use self::asked::Asked;
use self::desks::Desk;
use self::rooms::Room;

/// Where an order's answer goes.
pub type Reply = oneshot::Sender<Result<Done, UserError>>;

/// How long another side may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a client wants done.
#[derive(Debug)]
pub enum Act {
    /// Send this stanza; its sender is the session.
    Send(Element),
    /// Tell the user.
    Event(UserEvent),
    /// Answer an order.
    Answer(Reply, Result<Done, UserError>),
    /// What [`Client::kept`] gives has changed.
    Changed,
}

/// How present one resource of somebody is.
#[derive(Clone, Debug)]
struct Seen {
    show: Show,
    status: Option<String>,
    priority: i8,
}

/// One session's client.
#[derive(Debug)]
pub struct Client {
    full: String,
    bare: String,
    places: Places,
    /// What was last shown; `None` until the first presence, and while offline.
    shown: Option<(Show, Option<String>)>,
    connected: bool,
    /// Whether copies of what other clients send and get are asked for.
    copies: bool,
    contacts: BTreeMap<String, Contact>,
    /// Orders about contacts that wait until the list is there; `None` once it is.
    early: Option<Vec<(Order, Reply)>>,
    /// Whether everybody may see the user.
    approval: Approval,
    /// Who asks to, and waits for an answer: what they say with it, by bare address.
    requests: BTreeMap<String, Option<String>>,
    seen: BTreeMap<String, BTreeMap<String, Seen>>,
    rooms: BTreeMap<String, Room>,
    desks: BTreeMap<String, Desk>,
    offers: BTreeMap<String, PendingOffer>,
    asked: BTreeMap<String, Asked>,
    uploads: Uploads,
    prefix: String,
    serial: u64,
    now: Timestamp,
    /// What comes just now was accepted before, and nobody was told of it.
    waited: bool,
    out: Vec<Act>,
}

impl Client {
    /// A client of this full address, connected and silent yet. `prefix` makes its ids unlike those
    /// of others.
    pub fn new(full: &str, places: Places, prefix: String) -> Self {
        let uploads = Uploads::new(&places, format!("{prefix}-slot-"), None);
        Self {
            full: full.to_owned(),
            bare: text::bare(full).to_owned(),
            places,
            shown: None,
            connected: true,
            copies: false,
            contacts: BTreeMap::new(),
            early: Some(Vec::new()),
            approval: Approval::Always,
            requests: BTreeMap::new(),
            seen: BTreeMap::new(),
            rooms: BTreeMap::new(),
            desks: BTreeMap::new(),
            offers: BTreeMap::new(),
            asked: BTreeMap::new(),
            uploads,
            prefix,
            serial: 0,
            now: Timestamp::default(),
            waited: false,
            out: Vec::new(),
        }
    }

    /// The same, with another answer to who asks to see the user.
    #[must_use]
    pub fn approving(mut self, approval: Approval) -> Self {
        self.approval = approval;
        self
    }

    /// The full address.
    pub fn full(&self) -> &str {
        &self.full
    }

    /// Whether it shows itself.
    pub fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Takes a stanza that came for it.
    pub fn stanza(&mut self, now: Timestamp, stanza: &Element) -> Vec<Act> {
        self.now = now;
        self.take(stanza);
        self.drain()
    }

    /// Takes a stanza that was accepted for it earlier, and that nobody was told of.
    pub fn stanza_that_waited(&mut self, now: Timestamp, stanza: &Element) -> Vec<Act> {
        self.waited = true;
        let acts = self.stanza(now, stanza);
        self.waited = false;
        acts
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Act> {
        self.now = now;
        self.give_up_asking();
        self.give_up_entering();
        self.give_up_desks();
        let given_up = self.uploads.tick(self.now);
        self.out.extend(given_up);
        let now = self.now;
        self.offers.retain(|_, pending| {
            let stands = pending.offer.timeout;
            stands.is_none_or(|stands| pending.at.plus(stands + PATIENCE) > now)
        });
        self.drain()
    }

    /// When [`Client::tick`] is next due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let asked = self.asked.values().map(|asked| asked.deadline);
        let rooms = self.rooms.values().filter_map(Room::deadline);
        let desks = self.desks.values().filter_map(Desk::deadline);
        let uploads = self.uploads.next_deadline();
        asked.chain(rooms).chain(desks).chain(uploads).min()
    }

    fn drain(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.out)
    }

    fn send(&mut self, stanza: Element) {
        self.out.push(Act::Send(stanza));
    }

    fn event(&mut self, event: UserEvent) {
        self.out.push(Act::Event(event));
    }

    fn answer(&mut self, reply: Option<Reply>, answer: Result<Done, UserError>) {
        if let Some(reply) = reply {
            self.out.push(Act::Answer(reply, answer));
        }
    }

    fn mint(&mut self) -> String {
        self.serial += 1;
        format!("{}-{}", self.prefix, self.serial)
    }
}
