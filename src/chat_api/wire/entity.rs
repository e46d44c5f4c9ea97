//! What orders come back with, as entities (chat API §1.10).

use std::collections::BTreeMap;

use crate::chat_api::accounts::Source;
use crate::ids::Timestamp;
use crate::users::{
    Chatroom, Contact, ContactRequest, FoundUser, Occupant, PendingOffer, Profile, QueueState,
    Said, Show, Slot,
};

use super::iso;
use super::node::{Entity, Node};
use super::page::Preview;

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

fn moment(at: Option<Timestamp>) -> Node {
    at.map_or(Node::Nothing, |at| Node::Text(iso(at)))
}

fn number(number: impl TryInto<i64>) -> Node {
    Node::Number(number.try_into().unwrap_or(i64::MAX))
}

fn many(root: &'static str, item: &'static str, items: Vec<Node>) -> Entity {
    Entity {
        root,
        keys: vec![(item, Node::Many(items))],
    }
}

/// `roster`
pub fn roster(contacts: &[Contact]) -> Entity {
    let items = contacts.iter().map(roster_item).collect();
    many("roster", "rosterItem", items)
}

fn roster_item(contact: &Contact) -> Node {
    // The original never said that somebody is offline; this does.
    let show = contact.show.filter(|show| *show != Show::Offline);
    Node::Object(vec![
        ("jid", text(&contact.jid)),
        ("nickname", Node::maybe(contact.nickname.as_deref())),
        (
            "subscriptionType",
            Node::Number(i64::from(contact.subscription.number())),
        ),
        ("groups", Node::texts("group", &contact.groups)),
        ("show", text(show.map_or("unavailable", Show::word))),
        ("status", Node::maybe(contact.status.as_deref())),
        ("asked", Node::Flag(contact.asked)),
    ])
}

/// `requests`, an extension: who asks to see the user and waits for an answer.
pub fn requests(waiting: &[ContactRequest]) -> Entity {
    let items = waiting.iter().map(|request| {
        Node::Object(vec![
            ("jid", text(&request.jid)),
            ("status", Node::maybe(request.words.as_deref())),
        ])
    });
    many("requests", "request", items.collect())
}

/// `rosterItem`
pub fn contact(contact: &Contact) -> Entity {
    let keys = match roster_item(contact) {
        Node::Object(keys) => keys,
        _ => Vec::new(),
    };
    Entity {
        root: "rosterItem",
        keys,
    }
}

/// `users`
pub fn users(found: &[FoundUser]) -> Entity {
    let items = found.iter().map(|user| {
        Node::Object(vec![
            ("username", text(&user.username)),
            ("name", Node::maybe(user.name.as_deref())),
            ("email", Node::maybe(user.email.as_deref())),
            ("properties", properties(&user.properties)),
            ("jid", text(&user.jid)),
        ])
    });
    many("users", "user", items.collect())
}

/// A user of our own domain, the address, and where the password comes from, if there is one.
pub type Known<'a> = (&'a Profile, String, Option<Source>);

/// `users`, for whoever administers them.
pub fn profiles(users: &[Known<'_>]) -> Entity {
    let items = users.iter().map(|user| Node::Object(profile_keys(user)));
    many("users", "user", items.collect())
}

/// `user`
pub fn profile(user: Known<'_>) -> Entity {
    Entity {
        root: "user",
        keys: profile_keys(&user),
    }
}

fn profile_keys((user, jid, source): &Known<'_>) -> Vec<(&'static str, Node)> {
    vec![
        ("username", text(&user.username)),
        ("name", Node::maybe(user.name.as_deref())),
        ("email", Node::maybe(user.email.as_deref())),
        ("jid", text(jid)),
        ("account", text(source.map_or("none", Source::word))),
    ]
}

fn properties(all: &BTreeMap<String, String>) -> Node {
    let items = all.iter().map(|(key, value)| {
        Node::Object(vec![
            ("key", Node::Attribute(key.clone())),
            ("value", Node::Attribute(value.clone())),
        ])
    });
    Node::list("property", items.collect())
}

/// `chatRooms`
pub fn rooms(rooms: &[Chatroom]) -> Entity {
    let nobody = Affiliated::default();
    let items = rooms
        .iter()
        .map(|room| Node::Object(room_keys(room, &nobody)));
    many("chatRooms", "chatRoom", items.collect())
}

/// `chatRoom`
pub fn room(room: &Chatroom, affiliated: &Affiliated) -> Entity {
    Entity {
        root: "chatRoom",
        keys: room_keys(room, affiliated),
    }
}

/// Bare addresses of those who have an affiliation with a room, as far as the room tells them.
#[derive(Debug, Default)]
pub struct Affiliated {
    /// Owners.
    pub owners: Vec<String>,
    /// Administrators.
    pub admins: Vec<String>,
    /// Members.
    pub members: Vec<String>,
    /// Who may not enter.
    pub outcasts: Vec<String>,
}

fn room_keys(room: &Chatroom, affiliated: &Affiliated) -> Vec<(&'static str, Node)> {
    let name = room.jid.split_once('@').map_or("", |(name, _)| name);
    vec![
        ("roomName", text(name)),
        ("naturalName", Node::maybe(room.name.as_deref())),
        ("description", Node::maybe(room.description.as_deref())),
        ("subject", Node::maybe(room.subject.as_deref())),
        ("creationDate", moment(room.created)),
        ("maxUsers", room.max_users.map_or(Node::Nothing, number)),
        ("persistent", Node::maybe_flag(room.persistent)),
        ("publicRoom", Node::maybe_flag(room.public)),
        ("canAnyoneDiscoverJID", Node::maybe_flag(room.non_anonymous)),
        (
            "canOccupantsChangeSubject",
            Node::maybe_flag(room.occupants_change_subject),
        ),
        (
            "canOccupantsInvite",
            Node::maybe_flag(room.occupants_invite),
        ),
        ("logEnabled", Node::maybe_flag(room.archived)),
        ("membersOnly", Node::maybe_flag(room.members_only)),
        ("moderated", Node::maybe_flag(room.moderated)),
        (
            "passwordProtected",
            Node::maybe_flag(room.password_protected),
        ),
        ("occupants", room.occupants.map_or(Node::Nothing, number)),
        ("jid", text(&room.jid)),
        ("owners", Node::texts("owner", &affiliated.owners)),
        ("admins", Node::texts("admin", &affiliated.admins)),
        ("members", Node::texts("member", &affiliated.members)),
        ("outcasts", Node::texts("outcast", &affiliated.outcasts)),
    ]
}

/// `participants`
pub fn participants(inside: &[Occupant]) -> Entity {
    let items = inside.iter().map(|one| {
        Node::Object(vec![
            ("jid", text(&one.jid)),
            ("role", text(&one.role)),
            ("affiliation", text(&one.affiliation)),
        ])
    });
    many("participants", "participant", items.collect())
}

/// `occupants`
pub fn occupants(inside: &[Occupant]) -> Entity {
    let items = inside.iter().map(|one| {
        Node::Object(vec![
            ("jid", text(&one.jid)),
            ("userAddress", Node::maybe(one.real.as_deref())),
            ("role", text(&one.role)),
            ("affiliation", text(&one.affiliation)),
        ])
    });
    many("occupants", "occupant", items.collect())
}

/// `messages`: what was said in a room.
pub fn room_history(lines: &[Said]) -> Entity {
    let items = lines.iter().map(|line| {
        Node::Object(vec![
            ("to", text(&line.to)),
            ("from", text(&line.from)),
            ("type", text(&line.kind)),
            ("body", text(&line.body)),
            ("delay_stamp", Node::Text(iso(line.at))),
            ("delay_from", text(&line.with)),
        ])
    });
    many("messages", "message", items.collect())
}

/// What was said, by the other side.
pub fn talks(lines: &[Said]) -> Vec<(&str, Vec<&Said>)> {
    let mut talks: Vec<(&str, Vec<&Said>)> = Vec::new();
    for line in lines {
        match talks.iter_mut().find(|(with, _)| *with == line.with) {
            Some((_, lines)) => lines.push(line),
            None => talks.push((&line.with, vec![line])),
        }
    }
    talks
}

/// `conversations`: what was said, by the other side.
pub fn conversations(lines: &[Said]) -> Entity {
    let talks = talks(lines);
    let numbered = talks.iter().zip(1..);
    let items = numbered.map(|((with, lines), id)| conversation(id, with, lines));
    many("conversations", "conversation", items.collect())
}

fn conversation(id: i64, with: &str, lines: &[&Said]) -> Node {
    let mut people: Vec<String> = Vec::new();
    for person in lines.iter().flat_map(|line| [&line.from, &line.to]) {
        if !person.is_empty() && !people.contains(person) {
            people.push(person.clone());
        }
    }
    let messages = lines.iter().map(|line| {
        Node::Object(vec![
            ("conversationID", Node::Number(id)),
            ("from", text(&line.from)),
            ("to", text(&line.to)),
            ("sentDate", Node::Text(iso(line.at))),
            ("body", text(&line.body)),
            ("roomEvent", Node::Flag(false)),
        ])
    });
    let in_room = lines.first().is_some_and(|line| line.in_room);
    let room = if in_room { text(with) } else { Node::Nothing };
    let people = people.into_iter().map(Node::Text).collect();
    Node::Object(vec![
        ("conversationID", Node::Number(id)),
        ("external", Node::Flag(false)),
        ("startDate", moment(lines.first().map(|line| line.at))),
        ("lastActivity", moment(lines.last().map(|line| line.at))),
        ("messageCount", number(lines.len())),
        ("chatRoom", room),
        ("participantList", Node::Many(people)),
        ("messages", Node::list("message", messages.collect())),
    ])
}

/// `workgroups`
pub fn workgroups(addresses: &[String]) -> Entity {
    let items = addresses.iter().map(|address| text(address)).collect();
    many("workgroups", "workgroup", items)
}

/// `group`: a workgroup as it was ordered, its members by their addresses.
pub fn group(name: &str, description: Option<&str>, members: &[String]) -> Entity {
    Entity {
        root: "group",
        keys: vec![
            ("name", text(name)),
            ("description", Node::maybe(description)),
            ("members", text(&members.join(","))),
        ],
    }
}

/// `queues`
pub fn queues(queues: &[QueueState]) -> Entity {
    many("queues", "queue", queues.iter().map(queue).collect())
}

fn queue(state: &QueueState) -> Node {
    let users = state.users.iter().map(|line| {
        Node::Object(vec![
            ("userID", text(&line.visitor)),
            (
                "queuePosition",
                Node::Number(line.position.map_or(-1, i64::from)),
            ),
            (
                "estimatedTime",
                line.wait.map_or(Node::Number(-1), |w| number(w.as_secs())),
            ),
            ("joinDate", moment(line.since)),
        ])
    });
    let (current, most) = state.chats.unwrap_or_default();
    let average = state.average_wait;
    Node::Object(vec![
        ("name", text(&state.name)),
        ("workgroup", text(&state.workgroup)),
        ("status", text(&state.status)),
        (
            "averageWaitTime",
            average.map_or(Node::Number(-1), |wait| number(wait.as_secs())),
        ),
        ("oldestEntry", moment(state.oldest)),
        ("maxChats", number(most)),
        ("currentChats", number(current)),
        ("users", Node::list("user", users.collect())),
    ])
}

/// `offers`: an extension.
pub fn offers(open: &[PendingOffer]) -> Entity {
    let items = open.iter().map(|pending| {
        let fields = pending.offer.metadata.iter();
        let fields = fields.map(|(key, values)| {
            let first = values.first().cloned().unwrap_or_default();
            Node::Object(vec![
                ("key", Node::Attribute(key.clone())),
                ("value", Node::Attribute(first)),
            ])
        });
        let left = pending.offer.timeout;
        Node::Object(vec![
            ("workgroup", text(&pending.offer.workgroup)),
            ("id", text(&pending.offer.id)),
            ("from", text(&pending.offer.visitor)),
            ("metaData", Node::list("field", fields.collect())),
            (
                "timeout",
                left.map_or(Node::Nothing, |left| number(left.as_secs())),
            ),
            ("offeredAt", Node::Text(iso(pending.at))),
        ])
    });
    many("offers", "offer", items.collect())
}
/// A place for a file: the source's two keys, and, as an extension, what the `PUT` must carry.
pub fn slot(slot: &Slot, kind: Option<&str>) -> Entity {
    let headers = slot.headers.iter();
    let headers = headers.map(|(name, value)| (*name, text(value)));
    Entity {
        root: "upload",
        keys: vec![
            ("get", text(&slot.get)),
            ("put", text(&slot.put)),
            ("headers", Node::Object(headers.collect())),
            ("contentType", Node::maybe(kind)),
        ],
    }
}

/// A preview of a page.
pub fn preview(page: &Preview) -> Entity {
    let image = page.image.as_ref().map(url::Url::as_str);
    Entity {
        root: "preview",
        keys: vec![
            ("title", text(&page.title)),
            ("image", Node::maybe(image)),
            ("descriptionShort", Node::maybe(page.description.as_deref())),
        ],
    }
}
