//! The documentation: complete, and without a request to anywhere else.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use warmline::users::{
    Chatroom, Contact, ContactRequest, Done, FoundUser, Occupant, Order, QueueState, Said, Slot,
    UserError,
};

use super::world::{Reply, World};

async fn get(world: &World, path: &str) -> Reply {
    Reply::of(world.request(Method::GET, path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_reference_is_in_the_document() {
    let world = World::new().await;
    let document = get(&world, "/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            told.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    for route in [
        "POST /chat/{username}/login",
        "POST /chat/{stream}/logoff",
        "POST /chat/presence",
        "POST /chat/{stream}/presence",
        "GET /chat/users",
        "GET /chat/contacts",
        "POST /chat/contacts/{jid}",
        "DELETE /chat/{stream}/contacts/{jid}",
        "PUT /chat/{stream}/contacts/{jid}",
        "GET /chat/messages",
        "GET /chat/{stream}/messages",
        "POST /chat/messages/{to}",
        "POST /chat/{stream}/chatstate/{state}/{to}",
        "GET /chat/rooms",
        "GET /chat/rooms/{room}/chathistory",
        "PUT /chat/rooms/{room}",
        "POST /chat/{stream}/rooms/{room}/{jid}",
        "DELETE /chat/rooms/{room}",
        "POST /chat/users/{property}",
        "POST /chat/xmpp",
        "GET /chat/{stream}/assists",
        "GET /chat/{stream}/assists/queues",
        "POST /chat/{stream}/assists/{workgroup}",
        "PUT /chat/assists/{workgroup}/{offer}",
        "DELETE /chat/assists/{workgroup}/{offer}",
        "POST /chat/{stream}/offer/{offer}",
        "DELETE /chat/{stream}/offer/{offer}",
        "POST /ask",
        "GET /ask/{user}",
        "POST /ask/{user}",
        "PUT /ask/{user}",
        "DELETE /ask/{user}",
        "GET /ask/workgroups",
        "GET /ask/workgroups/{workgroup}",
        "GET /users",
        "POST /users",
        "GET /users/{username}",
        "PUT /users/{username}",
        "DELETE /users/{username}",
        "POST /ask/admin",
        "GET /meet/{rest}",
    ] {
        let (method, path) = route.split_once(' ').unwrap();
        let route = format!("{method} /restapi/v1{path}");
        assert!(told.contains(&route), "{route} is not told");
    }
    assert!(told.contains("GET /sse/{user}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_there_and_ask_nobody_else() {
    let world = World::new().await;
    for path in [
        "/docs/",
        "/docs/start.js",
        "/docs/swagger-ui.css",
        "/docs/swagger-ui-bundle.js",
        "/apps/sse/index.html",
        "/apps/sse/events.js",
        "/apps/demo/index.html",
        "/apps/demo/visitor.html",
        "/apps/demo/agent.html",
        "/apps/demo/visitor.js",
        "/apps/demo/agent.js",
        "/apps/demo/common.js",
        "/apps/demo/style.css",
    ] {
        let reply = get(&world, path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.text.is_empty(), "{path}");
        assert!(
            reply
                .header("content-security-policy")
                .starts_with("default-src 'self'")
        );
        if path.ends_with(".html") || path.ends_with('/') {
            assert!(!reply.text.contains("//"), "{path} names another place");
        }
    }
    let short = get(&world, "/docs").await;
    assert_eq!((short.status, short.header("location")), (302, "/docs/"));
    assert_eq!(get(&world, "/apps/sse/?username=alice").await.status, 302);
}

/// A path of the document with somebody in each of its places.
fn filled(path: &str, stream: &str) -> String {
    [
        ("{stream}", stream),
        ("{user}", "visitor"),
        ("{username}", "dora"),
        ("{jid}", "bob@acme.example"),
        ("{to}", "bob@acme.example"),
        ("{room}", "kitchen"),
        ("{workgroup}", "support"),
        ("{file}", "a.png"),
        ("{size}", "10"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (part, with)| {
        path.replace(part, with)
    })
}

/// Where an answer has what the document's schema has not: the place.
fn beyond(answer: &Value, schema: &Value, place: &str) -> Option<String> {
    match answer {
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            let place = format!("{place}.{key}");
            match schema["properties"].get(key) {
                Some(schema) => beyond(value, schema, &place),
                None => Some(place),
            }
        }),
        Value::Array(items) => items
            .iter()
            .find_map(|item| beyond(item, &schema["items"], &format!("{place}[]"))),
        Value::Number(_) => (schema["type"] != "integer").then(|| place.to_owned()),
        Value::Bool(_) => (schema["type"] != "boolean").then(|| place.to_owned()),
        _ => (schema["type"] != "string").then(|| place.to_owned()),
    }
}

/// What people are given, one of each.
fn plenty(order: &Order) -> Result<Done, UserError> {
    Ok(match order {
        Order::Contacts => Done::Contacts(vec![Contact::default()]),
        Order::AddContact(_) | Order::UpdateContact(_) => Done::Contact(Contact::default()),
        Order::Requests => Done::Requests(vec![ContactRequest::default()]),
        Order::SearchUsers(_) => Done::Users(vec![FoundUser::default()]),
        Order::Rooms { .. } => Done::Rooms(vec![Chatroom::default()]),
        Order::Room(_) => Done::Room(Box::default()),
        Order::Affiliated { .. } => Done::Affiliated(vec!["ana@acme.example".into()]),
        Order::Occupants(_) => Done::Occupants(vec![Occupant::default()]),
        Order::RoomHistory(_) | Order::History(_) => Done::Lines(vec![Said::default()]),
        Order::Workgroups => Done::Workgroups(vec!["support@w.x".into()]),
        Order::Queues => Done::Queues(vec![QueueState::default()]),
        Order::Offers => Done::Offers(Vec::new()),
        Order::Slot(_) => Done::Slot(Slot {
            put: "https://upload.acme.example/1".into(),
            get: "https://upload.acme.example/1".into(),
            headers: vec![("Authorization", "x".into()), ("Expires", "y".into())],
        }),
        _ => Done::Nothing,
    })
}

/// Every example of a body is taken where it stands, and every answer has only keys that the document
/// has, of its types; every JSON answer of those routes is described.
#[tokio::test(flavor = "multi_thread")]
async fn examples_are_taken_and_answers_are_as_described() {
    let world = World::new().await;
    world.players.answer(plenty);
    let stream = world.login("alice").await;
    // Somebody who is called as the fixed word of a path.
    let form =
        r#"{"userID": "admin", "emailAddress": "a@b", "question": "?", "workgroup": "support"}"#;
    assert_eq!(world.master("POST", "/ask", form).await.status, 200);
    let document = get(&world, "/openapi.json").await.json();
    let (mut taken, mut described) = (0, 0);
    for method in ["post", "put", "get"] {
        for (path, item) in document["paths"].as_object().unwrap() {
            let operation = &item[method];
            if operation["tags"][0] != "chat API" || path.contains("{offer}") {
                continue;
            }
            let example = &operation["requestBody"]["content"]["application/json"]["example"];
            let answer = &operation["responses"]["2XX"]["content"]["application/json"]["schema"];
            if example.is_null() && answer.is_null() && method != "get" {
                continue;
            }
            let joint = if path.contains("/chat/") {
                "?username=alice"
            } else {
                ""
            };
            let target = format!("{}{joint}", filled(path, &stream));
            let body = if example.is_null() {
                String::new()
            } else {
                example.to_string()
            };
            let reply = world.master(&method.to_uppercase(), &target, &body).await;
            let place = format!("{method} {path}");
            if !example.is_null() {
                assert!(
                    reply.status < 300,
                    "{place}: {} {}",
                    reply.status,
                    reply.text
                );
                taken += 1;
            }
            if reply.status < 300 && reply.header("content-type").starts_with("application/json") {
                assert!(!answer.is_null(), "{place} is not described");
                assert_eq!(beyond(&reply.json(), answer, ""), None, "{place}");
                described += 1;
            }
        }
    }
    assert!(
        taken >= 12 && described >= 30,
        "{taken} taken, {described} described"
    );
}
