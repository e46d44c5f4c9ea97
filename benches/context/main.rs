//! What the 24-hour context costs: many visitors with many entries each, through the engine into
//! the store and back.
//!
//! Arguments: the store's URL, the number of visitors, the entries of each.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    let [url, visitors, entries] = arguments.as_slice() else {
        println!("usage: context STORE_URL VISITORS ENTRIES");
        return;
    };
    let count = |text: &String| text.parse::<usize>().expect("a number");
    let work = measure(url, count(visitors), count(entries));
    tokio::runtime::Runtime::new().unwrap().block_on(work);
}

async fn measure(url: &str, visitors: usize, entries: usize) {
    let place = app::place_of(url).expect("a store's URL");
    let store = store::open(&place).await.expect("the store");
    let engine = engine(store.clone()).await;
    println!("context of {visitors} visitors with {entries} entries each, {HANDS} at a time:");
    let begun = Instant::now();
    let times = write(&engine, (visitors, entries)).await;
    print("write, until it is durable", times, begun.elapsed());
    let begun = Instant::now();
    let times = read(&Memory::new(store), (visitors, entries)).await;
    print("read one visitor's entries", times, begun.elapsed());
    println!("  memory of this process: {:.0} MiB", resident());
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

fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}
