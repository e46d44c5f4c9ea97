//! The webhooks: who is believed, what is kept, once, and before it is answered.

use serde_json::{Value, json};

use super::support::http::Request;
use super::world::{World, signature};

fn text(from: &str, id: &str, said: &str) -> Value {
    json!({"from": from, "id": id, "timestamp": "1632367928574", "type": "text", "text": {"body": said}})
}

fn texts(entries: &[Value]) -> Vec<&str> {
    let texts = entries
        .iter()
        .map(|entry| entry["text"].as_str().unwrap_or_default());
    texts.collect()
}

#[test]
fn a_signature_is_demanded_and_compared() {
    let world = World::new();
    let body = text("1", "a", "Hola").to_string();
    let tell = |header: Option<&str>, body: &str| {
        let request = Request::new("POST", "/v1/integrations/whatsapp/webhook").json(body);
        let request = match header {
            Some(header) => request.header("x-yalochat-signature", header),
            None => request,
        };
        let reply = world.send(&request);
        let key = if reply.status == 200 {
            "Message"
        } else {
            "ErrorDescription"
        };
        (reply.status, reply.string(key))
    };
    let absent = (
        401,
        "x-yalochat-signature required, header invalid.".to_owned(),
    );
    let wrong = (
        403,
        "x-yalochat-signature invalid, header invalid.".to_owned(),
    );
    let good = signature(body.as_bytes());
    assert_eq!(tell(None, &body), absent);
    assert_eq!(tell(Some(""), &body), absent);
    for forged in [
        "x",
        "secret",
        "the-platforms-secret",
        &good[1..],
        &format!("{good}00"),
        &"0".repeat(64),
    ] {
        assert_eq!(tell(Some(forged), &body), wrong, "{forged}");
    }
    // Of another body.
    assert_eq!(tell(Some(&good), &body.replace("Hola", "hola")), wrong);
    assert_eq!(tell(Some(&good), ""), wrong);
    assert_eq!(world.context("1"), [Value::Null; 0]);
    let taken = (200, "insert success".to_owned());
    assert_eq!(tell(Some(&good), &body), taken);
    assert_eq!(tell(Some(&good.to_uppercase()), &body), taken);
    assert_eq!(tell(Some(&format!("sha256={good}")), &body), taken);
    assert_eq!(texts(&world.context("1")), ["Hola"]);
}

#[test]
fn a_shared_value_or_none_by_choice_only() {
    let body = text("1", "a", "Hola").to_string();
    let tell = |world: &World, header: &str| {
        let request = Request::new("POST", "/v1/integrations/facebook/webhook").json(&body);
        let request = request.header("x-yalochat-signature", header);
        world.send(&request).status
    };
    let world = World::with("signature = \"shared\"", "");
    assert_eq!(
        tell(&world, "the-platforms-secret"),
        400,
        "believed, but no message of Facebook's"
    );
    assert_eq!(tell(&world, "the-platforms-secrets"), 403);
    assert_eq!(tell(&world, &signature(body.as_bytes())), 403);
    let world = World::with("signature = \"off\"", "");
    assert_eq!(tell(&world, "x"), 400);
    assert_eq!(
        world
            .bare("POST", "/v1/integrations/whatsapp/webhook", &body)
            .status,
        200
    );
}

#[test]
fn a_repetition_is_kept_once_also_over_a_restart() {
    let world = World::new();
    for (id, said) in [("a", "one"), ("b", "two"), ("a", "one"), ("b", "two")] {
        let reply = world.tells("whatsapp", text("1", id, said).to_string());
        assert_eq!(
            (reply.status, reply.string("Message")),
            (200, "insert success".into())
        );
    }
    assert_eq!(world.context("1").len(), 2);
    let world = world.restart();
    assert_eq!(
        world
            .tells("whatsapp", text("1", "a", "one").to_string())
            .status,
        200
    );
    assert_eq!(world.context("1").len(), 2);
}

#[test]
fn the_ignore_list_is_by_the_exact_type() {
    let world = World::new();
    let of = |kind: &str| {
        let body = json!({"type": kind, "from": "1", "id": kind, "timestamp": "1"});
        let reply = world.tells("whatsapp", body.to_string());
        (reply.status, reply.string("Message"))
    };
    let skipped = |kind: &str| (200, format!("message type: {kind} was skipped"));
    assert_eq!(of("status"), skipped("status"));
    assert_eq!(of("notification-status"), skipped("notification-status"));
    // Parts of these words are types of their own.
    for kind in ["stat", "notification", "s"] {
        assert_eq!(of(kind), (200, "insert success".into()));
    }
    // Nothing else of an ignored message is looked at.
    let reply = world.tells("whatsapp", r#"{"type":"status"}"#);
    assert_eq!(reply.status, 200);
    assert_eq!(
        texts(&world.context("1")),
        ["[stat]", "[notification]", "[s]"]
    );
}

fn refused(world: &World, provider: &str, body: &str) -> String {
    let reply = world.tells(provider, body);
    assert_eq!(reply.status, 400, "{body}");
    reply.string("ErrorDescription")
}

#[test]
fn bad_bodies_are_400_in_the_documents_words() {
    let world = World::new();
    let told = |provider: &str, body: &str| refused(&world, provider, body);
    let unreadable = "invalid pauload received : error decode body request";
    for (provider, body) in [
        ("whatsapp", ""),
        ("whatsapp", "{"),
        ("whatsapp", "[]"),
        (
            "whatsapp",
            r#"{"id":"a","type":"text","from":"1","timestamp":1632367928574}"#,
        ),
        (
            "whatsapp",
            r#"{"id":"a","type":"text","from":"1","timestamp":"1","text":"x"}"#,
        ),
        (
            "whatsapp",
            r#"{"id":"a","type":"image","from":"1","timestamp":"1","image":[]}"#,
        ),
        ("facebook", "x"),
        (
            "facebook",
            r#"{"authorRole":"user","botId":"b","timestamp":"1"}"#,
        ),
        (
            "facebook",
            r#"{"authorRole":"user","botId":"b","message":{"entry":{}}}"#,
        ),
        (
            "facebook",
            r#"{"authorRole":"user","botId":"b","message":{"entry":[{"messaging":[{"sender":{"id":5}}]}]}}"#,
        ),
    ] {
        assert_eq!(told(provider, body), unreadable, "{body}");
    }
}

#[test]
fn missing_members_and_odd_times_are_named() {
    let world = World::new();
    let told = |provider: &str, body: &str| refused(&world, provider, body);
    let failed = |request: &str, fields: &[&str]| {
        let lines = fields.iter().map(|field| {
            format!("Key: '{request}.{field}' Error:Field validation for '{field}' failed on the 'required' tag")
        });
        format!(
            "Error validating payload : {}",
            lines.collect::<Vec<_>>().join("\n")
        )
    };
    let whatsapp = |fields: &[&str]| failed("IntegrationsRequest", fields);
    assert_eq!(
        told("whatsapp", r#"{"type":"text","from":"1"}"#),
        whatsapp(&["ID", "Timestamp"])
    );
    assert_eq!(
        told("whatsapp", r#"{"id":"a","timestamp":"1","from":"1"}"#),
        whatsapp(&["Type"])
    );
    assert_eq!(
        told("whatsapp", r#"{"id":"a","timestamp":"1","type":"text"}"#),
        whatsapp(&["From"])
    );
    let facebook = |fields: &[&str]| failed("IntegrationsFacebook", fields);
    assert_eq!(told("facebook", "{}"), facebook(&["AuthorRole", "BotID"]));
    let odd = told(
        "whatsapp",
        r#"{"id":"a","timestamp":"soon","type":"text","from":"1"}"#,
    );
    assert_eq!(
        odd,
        r#"There was an error inserting integration message : strconv.ParseInt: parsing "soon": invalid syntax"#
    );
    // What was refused is no repetition when it comes again in order.
    assert_eq!(
        world
            .tells("whatsapp", text("1", "a", "at last").to_string())
            .status,
        200
    );
    assert_eq!(texts(&world.context("1")), ["at last"]);
}

#[test]
fn five_mebibytes_are_413() {
    let world = World::new();
    let body = text("1", "a", &"x".repeat(5 * 1024 * 1024)).to_string();
    let reply = world.tells("whatsapp", &body);
    assert_eq!(
        (reply.status, reply.string("ErrorDescription")),
        (413, "the body is larger than 1 MiB".into())
    );
    let unsigned = world.bare("POST", "/v1/integrations/whatsapp/webhook", &body);
    assert_eq!(unsigned.status, 401);
}

#[test]
fn times_in_seconds_and_milliseconds_and_of_no_sense() {
    let world = World::new();
    let before = jiff::Timestamp::now().as_millisecond();
    for (user, time) in [
        ("s", "1632367928"),
        ("ms", "1632367928000"),
        ("zero", "0"),
        ("future", "99999999999"),
    ] {
        let mut body = text(user, "a", "Hola");
        body["timestamp"] = json!(time);
        assert_eq!(world.tells("whatsapp", body.to_string()).status, 200);
    }
    let at = |user: &str| world.context(user)[0]["timestamp"].as_i64().unwrap();
    assert_eq!((at("s"), at("ms")), (1_632_367_928_000, 1_632_367_928_000));
    for user in ["zero", "future"] {
        assert!(
            (before..before + 60_000).contains(&at(user)),
            "{user}: when it was received"
        );
    }
}

#[test]
fn several_entries_and_messages_in_one_call() {
    let world = World::new();
    let item = |user: &str, said: &str, time: i64| {
        json!({"sender": {"id": user}, "recipient": {"id": "page"}, "timestamp": time,
               "message": {"mid": format!("m-{said}"), "text": said}})
    };
    let body = json!({"authorRole": "user", "botId": "b", "message": {"object": "page", "entry": [
        {"id": "page", "time": 9, "messaging": [item("1", "one", 1_632_348_042_261), item("2", "two", 1_632_348_042_262)]},
        {"id": "page", "time": 9, "messaging": [item("1", "three", 1_632_348_042_263)]},
        {"id": "page", "time": 9},
    ]}});
    let body = body.to_string();
    assert_eq!(world.tells("facebook", &body).status, 200);
    assert_eq!(world.tells("facebook", &body).status, 200);
    assert_eq!(texts(&world.context("1")), ["one", "three"]);
    assert_eq!(texts(&world.context("2")), ["two"]);
}

#[test]
fn items_without_an_id_are_told_apart_by_their_content() {
    let world = World::new();
    let body = |said: &str, time: i64| {
        json!({"authorRole": "user", "botId": "b", "message": {"entry": [{"messaging": [
            {"sender": {"id": "1"}, "recipient": {"id": "p"}, "timestamp": time, "message": {"text": said}},
        ]}]}})
        .to_string()
    };
    for (said, time) in [("yes", 1000), ("yes", 1001), ("no", 1001), ("yes", 1000)] {
        assert_eq!(world.tells("facebook", body(said, time)).status, 200);
    }
    assert_eq!(world.context("1").len(), 3);
}

#[test]
fn the_two_messengers_do_not_share_their_users() {
    let world = World::new();
    assert_eq!(
        world
            .tells("whatsapp", text("1", "a", "by WhatsApp").to_string())
            .status,
        200
    );
    let body = json!({"authorRole": "bot", "botId": "b", "message": {"entry": [{"messaging": [
        {"sender": {"id": "page"}, "recipient": {"id": "1"}, "timestamp": 1_632_348_042_261_i64,
         "message": {"mid": "a", "text": "by Facebook"}}]}]}});
    assert_eq!(world.tells("facebook", body.to_string()).status, 200);
    let ask = |query: &str| world.call("GET", &format!("/v1/context/1{query}"), "");
    let both = ask("");
    assert_eq!(both.status, 409);
    assert!(both.string("ErrorDescription").contains("?provider="));
    assert_eq!(
        texts(ask("?provider=whatsapp").json().as_array().unwrap()),
        ["by WhatsApp"]
    );
    let facebook = ask("?provider=facebook").json();
    assert_eq!(texts(facebook.as_array().unwrap()), ["by Facebook"]);
    assert_eq!(facebook[0]["from"], "bot");
}

#[test]
fn what_we_said_ourselves_is_not_the_bots() {
    let world = World::new();
    let mut ours = text("", "wl-abc-7", "An agent's words");
    ours["to"] = json!("1");
    assert_eq!(world.tells("whatsapp", ours.to_string()).status, 200);
    let body = json!({"authorRole": "bot", "botId": "b", "message": {"entry": [{"messaging": [
        {"sender": {"id": "page"}, "recipient": {"id": "1"}, "timestamp": 5,
         "message": {"mid": "x", "text": "An agent's words", "metadata": "YALOSOURCE:FIREHOSE"}}]}]}});
    assert_eq!(world.tells("facebook", body.to_string()).status, 200);
    assert_eq!(world.context("1"), [Value::Null; 0]);
}

#[test]
fn half_an_emoji_and_broken_utf_8_cost_no_words() {
    let world = World::new();
    let body = text("1", "a", "cut@").to_string().replace('@', "\\ud83d");
    assert_eq!(world.tells("whatsapp", &body).status, 200);
    let mut bytes = text("1", "b", "odd@").to_string().into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'@').unwrap();
    bytes[at] = 0xff;
    assert_eq!(world.tells("whatsapp", &bytes).status, 200);
    assert_eq!(texts(&world.context("1")), ["cut\u{fffd}", "odd\u{fffd}"]);
}
