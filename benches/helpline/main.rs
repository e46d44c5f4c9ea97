//! A helpline in a bad hour: many conversations over OpenCHS, many agents who do not all behave.
//!
//! Prints figures and judges nothing: run it with `scripts/bench helpline`. Arguments: conversations
//! (1000), their number in a second (50), agents (50).

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../../tests/support/mod.rs"]
mod support;

// The client's bytes and the table are those of the other measurements, which use more of them.
#[allow(dead_code)]
#[path = "../speed/report.rs"]
mod report;
#[path = "../speed/wire.rs"]
mod wire;

mod agent;
mod ledger;
mod load;

use std::sync::Arc;
use std::time::{Duration, Instant};

use agent::Agent;
use ledger::Ledger;
use report::Report;
use support::bot::{Answer, HttpBot};
use support::config::Config;
use support::openchs::{CLOSED_FLOW, Gateway, RECEIPT_FLOW, REPLY_FLOW, USER, channel};
use support::prosody::Prosody;
use support::wait;
use support::warmline::Warmline;
use support::xmpp::{Options, Server};

/// How long after the last opening everything may take to end.
const PATIENCE: Duration = Duration::from_secs(240);

fn main() {
    let arguments = std::env::args().skip(1);
    let numbers: Vec<usize> = arguments.filter_map(|a| a.parse().ok()).collect();
    let number = |place: usize, usual| numbers.get(place).copied().unwrap_or(usual);
    let (talks, rate, agents) = (number(0, 1000), number(1, 50), number(2, 50));
    let report = Report::new();
    report.heading(&format!(
        "Helpline: {talks} conversations at {rate}/s, {agents} agents of at most 4 chats"
    ));
    let names: Vec<String> = (1..=agents).map(|n| format!("counselor{n}")).collect();
    let prosody = Prosody::start_with(&Options {
        accounts: names.clone(),
        ..Options::default()
    });
    let api = HttpBot::start();
    let mut config = Config::new(prosody.ports());
    config.agents.clone_from(&names);
    config.workgroup =
        "max_chats = 4\noffer_timeout = \"2s\"\nrejection_pause = \"1s\"\nagent_return = \"10s\""
            .into();
    let keys = format!(
        "reply_flow = \"{REPLY_FLOW}\"\nclosed_flow = \"{CLOSED_FLOW}\"\n\
         receipt_flow = \"{RECEIPT_FLOW}\""
    );
    config.more = channel("helpline", (USER, &api.url("")), &keys);
    let mut warmline = Warmline::start(&config);
    let gateway = Gateway::log_in(warmline.address(), USER);

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let ledger = Arc::new(Ledger::new(talks));
    let port = prosody.ports().client;
    let on_duty = |(place, name): (usize, &String)| {
        Agent::on_duty((name, place), port, (&ledger, runtime.handle()))
    };
    let agents: Vec<Agent> = names.iter().enumerate().map(on_duty).collect();
    let (talk, bot) = (ledger.clone(), gateway.clone());
    let clients = runtime.handle().clone();
    api.answer_with(move |call| {
        if let Some(session) = talk.called(&call.body) {
            // The client answers the counselor, once.
            clients.spawn(load::say(bot.clone(), talk.clone(), (session, 1)));
        }
        Answer::new(201, "{}")
    });
    let begun = Instant::now();
    runtime.block_on(load::open(&gateway, &ledger, (talks, rate)));
    let ended = wait::poll(PATIENCE, || ledger.is_over().then_some(()));
    if ended.is_none() {
        report.line("  given up waiting for the last ones");
    }
    ledger.print(&report, begun.elapsed());
    for agent in agents {
        agent.leave();
    }
    warmline.terminate();
}
