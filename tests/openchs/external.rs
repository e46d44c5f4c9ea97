//! RapidPro's External channel: what it sends us, and what courier hears.

use std::sync::Arc;

use serde_json::json;
use warmline::channels::external::{ExternalCarrier, ExternalSettings, Texts};
use warmline::channels::{HttpClient, Secret};
use warmline::conversation::{ClosedBy, Delivery, Outgoing, Receipt, Words};
use warmline::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, Timestamp, VisitorToken, WorkgroupName,
};
use warmline::outbox::{Carrier, OutboundSettings, Verdict};

use super::house::with_tables;
use super::support::bot::{Answer, HttpBot};
use super::support::http::{Reply, Request};
use super::support::wait;
use super::support::warmline::Warmline;

const SECRET: &str = "a-secret-of-courier";
const UUID: &str = "00000000-0000-4000-8000-000000000008";

fn table(courier: &str) -> String {
    format!(
        "[[channel]]\nid = \"ex\"\nkind = \"rapidpro_external\"\nworkgroup = \"support\"\n\
         secret = \"{SECRET}\"\ncourier_url = \"{courier}/c/ex/{UUID}\"\nend_text = \"#end\"\n\
         closed_text = \"#ended\"\n"
    )
}

fn send(warmline: &Warmline, (method, query): (&str, &str), (kind, body): (&str, &str)) -> Reply {
    let path = format!("/rapidpro/external/ex{query}");
    let mut request = Request::new(method, &path)
        .header("Authorization", SECRET)
        .header("Content-Type", kind);
    request.body = body.into();
    request.send(warmline.address()).expect("an answer")
}

const FORM: &str = "application/x-www-form-urlencoded";
/// Courier's default body.
const DEFAULT: &str = "id=4321&text=Simple+Message+%E2%98%BA&to=%2B250788383383&to_no_plus=250788383383&from=2020&from_no_plus=2020&channel=8eb23e93-5ecb-45ba-b726-3b064e0c56ab";

#[test]
fn every_way_that_rapidpro_can_be_told_to_send_is_taken() {
    let courier = HttpBot::start();
    courier.answer(Answer::new(200, "{}"));
    let warmline = with_tables(&table(&courier.url("")));
    let json = json!({"id": 7, "text": "two", "to": "+250788383383"}).to_string();
    for (way, body) in [
        (("POST", ""), (FORM, DEFAULT)),
        (("PUT", "/"), (FORM, "id=5&text=one&to=x")),
        (("GET", "?id=6&text=one&to=x"), ("", "")),
        (("POST", ""), ("application/json", json.as_str())),
    ] {
        let reply = send(&warmline, way, body);
        assert_eq!(reply.status, 200, "{way:?}");
    }
    // Each was answered only when it was kept, and then courier hears that it is on its way.
    let told = courier.wait_for(4, wait::SOON);
    let sent = format!("/c/ex/{UUID}/sent");
    assert!(told.iter().all(|call| call.path == sent));
    assert_eq!(told[0].header("content-type"), Some(FORM));
}

#[test]
fn a_long_text_in_parts_of_one_id_is_all_taken_and_a_repetition_is_not() {
    let courier = HttpBot::start();
    courier.answer(Answer::new(200, "{}"));
    let warmline = with_tables(&table(&courier.url("")));
    for text in ["one", "two", "one", "two"] {
        let body = format!("id=9&to=x&text={text}");
        assert_eq!(send(&warmline, ("POST", ""), (FORM, &body)).status, 200);
    }
    let (_, shown) = warmline.command(&["conversations", "list"]);
    let id = shown
        .split_whitespace()
        .next()
        .expect("a conversation")
        .to_owned();
    let (_, story) = warmline.command(&["conversations", "show", &id]);
    for text in ["one", "two"] {
        assert_eq!(story.matches(&format!("]: {text}")).count(), 1, "{story}");
    }
}

#[test]
fn a_stranger_and_nonsense_are_refused() {
    let warmline = with_tables(&table("http://127.0.0.1:9"));
    let bare = Request::new("POST", "/rapidpro/external/ex");
    assert_eq!(bare.send(warmline.address()).unwrap().status, 403);
    let other = Request::new("POST", "/rapidpro/external/nobody");
    assert_eq!(other.send(warmline.address()).unwrap().status, 404);
    for body in [
        "",
        "id=1&text=x",
        "to=x&text=x",
        "id=1&to=x",
        "id=1&to=x&text=",
        "\u{1}",
    ] {
        assert_eq!(
            send(&warmline, ("POST", ""), (FORM, body)).status,
            400,
            "{body}"
        );
    }
    let broken = send(&warmline, ("POST", ""), ("application/json", "{"));
    assert_eq!(broken.status, 400);
    assert_eq!(send(&warmline, ("DELETE", ""), (FORM, DEFAULT)).status, 405);
}

#[test]
fn a_text_of_rapidpro_ends_the_conversation_and_the_next_begins_another() {
    let courier = HttpBot::start();
    courier.answer(Answer::new(200, "{}"));
    let warmline = with_tables(&table(&courier.url("")));
    let say = |id: u8, text: &str| {
        let body = format!("id={id}&to=x&text={text}");
        assert_eq!(send(&warmline, ("POST", ""), (FORM, &body)).status, 200);
    };
    say(0, "%23end");
    say(1, "hello");
    say(2, "%23end");
    say(3, "again");
    let (_, all) = warmline.command(&["conversations", "list", "--closed"]);
    assert_eq!(all.lines().count(), 2, "{all}");
    assert!(all.contains("closed by visitor"));
}

fn settings(courier: &str) -> ExternalSettings {
    ExternalSettings {
        id: ChannelId::new("ex"),
        workgroup: WorkgroupName::new("support"),
        secret: Secret::new(SECRET),
        courier_url: format!("{courier}/c/ex/{UUID}"),
        wait_ends: false,
        end_text: None,
        on_close: None,
        texts: Texts {
            closed: "#ended".into(),
            ..Texts::default()
        },
    }
}

fn owed(number: u64, what: Outgoing) -> Delivery {
    Delivery {
        id: DeliveryId::new(format!("conv-{number}")),
        conversation: ConversationId::new("conv"),
        number,
        channel: ChannelId::new("ex"),
        ticket: None,
        visitor: VisitorToken::new("+250788383383"),
        opened_at: Timestamp(1_600_000_000_000),
        language: None,
        at: Timestamp(1_600_000_000_000),
        what,
    }
}

#[test]
fn courier_hears_words_states_and_the_end_as_forms() {
    let courier = HttpBot::start();
    courier.answer(Answer::new(200, "{\"message\":\"Message Accepted\"}"));
    let client = HttpClient::new(&OutboundSettings {
        allow_private_networks: true,
        ..OutboundSettings::default()
    });
    let carrier = ExternalCarrier::new(Arc::new(settings(&courier.url(""))), client.unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let words = Outgoing::Words {
        message: MessageId::new("m"),
        author: "Ana".into(),
        words: Words::text("I & you"),
    };
    let ids = ["x-4321_1fabcd", "x-9_1f01", "x-9_1f02"]
        .map(MessageId::new)
        .to_vec();
    for (number, what) in [
        words.clone(),
        Outgoing::Receipt {
            messages: ids,
            receipt: Receipt::Delivered,
        },
        Outgoing::Receipt {
            messages: vec![MessageId::new("x-1")],
            receipt: Receipt::Read,
        },
        Outgoing::Receipt {
            messages: vec![MessageId::new("x-1")],
            receipt: Receipt::Failed,
        },
        Outgoing::Closed(ClosedBy::Agent),
    ]
    .into_iter()
    .enumerate()
    {
        let delivery = owed(number as u64, what);
        assert_eq!(runtime.block_on(carrier.carry(&delivery, 0)), Verdict::Done);
    }
    let told = courier.callbacks();
    let paths: Vec<&str> = told
        .iter()
        .map(|call| call.path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(
        paths,
        ["receive", "delivered", "delivered", "failed", "receive"]
    );
    the_same_words_wait(&courier, (&carrier, &runtime), words);
}

/// The same words again at once would be a repetition for courier.
fn the_same_words_wait(
    courier: &HttpBot,
    (carrier, runtime): (&ExternalCarrier, &tokio::runtime::Runtime),
    words: Outgoing,
) {
    let begun = std::time::Instant::now();
    runtime.block_on(carrier.carry(&owed(9, Outgoing::Closed(ClosedBy::Agent)), 0));
    assert!(begun.elapsed() >= std::time::Duration::from_secs(4));
    courier.answer(Answer::error(400));
    let refused = runtime.block_on(carrier.carry(&owed(10, words), 1));
    assert!(matches!(refused, Verdict::Never(_)), "{refused:?}");
}
