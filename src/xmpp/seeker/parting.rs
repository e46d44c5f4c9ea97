//! Places that are given up: in a line, or in a room.

use std::time::Duration;

use minidom::Element;
use tracing::debug;

use crate::bridge::AwayEvent;
use crate::conversation::Parting;
use crate::ids::Timestamp;
use crate::xmpp::address::Address;
use crate::xmpp::stanza::{Build, attr, element, iq, presence};
use crate::xmpp::{ns, stanza};

use super::{Cx, Visitor, wire};

/// How long it may take until it is said again.
const PATIENCE: Duration = Duration::from_secs(10);
/// So often it is said; after that nobody is there to hear it.
const MOST_TRIES: u32 = 3;
/// What those in a room read.
const FAREWELL: &str = "The conversation is over.";

/// One place on its way to be given up.
#[derive(Debug)]
pub(super) struct Leaving {
    parting: Parting,
    /// The same as it was ordered: the nickname that we got may be another one.
    pub(super) told: Parting,
    /// The request, where it is one.
    id: String,
    until: Timestamp,
    tries: u32,
}

impl Leaving {
    pub(super) fn new(cx: &mut Cx<'_>, of: &Visitor, (parting, told): (Parting, Parting)) -> Self {
        let mut leaving = Self {
            parting,
            told,
            id: String::new(),
            until: cx.now,
            tries: 0,
        };
        leaving.say(cx, of);
        leaving
    }

    fn say(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        self.tries += 1;
        self.until = cx.now.plus(PATIENCE);
        match &self.parting {
            Parting::Line { address } => {
                self.id = cx.fresh_id();
                cx.send(iq("set", &self.id, (&of.full, address), wire::depart()));
            }
            Parting::Room { room, nick } => cx.send(leave(&of.full, &format!("{room}/{nick}"))),
        }
    }

    pub(super) fn deadline(&self) -> Timestamp {
        self.until
    }

    /// Says it again where it is time; tells whether it is done with.
    pub(super) fn tick(&mut self, cx: &mut Cx<'_>, of: &Visitor) -> bool {
        if self.until > cx.now {
            return false;
        }
        if self.tries < MOST_TRIES {
            self.say(cx, of);
            return false;
        }
        debug!(conversation = %of.id, "nobody confirms that a place elsewhere is given up");
        self.done(cx, of);
        true
    }

    /// Whether a stanza says that it is done.
    pub(super) fn is_done_by(&self, from: &Address, stanza: &Element) -> bool {
        let kind = attr(stanza, "type");
        match &self.parting {
            Parting::Line { .. } => {
                let answers =
                    stanza.is("iq", ns::CLIENT) && matches!(kind, Some("result" | "error"));
                answers && attr(stanza, "id") == Some(&self.id)
            }
            Parting::Room { room, nick } => {
                let gone = matches!(kind, Some("unavailable" | "error"));
                let own = from.resource.as_ref() == Some(nick) || from.resource.is_none();
                stanza.is("presence", ns::CLIENT) && gone && own && from.bare() == *room
            }
        }
    }

    pub(super) fn done(&self, cx: &mut Cx<'_>, of: &Visitor) {
        cx.tell(&of.id, AwayEvent::Parted(self.told.clone()));
    }

    /// Whether this is about a room.
    pub(super) fn is_room(&self, name: &str) -> bool {
        matches!(&self.parting, Parting::Room { room, .. } if room == name)
    }

    /// Whether a stanza of this sender is about a place that is being given up.
    pub(super) fn is_from(&self, from: &Address) -> bool {
        let (Parting::Line { address: place } | Parting::Room { room: place, .. }) = &self.parting;
        from.bare() == *place
    }
}

/// Leaves a room.
fn leave(visitor: &str, occupant: &str) -> Element {
    let leaving = presence(Some("unavailable"), (visitor, occupant));
    leaving.and_text("status", ns::CLIENT, FAREWELL)
}

/// Comes into a room and goes again: whoever waits there for the visitor sees that it is in vain.
/// A decline would do on servers that show it; Openfire shows it to nobody.
pub(super) fn excuse(cx: &mut Cx<'_>, of: &Visitor, room: &str) {
    let occupant = format!("{room}/{}", of.id.pseudonym());
    let wish = element("history", ns::MUC).with("maxstanzas", "0");
    let join = stanza::presence(None, (&of.full, &occupant));
    cx.send(join.and(element("x", ns::MUC).and(wish)));
    cx.send(leave(&of.full, &occupant));
}
