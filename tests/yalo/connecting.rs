//! Handing a visitor over, and taking the visitor back.

use serde_json::{Value, json};

use super::support::http::Reply;
use super::support::wait;
use super::world::World;

const CONNECT: &str = "/v1/chats/connect";

fn wish(user: &str) -> Value {
    json!({
        "userID": user, "botSlug": "coppel-bot", "botId": "521554578545", "name": "Eduardo Ochoa",
        "provider": "whatsapp", "email": "ochoa@example.com", "phoneNumber": user,
        "extraData": {"source_flow_bot": "SFB001", "address": "Calle 10"},
    })
}

fn without(user: &str, members: &[&str]) -> String {
    let mut wish = wish(user);
    for member in members {
        wish.as_object_mut().unwrap().remove(*member);
    }
    wish.to_string()
}

fn error(reply: &Reply) -> (u16, String) {
    (reply.status, reply.string("ErrorDescription"))
}

#[test]
fn texts_of_wrong_wishes_to_the_letter() {
    let world = World::new();
    let refused = |body: &str| {
        let (status, text) = error(&world.call("POST", CONNECT, body));
        assert_eq!(status, 400, "{body}");
        text
    };
    let failed = |field: &str, rule: &str| {
        format!(
            "Key: 'ChatPayload.{field}' Error:Field validation for '{field}' failed on the '{rule}' tag"
        )
    };
    let required = |fields: &[&str]| {
        let lines: Vec<String> = fields
            .iter()
            .map(|field| failed(field, "required"))
            .collect();
        format!("Error validating payload : {}", lines.join("\n"))
    };
    assert_eq!(refused(&without("1", &["email"])), required(&["Email"]));
    assert_eq!(
        refused(&without("1", &["botId", "userID"])),
        required(&["UserID", "BotId"])
    );
    let all = ["UserID", "Name", "Provider", "BotSlug", "BotId", "Email"];
    assert_eq!(refused("{}"), required(&all));
    assert_eq!(
        refused("null"),
        "Error validating payload : validator: (nil *handlers.ChatPayload)"
    );
    for (body, text) in [
        (
            "error",
            "invalid character 'e' looking for beginning of value",
        ),
        ("", "EOF"),
        ("{\"userID\": ", "unexpected EOF"),
        (
            r#"{"userID": 5217331175599}"#,
            "json: cannot unmarshal number into Go struct field ChatPayload.userID of type string",
        ),
        (
            r#"{"extraData": "x"}"#,
            "json: cannot unmarshal string into Go struct field ChatPayload.extraData of type map[string]interface {}",
        ),
        (
            "[1]",
            "json: cannot unmarshal array into Go value of type handlers.ChatPayload",
        ),
    ] {
        assert_eq!(refused(body), format!("Invalid payload received : {text}"));
    }
    for provider in ["telegram", "WhatsApp"] {
        let mut unknown = wish("1");
        unknown["provider"] = json!(provider);
        let told = format!("Error validating payload : {}", failed("Provider", "oneof"));
        assert_eq!(refused(&unknown.to_string()), told);
    }
}

#[test]
fn keys_may_be_in_any_case_and_unknown_ones_do_no_harm() {
    let world = World::new();
    let body = wish("1").to_string();
    let body = body
        .replace("\"userID\"", "\"USERID\"")
        .replace("\"botId\"", "\"botid\"");
    let body = body.replacen('{', "{\"colour\":[{}],", 1) + "garbage";
    assert_eq!(world.call("POST", CONNECT, &body).status, 200);
}

#[test]
fn extra_data_of_odd_types_is_no_crash() {
    let world = World::new();
    for (number, odd) in [json!(5), json!(["SFB001"]), json!({"a": null}), json!(true)]
        .iter()
        .enumerate()
    {
        let mut wish = wish(&number.to_string());
        wish["extraData"] = json!({"source_flow_bot": odd, "description": odd, "": odd});
        assert_eq!(world.call("POST", CONNECT, &wish.to_string()).status, 200);
    }
}

#[test]
fn the_same_wish_again_is_one_conversation_and_another_one_a_conflict() {
    let world = World::new();
    let body = wish("1").to_string();
    for _ in 0..3 {
        let reply = world.call("POST", CONNECT, &body);
        assert_eq!(
            (reply.status, reply.string("Message")),
            (200, "Chat created succefully".into())
        );
    }
    let other = body.replace("Calle 10", "Calle 11");
    let conflict = (
        409,
        "could not create chat : session exists with this userID".to_owned(),
    );
    assert_eq!(error(&world.call("POST", CONNECT, &other)), conflict);
    // The same id in the other messenger is somebody else.
    let facebook = body.replace("whatsapp", "facebook");
    assert_eq!(world.call("POST", CONNECT, &facebook).status, 200);
    // Only one of them has been told to wait, once.
    let told = world.told(2);
    let users = told
        .iter()
        .map(|call| (call.path.as_str(), call.body["userId"].clone()));
    let users: Vec<_> = users.collect();
    assert_eq!(users.len(), 2, "{users:?}");

    let world = world.restart();
    assert_eq!(error(&world.call("POST", CONNECT, &other)), conflict);
    assert_eq!(world.call("POST", CONNECT, &body).status, 200);
}

#[test]
fn many_at_once_make_one_conversation() {
    let world = World::new();
    let token = world.token();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let callers = (0..8).map(|number| {
            let body = wish("1")
                .to_string()
                .replace("Calle 10", &format!("Calle {}", number % 2));
            let (world, token) = (&world, &token);
            scope.spawn(move || world.call_as(token, ("POST", CONNECT, &body)).status)
        });
        let callers: Vec<_> = callers.collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    });
    // Four were like the first one, and four were not.
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        4,
        "{statuses:?}"
    );
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 4);
}

#[test]
fn finish_ends_it_and_lets_the_bot_go_on() {
    for method in ["DELETE", "GET"] {
        let world = World::new();
        let unknown = "could not finish chat in salesforce : error not found interconnection: not found interconnection";
        let finish = |user: &str| world.call(method, &format!("/v1/chat/finish/{user}"), "");
        assert_eq!(error(&finish("1")), (404, unknown.into()));
        assert_eq!(
            world.call("POST", CONNECT, &wish("1").to_string()).status,
            200
        );
        world.told(1);
        let reply = finish("1");
        assert_eq!(
            (reply.status, reply.string("Message")),
            (200, "Chat finished successfully".into())
        );
        let told = world.told(2);
        assert_eq!(told[1].method, "POST");
        assert_eq!(told[1].path, "/runner/coppel-bot/send-to?jwt=a%2Bb%26c");
        let state = json!({"userId": "1", "state": "from-sf-success", "message": ""});
        assert_eq!(told[1].body, state);
        let closed =
            "could not finish chat in salesforce : this contact does not have an interconnection";
        assert_eq!(error(&finish("1")), (404, closed.into()));
        // And again from the beginning, at once.
        assert_eq!(
            world.call("POST", CONNECT, &wish("1").to_string()).status,
            200
        );
        assert_eq!(world.told(3).len(), 3);
    }
}

#[test]
fn finish_can_name_the_messenger() {
    let world = World::new();
    let facebook = wish("1").to_string().replace("whatsapp", "facebook");
    assert_eq!(world.call("POST", CONNECT, &facebook).status, 200);
    let finish = |query: &str| {
        world
            .call("DELETE", &format!("/v1/chat/finish/1{query}"), "")
            .status
    };
    assert_eq!(finish("?provider=whatsapp"), 404);
    assert_eq!(finish("?provider=telegram"), 400);
    assert_eq!(finish("?provider=facebook"), 200);
}

#[test]
fn a_blocked_visitor_gets_403_and_the_bot_its_state() {
    let world = World::with(r#"blocked_users = ["666"]"#, "");
    let refused = error(&world.call("POST", CONNECT, &wish("666").to_string()));
    assert_eq!(
        refused,
        (
            403,
            "could not create chat : this contact is blocked".into()
        )
    );
    let told = world.told(1);
    assert_eq!(told[0].body["state"], "from-sf-blocked");
    assert_eq!(told[0].body["userId"], "666");
    assert_eq!(
        world.call("POST", CONNECT, &wish("667").to_string()).status,
        200
    );
}

#[test]
fn without_agents_a_request_can_be_turned_away() {
    let world = World::with("when_no_agents = \"refuse\"", "");
    let refused = error(&world.call("POST", CONNECT, &wish("1").to_string()));
    assert_eq!(
        refused,
        (409, "could not create chat : no agents available".into())
    );
    let told = world.told(2);
    assert_eq!(
        told[0].path,
        "/base/api/outgoing_webhook/bots/wa-bot/messages"
    );
    assert_eq!(
        told[0].body["text"]["body"],
        "Nobody is here right now. Please try again later."
    );
    assert_eq!(told[1].body["state"], "from-sf-timeout");
}

#[test]
fn what_is_told_aside_is_tried_again() {
    let world = World::with(r#"blocked_users = ["666"]"#, "");
    world
        .platform
        .answer(super::support::bot::Answer::error(503));
    world.call("POST", CONNECT, &wish("666").to_string());
    world
        .platform
        .wait_until("a try in vain", |calls| (!calls.is_empty()).then_some(()));
    world
        .platform
        .answer(super::support::bot::Answer::handled());
    let told = wait::until("the state", wait::SOON, || {
        Some(world.platform.taken()).filter(|t| !t.is_empty())
    });
    assert_eq!(told[0].body["state"], "from-sf-blocked");
}
