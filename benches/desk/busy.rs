//! A busy desk: every agent has all the chats that fit, some visitors wait, and conversations end and
//! begin.

use crate::agent::{Book, DETAILS, LINE};
use crate::report::Report;
use crate::stage::Stage;
use crate::support::wait;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Who waits while conversations are measured.
const WAITING: usize = 100;

/// How it is done.
pub struct Plan {
    /// Agents.
    pub agents: usize,
    /// Chats of each.
    pub chats: usize,
    /// Conversations that end, and visitors who come, in a second.
    pub rate: f64,
    /// For how long.
    pub time: Duration,
}

/// Fills the desk, and lets conversations end while others wait.
pub fn measure(report: &Report, plan: &Plan, tuned: bool) {
    let all = plan.agents * plan.chats;
    report.heading(&format!(
        "A desk of {} Fastpath agents with {} chats each, {WAITING} waiting, {}/s end and begin",
        plan.agents, plan.chats, plan.rate
    ));
    let mut stage = Stage::start((plan.agents, plan.chats as u32), tuned);
    let begun = Instant::now();
    let meter = stage.meter();
    for number in 1..=all {
        stage.open();
        // No more at once than a desk would meet.
        stage.entered(number.saturating_sub(plan.agents / 4));
    }
    stage.entered(all);
    report.line(&format!(
        "  filled: {all} conversations in {:.1} s; CPU of each: {}",
        begun.elapsed().as_secs_f64(),
        meter.each(all)
    ));
    table(report, &stage.counts.turn_over(), all);
    for _ in 0..WAITING {
        stage.open();
    }
    wait::until("all of them wait", wait::SOON, || {
        let series = "warmline_queue_length{workgroup=\"support\"}";
        (stage.warmline.figure(series) == Some(WAITING as f64)).then_some(())
    });
    stage.counts.turn_over();
    turn_over(report, (&mut stage, all), plan);
    report.line(&format!("  memory: {}", stage.memory()));
    stage.complaints(report);
    stage.end();
}

fn turn_over(report: &Report, (stage, full): (&mut Stage, usize), plan: &Plan) {
    let (meter, begun) = (stage.meter(), Instant::now());
    let count = (plan.rate * plan.time.as_secs_f64()) as usize;
    for number in 0..count {
        let due = begun + Duration::from_secs_f64(number as f64 / plan.rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        stage.close();
        stage.open();
    }
    stage.entered(full + count);
    let time = begun.elapsed();
    report.line(&format!(
        "  turned over: {count} conversations in {:.1} s; CPU of each, its close included: {}; {}",
        time.as_secs_f64(),
        meter.each(count),
        meter.share(time)
    ));
    let book = stage.counts.turn_over();
    table(report, &book, count);
    pushes(report, (&book, plan.agents), time);
    let of = |kind| book.stanzas.get(kind).map_or(0, |(count, _)| *count);
    let told = (of(LINE) + of(DETAILS)) as f64 / count as f64;
    // Fastpath sends both to every agent whenever a request enters or leaves the line
    // (fastpath-protocol §7.5); each conversation does both once.
    let each = 2 * 2 * plan.agents;
    report.line(&format!(
        "  of the line: {told:.0} stanzas a conversation; told at each change, as Fastpath does, it \
         were {each} (computed)"
    ));
}

fn table(report: &Report, book: &Book, conversations: usize) {
    let each = |count: u64| count as f64 / conversations as f64;
    let all: u64 = book.stanzas.values().map(|(count, _)| count).sum();
    report.line(&format!(
        "  stanzas to agents, of one conversation: {:.1}",
        each(all)
    ));
    for (kind, (count, bytes)) in &book.stanzas {
        report.line(&format!(
            "    {kind:<22}{:>9.1}{:>9.0} bytes each",
            each(*count),
            *bytes as f64 / *count as f64
        ));
    }
}

/// How often an agent was told of the line: on average, and in the second in which that was most.
fn pushes(report: &Report, (book, agents): (&Book, usize), time: Duration) {
    let mut by_agent: HashMap<usize, Vec<Instant>> = HashMap::new();
    for (agent, at) in &book.pushes {
        by_agent.entry(*agent).or_default().push(*at);
    }
    let most = by_agent.values().map(|times| most_in_a_second(times)).max();
    report.line(&format!(
        "  pushes of the line: {:.2} an agent and second, at most {} to one agent within 0.9 s",
        book.pushes.len() as f64 / agents as f64 / time.as_secs_f64(),
        most.unwrap_or(0)
    ));
}

/// A second less what the way from the program to an agent may differ by.
const SECOND: Duration = Duration::from_millis(900);

fn most_in_a_second(times: &[Instant]) -> usize {
    let count = |from: &Instant| {
        let within = |at: &&Instant| **at >= *from && **at - *from < SECOND;
        times.iter().filter(within).count()
    };
    times.iter().map(count).max().unwrap_or(0)
}
