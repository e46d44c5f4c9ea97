//! The error entity, its statuses, what cannot be done, and bad input.

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, ORIGIN};
use serde_json::json;
use std::time::Duration;

use warmline::users::{BadStanza, NoSlot, Order, UserError};

use super::world::{MASTER, Reply, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_entity_is_there_whatever_accept_says() {
    let world = World::new().await;
    for accept in ["*/*", "text/plain", "text/html", "application/json", ""] {
        let request = world.request(Method::GET, "/restapi/v1/chat/ofchat-1288391/contacts");
        let request = request.header(AUTHORIZATION, MASTER).header(ACCEPT, accept);
        let reply = Reply::of(request).await;
        assert_eq!(reply.status, 404);
        let path = "/restapi/v1/chat/ofchat-1288391/contacts";
        let expected = json!({
            "ressource": path, "resource": path,
            "message": "xmpp connection not found: no session has this stream id",
            "exception": "UserNotFoundException",
        });
        assert_eq!(reply.json(), expected, "{accept}");
    }
    let request = world.request(Method::GET, "/chat/ofchat-1/contacts");
    let request = request.header(AUTHORIZATION, MASTER);
    let xml = Reply::of(request.header(ACCEPT, "application/xml")).await;
    assert!(
        xml.text
            .contains("<error><ressource>/chat/ofchat-1/contacts</ressource>")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_a_session_has_its_status() {
    let world = World::new().await;
    let stream = world.login("alice").await;
    let path = format!("/restapi/v1/chat/{stream}/xmpp");
    let refusals = [
        (UserError::NotJoined, 400),
        (UserError::NoRoom, 404),
        (UserError::Exists, 409),
        (UserError::NickTaken, 409),
        (UserError::Forbidden("not an agent".into()), 403),
        (UserError::NoContact, 404),
        (UserError::NoOffer, 404),
        (UserError::NoWorkgroup, 404),
        (UserError::BadStanza(BadStanza::NotOne), 400),
        (UserError::BadAddress("x".into()), 400),
        (UserError::TooLarge, 413),
        (UserError::Unsupported("not here"), 501),
        (UserError::NotConnected, 503),
        (UserError::TimedOut, 504),
        (NoSlot::TurnedOff.into(), 501),
        (NoSlot::NoService.into(), 501),
        (NoSlot::Away.into(), 503),
        (NoSlot::TooLarge(Some(20_000)).into(), 413),
        (NoSlot::Refused("forbidden".into()).into(), 403),
        (NoSlot::BadRequest("bad-request".into()).into(), 400),
        (NoSlot::Full("quota".into(), None).into(), 503),
        (
            NoSlot::Full("quota".into(), Some(Duration::from_secs(90))).into(),
            429,
        ),
        (NoSlot::Nonsense.into(), 502),
    ];
    for (refusal, status) in refusals {
        let text = refusal.to_string();
        world.players.answer(move |_| Err(refusal.clone()));
        let reply = world.master("POST", &path, "<presence/>").await;
        assert_eq!(reply.status, status, "{text}");
        assert_eq!(reply.json()["message"], text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_says_why() {
    let world = World::new().await;
    let refused = [
        ("GET", "/restapi/v1/chat/certificate"),
        ("GET", "/ask/previewlink/3/aHR0cDovLzEwLjAuMC4x"),
        ("GET", "/restapi/v1/meet/webpush/alice"),
        ("POST", "/restapi/v1/lockouts/alice"),
        ("POST", "/restapi/v1/userservice"),
        ("GET", "/restapi/v1/users/alice/roster"),
        ("GET", "/restapi/v1/bookmarks"),
        ("GET", "/restapi/v1/system/properties"),
        ("POST", "/restapi/v1/messageblast/sendblast"),
    ];
    for (method, path) in refused {
        let without = world.request(method.parse().unwrap(), path);
        assert_eq!(Reply::of(without).await.status, 401, "{path}");
        let reply = world.master(method, path, "").await;
        if path.ends_with("certificate") {
            assert_eq!(reply.status, 400, "it is a user's");
            continue;
        }
        assert_eq!(reply.status, 501, "{path}: {}", reply.text);
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("not possible here: "), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_and_broken_bodies() {
    let world = World::new().await;
    let stream = world.login("alice").await;
    let at = |path: &str| format!("/restapi/v1/chat/{stream}{path}");
    assert_eq!(
        world.master("GET", "/restapi/v1/nowhere", "").await.status,
        404
    );
    let wrong = world
        .master("DELETE", "/restapi/v1/chat/alice/login", "")
        .await;
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, "POST, OPTIONS")
    );
    for (path, body) in [
        ("/contacts", "{"),
        ("/contacts", "[]"),
        ("/contacts", "{}"),
        ("/messages/a@b", " "),
    ] {
        let reply = world.master("POST", &at(path), body).await;
        assert_eq!(reply.status, 400, "{path} {body:?}");
        assert!(reply.json()["message"].is_string());
    }
    let request = world.request(Method::POST, &at("/messages/a@b"));
    let request = request.header(AUTHORIZATION, MASTER).body(vec![0xff, 0xfe]);
    assert_eq!(Reply::of(request).await.status, 400);
    for odd in ["a%20b", "%C2%A7", "a..b", "-%00"] {
        let reply = world
            .master("GET", &format!("/chat/rooms?service={odd}"), "")
            .await;
        assert_eq!(reply.status, 400, "{odd}");
    }
    let spelt = world
        .master("GET", "/chat/rooms/Stra%C3%9Fe/occupants", "")
        .await;
    assert_eq!(spelt.status, 200);
    let last = world.players.orders.lock().unwrap().last().cloned();
    let expected = Order::Occupants("strasse@rooms.acme.example".into());
    assert_eq!(last.map(|(_, order)| order), Some(expected));
    assert_eq!(
        world.master("GET", "/chat/rooms/a%20b", "").await.status,
        400
    );
    let large = "x".repeat(1024 * 1024 + 1);
    assert_eq!(
        world
            .master("POST", &at("/messages/a@b"), &large)
            .await
            .status,
        413
    );
    let deep = "[".repeat(10_000);
    assert_eq!(
        world.master("POST", &at("/contacts"), &deep).await.status,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_origins_are_let_in() {
    let world = World::new().await;
    let ask = async |origin: &str| {
        let path = "/restapi/v1/chat/alice/login";
        let request = world.request(Method::OPTIONS, path).header(ORIGIN, origin);
        Reply::of(request).await
    };
    let ours = ask("https://www.acme.example").await;
    assert_eq!(ours.status, 204);
    assert_eq!(
        ours.header("access-control-allow-origin"),
        "https://www.acme.example"
    );
    assert_eq!(ours.header("access-control-allow-methods"), "POST, OPTIONS");
    assert!(
        ours.header("access-control-allow-headers")
            .contains("Authorization")
    );
    assert_eq!(
        ask("https://evil.example")
            .await
            .header("access-control-allow-origin"),
        ""
    );
    let request = world.request(Method::GET, "/chat/rooms");
    let request = request.header(ORIGIN, "https://www.acme.example");
    let refused = Reply::of(request).await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        "https://www.acme.example"
    );
}
