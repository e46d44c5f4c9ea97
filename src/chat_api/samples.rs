//! What bodies and answers look like, for the document: an example of each, made by the code that makes
//! the real ones, and its shape.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use crate::ids::Timestamp;
use crate::users::{
    Chatroom, Contact, ContactRequest, FoundUser, Occupant, OfferMade, PendingOffer, Profile,
    QueueLine, QueueState, SLOT_HEADERS, Said, Show, Slot, Subscription,
};

use super::accounts::Source;
use super::wire::entity::{self, Affiliated};
use super::wire::page::Preview;

/// Noon of a day.
const AT: Timestamp = Timestamp(1_767_960_000_000);
const ALICE: &str = "alice@example.org";
const ROOM: &str = "kitchen@conference.example.org";

/// A body that a route takes, by its method and its path below prefix, `/chat` and stream id.
pub fn body(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST", "/ask") => json!({
            "workgroup": "support", "userID": "visitor", "emailAddress": "visitor@example.org",
            "question": "What is the meaning of life?", "nickname": "Robin",
        }),
        ("PUT", "/ask/{user}") => json!({
            "body": "Hello",
            "attachments": [{"type": "image/png", "url": "https://files.example.org/a.png"}],
        }),
        ("POST", "/messages/{to}" | "/rooms/{room}") => json!({"body": "Hello", "order": 42}),
        ("POST" | "PUT", "/contacts" | "/contacts/{jid}") => json!({
            "jid": "bob@example.org", "nickname": "Bob", "subscriptionType": 3,
            "groups": {"group": ["Friends"]},
        }),
        ("POST", "/users") => json!({
            "username": "dora", "password": "correct horse", "name": "Dora",
            "email": "dora@example.org",
        }),
        ("POST", "/ask/admin") => json!({
            "name": "billing", "description": "Bills", "members": "expert,alice@example.org",
        }),
        ("PUT", "/users/{username}") => json!({"password": "another", "name": "Dora M."}),
        _ => return None,
    })
}

/// An answer of a route in JSON, by its method and its path as for [`body`]; `None` where the answer is
/// empty or no JSON.
pub fn answer(method: &str, path: &str) -> Option<Value> {
    let made = match (method, path) {
        ("GET", "/contacts") => entity::roster(&[contact()]),
        ("POST" | "PUT", "/contacts" | "/contacts/{jid}") => entity::contact(&contact()),
        ("GET", "/contacts/requests") => entity::requests(&[ContactRequest {
            jid: ALICE.to_owned(),
            words: Some("It is me".to_owned()),
        }]),
        ("GET", "/chat/users") => entity::users(&[found()]),
        ("GET", "/rooms") => entity::rooms(&[room()]),
        ("GET", "/rooms/{room}") => entity::room(&room(), &affiliated()),
        ("GET", "/rooms/{room}/participants") => entity::participants(&[occupant()]),
        ("GET", "/rooms/{room}/occupants") => entity::occupants(&[occupant()]),
        ("GET", "/rooms/{room}/chathistory") => entity::room_history(&[said()]),
        ("GET", "/messages") => entity::conversations(&[said()]),
        ("GET", "/assists") => entity::workgroups(&["support@workgroup.example.org".to_owned()]),
        ("GET", "/assists/queues" | "/assists/{workgroup}") => entity::queues(&[queue()]),
        ("GET", "/offers") => entity::offers(&[offer()]),
        ("GET", "/users") => entity::profiles(&[(&profile(), jid(), Some(Source::Made))]),
        ("GET", "/users/{username}") => entity::profile((&profile(), jid(), Some(Source::Made))),
        ("POST", "/ask/admin") => entity::group("billing", Some("Bills"), &[jid()]),
        ("POST", "/ask/admin/{workgroup}") => entity::group("billing", None, &[jid()]),
        ("GET", "/ask/upload/{user}/{file}/{size}") => entity::slot(&slot(), Some("image/png")),
        ("GET", "/ask/previewlink/{quality}/{url}") => entity::preview(&preview()),
        _ => return plain(method, path),
    };
    Some(made.plain())
}

/// Answers that are made where they are given.
fn plain(method: &str, path: &str) -> Option<Value> {
    let workgroup = json!({
        "name": "support", "jid": "support@workgroup.example.org", "title": "Front desk",
        "status": "open", "open": true, "waiting": 2, "queuePosition": 3, "averageWaitTime": 40,
    });
    Some(match (method, path) {
        ("POST", "/tickets") => json!({"ticket": "d2FybWxpbmU", "expiresIn": 60}),
        ("POST", "/ask") => json!({
            "workgroup": "support", "userID": "visitor", "emailAddress": "visitor@example.org",
            "question": "What is the meaning of life?", "nickname": "Robin", "agent": "ana",
            "product": "A", "company": "B", "state": "C", "country": "D", "status": "invited",
            "token": "d2FybWxpbmU", "events": "/sse/visitor?token=d2FybWxpbmU", "groupchat": ROOM,
            "url": "xmpp:kitchen@conference.example.org?join",
            "sender": "support@workgroup.example.org", "message": "An agent has come.",
        }),
        ("GET", "/ask/{user}") => json!({
            "workgroupJID": "support@workgroup.example.org", "inQueue": true, "available": true,
            "queuePosition": 1, "queueRemainingTime": 40, "status": "waiting", "groupchat": ROOM,
            "url": "xmpp:kitchen@conference.example.org?join",
        }),
        ("GET", "/ask/workgroups") => json!({"workgroup": [workgroup]}),
        ("GET", "/ask/workgroups/{workgroup}") => workgroup,
        _ => return None,
    })
}

/// The error entity.
pub fn error() -> Value {
    json!({
        "ressource": "/restapi/v1/ask", "resource": "/restapi/v1/ask",
        "message": "the field question is missing or not a text",
        "exception": "IllegalArgumentException",
    })
}

/// The shape of a sample, in which the keys of `required` have to be there.
pub fn shape(sample: &Value, required: &[&str]) -> Schema {
    let kind = |kind| ObjectBuilder::new().schema_type(kind);
    match sample {
        Value::Object(members) => {
            let object = members
                .iter()
                .fold(kind(Type::Object), |object, (key, value)| {
                    object.property(key, shape(value, &[]))
                });
            let needed = required
                .iter()
                .fold(object, |object, key| object.required(*key));
            Schema::Object(needed.build())
        }
        Value::Array(items) => {
            let item = items
                .first()
                .map_or_else(|| shape(&json!({}), &[]), |item| shape(item, &[]));
            Schema::Array(ArrayBuilder::new().items(RefOr::T(item)).build())
        }
        Value::Number(_) => Schema::Object(kind(Type::Integer).build()),
        Value::Bool(_) => Schema::Object(kind(Type::Boolean).build()),
        Value::String(_) | Value::Null => Schema::Object(kind(Type::String).build()),
    }
}

/// What has to be in a body.
pub fn required(method: &str, path: &str) -> &'static [&'static str] {
    match (method, path) {
        ("POST", "/ask") => &["workgroup", "userID", "emailAddress", "question"],
        ("POST", "/users") => &["username", "password"],
        ("POST", "/contacts") => &["jid"],
        ("POST", "/ask/admin") => &["name"],
        _ => &[],
    }
}

fn slot() -> Slot {
    let headers = SLOT_HEADERS.iter().map(|name| (*name, "…".to_owned()));
    Slot {
        put: "https://upload.example.org/1/a.png".to_owned(),
        get: "https://upload.example.org/1/a.png".to_owned(),
        headers: headers.collect(),
    }
}

fn preview() -> Preview {
    Preview {
        title: "A page".to_owned(),
        description: Some("What it is about.".to_owned()),
        image: url::Url::parse("https://www.example.org/a.png").ok(),
    }
}

fn jid() -> String {
    "dora@workgroup.example.org".to_owned()
}

fn profile() -> Profile {
    Profile {
        username: "dora".to_owned(),
        name: Some("Dora".to_owned()),
        email: Some("dora@example.org".to_owned()),
    }
}

fn contact() -> Contact {
    Contact {
        jid: "bob@example.org".to_owned(),
        nickname: Some("Bob".to_owned()),
        groups: vec!["Friends".to_owned()],
        subscription: Subscription::Both,
        asked: false,
        show: Some(Show::Away),
        status: Some("At lunch".to_owned()),
    }
}

fn found() -> FoundUser {
    FoundUser {
        jid: ALICE.to_owned(),
        username: "alice".to_owned(),
        name: Some("Alice".to_owned()),
        email: Some(ALICE.to_owned()),
        properties: BTreeMap::from([("colour".to_owned(), "blue".to_owned())]),
    }
}

fn room() -> Chatroom {
    let yes = Some(true);
    Chatroom {
        jid: ROOM.to_owned(),
        name: Some("Kitchen".to_owned()),
        description: Some("Cooks".to_owned()),
        subject: Some("Soup".to_owned()),
        created: Some(AT),
        occupants: Some(2),
        max_users: Some(30),
        persistent: yes,
        public: yes,
        members_only: Some(false),
        moderated: Some(false),
        password_protected: Some(false),
        non_anonymous: Some(false),
        occupants_change_subject: yes,
        occupants_invite: yes,
        archived: yes,
    }
}

fn affiliated() -> Affiliated {
    let somebody = vec![ALICE.to_owned()];
    Affiliated {
        owners: somebody.clone(),
        admins: somebody.clone(),
        members: somebody.clone(),
        outcasts: somebody,
    }
}

fn occupant() -> Occupant {
    Occupant {
        jid: format!("{ROOM}/Alice"),
        real: Some(ALICE.to_owned()),
        role: "participant".to_owned(),
        affiliation: "member".to_owned(),
    }
}

fn said() -> Said {
    Said {
        id: "1".to_owned(),
        from: format!("{ROOM}/Alice"),
        to: ROOM.to_owned(),
        kind: "groupchat".to_owned(),
        body: "Hello".to_owned(),
        at: AT,
        with: ROOM.to_owned(),
        in_room: true,
    }
}

fn queue() -> QueueState {
    QueueState {
        workgroup: "support@workgroup.example.org".to_owned(),
        name: "support".to_owned(),
        status: "open".to_owned(),
        average_wait: Some(Duration::from_secs(40)),
        oldest: Some(AT),
        chats: Some((1, 4)),
        users: vec![QueueLine {
            visitor: "v-1@workgroup.example.org".to_owned(),
            position: Some(1),
            wait: Some(Duration::from_secs(40)),
            since: Some(AT),
        }],
    }
}

fn offer() -> PendingOffer {
    let question = vec!["What is the meaning of life?".to_owned()];
    PendingOffer {
        offer: OfferMade {
            workgroup: "support@workgroup.example.org".to_owned(),
            id: "7f3a".to_owned(),
            visitor: "v-1@workgroup.example.org".to_owned(),
            metadata: BTreeMap::from([("question".to_owned(), question)]),
            timeout: Some(Duration::from_secs(20)),
        },
        at: AT,
    }
}
