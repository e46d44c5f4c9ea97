//! How fast the program is between a real XMPP server, agents who answer at once, and a bot.
//!
//! Prints figures and judges nothing: run it with `scripts/bench`. `--quick` measures shorter,
//! `--tuned` sets Prosody as docs/benchmarks.md advises; `handover`, `words`, `peer`, `webhook`,
//! `flood` or `memory` measure only those.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../../tests/support/mod.rs"]
mod support;

mod agent;
mod answer;
mod flood;
mod handover;
mod load;
mod memory;
mod peer;
mod report;
mod stage;
mod webhook;
mod wire;
mod words;

use load::Visitors;
use report::Report;
use stage::Stage;
use std::time::Duration;
use support::prosody::Prosody;
use support::xmpp::{Options, Server};

/// As docs/benchmarks.md advises: a garbage collector that does not go over all of the memory again
/// and again, stanzas that do not wait for the acknowledgement of those before, and no record of
/// rooms that are gone, all of which Prosody writes anew with every change of a room.
const TUNING: &str = r#"
gc = { mode = "generational" }
network_settings = { nagle = false }
muc_tombstones = false
"#;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|a| a == "--quick");
    let parts: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let seconds = Duration::from_secs(if quick { 3 } else { 8 });
    let report = Report::new();
    report.line(&format!(
        "The disk confirms a write after {:.2} ms (p50), {:.2} ms (p99).",
        report::disk().quantile(0.5),
        report::disk().quantile(0.99)
    ));
    let tuned = arguments.iter().any(|a| a == "--tuned");
    let globals = if tuned { TUNING } else { "" };
    report.line(match tuned {
        true => "Prosody tuned: generational garbage collector, nagle off, no tombstones of rooms.",
        false => "Prosody as its package sets it.",
    });
    let mut prosody = Prosody::start_tuned(&Options::default(), globals);
    if wanted("memory") {
        memory::measure(&report, &prosody, 1000);
    }
    if wanted("handover") {
        let counts = if quick { (50, 3) } else { (300, 5) };
        handover::measure(&report, &prosody, counts);
    }
    // What went before shall not weigh on what comes: Prosody slows down with all that it was told.
    if wanted("words") || wanted("webhook") || wanted("flood") {
        prosody.restart();
        words_both_ways(&report, &prosody, (&wanted, seconds));
    }
    if wanted("peer") || wanted("words") {
        prosody.restart();
        words::through_peer(&report, &prosody, seconds);
    }
    report.end();
}

fn words_both_ways(
    report: &Report,
    prosody: &Prosody,
    (wanted, time): (&dyn Fn(&str) -> bool, Duration),
) {
    let mut stage = Stage::start(prosody, &["agent1"]);
    let (mut agents, news) = stage::agents(&["agent1"], prosody, false);
    let (tokens, rooms): (Vec<_>, Vec<_>) =
        stage.conversations(words::ROOMS, &news).into_iter().unzip();
    let pids = [
        ("warmline", stage.warmline.pid()),
        ("prosody", prosody.pid()),
    ];
    let address = stage.warmline.address();
    let visitors = Visitors { address, tokens };
    if wanted("words") {
        words::through_warmline(report, (&stage, &news), (&visitors, &pids), time);
    }
    if wanted("webhook") {
        webhook::measure(report, (&stage, &agents[0]), (&rooms, &pids), time);
    }
    if wanted("flood") {
        flood::measure(report, (&stage, &news), &agents[0], (&visitors, &rooms));
    }
    agents.drain(..).for_each(agent::Agent::leave);
    stage.warmline.terminate();
}
