//! The generic ticketer's own examples, to the letter: what they become, and what becomes of ours.

use serde_json::Value;
use warmline::channels::Media;
use warmline::channels::weni::WeniSettings;
use warmline::channels::weni::wire::{Event, Told, about, callback, history, message, open};
use warmline::conversation::{Author, ClosedBy, Delivery, Outgoing, Words};
use warmline::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, TicketId, Timestamp, VisitorToken,
    WorkgroupName,
};
use warmline::workgroup::Place;

use super::facts;

const CONFIG: &str = r#"
[xmpp]
domain = "workgroup.example.org"
secret = "component-secret"
muc = "conference.example.org"
[[workgroup]]
name = "support"
[[workgroup]]
name = "billing"
[[channel]]
id = "loja"
kind = "weni"
workgroup = "support"
api_token = "a-token-of-the-tests-only"
webhook_secret = "segredo-dos-testes-somente"
KEYS
"#;
const TICKET: &str = "c3f5f5f4-4c0e-4e13-9d61-0f0b7c6f2a11";
/// The ids in the examples are another partner's.
const THEIRS: &str = "hx-42";

fn settings(keys: &str) -> WeniSettings {
    let settings = warmline::config::parse(&CONFIG.replace("KEYS", keys)).expect("valid");
    WeniSettings::all(&settings).remove(0)
}

/// An example with the id that this partner gives out.
fn ours(example: &str) -> String {
    assert!(example.contains(THEIRS));
    example.replace(THEIRS, TICKET)
}

fn moment(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().expect("a time");
    Timestamp(at.as_millisecond())
}

#[test]
fn a_ticket_is_opened() {
    let body = include_bytes!("weni/open.json");
    let usual = settings("topics = { \"cobrança\" = \"billing\" }");
    let ticket = open(body, &usual).expect("a ticket");
    assert_eq!(ticket.id, TICKET);
    assert_eq!(ticket.opened_at, Some(moment("2026-08-13T12:12:44.018Z")));
    let callback = "https://rooms.weni.example/mr/tickets/types/generic/event_callback/\
                    7e0c1a52-3b9c-4f5e-8f3d-0a9a5f1f3d77";
    assert_eq!(ticket.callback.as_deref(), Some(callback));
    let wish = ticket.into_opening(ConversationId::new("c1"), &usual);
    assert_eq!(wish.visitor.token, VisitorToken::new(TICKET));
    assert_eq!(wish.ticket, Some(TicketId::new(TICKET)));
    assert_eq!(wish.workgroup, WorkgroupName::new("billing"));
    assert_eq!((wish.place, wish.wanted), (Place::Normal, None));
    assert!(wish.manners.reopens && wish.manners.every_end);
    assert_eq!(wish.manners.language.as_deref(), Some("por"));
    assert_eq!(
        wish.brief.question.as_deref(),
        Some("Quer negociar a fatura de julho")
    );
    let shown = [
        ("Topic", "Cobrança"),
        ("Flow", "Cobrança 2"),
        ("Channel", "Zap Loja"),
        ("Language", "por"),
        ("Assignee", "Lia"),
    ];
    assert_eq!(wish.brief.facts, facts(&shown));
}

#[test]
fn the_person_is_shown_where_that_is_configured_and_never_more_of_the_urn() {
    let revealing = settings("reveal = [\"name\", \"phone\"]");
    let ticket = open(include_bytes!("weni/open.json"), &revealing).expect("a ticket");
    let wish = ticket.into_opening(ConversationId::new("c1"), &revealing);
    let person = &wish.brief.facts[5..];
    assert_eq!(
        person,
        facts(&[("Name", "Iara Nunes"), ("Phone", "5585911112222")])
    );
    assert_eq!(wish.workgroup, WorkgroupName::new("support"));
}

#[test]
fn options_in_the_place_of_words_are_not_shown() {
    for body in [
        r#"{"history_after": "2026-08-12 17:03:00+00:00"}"#,
        "{}",
        "",
        " ",
    ] {
        let ticket = serde_json::json!({"ticket_id": TICKET, "body": body}).to_string();
        let ticket = open(ticket.as_bytes(), &settings("")).expect("a ticket");
        let wish = ticket.into_opening(ConversationId::new("c1"), &settings(""));
        assert_eq!(wish.brief.question, None, "{body}");
    }
    let long = "palavra ".repeat(300);
    let ticket = serde_json::json!({"ticket_id": TICKET, "body": long}).to_string();
    let ticket = open(ticket.as_bytes(), &settings("")).expect("a ticket");
    let wish = ticket.into_opening(ConversationId::new("c1"), &settings(""));
    assert_eq!(wish.earlier[0].words.text, long.trim());
}

#[test]
fn a_contact_says_something() {
    let body = ours(include_str!("weni/message.json"));
    let came = (Some("forward-x"), Timestamp(0));
    let told = message(body.as_bytes(), TICKET, came, &Media::default());
    let Ok(Told::Said { id, words }) = told else {
        panic!("{told:?}");
    };
    assert_eq!(id.as_deref(), Some("2d3d6a0e-5d1f-4f6c-8f3f-7a0d2f9d6b58"));
    // Without an address of our own there is no link to the file.
    assert_eq!(words, Words::text("segue o comprovante\n[application/pdf]"));
    let body = include_bytes!("weni/message.json");
    let error = message(body, TICKET, came, &Media::default()).expect_err("another's ticket");
    assert_eq!(
        error.to_string(),
        "external_id must be the one in the address"
    );
}

#[test]
fn a_ticket_is_closed_and_opened_again() {
    for example in [
        include_str!("weni/close.json"),
        include_str!("weni/reopen.json"),
    ] {
        assert!(about(ours(example).as_bytes(), TICKET).is_ok());
        assert!(about(example.as_bytes(), TICKET).is_err());
    }
}

#[test]
fn the_history_is_told() {
    let body = ours(include_str!("weni/history.json"));
    let told = history(body.as_bytes(), TICKET, Timestamp(0), &Media::default());
    let (earlier, count) = told.expect("a history");
    assert_eq!((earlier.len(), count), (2, 2));
    let [bot, contact] = earlier.as_slice() else {
        panic!("{earlier:?}");
    };
    assert_eq!(bot.author, Author::Bot);
    assert_eq!(bot.words, Words::text("Bom dia! Escolha uma opção"));
    assert_eq!(bot.at, moment("2026-08-13T11:58:10.221Z"));
    let id = "aa11f0f0-1111-4a4a-8b8b-000000000001";
    assert_eq!(bot.id.as_deref(), Some(id));
    assert_eq!(contact.author, Author::Visitor);
    assert_eq!(contact.words, Words::text("2"));
    assert_eq!(contact.at, moment("2026-08-13T11:58:31.9Z"));
}

fn owed(what: Outgoing, at: &str) -> Delivery {
    Delivery {
        id: DeliveryId::new("m-9002"),
        conversation: ConversationId::new("c1"),
        number: 2,
        channel: ChannelId::new("loja"),
        ticket: Some(TicketId::new(THEIRS)),
        visitor: VisitorToken::new(THEIRS),
        opened_at: Timestamp(0),
        language: None,
        at: moment(at),
        what,
    }
}

/// Members of the example that say the same in ours; the others are what this partner tells more,
/// or does not know.
fn compare(example: &str, body: &Value, members: &[&str]) {
    let example: Value = serde_json::from_str(example).expect("an example");
    for member in members {
        assert_eq!(body.pointer(member), example.pointer(member), "{member}");
    }
}

#[test]
fn an_agents_words_and_end_are_told_as_in_the_examples() {
    let words = Outgoing::Words {
        message: MessageId::new("m1"),
        author: "Lia".into(),
        words: Words::text("Oi Iara, já estou vendo sua fatura."),
    };
    let said = callback(
        &owed(words, "2026-08-13T13:40:05Z"),
        &settings(""),
        &Media::default(),
    );
    let said = said.expect("a call");
    assert_eq!(
        (said.event, said.event.path()),
        (Event::Message, "messages")
    );
    compare(
        include_str!("weni/agent_message.json"),
        &said.body,
        &[
            "/external_id",
            "/message_external_id",
            "/direction",
            "/sender/type",
            "/sender/name",
            "/text",
            "/attachments",
            "/sent_at",
        ],
    );
    let end = owed(Outgoing::Closed(ClosedBy::Agent), "2026-08-13T13:55:00Z");
    let end = callback(&end, &settings(""), &Media::default()).expect("a call");
    assert_eq!(
        (end.event, end.event.path()),
        (Event::Close, "tickets/close")
    );
    compare(
        include_str!("weni/agent_close.json"),
        &end.body,
        &["/external_id", "/closed_by/type", "/closed_at"],
    );
    let again = owed(Outgoing::Reopened, "2026-08-13T13:55:00Z");
    let again = callback(&again, &settings(""), &Media::default()).expect("a call");
    assert_eq!(
        (again.event, again.event.path()),
        (Event::Reopen, "tickets/reopen")
    );
}
