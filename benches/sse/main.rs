//! Events over SSE: many subscribers, many events, some cut off and resumed; beside Node's http doing
//! the same in the same run.
//!
//! Arguments: subscribers, events a second, seconds.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

mod crowd;
mod server;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crowd::Outcome;

/// What is measured.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) subscribers: usize,
    pub(crate) rate: usize,
    pub(crate) seconds: usize,
}

impl Load {
    pub(crate) fn events(self) -> usize {
        self.rate * self.seconds
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .filter(|a| a != "--bench")
        .skip(1)
        .collect();
    let numbers: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let [subscribers, rate, seconds] = numbers.as_slice() else {
        println!("usage: sse SUBSCRIBERS EVENTS_A_SECOND SECONDS");
        return;
    };
    let load = Load {
        subscribers: *subscribers,
        rate: *rate,
        seconds: *seconds,
    };
    let most = warmline::app::open_files();
    if most.is_some_and(|most| most < load.subscribers as u64 + 200) {
        println!(
            "{subscribers} subscribers: not measured, {most:?} files may be open here (ulimit -n)"
        );
        return;
    }
    if arguments.iter().any(|a| a == "serve") {
        server::run(load);
        return;
    }
    println!(
        "{subscribers} subscribers, {rate} events/s for {seconds} s, every fifth cut off once and resumed; \
         load average before {}:",
        load_average()
    );
    let own = std::env::current_exe().expect("this program");
    let mut warmline = Command::new(own);
    warmline.args(["serve"]).args(&arguments);
    measure("Warmline", &mut warmline, load);
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/sse.js"))
        .args([rate.to_string(), seconds.to_string()]);
    measure("Node http", &mut node, load);
}

/// Runs a server as a process of its own, so that its time and memory are its own.
fn measure(name: &str, command: &mut Command, load: Load) {
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        println!("  {name}: cannot be started here");
        return;
    };
    let mut line = String::new();
    let stdout = child.stdout.take().expect("its output");
    let _ = BufReader::new(stdout).read_line(&mut line);
    let port: u16 = line.trim().parse().expect("its port");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let empty = resident(&child);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut crowd = runtime.block_on(crowd::gather(address, load));
    let full = resident(&child);
    let used = processor(&child);
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(b"go\n").expect("a start");
    let outcome = runtime.block_on(crowd::listen(&mut crowd, address, load));
    let used = processor(&child) - used;
    let _ = child.kill();
    let _ = child.wait();
    let each = (full.saturating_sub(empty)) as f64 / load.subscribers as f64;
    tell(name, (&outcome, used, each));
}

fn tell(name: &str, (outcome, used, kib): (&Outcome, f64, f64)) {
    let Outcome {
        deliveries,
        seconds,
        missing,
        doubled,
        resumed,
        ..
    } = outcome;
    println!(
        "  {name}: {:.0} deliveries/s, publish to receive p50 {:.1} ms, p99 {:.1} ms, {:.1} µs of processor a \
         delivery, {kib:.1} KiB a connection; {resumed} resumed, {missing} missing, {doubled} doubled",
        *deliveries as f64 / seconds,
        outcome.percentile(50),
        outcome.percentile(99),
        used * 1e6 / (*deliveries as f64).max(1.0),
    );
}

/// Of the last minute.
fn load_average() -> String {
    let all = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    all.split(' ').next().unwrap_or_default().to_owned()
}

/// KiB of memory that a process holds.
fn resident(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

/// Seconds of processor that a process has used.
fn processor(child: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id()));
    let stat = stat.unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = rest.split(' ').filter_map(|f| f.parse().ok()).collect();
    // Behind the state: ppid is the first number, utime the eleventh, stime the twelfth.
    (fields.get(10).unwrap_or(&0.0) + fields.get(11).unwrap_or(&0.0)) / 100.0
}
