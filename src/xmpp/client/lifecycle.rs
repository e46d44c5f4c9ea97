//! Beginning, losing the connection, having it back, ending.

use minidom::Element;
use serde::{Deserialize, Serialize};

use crate::ids::Timestamp;
use crate::users::{EndReason, Show, UserError, UserEvent};
use crate::xmpp::ns;
use crate::xmpp::stanza::element;

use super::asked::Question;
use super::reentry::KeptRoom;
use super::{Act, Client, text};

/// What a client would have to know to go on where another left off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// How the user was last shown, and in which words; `None` while offline.
    pub shown: Option<(String, Option<String>)>,
    /// The rooms.
    pub rooms: Vec<KeptRoom>,
    /// The workgroups that were served.
    pub serving: Vec<String>,
}

impl Client {
    /// The beginning: reads the contacts.
    pub fn start(&mut self, now: Timestamp) -> Vec<Act> {
        self.now = now;
        self.load_contacts();
        self.drain()
    }

    /// The beginning of a real user's session: copies of what other clients send and get (XEP-0280)
    /// as well.
    pub fn start_with_copies(&mut self, now: Timestamp) -> Vec<Act> {
        self.now = now;
        self.copies = true;
        self.load_contacts();
        self.ask_for_copies();
        self.drain()
    }

    fn ask_for_copies(&mut self) {
        let enable = element("enable", ns::CARBONS);
        self.ask(("set", None), enable, (Question::Nothing, None));
    }

    /// What to keep.
    pub fn kept(&self) -> Kept {
        Kept {
            shown: self
                .shown
                .as_ref()
                .map(|(show, status)| (show.word().to_owned(), status.clone())),
            rooms: self.kept_rooms(),
            serving: self.kept_desks(),
        }
    }

    /// Goes on where another left off.
    pub fn go_on(&mut self, now: Timestamp, kept: Kept) -> Vec<Act> {
        self.now = now;
        if let Some((show, status)) = kept.shown {
            let show = Show::from_word(&show).unwrap_or(Show::Available);
            self.show_presence(show, status);
        }
        self.enter_again(kept.rooms);
        self.serve_again(kept.serving);
        if !self.connected {
            // Nobody can answer yet: all of it is done when the connection is there.
            self.rooms_cut_off();
            self.desks_cut_off();
        }
        self.drain()
    }

    /// The connection is lost; it may come back.
    pub fn lost(&mut self, now: Timestamp) -> Vec<Act> {
        self.now = now;
        if self.connected {
            self.connected = false;
            self.event(UserEvent::Lost);
            self.fail_asked(&UserError::NotConnected);
            self.rooms_cut_off();
            self.desks_cut_off();
        }
        self.drain()
    }

    /// The connection is interrupted and may be resumed without loss (XEP-0198): nothing is given up.
    pub fn interrupted(&mut self, now: Timestamp) -> Vec<Act> {
        self.now = now;
        self.event(UserEvent::Lost);
        self.drain()
    }

    /// The connection goes on as if nothing had happened.
    pub fn resumed(&mut self, now: Timestamp) -> Vec<Act> {
        self.now = now;
        self.connected = true;
        let jid = self.full.clone();
        self.event(UserEvent::Back { resumed: true, jid });
        self.drain()
    }

    /// The connection is back, anew.
    pub fn back(&mut self, now: Timestamp, full: &str) -> Vec<Act> {
        self.now = now;
        if self.connected {
            self.fail_asked(&UserError::NotConnected);
            self.rooms_cut_off();
            self.desks_cut_off();
        }
        self.connected = true;
        self.full = full.to_owned();
        self.bare = text::bare(full).to_owned();
        self.seen.clear();
        // The server tells again who waits.
        self.requests.clear();
        self.event(UserEvent::Back {
            resumed: false,
            jid: full.to_owned(),
        });
        self.load_contacts();
        if self.copies {
            self.ask_for_copies();
        }
        self.catch_up_anew();
        let kept = self.kept();
        if let Some(shown) = self.shown.clone() {
            self.send(text::presence(&shown));
        }
        self.catch_up();
        self.enter_again(kept.rooms);
        self.serve_again(kept.serving);
        self.drain()
    }

    /// The end: what would be answered is refused, what is shown is taken back.
    pub fn end(&mut self, now: Timestamp, why: EndReason) -> Vec<Act> {
        self.now = now;
        self.release_account();
        self.fail_asked(&UserError::Ended);
        self.rooms_cut_off();
        self.desks_cut_off();
        if self.connected && self.shown.is_some() {
            self.send(farewell());
        } else if self.connected {
            // Who shows the user to rooms only takes it back there.
            for kept in self.kept_rooms() {
                self.send_kind("unavailable", &format!("{}/{}", kept.room, kept.nick));
            }
        }
        self.shown = None;
        self.event(UserEvent::Ended(why));
        self.drain()
    }
}

fn farewell() -> Element {
    text::presence(&(Show::Offline, None))
}
