//! Who sees which user, and how (RFC 6121 §4).

use minidom::Element;

use crate::users::PresenceKind;
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child_text, presence};

use super::house::{House, Key};

impl House {
    /// A session shows itself to all, or takes that back.
    pub fn broadcast(&mut self, key: &Key, stanza: Element) {
        match attr(&stanza, "type") {
            None => {}
            Some("unavailable") => return self.vanish(key, stanza),
            Some(_) => return,
        }
        let priority = child_text(&stanza, "priority", ns::CLIENT);
        let priority = priority.and_then(|text| text.trim().parse().ok());
        let Some(online) = self.online(key) else {
            return;
        };
        let first = online.shown.is_none();
        online.priority = priority.unwrap_or(0);
        online.shown = Some(stanza.clone());
        let priority = online.priority;
        self.tell_watchers(key, &stanza);
        if first {
            self.look_around(key);
            self.give_requests(key);
        }
        if priority >= 0 {
            self.give_waiting(key);
        }
    }

    /// To all who see the user, and to the user's own sessions.
    fn tell_watchers(&mut self, key: &Key, stanza: &Element) {
        let Some(user) = self.users.get(&key.0) else {
            return;
        };
        let watchers = user.items.iter().filter(|(_, item)| item.from);
        let watchers: Vec<String> = watchers.map(|(jid, _)| jid.clone()).collect();
        let bare = self.bare(&key.0);
        let own = self.shown_sessions(&key.0);
        let own = own
            .into_iter()
            .map(|(resource, _)| format!("{bare}/{resource}"));
        let own: Vec<String> = own.collect();
        for to in watchers.into_iter().chain(own) {
            self.emit(stanza.clone().with("to", &to));
        }
    }

    /// The sessions of a user that show themselves, each with its presence.
    pub fn shown_sessions(&self, username: &str) -> Vec<(String, Element)> {
        let user = self.users.get(username);
        let sessions = user.into_iter().flat_map(|user| &user.sessions);
        sessions
            .filter_map(|(resource, online)| Some((resource.clone(), online.shown.clone()?)))
            .collect()
    }

    /// A session that has just shown itself wants to see others.
    fn look_around(&mut self, key: &Key) {
        let Some(user) = self.users.get(&key.0) else {
            return;
        };
        let seen = user.items.iter().filter(|(_, item)| item.to);
        let seen: Vec<String> = seen.map(|(jid, _)| jid.clone()).collect();
        let full = format!("{}/{}", self.bare(&key.0), key.1);
        for jid in seen {
            self.emit(presence(Some("probe"), (&full, &jid)));
        }
        for (resource, shown) in self.shown_sessions(&key.0) {
            if resource != key.1 {
                self.emit(shown.with("to", &full));
            }
        }
    }

    /// A session shows itself no more: to nobody who saw it.
    fn vanish(&mut self, key: &Key, stanza: Element) {
        let Some(online) = self.online(key) else {
            return;
        };
        let was_shown = online.shown.take().is_some();
        let directed = std::mem::take(&mut online.directed);
        for to in directed.into_keys() {
            self.emit(stanza.clone().with("to", &to));
        }
        if was_shown {
            self.tell_watchers(key, &stanza);
        }
    }

    /// Presence to one address.
    pub fn direct(&mut self, key: &Key, to: &Address, stanza: Element) {
        match attr(&stanza, "type") {
            Some("subscribe" | "subscribed" | "unsubscribe" | "unsubscribed") => {
                return self.user_subscribes(&key.0, to, &stanza);
            }
            None => {
                if let Some(online) = self.online(key) {
                    online.directed.insert(to.to_string(), stanza.clone());
                }
            }
            Some("unavailable") => {
                if let Some(online) = self.online(key) {
                    online.directed.remove(&to.to_string());
                }
            }
            // Probes are the server's, errors nobody's.
            Some(_) => return,
        }
        self.emit(stanza);
    }

    /// Presence that came for a user.
    pub fn deliver_presence(
        &mut self,
        username: &str,
        (from, to): (&Address, &Address),
        stanza: &Element,
    ) {
        match attr(stanza, "type") {
            Some("probe") => self.probed(username, from),
            Some("subscribe") => self.asked_by(username, from, stanza),
            Some("subscribed") => self.told(username, (from, PresenceKind::Subscribed), stanza),
            Some("unsubscribe") => self.told(username, (from, PresenceKind::Unsubscribe), stanza),
            Some("unsubscribed") => {
                self.told(username, (from, PresenceKind::Unsubscribed), stanza);
            }
            None | Some("unavailable" | "error") => match &to.resource {
                Some(_) => {
                    if let Some(key) = self.session_of(username, to) {
                        self.hand(&key, stanza);
                    }
                }
                None => self.hand_to_all(username, stanza),
            },
            Some(_) => {}
        }
    }

    /// Hands a stanza to every session of a user that shows itself.
    pub fn hand_to_all(&mut self, username: &str, stanza: &Element) {
        for (resource, _) in self.shown_sessions(username) {
            self.hand(&(username.to_owned(), resource), stanza);
        }
    }

    /// Somebody's server asks how present a user is (RFC 6121 §4.3.2).
    fn probed(&mut self, username: &str, from: &Address) {
        let Some(user) = self.users.get(username) else {
            return;
        };
        let (asker, bare) = (from.to_string(), from.bare());
        let may_see = user.items.get(&bare).is_some_and(|item| item.from);
        let mut found = Vec::new();
        for online in user.sessions.values() {
            let directed = online.directed.get(&bare);
            let directed = directed.or_else(|| online.directed.get(&asker));
            found.extend(directed.or_else(|| online.shown.as_ref().filter(|_| may_see)));
        }
        let mut answers: Vec<Element> = found
            .into_iter()
            .map(|shown| shown.clone().with("to", &asker))
            .collect();
        if answers.is_empty() {
            let kind = if may_see {
                "unavailable"
            } else {
                "unsubscribed"
            };
            // A workgroup of ours asks its agents without having been let in.
            if may_see || from.domain != self.rules.places.domain {
                let own = self.bare(username);
                answers.push(presence(Some(kind), (&own, &bare)));
            }
        }
        for answer in answers {
            self.emit(answer);
        }
    }
}
