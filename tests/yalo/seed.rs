//! Every example of the platform's own document: request and answer as printed there.

use serde_json::{Value, json};

use warmline::channels::Origin;

use super::support::bot::Answer;
use super::support::http::{Reply, Request};
use super::world::{PASSWORD, World, leads_to};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../samples/yalo/", $name, ".json"))
    };
}

fn is(reply: &Reply, status: u16, printed: &str) {
    assert_eq!(reply.status, status);
    let printed: Value = serde_json::from_str(printed).unwrap();
    assert_eq!(reply.json(), printed);
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[test]
fn create_a_chat() {
    let world = World::new();
    let connect = |body| world.call("POST", "/v1/chats/connect", body);
    is(
        &connect(sample!("connect_whatsapp")),
        200,
        sample!("connected"),
    );
    is(
        &connect(sample!("connect_facebook")),
        200,
        sample!("connected"),
    );
    let without = sample!("connect_whatsapp").replace(r#""email" : "ochoa@example.com","#, "");
    is(&connect(&without), 400, sample!("email_missing"));
    let path = "/v1/chats/connect";
    let bare = world.bare("POST", path, sample!("connect_whatsapp"));
    is(&bare, 401, sample!("no_token"));

    // Or with the token as a query parameter.
    let other = sample!("connect_whatsapp").replace("5217331175599", "5217331175500");
    let path = format!("{path}?token={}", world.token());
    is(
        &world.bare("POST", &path, &other),
        200,
        sample!("connected"),
    );
}

#[test]
fn get_jwt() {
    let world = World::new();
    let login = |username, password| {
        let body = sample!("login").replace("${username}", username);
        let body = body.replace("${password}", password);
        world.bare("POST", "/v1/authenticate", &body)
    };
    let reply = login("yaloUser", PASSWORD);
    let token = reply.string("token");
    is(&reply, 200, &sample!("token").replace("${token}", &token));
    is(&login("yaloUser", "wrong"), 401, sample!("wrong_password"));
}

#[test]
fn validate_jwt() {
    let world = World::new();
    let printed = |username, role| {
        let printed = sample!("checked").replace("${username}", username);
        printed.replace("${role}", role)
    };
    let token = world.token();
    let checked = world.call_as(&token, ("GET", "/v1/tokens/check", ""));
    is(&checked, 200, &printed("yaloUser", "YALO_ROLE"));
    let token = world.log_in("salesforceUser", PASSWORD).string("token");
    let path = format!("/v1/tokens/check?token={token}");
    let checked = world.send(&Request::new("GET", &path));
    is(&checked, 200, &printed("salesforceUser", "SALESFORCE_ROLE"));
    let wrong = world.call_as("no.such.token", ("GET", "/v1/tokens/check", ""));
    is(&wrong, 403, sample!("wrong_token"));
}

#[test]
fn whatsapp_webhook() {
    let world = World::new();
    is(
        &world.tells("whatsapp", sample!("whatsapp_text")),
        200,
        sample!("inserted"),
    );
    is(
        &world.tells("whatsapp", sample!("whatsapp_image")),
        200,
        sample!("inserted"),
    );
    is(
        &world.tells("whatsapp", "no json"),
        400,
        sample!("bad_webhook"),
    );

    let said = world.context("5215573735001");
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["text"], "Hola");
    assert_eq!(said[0]["timestamp"], 1_632_367_928_574_i64);
    assert_eq!(said[0]["from"], "user");
    let shown = world.context("5215514732842");
    assert_eq!(shown[0]["mimeType"], "image/jpeg");
    assert_eq!(shown[0].get("caption"), None);
    let link = shown[0]["url"].as_str().unwrap();
    let sent: Value = serde_json::from_str(sample!("whatsapp_image")).unwrap();
    let origin = Origin::at(sent["image"]["url"].as_str().unwrap()).kind("image/jpeg");
    assert!(leads_to(link, origin));
}

#[test]
fn facebook_webhook() {
    let world = World::new();
    is(
        &world.tells("facebook", sample!("facebook_text")),
        200,
        sample!("inserted"),
    );
    is(
        &world.tells("facebook", sample!("facebook_image")),
        200,
        sample!("inserted"),
    );
    let said = world.context("5018811078134037");
    assert_eq!((&said[0]["text"], said.len()), (&json!("Hola"), 1));
    assert_eq!(said[0]["timestamp"], 1_632_348_042_261_i64);
    let shown = world.context("5018811078130077");
    assert_eq!(shown.len(), 1);
    let link = shown[0]["url"].as_str().unwrap();
    let sent: Value = serde_json::from_str(sample!("facebook_image")).unwrap();
    let item = &sent["message"]["entry"][0]["messaging"][0]["message"];
    let url = item["attachments"][0]["payload"]["url"].as_str().unwrap();
    assert!(leads_to(link, Origin::at(url).kind("image/jpeg")));
}

#[test]
fn register_and_remove_webhook() {
    let world = World::new();
    let register = "/v1/integrations/webhook/register/whatsapp";
    let remove = "/v1/integrations/webhook/remove/whatsapp";
    world.platform.answer(Answer::new(201, r#"{"bot_id":"x"}"#));
    is(
        &world.call("POST", register, ""),
        200,
        sample!("registered"),
    );
    is(
        &world.call("DELETE", remove, ""),
        500,
        sample!("not_removed"),
    );
    world.platform.answer(Answer::new(204, ""));
    is(&world.call("DELETE", remove, ""), 200, sample!("removed"));
    is(
        &world.call("POST", register, ""),
        500,
        sample!("not_registered"),
    );
}

#[test]
fn get_context() {
    let world = World::new();
    let printed: Value = serde_json::from_str(sample!("context")).unwrap();
    let printed = printed.as_array().unwrap();
    // As the platform tells it, and the last first.
    for (number, entry) in printed.iter().enumerate().rev() {
        let by = if entry["from"] == "bot" { "to" } else { "from" };
        let body = json!({
            by: entry["userId"],
            "id": format!("id-{number}"),
            "type": "text",
            "timestamp": entry["timestamp"].to_string(),
            "text": {"body": entry["text"]},
        });
        assert_eq!(world.tells("whatsapp", body.to_string()).status, 200);
    }
    let shown = world.context("5217331175599");
    assert_eq!(shown.len(), printed.len());
    for (shown, printed) in shown.iter().zip(printed) {
        let (mut shown, mut printed) = (shown.clone(), printed.clone());
        // When it was received plus a day; the document's times are long past.
        let until: jiff::Timestamp = shown["ttl"].as_str().unwrap().parse().unwrap();
        let left = until.duration_since(jiff::Timestamp::now()).as_secs();
        assert!((86_000..=86_400).contains(&left));
        shown["ttl"] = Value::Null;
        printed["ttl"] = Value::Null;
        assert_eq!(shown, printed);
    }
    assert_eq!(world.context("5210000000000"), [Value::Null; 0]);
}
