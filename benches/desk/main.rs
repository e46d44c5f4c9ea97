//! Many Fastpath agents who watch one line, and many visitors in it.
//!
//! Prints figures and judges nothing: run it with `scripts/bench desk` or `scripts/bench line`.
//! `--quick` measures smaller, `--tuned` sets Prosody as docs/benchmarks.md advises.

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
mod busy;
mod line;
mod stage;

use busy::Plan;
use report::Report;
use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|a| a == name);
    let (quick, tuned) = (has("--quick"), has("--tuned"));
    let some = has("desk") || has("line");
    let report = Report::new();
    report.line(match tuned {
        true => "Prosody tuned: generational garbage collector, nagle off, no tombstones of rooms.",
        false => "Prosody as its package sets it.",
    });
    if has("desk") || !some {
        let plan = Plan {
            agents: if quick { 50 } else { 200 },
            chats: 4,
            rate: 10.0,
            time: Duration::from_secs(if quick { 10 } else { 60 }),
        };
        busy::measure(&report, &plan, tuned);
    }
    if has("line") || !some {
        let (visitors, moving) = if quick { (2_000, 12) } else { (10_000, 60) };
        line::measure(&report, (visitors, Duration::from_secs(moving)), tuned);
    }
    report.end();
}
