//! Wrong, broken and odd calls on the Tickets app API, and what they are answered with.

use super::stage::{Stage, hears};
use super::support::http::{Reply, Request};
use super::support::rapidpro::{RapidPro, Ticket};
use serde_json::{Value, json};

/// A refusal has this status, a JSON body with a string `error`, and nothing that sends a client elsewhere.
fn refused(reply: &Reply, status: u16, what: &str) -> String {
    assert_eq!(reply.status, status, "{what}");
    assert_eq!(reply.header("retry-after"), None, "{what}");
    assert_eq!(reply.header("location"), None, "{what}");
    reply.string("error")
}

#[test]
fn the_secret_is_checked_before_anything_is_done() {
    let stage = Stage::start();
    let right = &stage.rapidpro;
    assert_eq!(right.secret_check().json(), json!({"status": "ok"}));
    for secret in ["", "WRONG", "TESTTESTTESTTESTTESTTESTTESTTESTT"] {
        let wrong = RapidPro {
            secret: secret.into(),
            ..right.clone()
        };
        refused(&wrong.secret_check(), 403, "secret.check");
        refused(&wrong.settings(), 403, "GET settings");
        refused(
            &wrong.put_settings("http://127.0.0.1:9/x"),
            403,
            "PUT settings",
        );
        refused(&wrong.open(&Ticket::of("1")), 403, "room");
        refused(&wrong.close("1"), 403, "room.close");
        refused(&wrong.message("1", "x"), 403, "visitor-message");
        refused(
            &wrong.call_raw("GET", "room", b"{"),
            403,
            "a broken body with a wrong secret",
        );
    }
    assert_eq!(
        right.settings().json(),
        json!({"webhook": {"url": stage.bot.url("/callback")}})
    );
}

#[test]
fn the_unknown_is_told_as_not_found() {
    let stage = Stage::start();
    let rapidpro = &stage.rapidpro;
    refused(
        &rapidpro.message("never seen", "x"),
        404,
        "a message of an unknown visitor",
    );
    refused(
        &rapidpro.close("never seen"),
        404,
        "the close of an unknown visitor",
    );
    refused(
        &rapidpro.send(&rapidpro.request("GET", "nothing")),
        404,
        "an unknown endpoint",
    );
    refused(
        &rapidpro.send(&rapidpro.request("DELETE", "room")),
        405,
        "a wrong method",
    );
    let app_id = "00000000-0000-4000-8000-000000000000".to_owned();
    let other = RapidPro {
        app_id,
        ..rapidpro.clone()
    };
    refused(&other.secret_check(), 404, "an unknown app");
    refused(&stage.warmline.get("/api/apps/public/x"), 404, "an odd app");
}

#[test]
fn a_trailing_slash_is_answered_and_not_redirected() {
    let stage = Stage::start();
    let reply = stage.rapidpro.call("GET", "room/", &Ticket::of("1").body());
    assert_eq!(reply.status, 201);
    assert_eq!(
        stage
            .rapidpro
            .send(&stage.rapidpro.request("GET", "secret.check/"))
            .status,
        200
    );
}

#[test]
fn broken_bodies_are_refused_with_the_field_s_name() {
    let stage = Stage::start();
    let rapidpro = &stage.rapidpro;
    let call = |endpoint: &str, body: &[u8]| rapidpro.call_raw("POST", endpoint, body);
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"\"x\"",
        b"{\"visitor\": 1}",
        b"\xff\xfe{}",
    ] {
        refused(&call("room", body), 400, "room");
        refused(&call("room.close", body), 400, "room.close");
        refused(&call("visitor-message", body), 400, "visitor-message");
        refused(&rapidpro.call_raw("PUT", "settings", body), 400, "settings");
    }
    let good = Ticket::of("1").body();
    for (field, value) in [
        ("ticketID", Value::Null),
        ("ticketID", json!(1)),
        ("ticketID", json!("no uuid")),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let error = refused(&rapidpro.call("GET", "room", &body), 400, field);
        assert!(error.contains("ticketID"), "the error names the field");
    }
    for token in [Value::Null, json!(""), json!([])] {
        let mut body = good.clone();
        body["visitor"]["token"] = token;
        let error = refused(&rapidpro.call("GET", "room", &body), 400, "token");
        assert!(error.contains("token"), "the error names the field");
    }
    refused(
        &rapidpro.message("1", ""),
        400,
        "neither text nor attachments",
    );
    let url = refused(
        &rapidpro.put_settings("not a url"),
        400,
        "a webhook that is no URL",
    );
    assert!(url.contains("url"));
}

#[test]
fn other_content_types_are_refused_and_a_charset_is_not() {
    let stage = Stage::start();
    let body = Ticket::of("1").body().to_string();
    let with = |kind: Option<&str>| {
        let mut request = stage.rapidpro.request("GET", "room");
        request
            .headers
            .extend(kind.map(|kind| ("Content-Type".into(), kind.into())));
        request.body = body.clone().into_bytes();
        stage.rapidpro.send(&request)
    };
    refused(&with(None), 400, "no content type");
    refused(&with(Some("text/plain")), 400, "plain text");
    assert_eq!(with(Some("application/json; charset=utf-8")).status, 201);
}

#[test]
fn overlong_bodies_are_refused_and_long_fields_do_no_harm() {
    let stage = Stage::start();
    let rapidpro = &stage.rapidpro;
    let long = vec![b' '; 2 * 1024 * 1024];
    for endpoint in ["room", "visitor-message"] {
        refused(&rapidpro.call_raw("POST", endpoint, &long), 413, endpoint);
    }
    let token = "9".repeat(10_000);
    let status = rapidpro.open(&Ticket::of(&token)).status;
    assert!(
        status == 201 || status == 400,
        "a token of 10,000 characters: {status}"
    );
    assert_eq!(stage.warmline.get("/readyz").status, 200);
    assert_eq!(rapidpro.secret_check().status, 200);
}

#[test]
fn control_characters_and_emoji_pass_in_every_text() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let odd =
        "a\u{0}b\u{1}\u{8}\u{b}\u{1f}\u{7f}\u{fffe}<&>\"'\u{1F9D1}\u{200D}\u{1F680}\u{202e}\n\tz";
    let mut body = Ticket::of("6").body();
    body["visitor"]["name"] = json!(odd);
    body["visitor"]["customFields"] = json!({odd: odd, "question": odd});
    assert_eq!(stage.rapidpro.call("GET", "room", &body).status, 201);
    let offer = super::stage::offered(&agent);
    let room = super::stage::accept(&agent, &offer);
    assert_eq!(stage.rapidpro.message("6", odd).status, 201);
    // What XML 1.0 forbids is left out or replaced by U+FFFD; all else arrives as it was.
    let clean = "ab\u{7f}<&>\"'\u{1F9D1}\u{200D}\u{1F680}\u{202e}\n\tz";
    agent.wait("the cleaned text", |e| {
        e.is_in(&room) && e.get("body").replace('\u{fffd}', "") == clean
    });
    assert_eq!(stage.warmline.get("/readyz").status, 200, "the link lives");
}

#[test]
fn a_connection_is_kept_and_may_carry_many_calls() {
    let stage = Stage::start();
    let stream = std::net::TcpStream::connect(stage.warmline.address()).expect("a connection");
    let mut stream = std::io::BufReader::new(stream);
    for number in 0..3 {
        let ticket = Ticket::of(&number.to_string());
        let request: Request = stage
            .rapidpro
            .request("GET", "room")
            .json(ticket.body().to_string());
        assert_eq!(
            request.send_over(&mut stream).expect("an answer").status,
            201
        );
    }
}

#[test]
fn text_of_half_a_megabyte_arrives_whole() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("7", &agent);
    let long = format!("{}end", "0123456789".repeat(50_000));
    assert_eq!(stage.rapidpro.message("7", &long).status, 201);
    agent.wait("its last part", |e| {
        e.is_said() && e.get("body").ends_with("end")
    });
    let parts = agent.heard(&conversation.room, "");
    let digits: usize = parts
        .iter()
        .filter(|p| p.len() > 1000)
        .map(|p| p.matches('9').count())
        .sum();
    assert_eq!(digits, 50_000);
    stage.rapidpro.message("7", "still there");
    hears(&agent, &conversation.room, "still there");
}
