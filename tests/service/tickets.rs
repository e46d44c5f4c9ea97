//! RapidPro's side: several channels, departments, what is revealed, what was said before.

use super::stage::{Conversation, Stage, accept, hears, is_destroyed, offered, on_duty_in_it};
use super::support::bot::{Answer, HttpBot};
use super::support::config::Config;
use super::support::http::Request;
use super::support::rapidpro::{RapidPro, SECRET, Spelling, Ticket};
use super::support::wait;
use super::support::warmline::run;
use super::support::xmpp::{jid, workgroup};
use serde_json::json;
use std::io::BufReader;
use std::net::TcpStream;
use std::time::Duration;

const OTHER_APP: &str = "11111111-2222-4333-8444-555555555555";
const OTHER_SECRET: &str = "OTHEROTHEROTHEROTHEROTHEROTHEROT";
const API_TOKEN: &str = "an-api-token-for-tests";

/// A second workgroup, `it` of agent2, and a second channel that leads to it.
fn two_of_each(config: &mut Config) {
    config.agents = vec!["agent1".into()];
    config.channel = "departments = { \"IT Support\" = \"it\" }".into();
    config.more = format!(
        "[[workgroup]]\nname = \"it\"\nagents = [\"{}\"]\n\n\
         [[channel]]\nid = \"others\"\nkind = \"rapidpro\"\nworkgroup = \"it\"\n\
         app_id = \"{OTHER_APP}\"\nsecret = \"{OTHER_SECRET}\"\nunknown_department = \"default\"",
        jid("agent2")
    );
}

fn other(stage: &Stage) -> RapidPro {
    RapidPro {
        app_id: OTHER_APP.into(),
        secret: OTHER_SECRET.into(),
        ..stage.rapidpro.clone()
    }
}

#[test]
fn channels_are_told_apart_by_app_id_secret_visitors_and_workgroup() {
    let stage = Stage::configured(two_of_each);
    let (one, two) = (&stage.rapidpro, other(&stage));
    let bot = HttpBot::start();
    assert_eq!(two.put_settings(&bot.url("/other")).status, 204);
    let crossed = RapidPro {
        secret: SECRET.into(),
        ..two.clone()
    };
    assert_eq!(crossed.secret_check().status, 403);

    let (ana, ben) = (stage.agent("agent1"), on_duty_in_it(&stage));
    let Conversation { ticket, room } = stage.conversation("7", &ana);
    let same_token = Ticket::of("7");
    assert_eq!(two.open(&same_token).status, 201);
    let other_room = accept(&ben, &offered(&ben));
    two.message("7", "to the other");
    hears(&ben, &other_room, "to the other");
    one.message("7", "to the first");
    hears(&ana, &room, "to the first");
    ben.say_in(&other_room, "from the other");
    let told = bot.wait_for(1, wait::SOON);
    assert_eq!(told[0].path, "/other");
    let credential = format!("Token {OTHER_SECRET}");
    assert_eq!(told[0].header("authorization"), Some(&*credential));
    assert_eq!(told[0].body["ticketID"], same_token.id);
    assert_eq!(two.close("7").status, 204);
    ben.wait("the other room is destroyed", |e| {
        is_destroyed(e, &other_room)
    });
    one.message("7", "still open");
    hears(&ana, &room, "still open");
    assert!(stage.told(&ticket).is_empty());
}

#[test]
fn departments_lead_to_workgroups_in_both_spellings() {
    let stage = Stage::configured(two_of_each);
    let ben = on_duty_in_it(&stage);
    for (token, spelling, department) in [
        ("1", Spelling::Current, "IT Support"),
        ("2", Spelling::Old, "it support "),
    ] {
        let ticket = Ticket {
            department: Some(department.into()),
            spelling,
            ..Ticket::of(token)
        };
        assert_eq!(stage.rapidpro.open(&ticket).status, 201);
        let offer = offered(&ben);
        assert_eq!(offer.sender(), workgroup("it"));
        accept(&ben, &offer);
    }
    let unknown = Ticket {
        department: Some("Sales".into()),
        ..Ticket::of("3")
    };
    let refused = stage.rapidpro.open(&unknown);
    assert_eq!(
        (refused.status, &*refused.string("error")),
        (404, "unknown department")
    );
    assert_eq!(
        other(&stage).open(&unknown).status,
        201,
        "to the channel's own"
    );
    accept(&ben, &offered(&ben));
}

#[test]
fn another_ticket_of_the_same_visitor_takes_the_place_of_the_old_one() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let Conversation { ticket: old, room } = stage.conversation("1", &ana);
    let (new, id) = stage.open("1");
    ana.wait("the old room is destroyed", |e| is_destroyed(e, &room));
    stage.bot.wait_until("the close of the old ticket", |_| {
        (stage.closes(&old) == 1).then_some(())
    });
    let again = accept(&ana, &offered(&ana));
    assert!(again.starts_with(&format!("{id}@")));
    stage.rapidpro.message("1", "here");
    hears(&ana, &again, "here");
    let late = stage.rapidpro.open(&old);
    assert_eq!(
        (late.status, stage.closes(&new)),
        (201, 0),
        "repeated by a retry"
    );
    stage.rapidpro.message("1", "still here");
    hears(&ana, &again, "still here");
}

/// Opens a ticket with a name, an e-mail address and a number; gives all that the agent saw.
fn seen_of_a_person(stage: &Stage) -> String {
    let ana = stage.agent("agent1");
    let mut body = Ticket::of("254700000001").body();
    body["visitor"]["email"] = json!("robin@mail.test");
    body["visitor"]["phone"] = json!("+254711222333");
    assert_eq!(stage.rapidpro.call("GET", "room", &body).status, 201);
    let room = accept(&ana, &offered(&ana));
    stage.rapidpro.message("254700000001", "hello");
    hears(&ana, &room, "hello");
    let all = ana.events();
    all.iter().map(|e| e.get("xml").to_owned()).collect()
}

#[test]
fn agents_see_nothing_of_the_person_unless_it_is_configured() {
    let seen = seen_of_a_person(&Stage::start());
    for private in ["Robin", "robin@mail.test", "254711222333", "254700000001"] {
        assert!(!seen.contains(private), "{private} is shown");
    }
    let reveal = "reveal = [\"name\", \"email\", \"phone\"]";
    let seen = seen_of_a_person(&Stage::configured(|c| c.channel = reveal.into()));
    for shown in ["Robin", "robin@mail.test", "+254711222333"] {
        assert!(seen.contains(shown), "{shown} is not shown");
    }
    assert!(!seen.contains("254700000001"), "the token never is");
}

/// RapidPro's REST API: two messages of the talk with the bot, on two pages.
fn page(path: &str, server: &str) -> Answer {
    let second = path.contains("cursor=2");
    let message = match second {
        false => json!({
            "direction": "in", "status": "handled", "text": "No, I want a human",
            "attachments": [], "created_on": "2026-11-21T06:32:00Z", "sent_on": null,
        }),
        true => json!({
            "direction": "out", "status": "sent", "text": "Can I help you?",
            "attachments": [{"content_type": "image/png", "url": "https://files.example.test/map.png"}],
            "created_on": "2026-11-21T06:31:00Z", "sent_on": "2026-11-21T06:31:30Z",
        }),
    };
    let next = (!second).then(|| format!("{server}/api/v2/messages.json?cursor=2"));
    Answer::new(
        200,
        &json!({"next": next, "results": [message]}).to_string(),
    )
}

#[test]
fn the_talk_with_the_bot_is_fetched_and_shown_to_the_agent() {
    let stage = Stage::configured(|c| c.channel = format!("api_token = \"{API_TOKEN}\""));
    let server = stage.bot.url("");
    stage
        .bot
        .answer_with(move |call| match call.method.as_str() {
            "GET" => page(&call.path, &server),
            _ => Answer::handled(),
        });
    let ana = stage.agent("agent1");
    let Conversation { room, ticket } = stage.conversation("1", &ana);
    let story = wait::until("the talk with the bot", wait::SOON, || {
        let heard = ana.heard(&room, "").join("\n");
        heard.contains("No, I want a human").then_some(heard)
    });
    let at = |part: &str| story.find(part).unwrap_or(usize::MAX);
    assert!(at("Bot [21-11-2026 06:31:30]: Can I help you?") < at("No, I want a human"));
    assert!(story.contains("https://files.example.test/map.png"));
    let asked = stage.bot.taken();
    let asked = asked.iter().find(|c| c.method == "GET").expect("a search");
    let contact = uuid::Uuid::from_u128(7).to_string();
    assert!(asked.path.starts_with("/api/v2/messages.json?"));
    assert!(asked.path.contains(&contact) && asked.path.contains("after="));
    let credential = format!("Token {API_TOKEN}");
    assert_eq!(asked.header("authorization"), Some(&*credential));
    assert!(stage.told(&ticket).is_empty(), "none of it goes back");
}

#[test]
fn a_conversation_goes_on_without_a_history_that_cannot_be_had() {
    let stage = Stage::configured(|c| c.channel = format!("api_token = \"{API_TOKEN}\""));
    stage.bot.answer_with(|call| match call.method.as_str() {
        "GET" => Answer::error(403),
        _ => Answer::handled(),
    });
    let ana = stage.agent("agent1");
    let Conversation { room, ticket } = stage.conversation("1", &ana);
    stage.bot.wait_until("the search", |all| {
        all.iter().any(|c| c.method == "GET").then_some(())
    });
    stage.rapidpro.message("1", "hello");
    hears(&ana, &room, "hello");
    ana.say_in(&room, "good day");
    stage.bot.wait_until("the words", |_| {
        (stage.told(&ticket) == ["good day"]).then_some(())
    });
}

#[test]
fn the_agent_learns_when_words_cannot_be_delivered() {
    let stage = Stage::start();
    stage.bot.answer_with(|call| match call.text() {
        "unwanted" => Answer::error(400),
        _ => Answer::handled(),
    });
    let ana = stage.agent("agent1");
    let Conversation { room, ticket } = stage.conversation("1", &ana);
    ana.say_in(&room, "unwanted");
    ana.say_in(&room, "wanted");
    let told = ana.wait("word of it", |e| {
        e.is_in(&room) && e.get("body").contains("Not delivered")
    });
    assert!(told.get("body").contains("“unwanted”"));
    wait::until("the next words", wait::SOON, || {
        (stage.told(&ticket) == ["wanted"]).then_some(())
    });
}

#[test]
fn an_idle_connection_is_kept_for_longer_than_rapidpro_keeps_its_own() {
    let (_, defaults) = run(&["config"]);
    assert!(defaults.contains("keep_alive = \"75s\""), "more than 30 s");
    let stage = Stage::start();
    let stream = TcpStream::connect(stage.warmline.address()).expect("a connection");
    let ask = |stream: &mut BufReader<TcpStream>| {
        let request: Request = stage.rapidpro.request("GET", "secret.check");
        request.send_over(stream).expect("an answer").status
    };
    let mut stream = BufReader::new(stream);
    assert_eq!(ask(&mut stream), 200);
    // The framework's own five seconds would be too short.
    let idle = Duration::from_secs(6);
    let socket = stream.get_ref();
    socket.set_nonblocking(true).expect("a socket");
    let closed = wait::poll(idle, || {
        matches!(socket.peek(&mut [0]), Ok(0)).then_some(())
    });
    assert!(closed.is_none());
    socket.set_nonblocking(false).expect("a socket");
    assert_eq!(ask(&mut stream), 200);
}

#[test]
fn the_end_is_told_once_and_closing_again_is_no_error() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let Conversation { room, ticket } = stage.conversation("1", &ana);
    ana.say_in(&room, "!close");
    stage.bot.wait_for(1, wait::SOON);
    for _ in 0..3 {
        assert_eq!(stage.rapidpro.close("1").status, 204);
    }
    assert_eq!(stage.rapidpro.close("2").status, 404, "never seen");
    assert_eq!(
        stage.rapidpro.open(&ticket).status,
        201,
        "the same, which is over"
    );
    assert_eq!(stage.closes(&ticket), 1);
}

#[test]
fn the_visitor_is_told_once_that_somebody_has_come_where_the_channel_has_words_for_it() {
    let stage = Stage::configured(|c| {
        c.channel = "[channel.texts]\nagent_joined = \"Somebody is here.\"".into();
    });
    let ana = stage.agent("agent1");
    let Conversation { room, ticket } = stage.conversation("1", &ana);
    stage.bot.wait_for(1, wait::SOON);
    ana.leave(&room);
    ana.join(&room, "agent1");
    ana.say_in(&room, "good day");
    stage.bot.wait_for(2, wait::SOON);
    assert_eq!(stage.told(&ticket), ["Somebody is here.", "good day"]);
}
