//! The platform Yalo: what was said before reaches the agent, words and files go both ways, and
//! every end lets the bot go on.

use super::faults::{complete, numbered, say_all};
use super::stage::{Stage, accept, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::bot::HttpBot;
use super::support::origin::{Origin, file};
use super::support::wait;
use super::support::yalo::{Yalo, channel, said, states, texts};
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

const PUBLIC: &str = "https://help.example.org";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
const USER: &str = "5217331175599";
/// How long an outage and what follows may take.
const REPAIR: Duration = Duration::from_secs(60);

/// A stage with this channel beside the usual one.
struct Scene {
    stage: Stage,
    yalo: Yalo,
    platform: HttpBot,
}

impl Scene {
    fn new(keys: &str) -> Scene {
        let platform = HttpBot::start();
        let stage = Stage::configured(|config| {
            config.http = format!("public_url = \"{PUBLIC}\"");
            config.more = channel(&platform.url(""), keys);
            config.more.push_str("[log]\nlevel = \"debug\"\n");
        });
        let yalo = Yalo::new(stage.warmline.address());
        Scene {
            stage,
            yalo,
            platform,
        }
    }

    /// A conversation with its agent in the room.
    fn conversation(&self, agent: &Agent) -> String {
        assert_eq!(self.yalo.connect(USER).status, 200);
        accept(agent, &offered(agent))
    }

    /// Waits until the platform has been told all of these texts, among others.
    fn told(&self, last: &str) -> Vec<String> {
        wait::until("words at the platform", REPAIR, || {
            let told = texts(&self.platform.callbacks());
            told.iter().any(|text| text == last).then_some(told)
        })
    }

    fn state(&self, wanted: &str) {
        wait::until("the bot goes on", REPAIR, || {
            let states = states(&self.platform.callbacks());
            (states.last().map(String::as_str) == Some(wanted)).then_some(())
        });
    }
}

/// The texts of all that an agent heard in a room until `last` is among them.
fn heard_until(agent: &Agent, room: &str, last: &str) -> String {
    wait::until("all of it in the room", REPAIR, || {
        let all = agent.heard(room, "").join("\n");
        all.contains(last).then_some(all)
    })
}

#[test]
fn sixty_messages_with_the_bot_are_shown_to_the_agent_in_their_order() {
    let scene = Scene::new("");
    let begun = jiff::Timestamp::now().as_millisecond() - 3_600_000;
    let text = |number: usize| format!("line {number:02}. {}", "palabras ".repeat(120));
    // The platform does not tell of all of it in order, and of some of it twice.
    let mut order: Vec<usize> = (0..60).collect();
    order.swap(3, 40);
    order.push(7);
    for number in order {
        let by = if number % 2 == 0 { "to" } else { "from" };
        let at = begun + 1000 * i64::try_from(number).unwrap_or_default();
        let body = json!({
            by: USER, "id": format!("m{number}"), "timestamp": at.to_string(),
            "type": "text", "text": {"body": text(number)},
        });
        scene.yalo.tells("whatsapp", &body);
    }
    let agent = scene.stage.agent("agent1");
    assert_eq!(scene.yalo.connect(USER).status, 200);
    // Said while nobody has come yet.
    scene.yalo.says(USER, "is anybody there?");
    let offer = offered(&agent);
    assert!(offer.get("body").contains("Where is my parcel?"));
    let room = accept(&agent, &offer);
    let all = heard_until(&agent, &room, "is anybody there?");
    let places: Vec<usize> = (0..60)
        .map(|number| all.find(&format!("line {number:02}.")).expect("each line"))
        .collect();
    assert!(places.is_sorted(), "in the order of their times");
    assert!(places[59] < all.find("is anybody there?").expect("said while waiting"));
    assert_eq!(
        all.matches("line 07.").count(),
        1,
        "what came twice is shown once"
    );
    assert!(all.contains("order: 1225") && all.contains("Bot ["));
    let messages = agent.heard(&room, "");
    let longest = messages.iter().map(String::len).max().unwrap_or_default();
    assert!(messages.len() > 2 && longest <= 40_000, "split: {longest}");
    let everything: String = agent
        .events()
        .iter()
        .map(|e| e.get("xml").to_owned())
        .collect();
    for private in [USER, "Robin", "robin@example.org"] {
        assert!(!everything.contains(private), "{private} is not for agents");
    }
}

#[test]
fn words_and_files_go_both_ways_by_links_of_our_own() {
    let origin = Origin::start(|_| file("image/png", PNG));
    let scene = Scene::new("");
    let agent = scene.stage.agent("agent1");
    let room = scene.conversation(&agent);
    scene.yalo.says(USER, "Hola");
    hears(&agent, &room, "Hola");
    let image = json!({
        "from": USER, "id": "image", "timestamp": "1632367928", "type": "image",
        "image": {"url": origin.url("/hooks-proxy/secret-token"), "mimeType": "image/png", "caption": "my parcel"},
    });
    scene.yalo.tells("whatsapp", &image);
    let shown = agent.wait("the visitor's file", |e| {
        e.is_in(&room) && !e.get("url").is_empty()
    });
    let link = shown
        .get("url")
        .strip_prefix(PUBLIC)
        .expect("a link of ours");
    let reply = scene.stage.warmline.get(link);
    assert_eq!((reply.status, reply.body.as_slice()), (200, PNG));
    let everything: String = agent
        .events()
        .iter()
        .map(|e| e.get("xml").to_owned())
        .collect();
    assert!(!everything.contains("secret-token") && !everything.contains("hooks-proxy"));

    agent.say_in(&room, "Hola, ¿en qué puedo ayudarle?");
    scene.told("Hola, ¿en qué puedo ayudarle?");
    let upload = origin.url("/upload/form.png");
    agent.call("link", json!({"to": room, "url": upload}));
    let told = scene.platform.wait_until("the agent's file", |calls| {
        let mut files = calls.iter().filter(|call| call.body["type"] == "image");
        files
            .next()
            .map(|call| call.body["image"]["url"].to_string())
    });
    let told = told.trim_matches('"');
    let link = told.strip_prefix(PUBLIC).expect("a link of ours");
    assert!(link.ends_with("/form.png"));
    assert_eq!(scene.stage.warmline.get(link).body, PNG);

    // Nothing of it is in the log, whatever its level.
    let log = scene.stage.warmline.log();
    for private in [
        USER,
        "my parcel",
        "Robin",
        "secret-token",
        &scene.yalo.token,
        "wa-token",
        "opensesame",
    ] {
        assert!(!log.contains(private), "{private} is in the log");
    }
}

#[test]
fn who_waits_is_told_the_place_and_every_end_lets_the_bot_go_on() {
    let scene = Scene::new("");
    assert_eq!(scene.yalo.connect("1").status, 200);
    assert_eq!(scene.yalo.connect(USER).status, 200);
    let told =
        scene.told("Please wait, somebody will be with you soon. You are number 2 in the line.");
    assert_eq!(told.len(), 2);
    // The platform takes one back; the other is first now, and an agent comes.
    let path = format!("/v1/chat/finish/{}", 1);
    assert_eq!(scene.yalo.call("DELETE", &path, &json!({})).status, 200);
    scene.state("from-sf-success");
    let agent = scene.stage.agent("agent1");
    let room = accept(&agent, &offered(&agent));
    agent.say_in(&room, "goodbye");
    agent.say_in(&room, "!close");
    agent.wait("the room is destroyed", |e| is_destroyed(e, &room));
    scene.told("goodbye");
    wait::until("both have gone back", REPAIR, || {
        (states(&scene.platform.callbacks()).len() == 2).then_some(())
    });
    // What is said now is said to the bot, and a new conversation knows it.
    scene.yalo.says(USER, "one thing more");
    let room = scene.conversation(&agent);
    heard_until(&agent, &room, "one thing more");
}

#[test]
fn nobody_comes_and_the_bot_goes_on_elsewhere() {
    let platform = HttpBot::start();
    let stage = Stage::configured(|config| {
        config.workgroup = "request_timeout = \"1s\"".into();
        config.more = channel(&platform.url(""), "");
    });
    let yalo = Yalo::new(stage.warmline.address());
    assert_eq!(yalo.connect(USER).status, 200);
    platform.wait_until("the state", |calls| {
        (states(calls) == ["from-sf-timeout"]).then_some(())
    });
    let told = texts(&platform.callbacks());
    assert_eq!(told[1], "Nobody is free right now. Please try again later.");
}

#[test]
fn a_keyword_takes_the_visitor_back_to_the_bot() {
    let scene = Scene::new("restart_keywords = [\"Menú\", \"restart\"]");
    let agent = scene.stage.agent("agent1");
    let room = scene.conversation(&agent);
    scene.yalo.says(USER, "the menú please");
    hears(&agent, &room, "the menú please");
    scene.yalo.says(USER, " MENÚ ");
    agent.wait("the room is destroyed", |e| is_destroyed(e, &room));
    // The platform repeats what it got no answer for: no later conversation is ended by that.
    let room = scene.conversation(&agent);
    scene.yalo.says(USER, " MENÚ ");
    scene.yalo.says(USER, "still here");
    hears(&agent, &room, "still here");
    assert_eq!(
        states(&scene.platform.callbacks()),
        [""; 0],
        "the bot is there already"
    );
}

/// Sends a webhook and does not wait for its answer.
fn send_only(scene: &Scene, text: &str) {
    let body = said(USER, text);
    let request = scene.yalo.webhook("whatsapp", &body);
    let mut head = format!("POST {} HTTP/1.1\r\nHost: x\r\n", request.path);
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let head = format!("{head}Content-Length: {}\r\n\r\n", request.body.len());
    let mut stream = TcpStream::connect(scene.yalo.address).expect("a connection");
    let sent = stream.write_all(&[head.as_bytes(), &request.body].concat());
    sent.expect("sent");
}

#[test]
fn a_kill_between_webhook_and_commit_and_right_after_it_loses_and_doubles_nothing() {
    let mut scene = Scene::new("");
    let agent = scene.stage.agent("agent1");
    let room = scene.conversation(&agent);
    let all = numbered("word", 8);
    for (number, text) in all.iter().enumerate() {
        if number % 2 == 0 {
            // Killed somewhere between the first byte and the commit.
            send_only(&scene, text);
        } else {
            // Killed after the answer: the platform does not repeat this one.
            scene.yalo.says(USER, text);
        }
        scene.stage.warmline.kill9();
        scene.stage.warmline.start_again();
        if number % 2 == 0 {
            scene.yalo.says(USER, text);
        }
    }
    heard_until(&agent, &room, all.last().expect("words"));
    complete(&agent.heard(&room, ""), &all);
}

#[test]
fn a_kill_before_a_handoff_keeps_what_was_said_once() {
    let mut scene = Scene::new("");
    for (number, text) in numbered("said", 4).iter().enumerate() {
        match number % 2 {
            0 => send_only(&scene, text),
            _ => scene.yalo.says(USER, text),
        }
        scene.stage.warmline.kill9();
        scene.stage.warmline.start_again();
        scene.yalo.says(USER, text);
    }
    let context = scene
        .yalo
        .call("GET", &format!("/v1/context/{USER}"), &json!({}));
    let context = context.json();
    let entries = context.as_array().expect("entries").iter();
    let said: Vec<&str> = entries.filter_map(|entry| entry["text"].as_str()).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    let agent = scene.stage.agent("agent1");
    let room = scene.conversation(&agent);
    let all = heard_until(&agent, &room, "said-3");
    assert!((0..4).all(|number| all.matches(&format!("said-{number}")).count() == 1));
}

#[test]
fn the_platform_is_down_and_then_up_and_gets_all_once_and_in_order() {
    let mut scene = Scene::new("");
    let agent = scene.stage.agent("agent1");
    let room = scene.conversation(&agent);
    let waiting =
        scene.told("Please wait, somebody will be with you soon. You are number 1 in the line.");
    scene.platform.refuse();
    let replies = numbered("reply", 10);
    say_all(&agent, &room, &replies[..5]);
    scene.stage.warmline.kill9();
    scene.stage.warmline.start_again();
    say_all(&agent, &room, &replies[5..]);
    agent.say_in(&room, "!close");
    agent.wait("the room is destroyed", |e| is_destroyed(e, &room));
    scene.platform.accept_again();
    scene.state("from-sf-success");
    let told = texts(&scene.platform.callbacks());
    assert_eq!(told, [waiting, replies].concat());
}

#[test]
fn a_failing_store_sends_the_platform_away_and_takes_what_it_repeats() {
    let scene = Scene::new("");
    let agent = scene.stage.agent("agent1");
    let room = scene.conversation(&agent);
    let warmline = &scene.stage.warmline;
    warmline.limit_files(Some(1));
    wait::until("it is not ready", wait::SOON, || {
        (warmline.get("/readyz").status == 503).then_some(())
    });
    let webhook = scene.yalo.webhook("whatsapp", &said(USER, "Hola"));
    for _ in 0..3 {
        let reply = webhook.send(scene.yalo.address).expect("an answer");
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (503, Some("5"))
        );
        assert!(!reply.string("ErrorDescription").is_empty());
    }
    assert_eq!(scene.yalo.connect("1").status, 503);
    let finish = format!("/v1/chat/finish/{USER}");
    assert_eq!(scene.yalo.call("DELETE", &finish, &json!({})).status, 503);
    warmline.limit_files(None);
    warmline.wait_ready();
    let reply = webhook.send(scene.yalo.address).expect("an answer");
    assert_eq!(reply.status, 200);
    hears(&agent, &room, "Hola");
    complete(&agent.heard(&room, ""), &["Hola".to_owned()]);
    assert_eq!(scene.yalo.connect("1").status, 200);
}
