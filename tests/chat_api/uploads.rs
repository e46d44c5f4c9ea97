//! Places for files: who may ask for one, for what, how often, and what comes back.

use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;
use warmline::conversation::{ClosedBy, Notice, Outgoing};
use warmline::users::{Done, NoSlot, Order, Slot, SlotWish};

use super::ask::{ask, carry, opened};
use super::players::PASSWORD;
use super::world::{CAROLS, Reply, World, agreeable, basic, settings};

const FILE: &str = "/restapi/v1/ask/upload/visitor/a.png/10";

fn slot() -> Slot {
    Slot {
        put: "https://upload.acme.example/1/a.png".into(),
        get: "https://files.acme.example/1/a.png".into(),
        headers: vec![("Authorization", "Bearer x".into())],
    }
}

async fn world() -> World {
    let world = World::new().await;
    world.players.answer(|order| match order {
        Order::Slot(_) => Ok(Done::Slot(slot())),
        _ => Ok(Done::Nothing),
    });
    world
}

async fn get(world: &World, path: &str, authorization: &str) -> Reply {
    let request = world.request(Method::GET, path);
    Reply::of(request.header(AUTHORIZATION, authorization)).await
}

/// Asks as `visitor` and gives the token.
async fn visitor(world: &World) -> String {
    let reply = ask(world, "").await.json();
    reply["token"].as_str().expect("a token").to_owned()
}

/// Who asked last, and for what.
fn wished(world: &World) -> (String, SlotWish) {
    let last = world.players.orders.lock().unwrap().last().cloned();
    match last {
        Some((who, Order::Slot(wish))) => (who, wish),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_asks_as_the_conversations_visitor() {
    let mut world = world().await;
    let token = visitor(&world).await;
    let conversation = opened(&mut world).await.conversation;
    let reply = get(&world, FILE, &format!("Bearer {token}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let expected = json!({
        "put": "https://upload.acme.example/1/a.png", "get": "https://files.acme.example/1/a.png",
        "headers": {"Authorization": "Bearer x"}, "contentType": "image/png",
    });
    assert_eq!(reply.json(), expected);
    let (who, wish) = wished(&world);
    assert_eq!(who, conversation.to_string());
    let (name, kind) = ("a.png".to_owned(), Some("image/png".to_owned()));
    assert_eq!(
        wish,
        SlotWish {
            name,
            size: 10,
            kind
        }
    );
    let by_query = world.request(Method::GET, &format!("{FILE}?token={token}"));
    assert_eq!(Reply::of(by_query).await.status, 200);
    let still = get(&world, "/ask/visitor", &format!("Bearer {token}")).await;
    assert_eq!(still.status, 200, "the visitor's session stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_for_somebody_else() {
    let world = world().await;
    let token = visitor(&world).await;
    let before = world.players.orders.lock().unwrap().len();
    let bearer = format!("Bearer {token}");
    let other = "/ask/upload/somebody/a.png/10";
    for (path, authorization, status) in [
        (other, bearer.as_str(), 403),
        (FILE, "Bearer nonsense", 401),
        (FILE, "", 401),
        (FILE, "nonsense", 401),
        (FILE, &basic(("carol", CAROLS)), 404),
        (other, &basic(("robin", PASSWORD)), 404),
    ] {
        let reply = get(&world, path, authorization).await;
        assert_eq!(
            reply.status, status,
            "{path} {authorization}: {}",
            reply.text
        );
    }
    let nobody = world.request(Method::GET, FILE);
    assert_eq!(Reply::of(nobody).await.status, 401);
    assert_eq!(world.players.orders.lock().unwrap().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_the_master_ask_in_the_users_session() {
    let world = world().await;
    for (user, names, kind) in [
        (
            ("carol", CAROLS),
            ["carol", "carol@workgroup.acme.example"],
            "bridge",
        ),
        (("robin", PASSWORD), ["robin", "robin@acme.example"], "c2s"),
    ] {
        for name in names {
            let path = format!("/ask/upload/{name}/notes.txt/1");
            let reply = world.user(user, "GET", &path).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            assert_eq!(reply.header("x-session-kind"), kind);
            let json = reply.json();
            assert!(
                json.get("contentType").is_none(),
                "nothing is guessed: {json}"
            );
            assert_eq!(wished(&world).0, names[1]);
        }
    }
    let reply = world.master("GET", "/ask/upload/dora/a.pdf/1", "").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(wished(&world).0, "dora@workgroup.acme.example");
    let foreign = "/ask/upload/robin@acme.example/a.pdf/1";
    assert_eq!(world.master("GET", foreign, "").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_speaks_for_its_visitors_first() {
    let mut world = world().await;
    let form = r#"{"emailAddress": "v@x.example", "userID": "visitor", "question": "?", "workgroup": "support"}"#;
    assert_eq!(world.master("POST", "/ask", form).await.status, 200);
    let opening = opened(&mut world).await;
    assert_eq!(world.master("GET", FILE, "").await.status, 200);
    assert_eq!(wished(&world).0, opening.conversation.to_string());
    let over = Outgoing::Closed(ClosedBy::Agent);
    carry(&world, &opening, 1, over).await;
    assert_eq!(world.master("GET", FILE, "").await.status, 200);
    assert_eq!(wished(&world).0, "visitor@workgroup.acme.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_conversation_is_over_has_no_more_places() {
    let mut world = world().await;
    let token = visitor(&world).await;
    let opening = opened(&mut world).await;
    carry(&world, &opening, 1, Outgoing::Notice(Notice::AgentJoined)).await;
    let bearer = format!("Bearer {token}");
    assert_eq!(get(&world, FILE, &bearer).await.status, 200);
    let over = Outgoing::Closed(ClosedBy::Agent);
    carry(&world, &opening, 2, over).await;
    assert_eq!(get(&world, FILE, &bearer).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_sizes_and_types_are_looked_at() {
    let world = world().await;
    let long = format!("x{}.png", "ü".repeat(125));
    for (file, query, parameter) in [
        ("a.png/0", "", "fileSize"),
        ("a.png/-1", "", "fileSize"),
        ("a.png/1.5", "", "fileSize"),
        ("a.png/1e3", "", "fileSize"),
        ("a.png/99999999999999999999999", "", "fileSize"),
        ("a%2Fb.png/1", "", "fileName"),
        ("..%2F..%2Fetc%2Fpasswd/1", "", "fileName"),
        ("a%5Cb.png/1", "", "fileName"),
        ("%20/1", "", "fileName"),
        ("a%00b/1", "", "fileName"),
        ("a%0Ab/1", "", "fileName"),
        ("a%EF%BF%BEb/1", "", "fileName"),
        (&format!("{long}x/1"), "", "fileName"),
        ("a.png/1", "?type=png", "type"),
        ("a.png/1", "?type=image/", "type"),
        ("a.png/1", "?type=image/png%0D%0AX:y", "type"),
        ("a.png/1", "?type=a/b/c", "type"),
    ] {
        let path = format!("/ask/upload/dora/{file}{query}");
        let reply = world.master("GET", &path, "").await;
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 400, "{path}: {message}");
        assert!(
            message.starts_with(&format!("the parameter {parameter} ")),
            "{path}: {message}"
        );
    }
    for (file, name, kind) in [
        (
            "my%20holiday%20photo.JPG/1",
            "my holiday photo.JPG",
            Some("image/jpeg"),
        ),
        (
            "%D7%A9%D7%9C%D7%95%D7%9D%20%F0%9F%98%80.pdf/1",
            "שלום 😀.pdf",
            Some("application/pdf"),
        ),
        ("a%2541.bin/1", "a%41.bin", None),
        ("a&b<c>'d/18446744073709551615", "a&b<c>'d", None),
        ("..a../1", "..a..", None),
        (
            "a.png/1?type=text/plain;%20charset=utf-8",
            "a.png",
            Some("text/plain; charset=utf-8"),
        ),
        (&format!("{long}/1"), &long, Some("image/png")),
    ] {
        let path = format!("/ask/upload/dora/{file}");
        let reply = world.master("GET", &path, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        let (_, wish) = wished(&world);
        assert_eq!((wish.name.as_str(), wish.kind.as_deref()), (name, kind));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_has_to_wait() {
    let mut settings = settings();
    settings.anonymous_a_minute = NonZeroU32::new(40).unwrap();
    let world = World::with(settings, agreeable).await;
    world.players.answer(|_| Ok(Done::Slot(slot())));
    let bearer = format!("Bearer {}", visitor(&world).await);
    let second = format!("Bearer {}", visitor(&world).await);
    for _ in 0..30 {
        assert_eq!(get(&world, FILE, &bearer).await.status, 200);
    }
    let reply = get(&world, FILE, &bearer).await;
    assert_eq!(reply.status, 429, "one visitor");
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    let mut more = 0;
    while get(&world, FILE, &second).await.status == 200 {
        more += 1;
    }
    assert!((10..=12).contains(&more), "{more}: all at one address");
    let user = world
        .user(("carol", CAROLS), "GET", "/ask/upload/carol/a.png/1")
        .await;
    assert_eq!(user.status, 200, "users are no crowd");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_when_to_come_back() {
    let world = world().await;
    let token = format!("Bearer {}", visitor(&world).await);
    for (problem, status, wait) in [
        (
            NoSlot::Full("quota".into(), Some(Duration::from_secs(90))),
            429,
            "90",
        ),
        (NoSlot::Full("disk".into(), None), 503, "60"),
        (NoSlot::Away, 503, "5"),
        (NoSlot::TooLarge(Some(20_000)), 413, ""),
    ] {
        let text = problem.to_string();
        world.players.answer(move |_| Err(problem.clone().into()));
        let reply = get(&world, FILE, &token).await;
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (status, wait),
            "{text}"
        );
        assert_eq!(reply.json()["message"], text);
    }
}
