//! What the 24-hour context costs: many visitors with many entries each, through the engine into
//! the store and back.
//!
//! Arguments: how many visitors, how many entries of each, and `embedded` or `redis` for one store
//! only; without them 100,000 with 50 each on both. `--quick` stands for 2,000 visitors. Redis is a
//! private one with `appendfsync always`.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::process::RunDir;
use support::redis::Redis;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use warmline::app;
use warmline::bridge::{Answer, Input, Overheard, Visitor};
use warmline::conversation::{Author, Words};
use warmline::engine::{AddressBook, Engine, Handle, Memory, Outlets, now};
use warmline::ids::{ChannelId, MessageId, Timestamp, VisitorToken};
use warmline::outbox::{Outbox, OutboxSettings};
use warmline::store::{self, Store};
use warmline::workgroup::{Labels, Policy};

/// Writers, and then readers, that wait for one answer each.
const HANDS: usize = 64;
/// How many visitors are read back, spread over all.
const READ: usize = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .filter(|a| a != "--bench")
        .skip(1)
        .collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let visitors = if quick { 2_000 } else { 100_000 };
    let mut numbers = arguments.iter().filter_map(|a| a.parse::<usize>().ok());
    let size = (
        numbers.next().unwrap_or(visitors),
        numbers.next().unwrap_or(50),
    );
    let wanted = |store: &str| {
        let other = |name: &str| arguments.iter().any(|argument| argument == name);
        other(store) || !(other("embedded") || other("redis"))
    };
    println!(
        "Context of {} visitors with {} entries each,",
        size.0, size.1
    );
    println!("written and read by {HANDS} at a time:");
    if wanted("embedded") {
        embedded(size);
    }
    if wanted("redis") {
        redis(size);
    }
}

fn embedded(size: (usize, usize)) {
    let dir = RunDir::new("context");
    println!("\nembedded   [load average before: {}]", load());
    run(&format!("embedded:{}", dir.path().display()), size);
    let bytes = megabytes(dir.path());
    println!(
        "  files: {bytes:.0} MB, {:.0} bytes an entry",
        each(bytes, size)
    );
}

fn redis(size: (usize, usize)) {
    let redis = Redis::start();
    println!("\nredis   [load average before: {}]", load());
    run(&redis.url(), size);
    let told: String = redis.ask(&["INFO", "memory"]);
    let used = told
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used = used.and_then(|text| text.trim().parse::<f64>().ok());
    let used = used.unwrap_or(f64::NAN) / 1e6;
    println!(
        "  used_memory: {used:.0} MB, {:.0} bytes an entry",
        each(used, size)
    );
    println!("  its files: {:.0} MB", megabytes(redis.dir()));
}

fn run(url: &str, (visitors, entries): (usize, usize)) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure(url, visitors, entries));
}

fn each(megabytes: f64, (visitors, entries): (usize, usize)) -> f64 {
    megabytes * 1e6 / (visitors * entries) as f64
}

/// What the files of a directory hold.
fn megabytes(dir: &Path) -> f64 {
    let sizes = std::fs::read_dir(dir)
        .expect("a directory")
        .flatten()
        .map(|file| {
            let facts = file.metadata().expect("a file");
            if facts.is_dir() {
                megabytes(&file.path())
            } else {
                facts.len() as f64 / 1e6
            }
        });
    sizes.sum()
}

fn load() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').next().unwrap_or("?").to_owned()
}

async fn measure(url: &str, visitors: usize, entries: usize) {
    let before = resident();
    let place = app::place_of(url).expect("a store's URL");
    let store = store::open(&place).await.expect("the store");
    let engine = engine(store.clone()).await;
    let begun = Instant::now();
    let times = write(&engine, (visitors, entries)).await;
    let held = resident() - times.len() as f64 * size_of::<Duration>() as f64 / 1e6;
    print("write, until it is durable", times, begun.elapsed());
    let begun = Instant::now();
    let times = read(&Memory::new(store), (visitors, entries)).await;
    print("read one visitor's entries", times, begun.elapsed());
    println!("  memory of this process: {before:.0} MB before, {held:.0} MB after the writes");
}

async fn engine(store: Arc<dyn Store>) -> Handle {
    let (engine, jobs) = Handle::pair(1024);
    let (reports, _reported) = mpsc::channel(1);
    let (seat, _orders) = mpsc::unbounded_channel();
    let policy = Arc::new(Policy {
        workgroups: BTreeMap::new(),
        keep: Duration::from_secs(86_400),
        remember_ids: Duration::from_secs(86_400),
        context: Duration::from_secs(86_400),
        zone: jiff::tz::TimeZone::UTC,
        labels: Labels::default(),
    });
    let outlets = Outlets {
        seat,
        outbox: Outbox::start(
            OutboxSettings::default(),
            HashMap::new(),
            store.clone(),
            reports,
        ),
        callbacks: AddressBook::default(),
        typing: mpsc::channel(1).0,
    };
    let writer = Engine::load(policy, store, jobs, outlets).await;
    tokio::spawn(writer.expect("an engine").run());
    engine
}

/// Each hand has visitors of its own and goes round them, as their talks would.
async fn write(engine: &Handle, (visitors, entries): (usize, usize)) -> Vec<Duration> {
    let mut hands = JoinSet::new();
    for hand in 0..HANDS {
        let engine = engine.clone();
        hands.spawn(async move {
            let mut times = Vec::new();
            for entry in 0..entries {
                for visitor in (hand..visitors).step_by(HANDS) {
                    let begun = Instant::now();
                    let answer = engine.ask(heard(visitor, entry)).await;
                    times.push(begun.elapsed());
                    assert_eq!(answer, Ok(Answer::Noted));
                }
            }
            times
        });
    }
    hands.join_all().await.concat()
}

async fn read(memory: &Memory, (visitors, entries): (usize, usize)) -> Vec<Duration> {
    let mut hands = JoinSet::new();
    let step = (visitors / READ).max(1) * HANDS;
    for hand in 0..HANDS {
        let memory = memory.clone();
        hands.spawn(async move {
            let mut times = Vec::new();
            for number in (hand..visitors).step_by(step) {
                let begun = Instant::now();
                let found = memory.of(&visitor(number)).await.expect("an answer");
                times.push(begun.elapsed());
                assert_eq!(found.len(), entries, "visitor {number}");
            }
            times
        });
    }
    hands.join_all().await.concat()
}

fn visitor(number: usize) -> Visitor {
    Visitor {
        channel: ChannelId::new("bots"),
        token: VisitorToken::new(format!("whatsapp:52155{number:08}")),
    }
}

fn heard(number: usize, entry: usize) -> Input {
    let author = match entry % 2 {
        0 => Author::Bot,
        _ => Author::Visitor,
    };
    let text = "Puedo ayudarte a solicitar ayuda, realizar un abono o dar seguimiento a un pedido.";
    Input::Overheard(Box::new(Overheard {
        visitor: visitor(number),
        id: MessageId::new(format!("m-{number}-{entry}")),
        platform_id: format!("ABGHUhVXNzUALwIQZWnm{number:08}{entry:04}"),
        author,
        words: Words::text(text),
        at: Timestamp(now().0 + entry as i64),
    }))
}

fn print(what: &str, mut times: Vec<Duration>, whole: Duration) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "  {what:<28}{:>9.2} ms p50{:>9.2} ms p99{:>10.0}/s   ({} in {:.1} s)",
        at(0.5),
        at(0.99),
        times.len() as f64 / whole.as_secs_f64(),
        times.len(),
        whole.as_secs_f64(),
    );
}

/// In MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0 / 1e6
}
