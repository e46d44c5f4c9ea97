//! Every route without, with wrong, and with somebody else's credentials.

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use warmline::users::{ChatKind, UserEvent, Written};

use super::players::PASSWORD;
use super::world::{Browser, CAROLS, MASTER, Reply, World, basic};

const STREAM: &str = "{stream}";
/// Where the document shows the chat API.
const PREFIX: &str = "/restapi/v1";
/// Routes that visitors use without an account.
const FOR_VISITORS: [&str; 3] = ["/ask", "/ask/workgroups", "/ask/workgroups/{workgroup}"];

/// Every route of the document but the pages, so that none can be forgotten.
pub async fn routes(world: &World) -> Vec<(String, String)> {
    let document = Reply::of(world.request(Method::GET, "/openapi.json"))
        .await
        .json();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["tags"][0] != "pages" {
                routes.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    routes
}

fn is_for_visitors(path: &str) -> bool {
    let path = path.strip_prefix(PREFIX).unwrap_or(path);
    FOR_VISITORS.contains(&path)
}

pub fn filled(path: &str, stream: &str) -> String {
    let mut filled = path.replace(STREAM, stream);
    while let (Some(start), Some(end)) = (filled.find('{'), filled.find('}')) {
        filled.replace_range(start..=end, "alice");
    }
    filled
}

async fn call(world: &World, (method, path): (&str, &str), header: Option<&str>) -> Reply {
    let request = world.request(method.parse().unwrap(), path);
    Reply::of(match header {
        Some(value) => request.header(AUTHORIZATION, value),
        None => request,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_and_with_wrong_ones_nothing_is_done() {
    let world = World::new().await;
    let stream = world.login("alice").await;
    let before = world.players.orders.lock().unwrap().len();
    let routes = routes(&world).await;
    assert!(routes.len() > 140, "{}", routes.len());
    for (method, path) in &routes {
        let target = filled(path, &stream);
        let reply = call(&world, (method, &target), None).await;
        if !is_for_visitors(path) {
            assert_eq!(reply.status, 401, "{method} {path} without");
            let challenge = reply.header("www-authenticate");
            let expected = if path.starts_with("/sse") {
                "Basic realm=\"ofchat\""
            } else {
                ""
            };
            assert_eq!(challenge, expected, "{method} {path}");
            assert_eq!(reply.json()["exception"], "NotAllowedException");
        }
        for wrong in [
            "wrong",
            "Basic ???",
            "THE-MASTER-SECRET-OF-THESE-TEST",
            "Digest x",
        ] {
            let reply = call(&world, (method, &target), Some(wrong)).await;
            // After some wrong ones an address has to wait.
            assert!(
                [401, 429].contains(&reply.status),
                "{method} {path}: {}",
                reply.status
            );
        }
    }
    assert_eq!(world.players.orders.lock().unwrap().len(), before);
    assert!(world.players.known.lock().unwrap().contains_key("alice"));
    assert_eq!(
        world.master("GET", "/chat/rooms", "").await.status,
        200,
        "the right one still counts"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_stream_is_nobody_s_business() {
    let world = World::new().await;
    let alices = world.login("alice").await;
    let before = world.players.orders.lock().unwrap().len();
    let carol = basic(("carol", CAROLS));
    for (method, path) in routes(&world).await {
        if !path.contains(STREAM) {
            continue;
        }
        let target = filled(&path, &alices);
        let reply = call(&world, (&method, &target), Some(&carol)).await;
        assert_eq!(reply.status, 403, "{method} {path}");
        let guessed = filled(&path, "ofchat-00000000000000000000000000000000");
        let reply = call(&world, (&method, &guessed), Some(&carol)).await;
        assert_eq!(reply.status, 404, "{method} {path}");
    }
    assert_eq!(world.players.orders.lock().unwrap().len(), before);
    let sse = call(&world, ("GET", "/sse/alice"), Some(&carol)).await;
    assert_eq!(sse.status, 403);
    let sse = call(&world, ("GET", &format!("/sse/{alices}")), Some(&carol)).await;
    assert_eq!(sse.status, 403);
    let login = call(&world, ("POST", "/chat/alice/login"), Some(&carol)).await;
    assert_eq!(login.status, 403);
}

/// Whoever somebody else is: a user with a password, of either kind, or a visitor with a token. The
/// other one is named in every way that there is.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_does_anything_as_somebody_else() {
    let world = World::new().await;
    let alices = world.login("alice").await;
    let form = r#"{"emailAddress": "v@hospital.com", "userID": "vera", "question": "What?",
        "workgroup": "support"}"#;
    let asked = world.request(Method::POST, "/ask").body(form);
    let token = Reply::of(asked).await.json()["token"].clone();
    let callers = [
        basic(("carol", CAROLS)),
        basic(("robin", PASSWORD)),
        format!("Bearer {}", token.as_str().unwrap()),
        "Bearer nonsense".to_owned(),
    ];
    let before = world.players.orders.lock().unwrap().clone();
    for caller in &callers {
        for (method, path) in routes(&world).await {
            let target = filled(&path, &alices);
            let target = format!("{target}?streamid={alices}&username=alice");
            let reply = call(&world, (&method, &target), Some(caller)).await;
            let refused = [400, 401, 403, 404, 501].contains(&reply.status);
            assert!(
                refused || is_for_visitors(&path),
                "{method} {path} as {caller}: {} {}",
                reply.status,
                reply.text
            );
        }
    }
    let after = world.players.orders.lock().unwrap();
    let for_alice = |orders: &[(String, warmline::users::Order)]| {
        let all = orders.iter().filter(|(who, _)| who.starts_with("alice@"));
        all.count()
    };
    assert_eq!(for_alice(&after), for_alice(&before));
    assert!(world.players.is_open("alice@workgroup.acme.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_in_how() {
    let world = World::new().await;
    let login = async |name: &str, header: Option<&str>, body: &str| {
        let request = world.request(Method::POST, &format!("/restapi/v1/chat/{name}/login"));
        let request = request.body(body.to_owned());
        let reply = Reply::of(match header {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        })
        .await;
        let kind = reply.header("x-session-kind").to_owned();
        (reply.status, kind)
    };
    let told = |status: u16, kind: &str| (status, kind.to_owned());
    let (robin, carol) = (basic(("robin", PASSWORD)), basic(("carol", CAROLS)));
    assert_eq!(login("alice", Some(MASTER), "").await, told(200, "bridge"));
    assert_eq!(
        login("alice@workgroup.acme.example", Some(MASTER), "{}").await,
        told(200, "bridge")
    );
    assert_eq!(
        login("robin@acme.example", Some(MASTER), "{}").await,
        told(403, "")
    );
    assert_eq!(
        login("robin@acme.example", Some(MASTER), PASSWORD).await,
        told(200, "c2s")
    );
    assert_eq!(login("robin", Some(&robin), "").await, told(200, "c2s"));
    assert_eq!(login("carol", Some(&carol), "").await, told(200, "bridge"));
    assert_eq!(login("dora", None, PASSWORD).await, told(200, "c2s"));
    assert_eq!(login("carol", None, CAROLS).await, told(200, "bridge"));
    assert_eq!(login("carol", None, "wrong").await, told(401, ""));
    assert_eq!(login("robin", None, "{}").await, told(401, ""));
    assert_eq!(
        login("robin", Some(&basic(("robin", "wrong"))), "").await,
        told(401, "")
    );
    assert_eq!(login("rooms", Some(MASTER), "").await, told(400, ""));
    assert_eq!(login("v-1", Some(MASTER), "").await, told(400, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_never_tried_twice_and_many_have_to_wait() {
    let world = World::new().await;
    let wrong = basic(("robin", "wrong"));
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(call(&world, ("GET", "/chat/contacts"), Some(&wrong)).await);
    }
    let tried = world
        .players
        .checks
        .load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(tried, 20, "once a call, and then no more");
    let last = statuses.last().unwrap();
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_password_is_looked_at_once() {
    let world = World::new().await;
    let right = basic(("robin", PASSWORD));
    for _ in 0..30 {
        assert_eq!(
            call(&world, ("GET", "/chat/contacts"), Some(&right))
                .await
                .status,
            200
        );
    }
    assert_eq!(
        world
            .players
            .checks
            .load(std::sync::atomic::Ordering::SeqCst),
        1
    );
    assert_eq!(
        world
            .players
            .logins
            .load(std::sync::atomic::Ordering::SeqCst),
        1
    );
}

/// A page that can send no header gets a ticket; the cookie that comes with it lasts longer.
#[tokio::test(flavor = "multi_thread")]
async fn tickets_and_cookies_open_one_s_own_events_only() {
    const ALICE: &str = "alice@workgroup.acme.example";
    let world = World::new().await;
    let stream = world.login("alice").await;
    world.login("bob").await;
    let given = world
        .master("POST", &format!("/chat/{stream}/tickets"), "")
        .await
        .json();
    let ticket = given["ticket"].as_str().unwrap().to_owned();
    let request = world.request(Method::GET, &format!("/sse/alice?token={ticket}"));
    let mut browser = Browser::open(request).await;
    let cookie = browser.response.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let hello = |body: &str| {
        let written = Written {
            body: body.into(),
            ..Written::default()
        };
        UserEvent::Chat(ChatKind::Chat, written)
    };
    world.players.happens(ALICE, hello("one"));
    assert_eq!(browser.told().await.data["body"], "one");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let world = world.restart().await;
    let with = |path: &str| {
        let request = world.request(Method::GET, path);
        request.header("Cookie", cookie.clone())
    };
    let mut browser = Browser::open(with("/sse/alice?token=expired")).await;
    world.players.happens(ALICE, hello("two"));
    assert_eq!(browser.told().await.data["body"], "two");
    assert_eq!(Reply::of(with("/sse/bob")).await.status, 403);
    let by_ticket = world.request(Method::GET, &format!("/sse/bob?token={ticket}"));
    assert_eq!(Reply::of(by_ticket).await.status, 403);
    let wrong = world.request(Method::GET, "/sse/alice?token=nonsense");
    assert_eq!(Reply::of(wrong).await.status, 401);
    let rest = world.request(Method::GET, "/chat/contacts");
    let rest = Reply::of(rest.header("Cookie", cookie.clone())).await;
    assert_eq!(
        (rest.status, &rest.json()["message"]),
        (401, &Value::from("credentials are missing"))
    );
}
