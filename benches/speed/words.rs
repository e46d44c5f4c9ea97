//! A visitor's words on their way to an agent: through Warmline, and through a bare component.

use crate::agent::{Agent, Mailbox, News};
use crate::load::{Lane, Pace, Visitors};
use crate::peer::Peer;
use crate::report::{Report, Times};
use crate::stage::{Meter, Stage};
use crate::support::prosody::Prosody;
use crate::support::xmpp::Server;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Conversations, and connections that write to them.
pub const ROOMS: usize = 64;
/// When nothing has come for so long, nothing comes any more.
pub const SILENCE: Duration = Duration::from_secs(3);
/// Messages of each visitor in the flood.
const FLOOD: usize = 75;
/// How long one visitor writes alone.
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

/// One visitor alone, then all at once, and at last more than the server carries.
fn measure(
    report: &Report,
    (visitors, news): (&Visitors, &Mailbox),
    pids: Pids<'_>,
    time: Duration,
) {
    let alone = Visitors {
        tokens: visitors.tokens[..1].to_vec(),
        ..visitors.clone()
    };
    let rounds = [
        ("one visitor", &alone, Pace::Delivered(time.min(ALONE))),
        ("64 visitors", visitors, Pace::Delivered(time)),
        ("flood of 64", visitors, Pace::Answered(FLOOD)),
    ];
    report.columns();
    for (number, (who, visitors, pace)) in rounds.into_iter().enumerate() {
        let meter = Meter::start(pids);
        let told = talk((visitors, news), pace, (number + 1) * 1_000_000);
        let used = meter.per_message(told.sent);
        told.print(report, who);
        report.line(&format!("    CPU of one message: {used}"));
    }
}

/// The visitors write and the agent reads, until all is there that will come.
pub fn talk((visitors, news): (&Visitors, &Mailbox), pace: Pace, first: usize) -> Judgement {
    let channels = visitors.tokens.iter().map(|_| unbounded_channel());
    let (bells, arrivals): (Vec<_>, Vec<_>) = channels.unzip();
    let mut hearing = Hearing {
        news,
        bells,
        heard: Heard::new(),
    };
    let begun = Instant::now();
    let (lanes, writing) = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let lanes = visitors.write(pace, first, arrivals);
            (lanes, begun.elapsed())
        });
        while !writing.is_finished() {
            hearing.hear(Duration::from_millis(20));
        }
        writing.join().expect("the visitors")
    });
    let sent: usize = lanes.iter().map(|lane| lane.sent.len()).sum();
    while hearing.heard.len() < sent && hearing.hear(SILENCE) {}
    let heard = hearing.heard;
    let last = heard.iter().map(|(at, ..)| *at).max().unwrap_or(begun);
    let mut told = judge(&lanes, first, &heard);
    told.accepted_each_second = (sent - told.refused) as f64 / writing.as_secs_f64();
    told.delivered_each_second = heard.len() as f64 / (last - begun).as_secs_f64();
    told
}

/// When which message was heard: lane and number.
type Heard = Vec<(Instant, usize, usize)>;

/// The agent's ear, which tells the connections what arrived.
struct Hearing<'a> {
    news: &'a Mailbox,
    bells: Vec<UnboundedSender<usize>>,
    heard: Heard,
}

impl Hearing<'_> {
    /// Whether something came in time.
    fn hear(&mut self, patience: Duration) -> bool {
        let Ok((at, what)) = self.news.next_within(patience) else {
            return false;
        };
        if let News::Heard(lane, number) = what
            && let Some(bell) = self.bells.get(lane)
        {
            self.heard.push((at, lane, number));
            // A connection that has ended does not listen any more.
            let _ = bell.send(number);
        }
        true
    }
}

/// What became of the messages.
#[derive(Default)]
pub struct Judgement {
    /// How long each took that arrived.
    times: Vec<Duration>,
    answered: Vec<Duration>,
    sent: usize,
    refused: usize,
    missing: usize,
    twice: usize,
    disordered: usize,
    accepted_each_second: f64,
    delivered_each_second: f64,
}

impl Judgement {
    /// Prints it.
    pub fn print(self, report: &Report, who: &str) {
        let answered = Times::new(self.answered);
        report.times(&format!("{who}: sent -> answered 201"), &answered, "");
        let times = Times::new(self.times);
        report.times(&format!("{who}: sent -> agent has it"), &times, "");
        report.line(&format!(
            "    {:.0} accepted/s, {:.0} delivered/s; of {}: {} refused, {} missing, {} twice, {} out of order",
            self.accepted_each_second, self.delivered_each_second,
            self.sent, self.refused, self.missing, self.twice, self.disordered
        ));
    }
}

fn judge(lanes: &[Lane], first: usize, heard: &Heard) -> Judgement {
    let mut judgement = Judgement {
        sent: lanes.iter().map(|lane| lane.sent.len()).sum(),
        refused: lanes.iter().map(|lane| lane.refused).sum(),
        ..Judgement::default()
    };
    let mut seen: HashMap<(usize, usize), Instant> = HashMap::new();
    let mut latest = vec![0; lanes.len()];
    for (at, lane, number) in heard {
        judgement.twice += usize::from(seen.insert((*lane, *number), *at).is_some());
        judgement.disordered += usize::from(*number < latest[*lane]);
        latest[*lane] = latest[*lane].max(*number);
    }
    for (number, lane) in lanes.iter().enumerate() {
        judgement.answered.extend(&lane.answered);
        for (place, sent) in lane.sent.iter().enumerate() {
            match seen.get(&(number, first + place)) {
                Some(at) => judgement.times.push(at.saturating_duration_since(*sent)),
                None => judgement.missing += 1,
            }
        }
    }
    judgement
}
