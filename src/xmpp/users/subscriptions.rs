//! Who asks whom to see and be seen (RFC 6121 §3).

use minidom::Element;

use crate::users::{Approval, PresenceKind};
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child_text, presence};

use super::house::{House, Key};
use super::records::Item;

/// Characters of what somebody says with a request.
const MOST_WORDS: usize = 1_000;

impl House {
    /// A user asks, grants, or takes back.
    pub fn user_subscribes(&mut self, username: &str, to: &Address, stanza: &Element) {
        let contact = to.bare();
        let bare = self.bare(username);
        if contact == bare {
            return;
        }
        let mut item = self.item(username, &contact);
        let before = item.clone();
        let kind = attr(stanza, "type").unwrap_or_default().to_owned();
        match kind.as_str() {
            "subscribe" => {
                item.asked = !item.to;
                item.hidden = false;
            }
            "unsubscribe" => (item.to, item.asked) = (false, false),
            "subscribed" => return self.user_lets_in(username, &contact),
            _ => {
                item.from = false;
                item.approved = false;
                (item.asks, item.words) = (false, None);
            }
        }
        let changed = item != before;
        self.put_item(username, &contact, item);
        self.emit(presence(Some(&kind), (&bare, &contact)));
        if kind == "unsubscribed" && changed {
            self.hide_all(username, &contact);
        }
    }

    /// A user lets somebody in who asked, or will ask (RFC 6121 §3.1.5, §3.4).
    fn user_lets_in(&mut self, username: &str, contact: &str) {
        let mut item = self.item(username, contact);
        if !item.asks {
            // Who has not asked is shown nothing; where whoever asks is let in at once nobody waits
            // for this.
            let asked = self.rules.approval == Approval::Asked;
            if asked && !item.from && !item.hidden {
                item.approved = true;
                self.put_item(username, contact, item);
            }
            return;
        }
        (item.asks, item.words, item.from) = (false, None, true);
        self.put_item(username, contact, item);
        let bare = self.bare(username);
        self.emit(presence(Some("subscribed"), (&bare, contact)));
        self.show_all(username, contact);
    }

    /// Shows somebody every session of a user that shows itself.
    pub fn show_all(&mut self, username: &str, to: &str) {
        for (_, shown) in self.shown_sessions(username) {
            self.emit(shown.with("to", to));
        }
    }

    /// Takes that back.
    pub fn hide_all(&mut self, username: &str, to: &str) {
        let bare = self.bare(username);
        for (resource, _) in self.shown_sessions(username) {
            let full = format!("{bare}/{resource}");
            self.emit(presence(Some("unavailable"), (&full, to)));
        }
    }

    /// Somebody asks to see a user, whether the user is there or not. The chat API let everybody; where
    /// users are asked, the request stays until the user has answered.
    pub fn asked_by(&mut self, username: &str, from: &Address, stanza: &Element) {
        let contact = from.bare();
        let bare = self.bare(username);
        let known = self.users.get(username);
        let known = known.is_some_and(|user| user.items.contains_key(&contact));
        let mut item = self.item(username, &contact);
        item.hidden = if known { item.hidden } else { true };
        let service = from.domain == self.rules.places.domain && self.user_of(from).is_none();
        let always = self.rules.approval == Approval::Always;
        if !(always || service || item.from || item.approved) {
            return self.note_request(username, (&contact, item), stanza);
        }
        let first = !item.from;
        item.from = true;
        (item.asks, item.words) = (false, None);
        self.put_item(username, &contact, item);
        self.emit(presence(Some("subscribed"), (&bare, &contact)));
        self.show_all(username, &contact);
        if first && always {
            self.hand_to_all(username, stanza);
        }
    }

    /// Keeps a request until the user has answered, and shows it; a repetition is not shown again.
    fn note_request(
        &mut self,
        username: &str,
        (contact, mut item): (&str, Item),
        stanza: &Element,
    ) {
        if item.asks {
            return;
        }
        let words = child_text(stanza, "status", ns::CLIENT);
        item.words = words.map(|words| words.chars().take(MOST_WORDS).collect());
        item.asks = true;
        let request = self.request(username, (contact, &item));
        self.put_item(username, contact, item);
        // There may be too many.
        if self.item(username, contact).asks {
            self.hand_to_all(username, &request);
        }
    }

    /// A request as the user's sessions are shown it.
    fn request(&self, username: &str, (contact, item): (&str, &Item)) -> Element {
        let bare = self.bare(username);
        let request = presence(Some("subscribe"), (contact, &bare));
        match &item.words {
            Some(words) => request.and_text("status", ns::CLIENT, words),
            None => request,
        }
    }

    /// Shows a session the requests that wait for the user's answer.
    pub fn give_requests(&mut self, key: &Key) {
        let items = self.users.get(&key.0).map(|user| &user.items);
        let waiting = items.into_iter().flatten().filter(|(_, item)| item.asks);
        let waiting: Vec<Element> = waiting
            .map(|(contact, item)| self.request(&key.0, (contact, item)))
            .collect();
        for request in waiting {
            self.hand(key, &request);
        }
    }

    /// Somebody granted, or took back.
    pub fn told(
        &mut self,
        username: &str,
        (from, kind): (&Address, PresenceKind),
        stanza: &Element,
    ) {
        let contact = from.bare();
        let known = self.users.get(username);
        if !known.is_some_and(|user| user.items.contains_key(&contact)) {
            return;
        }
        let mut item = self.item(username, &contact);
        let before = item.clone();
        match kind {
            PresenceKind::Subscribed if item.asked => (item.to, item.asked) = (true, false),
            PresenceKind::Unsubscribed => (item.to, item.asked) = (false, false),
            PresenceKind::Unsubscribe => {
                item.from = false;
                (item.asks, item.words) = (false, None);
            }
            _ => {}
        }
        if item == before {
            return;
        }
        self.put_item(username, &contact, item);
        self.hand_to_all(username, stanza);
        match kind {
            PresenceKind::Unsubscribe => {
                let bare = self.bare(username);
                self.emit(presence(Some("unsubscribed"), (&bare, &contact)));
                self.hide_all(username, &contact);
            }
            PresenceKind::Subscribed => self.look_at(username, &contact),
            _ => {}
        }
    }

    /// The contact's server shows the contact by itself; a service may need to be asked.
    fn look_at(&mut self, username: &str, contact: &str) {
        let bare = self.bare(username);
        for (resource, _) in self.shown_sessions(username) {
            let full = format!("{bare}/{resource}");
            self.emit(presence(Some("probe"), (&full, contact)));
        }
    }

    fn item(&self, username: &str, contact: &str) -> Item {
        let user = self.users.get(username);
        let item = user.and_then(|user| user.items.get(contact));
        item.cloned().unwrap_or_default()
    }
}
