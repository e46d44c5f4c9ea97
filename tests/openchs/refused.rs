//! Calls that are refused for their form: every route, always JSON, never a redirect.

use serde_json::json;

use super::house::start;
use super::support::http::{Reply, Request};

/// Every route, with the methods that it knows.
const ROUTES: [(&str, &str); 5] = [
    ("token", "POST"),
    ("chat", "GET, POST"),
    ("web", "POST"),
    ("chat/s/close", "POST"),
    ("chat/s/ack", "POST"),
];

/// An error is told in the words of both styles, and sends nobody elsewhere.
fn is_told(reply: &Reply, status: u16, what: &str) {
    assert_eq!(reply.status, status, "{what}");
    assert_eq!(reply.header("location"), None, "{what}");
    let told = reply.json();
    for member in ["status", "error", "detail"] {
        assert!(told[member].is_string(), "{what}: {told}");
    }
    assert!(!told["message"].is_null(), "{what}: {told}");
}

/// Every path by which a route can be called.
fn paths(route: &str) -> Vec<String> {
    let prefixes = ["/open/api", "/api"].into_iter();
    let ends = |prefix: &str| ["", "/"].map(|end| format!("{prefix}/{route}{end}"));
    prefixes.flat_map(ends).collect()
}

#[test]
fn a_wrong_method_is_a_405_that_names_the_right_ones() {
    let (_warmline, bot) = start();
    for (route, allowed) in ROUTES {
        for path in paths(route) {
            for method in ["GET", "PUT", "DELETE", "PATCH"] {
                if allowed.contains(method) {
                    continue;
                }
                let reply = bot.send(&bot.request(method, &path));
                is_told(&reply, 405, &format!("{method} {path}"));
                assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
            }
        }
    }
}

#[test]
fn an_unknown_path_is_a_404() {
    let (_warmline, bot) = start();
    for path in [
        "/open/api",
        "/open/api/",
        "/open/api/chats/",
        "/open/api/chat/s/",
        "/open/api/chat/s/open/",
        "/open/api/chat//close/",
        "/open/api/web/1/",
        "/open/api/token/x",
    ] {
        for method in ["GET", "POST"] {
            let reply = bot.send(&bot.request(method, path).json("{}"));
            assert_eq!(reply.status, 404, "{method} {path}");
            assert_eq!(reply.header("location"), None, "{path}");
            assert!(reply.json()["error"].is_string(), "{path}");
        }
    }
}

#[test]
fn what_is_larger_than_a_mebibyte_is_a_413_on_every_route() {
    let (_warmline, bot) = start();
    bot.say("s", "x", None);
    let large = json!({ "chat_message": "x".repeat(1_048_600) }).to_string();
    for (route, _) in ROUTES {
        let path = format!("/open/api/{route}/");
        let reply = bot.send(&bot.request("POST", &path).json(&large));
        is_told(&reply, 413, route);
    }
    assert_eq!(bot.list("").0.len(), 1);
}

#[test]
fn another_content_type_is_a_415_but_never_on_a_close() {
    let (_warmline, bot) = start();
    bot.say("s", "x", None);
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
    ] {
        let send = |route: &str| {
            let path = format!("/open/api/{route}/");
            let mut request = bot.request("POST", &path).header("Content-Type", kind);
            request.body = b"chat_source=WENI".to_vec();
            bot.send(&request)
        };
        for route in ["chat", "web", "chat/s/ack"] {
            is_told(&send(route), 415, &format!("{route} {kind}"));
        }
        assert_eq!(send("chat/s/close").status, 200, "{kind}");
    }
}

#[test]
fn a_stranger_is_told_so_before_the_body_is_looked_at() {
    let (_warmline, bot) = start();
    for (route, _) in &ROUTES[1..] {
        let path = format!("/open/api/{route}/");
        let reply = bot.send(&Request::new("POST", &path).json("{"));
        is_told(&reply, 401, route);
        assert_eq!(reply.header("www-authenticate"), Some("Token"));
    }
}
