//! What was recorded between real Fastpath clients and Openfire's plugin is said to Warmline again,
//! byte by byte; what the plugin answered has to come, element by element. Left aside are ids and
//! times, and the deviations that `docs/fastpath.md` lists.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use warmline::xmpp::stanza::attr;

use super::stage::Stage;
use super::support::prosody::Prosody;
use super::support::raw::Raw;
use super::support::wait;
use super::support::xmpp::{Options, SECRET, jid};

use minidom::Element;

const BRIDGE: &str = "bridge.example.test";

/// One recorded scenario under way.
struct Replay {
    stage: Stage,
    people: BTreeMap<String, (Raw, VecDeque<Element>)>,
    /// What was recorded → what it is called now: session ids, and ids of the service's requests.
    names: BTreeMap<String, String>,
}

impl Replay {
    fn start() -> Replay {
        let mut options = Options {
            components: vec![BRIDGE.to_owned()],
            ..Options::default()
        };
        options.accounts.push("visitor".to_owned());
        let server = Prosody::start_with(&options);
        let stage = Stage::with(Box::new(server), |config| {
            config.more = format!(
                "[[workgroup]]\nname = \"demo\"\n[[workgroup]]\nname = \"sales\"\nagents = [\"{}\"]",
                jid("agent3")
            );
        });
        Replay {
            stage,
            people: BTreeMap::new(),
            names: BTreeMap::new(),
        }
    }

    fn person(&mut self, who: &str) -> &mut (Raw, VecDeque<Element>) {
        let ports = self.stage.server.ports();
        self.people.entry(who.to_owned()).or_insert_with(|| {
            let raw = match who {
                "bridge" => Raw::component(BRIDGE, SECRET, ports),
                account => match account.split_once('/') {
                    Some((account, "ph")) => Raw::log_in_as(account, "phone", ports),
                    Some((account, _)) => Raw::log_in_as(account, "support", ports),
                    None => Raw::log_in_as(account, "spark", ports),
                },
            };
            (raw, VecDeque::new())
        })
    }

    fn says(&mut self, who: &str, xml: &str) {
        let mut xml = xml.to_owned();
        for (then, now) in &self.names {
            for quote in ["'", "\"", "@"] {
                xml = xml.replace(&format!("{then}{quote}"), &format!("{now}{quote}"));
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

    /// Waits until somebody is seen in a room: what is said next counts on that.
    fn sees(&mut self, who: &str, recorded: &Element) {
        let mut from = attr(recorded, "from").unwrap_or_default().to_owned();
        for (then, now) in &self.names {
            from = from.replace(&format!("{then}@"), &format!("{now}@"));
        }
        let end = Instant::now() + wait::SOON;
        while Instant::now() < end {
            let (raw, unread) = self.person(who);
            if unread.iter().any(|one| attr(one, "from") == Some(&from)) {
                return;
            }
            let heard = raw.stanza(Duration::from_millis(500));
            unread.extend(heard.and_then(|xml| parse(&xml)));
        }
        panic!("{who} never saw {from}");
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
            self.names.insert(then.to_owned(), id.to_owned());
        }
        let session = |stanza: &Element| {
            let payload = stanza.children().next()?;
            let mut children = payload.children();
            let session = children.find(|child| child.name() == "session")?;
            attr(session, "id").map(str::to_owned)
        };
        if let (Some(then), Some(id)) = (session(recorded), session(now)) {
            self.names.entry(then).or_insert(id);
        }
    }

    fn plain(&self, stanza: &Element, recorded: bool) -> String {
        plain(stanza, &self.names, recorded)
    }
}

fn parse(xml: &str) -> Option<Element> {
    let end = xml.find([' ', '>', '/'])?;
    let (start, rest) = xml.split_at(end);
    if rest.contains(" xmlns='jabber:client'") {
        return xml.parse().ok();
    }
    format!("{start} xmlns='jabber:client'{rest}").parse().ok()
}

/// A stanza without what may differ.
fn plain(stanza: &Element, names: &BTreeMap<String, String>, recorded: bool) -> String {
    let mut text = String::new();
    write(stanza, (names, recorded), &mut text);
    text
}

fn write(element: &Element, how: (&BTreeMap<String, String>, bool), text: &mut String) {
    let name = element.name();
    let top = matches!(name, "iq" | "message" | "presence");
    let push = top && matches!(attr(element, "type"), Some("get" | "set"));
    let mut attributes: Vec<String> = element
        .attrs()
        .iter()
        .filter(|((_, name), _)| {
            let name = name.as_str();
            let id = name == "id" && (push || element.name() == "message");
            let normal =
                name == "type" && element.attr_ns::<str, str>("", "type") == Some("normal");
            let reason = element.name() == "x" && name == "reason";
            !(id || normal || reason || name == "lang")
        })
        .map(|((_, name), value)| {
            format!("{}={}", name.as_str(), value_of(name.as_str(), value, how))
        })
        .collect();
    attributes.sort();
    text.push_str(&format!(
        "<{name} {} {}>",
        element.ns(),
        attributes.join(" ")
    ));
    let timed = ["time", "oldest", "join-time", "lastModified", "joined"].contains(&name);
    // The plugin always names the same reason.
    let revoked = name == "reason" && element.ns().ends_with("jabber.org/protocol/workgroup");
    if timed || revoked {
        text.push('…');
    } else {
        let invited = element.ns() == "jabber:x:conference";
        let own: String = element.texts().filter(|_| !invited).collect();
        text.push_str(&value_of(name, own.trim(), how));
        let mut children: Vec<String> = element
            .children()
            .filter(|child| !is_own(child))
            .map(|child| {
                let mut inner = String::new();
                write(child, how, &mut inner);
                inner
            })
            .collect();
        if top || ["metadata", "query", "occupants-info"].contains(&name) {
            children.sort();
        }
        text.push_str(&children.concat());
    }
    text.push_str(&format!("</{name}>"));
}

/// What Warmline adds (Spark throws without `userID`), and what this server's rooms add to
/// invitations.
fn is_own(element: &Element) -> bool {
    let more = [
        "disco#items",
        "urn:xmpp:ping",
        "jabber:iq:last",
        "urn:xmpp:time",
        "vcard-temp",
    ];
    let var = attr(element, "var").unwrap_or_default();
    match element.name() {
        "value" => ["userID", "ignore"].contains(&attr(element, "name").unwrap_or_default()),
        "feature" => {
            more.iter().any(|feature| var.ends_with(feature))
                || var.ends_with("commands")
                || var == "jabber:iq:version"
        }
        "body" => element.text().contains(" invited you to the room "),
        _ => false,
    }
}

fn value_of(
    name: &str,
    value: &str,
    (names, recorded): (&BTreeMap<String, String>, bool),
) -> String {
    // Agents are not told the visitors' addresses.
    let visitor = value.starts_with("v-") || value.contains(&format!("@{BRIDGE}"));
    if name == "jid" && visitor {
        return "VISITOR".to_owned();
    }
    if name == "inviter" {
        return value.split('/').next().unwrap_or_default().to_owned();
    }
    // What the workgroup is called here.
    let mut value = value
        .replace("Front desk", "support")
        .replace("Warmline", "Fastpath");
    if recorded {
        for (then, now) in names {
            if value == *then || value.starts_with(&format!("{then}@")) {
                value = value.replacen(then, now, 1);
            }
        }
    }
    value
}

/// Whether a recorded stanza says nothing of the workgroup service, or what it says is told of in
/// `docs/fastpath.md` as done otherwise.
fn is_left_out(stanza: &Element, script: &str) -> bool {
    let from = attr(stanza, "from").unwrap_or_default();
    let of_room = from.contains("@conference.") && stanza.name() == "presence";
    let said = attr(stanza, "type") == Some("groupchat");
    // The server's own, and colleagues' presence sent in their names.
    let of_people = from.contains("@example.test") || from == "example.test";
    // In this scenario nobody asked for it; it was asked for in one before.
    let openness = stanza.children().any(|child| child.name() == "workgroup");
    let asks =
        |line: &str| line.starts_with("bridge SENT <presence") && line.contains("to='support@");
    let unasked = stanza.name() == "presence" && openness && !script.lines().any(asks);
    of_room || said || of_people || unasked
}

fn replay(script: &str) {
    let mut replay = Replay::start();
    let mut checked = 0;
    for line in script
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let mut parts = line.splitn(3, ' ');
        let (who, way, xml) = (parts.next(), parts.next(), parts.next());
        let (Some(who), Some(way), Some(xml)) = (who, way, xml) else {
            panic!("cannot be read: {line}");
        };
        match way {
            "SENT" => replay.says(who, xml),
            "RECV" => {
                let recorded = parse(xml).unwrap_or_else(|| panic!("not XML: {xml}"));
                let comes = recorded.name() == "presence" && attr(&recorded, "type").is_none();
                let of_room = xml.contains("@conference.") && xml.contains("muc#user");
                if comes && of_room {
                    replay.sees(who, &recorded);
                } else if !is_left_out(&recorded, script) {
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
    replay(include_str!("replays/S01.txt"));
}

#[test]
fn s02_agents_come_and_go() {
    replay(include_str!("replays/S02.txt"));
}

#[test]
fn s03_the_happy_path() {
    replay(include_str!("replays/S03.txt"));
}

#[test]
fn s04_reject_then_the_next_accepts() {
    replay(include_str!("replays/S04.txt"));
}

#[test]
fn s06_depart_while_offered() {
    replay(include_str!("replays/S06.txt"));
}

#[test]
fn s07_several_queue_behind_a_busy_agent() {
    replay(include_str!("replays/S07.txt"));
}

#[test]
fn s09d_invitations_and_their_errors() {
    replay(include_str!("replays/S09d.txt"));
}

#[test]
fn s10_the_visitor_is_invited_again() {
    replay(include_str!("replays/S10.txt"));
}
