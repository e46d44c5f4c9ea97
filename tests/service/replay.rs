//! What was recorded between real Fastpath clients and Openfire's plugin is said to Warmline again,
//! byte by byte; what the plugin answered has to come, element by element. Left aside are ids and
//! times, and the deviations that `docs/fastpath.md` lists.

mod compare;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use warmline::xmpp::stanza::attr;

use super::stage::Stage;
use super::support::prosody::Prosody;
use super::support::raw::Raw;
use super::support::wait;
use super::support::xmpp::{DOMAIN, Options, SECRET, jid};
use compare::{Names, is_left_out, parse, plain};

use minidom::Element;

const BRIDGE: &str = "bridge.example.test";
const SECOND: &str = "bridge2.example.test";

/// How a scenario is played.
#[derive(Clone, Copy, Default)]
struct Way {
    /// `agent1` plays `agent2` and the other way round: the plugin chose by other rules whom to ask
    /// first.
    swapped: bool,
    /// Offers and requests time out in seconds.
    quick: bool,
}

const USUAL: Way = Way {
    swapped: false,
    quick: false,
};
const SWAPPED: Way = Way {
    swapped: true,
    ..USUAL
};
const QUICK: Way = Way {
    quick: true,
    ..USUAL
};

/// One recorded scenario under way.
struct Replay<'a> {
    stage: Stage,
    script: &'a str,
    people: BTreeMap<String, (Raw, VecDeque<Element>)>,
    names: Names,
}

impl<'a> Replay<'a> {
    fn start(script: &'a str, way: Way) -> Replay<'a> {
        let mut options = Options {
            components: vec![BRIDGE.to_owned(), SECOND.to_owned()],
            // Openfire lets a component speak in its users' names.
            any_sender: true,
            ..Options::default()
        };
        options.accounts.push("visitor".to_owned());
        let server = Prosody::start_with(&options);
        let stage = Stage::with(Box::new(server), |config| {
            let patience = match way.quick {
                true => {
                    "offer_timeout = \"2s\"\nrejection_pause = \"2s\"\nrequest_timeout = \"7s\""
                }
                false => "",
            };
            let group = |name: &str, agent: &str| {
                format!("[[workgroup]]\nname = \"{name}\"\nagents = [{agent}]\n{patience}\n")
            };
            let sales = format!("\"{}\"", jid("agent3"));
            let remote = format!("\"a9@{BRIDGE}\"");
            config.workgroup = patience.to_owned();
            config.more = "[fastpath]\nspeaks_for_agents = true\n".to_owned();
            config.more += &(group("demo", "") + &group("sales", &sales));
            if script.contains("remote@") {
                config.more += &group("remote", &remote);
            }
        });
        Replay {
            stage,
            script,
            people: BTreeMap::new(),
            names: Names {
                map: BTreeMap::new(),
                quick: way.quick,
            },
        }
    }

    fn person(&mut self, who: &str) -> &mut (Raw, VecDeque<Element>) {
        let (ports, script) = (self.stage.server.ports(), self.script);
        self.people.entry(who.to_owned()).or_insert_with(|| {
            let raw = match who {
                "bridge" => Raw::component(BRIDGE, SECRET, ports),
                "bridge2" => Raw::component(SECOND, SECRET, ports),
                account => match account.split_once('/') {
                    Some((account, "ph")) => Raw::log_in_as(account, "phone", ports),
                    Some((account, _)) => Raw::log_in_as(account, "support", ports),
                    None => Raw::log_in_as(account, resource(script, account), ports),
                },
            };
            (raw, VecDeque::new())
        })
    }

    fn says(&mut self, who: &str, xml: &str) {
        let mut xml = xml.to_owned();
        for (then, now) in &self.names.map {
            for (before, after) in [("'", "'"), ("\"", "\""), ("", "@")] {
                let named = |name: &str| format!("{before}{name}{after}");
                xml = xml.replace(&named(then), &named(now));
            }
        }
        self.person(who).0.say(&xml);
    }

    /// Waits for a stanza like the recorded one.
    fn hears(&mut self, who: &str, recorded: &Element) {
        // The plugin's ticks are slow, and so is what is recorded of them.
        let end = Instant::now() + 2 * wait::SOON;
        loop {
            if self.find(who, recorded) {
                return;
            }
            let (raw, unread) = self.person(who);
            match raw.stanza(Duration::from_millis(500)) {
                Some(xml) => unread.extend(parse(&xml)),
                None if Instant::now() > end => break,
                None => {}
            }
        }
        let wanted = self.plain(recorded, true);
        let names = self.names.clone();
        let (_, unread) = self.person(who);
        let unread: Vec<String> = unread.iter().map(|one| plain(one, &names, false)).collect();
        panic!("{who} never heard\n{wanted}\nbut\n{}", unread.join("\n"));
    }

    /// Waits for a stanza of ours in which this stands, where the plugin sends another one.
    fn awaits(&mut self, who: &str, text: &str) {
        self.until(who, text, |one| String::from(one).contains(text));
    }

    /// Waits until somebody is seen in a room: what is said next counts on that.
    fn sees(&mut self, who: &str, recorded: &Element) {
        let mut from = attr(recorded, "from").unwrap_or_default().to_owned();
        for (then, now) in &self.names.map {
            from = from.replace(&format!("{then}@"), &format!("{now}@"));
        }
        self.until(who, &from, |one| attr(one, "from") == Some(&from));
    }

    fn until(&mut self, who: &str, what: &str, fits: impl Fn(&Element) -> bool) {
        let end = Instant::now() + wait::SOON;
        while Instant::now() < end {
            let (raw, unread) = self.person(who);
            if unread.iter().any(&fits) {
                return;
            }
            let heard = raw.stanza(Duration::from_millis(500));
            unread.extend(heard.and_then(|xml| parse(&xml)));
        }
        panic!("{who} never saw {what}");
    }

    fn find(&mut self, who: &str, recorded: &Element) -> bool {
        let (_, unread) = self.person(who);
        let candidates: Vec<Element> = unread.iter().cloned().collect();
        for (at, one) in candidates.iter().enumerate() {
            let before = self.names.clone();
            self.learn(recorded, one);
            if self.plain(recorded, true) == self.plain(one, false) {
                self.person(who).1.remove(at);
                return true;
            }
            self.names = before;
        }
        false
    }

    /// Takes two stanzas for the same one: then they name the same session and request.
    fn learn(&mut self, recorded: &Element, now: &Element) {
        if let (Some(then), Some(id), Some("get" | "set")) = (
            attr(recorded, "id"),
            attr(now, "id"),
            attr(recorded, "type"),
        ) {
            self.names.map.insert(then.to_owned(), id.to_owned());
        }
        let session = |stanza: &Element| {
            let payload = stanza.children().next()?;
            let mut children = payload.children();
            let session = children.find(|child| child.name() == "session")?;
            attr(session, "id").map(str::to_owned)
        };
        if let (Some(then), Some(id)) = (session(recorded), session(now)) {
            self.names.map.entry(then).or_insert(id);
        }
        // The plugin gives hand-overs an id of their own.
        let offer = |stanza: &Element| {
            let offer = stanza.children().find(|child| child.name() == "offer")?;
            attr(offer, "id").map(str::to_owned)
        };
        if let (Some(then), Some(id)) = (offer(recorded), offer(now)) {
            self.names.map.entry(then).or_insert(id);
        }
    }

    fn plain(&self, stanza: &Element, recorded: bool) -> String {
        plain(stanza, &self.names, recorded)
    }
}

/// The resource that somebody has in a recording.
fn resource<'a>(script: &'a str, account: &str) -> &'a str {
    let address = format!("{account}@{DOMAIN}/");
    let named = script.split(&address).nth(1);
    let end = |rest: &'a str| rest.split(['"', '\'', '<']).next();
    named.and_then(end).unwrap_or("spark")
}

fn replay(script: &str, way: Way) {
    let script = match way.swapped {
        true => script
            .replace("agent1", "agent_")
            .replace("agent2", "agent1")
            .replace("agent_", "agent2"),
        false => script.to_owned(),
    };
    let mut replay = Replay::start(&script, way);
    let mut checked = 0;
    for line in script
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        if let Some(who) = line.strip_suffix(" CUT") {
            replay.people.remove(who);
            continue;
        }
        let mut parts = line.splitn(3, ' ');
        let (who, way, xml) = (parts.next(), parts.next(), parts.next());
        let (Some(who), Some(way), Some(xml)) = (who, way, xml) else {
            panic!("cannot be read: {line}");
        };
        match way {
            "SENT" => replay.says(who, xml),
            "AWAITS" => replay.awaits(who, xml),
            "RECV" => {
                let recorded = parse(xml).unwrap_or_else(|| panic!("not XML: {xml}"));
                let comes = recorded.name() == "presence" && attr(&recorded, "type").is_none();
                let of_room = xml.contains("@conference.") && xml.contains("muc#user");
                if comes && of_room {
                    replay.sees(who, &recorded);
                } else if !is_left_out(&recorded, &script) {
                    replay.hears(who, &recorded);
                    checked += 1;
                }
            }
            other => panic!("no such way: {other}"),
        }
    }
    assert!(checked >= 5, "only {checked} stanzas were compared");
}

#[test]
fn s01_discovery_forms_and_errors() {
    replay(include_str!("replays/S01.txt"), USUAL);
}

#[test]
fn s02_agents_come_and_go() {
    replay(include_str!("replays/S02.txt"), USUAL);
}

#[test]
fn s03_the_happy_path() {
    replay(include_str!("replays/S03.txt"), USUAL);
}

#[test]
fn s04_reject_then_the_next_accepts() {
    replay(include_str!("replays/S04.txt"), USUAL);
}

#[test]
fn s06_depart_while_offered() {
    replay(include_str!("replays/S06.txt"), USUAL);
}

#[test]
fn s07_several_queue_behind_a_busy_agent() {
    replay(include_str!("replays/S07.txt"), USUAL);
}

#[test]
fn s09d_invitations_and_their_errors() {
    replay(include_str!("replays/S09d.txt"), USUAL);
}

#[test]
fn s10_the_visitor_is_invited_again() {
    replay(include_str!("replays/S10.txt"), USUAL);
}

#[test]
fn s02b_an_agent_who_shows_only_the_workgroup() {
    replay(include_str!("replays/S02b.txt"), USUAL);
}

#[test]
fn s05_nobody_answers_the_offer() {
    let way = Way {
        swapped: true,
        quick: true,
    };
    replay(include_str!("replays/S05.txt"), way);
}

#[test]
fn s05b_nobody_comes_at_all() {
    replay(include_str!("replays/S05b.txt"), QUICK);
}

#[test]
fn s08_ways_to_join() {
    replay(include_str!("replays/S08.txt"), SWAPPED);
}

#[test]
fn s08b_a_wish_for_an_agent() {
    replay(include_str!("replays/S08b.txt"), USUAL);
}

#[test]
fn s09a_a_transfer_to_an_agent() {
    replay(include_str!("replays/S09a.txt"), USUAL);
}

#[test]
fn s09b_a_transfer_to_a_workgroup() {
    replay(include_str!("replays/S09b.txt"), USUAL);
}

#[test]
fn s09c_a_transfer_to_a_queue() {
    replay(include_str!("replays/S09c.txt"), USUAL);
}

#[test]
fn s10b_the_visitor_declines() {
    replay(include_str!("replays/S10b.txt"), USUAL);
}

#[test]
fn s11a_an_agent_is_cut_off_while_asked() {
    replay(include_str!("replays/S11a.txt"), USUAL);
}

#[test]
fn s11b_an_agent_is_cut_off_while_talking() {
    replay(include_str!("replays/S11b.txt"), USUAL);
}

#[test]
fn s16_a_user_of_the_server_as_visitor() {
    replay(include_str!("replays/S16.txt"), USUAL);
}

#[test]
fn s18_the_only_agent_does_not_want_to_be_disturbed() {
    replay(include_str!("replays/S18.txt"), USUAL);
}

#[test]
fn s18b_queued_behind_a_busy_agent() {
    replay(include_str!("replays/S18b.txt"), USUAL);
}

#[test]
fn s19_the_agent_accepts_and_does_not_come() {
    replay(include_str!("replays/S19.txt"), USUAL);
}

#[test]
fn s20_an_agent_at_another_component() {
    replay(include_str!("replays/S20.txt"), USUAL);
}

#[test]
fn s23_two_agents_and_five_visitors() {
    replay(include_str!("replays/S23.txt"), SWAPPED);
}
