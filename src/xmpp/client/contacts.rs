//! The contact list: read from the server, written to it (RFC 6121 §2, §3).

use minidom::Element;

use crate::users::{Contact, ContactWish, Done, Subscription, UserError};
use crate::xmpp::clean::clean;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, element};

use super::asked::Question;
use super::{Client, Reply, text};

impl Client {
    /// Asks for the contacts; done once a connection.
    pub(super) fn load_contacts(&mut self) {
        let query = element("query", ns::ROSTER);
        self.ask(("get", None), query, (Question::Roster, None));
    }

    pub(super) fn roster_loaded(&mut self, query: &Element) {
        self.contacts.clear();
        for item in query.children() {
            self.take_item(item);
        }
    }

    /// One item, of the list or of a push.
    pub(super) fn take_item(&mut self, item: &Element) {
        let Some(jid) = attr(item, "jid").filter(|_| item.is("item", ns::ROSTER)) else {
            return;
        };
        let jid = jid.to_lowercase();
        let subscription = match attr(item, "subscription") {
            Some("remove") => {
                self.contacts.remove(&jid);
                return;
            }
            Some("to") => Subscription::To,
            Some("from") => Subscription::From,
            Some("both") => Subscription::Both,
            _ => Subscription::None,
        };
        let groups = item
            .children()
            .filter(|child| child.is("group", ns::ROSTER));
        let contact = Contact {
            jid: jid.clone(),
            nickname: attr(item, "name").map(str::to_owned),
            groups: groups.map(Element::text).collect(),
            subscription,
            asked: attr(item, "ask") == Some("subscribe"),
            show: None,
            status: None,
        };
        if matches!(subscription, Subscription::From | Subscription::Both) {
            self.requests.remove(&jid);
        }
        self.contacts.insert(jid, contact);
    }

    /// All contacts, with how present they are.
    pub(super) fn contacts_shown(&self) -> Vec<Contact> {
        let contacts = self.contacts.values();
        contacts
            .map(|contact| self.with_presence(contact))
            .collect()
    }

    fn with_presence(&self, contact: &Contact) -> Contact {
        let clients = self.seen.get(&contact.jid);
        let best = clients.and_then(|all| all.values().max_by_key(|seen| seen.priority));
        Contact {
            show: best.map(|seen| seen.show),
            status: best.and_then(|seen| seen.status.clone()),
            ..contact.clone()
        }
    }

    /// Writes a contact; the subscription is seen to when the list is written.
    pub(super) fn write_contact(&mut self, mut wish: ContactWish, new: bool, reply: Reply) {
        let jid = match contact_address(&wish.jid) {
            Ok(jid) => jid,
            Err(problem) => return self.answer(Some(reply), Err(problem)),
        };
        let known = self.contacts.get(&jid).cloned();
        match (new, &known) {
            (true, Some(_)) => return self.answer(Some(reply), Err(UserError::Exists)),
            (false, None) => return self.answer(Some(reply), Err(UserError::NoContact)),
            _ => {}
        }
        if new {
            wish.see = wish.see.or(Some(true));
            wish.show = wish.show.or(Some(true));
        }
        let known = known.unwrap_or_default();
        let mut item = element("item", ns::ROSTER).with("jid", &jid);
        if let Some(name) = wish.nickname.clone().or(known.nickname) {
            item = item.with("name", &clean(&name));
        }
        for group in wish.groups.clone().unwrap_or(known.groups) {
            item = item.and_text("group", ns::ROSTER, &clean(&group));
        }
        wish.jid = jid;
        let query = element("query", ns::ROSTER).and(item);
        let question = Question::Contact(Box::new(wish));
        self.ask(("set", None), query, (question, Some(reply)));
    }

    /// The list holds the contact: now the two are asked whether they want to see each other.
    pub(super) fn contact_written(&mut self, wish: &ContactWish, reply: Option<Reply>) {
        let subscription = self
            .contacts
            .get(&wish.jid)
            .map(|contact| contact.subscription);
        let subscription = subscription.unwrap_or_default();
        let sees = matches!(subscription, Subscription::To | Subscription::Both);
        let shows = matches!(subscription, Subscription::From | Subscription::Both);
        let waits = self.requests.contains_key(&wish.jid);
        let show = match wish.show {
            Some(true) if !shows => Some("subscribed"),
            Some(false) if shows || waits => Some("unsubscribed"),
            _ => None,
        };
        let see = match wish.see {
            Some(true) if !sees => Some("subscribe"),
            Some(false) if sees => Some("unsubscribe"),
            _ => None,
        };
        // Who waits for an answer has one now.
        if wish.show.is_some() {
            self.requests.remove(&wish.jid);
        }
        for kind in show.into_iter().chain(see) {
            self.send_kind(kind, &wish.jid);
        }
        let contact = match self.contacts.get(&wish.jid) {
            Some(contact) => self.with_presence(contact),
            // The push comes after the answer, with some servers.
            None => Contact {
                jid: wish.jid.clone(),
                nickname: wish.nickname.clone(),
                groups: wish.groups.clone().unwrap_or_default(),
                asked: wish.see == Some(true),
                ..Contact::default()
            },
        };
        self.answer(reply, Ok(Done::Contact(contact)));
    }

    /// A presence of this type to somebody's account.
    pub(super) fn send_kind(&mut self, kind: &str, to: &str) {
        let stanza = element("presence", ns::CLIENT)
            .with("type", kind)
            .with("to", to);
        self.send(stanza);
    }

    pub(super) fn remove_contact(&mut self, jid: &str, reply: Reply) {
        let jid = match contact_address(jid) {
            Ok(jid) => jid,
            Err(problem) => return self.answer(Some(reply), Err(problem)),
        };
        let waits = self.requests.remove(&jid).is_some();
        if waits {
            self.send_kind("unsubscribed", &jid);
        }
        if !self.contacts.contains_key(&jid) {
            let refused = waits.then_some(Done::Nothing);
            return self.answer(Some(reply), refused.ok_or(UserError::NoContact));
        }
        let item = element("item", ns::ROSTER)
            .with("jid", &jid)
            .with("subscription", "remove");
        let query = element("query", ns::ROSTER).and(item);
        self.ask(("set", None), query, (Question::Removal, Some(reply)));
    }
}

/// A contact may be a domain too (a service), never a resource.
fn contact_address(jid: &str) -> Result<String, UserError> {
    let address = text::address(jid)?;
    match address.resource {
        None => Ok(address.bare()),
        Some(_) => Err(UserError::BadAddress(jid.chars().take(200).collect())),
    }
}
