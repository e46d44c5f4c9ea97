//! A visitor's words on their way to an agent: through Warmline, and through a bare component.

use crate::agent::{Agent, Mailbox, News};
use crate::load::{Lane, Visitors};
use crate::peer::Peer;
use crate::report::{Report, Times};
use crate::stage::{Meter, Stage};
use crate::support::prosody::Prosody;
use crate::support::xmpp::Server;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Conversations, and connections that write to them.
pub const ROOMS: usize = 64;
/// When nothing has come for so long, nothing comes any more.
pub const SILENCE: Duration = Duration::from_secs(3);
/// Seconds in which one connection writes alone.
const ALONE: Duration = Duration::from_secs(2);

/// The processes whose use of the cores is told.
pub type Pids<'a> = &'a [(&'static str, u32)];

/// Through Warmline: every 201 stands for a message on disk.
pub fn through_warmline(
    report: &Report,
    (stage, news): (&Stage, &Mailbox),
    (visitors, pids): (&Visitors, Pids<'_>),
    time: Duration,
) {
    report.heading("Visitor -> agent: POST /visitor-message until the agent has it in the room");
    let commits = || {
        let name = |what: &str| stage.metric(&format!("warmline_commit_seconds_{what}"));
        (name("count"), name("sum"))
    };
    let before = commits();
    measure(report, (visitors, news), pids, time);
    let (count, sum) = commits();
    let (count, sum) = (count - before.0, sum - before.1);
    report.line(&format!(
        "  {count:.0} commits in all that time, {:.2} ms each on average",
        sum / count * 1e3
    ));
}

/// Through the bare component, which stores nothing.
pub fn through_peer(report: &Report, prosody: &Prosody, time: Duration) {
    let peer = Peer::start(prosody, ROOMS);
    let news = Mailbox::new();
    let agent = Agent::log_in(("agent1", "desk"), prosody.ports().client, &news);
    for room in peer.rooms() {
        agent.enter(&room);
        while !matches!(news.next("the agent is in").1, News::Inside(_)) {}
    }
    report.heading("The same beside it: a bare slixmpp component that stores nothing");
    let pids = [("component", peer.pid()), ("prosody", prosody.pid())];
    let visitors = Visitors {
        address: peer.address(),
        tokens: peer.tokens(),
    };
    measure(report, (&visitors, &news), &pids, time);
    agent.leave();
}

/// One visitor alone, then all at once.
fn measure(
    report: &Report,
    (visitors, news): (&Visitors, &Mailbox),
    pids: Pids<'_>,
    time: Duration,
) {
    report.columns();
    let alone = Visitors {
        tokens: visitors.tokens[..1].to_vec(),
        ..visitors.clone()
    };
    round(report, (&alone, news), (pids, 0), ALONE);
    round(report, (visitors, news), (pids, 1_000_000), time);
}

fn round(
    report: &Report,
    (visitors, news): (&Visitors, &Mailbox),
    (pids, first): (Pids<'_>, usize),
    time: Duration,
) {
    let meter = Meter::start(pids);
    let begun = Instant::now();
    let lanes = visitors.write(time, first);
    let writing = begun.elapsed();
    let sent: usize = lanes.iter().map(|lane| lane.sent.len()).sum();
    let heard = hear(news, sent);
    let used = meter.per_message(sent);
    let connections = visitors.tokens.len();
    let answered = lanes.iter().flat_map(|lane| lane.answered.iter().copied());
    let what = format!("{connections} connection(s): sent -> answered 201");
    report.times(&what, &Times::new(answered), "");
    let refused: usize = lanes.iter().map(|lane| lane.refused).sum();
    let told = judge(&lanes, first, &heard);
    let what = format!("{connections} connection(s): sent -> agent has it");
    report.times(&what, &Times::new(told.times), "");
    let last = heard.iter().map(|(at, ..)| *at).max().unwrap_or(begun);
    report.line(&format!(
        "    {:.0} accepted/s, {:.0} delivered/s; of {sent}: {refused} refused, {} missing, {} twice, {} out of order",
        (sent - refused) as f64 / writing.as_secs_f64(),
        heard.len() as f64 / (last - begun).as_secs_f64(),
        told.missing, told.twice, told.disordered
    ));
    report.line(&format!("    CPU of one message: {used}"));
}

/// When which message was heard: lane and number.
pub type Heard = Vec<(Instant, usize, usize)>;

fn hear(news: &Mailbox, wanted: usize) -> Heard {
    let mut heard = Heard::new();
    while heard.len() < wanted {
        match news.next_within(SILENCE) {
            Ok((at, News::Heard(lane, number))) => heard.push((at, lane, number)),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    heard
}

/// What became of the messages.
#[derive(Default)]
pub struct Judgement {
    /// How long each took that arrived.
    pub times: Vec<Duration>,
    missing: usize,
    twice: usize,
    disordered: usize,
}

fn judge(lanes: &[Lane], first: usize, heard: &Heard) -> Judgement {
    let mut judgement = Judgement::default();
    let mut seen: HashMap<(usize, usize), Instant> = HashMap::new();
    let mut latest = vec![0; lanes.len()];
    for (at, lane, number) in heard {
        judgement.twice += usize::from(seen.insert((*lane, *number), *at).is_some());
        judgement.disordered += usize::from(*number < latest[*lane]);
        latest[*lane] = latest[*lane].max(*number);
    }
    for (number, lane) in lanes.iter().enumerate() {
        for (place, sent) in lane.sent.iter().enumerate() {
            match seen.get(&(number, first + place)) {
                Some(at) => judgement.times.push(at.saturating_duration_since(*sent)),
                None => judgement.missing += 1,
            }
        }
    }
    judgement
}
