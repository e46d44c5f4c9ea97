//! Knocking at rooms, also again after a connection was lost or the program restarted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::Timestamp;
use crate::users::{Said, UserError};
use crate::xmpp::clean::clean;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, element};

use super::caught::Catching;
use super::mark::line_print;
use super::rooms::{Phase, Room};
use super::{Client, PATIENCE, Reply, text};

/// What was said so long before the last line that was heard is asked for again: servers give whole
/// seconds (Prosody), and their clocks may differ from ours. What is known is known again.
pub(super) const SLACK: Duration = Duration::from_secs(30);

/// A room as it is kept over a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRoom {
    /// The bare address.
    pub room: String,
    /// The nick.
    pub nick: String,
    /// The password, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// When something was heard in it last, as far as is known.
    #[serde(default)]
    pub heard: Timestamp,
    /// What was said in it lately, as far as is known; not stored with it.
    #[serde(skip)]
    pub lines: Vec<Said>,
    /// By what more of it is known; not stored with it.
    #[serde(skip)]
    pub known: Vec<u64>,
}

impl Client {
    pub(super) fn knock(&mut self, kept: KeptRoom, again: bool, reply: Option<Reply>) {
        let phase = Phase::Entering {
            deadline: self.now.plus(PATIENCE),
            again,
            reply,
        };
        let mut x = element("x", ns::MUC);
        if let Some(password) = &kept.password {
            x = x.and_text("password", ns::MUC, &clean(password));
        }
        if kept.heard > Timestamp(0) {
            let since = text::iso_time(kept.heard.minus(SLACK));
            x = x.and(element("history", ns::MUC).with("since", &since));
        }
        let to = format!("{}/{}", kept.room, kept.nick);
        let shown = self.shown.clone();
        let shown = shown.unwrap_or((crate::users::Show::Available, None));
        let known = self.rooms.remove(&kept.room);
        let (known, catching) = match known {
            Some(room) => (Some((room.lines, room.prints)), room.catching),
            None => (None, None),
        };
        let (lines, prints) = known.unwrap_or_else(|| {
            let lines = kept.lines.iter().map(line_print);
            let prints = kept.known.into_iter().chain(lines).collect();
            (kept.lines.into(), prints)
        });
        let missed = (kept.heard > Timestamp(0)).then(|| Catching::new(kept.heard, &prints));
        let catching = missed.map(|missed| missed.after(catching));
        self.rooms.insert(
            kept.room,
            Room {
                nick: kept.nick,
                password: kept.password,
                phase,
                occupants: BTreeMap::new(),
                lines,
                prints,
                heard: kept.heard,
                catching,
            },
        );
        self.send(text::presence(&shown).with("to", &to).and(x));
    }

    /// Knocks at a room that put the user out by a fault; `false` where it did not.
    pub(super) fn knock_again(&mut self, jid: &str) -> bool {
        let Some(Room {
            phase: Phase::Again(_),
            nick,
            password,
            heard,
            ..
        }) = self.rooms.get(jid)
        else {
            return false;
        };
        let kept = KeptRoom {
            room: jid.to_owned(),
            nick: nick.clone(),
            password: password.clone(),
            heard: *heard,
            lines: Vec::new(),
            known: Vec::new(),
        };
        self.knock(kept, true, None);
        true
    }

    /// Enters rooms again that the user was in before a loss.
    pub(super) fn enter_again(&mut self, kept: Vec<KeptRoom>) {
        for room in kept {
            self.knock(room, true, None);
        }
    }

    /// The rooms, for later.
    pub(super) fn kept_rooms(&self) -> Vec<KeptRoom> {
        let rooms = self.rooms.iter().filter(|(_, room)| match room.phase {
            Phase::In | Phase::Again(_) | Phase::CutOff => true,
            Phase::Entering { again, .. } => again,
        });
        rooms
            .map(|(jid, room)| KeptRoom {
                room: jid.clone(),
                nick: room.nick.clone(),
                password: room.password.clone(),
                heard: room.heard,
                lines: Vec::new(),
                known: Vec::new(),
            })
            .collect()
    }

    pub(super) fn rooms_cut_off(&mut self) {
        let mut replies = Vec::new();
        self.rooms.retain(|_, room| {
            room.occupants.clear();
            let before = std::mem::replace(&mut room.phase, Phase::CutOff);
            match before {
                Phase::Entering { again, reply, .. } => {
                    replies.extend(reply);
                    again
                }
                Phase::In | Phase::Again(_) | Phase::CutOff => true,
            }
        });
        for reply in replies {
            self.answer(Some(reply), Err(UserError::NotConnected));
        }
    }
}
