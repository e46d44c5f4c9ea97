//! Visitors: asking, waiting, talking, ending; and what they are shown.

use std::num::NonZeroU32;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use warmline::bridge::{Answer, Input, Opening, Refusal};
use warmline::conversation::{ClosedBy, Delivery, Notice, Outgoing, Words};
use warmline::ids::{ChannelId, DeliveryId, MessageId, Timestamp};
use warmline::outbox::{Carrier, Verdict};

use super::world::{Browser, Event, MASTER, Outcome, Reply, World, agreeable, settings};

const QUESTION: &str = r#"{"emailAddress": "visitor@hospital.com", "userID": "visitor",
    "question": "What is the meaning of life", "workgroup": "support", "product": "p"}"#;

pub async fn ask(world: &World, query: &str) -> Reply {
    let request = world.request(Method::POST, &format!("/restapi/v1/ask{query}"));
    Reply::of(request.body(QUESTION)).await
}

pub async fn opened(world: &mut World) -> Opening {
    loop {
        if let Input::Open(opening) = world.input().await {
            return opening;
        }
    }
}

fn delivery(opening: &Opening, number: u64, what: Outgoing) -> Delivery {
    Delivery {
        id: DeliveryId::new(format!("{}-{number}", opening.conversation)),
        conversation: opening.conversation.clone(),
        number,
        channel: ChannelId::new("web"),
        ticket: opening.ticket.clone(),
        visitor: opening.visitor.token.clone(),
        opened_at: Timestamp(0),
        language: None,
        at: Timestamp(1_517_855_155_000),
        what,
    }
}

pub async fn carry(world: &World, opening: &Opening, number: u64, what: Outgoing) {
    let delivery = delivery(opening, number, what);
    assert_eq!(world.carrier.carry(&delivery, 0).await, Verdict::Done);
}

async fn events(world: &World, token: &str) -> Browser {
    let path = format!("/sse/visitor?token={token}");
    Browser::open(world.request(Method::GET, &path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_at_once_with_a_token() {
    let mut world = World::new().await;
    let reply = ask(&world, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let answer = reply.json();
    for key in ["emailAddress", "userID", "question", "workgroup", "product"] {
        assert!(answer[key].is_string(), "{key}");
    }
    assert_eq!(answer["status"], "waiting");
    let token = answer["token"].as_str().unwrap();
    assert_eq!(answer["events"], format!("/sse/visitor?token={token}"));
    let opening = opened(&mut world).await;
    assert_eq!(opening.workgroup.as_str(), "support");
    assert_eq!(
        opening.brief.question.as_deref(),
        Some("What is the meaning of life")
    );
    let facts: Vec<&str> = opening
        .brief
        .facts
        .iter()
        .map(|(_, v)| v.as_str())
        .collect();
    assert_eq!(facts, ["visitor@hospital.com", "visitor", "p"]);
    assert_ne!(
        opening.visitor.token.as_str(),
        token,
        "the engine never has the token itself"
    );
}

fn as_the_reference_has_it(opening: &Opening, told: &[Event]) {
    let room = format!("{}@rooms.acme.example", opening.conversation);
    let kinds: Vec<&str> = told.iter().map(|event| event.kind()).collect();
    assert_eq!(kinds, ["update-queue", "offer", "groupchat", "ended"]);
    let line = &told[0].data;
    assert_eq!(
        (
            &line["position"],
            &line["remaingTime"],
            &line["remainingTime"]
        ),
        (&json!(2), &json!(60), &json!(60))
    );
    let offer = &told[1].data;
    assert_eq!(
        (&offer["from"], &offer["mucRoom"]),
        (&json!(room), &json!(room))
    );
    assert_eq!(offer["to"], "visitor@workgroup.acme.example");
    assert_eq!(
        offer["url"],
        format!(
            "https://acme.example:7443/ofmeet/r/{}",
            opening.conversation
        )
    );
    let said = &told[2].data;
    assert_eq!(said["body"], "How can I \"help\"?\n");
    assert_eq!(said["from"], format!("{room}/Desk 2"));
    assert_eq!(told[3].data["by"], "agent");
}

/// What one visitor sees from the question to the end; each delivery twice, as after a crash.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_story_in_events() {
    let mut world = World::new().await;
    let token = ask(&world, "").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let opening = opened(&mut world).await;
    let mut browser = events(&world, &token).await;
    let place = Outgoing::Notice(Notice::Place {
        place: 2,
        wait_seconds: Some(60),
    });
    let words = Outgoing::Words {
        message: MessageId::new("m1"),
        author: "Desk 2".into(),
        words: Words::text("How can I \"help\"?\n"),
    };
    let story = [
        place,
        Outgoing::Notice(Notice::AgentJoined),
        words,
        Outgoing::Closed(ClosedBy::Agent),
    ];
    for (number, what) in (0..).zip(story) {
        carry(&world, &opening, number, what.clone()).await;
        carry(&world, &opening, number, what).await;
    }
    let mut told = Vec::new();
    while let Some(event) = browser.next().await {
        assert_eq!(event.name, "chatapi.ask");
        told.push(event);
    }
    as_the_reference_has_it(&opening, &told);
    let again = world.request(Method::GET, &format!("/sse/visitor?token={token}"));
    let again = Reply::of(again.header("Last-Event-ID", told[3].id)).await;
    assert_eq!(again.status, 204);
    let world = world.restart().await;
    let mut browser = events(&world, &token).await;
    let mut replayed = Vec::new();
    while let Some(event) = browser.next().await {
        replayed.push(event);
    }
    assert_eq!(
        replayed, told,
        "the same events under the same numbers after a restart"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_left_the_line_departs_from_it() {
    let mut world = World::new().await;
    let token = ask(&world, "").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let opening = opened(&mut world).await;
    carry(&world, &opening, 0, Outgoing::Closed(ClosedBy::Visitor)).await;
    let mut browser = events(&world, &token).await;
    let mut kinds = Vec::new();
    while let Some(event) = browser.next().await {
        kinds.push(event.kind().to_owned());
    }
    assert_eq!(kinds, ["depart-queue", "ended"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_an_agent_as_the_source_did() {
    let mut world = World::new().await;
    let request = world.request(Method::POST, "/ask?wait=20");
    let waiting = tokio::spawn(Reply::of(request.body(QUESTION)));
    let opening = opened(&mut world).await;
    carry(&world, &opening, 0, Outgoing::Notice(Notice::AgentJoined)).await;
    let answer = waiting.await.unwrap().json();
    assert_eq!(answer["status"], "invited");
    assert_eq!(
        answer["groupchat"],
        format!("{}@rooms.acme.example", opening.conversation)
    );
    assert!(answer["url"].is_string() && answer["sender"].is_string());

    let request = world.request(Method::POST, "/ask?wait=20");
    let waiting = tokio::spawn(Reply::of(request.body(QUESTION)));
    let opening = opened(&mut world).await;
    carry(&world, &opening, 0, Outgoing::Closed(ClosedBy::Visitor)).await;
    assert_eq!(waiting.await.unwrap().json()["groupchat"], "revoked");

    let request = world.request(Method::POST, "/ask?wait=20");
    let waiting = tokio::spawn(Reply::of(request.body(QUESTION)));
    let opening = opened(&mut world).await;
    carry(&world, &opening, 0, Outgoing::Notice(Notice::NobodyCame)).await;
    carry(&world, &opening, 1, Outgoing::Closed(ClosedBy::NobodyCame)).await;
    let nobody = waiting.await.unwrap();
    assert_eq!(
        (nobody.status, &nobody.json()["message"]),
        (400, &json!("Timeout error, no agent available"))
    );

    // Who has waited long enough still has the request, and the token with it.
    let still = ask(&world, "?wait=1").await;
    assert_eq!(
        (still.status, &still.json()["status"]),
        (200, &json!("waiting"))
    );
    assert_eq!(ask(&world, "?wait=soon").await.status, 400);
}

/// A call whose status counts.
async fn status(world: &World, call: (&str, &str, &str), header: Option<&str>) -> u16 {
    let (method, path, body) = call;
    let request = world.request(method.parse().unwrap(), path);
    let request = request.body(body.to_owned());
    let reply = Reply::of(match header {
        Some(value) => request.header(AUTHORIZATION, value),
        None => request,
    });
    reply.await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_visitor_s_own_routes_need_the_visitor_s_token() {
    let world = World::new().await;
    let answer = ask(&world, "").await.json();
    let bearer = format!("Bearer {}", answer["token"].as_str().unwrap());
    for (method, body) in [("GET", ""), ("POST", ""), ("PUT", "hi"), ("DELETE", "")] {
        for (path, header, expected) in [
            ("/ask/visitor", None, 401),
            ("/ask/other", Some(bearer.as_str()), 403),
            ("/ask/visitor?token=wrong", None, 401),
            // It was not asked with the master secret.
            ("/ask/visitor", Some(MASTER), 404),
        ] {
            let found = status(&world, (method, path, body), header).await;
            assert_eq!(found, expected, "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_speaks_in_both_ways_and_ends_it() {
    let mut world = World::new().await;
    let answer = ask(&world, "").await.json();
    let token = answer["token"].as_str().unwrap().to_owned();
    let opening = opened(&mut world).await;
    let bearer = format!("Bearer {token}");
    let mine = Some(bearer.as_str());
    let (id, quoted) = (&opening.conversation, "service=%22conference%22");
    let room = format!("/restapi/v1/chat/rooms/{id}?{quoted}");
    let by_query = format!("/ask/visitor?token={token}");
    let file = r#"{"body": "see", "attachments": [{"type": "image/png", "url": "https://acme.example/a.png"}]}"#;
    for (method, path, body, expected) in [
        ("POST", "/ask/visitor", "", 409),
        ("PUT", "/ask/visitor", "hello", 200),
        ("POST", &room, file, 200),
        ("POST", "/restapi/v1/chat/rooms/other", "x", 403),
        ("POST", "/chat/presence", "", 403),
        ("POST", "/ask/visitor/chatstate/composing", "", 200),
        ("DELETE", "/ask/visitor", "", 200),
    ] {
        let found = status(&world, (method, path, body), mine).await;
        assert_eq!(found, expected, "{method} {path}");
    }
    assert_eq!(status(&world, ("DELETE", &by_query, ""), None).await, 200);
    let mut said = Vec::new();
    while let Ok(input) = world.asked.try_recv() {
        if let Input::Said(saying) = input {
            assert_eq!(saying.visitor, opening.visitor);
            said.push((saying.words.text.clone(), saying.words.attachments.len()));
        }
    }
    assert_eq!(said, [("hello".to_owned(), 0), ("see".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_with_the_master_secret_a_visitor_waits_once() {
    let mut world = World::new().await;
    let first = world.master("POST", "/restapi/v1/ask", QUESTION).await;
    assert_eq!(first.status, 200);
    let opening = opened(&mut world).await;
    let second = world.master("POST", "/restapi/v1/ask", QUESTION).await;
    assert_eq!(
        (second.status, &second.json()["exception"]),
        (409, &json!("AlreadyExistsException"))
    );
    let status = world
        .master("GET", "/restapi/v1/ask/visitor", "")
        .await
        .json();
    let keys = [
        "workgroupJID",
        "inQueue",
        "available",
        "queuePosition",
        "queueRemainingTime",
    ];
    assert!(keys.iter().all(|key| status.get(key).is_some()), "{status}");
    carry(&world, &opening, 0, Outgoing::Closed(ClosedBy::Agent)).await;
    let world = world.restart().await;
    let third = world.master("POST", "/restapi/v1/ask", QUESTION).await;
    assert_eq!(third.status, 200, "the last one is over");
}

fn nobody_there(input: &Input) -> Outcome {
    match input {
        Input::Open(_) => Ok(Answer::Refused(Refusal::NoAgents)),
        other => agreeable(other),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_bad_requests() {
    let world = World::with(settings(), nobody_there).await;
    let offline = ask(&world, "").await;
    assert_eq!(
        (offline.status, &offline.json()["message"]),
        (400, &json!("Workgroup is offline"))
    );
    let post = async |body: String| Reply::of(world.request(Method::POST, "/ask").body(body)).await;
    for field in ["emailAddress", "userID", "question", "workgroup"] {
        let reply = post(QUESTION.replace(field, "x")).await;
        assert_eq!(reply.status, 400);
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(field), "{message}");
    }
    assert_eq!(
        post(QUESTION.replace("support", "nowhere")).await.status,
        404
    );
    assert_eq!(post("{".into()).await.status, 400);
    let mut closed = settings();
    closed.anonymous = false;
    let world = World::with(closed, agreeable).await;
    assert_eq!(ask(&world, "").await.status, 401);
    assert_eq!(world.master("POST", "/ask", QUESTION).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_so_by_address_also_behind_a_proxy() {
    let mut slow = settings();
    slow.anonymous_a_minute = NonZeroU32::MIN;
    let mut trusting = slow.clone();
    trusting.proxies = vec!["127.0.0.0/8".parse().unwrap()];
    for (settings, other) in [(slow, 429), (trusting, 200)] {
        let world = World::with(settings, agreeable).await;
        let asks = async |from: &str, who: &str| {
            let question = QUESTION.replace("visitor", who);
            let call = world.request(Method::POST, "/ask").body(question);
            Reply::of(call.header("X-Forwarded-For", from)).await.status
        };
        assert_eq!(asks("203.0.113.7", "ann").await, 200);
        assert_eq!(asks("203.0.113.7", "bob").await, 429);
        assert_eq!(asks("203.0.113.8", "cyd").await, other);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workgroups_can_be_seen_before_asking() {
    let world = World::new().await;
    let get = async |path: &str| Reply::of(world.request(Method::GET, path)).await;
    let all: Value = get("/ask/workgroups").await.json();
    let one = &all["workgroup"][0];
    assert_eq!(
        (&one["name"], &one["open"], &one["status"]),
        (&json!("support"), &json!(true), &json!("open"))
    );
    assert_eq!(
        get("/restapi/v1/ask/workgroups/support").await.json()["queuePosition"],
        1
    );
    assert_eq!(get("/ask/workgroups/nowhere").await.status, 404);
}
