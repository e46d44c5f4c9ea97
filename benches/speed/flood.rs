//! More words of visitors than the server carries, and an agent who speaks meanwhile.

use crate::agent::{Agent, Mailbox, parse, say};
use crate::load::{Pace, Visitors};
use crate::report::{Report, Times};
use crate::stage::Stage;
use crate::support::bot::Answer;
use crate::words;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Messages of each visitor.
const MESSAGES: usize = 200;
/// How often the agent speaks.
const PAUSE: Duration = Duration::from_millis(200);

type Said = Arc<Mutex<BTreeMap<usize, (Instant, Option<Instant>)>>>;

/// The agent says something every so often, each time in the next room, until the flood is over.
pub fn measure(
    report: &Report,
    (stage, news): (&Stage, &Mailbox),
    agent: &Agent,
    (visitors, rooms): (&Visitors, &[String]),
) {
    report.heading("A flood, and an agent who speaks meanwhile");
    let said = Said::default();
    let listener = Arc::clone(&said);
    stage.bot.answer_with(move |callback| {
        if let Some((_, number)) = parse(callback.text()) {
            let mut said = listener.lock().expect("what was said");
            let called = |one: &mut (Instant, Option<Instant>)| one.1 = Some(callback.at);
            said.entry(number).and_modify(called);
        }
        Answer::handled()
    });
    let over = AtomicBool::new(false);
    // A lane that no visitor has.
    let lane = visitors.tokens.len();
    let told = std::thread::scope(|scope| {
        scope.spawn(|| speak(agent, (rooms, lane), (&said, &over)));
        let told = words::talk((visitors, news), Pace::Answered(MESSAGES), 9_000_000);
        over.store(true, Ordering::Relaxed);
        told
    });
    let all = |(_, called): &(Instant, Option<Instant>)| called.is_some();
    crate::support::wait::poll(words::SILENCE, || {
        let said = said.lock().expect("what was said");
        said.values().all(all).then_some(())
    });
    stage.bot.answer(Answer::handled());
    report.columns();
    told.print(report, "flood of 64");
    let said = said.lock().expect("what was said");
    let times = said
        .values()
        .filter_map(|(at, called)| Some((*called)? - *at));
    report.times(
        "agent meanwhile: said -> bot called",
        &Times::new(times),
        "",
    );
    let lost = stage
        .warmline
        .log()
        .matches("the room cannot be had")
        .count();
    report.line(&format!(
        "    {} of {} of the agent's messages missing; rooms taken for lost: {lost}",
        said.values().filter(|one| !all(one)).count(),
        said.len(),
    ));
}

fn speak(agent: &Agent, (rooms, lane): (&[String], usize), (said, over): (&Said, &AtomicBool)) {
    let rooms = rooms.iter().cycle().enumerate();
    for (number, room) in rooms.take_while(|_| !over.load(Ordering::Relaxed)) {
        let now = (Instant::now(), None);
        said.lock().expect("what was said").insert(number, now);
        agent.writer().send(&say(room, (lane, number)));
        std::thread::sleep(PAUSE);
    }
}
