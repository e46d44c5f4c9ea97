//! Many visitors at XMPP clients in one line.

use super::stage::Stage;
use super::support::crowd::Crowd;
use super::support::prosody::Prosody;
use super::support::raw::Raw;
use super::support::wait;
use super::support::xmpp::{Options, workgroup};
use std::time::{Duration, Instant};

const GATEWAY: &str = "visitors.example.test";
const VISITORS: usize = 500;
/// Up to this place each step is told at once (docs/fastpath.md).
const NEAR: usize = 50;

fn last_place(crowd: &Crowd, visitor: usize) -> u32 {
    crowd.seen(|seen| {
        let told = seen.pushed.get(&visitor).and_then(|told| told.last());
        told.map_or(0, |(_, place)| *place)
    })
}

fn reaches(crowd: &Crowd, visitor: usize, place: u32) {
    let what = format!("visitor {visitor} is told place {place}");
    wait::until(&what, wait::START, || {
        (last_place(crowd, visitor) == place).then_some(())
    });
}

/// A Fastpath client of an agent who has no time.
fn watcher(stage: &Stage) -> Raw {
    let mut spark = Raw::log_in("agent2", stage.server.ports());
    let support = workgroup("support");
    spark.say(&format!(
        "<presence to='{support}'><show>dnd</show>\
         <agent-status xmlns='http://jabber.org/protocol/workgroup'/></presence>"
    ));
    let told = |xml: String| xml.contains("notify-queue-details").then_some(());
    wait::until("the line is told", wait::SOON, || {
        spark.stanza(wait::SOON).and_then(told)
    });
    spark
}

#[test]
fn five_hundred_know_their_places_and_nobody_is_flooded() {
    let options = Options {
        components: vec![GATEWAY.to_owned()],
        ..Options::default()
    };
    let stage = Stage::with(Box::new(Prosody::start_with(&options)), |config| {
        config.workgroup = "max_chats = 1\nrequest_timeout = \"10m\"".into();
    });
    let agent = stage.agent("agent1");
    stage.conversation("1", &agent);
    let mut spark = watcher(&stage);
    let crowd = Crowd::start(GATEWAY, stage.server.ports());
    let begun = Instant::now();
    for visitor in 0..VISITORS {
        crowd.join(visitor);
    }
    crowd.answered("join", VISITORS, wait::START);
    for visitor in 0..VISITORS {
        crowd.poll(visitor);
    }
    crowd.answered("poll", VISITORS, wait::START);
    let line = line(&crowd);
    // Those behind move up, and know it: at once near the front, later far behind.
    for visitor in &line[..3] {
        crowd.depart(*visitor);
    }
    crowd.answered("depart", 3, wait::SOON);
    reaches(&crowd, line[3], 1);
    reaches(&crowd, line[NEAR], NEAR as u32 - 2);
    let last = line[VISITORS - 1];
    reaches(&crowd, last, VISITORS as u32 - 3);
    crowd.seen(|seen| {
        let told = &seen.pushed[&last];
        assert!(
            told.len() <= 3,
            "not each step is told far behind: {told:?}"
        );
        let pause = told[told.len() - 1].0 - told[told.len() - 2].0;
        assert!(pause > Duration::from_secs(9), "told again after {pause:?}");
    });
    everybody_goes(&stage, &crowd, &line[3..]);
    let shown = pushes(&mut spark);
    let seconds = begun.elapsed().as_secs() as usize;
    let last = shown.last().expect("the agent is told of the line");
    assert!(!last.contains("<user"), "in the end that nobody waits");
    assert!(shown.len() <= seconds + 1, "{} in {seconds} s", shown.len());
    assert!(shown.iter().all(|xml| xml.len() < 256 * 1024), "too long");
}

/// All visitors by the places that they were told; those who joined within a millisecond stand in
/// any order.
fn line(crowd: &Crowd) -> Vec<usize> {
    let mut line: Vec<(u32, usize)> = crowd.seen(|seen| {
        assert_eq!(seen.pushed.len(), VISITORS, "everybody is told a place");
        let polled = seen.polled.iter();
        polled.map(|(who, told)| (told[0].1, *who)).collect()
    });
    line.sort_unstable();
    let places: Vec<u32> = line.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, (1..=VISITORS as u32).collect::<Vec<_>>());
    line.into_iter().map(|(_, visitor)| visitor).collect()
}

fn everybody_goes(stage: &Stage, crowd: &Crowd, left: &[usize]) {
    for visitor in left.iter().rev() {
        crowd.depart(*visitor);
    }
    crowd.answered("depart", VISITORS, wait::START);
    crowd.seen(|seen| {
        assert_eq!(
            seen.departed.len(),
            VISITORS,
            "all are told that it is over"
        );
        assert_eq!(seen.errors, [""; 0]);
    });
    let figure = |series| stage.warmline.figure(series);
    let waiting = "warmline_queue_length{workgroup=\"support\"}";
    wait::until("nobody waits", wait::SOON, || {
        (figure(waiting) == Some(0.0)).then_some(())
    });
    let links = figure("warmline_xmpp_connects_total");
    assert_eq!(links, Some(1.0), "the link stood all the time");
    assert!(!stage.warmline.log().contains("a stanza was not sent"));
}

/// What the agent's client was told of who waits.
fn pushes(spark: &mut Raw) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(stanza) = spark.stanza(Duration::from_secs(2)) {
        all.push(stanza);
    }
    all.retain(|stanza| stanza.contains("notify-queue-details"));
    all
}
