//! The contact list: read, written, pushed (RFC 6121 §2).

use std::collections::BTreeSet;

use minidom::Element;

use crate::store::Table;
use crate::users::Subscription;
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, Condition, attr, element, iq, iq_result, presence};

use super::house::{House, Key};
use super::records::{self, Item};

/// Contacts of one user at most.
const MOST_CONTACTS: usize = 2_000;
/// Characters of a name, groups of a contact.
const MOST_OF_A_NAME: usize = 1_023;
const MOST_GROUPS: usize = 64;

impl House {
    /// The whole list.
    pub fn give_roster(&mut self, key: &Key, stanza: &Element) {
        let Some(user) = self.users.get(&key.0) else {
            return;
        };
        let listed = user.items.iter().filter(|(_, item)| !item.hidden);
        let query = listed.fold(element("query", ns::ROSTER), |query, (jid, item)| {
            query.and(shown(jid, item))
        });
        self.answer_iq(iq_result(stanza, Some(query)));
    }

    /// One contact is written or removed.
    pub fn set_roster(&mut self, key: &Key, stanza: &Element, query: &Element) {
        let mut items = query.children().filter(|c| c.is("item", ns::ROSTER));
        let (Some(item), None) = (items.next(), items.next()) else {
            return self.refuse_iq(stanza, Condition::BadRequest);
        };
        let jid = attr(item, "jid").and_then(Address::parse);
        let Some(jid) = jid.filter(|jid| jid.resource.is_none()) else {
            return self.refuse_iq(stanza, Condition::BadRequest);
        };
        let jid = jid.bare();
        let Some(user) = self.users.get(&key.0) else {
            return;
        };
        let known = user.items.get(&jid).cloned();
        if attr(item, "subscription") == Some("remove") {
            return match known {
                Some(known) => self.remove_contact(key, (&jid, &known), stanza),
                None => self.refuse_iq(stanza, Condition::ItemNotFound),
            };
        }
        let groups = item.children().filter(|c| c.is("group", ns::ROSTER));
        let groups: BTreeSet<String> = groups.map(Element::text).collect();
        let name = attr(item, "name").map(str::to_owned);
        let long = |text: &String| text.len() > MOST_OF_A_NAME;
        let too_much = groups.len() > MOST_GROUPS
            || groups.iter().any(long)
            || name.as_ref().is_some_and(long);
        if too_much || known.is_none() && user.items.len() >= MOST_CONTACTS {
            return self.refuse_iq(stanza, Condition::NotAcceptable);
        }
        let written = Item {
            name,
            groups,
            hidden: false,
            ..known.unwrap_or_default()
        };
        self.put_item(&key.0, &jid, written);
        self.answer_iq(iq_result(stanza, None));
    }

    fn remove_contact(&mut self, key: &Key, (jid, known): (&str, &Item), stanza: &Element) {
        let bare = self.bare(&key.0);
        if known.to || known.asked {
            self.emit(presence(Some("unsubscribe"), (&bare, jid)));
        }
        if known.from || known.asks {
            self.emit(presence(Some("unsubscribed"), (&bare, jid)));
            self.hide_all(&key.0, jid);
        }
        if let Some(user) = self.users.get_mut(&key.0) {
            user.items.remove(jid);
        }
        self.changes
            .push(records::gone(Table::Contact, &key.0, jid));
        let gone = element("item", ns::ROSTER)
            .with("jid", jid)
            .with("subscription", "remove");
        self.push(&key.0, &gone);
        self.answer_iq(iq_result(stanza, None));
    }

    /// Writes a contact, and shows the user's sessions the new state.
    pub fn put_item(&mut self, username: &str, jid: &str, item: Item) {
        let Some(user) = self.users.get_mut(username) else {
            return;
        };
        let before = user.items.get(jid);
        // Strangers could fill the store with requests to see the user.
        if before == Some(&item) || before.is_none() && user.items.len() >= MOST_CONTACTS {
            return;
        }
        // Whom the user neither listed nor lets in, nor has to answer, is forgotten.
        if item.hidden && !item.from && !item.asks {
            user.items.remove(jid);
            self.changes
                .push(records::gone(Table::Contact, username, jid));
            return;
        }
        user.items.insert(jid.to_owned(), item.clone());
        self.changes.push(records::contact(username, jid, &item));
        if !item.hidden {
            self.push(username, &shown(jid, &item));
        }
    }

    fn push(&mut self, username: &str, item: &Element) {
        let Some(user) = self.users.get(username) else {
            return;
        };
        let bare = self.bare(username);
        let resources: Vec<String> = user.sessions.keys().cloned().collect();
        for resource in resources {
            let id = self.mint();
            let to = format!("{bare}/{resource}");
            let query = element("query", ns::ROSTER).and(item.clone());
            self.inside.push_back(iq("set", &id, (&bare, &to), query));
        }
    }
}

fn shown(jid: &str, item: &Item) -> Element {
    let subscription = match item.subscription() {
        Subscription::None => "none",
        Subscription::To => "to",
        Subscription::From => "from",
        Subscription::Both => "both",
    };
    let mut shown = element("item", ns::ROSTER)
        .with("jid", jid)
        .with("subscription", subscription);
    if item.asked {
        shown = shown.with("ask", "subscribe");
    }
    if let Some(name) = &item.name {
        shown = shown.with("name", name);
    }
    item.groups.iter().fold(shown, |shown, group| {
        shown.and_text("group", ns::ROSTER, group)
    })
}
