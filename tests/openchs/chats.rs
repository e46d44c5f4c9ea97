//! `chat/`, `close/`, `ack/` and `web/`: what a bot may send, and what it is answered.

use serde_json::{Value, json};

use super::house::{start, with_keys, with_tables};
use super::support::http::Request;
use super::support::openchs::{Gateway, PASSWORD, USER, cheap_hash, encoded};

/// The seed's example, to the letter.
const SEED: &str = r#"{
    "chat_sender": 23343411,
    "chat_receiver": 233432311,
    "chat_message": "This is the message I am sending FROM PSTM",
    "chat_session": "e32434511",
    "chat_source": "WENI"
}"#;

#[test]
fn the_seeds_message_begins_a_conversation() {
    let (_warmline, bot) = start();
    let send = || bot.send(&bot.request("POST", "/open/api/chat/").json(SEED));
    let first = send();
    assert_eq!(first.status, 201);
    let told = first.json();
    assert_eq!(told["status"], "success");
    assert_eq!(told["chat_session"], "e32434511");
    assert_eq!(told["conversation"], "new");
    assert!(uuid::Uuid::try_parse(told["uuid"].as_str().unwrap()).is_ok());
    let second = send().json();
    assert_eq!(
        second["conversation"], "existing",
        "without an id it is said twice"
    );
    assert_ne!(second["uuid"], told["uuid"]);
    assert_eq!(second["client_pseudonym"], told["client_pseudonym"]);
}

#[test]
fn the_same_message_three_times_is_one() {
    let (mut warmline, bot) = start();
    let first = bot.say("s", "hello", Some("m-1"));
    let repeated = bot.say("s", "hello", Some("m-1"));
    warmline.kill9();
    warmline.start_again_unready();
    let again = bot.say("s", "hello", Some("m-1"));
    assert_eq!(
        (first.status, repeated.status, again.status),
        (201, 200, 200)
    );
    for reply in [&repeated, &again] {
        assert_eq!(reply.json()["uuid"], first.json()["uuid"]);
        assert_eq!(reply.json()["message_id"], "m-1");
    }
    assert_eq!(bot.list("").0.len(), 1);
    assert_eq!(bot.say("other", "hello", Some("m-1")).status, 201);
}

#[test]
fn a_key_in_a_header_does_the_same() {
    let (_warmline, bot) = start();
    for name in ["Idempotency-Key", "X-Idempotency-Key"] {
        let body = json!({"chat_sender": "a", "chat_message": "x", "chat_session": name});
        let request = bot.request("POST", "/open/api/chat/").header(name, "k1");
        let send = || bot.send(&request.clone().json(body.to_string()));
        let (first, again) = (send(), send());
        assert_eq!((first.status, again.status), (201, 200));
        assert_eq!(first.json()["uuid"], again.json()["uuid"]);
    }
}

#[test]
fn names_of_members_have_aliases_and_numbers_are_texts() {
    let (_warmline, bot) = start();
    for name in ["chat_session", "conversation_id", "session_id"] {
        let body = json!({"chat_sender": "", "chat_message": 7, name: 12});
        let reply = bot.post("/open/api/chat/", &body);
        assert_eq!(reply.status, 201, "{name}");
        assert_eq!(reply.json()["chat_session"], "12");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let (_warmline, bot) = start();
    let good: Value = serde_json::from_str(SEED).expect("JSON");
    let without = |name: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        (name.to_owned(), body)
    };
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        (name.to_owned(), body)
    };
    for (name, body) in [
        without("chat_sender"),
        without("chat_message"),
        without("chat_session"),
        with("chat_message", json!("")),
        with("chat_session", json!("")),
        with("chat_session", json!(null)),
        with("chat_sender", json!(true)),
        with("chat_sender", json!(1.5)),
        with("chat_sender", json!("x".repeat(101))),
        with("chat_session", json!("x".repeat(4001))),
        with("chat_source", json!("weni")),
        with("chat_source", json!("SMS")),
        with("message_id", json!("a\u{0}b")),
        with("message_id", json!({})),
    ] {
        let reply = bot.post("/open/api/chat/", &body);
        assert_eq!(reply.status, 400, "{name}");
        let told = reply.json();
        assert_eq!(told["status"], "Bad Request");
        assert!(told["message"][&name].is_array(), "{name}: {told}");
        assert!(told["error"].is_string() && told["detail"].is_string());
    }
    assert_eq!(bot.list("").0.len(), 0);
}

#[test]
fn a_body_that_is_no_object_is_refused_and_no_fault_of_ours() {
    let (_warmline, bot) = start();
    for body in [
        "[]",
        "7",
        "\"x\"",
        "null",
        "{",
        "",
        "{\"a\":1}x",
        "\u{feff}{}",
    ] {
        for path in ["/open/api/chat/", "/open/api/web/", "/open/api/chat/s/ack/"] {
            let reply = bot.send(&bot.request("POST", path).json(body));
            assert_eq!(reply.status, 400, "{path} {body}");
        }
    }
    let mut form = bot.request("POST", "/open/api/chat/");
    form.body = b"chat_sender=1".to_vec();
    let form = form.header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(bot.send(&form).status, 415);
    let utf8 = bot
        .request("POST", "/open/api/chat")
        .header("Content-Type", "application/json; charset=utf-8");
    assert_eq!(
        bot.send(&Request {
            body: SEED.into(),
            ..utf8
        })
        .status,
        201
    );
    let large = format!("{{\"chat_message\":\"{}\"}}", "x".repeat(1_100_000));
    assert_eq!(
        bot.send(&bot.request("POST", "/open/api/chat/").json(large))
            .status,
        413
    );
    assert_eq!(
        bot.send(&bot.request("DELETE", "/open/api/chat/")).status,
        405
    );
}

#[test]
fn an_account_speaks_only_as_whom_it_may() {
    let hash = cheap_hash(PASSWORD);
    let table = format!(
        "[[channel]]\nid = \"h\"\nkind = \"openchs\"\nworkgroup = \"support\"\n\
         api_url = \"http://127.0.0.1:9\"\napi_token = \"t\"\naccounts = [\n\
         {{ username = \"weni\", password_hash = \"{hash}\", sources = [\"WENI\"] }},\n\
         {{ username = \"desk\", password_hash = \"{hash}\", sources = [\"HELPLINE\", \"OUTBOX\"] }}]"
    );
    let warmline = with_tables(&table);
    let say = |bot: &Gateway, source: &str| {
        let body = json!({"chat_sender": 1, "chat_message": "x", "chat_session": "s", "chat_source": source});
        bot.post("/open/api/chat/", &body).status
    };
    let (weni, desk) = (
        Gateway::log_in(warmline.address(), "weni"),
        Gateway::log_in(warmline.address(), "desk"),
    );
    assert_eq!(say(&weni, "WENI"), 201);
    for (bot, source) in [
        (&weni, "INBOX"),
        (&weni, "OUTBOX"),
        (&desk, "WENI"),
        (&desk, "OUTBOX"),
        (&desk, "HELPLINE"),
    ] {
        assert_eq!(say(bot, source), 403, "{source}");
    }
    let close = |bot: &Gateway, source: &str| {
        bot.post("/open/api/chat/s/close/", &json!({"chat_source": source}))
            .status
    };
    assert_eq!(close(&weni, "HELPLINE"), 403);
    assert_eq!(close(&desk, "HELPLINE"), 200);
    assert_eq!(say(&weni, "WENI"), 409);
}

#[test]
fn a_session_closes_whatever_the_body_and_says_so_again() {
    let (_warmline, bot) = start();
    let close = |session: &str, kind: &str, body: &str| {
        let path = format!("/open/api/chat/{session}/close/");
        let mut request = bot.request("POST", &path);
        if !kind.is_empty() {
            request = request.header("Content-Type", kind);
        }
        request.body = body.into();
        bot.send(&request)
    };
    assert_eq!(close("529150097d63", "", "").status, 404, "unknown");
    // The seed marks it as text, and its headers have no content type.
    let seed = "{\n    \"chat_source\":\"WENI\"\n}";
    for (session, kind, body) in [
        ("529150097d63", "", seed),
        ("b", "text/plain", seed),
        ("c", "application/x-www-form-urlencoded", "chat_source=WENI"),
        ("d", "application/json", "{}"),
        ("e", "application/json", "not JSON"),
    ] {
        bot.say(session, "x", None);
        for closed in ["now", "before", "before"] {
            let reply = close(session, kind, body);
            assert_eq!(reply.status, 200, "{session}");
            assert_eq!(reply.json()["closed"], closed);
        }
        assert_eq!(bot.say(session, "late", None).status, 409);
        assert_eq!(bot.say(session, "late", None).json()["status"], "closed");
    }
    let request = bot.request("GET", "/open/api/chat/b/close/");
    assert_eq!(bot.send(&request).status, 405);
}

#[test]
fn a_message_that_was_taken_stays_taken_after_the_close() {
    let (_warmline, bot) = start();
    let first = bot.say("s", "x", Some("m1"));
    bot.close("s");
    let again = bot.say("s", "x", Some("m1"));
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["uuid"], first.json()["uuid"]);
    assert_eq!(bot.say("s", "y", Some("m2")).status, 409);
    assert_eq!(bot.say("s", "y", Some("m2")).status, 409);
    assert_eq!(bot.list("").0.len(), 1);
}

#[test]
fn where_it_is_configured_a_closed_session_begins_another_hunt() {
    let warmline = with_keys("after_close = \"hunt\"");
    let bot = Gateway::log_in(warmline.address(), USER);
    let first = bot.say("s", "x", None).json();
    bot.close("s");
    let next = bot.say("s", "y", None);
    assert_eq!(
        (next.status, &next.json()["conversation"]),
        (201, &json!("new"))
    );
    assert_ne!(next.json()["client_pseudonym"], first["client_pseudonym"]);
    assert_eq!(bot.list("?chat_session=s").0.len(), 2, "of both talks");
}

#[test]
fn a_session_may_have_any_characters() {
    let (_warmline, bot) = start();
    let long = "x😀".repeat(1000);
    for session in [
        "a/b/c",
        "close",
        "a b+c%2F?#",
        "😀",
        "6393abc0-283d-4c9b-a1b3-641a035c34bf",
        "a.b",
        "\u{1f}",
        &long,
    ] {
        let said = bot.say(session, "x", None);
        assert_eq!(said.status, 201, "{session}");
        assert_eq!(said.json()["chat_session"], session);
        let (listed, _) = bot.list(&format!("?chat_session={}", encoded(session)));
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["chat_session"], session);
        assert_eq!(bot.close(session).status, 200, "{session}");
        assert_eq!(bot.say(session, "x", None).status, 409, "{session}");
    }
    bot.say("p/q", "x", None);
    let plain = bot.request("POST", "/api/chat/p/q/close");
    assert_eq!(bot.send(&plain).status, 200, "slashes as they are");
}

#[test]
fn an_acknowledgement_of_nothing_is_a_404() {
    let (_warmline, bot) = start();
    bot.say("s", "x", Some("m1"));
    for message in ["m1", "nothing", "x-1", "-", "a-99999999999999999999"] {
        let body = json!({"message_id": message, "status": "delivered"});
        let reply = bot.post("/open/api/chat/s/ack/", &body);
        assert_eq!(reply.status, 404, "{message}");
    }
    for body in [
        json!({"status": "read"}),
        json!({"message_id": "m", "status": "eaten"}),
        json!({"message_id": "m"}),
    ] {
        assert_eq!(bot.post("/open/api/chat/s/ack/", &body).status, 400);
    }
}

#[test]
fn a_case_is_kept_and_linked_where_its_session_is_known() {
    let (_warmline, bot) = start();
    bot.say("s", "x", None);
    let case = json!({"case_narrative": "He hits me.", "reporter_phone": "+254711222333", "chat_session": "s"});
    let linked = bot.post("/open/api/web/", &case);
    assert_eq!(linked.status, 201);
    assert_eq!(linked.json()["linked"], true);
    assert!(!linked.string("case_id").is_empty());
    let alone = bot.post("/api/web", &json!({}));
    assert_eq!(
        (alone.status, &alone.json()["linked"]),
        (201, &json!(false))
    );
    let keyed = bot
        .request("POST", "/open/api/web/")
        .header("Idempotency-Key", "k");
    let file = || {
        bot.send(&keyed.clone().json(case.to_string()))
            .string("case_id")
    };
    assert_eq!(file(), file());
}

#[test]
fn a_store_that_cannot_be_written_is_a_503_and_nothing_is_taken() {
    let (warmline, bot) = start();
    assert_eq!(bot.say("s", "before", None).status, 201);
    warmline.limit_files(Some(0));
    let refused = bot.say("s", "during", Some("m1"));
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    let token = bot.ask_token(USER, PASSWORD);
    assert_eq!(token.status, 503, "a token that is not kept is not given");
    warmline.limit_files(None);
    super::support::wait::until(
        "the store answers again",
        super::support::wait::SOON,
        || (bot.say("s", "during", Some("m1")).status == 201).then_some(()),
    );
}
