//! What is owed to Weni, carried to a mailroom in all of its moods (reference: §4).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use warmline::bridge::Input;
use warmline::channels::AddressBook;
use warmline::channels::weni::signature::{check, check_time};
use warmline::channels::weni::{Ways, WeniCarrier};
use warmline::conversation::{Attachment, ClosedBy, Delivery, Notice, Outgoing, Words};
use warmline::engine::{Handle, Job, now};
use warmline::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, TicketId, Timestamp, VisitorToken,
};
use warmline::outbox::{Carrier, Trouble, Verdict};

use super::support::bot::{Answer, Callback, HttpBot};
use super::support::wait;
use super::support::weni::{CALLBACK, SECRET, id_of};
use super::world::{client, media, settings, taken};

struct Scene {
    mailroom: HttpBot,
    carrier: WeniCarrier,
    jobs: tokio::sync::mpsc::Receiver<Job>,
    runtime: Runtime,
}

impl Scene {
    fn new() -> Self {
        Self::with("")
    }

    fn with(keys: &str) -> Self {
        let mailroom = HttpBot::start();
        let book = AddressBook::default();
        book.learn(ChannelId::new("loja"), mailroom.url(CALLBACK) + "/");
        let (engine, jobs) = Handle::pair(16);
        let ways = Ways {
            book,
            http: client(),
            media: media(),
            engine,
        };
        Self {
            carrier: WeniCarrier::new(Arc::new(settings(keys)), ways),
            mailroom,
            jobs,
            runtime: Runtime::new().unwrap(),
        }
    }

    fn carry(&self, owed: &Delivery, attempt: u32) -> Verdict {
        self.runtime.block_on(self.carrier.carry(owed, attempt))
    }

    fn meets(&self, (status, code): (u16, &str), owed: &Delivery) -> Verdict {
        let body = json!({"error": code, "message": "as the test wants it"});
        self.mailroom.answer(Answer::new(status, &body.to_string()));
        self.carry(owed, 0)
    }

    fn last(&self) -> Callback {
        self.mailroom.callbacks().pop().expect("a call")
    }
}

fn owed(what: Outgoing) -> Delivery {
    Delivery {
        id: DeliveryId::new("c1-7"),
        conversation: ConversationId::new("c1"),
        number: 7,
        channel: ChannelId::new("loja"),
        ticket: Some(TicketId::new(id_of("ticket"))),
        visitor: VisitorToken::new(id_of("ticket")),
        opened_at: Timestamp(1_786_628_000_000),
        language: None,
        at: Timestamp(1_786_628_405_000),
        what,
    }
}

fn said(text: &str) -> Delivery {
    owed(Outgoing::Words {
        message: MessageId::new("m1"),
        author: "Lia".into(),
        words: Words::text(text),
    })
}

fn again(seconds: u64, why: Trouble) -> Verdict {
    let after = Some(Duration::from_secs(seconds));
    Verdict::Again { after, why }
}

fn later(why: Trouble) -> Verdict {
    Verdict::Again { after: None, why }
}

#[test]
fn what_is_sent_is_what_is_signed() {
    let mut scene = Scene::new();
    scene.mailroom.answer(taken("5F0C"));
    scene.runtime.spawn(async {});
    let noted = std::thread::scope(|scope| {
        let jobs = &mut scene.jobs;
        let noting = scope.spawn(move || {
            let job = jobs.blocking_recv().expect("the name is noted");
            let input = job.input().clone();
            job.answer(Ok(warmline::bridge::Answer::Done));
            input
        });
        let carried = scene.runtime.block_on(
            scene
                .carrier
                .carry(&said("Oi Iara, <já> estou & vendo."), 0),
        );
        assert_eq!(carried, Verdict::Done);
        noting.join().expect("noted")
    });
    let Input::Named { delivery, name } = noted else {
        panic!("{noted:?}");
    };
    assert_eq!((delivery.id.as_str(), name.as_str()), ("c1-7", "5f0c"));
    let call = scene.last();
    assert_eq!(call.path, format!("{CALLBACK}/messages"));
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.header("idempotency-key"), Some("c1-7"));
    assert_eq!(
        call.body,
        json!({
            "external_id": id_of("ticket"),
            "message_external_id": "c1-7",
            "direction": "outgoing",
            "sender": {"type": "agent", "name": "Lia"},
            "text": "Oi Iara, <já> estou & vendo.",
            "attachments": [],
            "metadata": {"conversation_id": "c1"},
            "sent_at": "2026-08-13T13:40:05Z",
        })
    );
    // The members' order is that of serde_json's maps here as there, so that this is the body.
    let body = call.body.to_string();
    let secret = warmline::channels::Secret::new(SECRET);
    let signature = call.header("x-webhook-signature");
    assert_eq!(check(&secret, signature, body.as_bytes()), Ok(()));
    let time = call.header("x-webhook-timestamp").expect("a time");
    assert_eq!(check_time(time, now()), Ok(()));
}

#[test]
fn ends_beginnings_and_notices() {
    let scene = Scene::with("texts = { no_agent = \"Ninguém agora.\", agent_joined = \"\" }");
    scene.mailroom.answer(taken("x"));
    let by = |by| scene.carry(&owed(Outgoing::Closed(by)), 0);
    assert_eq!(by(ClosedBy::Visitor), Verdict::Done);
    let joined = owed(Outgoing::Notice(Notice::AgentJoined));
    assert_eq!(scene.carry(&joined, 0), Verdict::Done);
    assert_eq!(
        scene.mailroom.callbacks().len(),
        0,
        "nobody needs to hear of these"
    );
    assert_eq!(by(ClosedBy::Agent), Verdict::Done);
    let end = scene.last();
    assert_eq!(end.path, format!("{CALLBACK}/tickets/close"));
    assert_eq!(end.body["closed_by"]["type"], "agent");
    assert_eq!(end.body["reason"], "agent");
    assert_eq!(end.body["closed_at"], "2026-08-13T13:40:05Z");
    by(ClosedBy::Silence);
    assert_eq!(scene.last().body["closed_by"]["type"], "system");
    scene.carry(&owed(Outgoing::Reopened), 0);
    assert_eq!(scene.last().path, format!("{CALLBACK}/tickets/reopen"));
    let nobody = owed(Outgoing::Notice(Notice::NobodyCame));
    scene.carry(&nobody, 0);
    let told = scene.last();
    assert_eq!(told.body["text"], "Ninguém agora.");
    assert_eq!(told.body["sender"]["type"], "system");
}

#[test]
fn every_answer_has_its_consequence() {
    let cases: [((u16, &str), Verdict); 15] = [
        ((400, "invalid_request"), again(1, Trouble::Status(400))),
        ((400, "invalid_payload"), again(5, Trouble::Status(400))),
        ((401, "invalid_signature"), hold(401)),
        ((401, "expired_request"), hold(401)),
        ((403, "x"), later(Trouble::Status(403))),
        ((404, "ticketer_not_found"), later(Trouble::Status(404))),
        ((404, "no such thing"), later(Trouble::Status(404))),
        ((404, "ticket_not_found"), again(1, Trouble::Orphan)),
        (
            (413, "payload_too_large"),
            Verdict::Never(Trouble::Status(413)),
        ),
        ((429, "x"), again(1, Trouble::Status(429))),
        ((500, "misconfigured"), Verdict::Never(Trouble::Status(500))),
        ((500, "send_failed"), again(1, Trouble::Status(500))),
        (
            (502, "attachment_fetch_failed"),
            again(1, Trouble::Status(502)),
        ),
        ((503, "x"), again(1, Trouble::Status(503))),
        ((302, "x"), later(Trouble::Status(302))),
    ];
    for (answer, verdict) in cases {
        assert_eq!(
            Scene::new().meets(answer, &said("Oi")),
            verdict,
            "{answer:?}"
        );
    }
}

fn hold(status: u16) -> Verdict {
    Verdict::Hold {
        after: Duration::from_secs(180),
        why: Trouble::Status(status),
    }
}

#[test]
fn an_unknown_ticket_is_asked_for_some_minutes_and_then_an_orphan() {
    let scene = Scene::new();
    let unknown = (404, "ticket_not_found");
    let mut waited = Duration::ZERO;
    let mut verdict = scene.meets(unknown, &said("Oi"));
    while let Verdict::Again { after, .. } = verdict {
        waited += after.expect("a time");
        assert!(waited.as_secs() < 3600, "it is asked for ever");
        verdict = scene.carry(&said("Oi"), 3);
    }
    assert_eq!(verdict, Verdict::Never(Trouble::Orphan));
    assert!((600..900).contains(&waited.as_secs()), "{waited:?}");
    // An end of what is not known needs no telling.
    let end = owed(Outgoing::Closed(ClosedBy::Agent));
    let mut tries = 0;
    while scene.carry(&end, 3) != Verdict::Done {
        tries += 1;
        assert!(tries < 50, "it is asked for ever");
    }
}

#[test]
fn sent_without_an_id_is_not_sent() {
    let scene = Scene::new();
    let answers = |body: &str| {
        scene.mailroom.answer(Answer::new(200, body));
        scene.carry(&said("Oi"), 0)
    };
    let nothing = r#"{"status":"sent","ticket_uuid":"c3f5f5f4"}"#;
    assert_eq!(answers(nothing), Verdict::Never(Trouble::NotSent));
    // A project's own template has another shape, a proxy perhaps none.
    for other in [r#"{"ok":true}"#, "", "<html>", r#"{"status":"sent"}"#] {
        assert_eq!(answers(other), Verdict::Done, "{other}");
    }
    scene.mailroom.answer(Answer::new(200, nothing));
    let end = owed(Outgoing::Closed(ClosedBy::Agent));
    assert_eq!(scene.carry(&end, 0), Verdict::Done);
}

#[test]
fn what_may_have_been_sent_is_told_twice_more_and_no_oftener() {
    let scene = Scene::new();
    let failed = (500, "send_failed");
    assert_eq!(
        scene.meets(failed, &said("Oi")),
        again(1, Trouble::Status(500))
    );
    assert_eq!(scene.carry(&said("Oi"), 1), again(2, Trouble::Status(500)));
    let given_up = Verdict::Never(Trouble::Status(500));
    assert_eq!(scene.carry(&said("Oi"), 2), given_up);
    // An end may be told as often as it takes.
    for attempt in 0..5 {
        let verdict = scene.carry(&owed(Outgoing::Closed(ClosedBy::Agent)), attempt);
        assert!(matches!(verdict, Verdict::Again { .. }), "{verdict:?}");
    }
    let careful = Scene::with("unsure = \"tell\"");
    assert_eq!(careful.meets(failed, &said("Oi")), given_up);
    // A connection that is refused told nobody anything.
    let mut gone = Scene::with("unsure = \"tell\"");
    gone.mailroom.refuse();
    for attempt in [0, 1, 2, 3] {
        let seconds = [1, 2, 4, 8][attempt as usize];
        assert_eq!(
            gone.carry(&said("Oi"), attempt),
            again(seconds, Trouble::Unreachable)
        );
    }
}

#[test]
fn a_connection_that_breaks_leaves_it_unsure() {
    let mut scene = Scene::with("unsure = \"tell\"");
    scene.mailroom.answer(taken("x").after(wait::START));
    let verdict = std::thread::scope(|scope| {
        let (carrier, runtime) = (&scene.carrier, &scene.runtime);
        let carrying = scope.spawn(|| runtime.block_on(carrier.carry(&said("Oi"), 0)));
        scene
            .mailroom
            .wait_until("the call", |all| (!all.is_empty()).then_some(()));
        scene.mailroom.refuse();
        carrying.join().expect("a verdict")
    });
    assert_eq!(verdict, Verdict::Never(Trouble::Cut));
}

#[test]
fn files_are_links_of_our_own_and_then_lines_of_text() {
    let scene = Scene::new();
    let words = Words {
        text: "veja".into(),
        attachments: vec![Attachment {
            kind: String::new(),
            url: "https://upload.example.org/secret/boleto.pdf".into(),
        }],
        corrects: None,
    };
    let file = owed(Outgoing::Words {
        message: MessageId::new("m1"),
        author: "Lia".into(),
        words,
    });
    let failed = (502, "attachment_fetch_failed");
    assert_eq!(scene.meets(failed, &file), again(1, Trouble::Status(502)));
    let body: Value = scene.last().body;
    let url = body["attachments"][0]["url"].as_str().expect("a link");
    assert!(url.starts_with("https://help.example.org/media/"), "{url}");
    assert!(
        url.ends_with("/boleto.pdf") && !url.contains("secret"),
        "{url}"
    );
    assert_eq!(body["attachments"][0]["content_type"], "application/pdf");
    assert_eq!(body["text"], "veja");
    scene.carry(&file, 1);
    assert!(scene.last().body["attachments"][0].is_object());
    scene.mailroom.answer(taken(""));
    scene.carry(&file, 2);
    let plain = scene.last().body;
    assert_eq!(
        plain["attachments"].as_array().map(Vec::len).unwrap_or(0),
        0
    );
    let text = plain["text"].as_str().expect("a text");
    assert!(
        text.starts_with("veja\nhttps://help.example.org/media/"),
        "{text}"
    );
}

#[test]
fn the_configured_address_goes_before_the_one_that_was_told() {
    let other = HttpBot::start();
    other.answer(taken(""));
    let scene = Scene::with(&format!("callback_url = \"{}\"", other.url("/proxy")));
    scene.carry(&said("Oi"), 0);
    assert_eq!(other.callbacks()[0].path, "/proxy/messages");
    assert_eq!(scene.mailroom.callbacks().len(), 0);
    let (engine, _jobs) = Handle::pair(1);
    let nowhere = Ways {
        book: AddressBook::default(),
        http: client(),
        media: media(),
        engine,
    };
    let carrier = WeniCarrier::new(Arc::new(settings("")), nowhere);
    let verdict = scene.runtime.block_on(carrier.carry(&said("Oi"), 0));
    assert_eq!(verdict, again(30, Trouble::NoAddress));
}
