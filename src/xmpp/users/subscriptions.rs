//! Who asks whom to see and be seen (RFC 6121 §3).

use minidom::Element;

use crate::users::PresenceKind;
use crate::xmpp::address::Address;
use crate::xmpp::stanza::{Build, attr, presence};

use super::house::House;
use super::records::Item;

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
            // Whoever asks is let in at once, so nobody waits for this; and who has not asked is
            // shown nothing.
            "subscribed" => return,
            _ => item.from = false,
        }
        let changed = item != before;
        self.put_item(username, &contact, item);
        self.emit(presence(Some(&kind), (&bare, &contact)));
        if kind == "unsubscribed" && changed {
            self.hide_all(username, &contact);
        }
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

    /// Somebody asks to see a user. The chat API lets everybody, whether the user is there or not.
    pub fn asked_by(&mut self, username: &str, from: &Address, stanza: &Element) {
        let contact = from.bare();
        let bare = self.bare(username);
        let known = self.users.get(username);
        let known = known.is_some_and(|user| user.items.contains_key(&contact));
        let mut item = self.item(username, &contact);
        let first = !item.from;
        item.from = true;
        item.hidden = if known { item.hidden } else { true };
        self.put_item(username, &contact, item);
        self.emit(presence(Some("subscribed"), (&bare, &contact)));
        self.show_all(username, &contact);
        if first {
            self.hand_to_all(username, stanza);
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
            PresenceKind::Unsubscribe => item.from = false,
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
