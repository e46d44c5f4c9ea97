//! What is owed to the platform, in both messengers' forms and in all of the platform's moods.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use warmline::channels::Origin;
use warmline::channels::yalo::YaloCarrier;
use warmline::conversation::{Attachment, ClosedBy, Delivery, Notice, Outgoing, Words};
use warmline::ids::{
    ChannelId, ConversationId, DeliveryId, MessageId, TicketId, Timestamp, VisitorToken,
};
use warmline::outbox::{Carrier, Trouble, Verdict};

use super::support::bot::{Answer, Callback, HttpBot};
use super::world::{channels, client, leads_to, media, usual};

/// A carrier and the platform that it calls.
pub struct Scene {
    pub platform: HttpBot,
    carrier: YaloCarrier,
    runtime: Runtime,
}

impl Scene {
    pub fn new() -> Self {
        Self::with("", "")
    }

    pub fn with(keys: &str, tables: &str) -> Self {
        let platform = HttpBot::start();
        platform.answer(Answer::new(200, r#"{"messages":[{"id":"x"}]}"#));
        let config = usual(&platform.url("")).replace("#more", keys) + tables;
        let config = config.replace("PLATFORM", &platform.url(""));
        let settings = channels(&config).remove(0);
        Self {
            platform,
            carrier: YaloCarrier::new(settings, client(), media()),
            runtime: Runtime::new().unwrap(),
        }
    }

    pub fn carries(&self, owed: &Delivery, attempt: u32) -> Verdict {
        self.runtime.block_on(self.carrier.carry(owed, attempt))
    }

    /// The bodies that the platform has taken for this.
    pub fn bodies(&self, owed: &Delivery) -> Vec<Value> {
        let before = self.platform.taken().len();
        assert_eq!(self.carries(owed, 0), Verdict::Done);
        let calls = self.platform.taken();
        calls[before..]
            .iter()
            .map(|call| call.body.clone())
            .collect()
    }

    fn last(&self) -> Callback {
        self.platform.callbacks().pop().unwrap()
    }
}

pub fn owed(provider: &str, what: Outgoing) -> Delivery {
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    Delivery {
        id: DeliveryId::new("c1-7"),
        conversation: ConversationId::new("c1"),
        number: 7,
        channel: ChannelId::new("yalo"),
        ticket: Some(TicketId::new("coppel-bot#c1")),
        visitor: VisitorToken::new(format!("{provider}:5217331175599")),
        opened_at: now,
        language: None,
        at: now,
        what,
    }
}

fn says(provider: &str, words: Words) -> Delivery {
    let what = Outgoing::Words {
        message: MessageId::new("m1"),
        author: "Ana".into(),
        words,
    };
    owed(provider, what)
}

fn with_files(text: &str, files: &[(&str, &str)]) -> Words {
    let attachments = files.iter().map(|(kind, url)| Attachment {
        kind: (*kind).into(),
        url: (*url).into(),
    });
    Words {
        attachments: attachments.collect(),
        ..Words::text(text)
    }
}

#[test]
fn words_in_both_forms() {
    let scene = Scene::new();
    let bodies = scene.bodies(&says("whatsapp", Words::text("Hola")));
    let form = json!({"id": "wl-c1-7", "type": "text", "userId": "5217331175599", "text": {"body": "Hola"}});
    assert_eq!(bodies, [form]);
    let call = scene.last();
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/base/api/outgoing_webhook/bots/wa-bot/messages")
    );
    assert_eq!(call.header("authorization"), Some("Bearer wa-token"));
    assert_eq!(call.header("idempotency-key"), Some("c1-7"));

    let bodies = scene.bodies(&says("facebook", Words::text("Hola")));
    let form = json!({
        "messaging_type": "RESPONSE", "recipient": {"id": "5217331175599"},
        "message": {"text": "Hola"}, "metadata": "YALOSOURCE:FIREHOSE",
    });
    assert_eq!(bodies, [form]);
    let call = scene.last();
    assert_eq!(call.path, "/base/api/passthrough/bots/fb-bot/messages");
    assert_eq!(call.header("authorization"), Some("Bearer fb-token"));
}

#[test]
fn files_in_both_forms() {
    let scene = Scene::new();
    for (kind, url, whatsapp, facebook) in [
        ("image/png", "https://up.example/a", "image", "image"),
        ("video/mp4", "https://up.example/a", "video", "video"),
        ("audio/ogg", "https://up.example/a", "audio", "audio"),
        (
            "application/pdf",
            "https://up.example/a",
            "document",
            "file",
        ),
        ("", "https://up.example/a/photo.JPG?x=1", "image", "image"),
        ("", "https://up.example/a/form.pdf", "document", "file"),
    ] {
        let words = with_files("", &[(kind, url)]);
        let told = match (kind, whatsapp) {
            ("", "image") => "image/jpeg",
            ("", _) => "application/pdf",
            (kind, _) => kind,
        };
        let origin = Origin::at(url).kind(told);
        let bodies = scene.bodies(&says("whatsapp", words.clone()));
        let url = bodies[0][whatsapp]["url"].as_str().unwrap();
        assert!(leads_to(url, origin.clone()));
        let form = json!({
            "id": "wl-c1-7", "type": whatsapp, "userId": "5217331175599",
            whatsapp: {"url": url, "caption": ""},
        });
        assert_eq!(bodies, [form]);
        let bodies = scene.bodies(&says("facebook", words));
        let url = bodies[0]["message"]["attachment"]["payload"]["url"]
            .as_str()
            .unwrap();
        assert!(leads_to(url, origin));
        let message = json!({"attachment": {"type": facebook, "payload": {"url": url, "is_reusable": false}}});
        assert_eq!(bodies[0]["message"], message);
    }
}

#[test]
fn files_and_words_together() {
    let scene = Scene::new();
    // One file bears the words as its caption; sound has none, and several files share none.
    let one = with_files("look", &[("image/png", "https://up.example/a")]);
    assert_eq!(
        scene.bodies(&says("whatsapp", one.clone()))[0]["image"]["caption"],
        "look"
    );
    assert_eq!(scene.bodies(&says("facebook", one)).len(), 2);
    let sound = with_files("hear", &[("audio/ogg", "https://up.example/a")]);
    let kinds = |words: Words| -> Vec<Value> {
        let bodies = scene.bodies(&says("whatsapp", words));
        bodies
            .into_iter()
            .map(|body| json!([body["id"], body["type"]]))
            .collect()
    };
    assert_eq!(
        kinds(sound),
        [json!(["wl-c1-7", "text"]), json!(["wl-c1-7-1", "audio"])]
    );
    let two = with_files(
        "look",
        &[("image/png", "https://a/"), ("image/png", "https://b/")],
    );
    assert_eq!(
        kinds(two),
        [
            json!(["wl-c1-7", "text"]),
            json!(["wl-c1-7-1", "image"]),
            json!(["wl-c1-7-2", "image"])
        ]
    );
}

#[test]
fn long_words_go_in_pieces_and_corrections_are_marked() {
    let scene = Scene::new();
    let long = "palabra ".repeat(1000);
    for (provider, most) in [("whatsapp", 4096), ("facebook", 2000)] {
        let bodies = scene.bodies(&says(provider, Words::text(long.clone())));
        let text = |body: &Value| {
            let text = body["text"]["body"]
                .as_str()
                .or(body["message"]["text"].as_str());
            text.unwrap().to_owned()
        };
        let texts: Vec<String> = bodies.iter().map(text).collect();
        assert!(texts.len() > 1 && texts.iter().all(|text| text.len() <= most));
        assert_eq!(texts.join(" "), long.trim_end());
    }
    let correction = Words {
        corrects: Some(MessageId::new("m0")),
        ..Words::text("Monday")
    };
    assert_eq!(
        scene.bodies(&says("whatsapp", correction))[0]["text"]["body"],
        "* Monday"
    );
    assert_eq!(
        scene.bodies(&says("whatsapp", Words::text(" "))),
        [Value::Null; 0]
    );
}

#[test]
fn the_end_lets_the_bot_go_on_where_it_should() {
    let scene = Scene::new();
    for (by, state) in [
        (ClosedBy::Agent, "from-sf-success"),
        (ClosedBy::Operator, "from-sf-success"),
        (ClosedBy::Platform, "from-sf-success"),
        (ClosedBy::NobodyCame, "from-sf-timeout"),
        (ClosedBy::Silence, "from-sf-timeout"),
    ] {
        let bodies = scene.bodies(&owed("whatsapp", Outgoing::Closed(by)));
        assert_eq!(
            bodies,
            [json!({"userId": "5217331175599", "state": state, "message": ""})]
        );
        assert_eq!(
            scene.last().path,
            "/runner/coppel-bot/send-to?jwt=a%2Bb%26c"
        );
    }
    // Who went back to the bot is there already.
    let left = owed("whatsapp", Outgoing::Closed(ClosedBy::Visitor));
    assert_eq!(scene.bodies(&left), [Value::Null; 0]);
}

#[test]
fn states_are_each_messengers_own_and_a_trigger_goes_before() {
    let keys = "studio_url = \"PLATFORM/studio\"\nstudio_token = \"st\"";
    let scene = Scene::with(keys, "success_state = \"a/b\"\ntimeout_state = \"\"\n");
    let end = |provider, by| owed(provider, Outgoing::Closed(by));
    let bodies = scene.bodies(&end("facebook", ClosedBy::Agent));
    assert_eq!(bodies, [json!({"userId": "5217331175599"})]);
    let call = scene.last();
    assert_eq!(call.path, "/studio/v1/triggers/a%2Fb/webhook");
    assert_eq!(call.header("authorization"), Some("Bearer st"));
    assert_eq!(
        scene.bodies(&end("facebook", ClosedBy::NobodyCame)),
        [Value::Null; 0]
    );
    scene.bodies(&end("whatsapp", ClosedBy::NobodyCame));
    assert_eq!(
        scene.last().path,
        "/studio/v1/triggers/from-sf-timeout/webhook"
    );
}

#[test]
fn a_slug_leads_nowhere_else() {
    let scene = Scene::new();
    let mut end = owed("whatsapp", Outgoing::Closed(ClosedBy::Agent));
    end.ticket = Some(TicketId::new("../../admin?x=#c1"));
    scene.bodies(&end);
    assert_eq!(
        scene.last().path,
        "/runner/..%2F..%2Fadmin%3Fx=/send-to?jwt=a%2Bb%26c"
    );
    end.ticket = Some(TicketId::new("..#c1"));
    assert_eq!(scene.carries(&end, 0), Verdict::Never(Trouble::Fault));
}

fn again(seconds: impl Into<Option<u64>>, why: Trouble) -> Verdict {
    let after = seconds.into().map(Duration::from_secs);
    Verdict::Again { after, why }
}

#[test]
fn the_platforms_moods() {
    let scene = Scene::new();
    let words = says("facebook", Words::text("Hola"));
    let met = |answer: Answer, attempt| {
        scene.platform.answer(answer);
        scene.carries(&words, attempt)
    };
    // It has it, whatever it says of that: told twice would be worse.
    for status in [200, 201, 202, 204] {
        assert_eq!(met(Answer::new(status, "no json"), 0), Verdict::Done);
    }
    // But a page of a proxy in front of it is not its word.
    let page = Answer::new(200, "<!DOCTYPE html>");
    assert_eq!(met(page, 0), again(None, Trouble::Status(200)));
    assert_eq!(met(Answer::error(409), 0), Verdict::Done);
    for (status, attempt, seconds) in [(500, 0, 1), (503, 1, 2), (502, 5, 30), (408, 0, 1)] {
        assert_eq!(
            met(Answer::error(status), attempt),
            again(seconds, Trouble::Status(status))
        );
    }
    assert_eq!(
        met(Answer::error(500), 12),
        again(None, Trouble::Status(500))
    );
    for status in [429, 503] {
        let mut told = Answer::error(status);
        told.headers.push(("Retry-After".into(), "17".into()));
        assert_eq!(met(told, 0), again(17, Trouble::Status(status)));
    }
    for status in [302, 403, 404, 405] {
        assert_eq!(
            met(Answer::error(status), 0),
            again(None, Trouble::Status(status))
        );
    }
    let hold = Verdict::Hold {
        after: Duration::from_secs(180),
        why: Trouble::Status(401),
    };
    assert_eq!(met(Answer::error(401), 0), hold);
    assert_eq!(met(Answer::error(200), 0), Verdict::Done);
    assert_eq!(met(Answer::error(400), 0), again(5, Trouble::Status(400)));
    assert_eq!(
        met(Answer::error(422), 1),
        Verdict::Never(Trouble::Status(422))
    );
    // An end that is refused has no agent who could be told.
    scene.platform.answer(Answer::error(400));
    let end = owed("whatsapp", Outgoing::Closed(ClosedBy::Agent));
    for attempt in 0..3 {
        let Verdict::Again { after: Some(_), .. } = scene.carries(&end, attempt) else {
            panic!("given up");
        };
    }
}

#[test]
fn what_was_taken_is_not_told_again() {
    let scene = Scene::new();
    let words = says(
        "facebook",
        with_files("look", &[("image/png", "https://up.example/a")]),
    );
    scene
        .platform
        .answer_with(|call| match call.body["message"]["text"].is_string() {
            true => Answer::handled(),
            false => Answer::error(503),
        });
    assert_eq!(scene.carries(&words, 0), again(1, Trouble::Status(503)));
    scene.platform.answer(Answer::handled());
    assert_eq!(scene.carries(&words, 1), Verdict::Done);
    let taken = scene.platform.taken();
    let texts = taken
        .iter()
        .filter(|call| call.body["message"]["text"] == "look");
    assert_eq!((texts.count(), taken.len()), (1, 2));
}

#[test]
fn nobody_there_is_waited_for() {
    let mut scene = Scene::new();
    scene.platform.refuse();
    let verdict = scene.carries(&says("whatsapp", Words::text("Hola")), 0);
    assert_eq!(verdict, again(1, Trouble::Unreachable));
}

#[test]
fn a_visitor_of_no_messenger_is_nobody() {
    let scene = Scene::new();
    for token in ["1234", "telegram:1"] {
        let mut owed = owed("whatsapp", Outgoing::Notice(Notice::NobodyCame));
        owed.visitor = VisitorToken::new(token);
        assert_eq!(scene.carries(&owed, 0), Verdict::Done);
    }
    assert!(scene.platform.callbacks().is_empty());
    let _: Arc<dyn Carrier> = Arc::new(scene.carrier);
}
