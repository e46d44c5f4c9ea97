//! Presence that comes: of contacts, of rooms' occupants, of workgroups.

use minidom::Element;

use crate::users::{Approval, ContactRequest, PresenceKind, Show, UserEvent};
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, child_text};

use super::{Client, Seen, text};

/// Requests of one user that are noted.
const MOST_REQUESTS: usize = 1_000;

impl Client {
    /// A presence, which the user is told of in any case.
    pub(super) fn take_presence(&mut self, stanza: &Element) {
        let Some(from) = attr(stanza, "from").map(str::to_owned) else {
            return;
        };
        let Some(kind) = kind_of(stanza) else {
            return;
        };
        let available = kind == PresenceKind::Available;
        self.event(UserEvent::Presence {
            from: from.clone(),
            to: attr(stanza, "to").unwrap_or(&self.full).to_owned(),
            kind,
            show: if available {
                text::show(stanza)
            } else {
                Show::Offline
            },
            status: text::words(stanza, "status"),
        });
        if self.room_presence(stanza, &from, kind) || self.desk_presence(stanza, &from, kind) {
            return;
        }
        match kind {
            PresenceKind::Available => self.saw(&from, stanza),
            PresenceKind::Unavailable | PresenceKind::Error => self.lost_sight(&from),
            PresenceKind::Subscribe => self.asked_to_be_seen(&from, stanza),
            PresenceKind::Unsubscribed => {
                self.seen.remove(&text::bare(&from).to_lowercase());
            }
            // Whoever wants to see the user no more does not wait for an answer.
            PresenceKind::Unsubscribe => {
                self.requests.remove(&text::bare(&from).to_lowercase());
            }
            PresenceKind::Subscribed => {}
        }
    }

    /// Somebody asks to see the user: let in at once, or noted until the user answers.
    fn asked_to_be_seen(&mut self, from: &str, stanza: &Element) {
        let whom = text::bare(from).to_lowercase();
        if self.approval == Approval::Always {
            return self.send_kind("subscribed", &whom);
        }
        // Strangers could ask in any number of names. The server knows who is not noted here.
        if self.requests.len() < MOST_REQUESTS || self.requests.contains_key(&whom) {
            self.requests.insert(whom, text::words(stanza, "status"));
        }
    }

    /// Who asks to see the user and waits for an answer.
    pub(super) fn requests_shown(&self) -> Vec<ContactRequest> {
        let waiting = self.requests.iter();
        let waiting = waiting.map(|(jid, words)| ContactRequest {
            jid: jid.clone(),
            words: words.clone(),
        });
        waiting.collect()
    }

    fn saw(&mut self, from: &str, stanza: &Element) {
        let priority = child_text(stanza, "priority", ns::CLIENT);
        let priority = priority.and_then(|text| text.trim().parse().ok());
        let seen = Seen {
            show: text::show(stanza),
            status: text::words(stanza, "status"),
            priority: priority.unwrap_or(0),
        };
        let resource = text::resource(from).unwrap_or_default().to_owned();
        let bare = text::bare(from).to_lowercase();
        // Only contacts' presence is kept: strangers could send any number of addresses.
        if self.contacts.contains_key(&bare) {
            let clients = self.seen.entry(bare).or_default();
            if clients.len() < 64 || clients.contains_key(&resource) {
                clients.insert(resource, seen);
            }
        }
    }

    fn lost_sight(&mut self, from: &str) {
        let bare = text::bare(from).to_lowercase();
        match (self.seen.get_mut(&bare), text::resource(from)) {
            (Some(clients), Some(resource)) => {
                clients.remove(resource);
            }
            (Some(clients), None) => clients.clear(),
            (None, _) => {}
        }
        self.seen.retain(|_, clients| !clients.is_empty());
    }
}

/// What kind a presence is; `None` for probes and for types that do not exist.
fn kind_of(stanza: &Element) -> Option<PresenceKind> {
    Some(match attr(stanza, "type") {
        None => PresenceKind::Available,
        Some("unavailable") => PresenceKind::Unavailable,
        Some("subscribe") => PresenceKind::Subscribe,
        Some("subscribed") => PresenceKind::Subscribed,
        Some("unsubscribe") => PresenceKind::Unsubscribe,
        Some("unsubscribed") => PresenceKind::Unsubscribed,
        Some("error") => PresenceKind::Error,
        Some(_) => return None,
    })
}
