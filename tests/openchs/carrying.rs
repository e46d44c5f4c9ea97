//! What RapidPro's API is called with, and what its answers mean.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use warmline::channels::api::Api;
use warmline::channels::openchs::{OpenchsCarrier, OpenchsSettings, Telling, Texts};
use warmline::channels::{HttpClient, Secret};
use warmline::conversation::{ClosedBy, Delivery, Ended, Notice, Outgoing, Receipt, Words};
use warmline::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, TicketId, Timestamp, VisitorToken,
    WorkgroupName,
};
use warmline::outbox::{Carrier, OutboundSettings, Trouble, Verdict};

use super::support::bot::{Answer, HttpBot};

const CONTACT: &str = "6393abc0-283d-4c9b-a1b3-641a035c34bf";

/// A gateway that has a flow for everything but replies, which it broadcasts.
pub fn settings(api: &str) -> OpenchsSettings {
    let flow = |number: u8| Some(format!("f{number}"));
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
                url: format!("{api}/api/v2/"),
                token: Secret::new("a-token"),
            },
            scheme: "tel".into(),
            text_limit: 40,
            name_counselor: true,
            reply_flow: None,
            receipt_flow: flow(2),
            no_agent_flow: flow(3),
            closed_flow: flow(4),
            on_close_flow: flow(5),
            texts: Texts::default(),
        },
    }
}

fn client() -> HttpClient {
    let settings = OutboundSettings {
        allow_private_networks: true,
        timeout: Duration::from_millis(1500),
        ..OutboundSettings::default()
    };
    HttpClient::new(&settings).unwrap()
}

fn owed(what: Outgoing) -> Delivery {
    Delivery {
        id: DeliveryId::new("conv-7"),
        conversation: ConversationId::new("conv"),
        number: 7,
        channel: ChannelId::new("helpline"),
        ticket: Some(TicketId::new(CONTACT)),
        visitor: VisitorToken::new("e32434511"),
        opened_at: Timestamp(1_600_000_000_000),
        language: None,
        at: Timestamp(1_600_000_090_000),
        what,
    }
}

fn said(text: &str) -> Outgoing {
    Outgoing::Words {
        message: MessageId::new("stanza"),
        author: "Counselor-7K2M".into(),
        words: Words::text(text),
    }
}

/// A RapidPro's API, and the carrier to it.
struct Desk {
    bot: HttpBot,
    carrier: OpenchsCarrier,
    runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn new(change: impl FnOnce(&mut Telling)) -> Desk {
        let bot = HttpBot::start();
        bot.answer(Answer::new(201, "{}"));
        let mut settings = settings(&bot.url(""));
        change(&mut settings.telling);
        Desk {
            carrier: OpenchsCarrier::new(Arc::new(settings), client()),
            bot,
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    fn carry(&self, delivery: &Delivery, attempt: u32) -> Verdict {
        self.runtime.block_on(self.carrier.carry(delivery, attempt))
    }

    fn calls(&self) -> Vec<(String, Value)> {
        let calls = self.bot.callbacks().into_iter();
        calls.map(|call| (call.path, call.body)).collect()
    }
}

#[test]
fn a_reply_is_broadcast_with_its_signs_escaped_in_pieces_to_the_contact() {
    let desk = Desk::new(|_| {});
    let text = "Write to @contact.name or to me@help.test, @(1+1), at any time.";
    assert_eq!(desk.carry(&owed(said(text)), 0), Verdict::Done);
    let calls = desk.calls();
    assert!(calls.len() > 1);
    let mut whole = String::new();
    for (path, body) in &calls {
        assert_eq!(path, "/api/v2/broadcasts.json");
        assert_eq!(body["contacts"], json!([CONTACT]));
        let text = body["text"].as_str().unwrap();
        assert!(text.chars().count() <= 40, "{text}");
        whole.push_str(text);
    }
    let expected = format!("Counselor-7K2M: {}", text.replace('@', "@@"));
    assert_eq!(whole, expected);
    let first = &desk.bot.callbacks()[0];
    assert_eq!(first.header("authorization"), Some("Token a-token"));
    assert_eq!(first.header("idempotency-key"), Some("conv-7-0"));
}

#[test]
fn a_reply_by_flow_carries_conversation_message_and_pseudonym() {
    let desk = Desk::new(|telling| telling.reply_flow = Some("f1".into()));
    desk.carry(&owed(said("me@help.test")), 0);
    let (path, body) = &desk.calls()[0];
    assert_eq!(path, "/api/v2/flow_starts.json");
    assert_eq!(body["flow"], "f1");
    let params = &body["params"];
    assert_eq!(params["conversation_id"], "e32434511");
    assert_eq!(params["message_id"], "conv-7");
    assert_eq!(params["counselor_pseudonym"], "Counselor-7K2M");
    assert_eq!(
        params["text"], "me@help.test",
        "parameters are no templates"
    );
    let pseudonym = ConversationId::new("conv").pseudonym();
    assert_eq!(params["client_pseudonym"], pseudonym);
    desk.carry(&owed(said(&"x".repeat(1300))), 0);
    let parts: Vec<Value> = desk.calls()[1..]
        .iter()
        .map(|(_, b)| b["params"]["part"].clone())
        .collect();
    assert_eq!(
        parts,
        [json!(1), json!(2), json!(3)],
        "cut at 640 characters"
    );
}

#[test]
fn what_became_of_words_is_told_with_the_callers_ids_in_one_call() {
    let desk = Desk::new(|_| {});
    let messages = ["x-m1", "x-a_2fb", "x-long", "x-long.1"]
        .map(MessageId::new)
        .to_vec();
    desk.carry(
        &owed(Outgoing::Receipt {
            messages,
            receipt: Receipt::Delivered,
        }),
        0,
    );
    let calls = desk.calls();
    assert_eq!(calls.len(), 1);
    let params = &calls[0].1["params"];
    assert_eq!(calls[0].1["flow"], "f2");
    assert_eq!(params["status"], "delivered");
    assert_eq!(params["message_id"], "long");
    assert_eq!(params["message_ids"], json!(["m1", "a/b", "long"]));
    assert_eq!(params["conversation_id"], "e32434511");
}

#[test]
fn notices_and_ends_start_their_flows() {
    let desk = Desk::new(|_| {});
    desk.carry(&owed(Outgoing::Notice(Notice::NobodyCame)), 0);
    desk.carry(&owed(Outgoing::Closed(ClosedBy::Agent)), 0);
    desk.carry(&owed(Outgoing::Closed(ClosedBy::Visitor)), 0);
    let ended = Ended {
        by: ClosedBy::Visitor,
        helper: Some("Counselor-7K2M".into()),
        waited: Some(12_345),
        contact: None,
    };
    desk.carry(&owed(Outgoing::Ended(Box::new(ended))), 0);
    desk.carry(&owed(Outgoing::Notice(Notice::AgentJoined)), 0);
    let calls = desk.calls();
    let told: Vec<(&Value, &Value)> = calls
        .iter()
        .map(|(_, body)| (&body["flow"], &body["params"]["status"]))
        .collect();
    let expected = [("f3", "no_agent"), ("f4", "closed"), ("f5", "closed")];
    let expected = expected.map(|(flow, status)| (json!(flow), json!(status)));
    assert_eq!(
        told,
        expected.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
    let params = &calls[2].1["params"];
    assert_eq!(params["closed_by"], "visitor");
    assert_eq!(params["counselor_pseudonym"], "Counselor-7K2M");
    assert_eq!(
        (&params["duration"], &params["waiting_time"]),
        (&json!(90), &json!(12))
    );
}

#[test]
fn without_a_flow_the_text_is_broadcast() {
    let desk = Desk::new(|telling| {
        telling.no_agent_flow = None;
        telling.receipt_flow = None;
        telling.texts.nobody_came = "Nobody is free.".into();
    });
    desk.carry(&owed(Outgoing::Notice(Notice::NobodyCame)), 0);
    let messages = vec![MessageId::new("x-m1")];
    let receipt = Receipt::Read;
    assert_eq!(
        desk.carry(&owed(Outgoing::Receipt { messages, receipt }), 0),
        Verdict::Done
    );
    let calls = desk.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].1["text"], "Nobody is free.");
}

#[test]
fn answers_mean_what_the_api_documents() {
    let again = |seconds: Option<u64>, why| Verdict::Again {
        after: seconds.map(Duration::from_secs),
        why,
    };
    let hold = |status| Verdict::Hold {
        after: Duration::from_mins(3),
        why: Trouble::Status(status),
    };
    let html = "<html>Sign in</html>";
    for (status, body, verdict) in [
        (201, "{}", Verdict::Done),
        (200, "{}", Verdict::Done),
        (200, html, again(None, Trouble::Status(200))),
        (302, "", again(None, Trouble::Status(302))),
        (400, "{}", again(Some(5), Trouble::Status(400))),
        (401, "{}", hold(401)),
        (403, html, hold(403)),
        (404, html, again(None, Trouble::Status(404))),
        (429, "{}", again(Some(1), Trouble::Status(429))),
        (500, "oops", again(Some(1), Trouble::Status(500))),
    ] {
        let desk = Desk::new(|_| {});
        desk.bot.answer(Answer::new(status, body));
        let found = desk.carry(&owed(said("x")), 0);
        assert_eq!(found, verdict, "{status}");
    }
}

#[test]
fn a_limit_is_obeyed_and_nothing_is_no_answer() {
    let desk = Desk::new(|_| {});
    let mut limited = Answer::new(429, "{}");
    limited.headers = vec![("Retry-After".into(), "37".into())];
    desk.bot.answer(limited);
    let Verdict::Again { after, .. } = desk.carry(&owed(said("x")), 3) else {
        panic!("not tried again");
    };
    assert_eq!(after, Some(Duration::from_secs(37)));
    desk.bot
        .answer(Answer::new(201, "{}").after(Duration::from_secs(3)));
    let silent = Verdict::Again {
        after: Some(Duration::from_secs(1)),
        why: Trouble::Timeout,
    };
    assert_eq!(desk.carry(&owed(said("x")), 0), silent);
}

#[test]
fn what_is_refused_twice_is_given_up() {
    let desk = Desk::new(|_| {});
    desk.bot
        .answer(Answer::new(400, "{\"contacts\":[\"No such object\"]}"));
    let delivery = owed(said("x"));
    assert!(matches!(desk.carry(&delivery, 0), Verdict::Again { .. }));
    assert_eq!(
        desk.carry(&delivery, 1),
        Verdict::Never(Trouble::Status(400))
    );
    let nobody = Delivery {
        ticket: Some(TicketId::new("")),
        ..owed(said("x"))
    };
    assert_eq!(desk.carry(&nobody, 0), Verdict::Never(Trouble::NoAddress));
}

#[test]
fn the_pieces_that_were_taken_are_not_sent_again() {
    let desk = Desk::new(|telling| telling.name_counselor = false);
    desk.bot
        .answer_with(|call| match call.header("idempotency-key") {
            Some("conv-7-1") => Answer::error(500),
            _ => Answer::new(201, "{}"),
        });
    let text = format!("{} {} {}", "a".repeat(30), "b".repeat(30), "c".repeat(30));
    let delivery = owed(said(&text));
    assert!(matches!(desk.carry(&delivery, 0), Verdict::Again { .. }));
    desk.bot.answer(Answer::new(201, "{}"));
    assert_eq!(desk.carry(&delivery, 1), Verdict::Done);
    let taken = desk.bot.taken();
    let texts: Vec<&str> = taken
        .iter()
        .filter_map(|call| call.body["text"].as_str())
        .collect();
    assert_eq!(texts.concat(), text);
    assert_eq!(texts.len(), 3);
}
