//! Events over SSE: what is shown, to whom, and from where on.

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use warmline::users::{ChatKind, ChatState, Invitation, Told, UserEvent, Written};

use super::events::table;
use super::patience;
use super::players::PASSWORD;
use super::world::{Browser, Reply, World, basic};

const ALICE: &str = "alice@workgroup.acme.example";

fn chat(body: &str) -> UserEvent {
    UserEvent::Chat(
        ChatKind::Chat,
        Written {
            from: "bob@acme.example/desk".into(),
            to: ALICE.into(),
            body: body.into(),
            ..Written::default()
        },
    )
}

fn bodies(events: &[super::world::Event]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|e| e.data["body"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_and_the_first_lines() {
    let world = World::new().await;
    world.login("alice").await;
    let request = world.request(Method::GET, "/sse/alice");
    let mut response = request
        .header(AUTHORIZATION, super::world::MASTER)
        .send()
        .await
        .unwrap();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(header("cache-control"), "no-cache");
    assert_eq!(header("x-accel-buffering"), "no");
    let first = response.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"retry: 3000\n"), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_with_quotes_and_line_breaks_are_valid_json() {
    let world = World::new().await;
    world.login("alice").await;
    let mut browser = world.watch("alice", None).await;
    let nasty = "she said \"no\"\r\n\n: not a comment\ndata: {}\u{2028}\\ 🦀";
    world.players.happens(ALICE, chat(nasty));
    let event = browser.told().await;
    assert_eq!(event.name, "chatapi.chat");
    assert_eq!(event.data["body"], nasty);
    assert_eq!(event.data["data"], Value::Null);
}

/// Every event of the reference's table, with all of its keys.
#[tokio::test(flavor = "multi_thread")]
async fn every_event_has_every_key() {
    let world = World::new().await;
    world.login("alice").await;
    let mut browser = world.watch("alice", None).await;
    for (event, name, kind, keys) in table() {
        world.players.happens(ALICE, event);
        let told = browser.told().await;
        assert_eq!((told.name.as_str(), told.kind()), (name, kind));
        for key in keys {
            assert!(
                told.data.get(key).is_some(),
                "{kind} has no {key}: {}",
                told.data
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_s_invitation_to_the_letter() {
    let world = World::new().await;
    world.login("alice").await;
    let mut browser = world.watch("alice", None).await;
    let invitation = Invitation {
        room: "fhrtbf7@conference.acme.example".into(),
        inviter: "diabetes@workgroup.acme.example".into(),
        from: "fhrtbf7@conference.acme.example".into(),
        to: "expert@acme.example/expert-1517855155225".into(),
        reason: Some("fhrtbf7".into()),
        ..Invitation::default()
    };
    world.players.happens(ALICE, UserEvent::Invited(invitation));
    let expected = json!({
        "type": "invitationReceived", "password": "null",
        "room": "fhrtbf7@conference.acme.example",
        "inviter": "diabetes@workgroup.acme.example",
        "to": "expert@acme.example/expert-1517855155225",
        "from": "fhrtbf7@conference.acme.example",
        "url": "https://acme.example:7443/ofmeet/r/fhrtbf7", "reason": "fhrtbf7",
    });
    assert_eq!(browser.told().await.data, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_named_a_place_goes_on_from_there_also_after_a_restart() {
    let world = World::new().await;
    world.login("alice").await;
    let mut browser = world.watch("alice", None).await;
    for number in 0..10 {
        world.players.happens(ALICE, chat(&format!("{number}")));
    }
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(browser.told().await);
    }
    drop(browser);
    let at = seen[3].id;
    let world = world.restart().await;
    let mut browser = world.watch("alice", Some(at)).await;
    for _ in 4..10 {
        seen.push(browser.told().await);
    }
    world.players.happens(ALICE, chat("10"));
    seen.push(browser.told().await);
    let expected: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    assert_eq!(bodies(&seen), expected);
    assert!(seen.windows(2).all(|pair| pair[0].id < pair[1].id));
}

fn composing() -> UserEvent {
    UserEvent::ChatState {
        from: "bob@acme.example/desk".into(),
        to: ALICE.into(),
        kind: ChatKind::Chat,
        state: ChatState::Composing,
    }
}

/// Typing is shown to whoever looks just now, with the stanza that it came in, and to nobody later.
#[tokio::test(flavor = "multi_thread")]
async fn typing_passes_by() {
    let world = World::new().await;
    world.login("alice").await;
    let mut browser = world.watch("alice", None).await;
    world.players.happens(ALICE, chat("one"));
    assert_eq!(browser.told().await.data["body"], "one");
    let stanza = UserEvent::Stanza("<message><composing/></message>".into());
    let told = Told::of(vec![stanza, composing()]);
    world.players.tells(ALICE, told);
    for name in ["chatapi.xmpp", "chatapi.chat"] {
        let event = browser.told().await;
        assert_eq!((event.id, event.name.as_str()), (0, name));
    }
    // Beside words the stanza stays.
    let stanza = UserEvent::Stanza("<message><body>two</body></message>".into());
    let told = Told::of(vec![stanza, chat("two"), composing()]);
    world.players.tells(ALICE, told);
    world.players.happens(ALICE, chat("three"));
    let mut late = world.watch("alice", Some(1)).await;
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|(_, body)| body != "three") {
        let event = late.told().await;
        let body = event.data["body"].as_str().unwrap_or("").to_owned();
        kinds.push((event.name, body));
    }
    let expected = [
        ("chatapi.chat", "one"),
        ("chatapi.xmpp", ""),
        ("chatapi.chat", "two"),
        ("chatapi.chat", "three"),
    ];
    let expected = expected.map(|(name, body)| (name.to_owned(), body.to_owned()));
    assert_eq!(kinds, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_between_login_and_the_first_look_is_shown() {
    let world = World::new().await;
    world.login("alice").await;
    world.players.happens(ALICE, chat("early"));
    let mut browser = world.watch("alice", None).await;
    assert_eq!(browser.told().await.data["body"], "early");
    drop(browser);
    // The next look without a place begins where the last one ended.
    let mut again = world.watch("alice", None).await;
    world.players.happens(ALICE, chat("later"));
    assert_eq!(again.told().await.data["body"], "later");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_tabs_at_once_and_default_events() {
    let world = World::new().await;
    world.login("alice").await;
    let mut one = world.watch("alice", None).await;
    let mut two = world.watch("alice", None).await;
    let mut unnamed = world.watch("alice?unnamed=1", None).await;
    world.players.happens(ALICE, chat("hello"));
    let (first, second) = (one.told().await, two.told().await);
    assert_eq!(first, second);
    let event = loop {
        let event = unnamed.next().await.expect("an event");
        if event.kind() == "chat" {
            break event;
        }
    };
    assert_eq!((event.name.as_str(), event.id), ("message", first.id));
    assert_eq!(event.data, first.data);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_may_be_watched_before_the_login() {
    let world = World::new().await;
    let request = world.request(Method::GET, "/sse/robin");
    let request = request.header(AUTHORIZATION, basic(("robin", PASSWORD)));
    let mut early = Browser::open(request).await;
    let reply = world
        .user(("robin", PASSWORD), "POST", "/restapi/v1/chat/robin/login")
        .await;
    assert_eq!((reply.status, reply.header("x-session-kind")), (200, "c2s"));
    assert_eq!(early.next().await.unwrap().kind(), "loggedIn");
    world.players.happens("robin@acme.example", chat("hello"));
    assert_eq!(early.told().await.data["body"], "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_logoff_the_stream_ends_and_nobody_is_to_come_back() {
    let world = World::new().await;
    let stream = world.login("alice").await;
    let mut browser = world.watch("alice", None).await;
    let off = world
        .master("POST", &format!("/restapi/v1/chat/{stream}/logoff"), "")
        .await;
    assert_eq!((off.status, off.text.as_str()), (200, ""));
    let mut last = None;
    while let Some(event) = browser.next().await {
        last = Some(event);
    }
    let last = last.expect("a goodbye");
    assert_eq!(last.kind(), "loggedOff");
    let status = async |world: &World| {
        let request = world.request(Method::GET, "/sse/alice");
        let request = request.header(AUTHORIZATION, super::world::MASTER);
        Reply::of(request.header("Last-Event-ID", last.id))
            .await
            .status
    };
    assert_eq!(status(&world).await, 204);
    let world = world.restart().await;
    assert_eq!(status(&world).await, 204, "it stays so over a restart");
    world.login("alice").await;
    let mut browser = world.watch("alice", Some(last.id)).await;
    assert_eq!(browser.next().await.unwrap().kind(), "loggedIn");
    patience::until("the session", async || world.players.is_open(ALICE)).await;
}
