//! A line of ten thousand visitors at XMPP clients, before agents who are all busy.

use crate::agent::{Book, DETAILS, LINE};
use crate::report::{Report, Times};
use crate::stage::{GATEWAY, PATIENCE, Stage};
use crate::support::crowd::{Crowd, Seen};
use crate::support::wait;
use crate::support::xmpp::Server;
use std::time::{Duration, Instant};

/// Agents who watch the line.
const AGENTS: usize = 20;
/// Requests that are on their way at a time.
const AT_ONCE: usize = 100;
/// Visitors who ask for their place.
const POLLS: usize = 1_000;
/// Places up to this one are told at each change (docs/fastpath.md).
const NEAR: u32 = 50;

/// Joins, waits, asks, moves and departs.
pub fn measure(report: &Report, (visitors, moving): (usize, Duration), tuned: bool) {
    report.heading(&format!(
        "{visitors} visitors at XMPP clients in one line, {AGENTS} Fastpath agents, all busy"
    ));
    let mut stage = Stage::start((AGENTS, 1), tuned);
    for _ in 0..AGENTS {
        stage.open();
    }
    stage.entered(AGENTS);
    report.line(&format!("  memory before: {}", stage.memory()));
    stage.counts.turn_over();
    let crowd = Crowd::start(GATEWAY, stage.prosody.ports());
    joins(report, (&stage, &crowd), visitors);
    polls(report, (&stage, &crowd), visitors);
    moves(report, (&stage, &crowd), (visitors, moving));
    departs(report, (&stage, &crowd), visitors);
    report.line(&format!("  memory after: {}", stage.memory()));
    stage.complaints(report);
    drop(crowd);
    stage.end();
}

/// Sends requests, [`AT_ONCE`] of them unanswered at most, and tells how long each took.
fn asked(crowd: &Crowd, kind: &str, who: &[usize], ask: impl Fn(usize)) -> Times {
    let mut sent = Vec::new();
    let done = |number: usize| {
        let id = format!("{kind}{}", who[number]);
        crowd.seen(|seen| seen.results.get(&id).copied())
    };
    for (number, visitor) in who.iter().enumerate() {
        if let Some(before) = number.checked_sub(AT_ONCE) {
            wait::until("an answer", PATIENCE, || done(before));
        }
        sent.push(Instant::now());
        ask(*visitor);
    }
    let times = sent.iter().enumerate().map(|(number, sent)| {
        wait::until("an answer", PATIENCE, || done(number)).saturating_duration_since(*sent)
    });
    Times::new(times.collect::<Vec<_>>())
}

fn joins(report: &Report, (stage, crowd): (&Stage, &Crowd), visitors: usize) {
    let (meter, begun) = (stage.meter(), Instant::now());
    let who: Vec<usize> = (0..visitors).collect();
    let times = asked(crowd, "join", &who, |visitor| crowd.join(visitor));
    let time = begun.elapsed();
    report.columns();
    report.times("join sent -> taken", &times, "");
    report.line(&format!(
        "    {:.0} joins/s; CPU of one: {}; {}",
        visitors as f64 / time.as_secs_f64(),
        meter.each(visitors),
        meter.share(time)
    ));
    let told = crowd.seen(|seen| first_places(seen, visitors));
    report.line(&format!(
        "    told a place: {} of {visitors}; refused: {}; memory now: {}",
        told,
        crowd.seen(|seen| seen.errors.len()),
        stage.memory()
    ));
    to_agents(report, &stage.counts.turn_over(), time);
}

fn first_places(seen: &Seen, visitors: usize) -> usize {
    let told = (0..visitors).filter(|visitor| seen.pushed.contains_key(visitor));
    told.count()
}

fn polls(report: &Report, (stage, crowd): (&Stage, &Crowd), visitors: usize) {
    let meter = stage.meter();
    let step = (visitors / POLLS).max(1);
    let who: Vec<usize> = (0..visitors).step_by(step).collect();
    let times = asked(crowd, "poll", &who, |visitor| crowd.poll(visitor));
    report.times("queue-status polled -> answered", &times, "");
    report.line(&format!("    CPU of one: {}", meter.each(who.len())));
}

/// Those in front go, ten a second.
fn moves(report: &Report, (stage, crowd): (&Stage, &Crowd), (visitors, time): (usize, Duration)) {
    let settled = crowd.seen(|seen| seen.pushed.values().map(Vec::len).sum::<usize>());
    stage.counts.turn_over();
    let (meter, begun) = (stage.meter(), Instant::now());
    let mut gone = 0;
    while begun.elapsed() < time && gone < visitors / 2 {
        crowd.depart(gone);
        gone += 1;
        let next = begun + Duration::from_millis(100) * gone as u32;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    crowd.answered("depart", gone, PATIENCE);
    let took = begun.elapsed();
    let share = meter.share(took);
    let (all, often, far) = crowd.seen(|seen| {
        let all = seen.pushed.values().map(Vec::len).sum::<usize>() - settled;
        let often = most_in_a_second(seen, begun);
        (all, often, shortest_pause_far_behind(seen, begun))
    });
    report.line(&format!(
        "  the line moves: {gone} went in {:.0} s; {share}",
        took.as_secs_f64()
    ));
    report.line(&format!(
        "    places told: {:.0}/s, at most {often} within a second; shortest pause behind place \
         {NEAR}: {}",
        all as f64 / took.as_secs_f64(),
        far.map_or("none was told twice".to_owned(), |pause| format!(
            "{:.1} s",
            pause.as_secs_f64()
        ))
    ));
    to_agents(report, &stage.counts.turn_over(), took);
}

/// The most places that were told in one second of the clock.
fn most_in_a_second(seen: &Seen, begun: Instant) -> usize {
    let mut seconds = std::collections::BTreeMap::<u64, usize>::new();
    let told = seen.pushed.values().flatten();
    for (at, _) in told.filter(|(at, _)| *at >= begun) {
        *seconds.entry((*at - begun).as_secs()).or_default() += 1;
    }
    seconds.into_values().max().unwrap_or(0)
}

fn shortest_pause_far_behind(seen: &Seen, begun: Instant) -> Option<Duration> {
    let pairs = seen.pushed.values().flat_map(|told| told.windows(2));
    let far = pairs.filter(|pair| pair.iter().all(|(at, place)| *place > NEAR && *at >= begun));
    far.map(|pair| pair[1].0 - pair[0].0).min()
}

fn departs(report: &Report, (stage, crowd): (&Stage, &Crowd), visitors: usize) {
    let left: Vec<usize> = crowd.seen(|seen| {
        let here = |visitor: &usize| !seen.departed.contains_key(visitor);
        // From behind, so that nobody moves up meanwhile.
        (0..visitors).rev().filter(here).collect()
    });
    let (meter, begun) = (stage.meter(), Instant::now());
    let times = asked(crowd, "depart", &left, |visitor| crowd.depart(visitor));
    report.times("depart sent -> done", &times, "");
    report.line(&format!(
        "    {:.0}/s; CPU of one: {}; told that it is over: {} of {visitors}",
        left.len() as f64 / begun.elapsed().as_secs_f64(),
        meter.each(left.len()),
        crowd.seen(|seen| seen.departed.len())
    ));
}

fn to_agents(report: &Report, book: &Book, time: Duration) {
    let of = |kind| book.stanzas.get(kind).copied().unwrap_or_default();
    let ((summaries, _), (details, bytes)) = (of(LINE), of(DETAILS));
    let each = (AGENTS as f64) * time.as_secs_f64();
    report.line(&format!(
        "    to each agent and second: {:.2} notify-queue, {:.2} notify-queue-details of {:.0} bytes",
        summaries as f64 / each,
        details as f64 / each,
        bytes as f64 / details.max(1) as f64
    ));
}
