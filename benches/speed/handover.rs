//! From the bot's request to an agent in a room with the visitor.

use crate::agent::{Agent, Mailbox, News};
use crate::report::{Report, Times};
use crate::stage::{self, Meter, Stage};
use crate::support::prosody::Prosody;
use crate::support::rapidpro::Ticket;
use std::time::{Duration, Instant};

const AGENTS: [&str; 2] = ["agent1", "agent2"];
/// Requests that are not counted: connections open, caches fill.
const WARM_UP: usize = 10;
const BURST: usize = 20;

#[derive(Default)]
struct Taken {
    answered: Vec<Duration>,
    offered: Vec<Duration>,
    invited: Vec<Duration>,
    visitor: Vec<Duration>,
    inside: Vec<Duration>,
    whole: Vec<Duration>,
}

/// One request after the other, and bursts, with agents of both kinds.
pub fn measure(report: &Report, prosody: &Prosody, (requests, bursts): (usize, usize)) {
    let mut stage = Stage::start(prosody, &AGENTS);
    for fastpath in [false, true] {
        let kind = if fastpath { "Fastpath" } else { "plain chat" };
        let (agents, news) = stage::agents(&AGENTS, prosody, fastpath);
        report.heading(&format!("Handover, one at a time, two {kind} agents"));
        for _ in 0..WARM_UP {
            one(&mut stage, &news, &mut Taken::default());
        }
        let mut taken = Taken::default();
        let pids = [
            ("warmline", stage.warmline.pid()),
            ("prosody", prosody.pid()),
        ];
        let meter = Meter::start(&pids);
        for _ in 0..requests {
            one(&mut stage, &news, &mut taken);
        }
        let used = meter.per_message(requests);
        print(report, taken);
        report.line(&format!(
            "  CPU of one handover, its close included: {used}"
        ));
        burst(report, &mut stage, &news, bursts);
        agents.into_iter().for_each(Agent::leave);
    }
    let commits = stage.metric("warmline_commit_seconds_count");
    if commits > 0.0 {
        let mean = stage.metric("warmline_commit_seconds_sum") / commits * 1e3;
        report.line(&format!(
            "  {commits:.0} commits so far, {mean:.2} ms each on average"
        ));
    }
    stage.warmline.terminate();
}

/// Opens, waits until the agent is inside, closes, and waits until the room is gone.
fn one(stage: &mut Stage, news: &Mailbox, taken: &mut Taken) {
    let ticket = stage.visitor();
    let (sent, answered) = stage.open(&ticket);
    let (mut accepted, mut offered) = (sent, sent);
    taken.answered.push(answered - sent);
    // The agent may be inside before the visitor or after.
    let mut to_come = 2;
    while to_come > 0 {
        let (at, what) = news.next("agent and visitor are in the room");
        match what {
            News::Offered => offered = at,
            News::Accepts => accepted = at,
            News::Invited(_) => taken.invited.push(at - accepted),
            News::SeesVisitor => taken.visitor.push(at - accepted),
            News::Inside(_) => taken.inside.push(at - accepted),
            _ => {}
        }
        if matches!(what, News::SeesVisitor | News::Inside(_)) {
            to_come -= 1;
            taken.whole.extend((to_come == 0).then(|| at - sent));
        }
    }
    taken.offered.push(offered - sent);
    stage.close(&ticket);
    news.wait(&News::Gone);
}

fn print(report: &Report, taken: Taken) {
    report.columns();
    let rows: [(&str, Vec<Duration>, &str); 6] = [
        ("request sent -> answered 201 (stored)", taken.answered, ""),
        (
            "request sent -> offer at the agent",
            taken.offered,
            "p99 < 20, aim 5",
        ),
        (
            "accept sent -> agent invited",
            taken.invited,
            "p99 < 50, aim 12.5",
        ),
        (
            "accept sent -> agent sees the visitor inside",
            taken.visitor,
            "",
        ),
        ("accept sent -> agent inside", taken.inside, ""),
        ("request sent -> both inside", taken.whole, ""),
    ];
    for (what, times, bound) in rows {
        report.times(what, &Times::new(times), bound);
    }
    report.line("  Openfire's Fastpath, measured elsewhere (n=60): offer 980 ms mean, p90 1339;");
    report.line("  accept -> invitation 315 ms mean, max 512.");
}

/// Twenty requests at once; the time until agent and visitor are in the last of the rooms.
fn burst(report: &Report, stage: &mut Stage, news: &Mailbox, bursts: usize) {
    let mut whole = Vec::new();
    let mut inside = Vec::new();
    for _ in 0..bursts {
        let tickets: Vec<Ticket> = (0..BURST).map(|_| stage.visitor()).collect();
        let begun = stage.open_at_once(&tickets);
        let last = count(
            news,
            2 * BURST,
            |news| matches!(news, News::Inside(_) | News::SeesVisitor),
            |at| {
                inside.push(at - begun);
            },
        );
        whole.push(last - begun);
        for ticket in &tickets {
            stage.close(ticket);
        }
        count(news, BURST, |news| *news == News::Gone, |_| {});
    }
    let bound = "max < 500, aim 125";
    report.times(
        "burst of 20 on 2 agents -> all in rooms",
        &Times::new(whole),
        bound,
    );
    report.times(
        "   of these, request -> agent or visitor inside",
        &Times::new(inside),
        "",
    );
    report.line("  Openfire's Fastpath, measured elsewhere: 10.3 s for such a burst.");
}

/// Waits for so many of these news, tells the moment of each, and gives that of the last.
fn count(
    news: &Mailbox,
    wanted: usize,
    like: impl Fn(&News) -> bool,
    mut each: impl FnMut(Instant),
) -> Instant {
    let mut last = Instant::now();
    let mut seen = 0;
    while seen < wanted {
        let (at, what) = news.next("all of a burst");
        if like(&what) {
            each(at);
            last = at;
            seen += 1;
        }
    }
    last
}
