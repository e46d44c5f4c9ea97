//! From where an account may be used, and how a session begins where that is strict.

use serde_json::json;

use super::house::{with_http, with_keys};
use super::support::http::{Reply, Request};
use super::support::openchs::{Gateway, PASSWORD, USER, cheap_hash};
use super::support::warmline::Warmline;

/// The program, whose only account may be used from these networks.
fn from(networks: &str, http: &str) -> Warmline {
    let hash = cheap_hash(PASSWORD);
    let table = format!(
        "[[channel]]\nid = \"h\"\nkind = \"openchs\"\nworkgroup = \"support\"\n\
         api_url = \"http://127.0.0.1:9\"\napi_token = \"t\"\n\
         accounts = [{{ username = \"{USER}\", password_hash = \"{hash}\", allow_from = [{networks}] }}]"
    );
    with_http(http, &table)
}

/// A login that a proxy passes on, if it says for whom.
fn log_in(warmline: &Warmline, password: &str, told: Option<&str>) -> Reply {
    let body = json!({"username": USER, "password": password});
    let request = Request::new("POST", "/open/api/token/").json(body.to_string());
    let request = match told {
        Some(told) => request.header("X-Forwarded-For", told),
        None => request,
    };
    request.send(warmline.address()).expect("an answer")
}

#[test]
fn an_account_is_used_only_from_where_it_may_be() {
    let warmline = from("\"203.0.113.0/24\"", "trusted_proxies = [\"127.0.0.1\"]");
    let here = Some("203.0.113.9");
    let token = log_in(&warmline, PASSWORD, here).string("token");
    assert_eq!(token.len(), 40);
    for elsewhere in [
        None,
        Some("198.51.100.1"),
        // What stands before the proxy's own word anybody may have written.
        Some("203.0.113.9, 198.51.100.1"),
        Some("203.0.113.9, nonsense"),
        Some(""),
    ] {
        let refused = log_in(&warmline, PASSWORD, elsewhere);
        assert_eq!(refused.status, 403, "{elsewhere:?}");
        assert_eq!(refused.json()["status"], "Forbidden");
        let guessed = log_in(&warmline, "guess", elsewhere);
        assert_eq!(guessed.status, 400, "whoever guesses learns nothing");
    }
    let bot = Gateway {
        address: warmline.address(),
        token,
    };
    let chat = json!({"chat_sender": 1, "chat_message": "x", "chat_session": "s"});
    let call = |method: &str, path: &str, told: Option<&str>| {
        let request = bot.request(method, path).json(chat.to_string());
        let request = match told {
            Some(told) => request.header("X-Forwarded-For", told),
            None => request,
        };
        bot.send(&request).status
    };
    for (method, path) in [
        ("GET", "/open/api/chat/"),
        ("POST", "/open/api/chat/"),
        ("POST", "/open/api/chat/s/ack/"),
        ("POST", "/open/api/chat/s/close/"),
        ("POST", "/open/api/web/"),
    ] {
        assert_eq!(call(method, path, None), 403, "{method} {path}");
        assert_ne!(call(method, path, here), 403, "{method} {path}");
    }
}

#[test]
fn nobody_is_believed_who_is_no_proxy_of_ours() {
    let warmline = from("\"203.0.113.0/24\"", "trusted_proxies = [\"10.0.0.0/8\"]");
    let told = log_in(&warmline, PASSWORD, Some("203.0.113.9"));
    assert_eq!(told.status, 403);
    let near = from("\"127.0.0.0/8\", \"::1\"", "");
    assert_eq!(log_in(&near, PASSWORD, Some("198.51.100.1")).status, 200);
}

#[test]
fn where_it_is_strict_a_session_begins_only_when_a_message_says_so() {
    let warmline = with_keys("strict = true");
    let bot = Gateway::log_in(warmline.address(), USER);
    let unknown = bot.say("s", "hello", Some("m1"));
    assert_eq!(unknown.status, 404);
    assert!(unknown.json()["error"].is_string());
    let begin = |conversation: &str| {
        let body = json!({
            "chat_sender": 1, "chat_message": "hello", "chat_session": "s",
            "message_id": "m1", "conversation": conversation,
        });
        bot.post("/open/api/chat/", &body)
    };
    assert_eq!(begin("existing").status, 404);
    assert_eq!(bot.list("").0.len(), 0, "none of it was taken");
    let begun = begin("new");
    assert_eq!(
        (begun.status, &begun.json()["conversation"]),
        (201, &json!("new"))
    );
    assert_eq!(begin("new").status, 200, "the same message again");
    let next = bot.say("s", "more", Some("m2"));
    assert_eq!(
        (next.status, &next.json()["conversation"]),
        (201, &json!("existing"))
    );
    assert_eq!(bot.close("s").status, 200);
    assert_eq!(bot.say("s", "late", Some("m3")).status, 409);
    assert_eq!(bot.say("S", "mistyped", Some("m4")).status, 404);
    assert_eq!(bot.list("").0.len(), 2);
}
