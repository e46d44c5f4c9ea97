//! Every route, under every prefix, with and without a stream id: which order it gives.

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde_json::json;
use warmline::ids::Timestamp;
use warmline::users::{Contact, Done, FoundUser, Order, Said, Subscription, UserError};

use super::orders::{Row, table};
use super::players::PASSWORD;
use super::world::{MASTER, Reply, World};

const PREFIXES: [&str; 3] = ["/restapi/v1", "/rest/api/restapi/v1", ""];

async fn gives(world: &World, (method, path, body, status, order): &Row, base: &str) {
    let joint = if path.contains('?') { "&" } else { "?" };
    let path = match base.ends_with("/chat") {
        true => format!("{base}{path}{joint}username=alice"),
        false => format!("{base}{path}"),
    };
    let reply = world.master(method, &path, body).await;
    assert_eq!(reply.status, *status, "{method} {path}: {}", reply.text);
    let last = world.players.orders.lock().unwrap().last().cloned();
    let (who, given) = last.expect("an order");
    assert_eq!(&given, order, "{method} {path}");
    assert_eq!(who, "alice@workgroup.acme.example");
    if *status < 300 {
        assert_eq!(reply.header("x-session-kind"), "bridge", "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_stream_id_and_without_under_every_prefix() {
    let world = World::new().await;
    let stream = world.login("alice").await;
    for row in table() {
        for prefix in PREFIXES {
            gives(&world, &row, &format!("{prefix}/chat/{stream}")).await;
            gives(&world, &row, &format!("{prefix}/chat")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_answers_with_the_bare_stream_id_whatever_accept_says() {
    let world = World::new().await;
    for accept in ["application/json", "application/xml", "text/plain", "*/*"] {
        let request = world.request(Method::POST, "/rest/api/restapi/v1/chat/alice/login");
        let request = request.header(AUTHORIZATION, MASTER).header(ACCEPT, accept);
        let reply = Reply::of(request.body("{}")).await;
        assert_eq!(reply.status, 200);
        assert!(reply.header("content-type").starts_with("text/plain"));
        let hex = reply.text.strip_prefix("ofchat-").expect("its form");
        assert_eq!(hex.len(), 32);
        assert!(hex.bytes().all(|b| b.is_ascii_hexdigit()));
    }
    assert_eq!(world.login("alice").await, world.login("alice").await);
    assert_ne!(world.login("alice").await, world.login("bob").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn experts_join_their_workgroups_at_login() {
    let world = World::new().await;
    world.players.answer(|order| match order {
        Order::Workgroups => Ok(Done::Workgroups(vec!["a@w.x".into(), "b@w.x".into()])),
        Order::Serve(name) if name == "a@w.x" => Err(UserError::Forbidden("no".into())),
        _ => Ok(Done::Nothing),
    });
    world.login("alice").await;
    let orders = world.players.orders.lock().unwrap();
    let served = orders.iter().filter_map(|(_, order)| match order {
        Order::Serve(name) => Some(name.as_str()),
        _ => None,
    });
    assert!(served.eq(["a@w.x", "b@w.x"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_mapped_and_xml() {
    let world = World::new().await;
    let stream = world.login("alice").await;
    world.players.answer(|_| {
        Ok(Done::Contacts(vec![Contact {
            jid: "bob@acme.example".into(),
            groups: vec!["g".into()],
            subscription: Subscription::Both,
            ..Contact::default()
        }]))
    });
    let path = format!("/restapi/v1/chat/{stream}/contacts");
    let plain = world.master("GET", &path, "").await.json();
    assert_eq!(plain["rosterItem"][0]["subscriptionType"], 3);
    assert_eq!(plain["rosterItem"][0]["groups"], json!({"group": ["g"]}));
    assert_eq!(plain["rosterItem"][0]["show"], "unavailable");
    let old = format!("{path}?dialect=mapped");
    let mapped = world.master("GET", &old, "").await.json();
    assert_eq!(mapped["rosterItem"]["subscriptionType"], "3");
    assert_eq!(mapped["rosterItem"]["groups"], json!({"group": "g"}));
    let accepts = async |accept: &str| {
        let request = world.request(Method::GET, &path);
        let request = request.header(AUTHORIZATION, MASTER).header(ACCEPT, accept);
        Reply::of(request).await
    };
    let by_header = accepts("application/json;dialect=mapped").await.json();
    assert_eq!(by_header, mapped);
    let xml = accepts("application/xml").await;
    assert!(xml.header("content-type").starts_with("application/xml"));
    assert!(
        xml.text
            .contains("<roster><rosterItem><jid>bob@acme.example</jid>"),
        "{}",
        xml.text
    );
}

/// What the Pade client reads: `chat/{username}/messages` with a word that nobody said must be 200
/// and an object; and the conversations' keys.
#[tokio::test(flavor = "multi_thread")]
async fn history_by_the_user_s_name() {
    let world = World::new().await;
    let path = "/rest/api/restapi/v1/chat/robin/messages?keywords=dummy";
    let robin = ("robin", PASSWORD);
    let none = world.user(robin, "GET", path).await;
    assert_eq!(
        (none.status, none.json()),
        (200, json!({"conversation": []}))
    );
    world.players.answer(|_| {
        Ok(Done::Lines(vec![Said {
            from: "bob@acme.example".into(),
            to: "robin@acme.example".into(),
            body: "hello".into(),
            at: Timestamp(1_517_855_155_000),
            with: "bob@acme.example".into(),
            ..Said::default()
        }]))
    });
    let some = world.user(robin, "GET", path).await.json();
    let talk = &some["conversation"][0];
    assert_eq!(talk["startDate"], "2018-02-05T18:25:55Z");
    assert_eq!(
        talk["participantList"],
        json!(["bob@acme.example", "robin@acme.example"])
    );
    assert_eq!(talk["messages"]["message"][0]["body"], "hello");
    assert_eq!(talk["messageCount"], 1);
    assert!(talk.get("chatRoom").is_none());
    let others = world
        .user(robin, "GET", "/restapi/v1/chat/alice/messages")
        .await;
    assert_eq!(others.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_shows_properties_as_the_blast_page_reads_them() {
    let world = World::new().await;
    world.players.answer(|_| {
        Ok(Done::Users(vec![FoundUser {
            username: "robin".into(),
            jid: "robin@acme.example".into(),
            properties: [("read".to_owned(), "true".to_owned())].into(),
            ..FoundUser::default()
        }]))
    });
    let found = world.master("GET", "/restapi/v1/chat/users?search=r&dialect=mapped", "");
    let found = found.await.json();
    assert_eq!(found["user"]["properties"]["property"]["@key"], "read");
}

/// With the master secret alone one can look around, without acting for anybody.
#[tokio::test(flavor = "multi_thread")]
async fn looking_around_needs_no_user_and_acting_does() {
    let world = World::new().await;
    for path in [
        "/chat/rooms",
        "/chat/users?search=x",
        "/chat/rooms/desk/occupants",
    ] {
        assert_eq!(world.master("GET", path, "").await.status, 200, "{path}");
    }
    for (method, path) in [
        ("POST", "/chat/presence"),
        ("GET", "/chat/contacts"),
        ("PUT", "/chat/rooms/desk"),
    ] {
        let reply = world.master(method, path, "").await;
        assert_eq!(reply.status, 400, "{path}");
        assert!(
            reply.json()["message"]
                .as_str()
                .unwrap()
                .contains("?username=")
        );
    }
}
