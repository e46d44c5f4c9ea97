//! An agent as people are: thinks before accepting, rejects, overlooks, vanishes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::ledger::Ledger;
use crate::support::xmpp::workgroup;
use crate::wire::{self, Writer, attribute, head};

/// How long a chat lasts from the client's first word on.
const CHAT: Duration = Duration::from_secs(2);
/// How long an agent who vanished stays away.
const AWAY: Duration = Duration::from_secs(1);

/// One agent on duty.
pub struct Agent {
    writer: Writer,
}

struct Person {
    place: usize,
    nick: String,
    ledger: Arc<Ledger>,
    clock: Handle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    dice: u64,
    /// Rooms that the agent is in or was invited to.
    rooms: HashSet<String>,
    /// The words that were heard, by room: a room tells its history again to whoever comes back.
    heard: HashMap<String, HashSet<(usize, usize)>>,
    /// Rooms whose chat has lasted long enough.
    due: HashSet<String>,
}

impl Agent {
    /// Logs in and goes on duty.
    pub fn on_duty(
        (name, place): (&str, usize),
        port: u16,
        (ledger, clock): (&Arc<Ledger>, &Handle),
    ) -> Agent {
        let person = Arc::new(Person {
            place,
            nick: name.to_owned(),
            ledger: ledger.clone(),
            clock: clock.clone(),
            state: Mutex::new(State {
                dice: 0x9e37_79b9_7f4a_7c15
                    ^ (place as u64 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d),
                ..State::default()
            }),
        });
        let writer = wire::log_in((name, "desk"), port, move |writer, at, stanza| {
            person.hear(writer, at, stanza);
        });
        let support = workgroup("support");
        writer.send(&format!("<presence type='subscribe' to='{support}'/>"));
        come(&writer);
        Agent { writer }
    }

    /// Logs out.
    pub fn leave(self) {
        self.writer.leave();
    }
}

fn come(writer: &Writer) {
    let support = workgroup("support");
    writer.send(&format!(
        "<presence><show>chat</show></presence><presence to='{support}'><show>chat</show></presence>"
    ));
}

impl Person {
    /// A number below `most`; the same ones in every run.
    fn roll(&self, most: u64) -> u64 {
        let mut state = self.state.lock().expect("the agent");
        let mut dice = state.dice;
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        state.dice = dice;
        dice % most
    }

    fn later(&self, after: Duration, act: impl FnOnce() + Send + 'static) {
        self.clock.spawn(async move {
            tokio::time::sleep(after).await;
            act();
        });
    }

    fn hear(self: &Arc<Self>, writer: &Writer, at: Instant, stanza: &str) {
        let from = attribute(head(stanza), "from").unwrap_or("").to_owned();
        if stanza.starts_with("<message") {
            self.message(writer, (at, &from), stanza);
        } else if stanza.starts_with("<presence") {
            self.presence(writer, &from, stanza);
        } else if matches!(attribute(head(stanza), "type"), Some("get" | "set")) {
            let id = attribute(head(stanza), "id").unwrap_or("");
            writer.send(&format!("<iq type='result' to='{from}' id='{id}'/>"));
        }
    }

    fn message(self: &Arc<Self>, writer: &Writer, (at, from): (Instant, &str), stanza: &str) {
        if attribute(head(stanza), "type") == Some("groupchat") {
            self.said(writer, (at, from), stanza);
        } else if stanza.contains("urn:xmpp:tmp:quick-response") {
            self.asked(writer, from);
        } else if stanza.contains("jabber:x:conference") || stanza.contains("<invite") {
            let room = attribute(stanza, "jid").filter(|jid| jid.contains("@conference"));
            let room = room.unwrap_or(from).to_owned();
            let mut state = self.state.lock().expect("the agent");
            if state.rooms.insert(room.clone()) {
                writer.send(&format!(
                    "<presence to='{room}/{}'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
                    self.nick
                ));
            }
        }
    }

    /// 10 % reject, 5 % overlook, 2 % vanish; all others think for 50 to 500 ms and accept.
    fn asked(self: &Arc<Self>, writer: &Writer, from: &str) {
        let answer =
            |word: &str| format!("<message to='{from}' type='chat'><body>{word}</body></message>");
        let wait = Duration::from_millis(50 + self.roll(450));
        let writer = writer.clone();
        match self.roll(100) {
            0..10 => {
                self.ledger.offered("rejected");
                let reject = answer("reject");
                self.later(wait, move || writer.send(&reject));
            }
            10..15 => self.ledger.offered("overlooked"),
            15..17 => {
                self.ledger.offered("vanished");
                self.state.lock().expect("the agent").rooms.clear();
                writer.send("<presence type='unavailable'/>");
                self.later(AWAY, move || come(&writer));
            }
            _ => {
                self.ledger.offered("accepted");
                let accept = answer("accept");
                self.later(wait, move || writer.send(&accept));
            }
        }
    }

    fn said(self: &Arc<Self>, writer: &Writer, (at, from): (Instant, &str), stanza: &str) {
        let (room, nick) = from.split_once('/').unwrap_or((from, ""));
        let words = stanza
            .split_once("<body>words ")
            .and_then(|(_, rest)| rest.split_once('<'))
            .and_then(|(words, _)| words.split_once(' '))
            .and_then(|(talk, word)| Some((talk.parse().ok()?, word.parse().ok()?)));
        let (Some(words), true) = (words, nick.starts_with("Visitor")) else {
            return;
        };
        let old = stanza.contains("urn:xmpp:delay");
        let mut state = self.state.lock().expect("the agent");
        let new = state
            .heard
            .entry(room.to_owned())
            .or_default()
            .insert(words);
        drop(state);
        if old && !new {
            return;
        }
        self.ledger.heard(words, (at, old));
        if words.1 == 0 && new {
            self.ledger.took(self.place);
            writer.send(&format!(
                "<message to='{room}' type='groupchat' id='r{}'><body>I am here</body></message>",
                words.0
            ));
            let (person, writer, room) = (self.clone(), writer.clone(), room.to_owned());
            self.later(CHAT, move || person.end(&writer, &room));
        }
    }

    fn end(&self, writer: &Writer, room: &str) {
        let mut state = self.state.lock().expect("the agent");
        // From here on another chat may come, while the room is still being taken down.
        if state.due.insert(room.to_owned()) {
            self.ledger.gave_back(self.place);
        }
        drop(state);
        writer.send(&format!(
            "<message to='{room}' type='groupchat'><body>!close</body></message>"
        ));
    }

    fn presence(self: &Arc<Self>, writer: &Writer, from: &str, stanza: &str) {
        let (room, nick) = from.split_once('/').unwrap_or((from, ""));
        match attribute(head(stanza), "type") {
            Some("subscribe") => {
                writer.send(&format!("<presence type='subscribed' to='{room}'/>"));
            }
            Some("unavailable") if nick == self.nick => {
                let mut state = self.state.lock().expect("the agent");
                state.rooms.remove(room);
                // Destroyed, or given to others: either way it is not this agent's any more.
                let over = stanza.contains("<destroy") || stanza.contains("307");
                let had = over && state.heard.remove(room).is_some();
                if had && !state.due.remove(room) {
                    self.ledger.gave_back(self.place);
                }
            }
            None if nick == self.nick => {
                let state = self.state.lock().expect("the agent");
                // Came back after having vanished.
                if state.due.contains(room) {
                    drop(state);
                    self.end(writer, room);
                }
            }
            _ => {}
        }
    }
}
