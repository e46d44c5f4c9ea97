//! The platform is asked to call our webhooks.

use serde_json::json;

use super::support::bot::Answer;
use super::world::World;

#[test]
fn the_calls_are_as_the_platform_knows_them() {
    let world = World::new();
    world
        .platform
        .answer_with(|call| match call.path.ends_with("/remove") {
            true => Answer::new(204, ""),
            false => Answer::new(201, r#"{"bot_id":"b","channel":"c","webhook":"w"}"#),
        });
    let path = |what: &str, provider: &str| format!("/v1/integrations/webhook/{what}/{provider}");
    for (provider, channel, bot, version) in [
        ("whatsapp", "outgoing_webhook", "wa-bot", 0),
        ("facebook", "passthrough", "fb-bot", 3),
    ] {
        let (phone, token) = match provider {
            "whatsapp" => ("+5215511223344", "Bearer wa-token"),
            _ => ("233726951928054", "Bearer fb-token"),
        };
        let reply = world.call("POST", &path("register", provider), "");
        assert_eq!(reply.status, 200);
        let told = world.platform.callbacks().pop().unwrap();
        assert_eq!(
            told.path,
            format!("/base/api/{channel}/bots/{bot}/healthcheck")
        );
        assert_eq!(told.header("authorization"), Some(token));
        let webhook = format!("https://help.example.org/v1/integrations/{provider}/webhook");
        let body =
            json!({"phone": phone, "webhook": webhook, "provider": provider, "version": version});
        assert_eq!(told.body, body);

        assert_eq!(
            world.call("DELETE", &path("remove", provider), "").status,
            200
        );
        let told = world.platform.callbacks().pop().unwrap();
        assert_eq!(told.path, format!("/base/api/{channel}/bots/{bot}/remove"));
        assert_eq!(told.body, json!({"phone": phone, "provider": provider}));
    }
}

#[test]
fn only_the_documented_status_is_success() {
    let mut world = World::new();
    let register = "/v1/integrations/webhook/register/facebook";
    let remove = "/v1/integrations/webhook/remove/facebook";
    for status in [200, 202, 204, 302, 401, 500] {
        world.platform.answer(Answer::error(status));
        let reply = world.call("POST", register, "");
        assert_eq!(
            (reply.status, reply.string("ErrorDescription")),
            (500, "error register webhook".into())
        );
    }
    for status in [200, 201, 404] {
        world.platform.answer(Answer::error(status));
        let reply = world.call("DELETE", remove, "");
        assert_eq!(
            (reply.status, reply.string("ErrorDescription")),
            (500, "error remove webhook".into())
        );
    }
    let asked = world.platform.callbacks().len();
    for provider in ["telegram", "WhatsApp", "x"] {
        let reply = world.call(
            "POST",
            &format!("/v1/integrations/webhook/register/{provider}"),
            "",
        );
        assert_eq!(reply.status, 400);
        let reply = world.call(
            "DELETE",
            &format!("/v1/integrations/webhook/remove/{provider}"),
            "",
        );
        assert_eq!(reply.status, 400);
    }
    assert_eq!(world.platform.callbacks().len(), asked, "nobody was asked");
    world.platform.refuse();
    assert_eq!(world.call("POST", register, "").status, 500);
}
