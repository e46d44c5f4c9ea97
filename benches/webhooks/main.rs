//! Webhook -> stored context: how many a second, and how long each takes, at 64 connections; on the
//! embedded store and on Redis, beside a minimal Node service that does the same with ioredis.
//!
//! Prints figures and judges nothing: run it with `scripts/bench webhooks`. `--quick` measures
//! shorter. All take turns, several times, each on a store of its own that is empty at first, so
//! that other work on the machine meets all of them alike.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../../tests/support/mod.rs"]
mod support;

#[path = "../speed/report.rs"]
#[allow(dead_code)]
mod report;

mod contestant;
mod load;

use contestant::{Contestant, Server};
use load::Outcome;
use report::Report;
use std::time::Duration;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let only = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    let (rounds, seconds) = if quick { (1, 3) } else { (3, 6) };
    let time = Duration::from_secs(seconds);
    let report = Report::of(
        "Webhook -> stored context, 64 connections, on",
        &[
            "Release build, loopback only, no XMPP server; SQLite with synchronous=FULL, Redis with an",
            "append-only file; load, stores and services on the same cores.",
        ],
    );
    let mut all = contestant::all();
    if let Some(only) = only {
        all.retain(|one| one.name().contains(&only));
    }
    if !contestant::node_is_here() {
        report.line("No Node peer: it needs node and npm (scripts/bench installs ioredis).");
        all.retain(|one| !matches!(one.server, Server::Node(_)));
    }
    let mut results: Vec<Vec<Outcome>> = all.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        report.heading(&format!("Round {round} of {rounds}, {seconds} s each"));
        report.columns();
        for (one, results) in all.iter().zip(&mut results) {
            let outcome = one.measure(time);
            report.times(&one.name(), &outcome.sorted(), "");
            tell(&report, (one, &outcome), time);
            results.push(outcome);
        }
    }
    report.heading("The median of the rounds");
    for (one, results) in all.iter().zip(&results) {
        summary(&report, (&one.name(), results), time);
    }
    report.end();
}

fn tell(report: &Report, (one, outcome): (&Contestant, &Outcome), time: Duration) {
    let used = one.processes().zip(&outcome.cpu);
    let used: Vec<String> = used
        .map(|(name, seconds)| format!("{name} {:.0} us", seconds * 1e6))
        .collect();
    report.line(&format!(
        "    {:.0}/s; of {} answered 200 all are stored; {} refused; CPU of one: {}",
        outcome.rate(time),
        outcome.total(),
        outcome.refused,
        used.join(", ")
    ));
}

fn summary(report: &Report, (name, results): (&str, &[Outcome]), time: Duration) {
    let median = |figure: &dyn Fn(&Outcome) -> f64| {
        let mut figures: Vec<f64> = results.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    };
    report.line(&format!(
        "  {name:<46}{:>8.0}/s{:>9.2} ms p50{:>9.2} ms p99{:>8.0} us of CPU",
        median(&|one| one.rate(time)),
        median(&|one| one.sorted().quantile(0.5)),
        median(&|one| one.sorted().quantile(0.99)),
        median(&|one| one.cpu.iter().sum::<f64>() * 1e6),
    ));
}
