//! What was said before the ticket, from RapidPro's records.

use serde_json::json;
use uuid::Uuid;
use warmline::bridge::Input;
use warmline::channels::Secret;
use warmline::channels::rapidpro::{Search, fetch_history};
use warmline::conversation::{Attachment, Author, Earlier, Words};
use warmline::ids::{ChannelId, Timestamp};

use super::mailroom::Mailroom;
use super::settings::settings;
use super::world::{TICKET, World, agreeable, http, knowing, request};

const CONTACT: Uuid = Uuid::from_u128(7);

fn search(mailroom: &Mailroom) -> Search {
    Search {
        server: mailroom.url("/mr/tickets/types/rocketchat/event_callback/1?x=y"),
        contact: CONTACT,
        after: Timestamp(1_594_992_480_000),
        until: Timestamp(1_594_996_080_000),
        token: Secret::new("an-api-token"),
    }
}

fn message(direction: &str, text: &str, at: &str) -> serde_json::Value {
    json!({ "direction": direction, "status": "handled", "text": text, "attachments": [],
            "created_on": at, "sent_on": null })
}

async fn fetch(mailroom: &Mailroom) -> Result<Vec<Earlier>, String> {
    let http = http();
    let found = fetch_history(&http, &search(mailroom)).await;
    found.map_err(|error| error.to_string())
}

#[tokio::test]
async fn pages_are_followed_and_told_oldest_first() {
    let mailroom = Mailroom::new();
    let mut errored = message("out", "never sent", "2020-07-17T13:31:00Z");
    errored["status"] = json!("errored");
    let mut sent = message("out", "How can I help?", "2020-07-17T12:00:00Z");
    sent["sent_on"] = json!("2020-07-17T13:29:00+00:00");
    let next = mailroom.url("/api/v2/messages.json?cursor=two");
    let newest = [
        message("in", "after the ticket", "2020-07-17T15:00:00Z"),
        errored,
        message("in", "my parcel", "2020-07-17T13:30:00.5Z"),
    ];
    mailroom.answers(200, &json!({ "next": next, "results": newest }).to_string());
    let oldest = [
        sent,
        message("in", "", "2020-07-17T13:28:30Z"),
        message("in", "hi", "2020-07-17T13:28:10Z"),
    ];
    mailroom.answers(200, &json!({ "next": null, "results": oldest }).to_string());

    let found = fetch(&mailroom).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.author.clone(), one.words.text.as_str(), one.at.0))
        .collect();
    assert_eq!(
        told,
        [
            (Author::Visitor, "hi", 1_594_992_490_000),
            (Author::Bot, "How can I help?", 1_594_992_540_000),
            (Author::Visitor, "my parcel", 1_594_992_600_500),
        ]
    );
    let calls = mailroom.calls();
    assert_eq!(calls[0].method, "GET");
    assert_eq!(calls[0].path, "/api/v2/messages.json");
    assert_eq!(
        calls[0].query,
        format!("contact={CONTACT}&after=2020-07-17T13%3A28%3A00Z")
    );
    assert_eq!(calls[1].query, "cursor=two");
    for call in calls {
        assert_eq!(call.header("authorization"), Some("Token an-api-token"));
    }
}

#[tokio::test]
async fn files_come_in_the_spellings_of_old_and_new_servers() {
    let mailroom = Mailroom::new();
    let mut said = message("in", "look", "2020-07-17T13:30:00Z");
    said["attachments"] = json!([
        "image/jpeg:https://link.to/a.jpg",
        { "content_type": "audio/ogg", "url": "https://link.to/b.ogg" },
        "https://link.to/c",
    ]);
    mailroom.answers(200, &json!({ "results": [said] }).to_string());
    let file = |kind: &str, url: &str| Attachment {
        kind: kind.into(),
        url: url.into(),
    };
    assert_eq!(
        fetch(&mailroom).await.unwrap()[0].words,
        Words {
            attachments: vec![
                file("image/jpeg", "https://link.to/a.jpg"),
                file("audio/ogg", "https://link.to/b.ogg"),
                file("", "https://link.to/c"),
            ],
            ..Words::text("look")
        }
    );
}

#[tokio::test]
async fn the_token_stays_with_its_server_and_pages_have_an_end() {
    let (mailroom, stranger) = (Mailroom::new(), Mailroom::new());
    let hello = [message("in", "hi", "2020-07-17T13:28:10Z")];
    let next = stranger.url("/api/v2/messages.json?cursor=two");
    mailroom.answers(200, &json!({ "next": next, "results": hello }).to_string());
    assert_eq!(fetch(&mailroom).await.unwrap().len(), 1);
    assert!(stranger.calls().is_empty());
    mailroom.calls();

    let next = mailroom.url("/api/v2/messages.json?cursor=same");
    for _ in 0..20 {
        mailroom.answers(200, &json!({ "next": next, "results": hello }).to_string());
    }
    assert_eq!(fetch(&mailroom).await.unwrap().len(), 4);
    assert_eq!(mailroom.calls().len(), 4);
}

#[tokio::test]
async fn whatever_goes_wrong_is_only_no_history() {
    for status in [302, 403, 404, 429, 500] {
        let mailroom = Mailroom::new();
        mailroom.answers(status, "{}");
        let error = fetch(&mailroom).await.unwrap_err();
        assert_eq!(error, format!("RapidPro answered {status}"));
    }
    let mailroom = Mailroom::new();
    for odd in ["", "[]", r#"{"results":7}"#, r#"{"results":[[]]}"#] {
        mailroom.answers(200, odd);
        let error = fetch(&mailroom).await.unwrap_err();
        assert_eq!(error, "RapidPro's page of messages cannot be read");
    }
    // Half of it is better than none.
    let hello = [message("in", "hi", "2020-07-17T13:28:10Z"), json!({})];
    let next = mailroom.url("/api/v2/messages.json?cursor=two");
    mailroom.answers(200, &json!({ "next": next, "results": hello }).to_string());
    mailroom.answers(500, "");
    assert_eq!(fetch(&mailroom).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_ticket_s_history_follows_it_and_an_old_one_s_does_not() {
    let mailroom = Mailroom::new();
    let mut channel = settings();
    channel.api_token = Some(Secret::new("an-api-token"));
    let said = message("in", "hi", "2026-01-01T00:00:00Z");
    mailroom.answers(200, &json!({ "next": null, "results": [said] }).to_string());
    let book = |world: &World| {
        let channel = ChannelId::new("tickets");
        world.book.learn(channel, mailroom.url("/mr"));
    };
    // The older one would call first, if it called.
    let known = World::with(vec![channel.clone()], knowing);
    book(&known);
    let mut connection = known.connect().await;
    let again = connection.exchange(request("GET", "room", TICKET)).await;
    assert_eq!(again.status, 201);

    let mut world = World::with(vec![channel], agreeable);
    book(&world);
    let mut connection = world.connect().await;
    let opened = connection.exchange(request("GET", "room", TICKET)).await;
    assert_eq!(opened.status, 201);
    assert!(matches!(world.input().await, Input::Open(_)));
    // Answered before a single call is made.
    assert!(mailroom.calls().is_empty());
    let Input::History {
        conversation,
        earlier,
    } = world.input().await
    else {
        panic!("no history");
    };
    assert_eq!(opened.json()["id"], conversation.as_str());
    assert_eq!(earlier[0].words, Words::text("hi"));
    let calls = mailroom.calls();
    assert_eq!(calls.len(), 1);
    let contact = "contact=6393abc0-283d-4c9b-a1b3-641a035c34bf";
    assert!(calls[0].query.starts_with(contact));
}
