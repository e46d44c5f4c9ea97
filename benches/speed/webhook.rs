//! An agent's words on their way to the bot's webhook.

use crate::agent::{Agent, parse, say};
use crate::report::{Report, Times};
use crate::stage::{Meter, Stage};
use crate::support::bot::Answer;
use crate::wire::Writer;
use crate::words::{Pids, SILENCE};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The agent's side of a closed loop: in each room the next words are said when the bot was called
/// with those before.
struct Loop {
    writer: Writer,
    rooms: Vec<String>,
    end: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    said: BTreeMap<(usize, usize), Instant>,
    times: Vec<Duration>,
    twice: usize,
    last: Option<Instant>,
}

impl Loop {
    fn say(&self, lane: usize, number: usize) {
        let mut state = self.state.lock().expect("the loop");
        state.said.insert((lane, number), Instant::now());
        drop(state);
        self.writer.send(&say(&self.rooms[lane], (lane, number)));
    }

    fn called(&self, at: Instant, text: &str) {
        let Some((lane, number)) = parse(text) else {
            return;
        };
        let mut state = self.state.lock().expect("the loop");
        match state.said.remove(&(lane, number)) {
            Some(said) => state.times.push(at - said),
            None => state.twice += 1,
        }
        state.last = Some(at);
        drop(state);
        if at < self.end {
            self.say(lane, number + 1);
        }
    }
}

/// One room alone, then all of them.
pub fn measure(
    report: &Report,
    (stage, agent): (&Stage, &Agent),
    (rooms, pids): (&[String], Pids<'_>),
    time: Duration,
) {
    report.heading("Agent -> webhook: said in the room until the bot is called");
    report.columns();
    let alone = Duration::from_secs(2).min(time);
    round(report, (stage, agent), (&rooms[..1], pids), (alone, 0));
    round(report, (stage, agent), (rooms, pids), (time, 1_000_000));
}

fn round(
    report: &Report,
    (stage, agent): (&Stage, &Agent),
    (rooms, pids): (&[String], Pids<'_>),
    (time, first): (Duration, usize),
) {
    let meter = Meter::start(pids);
    let begun = Instant::now();
    let talk = Arc::new(Loop {
        writer: agent.writer(),
        rooms: rooms.to_vec(),
        end: begun + time,
        state: Mutex::default(),
    });
    let listener = Arc::clone(&talk);
    stage.bot.answer_with(move |callback| {
        listener.called(callback.at, callback.text());
        Answer::handled()
    });
    for lane in 0..rooms.len() {
        talk.say(lane, first);
    }
    let done = crate::support::wait::poll(time + SILENCE, || {
        let over = Instant::now() >= talk.end;
        (over && talk.state.lock().expect("the loop").said.is_empty()).then_some(())
    });
    stage.bot.answer(Answer::handled());
    let state = std::mem::take(&mut *talk.state.lock().expect("the loop"));
    let calls = state.times.len();
    let used = meter.per_message(calls);
    let what = format!("{} room(s): said -> called", rooms.len());
    report.times(&what, &Times::new(state.times), "");
    let span = state.last.map_or(time, |last| last - begun);
    report.line(&format!(
        "    {:.0} messages/s; of {}: {} missing, {} twice{}",
        calls as f64 / span.as_secs_f64(),
        calls + state.said.len(),
        state.said.len(),
        state.twice,
        if done.is_none() {
            " (given up waiting)"
        } else {
            ""
        }
    ));
    report.line(&format!("    CPU of one message: {used}"));
}
