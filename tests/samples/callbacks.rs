//! What RapidPro is told, to the letter of both READMEs.

use super::settings;
use serde_json::{Value, json};
use warmline::channels::rapidpro::wire::{Callback, callback};
use warmline::conversation::{Attachment, ClosedBy, Delivery, Notice, Outgoing, Words};
use warmline::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, TicketId, Timestamp, VisitorToken,
};

fn owed(what: Outgoing) -> Delivery {
    Delivery {
        id: DeliveryId::new("c1-0"),
        conversation: ConversationId::new("c1"),
        number: 0,
        channel: ChannelId::new("tickets"),
        ticket: Some(TicketId::new("11137eb1-c831-4ddc-ba26-0bb77837f15e")),
        visitor: VisitorToken::new("1234"),
        opened_at: Timestamp(0),
        language: None,
        at: Timestamp(0),
        what,
    }
}

fn words(words: Words) -> Option<Callback> {
    let what = Outgoing::Words {
        message: MessageId::new("m1"),
        author: "Ana".into(),
        words,
    };
    callback(&owed(what), &settings())
}

fn body(call: Option<Callback>) -> Value {
    call.expect("a call").body
}

fn agent_message(data: &Value) -> Value {
    json!({
        "type": "agent-message",
        "ticketID": "11137eb1-c831-4ddc-ba26-0bb77837f15e",
        "visitor": { "token": "1234" },
        "data": data,
    })
}

#[test]
fn an_agent_s_message() {
    assert_eq!(
        body(words(Words::text("Hello 🧑‍🚀"))),
        agent_message(&json!({ "text": "Hello 🧑‍🚀" }))
    );
}

#[test]
fn a_correction_is_marked() {
    let corrected = Words {
        corrects: Some(MessageId::new("m0")),
        ..Words::text("at noon")
    };
    assert_eq!(
        body(words(corrected)),
        agent_message(&json!({ "text": "* at noon" }))
    );
}

#[test]
fn files_go_as_files_and_for_the_second_try_as_links() {
    let file = |kind: &str, url: &str| Attachment {
        kind: kind.into(),
        url: url.into(),
    };
    let call = words(Words {
        attachments: vec![
            file("image/png", "https://up.example/a.png"),
            file("", "https://up.example/b"),
        ],
        ..Words::text("look")
    })
    .unwrap();
    assert_eq!(
        call.body,
        agent_message(&json!({
            "text": "look",
            "attachments": [
                { "type": "image/png", "url": "https://up.example/a.png" },
                { "type": "document", "url": "https://up.example/b" },
            ],
        }))
    );
    assert_eq!(
        call.without_files,
        Some(agent_message(
            &json!({ "text": "look\nhttps://up.example/a.png\nhttps://up.example/b" })
        ))
    );
    let alone = words(Words {
        attachments: vec![file("image/png", "https://up.example/a.png")],
        ..Words::default()
    })
    .unwrap();
    assert_eq!(
        alone.without_files,
        Some(agent_message(
            &json!({ "text": "https://up.example/a.png" })
        ))
    );
}

#[test]
fn nothing_is_said_for_nothing() {
    assert_eq!(words(Words::text("")), None);
    assert_eq!(words(Words::text(" \n")), None);
    let notice = |notice| callback(&owed(Outgoing::Notice(notice)), &settings());
    assert_eq!(notice(Notice::AgentLost), None);
    assert_eq!(notice(Notice::NobodyCame), None);
    assert_eq!(
        body(notice(Notice::AgentJoined)),
        agent_message(&json!({ "text": "Someone is here for you." }))
    );
}

#[test]
fn the_end_is_told_except_to_the_side_that_ended_it() {
    let told = |by, settings: &_| callback(&owed(Outgoing::Closed(by)), settings);
    let documented = json!({
        "type": "close-room",
        "ticketID": "11137eb1-c831-4ddc-ba26-0bb77837f15e",
        "visitor": { "token": "1234" },
    });
    let mut settings = settings();
    for by in [
        ClosedBy::Agent,
        ClosedBy::Operator,
        ClosedBy::NobodyCame,
        ClosedBy::Silence,
        ClosedBy::Superseded,
    ] {
        assert_eq!(body(told(by, &settings)), documented);
    }
    assert_eq!(told(ClosedBy::Visitor, &settings), None);
    settings.close_reason = true;
    assert_eq!(
        body(told(ClosedBy::NobodyCame, &settings))["data"],
        json!({ "reason": "nobody_came" })
    );
}
