//! The flow of RapidPro that runs after a talk, on channels whose own system has none.

use super::stage::{REPAIR, Stage, accept, is_destroyed, offered};
use super::support::after_talk::{FLOW, TOKEN, keys, starts_for, workspace};
use super::support::agents::Agent;
use super::support::bot::{Answer, Callback, HttpBot};
use super::support::weni::{self, CALLBACK, Weni, id_of};
use super::support::yalo::{self, Yalo};
use serde_json::Value;

const USER: &str = "5217331175599";

fn closes(agent: &Agent, room: &str) {
    agent.say_in(room, "!close");
    agent.wait("the room is destroyed", |e| is_destroyed(e, room));
}

/// The conversation of a room.
fn of(room: &str) -> &str {
    room.split('@').next().expect("an id")
}

/// Fails unless an agent's end is told with all five.
fn tells_all(start: &Callback, conversation: &str) {
    let params: &Value = &start.body["params"];
    assert_eq!(params["conversation_id"], conversation);
    assert_eq!(params["closed_by"], "agent");
    let name = params["counselor_pseudonym"].as_str().expect("a name");
    assert!(!name.is_empty() && !name.contains('@'), "{name}");
    let waited = params["waiting_time"].as_u64().expect("seconds");
    assert!(params["duration"].as_u64().expect("seconds") >= waited);
}

#[test]
fn after_a_yalo_talk_a_flow_runs_once_though_both_sides_were_away() {
    let mut flows = workspace();
    let platform = HttpBot::start();
    let mut stage = Stage::configured(|config| {
        config.more = yalo::channel(&platform.url(""), &keys(&flows));
    });
    let bot = Yalo::new(stage.warmline.address());
    let agent = stage.agent("agent1");
    flows.refuse();
    assert_eq!(bot.connect(USER).status, 200);
    let room = accept(&agent, &offered(&agent));
    closes(&agent, &room);
    stage.warmline.kill9();
    stage.warmline.start_again();
    flows.accept_again();
    let starts = flows.wait_for(1, REPAIR);
    starts_for(&starts[0], ("urns", &format!("whatsapp:{USER}")));
    tells_all(&starts[0], of(&room));
    // Another talk has a start of its own, and the first one none more.
    assert_eq!(bot.connect(USER).status, 200);
    let next = accept(&agent, &offered(&agent));
    closes(&agent, &next);
    let starts = flows.wait_for(2, REPAIR);
    tells_all(&starts[1], of(&next));
    assert_eq!(starts.len(), 2);
}

#[test]
fn after_a_weni_ticket_a_flow_runs_and_a_refused_token_holds_no_words_up() {
    let flows = workspace();
    let mailroom = HttpBot::start();
    let sent = r#"{"status":"sent","ticket_uuid":"t","message_uuid":"m"}"#;
    mailroom.answer(Answer::new(200, sent));
    let stage = Stage::configured(|config| config.more = weni::channel(&keys(&flows)));
    let bot = Weni {
        address: stage.warmline.address(),
        callback: Some(mailroom.url(CALLBACK)),
    };
    let agent = stage.agent("agent1");
    let begins = |name: &str| {
        assert_eq!(bot.open(&id_of(name)).status, 201);
        accept(&agent, &offered(&agent))
    };
    let room = begins("first");
    closes(&agent, &room);
    let starts = flows.wait_for(1, REPAIR);
    starts_for(&starts[0], ("contacts", &id_of("contact")));
    tells_all(&starts[0], of(&room));

    flows.answer(Answer::error(403));
    let room = begins("second");
    closes(&agent, &room);
    flows.wait_until("a start that is refused", |calls| {
        calls.iter().any(|call| call.answered == 403).then_some(())
    });
    let room = begins("third");
    agent.say_in(&room, "I am here");
    mailroom.wait_until("the words", |calls| {
        let said = |call: &Callback| call.body["text"] == "I am here";
        calls.iter().any(said).then_some(())
    });
}

#[test]
fn after_a_rapidpro_ticket_too_a_flow_runs() {
    let stage = Stage::configured(|config| {
        config.channel = format!("api_token = \"{TOKEN}\"\non_close_flow = \"{FLOW}\"");
    });
    stage
        .bot
        .answer_with(|call| match call.path.contains("flow_starts") {
            true => Answer::new(201, "{}"),
            false => Answer::handled(),
        });
    let ana = stage.agent("agent1");
    let (ticket, _) = stage.open("1");
    let room = accept(&ana, &offered(&ana));
    ana.say_in(&room, "!close");
    let is_start = |call: &&Callback| call.path == "/api/v2/flow_starts.json";
    stage.bot.wait_until("the flow and the close", |all| {
        let closed = all.iter().any(|call| call.kind() == "close-room");
        (closed && all.iter().any(|call| is_start(&call))).then_some(())
    });
    let taken = stage.bot.taken();
    let starts: Vec<&Callback> = taken.iter().filter(is_start).collect();
    assert_eq!(starts.len(), 1, "once");
    starts_for(
        starts[0],
        ("contacts", &uuid::Uuid::from_u128(7).to_string()),
    );
    tells_all(starts[0], &ticket.id);
    assert_eq!(stage.closes(&ticket), 1);
}
