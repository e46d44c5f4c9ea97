//! All users of our domain and their sessions; no socket, no store, no clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use minidom::Element;
use tokio::sync::mpsc;

use crate::ids::Timestamp;
use crate::store::Change;
use crate::users::{Approval, Done, EndReason, Held, Order, Places, Told, UserError};
use crate::xmpp::address::Address;
use crate::xmpp::client::{Act, Client, Kept, Reply, Uploads};
use crate::xmpp::known::Known;

use super::records::{self, Item, UserRecord};
use super::slots::id_prefix;

/// Whose session: user name and resource.
pub(super) type Key = (String, String);

/// What is to be done when all that has to be stored is stored.
#[derive(Debug)]
pub(super) enum Effect {
    /// To another domain, over the link.
    Link(Element),
    /// To an address of ours that is no user's.
    Inside(Element),
    Event(Key, mpsc::Sender<Told>, Told),
    Answer(Reply, Result<Done, UserError>),
}

/// One session.
#[derive(Debug)]
pub(super) struct Online {
    pub client: Client,
    /// The presence that was last shown to all; `None` while unavailable.
    pub shown: Option<Element>,
    pub priority: i8,
    /// Presence that was shown to one address only.
    pub directed: BTreeMap<String, Element>,
    pub events: mpsc::Sender<Told>,
    /// What the store holds of it.
    pub kept: Option<Kept>,
}

/// One user.
#[derive(Debug, Default)]
pub(super) struct User {
    pub record: UserRecord,
    pub items: BTreeMap<String, Item>,
    pub sessions: BTreeMap<String, Online>,
    /// Messages that wait, in order: key of the row, stanza.
    pub waiting: Vec<(String, String)>,
    /// Fingerprints of what was said lately, for what a room repeats.
    pub lately: VecDeque<u64>,
}

/// What the house has to know.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub places: Places,
    /// How long history and waiting messages are kept.
    pub keep: std::time::Duration,
    /// Whether everybody may see the users.
    pub approval: Approval,
    /// Makes ids unlike those of an earlier run.
    pub prefix: String,
}

/// All of it.
#[derive(Debug)]
pub(super) struct House {
    pub rules: Rules,
    pub known: Known,
    pub users: BTreeMap<String, User>,
    pub connected: bool,
    pub now: Timestamp,
    /// Stanzas for users, still to be delivered.
    pub inside: VecDeque<Element>,
    /// Asks for places for visitors' files.
    pub uploads: Uploads,
    pub effects: Vec<Effect>,
    pub changes: Vec<Change>,
    serial: u64,
    /// When something is due first; never later than it is.
    due: Option<Timestamp>,
    /// Sessions that have to be looked at before the round ends.
    changed: BTreeSet<Key>,
}

impl House {
    pub fn new(rules: Rules, known: Known) -> Self {
        let looker = Some(rules.places.domain.clone());
        Self {
            uploads: Uploads::new(&rules.places, id_prefix(&rules.prefix), looker),
            rules,
            known,
            users: BTreeMap::new(),
            connected: false,
            now: Timestamp::default(),
            inside: VecDeque::new(),
            effects: Vec::new(),
            changes: Vec::new(),
            serial: 0,
            due: None,
            changed: BTreeSet::new(),
        }
    }

    /// The bare address of a user.
    pub fn bare(&self, username: &str) -> String {
        format!("{username}@{}", self.rules.places.domain)
    }

    /// An id or a key's end that is unique over restarts.
    pub fn mint(&mut self) -> String {
        self.serial += 1;
        format!("{}-{}", self.rules.prefix, self.serial)
    }

    /// A key that sorts by time.
    pub fn timed_key(&mut self) -> String {
        self.serial += 1;
        let (now, prefix, serial) = (self.now.0, &self.rules.prefix, self.serial);
        format!("{now:015}-{serial:08}-{prefix}")
    }

    /// The user that an address names, if there is one of ours.
    pub fn user_of(&self, address: &Address) -> Option<String> {
        let local = address.local.as_deref()?;
        let ours = address.domain == self.rules.places.domain && self.users.contains_key(local);
        ours.then(|| local.to_owned())
    }

    pub fn online(&mut self, key: &Key) -> Option<&mut Online> {
        self.users.get_mut(&key.0)?.sessions.get_mut(&key.1)
    }

    /// Makes a user known, or changes what is known.
    pub fn remember(&mut self, username: &str, record: UserRecord) {
        self.changes.push(records::user(username, &record));
        self.users.entry(username.to_owned()).or_default().record = record;
        self.known.add(username);
    }

    /// Opens a session; the caller has seen to it that the resource is free.
    pub fn open(&mut self, key: &Key, events: mpsc::Sender<Told>, kept: Option<Kept>) {
        let full = format!("{}/{}", self.bare(&key.0), key.1);
        let prefix = self.mint();
        let client = Client::new(&full, self.rules.places.clone(), prefix);
        let mut client = client.approving(self.rules.approval);
        let mut acts = client.start(self.now);
        if !self.connected {
            acts.extend(client.lost(self.now));
        }
        if let Some(kept) = kept.clone() {
            acts.extend(client.go_on(self.now, kept));
        }
        let online = Online {
            client,
            shown: None,
            priority: 0,
            directed: BTreeMap::new(),
            events,
            kept,
        };
        let user = self.users.entry(key.0.clone()).or_default();
        user.sessions.insert(key.1.clone(), online);
        self.changed.insert(key.clone());
        self.act(key, acts);
        self.settle();
    }

    /// Gives an order to a session.
    pub fn order(&mut self, key: &Key, order: Order, reply: Reply) {
        let now = self.now;
        let acts = match self.online(key) {
            Some(online) => online.client.order(now, order, reply),
            None => vec![Act::Answer(reply, Err(UserError::Ended))],
        };
        self.act(key, acts);
        self.settle();
    }

    /// Ends a session. Its row goes unless the program only stops.
    pub fn close(&mut self, key: &Key, why: EndReason) {
        let now = self.now;
        let Some(online) = self.online(key) else {
            return;
        };
        let acts = online.client.end(now, why);
        let keep = why == EndReason::Stopping;
        self.act(key, acts);
        self.settle();
        if let Some(user) = self.users.get_mut(&key.0) {
            user.sessions.remove(&key.1);
        }
        self.changed.remove(key);
        if !keep {
            let table = crate::store::Table::UserSession;
            self.changes.push(records::gone(table, &key.0, &key.1));
        }
    }

    /// A stanza came for one of ours, over the link or from inside.
    pub fn stanza(&mut self, stanza: Element) {
        if self.slot_answered(&stanza) {
            return;
        }
        self.inside.push_back(stanza);
        self.settle();
    }

    /// The link is gone.
    pub fn link_down(&mut self) {
        self.connected = false;
        self.forget_slots();
        let now = self.now;
        for key in self.keys() {
            let Some(online) = self.online(&key) else {
                continue;
            };
            // All is shown anew when the link is back.
            online.shown = None;
            online.directed.clear();
            let acts = online.client.lost(now);
            self.act(&key, acts);
        }
        self.settle();
    }

    /// The link stands.
    pub fn link_up(&mut self) {
        self.connected = true;
        let now = self.now;
        for key in self.keys() {
            let Some(online) = self.online(&key) else {
                continue;
            };
            let full = online.client.full().to_owned();
            let acts = online.client.back(now, &full);
            self.act(&key, acts);
        }
        self.settle();
    }

    /// Does what is due.
    pub fn tick(&mut self) {
        let now = self.now;
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        for key in self.keys() {
            let Some(online) = self.online(&key) else {
                continue;
            };
            if online.client.next_deadline().is_some_and(|at| at <= now) {
                let acts = online.client.tick(now);
                self.act(&key, acts);
            }
        }
        self.give_up_slots();
        self.settle();
        let sessions = self.users.values().flat_map(|user| user.sessions.values());
        let due = sessions.filter_map(|online| online.client.next_deadline());
        self.due = due.chain(self.uploads.next_deadline()).min();
    }

    /// Something more is due then.
    pub fn due_by(&mut self, at: Option<Timestamp>) {
        self.due = self.due.into_iter().chain(at).min();
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.due
    }

    pub fn keys(&self) -> Vec<Key> {
        let users = self.users.iter();
        users
            .flat_map(|(name, user)| user.sessions.keys().map(|r| (name.clone(), r.clone())))
            .collect()
    }

    /// Does what a client wants.
    pub fn act(&mut self, key: &Key, acts: Vec<Act>) {
        self.act_on(key, acts, None);
    }

    /// Does what a client wants because of something that is held until that is stored.
    pub fn act_on(&mut self, key: &Key, acts: Vec<Act>, held: Option<Held>) {
        let due = self.online(key);
        let due = due.and_then(|online| online.client.next_deadline());
        self.due_by(due);
        let mut events = Vec::new();
        for act in acts {
            match act {
                Act::Send(stanza) => self.route(key, stanza),
                Act::Event(event) => events.push(event),
                Act::Answer(reply, answer) => self.effects.push(Effect::Answer(reply, answer)),
                Act::Changed => {
                    self.changed.insert(key.clone());
                }
            }
        }
        if let Some(online) = self.online(key)
            && (held.is_some() || !events.is_empty())
        {
            let reader = online.events.clone();
            let told = Told { events, held };
            self.effects.push(Effect::Event(key.clone(), reader, told));
        }
    }

    /// Delivers what is on its way inside, and writes down what sessions would need later.
    pub fn settle(&mut self) {
        while let Some(stanza) = self.inside.pop_front() {
            self.deliver(&stanza);
        }
        for key in std::mem::take(&mut self.changed) {
            let Some(online) = self.online(&key) else {
                continue;
            };
            let kept = online.client.kept();
            if online.kept.as_ref() != Some(&kept) {
                online.kept = Some(kept.clone());
                self.changes.push(records::session(&key.0, &key.1, &kept));
            }
        }
    }

    /// Sends a stanza on its way, wherever that leads.
    pub fn emit(&mut self, stanza: Element) {
        let Some(to) = crate::xmpp::stanza::to(&stanza) else {
            return;
        };
        if self.user_of(&to).is_some() {
            self.inside.push_back(stanza);
        } else if to.domain == self.rules.places.domain {
            self.effects.push(Effect::Inside(stanza));
        } else {
            self.effects.push(Effect::Link(stanza));
        }
    }
}
