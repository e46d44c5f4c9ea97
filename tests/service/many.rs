//! Many conversations at once: over a restart, and beside one whose bot is slow or out of reach.

use super::stage::{Stage, hears};
use super::support::agents::Agent;
use super::support::bot::Answer;
use super::support::wait;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const OPEN: usize = 50;
const WAITING: usize = 200;

fn figure(stage: &Stage, series: &str, value: usize) {
    let value = value as f64;
    wait::until(series, wait::START, || {
        (stage.warmline.figure(series) == Some(value)).then_some(())
    });
}

/// The rooms that the agent has entered, by the visitor's words in them.
fn rooms(agent: &Agent, text: &str, count: usize) -> BTreeMap<String, String> {
    wait::until("the words in every room", wait::START, || {
        let said = agent.events();
        let said = said.iter().filter(|e| e.is_said());
        let said = said.filter(|e| e.get("body").starts_with(text));
        let rooms: BTreeMap<_, _> = said
            .map(|e| (e.get("body").to_owned(), e.sender().to_owned()))
            .collect();
        (rooms.len() == count).then_some(rooms)
    })
}

fn say_to_all(stage: &Stage, text: &str) {
    for number in 0..OPEN {
        let reply = stage
            .rapidpro
            .message(&format!("open{number}"), &format!("{text} {number}"));
        assert_eq!(reply.status, 201);
    }
}

#[test]
fn two_hundred_waiting_and_fifty_open_go_on_after_a_restart() {
    let mut stage = Stage::configured(|config| {
        config.workgroup = format!("max_chats = {OPEN}\nrequest_timeout = \"10m\"");
    });
    let agent = stage.agent("agent1");
    agent.auto(json!({"accept": "chat", "join": true}));
    for number in 0..OPEN {
        stage.open(&format!("open{number}"));
    }
    figure(&stage, "warmline_conversations{stage=\"served\"}", OPEN);
    for number in 0..WAITING {
        stage.open(&format!("waiting{number}"));
    }
    say_to_all(&stage, "before");
    let before = rooms(&agent, "before", OPEN);
    stage.warmline.kill9();
    let begun = Instant::now();
    stage.warmline.start_again();
    println!(
        "ready {} ms after the start with {OPEN} open and {WAITING} waiting",
        begun.elapsed().as_millis()
    );
    figure(&stage, "warmline_conversations{stage=\"served\"}", OPEN);
    figure(
        &stage,
        "warmline_queue_length{workgroup=\"support\"}",
        WAITING,
    );
    say_to_all(&stage, "after");
    let after = rooms(&agent, "after", OPEN);
    println!(
        "all rooms speak again after {} ms",
        begun.elapsed().as_millis()
    );
    for (number, room) in before.values().enumerate() {
        assert!(after.values().any(|other| other == room), "room {number}");
    }
    let room = &after["after 0"];
    agent.say_in(room, "!close");
    figure(
        &stage,
        "warmline_queue_length{workgroup=\"support\"}",
        WAITING - 1,
    );
}

#[test]
fn one_slow_conversation_does_not_hold_the_others_up() {
    let stage = Stage::configured(|config| config.workgroup = "max_chats = 9".into());
    stage.bot.answer_with(|callback| {
        if callback.body["visitor"]["token"] == "v0" {
            return Answer::handled().after(Duration::from_secs(6));
        }
        Answer::handled()
    });
    let agent = stage.agent("agent1");
    let all: Vec<_> = (0..6)
        .map(|number| stage.conversation(&format!("v{number}"), &agent))
        .collect();
    let begun = Instant::now();
    for text in ["first", "second", "third"] {
        for conversation in &all {
            agent.say_in(&conversation.room, text);
        }
    }
    for conversation in &all[1..] {
        wait::until("a quick one has all", wait::SOON, || {
            let told = stage.told(&conversation.ticket);
            (told == ["first", "second", "third"]).then_some(())
        });
    }
    assert!(begun.elapsed() < Duration::from_secs(6));
    let calls = stage.bot.callbacks();
    let slow_calls = calls.iter().filter(|c| c.body["visitor"]["token"] == "v0");
    assert_eq!(slow_calls.count(), 1, "its later words wait for the first");
}

#[test]
fn rapidpro_ill_for_a_while_gets_all_of_several_conversations_in_order() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let all: Vec<_> = (0..4)
        .map(|number| stage.conversation(&format!("v{number}"), &agent))
        .collect();
    let say = |number: usize| {
        for conversation in &all {
            let text = format!("words {number}");
            agent.say_in(&conversation.room, &text);
            hears(&agent, &conversation.room, &text);
        }
    };
    say(0);
    stage.bot.refuse();
    say(1);
    stage.bot.answer(Answer::error(503));
    stage.bot.accept_again();
    say(2);
    stage.bot.wait_until("it is tried", |all| {
        all.iter().any(|c| c.answered == 503).then_some(())
    });
    stage.bot.answer(Answer::handled());
    say(3);
    let expected: Vec<String> = (0..4).map(|number| format!("words {number}")).collect();
    for conversation in &all {
        wait::until("all of it", wait::START, || {
            (stage.told(&conversation.ticket).len() == 4).then_some(())
        });
        assert_eq!(stage.told(&conversation.ticket), expected);
    }
}

#[test]
fn an_address_within_the_own_network_is_never_called_and_the_agent_is_told() {
    let stage = Stage::configured(|config| {
        config.outbound = "retry = [\"100ms\", \"100ms\"]".into();
        config.guarded = true;
    });
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    agent.say_in(&conversation.room, "into the dark");
    agent.wait("the agent is told", |e| {
        e.is_in(&conversation.room) && e.get("body").contains("Not delivered")
    });
    stage.warmline.wait_log("the address may not be called");
    let (_, letters) = stage.warmline.command(&["dead-letters", "list"]);
    assert!(letters.contains("the address may not be called"));
    assert!(stage.bot.callbacks().is_empty(), "nothing was called");
}
