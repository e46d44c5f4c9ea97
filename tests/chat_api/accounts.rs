//! Users of our own domain that are made over the API.

use std::sync::atomic::Ordering;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use warmline::store::{Change, Put, Table};
use warmline::users::{ChatKind, Order, UserEvent, Written};

use super::players::PASSWORD;
use super::world::{Browser, CAROLS, MASTER, Reply, World};

const USERS: &str = "/restapi/v1/users";
const DORA: (&str, &str) = ("dora", "dora's first");

/// Her address.
const HER: &str = "dora@workgroup.acme.example";

pub fn said(body: &str) -> UserEvent {
    let written = Written {
        body: body.to_owned(),
        ..Written::default()
    };
    UserEvent::Chat(ChatKind::Chat, written)
}

async fn make(world: &World, body: &Value) -> Reply {
    world.master("POST", USERS, &body.to_string()).await
}

async fn dora(world: &World) -> Reply {
    make(
        world,
        &json!({"username": DORA.0, "password": DORA.1, "name": "Dora D.", "email": "d@acme.example"}),
    )
    .await
}

async fn contacts(world: &World, who: (&str, &str)) -> (u16, String) {
    let reply = world.user(who, "GET", "/chat/contacts").await;
    (reply.status, reply.header("x-session-kind").to_owned())
}

/// The status alone: a stream of events that is let through does not end.
async fn status(request: reqwest::RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

fn bridge() -> (u16, String) {
    (200, "bridge".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn made_changed_listed_deleted() {
    let world = World::new().await;
    assert_eq!(contacts(&world, DORA).await.0, 401, "she is nobody yet");
    let made = dora(&world).await;
    assert_eq!((made.status, made.text.as_str()), (201, ""));
    assert_eq!(contacts(&world, DORA).await, bridge());
    assert_eq!(dora(&world).await.status, 409);
    let one = world.master("GET", &format!("{USERS}/dora"), "").await;
    let expected = json!({
        "username": "dora", "name": "Dora D.", "email": "d@acme.example",
        "jid": "dora@workgroup.acme.example", "account": "made",
    });
    assert_eq!(one.json(), expected);
    world.login("alice").await;
    world.user(("carol", CAROLS), "GET", "/chat/contacts").await;
    let all = world.master("GET", USERS, "").await.json();
    let told = |user: &Value| (user["username"].clone(), user["account"].clone());
    let told: Vec<_> = all["user"].as_array().unwrap().iter().map(told).collect();
    let expected = [("alice", "none"), ("carol", "configured"), ("dora", "made")];
    assert_eq!(
        told,
        expected.map(|(name, kind)| (json!(name), json!(kind)))
    );
    let search = format!("{USERS}?search=*dor*");
    let found = world.master("GET", &search, "").await.json();
    assert_eq!(found["user"].as_array().map(Vec::len), Some(1));
    let body = json!({"password": "dora's second"}).to_string();
    let changed = world.master("PUT", &format!("{USERS}/dora"), &body).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(
        contacts(&world, DORA).await.0,
        401,
        "at once, though it was remembered"
    );
    assert_eq!(contacts(&world, ("dora", "dora's second")).await, bridge());
    let kept = world.master("GET", &format!("{USERS}/dora"), "").await;
    assert_eq!(kept.json()["name"], "Dora D.");
    let gone = world.master("DELETE", &format!("{USERS}/dora"), "").await;
    assert_eq!(gone.status, 200);
    assert_eq!(contacts(&world, ("dora", "dora's second")).await.0, 401);
    for method in ["GET", "PUT", "DELETE"] {
        let reply = world.master(method, &format!("{USERS}/dora"), "{}").await;
        assert_eq!(reply.status, 404, "{method}");
        assert_eq!(reply.json()["exception"], "UserNotFoundException");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_outlive_a_restart_and_their_passwords_stand_nowhere() {
    let world = World::new().await;
    assert_eq!(dora(&world).await.status, 201);
    let world = world.restart().await;
    assert_eq!(contacts(&world, DORA).await, bridge());
    assert_eq!(contacts(&world, ("dora", "wrong")).await.0, 401);
    let mut rows = Vec::new();
    for table in Table::ALL {
        let values = world.store.load(*table).await.unwrap().into_iter();
        rows.extend(values.map(|row| String::from_utf8_lossy(&row.value).into_owned()));
    }
    assert!(rows.iter().any(|row| row.contains("$argon2id$")));
    assert!(!rows.iter().any(|row| row.contains(DORA.1)), "{rows:?}");
}

/// In the moments after a restart, while others' sessions are taken up first.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_deleted_does_not_come_back_by_a_session_of_before() {
    let world = World::new().await;
    dora(&world).await;
    let of_before = Put {
        table: Table::Grant,
        group: "session".to_owned(),
        key: "not taken up yet".to_owned(),
        value: json!({"user": HER, "resource": "desk"}).to_string().into(),
        expires: None,
    };
    let stored = world.store.commit(vec![Change::Put(of_before)]).await;
    stored.unwrap();
    let deleted = world.master("DELETE", &format!("{USERS}/dora"), "").await;
    assert_eq!(deleted.status, 200, "{}", deleted.text);
    let logins = world.players.logins.load(Ordering::SeqCst);
    let world = world.restart().await;
    assert_eq!(world.players.logins.load(Ordering::SeqCst), logins);
    let one = world.master("GET", &format!("{USERS}/dora"), "").await;
    assert_eq!(one.status, 404, "{}", one.text);
}

/// The session, its stream ids, streams of events, tickets, cookies, and what was shown.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_ends_all_that_the_user_has() {
    let world = World::new().await;
    dora(&world).await;
    let stream = world.login("dora").await;
    // After a restart she has two stream ids.
    let world = world.restart().await;
    let second = world.login("dora").await;
    assert_ne!(stream, second);
    let ticket = world.user(DORA, "POST", "/chat/tickets").await.json()["ticket"].clone();
    let path = format!("/sse/dora?token={}", ticket.as_str().unwrap());
    let mut browser = Browser::open(world.request(Method::GET, &path)).await;
    let cookie = browser.response.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    world.players.happens(HER, said("to the first one"));
    assert_eq!(browser.told().await.data["body"], "to the first one");
    let gone = world.master("DELETE", &format!("{USERS}/dora"), "").await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    let mut last = None;
    while let Some(event) = browser.next().await {
        last = Some(event);
    }
    assert_eq!(last.expect("a last event").data["reason"], "deleted");
    assert!(!world.players.is_open(HER));
    for stream in [&stream, &second] {
        let reply = world
            .master("GET", &format!("/chat/{stream}/contacts"), "")
            .await;
        assert_eq!(reply.status, 404);
    }
    // Somebody else gets the name, and nothing of hers.
    dora(&world).await;
    world.login("dora").await;
    for request in [
        world.request(Method::GET, &path),
        world
            .request(Method::GET, "/sse/dora")
            .header("Cookie", &cookie),
        world.request(Method::GET, &format!("/sse/dora?token={second}")),
    ] {
        assert_eq!(status(request).await, 401);
    }
    let mut fresh = world.watch("dora", Some(1)).await;
    world.players.happens(HER, said("to the next one"));
    assert_eq!(fresh.told().await.data["body"], "to the next one");
    let world = world.restart().await;
    for stream in [&stream, &second] {
        let path = format!("/chat/{stream}/contacts");
        let again = world.master("GET", &path, "").await;
        assert_eq!(again.status, 404, "not taken up again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_makes_tickets_and_cookies_void() {
    let world = World::new().await;
    dora(&world).await;
    let stream = world.user(DORA, "POST", "/chat/dora/login").await.text;
    let ticket = world.user(DORA, "POST", "/chat/tickets").await.json()["ticket"].clone();
    let path = format!("/sse/dora?token={}", ticket.as_str().unwrap());
    Browser::open(world.request(Method::GET, &path)).await;
    let body = json!({"password": "another"}).to_string();
    world.master("PUT", &format!("{USERS}/dora"), &body).await;
    assert_eq!(status(world.request(Method::GET, &path)).await, 401);
    let path = format!("/chat/{stream}/contacts");
    let reply = world.user(("dora", "another"), "GET", &path).await;
    assert_eq!(reply.status, 200, "the session goes on");
    let fresh = world
        .user(("dora", "another"), "POST", "/chat/tickets")
        .await;
    let path = format!(
        "/sse/dora?token={}",
        fresh.json()["ticket"].as_str().unwrap()
    );
    Browser::open(world.request(Method::GET, &path)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_with_the_master_secret_and_only_below_a_prefix() {
    let world = World::new().await;
    dora(&world).await;
    let calls = [
        ("GET", USERS.to_owned()),
        ("POST", USERS.to_owned()),
        ("GET", format!("{USERS}/dora")),
        ("PUT", format!("{USERS}/dora")),
        ("DELETE", format!("{USERS}/dora")),
    ];
    for (method, path) in &calls {
        for who in [("carol", CAROLS), ("robin", PASSWORD), DORA] {
            let reply = world.user(who, method, path).await;
            assert_eq!(reply.status, 403, "{method} {path} as {who:?}");
            assert!(!reply.text.contains("Dora"), "{}", reply.text);
        }
        let bearer = world.request(method.parse().unwrap(), path);
        let bearer = Reply::of(bearer.header(AUTHORIZATION, "Bearer x")).await;
        assert_eq!(bearer.status, 403, "{method} {path}");
        let bare = path.strip_prefix("/restapi/v1").unwrap();
        assert_eq!(world.master(method, bare, "{}").await.status, 404);
    }
    assert_eq!(contacts(&world, DORA).await, bridge());
    let roster = world
        .master("GET", &format!("{USERS}/dora/roster"), "")
        .await;
    assert_eq!(roster.status, 501);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_user_is_refused_by_its_field() {
    let world = World::new().await;
    let long = "x".repeat(1_001);
    for (body, status, why) in [
        (json!({"username": "dora"}), 400, "password"),
        (json!({"password": "x"}), 400, "username"),
        (json!({"username": "", "password": "x"}), 400, "username"),
        (json!({"username": "dora", "password": ""}), 400, "password"),
        (json!({"username": "dora", "password": 5}), 400, "password"),
        (
            json!({"username": "dora", "password": long}),
            400,
            "password",
        ),
        (
            json!({"username": "v-1", "password": "x"}),
            400,
            "name of a user",
        ),
        (
            json!({"username": "a b", "password": "x"}),
            400,
            "name of a user",
        ),
        (
            json!({"username": "dora", "password": "x", "properties": {"property": []}}),
            400,
            "properties",
        ),
        (json!([1]), 400, "JSON"),
        (
            json!({"username": "carol", "password": "x"}),
            409,
            "already",
        ),
    ] {
        let reply = make(&world, &body).await;
        assert_eq!(reply.status, status, "{body}");
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(why), "{body}: {message}");
        assert!(!message.contains(&long), "no value is repeated");
    }
    let carol = format!("{USERS}/carol");
    world.login("carol").await;
    let body = r#"{"password": "mine"}"#;
    for (method, body) in [("PUT", body), ("DELETE", "")] {
        let reply = world.master(method, &carol, body).await;
        assert_eq!(
            reply.status, 409,
            "{method}: she stands in the configuration"
        );
    }
    assert_eq!(contacts(&world, ("carol", CAROLS)).await, bridge());
}

/// Whoever has a password of the XMPP server's and then gets one here is the one here from then on.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_means_ours_as_soon_as_it_is_made() {
    let world = World::new().await;
    let outside = ("robin", PASSWORD);
    assert_eq!(contacts(&world, outside).await, (200, "c2s".to_owned()));
    let made = make(&world, &json!({"username": "robin", "password": "ours"})).await;
    assert_eq!(made.status, 201);
    assert_eq!(contacts(&world, outside).await.0, 401);
    assert_eq!(contacts(&world, ("robin", "ours")).await, bridge());
    let full = ("robin@acme.example", PASSWORD);
    assert_eq!(contacts(&world, full).await, (200, "c2s".to_owned()));
}

/// A call with the master secret whose body is XML by its type.
async fn with_xml(world: &World, (method, path): (&str, &str), body: &str) -> Reply {
    let request = world.request(method.parse().unwrap(), path);
    let request = request
        .header(AUTHORIZATION, MASTER)
        .header(CONTENT_TYPE, "application/xml; charset=UTF-8");
    Reply::of(request.body(body.to_owned())).await
}

/// The original's entities may be XML, in both directions.
#[tokio::test(flavor = "multi_thread")]
async fn entities_are_taken_as_xml_too() {
    let world = World::new().await;
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
    let user = format!("{head}<user><username>dora</username><password>a &lt; b</password></user>");
    let made = with_xml(&world, ("POST", USERS), &user).await;
    assert_eq!(made.status, 201);
    assert_eq!(contacts(&world, ("dora", "a < b")).await, bridge());
    let item = format!(
        "{head}<rosterItem><jid>bob@acme.example</jid><nickname>B</nickname>\
         <subscriptionType>3</subscriptionType><groups><group>g</group></groups></rosterItem>"
    );
    let path = "/chat/contacts?username=alice";
    let added = with_xml(&world, ("POST", path), &item).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let (_, order) = world
        .players
        .orders
        .lock()
        .unwrap()
        .last()
        .cloned()
        .unwrap();
    let Order::AddContact(wish) = order else {
        panic!("{order:?}");
    };
    assert_eq!(wish.jid, "bob@acme.example");
    assert_eq!(wish.nickname.as_deref(), Some("B"));
    assert_eq!(wish.groups, Some(vec!["g".to_owned()]));
    assert_eq!((wish.see, wish.show), (Some(true), Some(true)));
    let ask = "<assist><emailAddress>v@h.example</emailAddress><userID>vera</userID>\
               <question>What?</question><workgroup>support</workgroup></assist>";
    let asked = with_xml(&world, ("POST", "/ask"), ask).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    assert_eq!(asked.json()["question"], "What?");
    let request = world.request(Method::POST, "/ask").body(ask);
    let asked = Reply::of(request.header(CONTENT_TYPE, "text/xml")).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_taken_as_xml_without_what_could_hurt() {
    let world = World::new().await;
    let deep = format!("<assist>{}", "<a>".repeat(10_000));
    let many = "<a/>".repeat(2_000);
    for bad in [
        "<!DOCTYPE assist [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><assist>&x;</assist>",
        "<user/>",
        "<assist>",
        "{}",
        deep.as_str(),
        many.as_str(),
    ] {
        let reply = with_xml(&world, ("POST", "/ask"), bad).await;
        assert_eq!(reply.status, 400);
        assert!(reply.json()["message"].is_string());
    }
    // Words are no entities: what is sent to people stays as it is written.
    let path = "/chat/messages/bob@acme.example?username=alice";
    let said = with_xml(&world, ("POST", path), "<b>hi</b>").await;
    assert_eq!(said.status, 200);
}
