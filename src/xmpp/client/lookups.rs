//! What services and rooms tell of themselves (XEP-0030, 0045 §6, 0055).

use minidom::Element;

use crate::users::{Affiliation, Chatroom, Done, FoundUser, Occupant};
use crate::xmpp::clean::clean;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, child_text, element};

use super::asked::Question;
use super::{Client, Reply, text};

impl Client {
    pub(super) fn list_rooms(&mut self, service: &str, search: Option<String>, reply: Reply) {
        match text::address(service) {
            Ok(service) => {
                let query = element("query", ns::DISCO_ITEMS);
                let question = (Question::Rooms(search), Some(reply));
                self.ask(("get", Some(&service.to_string())), query, question);
            }
            Err(problem) => self.answer(Some(reply), Err(problem)),
        }
    }

    pub(super) fn look_at_room(&mut self, room: &str, reply: Reply) {
        match text::bare_address(room) {
            Ok(room) => {
                let query = element("query", ns::DISCO_INFO);
                let question = (Question::Room(room.clone()), Some(reply));
                self.ask(("get", Some(&room)), query, question);
            }
            Err(problem) => self.answer(Some(reply), Err(problem)),
        }
    }

    /// The rooms that the user is in.
    pub(super) fn list_own_rooms(&mut self, reply: Reply) {
        let rooms = self.rooms.keys().filter(|room| self.is_in(room));
        let rooms = rooms.map(|jid| Chatroom {
            jid: jid.clone(),
            ..Chatroom::default()
        });
        let rooms = rooms.collect();
        self.answer(Some(reply), Ok(Done::Rooms(rooms)));
    }

    pub(super) fn list_affiliated(&mut self, room: &str, of: Affiliation, reply: Reply) {
        match text::bare_address(room) {
            Ok(room) => {
                let item = element("item", ns::MUC_ADMIN).with("affiliation", of.word());
                let query = element("query", ns::MUC_ADMIN).and(item);
                let question = (Question::Affiliated, Some(reply));
                self.ask(("get", Some(&room)), query, question);
            }
            Err(problem) => self.answer(Some(reply), Err(problem)),
        }
    }

    pub(super) fn list_occupants(&mut self, room: &str, reply: Reply) {
        let jid = match text::bare_address(room) {
            Ok(jid) => jid,
            Err(problem) => return self.answer(Some(reply), Err(problem)),
        };
        if let Some(room) = self.rooms.get(&jid).filter(|_| self.is_in(&jid)) {
            let all: Vec<Occupant> = room.occupants.values().cloned().collect();
            return self.answer(Some(reply), Ok(Done::Occupants(all)));
        }
        let query = element("query", ns::DISCO_ITEMS);
        let question = (Question::Occupants, Some(reply));
        self.ask(("get", Some(&jid)), query, question);
    }

    /// Asks the server's user search, in the form that Openfire's knows.
    pub(super) fn search_users(&mut self, words: &str, reply: Reply) {
        let words = match words.trim() {
            "" => "*",
            words => words,
        };
        let field = |var: &str, value: &str| {
            element("field", ns::DATA_FORMS).with("var", var).and_text(
                "value",
                ns::DATA_FORMS,
                &clean(value),
            )
        };
        let form = element("x", ns::DATA_FORMS)
            .with("type", "submit")
            .and(field("FORM_TYPE", ns::SEARCH))
            .and(field("search", words))
            .and(field("Username", "1"))
            .and(field("Name", "1"))
            .and(field("Email", "1"));
        let query = element("query", ns::SEARCH).and(form);
        let service = format!("search.{}", self.places.server);
        let question = (Question::Search, Some(reply));
        self.ask(("set", Some(&service)), query, question);
    }
}

/// The rooms of a list, those with `search` in their name.
pub(super) fn rooms(query: &Element, search: Option<&str>) -> Vec<Chatroom> {
    let items = query.children().filter_map(|item| {
        let jid = attr(item, "jid")?.to_owned();
        let name = attr(item, "name").map(str::to_owned);
        Some(Chatroom {
            jid,
            name,
            public: Some(true),
            ..Chatroom::default()
        })
    });
    items
        .filter(|room| room.is_called(search.unwrap_or_default()))
        .collect()
}

/// A room from its description.
pub(super) fn room(jid: &str, query: &Element) -> Chatroom {
    let has = |feature: &str| {
        query
            .children()
            .any(|child| child.name() == "feature" && attr(child, "var") == Some(feature))
    };
    let either = |yes: &str, no: &str| match (has(yes), has(no)) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let identity = child(query, "identity", ns::DISCO_INFO);
    let form = child(query, "x", ns::DATA_FORMS);
    let field = |name: &str| form.and_then(|form| value(form, name));
    let number = |name: &str| field(name).and_then(|text| text.trim().parse().ok());
    let flag = |name: &str| {
        field(name).map(|text| matches!(text.trim(), "1" | "true" | "anyone" | "participants"))
    };
    Chatroom {
        jid: jid.to_owned(),
        name: identity.and_then(|i| attr(i, "name")).map(str::to_owned),
        description: field("muc#roominfo_description"),
        subject: field("muc#roominfo_subject"),
        created: field("x-muc#roominfo_creationdate")
            .and_then(|text| text::time(&text).or_else(|| text::legacy_time(&text))),
        occupants: number("muc#roominfo_occupants"),
        max_users: number("muc#roomconfig_maxusers"),
        persistent: either("muc_persistent", "muc_temporary"),
        public: either("muc_public", "muc_hidden"),
        members_only: either("muc_membersonly", "muc_open"),
        moderated: either("muc_moderated", "muc_unmoderated"),
        password_protected: either("muc_passwordprotected", "muc_unsecured"),
        non_anonymous: either("muc_nonanonymous", "muc_semianonymous"),
        occupants_change_subject: flag("muc#roominfo_subjectmod")
            .or_else(|| flag("muc#roominfo_changesubject")),
        occupants_invite: flag("muc#roomconfig_allowinvites"),
        archived: Some(has(ns::MAM)),
    }
}

/// The text of a form's field.
fn value(form: &Element, name: &str) -> Option<String> {
    let mut fields = form.children();
    let field = fields.find(|field| attr(field, "var") == Some(name))?;
    child_text(field, "value", ns::DATA_FORMS)
}

/// Occupants as a room lists them to those who are not in it.
pub(super) fn occupants(query: &Element) -> Vec<Occupant> {
    let items = query.children().filter_map(|item| attr(item, "jid"));
    items
        .map(|jid| Occupant {
            jid: jid.to_owned(),
            ..Occupant::default()
        })
        .collect()
}

/// The addresses that a room tells of an affiliation.
pub(super) fn affiliated(query: &Element) -> Vec<String> {
    let items = query.children().filter_map(|item| attr(item, "jid"));
    let mut all: Vec<String> = items.map(str::to_owned).collect();
    all.sort();
    all
}

/// The users that a search found, in a form or in the old way.
pub(super) fn users(query: &Element) -> Vec<FoundUser> {
    let found = |jid: Option<String>, of: &dyn Fn(&str) -> Option<String>| {
        let jid = jid?;
        let username = jid.split('@').next().unwrap_or_default().to_owned();
        Some(FoundUser {
            username,
            name: of("Name").or_else(|| of("nick")),
            email: of("Email").or_else(|| of("email")),
            jid,
            ..FoundUser::default()
        })
    };
    match child(query, "x", ns::DATA_FORMS) {
        Some(form) => {
            let items = form.children().filter(|item| item.name() == "item");
            items
                .filter_map(|item| {
                    let of = |name: &str| value(item, name);
                    found(of("jid"), &of)
                })
                .collect()
        }
        None => {
            let items = query.children().filter(|item| item.name() == "item");
            items
                .filter_map(|item| {
                    let of = |name: &str| child_text(item, name, ns::SEARCH);
                    found(attr(item, "jid").map(str::to_owned), &of)
                })
                .collect()
        }
    }
}
