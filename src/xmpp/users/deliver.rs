//! What comes for a user, as the user's server takes it (RFC 6121 §8.5).

use minidom::Element;

use crate::users::Held;
use crate::xmpp::address::Address;
use crate::xmpp::client::iso_time;
use crate::xmpp::encode::encode;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, Condition, attr, body, child, element, error, from, to};

use super::house::{House, Key};
use super::records;

/// Messages that wait for one user at most; what is more is refused.
const MOST_WAITING: usize = 1_000;

impl House {
    /// Delivers a stanza whose addressee is one of ours.
    pub fn deliver(&mut self, stanza: &Element) {
        let (Some(from), Some(to)) = (from(stanza), to(stanza)) else {
            return;
        };
        let Some(username) = self.user_of(&to) else {
            return;
        };
        match stanza.name() {
            "iq" => self.deliver_iq((&username, &to), stanza),
            "presence" => self.deliver_presence(&username, (&from, &to), stanza),
            "message" => self.deliver_message((&username, &to), stanza),
            _ => {}
        }
    }

    /// Hands a stanza to one session.
    pub fn hand(&mut self, key: &Key, stanza: &Element) {
        self.hand_held(key, stanza, None);
    }

    /// The same with what is held until it is stored.
    fn hand_held(&mut self, key: &Key, stanza: &Element, held: Option<Held>) {
        let now = self.now;
        if let Some(online) = self.online(key) {
            let acts = online.client.stanza(now, stanza);
            self.act_on(key, acts, held);
        }
    }

    /// The session that a full address names.
    pub fn session_of(&self, username: &str, to: &Address) -> Option<Key> {
        let resource = to.resource.as_ref()?;
        let user = self.users.get(username)?;
        user.sessions
            .contains_key(resource)
            .then(|| (username.to_owned(), resource.clone()))
    }

    fn deliver_message(&mut self, (username, to): (&str, &Address), stanza: &Element) {
        let kind = attr(stanza, "type").unwrap_or("normal");
        // A copy of what the user's other session sent or got is no message of its own.
        let own_copy = attr(stanza, "from").is_some_and(|from| from == self.bare(username));
        let copy = own_copy && stanza.children().any(|child| child.has_ns(ns::CARBONS));
        let Some(key) = self.session_of(username, to) else {
            return match kind {
                "error" => {}
                "groupchat" => self.bounce(stanza),
                "headline" if to.resource.is_some() => {}
                _ => self.deliver_to_account(username, stanza),
            };
        };
        if copy {
            return self.hand(&key, stanza);
        }
        let online = self.online(&key);
        if online.is_some_and(|online| online.client.keeps_back(stanza)) {
            return;
        }
        let fresh = says(stanza) && self.keep_said(username, stanza, true);
        if kind == "chat" && says(stanza) {
            self.copy_to_others(&key, stanza, "received");
        }
        let lasts = match kind {
            // What a room repeats was told before.
            "groupchat" => fresh,
            kind => kind == "error" || lasts(stanza),
        };
        let held = lasts.then(|| self.hold(username, stanza)).flatten();
        self.hand_held(&key, stanza, held);
    }

    /// To every session that takes messages; where there is none, it waits.
    fn deliver_to_account(&mut self, username: &str, stanza: &Element) {
        if says(stanza) {
            self.keep_said(username, stanza, true);
        }
        let takers = self.takers(username);
        let held = match lasts(stanza) {
            true if takers.is_empty() => return self.let_wait(username, stanza),
            true => self.hold(username, stanza),
            false => None,
        };
        // What the first of them has stored is stored.
        let held = std::iter::once(held).chain(std::iter::repeat(None));
        for (key, held) in takers.into_iter().zip(held) {
            self.hand_held(&key, stanza, held);
        }
    }

    fn takers(&self, username: &str) -> Vec<Key> {
        let user = self.users.get(username);
        let sessions = user.into_iter().flat_map(|user| &user.sessions);
        sessions
            .filter(|(_, online)| online.shown.is_some() && online.priority >= 0)
            .map(|(resource, _)| (username.to_owned(), resource.clone()))
            .collect()
    }

    fn let_wait(&mut self, username: &str, stanza: &Element) {
        let user = self.users.get(username);
        let full = user.is_none_or(|user| user.waiting.len() >= MOST_WAITING);
        let held = match full {
            true => None,
            false => self.hold(username, stanza),
        };
        match held {
            Some(_) => self.wait_on(held),
            None => self.bounce(stanza),
        }
    }

    /// Keeps a message until whoever is told of it has stored that; `None` where it cannot be kept.
    fn hold(&mut self, username: &str, stanza: &Element) -> Option<Held> {
        let mut kept = stanza.clone();
        if child(stanza, "delay", ns::DELAY).is_none() {
            let delay = element("delay", ns::DELAY)
                .with("from", &self.rules.places.domain)
                .with("stamp", &iso_time(self.now));
            kept.append_child(delay);
        }
        let stanza = in_client_namespace(&encode(&kept).ok()?);
        let key = self.timed_key();
        let expires = self.now.plus(self.rules.keep);
        let change = records::waiting(username, &key, (&stanza, expires));
        self.changes.push(change);
        Some(Held {
            username: username.to_owned(),
            key,
            stanza,
        })
    }

    /// Nobody was told of it: it waits for a session.
    pub fn wait_on(&mut self, held: Option<Held>) {
        if let Some(held) = held
            && let Some(user) = self.users.get_mut(&held.username)
        {
            user.waiting.push((held.key, held.stanza));
        }
    }

    /// Gives a session what waited for the user.
    pub fn give_waiting(&mut self, key: &Key) {
        let now = self.now;
        let user = self.users.get_mut(&key.0);
        let Some(user) = user.filter(|user| user.sessions.contains_key(&key.1)) else {
            return;
        };
        for (row, xml) in std::mem::take(&mut user.waiting) {
            let Ok(stanza) = xml.parse::<Element>() else {
                let table = crate::store::Table::Waiting;
                self.changes.push(records::gone(table, &key.0, &row));
                continue;
            };
            let Some(online) = self.online(key) else {
                return;
            };
            let acts = online.client.stanza_that_waited(now, &stanza);
            let held = Held {
                username: key.0.clone(),
                key: row,
                stanza: xml,
            };
            self.act_on(key, acts, Some(held));
        }
    }

    /// Answers that nobody is there.
    pub fn bounce(&mut self, stanza: &Element) {
        let mut named = element(stanza.name(), ns::CLIENT);
        for name in ["type", "id", "from", "to"] {
            if let Some(value) = attr(stanza, name) {
                named = named.with(name, value);
            }
        }
        if let Some(reply) = error(&named, Condition::ServiceUnavailable, None) {
            self.emit(reply);
        }
    }
}

/// Whether people read something in it.
fn says(message: &Element) -> bool {
    let kind = attr(message, "type").unwrap_or("normal");
    matches!(kind, "chat" | "normal" | "groupchat") && body(message).is_some()
}

/// Whether it is of use later too: words, data, an invitation.
fn lasts(message: &Element) -> bool {
    let data = child(message, "properties", ns::JIVE_PROPERTIES).is_some();
    let invites = child(message, "x", ns::MUC_USER).is_some()
        || child(message, "x", ns::DIRECT_INVITE).is_some();
    let headline = attr(message, "type") == Some("headline");
    !headline && (says(message) || data || invites)
}

/// The encoder leaves out the stream's own namespace; a row has no stream around it.
fn in_client_namespace(xml: &str) -> String {
    match xml.find([' ', '>', '/']) {
        Some(at) => {
            let (name, rest) = xml.split_at(at);
            format!("{name} xmlns='{}'{rest}", ns::CLIENT)
        }
        None => xml.to_owned(),
    }
}
