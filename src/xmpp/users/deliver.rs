//! What comes for a user, as the user's server takes it (RFC 6121 §8.5).

use minidom::Element;

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
        let now = self.now;
        if let Some(online) = self.online(key) {
            let acts = online.client.stanza(now, stanza);
            self.act(key, acts);
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
        let worth = matches!(kind, "chat" | "normal" | "groupchat") && body(stanza).is_some();
        // A copy of what the user's other session sent or got is no message of its own.
        let own_copy = attr(stanza, "from").is_some_and(|from| from == self.bare(username));
        let copy = own_copy && stanza.children().any(|child| child.has_ns(ns::CARBONS));
        if let Some(key) = self.session_of(username, to) {
            if worth && !copy {
                self.keep_said(username, stanza, true);
            }
            if kind == "chat" && worth && !copy {
                self.copy_to_others(&key, stanza, "received");
            }
            return self.hand(&key, stanza);
        }
        match kind {
            "error" => {}
            "groupchat" => self.bounce(stanza),
            "headline" if to.resource.is_some() => {}
            _ => self.deliver_to_account(username, stanza, worth),
        }
    }

    /// To every session that takes messages; where there is none, it waits.
    fn deliver_to_account(&mut self, username: &str, stanza: &Element, worth: bool) {
        if worth {
            self.keep_said(username, stanza, true);
        }
        let takers = self.takers(username);
        if !takers.is_empty() {
            for key in takers {
                self.hand(&key, stanza);
            }
            return;
        }
        let data = child(stanza, "properties", ns::JIVE_PROPERTIES).is_some();
        let invites = child(stanza, "x", ns::MUC_USER).is_some()
            || child(stanza, "x", ns::DIRECT_INVITE).is_some();
        let headline = attr(stanza, "type") == Some("headline");
        if headline || !(worth || data || invites) {
            return;
        }
        self.let_wait(username, stanza);
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
        let full = self
            .users
            .get(username)
            .is_none_or(|user| user.waiting.len() >= MOST_WAITING);
        let mut kept = stanza.clone();
        if child(stanza, "delay", ns::DELAY).is_none() {
            let delay = element("delay", ns::DELAY)
                .with("from", &self.rules.places.domain)
                .with("stamp", &iso_time(self.now));
            kept.append_child(delay);
        }
        let Some(xml) = encode(&kept).ok().filter(|_| !full) else {
            return self.bounce(stanza);
        };
        let xml = in_client_namespace(&xml);
        let key = self.timed_key();
        let expires = self.now.plus(self.rules.keep);
        let change = records::waiting(username, &key, (&xml, expires));
        self.changes.push(change);
        if let Some(user) = self.users.get_mut(username) {
            user.waiting.push((key, xml));
        }
    }

    /// Gives a session what waited for the user.
    pub fn give_waiting(&mut self, key: &Key) {
        let Some(user) = self.users.get_mut(&key.0) else {
            return;
        };
        for (row, xml) in std::mem::take(&mut user.waiting) {
            let table = crate::store::Table::Waiting;
            self.changes.push(records::gone(table, &key.0, &row));
            if let Ok(stanza) = xml.parse::<Element>() {
                self.hand(key, &stanza);
            }
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
