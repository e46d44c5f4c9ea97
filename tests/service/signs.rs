//! What the running program tells of itself: figures, readiness, and a log that machines read.

use super::stage::{Conversation, Stage, accept, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::bot::Answer;
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::rapidpro::{SECRET, Ticket};
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::xmpp::{self, Server, workgroup};
use serde_json::Value;

/// Waits until a figure has this value.
fn shows(warmline: &Warmline, series: &str, value: f64) {
    let shown = wait::poll(wait::SOON, || {
        (warmline.figure(series) == Some(value)).then_some(())
    });
    let have = warmline.figure(series);
    shown.unwrap_or_else(|| panic!("{series} is {have:?}, not {value}"));
}

#[test]
fn every_figure_that_is_promised_moves() {
    let stage = Stage::start();
    let warmline = &stage.warmline;
    shows(warmline, "warmline_xmpp_link_up", 1.0);
    shows(warmline, "warmline_dead_letters", 0.0);
    stage.open("1");
    let queue = "warmline_queue_length{workgroup=\"support\"}";
    shows(warmline, queue, 1.0);
    let agent = stage.agent("agent1");
    let offer = offered(&agent);
    agent.say(offer.get("from"), "reject");
    let offers =
        |outcome| format!("warmline_offers_total{{workgroup=\"support\",outcome=\"{outcome}\"}}");
    shows(warmline, &offers("rejected"), 1.0);
    let other = stage.agent("agent2");
    let room = accept(&other, &offered(&other));
    shows(warmline, &offers("accepted"), 1.0);
    shows(warmline, queue, 0.0);
    let waited = "warmline_waiting_seconds_count{workgroup=\"support\"}";
    shows(warmline, waited, 1.0);
    shows(warmline, "warmline_conversations{stage=\"served\"}", 1.0);
    messages_and_deliveries(&stage, &other, &room);
    assert!(warmline.figure("warmline_commit_seconds_count") >= Some(5.0));
    let requests = "warmline_http_requests_total{channel=\"tickets\",status=\"201\"}";
    shows(warmline, requests, 2.0);
    shows(warmline, "warmline_xmpp_connects_total", 1.0);
}

fn messages_and_deliveries(stage: &Stage, agent: &Agent, room: &str) {
    let warmline = &stage.warmline;
    assert_eq!(stage.rapidpro.message("1", "to the agent").status, 201);
    let messages = |direction| {
        format!("warmline_messages_total{{direction=\"{direction}\",channel=\"tickets\"}}")
    };
    shows(warmline, &messages("to_agent"), 1.0);
    let deliveries =
        |outcome| format!("warmline_deliveries_total{{channel=\"tickets\",outcome=\"{outcome}\"}}");
    stage.bot.answer(Answer::error(503));
    agent.say_in(room, "to the visitor");
    shows(warmline, &messages("to_visitor"), 1.0);
    wait::until("a try in vain is counted", wait::SOON, || {
        (warmline.figure(&deliveries("retried")) >= Some(1.0)).then_some(())
    });
    stage.bot.answer(Answer::handled());
    shows(warmline, &deliveries("delivered"), 1.0);
}

#[test]
fn offers_that_lapse_or_are_taken_back_are_counted_as_such() {
    let mut stage = Stage::configured(|config| config.workgroup = "offer_timeout = \"1s\"".into());
    let agent = stage.agent("agent1");
    stage.open("1");
    offered(&agent);
    let offers =
        |outcome| format!("warmline_offers_total{{workgroup=\"support\",outcome=\"{outcome}\"}}");
    shows(&stage.warmline, &offers("expired"), 1.0);
    stage
        .warmline
        .configure(|config| config.workgroup = String::new());
    stage.warmline.hang_up();
    stage.warmline.wait_log("are reloaded");
    let other = stage.agent("agent2");
    offered(&other);
    assert_eq!(stage.rapidpro.close("1").status, 204);
    shows(&stage.warmline, &offers("revoked"), 1.0);
}

/// The reasons of a program that is not ready, once they hold this.
fn not_ready(warmline: &Warmline, why: &str) {
    wait::until(why, wait::SOON, || {
        let reply = warmline.get("/readyz");
        let json = reply.json();
        let reason = &json["reasons"][0];
        let told = reason["reason"].as_str().unwrap_or_default().contains(why);
        (reply.status == 503 && reason["part"] == "xmpp" && told).then_some(())
    });
    assert_eq!(warmline.get("/healthz").status, 200);
    assert_eq!(warmline.figure("warmline_xmpp_link_up"), Some(0.0));
}

/// A program whose configuration has one word changed.
fn with(server: &dyn Server, change: impl FnOnce(&mut Config)) -> Warmline {
    let mut config = Config::new(server.ports());
    change(&mut config);
    Warmline::start_unready(&config)
}

#[test]
fn readiness_says_what_is_wrong_with_the_link() {
    let mut server = Prosody::start();
    let wrong_secret = with(&server, |config| config.xmpp_secret = "not-it".into());
    not_ready(&wrong_secret, "refuses the secret");
    let unknown = with(&server, |config| {
        config.domain = "nowhere.example.test".into();
    });
    not_ready(&unknown, "knows no component of this domain");
    server.kill();
    not_ready(&unknown, "cannot connect");
    for warmline in [wrong_secret, unknown] {
        assert!(!warmline.log().contains("not-it"));
    }
}

/// Each line of the program's log; fails where one is no JSON object.
fn json_lines(warmline: &Warmline) -> Vec<Value> {
    let log = warmline.log();
    let lines = log.lines().filter(|line| !line.starts_with("listening on"));
    lines
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect()
}

#[test]
fn a_log_for_machines_follows_each_conversation_and_keeps_what_is_private() {
    let mut stage = Stage::configured(|config| {
        config.more = "[log]\nformat = \"json\"\nlevel = \"debug\"\n".into();
    });
    let agent = stage.agent("agent1");
    let mut ticket = Ticket::of("254700000001");
    ticket.name = Some("Robin Goodfellow".into());
    let mut body = ticket.body();
    body["visitor"]["email"] = "robin@post.example".into();
    body["visitor"]["phone"] = "+254700000002".into();
    let id = stage.rapidpro.call("GET", "room", &body).string("id");
    let first = offered(&agent);
    agent.say(first.get("from"), "reject");
    let other = stage.agent("agent2");
    let room = accept(&other, &offered(&other));
    stage
        .rapidpro
        .message("254700000001", "words of the visitor");
    hears(&other, &room, "words of the visitor");
    stage.bot.answer(Answer::error(503));
    other.say_in(&room, "words of the agent");
    stage.warmline.wait_log("not delivered yet");
    stage.bot.answer(Answer::handled());
    stage.bot.wait_for(1, wait::SOON);
    other.say_in(&room, "!close");
    other.wait("the room is destroyed", |e| is_destroyed(e, &room));
    stage.bot.wait_for(2, wait::SOON);
    stage.warmline.wait_log("the room is destroyed");
    stage.warmline.terminate();
    told_with_the_conversation(&json_lines(&stage.warmline), &id);
    holds_nothing_private(&stage.warmline.log());
}

fn told_with_the_conversation(lines: &[Value], id: &str) {
    for message in [
        "a conversation was opened",
        "an offer",
        "the wait is over",
        "the room is ready",
        "an agent entered the room",
        "the visitor spoke",
        "the agent spoke",
        "not delivered yet",
        "delivered",
        "a conversation ended",
        "the room is destroyed",
    ] {
        let told = lines.iter().find(|line| line["message"] == message);
        let told = told.unwrap_or_else(|| panic!("{message:?} is not told"));
        assert_eq!(told["conversation"], id, "{message}");
    }
    let outcomes = lines.iter().filter(|line| line["message"] == "an offer");
    let outcomes: Vec<&str> = outcomes.filter_map(|o| o["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["made", "rejected", "made", "accepted"]);
    let ended = |line: &&Value| line["message"] == "a conversation ended";
    let by = lines.iter().find(ended).map(|line| line["by"].clone());
    assert_eq!(by, Some("agent".into()));
}

fn holds_nothing_private(log: &str) {
    let private = [
        "words of the",
        "254700000001",
        "254700000002",
        "Robin",
        "robin@",
        "Where is my parcel",
        "agent1@",
        "agent2@",
        SECRET,
        xmpp::SECRET,
        xmpp::PASSWORD,
    ];
    for (number, word) in private.iter().enumerate() {
        assert!(!log.contains(word), "private word number {number} is told");
    }
    assert!(!log.contains(&workgroup("support")), "no address at all");
}

#[test]
fn a_conversation_s_agent_who_leaves_is_told_in_the_log() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("1", &agent);
    agent.leave(&room);
    stage.warmline.wait_log("an agent left the room");
}
