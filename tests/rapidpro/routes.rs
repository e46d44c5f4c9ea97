//! Every endpoint: its status, its body, and what the engine was asked.

use warmline::bridge::{Answer, Input, Refusal};
use warmline::engine::Unavailable;
use warmline::ids::{ChannelId, TicketId, VisitorToken};

use super::settings::settings;
use super::world::{
    CLOSE, MESSAGE, Outcome, SECRET, TICKET, World, agreeable, knowing, request, request_to,
};

#[tokio::test]
async fn mailroom_s_three_calls_on_one_connection() {
    let mut world = World::new();
    let mut connection = world.connect().await;
    for method in ["GET", "POST"] {
        let opened = connection.exchange(request(method, "room", TICKET)).await;
        assert_eq!(opened.status, 201);
        let Input::Open(opening) = world.input().await else {
            panic!("no opening");
        };
        assert_eq!(
            opened.json(),
            serde_json::json!({ "id": opening.conversation })
        );
        assert_eq!(opening.conversation.as_str().len(), 16);
        assert_eq!(opening.visitor.token, VisitorToken::new("1234"));
        assert_eq!(
            opening.ticket,
            Some(TicketId::new("59d74b86-3e2f-4a93-aece-b05d2fdcde0c"))
        );

        let said = connection.exchange(request("POST", "visitor-message", MESSAGE));
        let said = said.await;
        assert_eq!(said.status, 201);
        let Input::Said(saying) = world.input().await else {
            panic!("no saying");
        };
        // Two equal messages are two.
        assert_eq!(saying.platform_id, None);
        assert_eq!(said.json(), serde_json::json!({ "id": saying.id }));
        assert_eq!(saying.words.attachments.len(), 3);

        let closed = connection.exchange(request(method, "room.close", CLOSE));
        let closed = closed.await;
        assert_eq!((closed.status, closed.body.len()), (204, 0));
        assert!(matches!(world.input().await, Input::VisitorClosed(_)));
    }
    world.stop().await;
}

#[tokio::test]
async fn the_connect_form_s_calls() {
    let mut world = World::new();
    let mut connection = world.connect().await;
    let check = connection
        .exchange(request("GET", "secret.check", ""))
        .await;
    assert_eq!(check.status, 200);
    assert_eq!(check.json(), serde_json::json!({ "status": "ok" }));

    let unset = connection.exchange(request("GET", "settings", "")).await;
    assert_eq!(unset.status, 200);
    assert_eq!(unset.json()["webhook"]["url"], serde_json::Value::Null);

    let told = "https://rapidpro.example/mr/tickets/types/rocketchat/event_callback/1";
    let body = format!(r#"{{"webhook":{{"url":"{told}"}}}}"#);
    let stored = connection.exchange(request("PUT", "settings", &body)).await;
    assert_eq!((stored.status, stored.body.len()), (204, 0));
    let Input::CallbackLearnt { channel, url } = world.input().await else {
        panic!("no address");
    };
    assert_eq!(
        (channel.clone(), url.as_str()),
        (ChannelId::new("tickets"), told)
    );
    // As the engine does after its commit.
    world.book.learn(channel, url);
    let shown = connection.exchange(request("GET", "settings", "")).await;
    assert_eq!(shown.json()["webhook"]["url"], told);
}

#[tokio::test]
async fn what_is_known_already_is_no_error() {
    let world = World::with(vec![settings()], knowing);
    let mut connection = world.connect().await;
    let again = connection.exchange(request("GET", "room", TICKET)).await;
    assert_eq!(
        (again.status, again.json()["id"].as_str()),
        (201, Some("the-first"))
    );
    let late = connection.exchange(request("POST", "visitor-message", MESSAGE));
    let late = late.await;
    assert_eq!(
        (late.status, late.json()["id"].as_str()),
        (201, Some("kept"))
    );
    let closed = connection
        .exchange(request("GET", "room.close", CLOSE))
        .await;
    assert_eq!(closed.status, 204);
}

#[tokio::test]
async fn a_caller_s_own_key_travels_with_its_message() {
    let mut world = World::new();
    let mut connection = world.connect().await;
    let call = String::from_utf8(request("POST", "visitor-message", MESSAGE)).unwrap();
    let long = "k".repeat(201);
    for (key, taken) in [("a-key", Some("a-key")), ("", None), (long.as_str(), None)] {
        let header = format!("Idempotency-Key: {key}\r\nContent-Type:");
        let call = call.replacen("Content-Type:", &header, 1);
        assert_eq!(connection.exchange(call).await.status, 201);
        let Input::Said(saying) = world.input().await else {
            panic!("no saying");
        };
        assert_eq!(saying.platform_id.as_deref(), taken);
    }
}

async fn each_call(answers: fn(&Input) -> Outcome) -> Vec<(u16, String)> {
    let world = World::with(vec![settings()], answers);
    let mut connection = world.connect().await;
    let mut seen = Vec::new();
    for call in [
        request("GET", "room", TICKET),
        request("POST", "visitor-message", MESSAGE),
        request("GET", "room.close", CLOSE),
        request(
            "PUT",
            "settings",
            r#"{"webhook":{"url":"https://x.example/"}}"#,
        ),
    ] {
        let answer = connection.exchange(&call).await;
        seen.push((answer.status, answer.error()));
    }
    seen
}

#[tokio::test]
async fn an_engine_that_cannot_take_it_is_500_and_nothing_else() {
    for (status, text) in each_call(|_| Err(Unavailable)).await {
        assert_eq!(status, 500);
        assert_eq!(text, "the service cannot take this just now");
    }
}

#[tokio::test]
async fn refusals_have_the_status_of_the_table() {
    for (refusal, status, text) in [
        (Refusal::NoAgents, 409, "no agents available"),
        (Refusal::UnknownWorkgroup, 404, "unknown workgroup"),
        (Refusal::UnknownVisitor, 404, "this visitor has no room"),
        (
            Refusal::UnknownConversation,
            404,
            "this visitor has no room",
        ),
        (Refusal::NotAnAgent, 500, "the service failed"),
    ] {
        let refuse: fn(&Input) -> Outcome = match refusal {
            Refusal::NoAgents => |_| Ok(Answer::Refused(Refusal::NoAgents)),
            Refusal::UnknownWorkgroup => |_| Ok(Answer::Refused(Refusal::UnknownWorkgroup)),
            Refusal::UnknownVisitor => |_| Ok(Answer::Refused(Refusal::UnknownVisitor)),
            Refusal::UnknownConversation => |_| Ok(Answer::Refused(Refusal::UnknownConversation)),
            _ => |_| Ok(Answer::Refused(Refusal::NotAnAgent)),
        };
        for seen in each_call(refuse).await {
            assert_eq!(seen, (status, text.to_owned()));
        }
    }
}

#[tokio::test]
async fn an_unknown_department_is_404_and_asks_nobody() {
    let mut world = World::new();
    let body = TICKET.replace(r#""name""#, r#""department":"Sales","name""#);
    let mut connection = world.connect().await;
    let answer = connection.exchange(request("GET", "room", &body)).await;
    assert_eq!(
        (answer.status, answer.error()),
        (404, "unknown department".into())
    );
    assert!(world.asked.try_recv().is_err());
}

#[tokio::test]
async fn channels_are_told_apart_by_their_app_id() {
    let other = "02c2b89b-f8c4-446c-abe0-b97c5e0d4649";
    let mut second = settings();
    second.id = ChannelId::new("second");
    second.app_id = other.to_uppercase();
    second.secret = warmline::channels::Secret::new("ANOTHERSECRETALTOGETHER");
    let mut world = World::with(vec![settings(), second], agreeable);
    let mut connection = world.connect().await;
    let path = format!("/api/apps/public/{other}/room");
    let ours = request_to("GET", &path, TICKET);
    let answer = connection.exchange(&ours).await;
    assert_eq!(
        (answer.status, answer.error()),
        (403, "wrong secret".into())
    );
    let theirs = String::from_utf8(ours).unwrap();
    let theirs = theirs.replace(SECRET, "ANOTHERSECRETALTOGETHER");
    let mut connection = world.connect().await;
    for spelt in [theirs.clone(), theirs.replace(other, &other.to_uppercase())] {
        assert_eq!(connection.exchange(spelt.as_bytes()).await.status, 201);
        let Input::Open(opening) = world.input().await else {
            panic!("no opening");
        };
        assert_eq!(opening.visitor.channel, ChannelId::new("second"));
    }
}
