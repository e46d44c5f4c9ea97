//! Mailroom's five calls, well and badly made (reference: §2, §3, §6).

use serde_json::{Value, json};

use super::support::http::Request;
use super::support::weni::{TOKEN, ago, id_of, signature, told};
use super::world::{World, envelope};

fn ticket() -> String {
    id_of("ticket")
}

#[test]
fn a_ticket_is_opened_once_however_often_it_is_asked_for() {
    let world = World::new();
    let first = world.weni.open(&ticket());
    assert_eq!(first.status, 201);
    assert_eq!(first.string("external_id"), ticket());
    assert_eq!(first.string("status"), "open");
    let world = world.restart();
    let again = world.weni.open(&ticket());
    assert_eq!((again.status, again.string("external_id")), (201, ticket()));
    // Also when it is over; a flow that lost our answer adopts it.
    assert_eq!(world.weni.tell(&ticket(), "close").status, 200);
    assert_eq!(world.weni.open(&ticket()).status, 201);
    assert_eq!(world.weni.says(&ticket(), "hello").status, 409);
    // Another ticket of the same contact has another id and a conversation of its own.
    let other = world.weni.open(&id_of("other"));
    assert_eq!(other.string("external_id"), id_of("other"));
}

#[test]
fn the_same_body_is_answered_alike_to_the_letter() {
    let world = World::new();
    let body = json!({
        "ticket_id": ticket(), "contact": {"uuid": id_of("c"), "urn": "tel:+1"},
        "opened_at": "2026-08-13T09:12:44.018273645-03:00",
    });
    let key = format!("open-{}", ticket());
    let first = world.weni.call(("", &key), &body);
    assert_eq!(first.string("created_at"), "2026-08-13T12:12:44.018Z");
    assert_eq!(world.weni.call(("", &key), &body).body, first.body);
    let request = world.weni.message(&ticket(), "hello");
    let first = world.send(&request);
    assert_eq!(first.status, 200);
    assert_eq!(first.string("status"), "received");
    assert_eq!(first.string("message_external_id"), id_of("hello"));
    assert_eq!(world.send(&request).body, first.body);
    let world = world.restart();
    assert_eq!(world.send(&request).body, first.body);
    let lines = world.lines();
    assert_eq!(lines.len(), 1, "taken once");
}

/// Over HTTP/2 mailroom repeats a call without its body.
#[test]
fn a_repetition_without_a_body_is_known_by_its_key() {
    let world = World::new();
    let bare = |key: &str| {
        let request = Request::new("POST", "/weni/loja/v1/tickets");
        let request = request.header("Authorization", &format!("Bearer {TOKEN}"));
        world.send(&request.header("Idempotency-Key", key))
    };
    let key = format!("open-{}", ticket());
    assert_eq!(bare(&key).status, 400, "never before what it repeats");
    world.weni.open(&ticket());
    let again = bare(&key);
    assert_eq!((again.status, again.string("external_id")), (201, ticket()));
    assert_eq!(bare("open-x").status, 400);
}

#[test]
fn one_key_on_two_tickets_is_two_messages() {
    let world = World::new();
    let (one, other) = (id_of("one"), id_of("other"));
    for ticket in [&one, &other] {
        world.weni.open(ticket);
        assert_eq!(world.weni.says(ticket, "to both").status, 200);
    }
    assert_eq!(world.lines().len(), 2);
}

#[test]
fn every_state_has_its_code() {
    let world = World::new();
    let unknown = id_of("unknown");
    for ticket in [unknown.as_str(), "hx-42", "EXT%2Fwith%2Fslashes"] {
        let told = |what: &str| {
            let path = format!("/{ticket}/{what}");
            let reply = world.weni.call((&path, "k"), &json!({}));
            (reply.status, reply.body.len())
        };
        assert_eq!(told("messages").0, 404);
        assert_eq!(told("close").0, 409, "never 404: it could not be closed");
        assert_eq!(told("reopen").0, 404);
        assert_eq!(told("history"), (200, 0), "never 404: it came three times");
    }
    let (code, _) = envelope(&world.weni.says(&unknown, "x"));
    assert_eq!(code, "ticket_not_found");
    let ticket = ticket();
    world.weni.open(&ticket);
    assert_eq!(world.weni.tell(&ticket, "reopen").status, 200, "it is open");
    let closed = world.weni.tell(&ticket, "close");
    assert_eq!(
        (closed.status, closed.string("status")),
        (200, "closed".into())
    );
    let again = world.weni.tell(&ticket, "close");
    assert_eq!(again.status, 409);
    assert_eq!(envelope(&again).0, "ticket_already_closed");
    let late = world.weni.says(&ticket, "too late");
    assert_eq!(
        (late.status, envelope(&late).0),
        (409, "ticket_closed".into())
    );
    let past = world.weni.history(&ticket, &[told("outgoing", "Oi", 60)]);
    assert_eq!(past.status, 200);
    assert_eq!(past.json()["messages_received"], 1);
}

/// Over there it ought to be closed, as it is here.
#[test]
fn a_message_to_a_closed_ticket_is_kept_and_has_the_ticket_closed() {
    let world = World::new();
    world.weni.open(&ticket());
    assert_eq!(world.weni.tell(&ticket(), "close").status, 200);
    assert_eq!(world.weni.says(&ticket(), "too late").status, 409);
    let told = world.told(1);
    assert!(told[0].path.ends_with("/tickets/close"), "{}", told[0].path);
    let lines = world.lines();
    assert_eq!(lines.last().unwrap().words.text, "too late");
}

#[test]
fn whoever_has_no_token_is_refused_before_the_body_is_read() {
    let world = World::with("api_token_next = \"the-token-of-tomorrow\"");
    let call = |name: &str, value: &str| {
        let request = Request::new("POST", "/weni/loja/v1/tickets").header(name, value);
        world.send(&request.json("{")).status
    };
    for bad in [
        "Bearer ",
        "Bearer a-token-of-the-tests-onlx",
        "bearer",
        TOKEN,
    ] {
        assert_eq!(call("Authorization", bad), 401, "{bad}");
    }
    assert_eq!(call("X-Api-Key", TOKEN), 401);
    let refused = Request::new("POST", "/weni/loja/v1/tickets").json("{}");
    assert_eq!(envelope(&world.send(&refused)).0, "unauthorized");
    assert_eq!(call("Authorization", "Bearer the-token-of-tomorrow"), 400);
    assert_eq!(call("Authorization", &format!("Bearer {TOKEN}")), 400);
}

#[test]
fn without_a_second_token_there_is_no_second_way_in() {
    let world = World::new();
    let request = Request::new("POST", "/weni/loja/v1/tickets");
    let request = request.header("Authorization", "Bearer the-token-of-tomorrow");
    assert_eq!(world.send(&request.json("{}")).status, 401);
}

#[test]
fn bad_bodies_are_told_which_member_is_wrong() {
    let world = World::new();
    let id = ticket();
    world.weni.open(&id);
    let messages = format!("/{id}/messages");
    let history = format!("/{id}/history");
    let close = format!("/{id}/close");
    let bad: [(&str, Value, &str); 12] = [
        ("", json!([]), "the body must be a JSON object"),
        ("", json!({}), "ticket_id is required"),
        ("", json!({"ticket_id": 7}), "ticket_id must be a string"),
        ("", json!({"ticket_id": "hx"}), "ticket_id must be a UUID"),
        (
            "",
            json!({"ticket_id": id, "contact": []}),
            "contact must be an object",
        ),
        (
            "",
            json!({"ticket_id": id, "opened_at": "today"}),
            "opened_at must be an RFC 3339 time",
        ),
        (
            "",
            json!({"ticket_id": id, "contact": {"name": {}}}),
            "contact.name must be a string",
        ),
        (
            &messages,
            json!({"message_id": "x"}),
            "message_id must be a UUID",
        ),
        (
            &messages,
            json!({"attachments": [{"url": 1}]}),
            "attachments[0].url must be a string",
        ),
        (
            &messages,
            json!({"external_id": id_of("x")}),
            "external_id must be the one in the address",
        ),
        (
            &history,
            json!({"messages": [{}, {"sent_at": 5}]}),
            "messages[1].sent_at must be a string",
        ),
        (&close, json!("OK"), "the body must be a JSON object"),
    ];
    for (path, body, text) in bad {
        let reply = world.weni.call((path, "k"), &body);
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(envelope(&reply), ("invalid_payload".into(), text.into()));
    }
    let broken = world
        .weni
        .request(("", "k"), &json!({}))
        .json("{\"ticket_id\"");
    assert_eq!(world.send(&broken).status, 400);
}

#[test]
fn too_much_wrong_paths_and_wrong_methods() {
    let world = World::new();
    let large = world
        .weni
        .request(("", "k"), &json!({"body": "x".repeat(1 << 20)}));
    let reply = world.send(&large);
    assert_eq!(
        (reply.status, envelope(&reply).0),
        (413, "payload_too_large".into())
    );
    let call = |method: &str, path: &str| world.send(&Request::new(method, path));
    let get = call("GET", "/weni/loja/v1/tickets");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    assert_eq!(call("POST", "/weni/other/v1/tickets").status, 404);
    assert_eq!(call("POST", "/weni/loja/v1/tickets/a/b/c").status, 404);
    let slash = world.weni.call(("/", "k"), &json!({"ticket_id": ticket()}));
    assert_eq!(slash.status, 201);
}

#[test]
fn what_is_optional_may_be_missing_and_what_is_unknown_may_be_there() {
    let world = World::new();
    let id = ticket();
    let bare = json!({"ticket_id": id.to_uppercase(), "later": {"more": [1]}, "topic": null});
    assert_eq!(world.weni.call(("", ""), &bare).string("external_id"), id);
    let path = format!("/{id}/messages");
    let pressed = json!({
        "direction": "incoming", "sender": {"type": "contact"},
        "metadata": {"payload": "yes", "source_message_external_id": "wamid.PRIVATE"},
        "sent_at": "2026-08-13T09:15:02.5-03:00",
    });
    assert_eq!(world.weni.call((&path, ""), &pressed).status, 200);
    let place = json!({"attachments": [{"content_type": "geo", "url": "-3.7319,-38.5267"}]});
    assert_eq!(world.weni.call((&path, ""), &place).status, 200);
    let lines: Vec<String> = world
        .lines()
        .into_iter()
        .map(|line| line.words.text)
        .collect();
    assert_eq!(
        lines,
        [
            "[a message without words] {\"payload\":\"yes\"}",
            "geo:-3.7319,-38.5267"
        ]
    );
}

/// One by one the history comes by the route of messages; only its key and direction tell.
#[test]
fn history_one_by_one_is_not_said_by_the_contact_now() {
    let world = World::new();
    let id = ticket();
    world.weni.open(&id);
    let path = format!("/{id}/messages");
    let before = told("incoming", "before", 60);
    let key = format!("history-{id}-{}", id_of("before"));
    assert_eq!(world.weni.call((&path, &key), &before).status, 200);
    let bots = told("outgoing", "the bot's", 50);
    assert_eq!(world.weni.call((&path, "other"), &bots).status, 200);
    assert_eq!(world.lines().len(), 0, "nothing of it was said now");
}

#[test]
fn a_signature_that_is_there_has_to_be_right() {
    let world = World::new();
    let signed = |sign: &dyn Fn(&[u8]) -> String, at: &str| {
        let request = world
            .weni
            .request(("", "k"), &json!({"ticket_id": ticket()}));
        let signature = sign(&request.body);
        let request = request.header("X-Webhook-Signature", &signature);
        let request = request.header("X-Webhook-Timestamp", at);
        let reply = world.send(&request);
        let code = reply.json()["error"].as_str().map(str::to_owned);
        (reply.status, code.unwrap_or_default())
    };
    let wrong = |_: &[u8]| signature(b"another body");
    assert_eq!(signed(&signature, &ago(0)), (201, String::new()));
    assert_eq!(signed(&signature, &ago(290)), (201, String::new()));
    assert_eq!(signed(&signature, &ago(-290)), (201, String::new()));
    assert_eq!(signed(&wrong, &ago(0)), (401, "invalid_signature".into()));
    assert_eq!(
        signed(&|_| String::new(), &ago(0)),
        (401, "invalid_signature".into())
    );
    assert_eq!(
        signed(&signature, &ago(310)),
        (401, "expired_request".into())
    );
    assert_eq!(
        signed(&signature, &ago(-310)),
        (401, "expired_request".into())
    );
    assert_eq!(
        signed(&signature, "yesterday"),
        (401, "expired_request".into())
    );
}

#[test]
fn where_signatures_are_required_none_may_be_missing() {
    let world = World::with("signed = \"required\"");
    let request = || {
        world
            .weni
            .request(("", "k"), &json!({"ticket_id": ticket()}))
    };
    assert_eq!(envelope(&world.send(&request())).0, "invalid_signature");
    let signature = signature(&request().body);
    let signed = || request().header("X-Webhook-Signature", &signature);
    assert_eq!(envelope(&world.send(&signed())).0, "expired_request");
    let timed = signed().header("X-Webhook-Timestamp", &ago(0));
    assert_eq!(world.send(&timed).status, 201);
    // The same again within the window brings about nothing.
    assert_eq!(world.send(&timed).status, 201);
}
