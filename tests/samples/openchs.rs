//! The OpenCHS gateway: the examples of its document, to the letter.

use std::time::Duration;

use uuid::Uuid;
use warmline::channels::Secret;
use warmline::channels::api::Api;
use warmline::channels::openchs::wire::{
    Ack, Naming, ack, approach, chat, closer, login, message_id, session_in,
};
use warmline::channels::openchs::{OpenchsSettings, Reveal, Source, Telling, Texts};
use warmline::conversation::{Receipt, Words};
use warmline::ids::{ChannelId, ConversationId, TicketId, VisitorToken, WorkgroupName};

fn settings() -> OpenchsSettings {
    OpenchsSettings {
        id: ChannelId::new("helpline"),
        workgroup: WorkgroupName::new("support"),
        accounts: Vec::new(),
        token_lifetime: Duration::from_secs(60),
        reopen: false,
        wait_ends: false,
        reveal: [].into(),
        telling: Telling {
            api: Api {
                url: "https://rapidpro.example.org/api/v2".into(),
                token: Secret::new("t"),
            },
            scheme: "tel".into(),
            text_limit: 640,
            name_counselor: true,
            reply_flow: None,
            receipt_flow: Some("flow".into()),
            no_agent_flow: None,
            closed_flow: None,
            on_close_flow: None,
            texts: Texts::default(),
        },
    }
}

const CHAT: &str = r#"{
        "chat_sender": 23343411,
        "chat_receiver": 233432311,
        "chat_message": "This is the message I am sending FROM PSTM",
        "chat_session": "e32434511",
        "chat_source": "WENI"
    }"#;

#[test]
fn the_documents_login() {
    let body = r#"{
        "username":"child@openchs.com",
        "password":"Op3nCh1ld"
    }"#;
    let read = login(body.as_bytes(), false).unwrap();
    assert_eq!(read.username, "child@openchs.com");
    assert_eq!(read.password.expose(), "Op3nCh1ld");
    let printed = "{“username”:”child”,”password”:”P@sswd”}";
    assert!(login(printed.as_bytes(), false).is_err());
}

#[test]
fn the_documents_chat_becomes_a_wish_and_words() {
    let read = chat(CHAT.as_bytes()).unwrap();
    assert_eq!(read.source, Source::Weni);
    let naming = Naming::of(&read.session, None, Uuid::from_u128(1));
    let id = ConversationId::new("c1");
    let wish = approach(read.clone(), (&settings(), id.clone()), &naming);
    assert_eq!(wish.opening.conversation, id);
    assert_eq!(wish.opening.visitor.token, VisitorToken::new("e32434511"));
    assert_eq!(wish.opening.ticket, Some(TicketId::new("23343411")));
    assert_eq!(wish.opening.workgroup, WorkgroupName::new("support"));
    assert!(!wish.opening.refuse_without_agents && !wish.opening.wait_ends);
    assert!(wish.opening.brief.facts.is_empty(), "no number is shown");
    let wanted = &wish.opening.manners.receipts;
    assert!(wanted.contains(&Receipt::Delivered) && wanted.contains(&Receipt::Read));
    let said = "This is the message I am sending FROM PSTM";
    assert_eq!(wish.saying.words, Words::text(said));
    assert_eq!(wish.saying.platform_id, None);
    assert_eq!(
        wish.extra,
        r#"{"sender":"23343411","receiver":"233432311","source":"WENI"}"#
    );
    let shown = OpenchsSettings {
        reveal: [Reveal::Sender].into(),
        ..settings()
    };
    let wish = approach(read, (&shown, id), &naming);
    let facts = wish.opening.brief.facts;
    assert_eq!(facts, [("Sender".to_owned(), "23343411".to_owned())]);
}

#[test]
fn the_documents_close() {
    let body = r#"{
        "chat_source":"WENI"
    }"#;
    assert_eq!(closer(body.as_bytes()), Source::Weni);
    assert_eq!(closer(b"{\"chat_source\":\"HELPLINE\"}"), Source::Helpline);
    assert_eq!(closer(b"\xff"), Source::Weni);
    let path = "/open/api/chat/529150097d63/close/";
    assert_eq!(session_in(path, "close").as_deref(), Some("529150097d63"));
}

#[test]
fn what_a_caller_names_always_has_the_same_names() {
    let named = |session: &str, id: &str| Naming::of(session, Some(id), Uuid::from_u128(1));
    let one = named("s", "m/1");
    assert_eq!(one.uuid, named("s", "m/1").uuid);
    assert_eq!(message_id(one.id.as_str()), "m/1");
    assert_ne!(one.uuid, named("t", "m/1").uuid);
    assert_ne!(one.known_as, named("t", "m/1").known_as);
}

#[test]
fn an_acknowledgement() {
    let read = |status: &str| {
        ack(format!("{{\"message_id\":\"c-7\",\"status\":\"{status}\"}}").as_bytes())
    };
    for (status, receipt) in [
        ("delivered", Receipt::Delivered),
        ("READ", Receipt::Read),
        ("failed", Receipt::Failed),
        ("sent", Receipt::Sent),
    ] {
        let message = "c-7".to_owned();
        assert_eq!(read(status).unwrap(), Ack { message, receipt });
    }
    assert!(read("eaten").is_err());
}
