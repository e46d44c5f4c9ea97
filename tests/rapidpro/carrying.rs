//! What is owed to RapidPro, carried to a mailroom in all of its moods.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use warmline::channels::rapidpro::{RapidProCarrier, RapidProSettings};
use warmline::channels::{AddressBook, Secret};
use warmline::conversation::{Attachment, ClosedBy, Delivery, Notice, Outgoing, Words};
use warmline::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, TicketId, Timestamp, VisitorToken,
};
use warmline::outbox::{Carrier, Trouble, Verdict};

use super::mailroom::Mailroom;
use super::settings::settings;
use super::support::after_talk;
use super::support::bot::Answer;
use super::world::{SECRET, http};

const PATH: &str = "/mr/tickets/types/rocketchat/event_callback/6393abc0";

struct Scene {
    mailroom: Mailroom,
    carrier: RapidProCarrier,
}

impl Scene {
    fn new() -> Self {
        let mailroom = Mailroom::new();
        let book = AddressBook::default();
        book.learn(ChannelId::new("tickets"), mailroom.url(PATH));
        let carrier = carrier(settings(), book);
        Self { mailroom, carrier }
    }

    async fn meets(&self, status: u16, owed: &Delivery) -> Verdict {
        self.mailroom
            .answers(status, r#"{"error":"as the test wants"}"#);
        self.carrier.carry(owed, 0).await
    }
}

fn carrier(settings: RapidProSettings, book: AddressBook) -> RapidProCarrier {
    let http = http();
    RapidProCarrier::new(Arc::new(settings), book, http)
}

fn owed(what: Outgoing, age: Duration) -> Delivery {
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    Delivery {
        id: DeliveryId::new("c1-7"),
        conversation: ConversationId::new("c1"),
        number: 7,
        channel: ChannelId::new("tickets"),
        ticket: Some(TicketId::new("11137eb1-c831-4ddc-ba26-0bb77837f15e")),
        visitor: VisitorToken::new("1234"),
        opened_at: now.minus(age),
        language: None,
        at: now,
        what,
    }
}

const OLD: Duration = Duration::from_secs(3600);
const YOUNG: Duration = Duration::from_secs(1);

fn said(age: Duration) -> Delivery {
    owed(words(Words::text("Hello")), age)
}

fn words(words: Words) -> Outgoing {
    Outgoing::Words {
        message: MessageId::new("m1"),
        author: "Ana".into(),
        words,
    }
}

fn closed(age: Duration) -> Delivery {
    owed(Outgoing::Closed(ClosedBy::Agent), age)
}

fn again(millis: impl Into<Option<u64>>, why: Trouble) -> Verdict {
    let after = millis.into().map(Duration::from_millis);
    Verdict::Again { after, why }
}

#[tokio::test]
async fn a_call_is_as_documented() {
    let scene = Scene::new();
    assert_eq!(scene.carrier.carry(&said(OLD), 0).await, Verdict::Done);
    let calls = scene.mailroom.calls();
    let call = &calls[0];
    assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", PATH));
    let credential = format!("Token {SECRET}");
    assert_eq!(call.header("authorization"), Some(credential.as_str()));
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.header("idempotency-key"), Some("c1-7"));
    assert_eq!(call.body["data"], json!({ "text": "Hello" }));
    assert_eq!(calls.len(), 1);
}

#[tokio::test]
async fn what_needs_no_telling_is_done_without_a_call() {
    let scene = Scene::new();
    for what in [
        words(Words::text("")),
        Outgoing::Notice(Notice::NobodyCame),
        Outgoing::Closed(ClosedBy::Visitor),
    ] {
        assert_eq!(
            scene.carrier.carry(&owed(what, OLD), 0).await,
            Verdict::Done
        );
    }
    assert!(scene.mailroom.calls().is_empty());
}

#[tokio::test]
async fn a_young_ticket_that_is_unknown_is_tried_again_soon() {
    let scene = Scene::new();
    for owed in [said(YOUNG), closed(YOUNG)] {
        for millis in [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 30_000] {
            let verdict = scene.meets(404, &owed).await;
            assert_eq!(verdict, again(millis, Trouble::Status(404)));
        }
        assert_eq!(scene.meets(200, &owed).await, Verdict::Done);
    }
}

#[tokio::test]
async fn an_old_ticket_that_is_unknown_is_given_three_tries_more() {
    let scene = Scene::new();
    for seconds in [15, 75, 210] {
        let verdict = scene.meets(404, &said(OLD)).await;
        assert_eq!(verdict, again(seconds * 1000, Trouble::Status(404)));
        // An outage in between is no try.
        scene.meets(503, &said(OLD)).await;
    }
    let verdict = scene.meets(404, &said(OLD)).await;
    assert_eq!(verdict, Verdict::Never(Trouble::Status(404)));
    assert_eq!(scene.meets(404, &closed(OLD)).await, Verdict::Done);
}

#[tokio::test]
async fn a_refused_secret_holds_the_channel() {
    let scene = Scene::new();
    let verdict = scene.meets(401, &said(YOUNG)).await;
    let why = Trouble::Status(401);
    let after = Duration::from_secs(180);
    assert_eq!(verdict, Verdict::Hold { after, why });
}

#[tokio::test]
async fn a_refused_call_is_tried_twice_and_a_close_goes_on() {
    let scene = Scene::new();
    let refused = Trouble::Status(400);
    assert_eq!(
        scene.meets(400, &said(OLD)).await,
        again(5000, refused.clone())
    );
    let verdict = scene.meets(400, &said(OLD)).await;
    assert_eq!(verdict, Verdict::Never(refused.clone()));
    for _ in 0..3 {
        let verdict = scene.meets(400, &closed(OLD)).await;
        assert_eq!(verdict, again(1000, refused.clone()));
    }
}

#[tokio::test]
async fn files_that_cannot_be_fetched_go_as_links() {
    let scene = Scene::new();
    let picture = Words {
        attachments: vec![Attachment {
            kind: "image/png".into(),
            url: "https://up.example/a.png".into(),
        }],
        ..Words::text("look")
    };
    let verdict = scene.meets(400, &owed(words(picture), OLD)).await;
    assert_eq!(verdict, Verdict::Done);
    let calls = scene.mailroom.calls();
    assert_eq!(calls[0].body["data"]["attachments"][0]["type"], "image/png");
    assert_eq!(
        calls[1].body["data"],
        json!({ "text": "look\nhttps://up.example/a.png" })
    );
    assert_eq!(calls.len(), 2);
}

#[tokio::test]
async fn an_outage_is_waited_for() {
    let scene = Scene::new();
    for (attempt, seconds) in [(0, 1), (1, 2), (5, 30), (9, 300), (11, 300)] {
        scene.mailroom.answers(503, "");
        let verdict = scene.carrier.carry(&said(OLD), attempt).await;
        assert_eq!(verdict, again(seconds * 1000, Trouble::Status(503)));
    }
    scene.mailroom.answers(500, "");
    let verdict = scene.carrier.carry(&said(OLD), 12).await;
    assert_eq!(verdict, again(None, Trouble::Status(500)));

    for status in [403, 405] {
        let verdict = scene.meets(status, &said(OLD)).await;
        assert_eq!(verdict, again(None, Trouble::Status(status)));
    }
    scene
        .mailroom
        .answers_with(429, vec![("Retry-After", "17".into())], "");
    let verdict = scene.carrier.carry(&said(OLD), 0).await;
    assert_eq!(verdict, again(17_000, Trouble::Status(429)));

    let elsewhere = scene.mailroom.url("/elsewhere");
    scene
        .mailroom
        .answers_with(302, vec![("Location", elsewhere)], "");
    scene.mailroom.calls();
    let verdict = scene.carrier.carry(&said(OLD), 0).await;
    assert_eq!(verdict, again(None, Trouble::Status(302)));
    assert_eq!(scene.mailroom.calls().len(), 1);
}

#[tokio::test]
async fn a_page_is_no_answer_of_mailroom_s() {
    let scene = Scene::new();
    for page in ["<!DOCTYPE html><title>Sign in</title>", "\n  <html></html>"] {
        scene.mailroom.answers(200, page);
        let verdict = scene.carrier.carry(&said(OLD), 0).await;
        assert_eq!(verdict, again(None, Trouble::Status(200)), "{page}");
    }
    for taken in ["", "ok", "{}"] {
        scene.mailroom.answers(200, taken);
        assert_eq!(scene.carrier.carry(&said(OLD), 0).await, Verdict::Done);
    }
}

#[tokio::test]
async fn nobody_there_and_no_address() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut settings = settings();
    let book = AddressBook::default();
    let nowhere = carrier(settings.clone(), book.clone());
    let verdict = nowhere.carry(&said(OLD), 40).await;
    assert_eq!(verdict, again(30_000, Trouble::NoAddress));
    // RapidPro tells the address when it connects, and tells another one when it moves.
    for _ in 0..2 {
        let mailroom = Mailroom::new();
        book.learn(ChannelId::new("tickets"), mailroom.url(PATH));
        assert_eq!(nowhere.carry(&said(OLD), 41).await, Verdict::Done);
        assert_eq!(mailroom.calls().len(), 1);
    }

    settings.callback_url = Some(format!("http://{address}/"));
    let deaf = carrier(settings, AddressBook::default());
    let verdict = deaf.carry(&said(OLD), 0).await;
    assert_eq!(verdict, again(1000, Trouble::Unreachable));
}

#[tokio::test]
async fn after_the_talk_the_flow_is_told_all_and_its_token_holds_nothing_else_back() {
    const CONTACT: &str = "6393abc0-283d-4c9b-a1b3-641a035c34bf";
    let workspace = after_talk::workspace();
    let book = AddressBook::default();
    book.learn(ChannelId::new("tickets"), workspace.url(PATH));
    let mut settings = settings();
    settings.api_token = Some(Secret::new(after_talk::TOKEN));
    settings.on_close_flow = Some(after_talk::FLOW.into());
    let carrier = carrier(settings, book);
    let over = owed(after_talk::ended(Some(CONTACT)), OLD);
    assert_eq!(carrier.carry(&over, 0).await, Verdict::Done);
    let call = workspace.callbacks().remove(0);
    after_talk::starts_for(&call, ("contacts", CONTACT));
    let ticket = "11137eb1-c831-4ddc-ba26-0bb77837f15e";
    after_talk::are_told(&call.body["params"], (ticket, 3600));
    // What agents say goes another way, by the ticket's secret.
    workspace.answer(Answer::error(403));
    let verdict = carrier.carry(&over, 0).await;
    assert_eq!(verdict, again(180_000, Trouble::Status(403)));
}
