//! A stranger sends whatever a server lets through, while a conversation goes on.

use super::stage::{Conversation, Stage, hears};
use super::support::agents::Agent;
use super::support::odd::{self, Fate};
use super::support::raw::Raw;
use super::support::wait;
use super::support::xmpp::{COMPONENT, workgroup};
use minidom::Element;
use warmline::xmpp::framing::{Frame, Framer, Limits};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, child, error_of};

/// An account that serves nowhere.
const STRANGER: &str = "stranger";
const PING: &str = "<ping xmlns='urn:xmpp:ping'/>";
const NOT_SERVED: &str = "service-unavailable";
const TOO_MUCH: &str = "policy-violation";

/// What must answer a request.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// Success without content.
    Done,
    /// Success with a payload of this namespace.
    Payload(&'static str),
    /// This error.
    Error(&'static str),
}
use Answer::{Done, Error, Payload};

/// A stranger's connection, and the requests made over it.
struct Stranger {
    raw: Raw,
    asked: Vec<Asked>,
}

struct Asked {
    id: String,
    what: String,
    answer: Answer,
}

impl Stranger {
    fn log_in(stage: &Stage) -> Stranger {
        Stranger {
            raw: Raw::log_in(STRANGER, stage.server.ports()),
            asked: Vec::new(),
        }
    }

    fn ask(&mut self, kind: &str, (to, content): (&str, &str), answer: Answer) {
        let id = format!("ask-{}.", self.asked.len());
        self.raw.say(&format!(
            "<iq type='{kind}' to='{to}' id='{id}'>{content}</iq>"
        ));
        let begin: String = content.chars().take(60).collect();
        let what = format!("{kind} {begin} to {to}");
        self.asked.push(Asked { id, what, answer });
    }

    /// Everything heard until all requests are answered, and then a ping of each address, so that
    /// a second answer would be heard too.
    fn hear_all(&mut self, addresses: &[String]) -> Vec<Element> {
        let mut heard = String::new();
        for last in [false, true] {
            for asked in &self.asked {
                let id = format!("id='{}'", asked.id);
                if !heard.contains(&id) {
                    heard += &self.raw.hear(&id);
                }
            }
            if !last {
                for address in addresses {
                    self.ask("get", (address, PING), Done);
                }
            }
        }
        // An answer to a ping has no content.
        heard += &self.raw.hear("/>");
        stanzas(&heard)
    }

    /// Each request was answered once, as it must be.
    fn check_answers(&self, heard: &[Element]) {
        for Asked { id, what, answer } in &self.asked {
            let mut answers = heard.iter().filter(|h| attr(h, "id") == Some(id));
            let (Some(first), None) = (answers.next(), answers.next()) else {
                panic!("answered more than once: {what}");
            };
            let error = error_of(first).map(|(condition, _)| condition);
            let payload = first.children().next().map(Element::ns);
            let good = match answer {
                Error(condition) => error.as_deref() == Some(*condition),
                Done => error.is_none() && payload.is_none(),
                Payload(namespace) => error.is_none() && payload.as_deref() == Some(*namespace),
            };
            assert!(
                good,
                "{what}: expected {answer:?}, got {}",
                String::from(first)
            );
        }
    }
}

/// Reads what a server said, with the link's own reader: minidom's refuses long attributes.
fn stanzas(heard: &str) -> Vec<Element> {
    let stream = format!(
        "<s:stream xmlns='{}' xmlns:s='{}'>",
        ns::COMPONENT,
        ns::STREAMS
    );
    let all = stream + heard;
    let mut bytes = all.as_bytes();
    let mut framer = Framer::new(Limits::default());
    let mut stanzas = Vec::new();
    while let Some(frame) = framer.next(&mut bytes).expect("good XML from the server") {
        match frame {
            Frame::Open(_) => {}
            Frame::Element(stanza) => stanzas.push(stanza),
            other => panic!("expected a stanza, got {other:?}"),
        }
    }
    stanzas
}

/// The addresses of the component that a stranger can think of: a workgroup, a visitor, the
/// service, a visitor who is not there, and nobody.
fn addresses(room: &str) -> [String; 5] {
    let conversation = room.split('@').next().expect("a room has a name");
    let visitor = |id: &str| format!("v-{id}@{COMPONENT}/{id}");
    [
        workgroup("support"),
        visitor(conversation),
        COMPONENT.to_owned(),
        visitor("0"),
        nobody(),
    ]
}

fn nobody() -> String {
    workgroup("nobody")
}

/// Requests that are odd in what they hold, and the error that answers each.
fn odd_requests() -> Vec<(String, &'static str)> {
    let long = |text: &str| format!("<x xmlns='urn:x'>{text}</x>");
    vec![
        (String::new(), "bad-request"),
        ("words only".to_owned(), "bad-request"),
        (
            "<a xmlns='urn:a'/><b xmlns='urn:b'/>".to_owned(),
            "bad-request",
        ),
        ("<query xmlns=''/>".to_owned(), NOT_SERVED),
        (
            "<p:x xmlns:p='urn:p' p:n='1' n='2'/>".to_owned(),
            NOT_SERVED,
        ),
        (odd::long_attribute(), NOT_SERVED),
        (odd::levels(63), NOT_SERVED),
        (odd::levels(64), TOO_MUCH),
        (odd::levels(4_499), TOO_MUCH),
        (long(&"<a/>".repeat(20_000)), TOO_MUCH),
        (long(&"y".repeat(200_000)), NOT_SERVED),
        (long(&"&amp;".repeat(40_000)), NOT_SERVED),
    ]
}

/// All of it, to each address; gives what was heard.
fn storm(stranger: &mut Stranger, addresses: &[String]) -> Vec<Element> {
    for to in addresses {
        for odd in odd::stanzas(to) {
            stranger.raw.say(&odd.xml);
        }
        for (content, condition) in odd_requests() {
            let condition = match condition {
                NOT_SERVED if *to == nobody() => "not-authorized",
                other => other,
            };
            for kind in ["get", "set"] {
                stranger.ask(kind, (to, &content), Error(condition));
            }
        }
    }
    stranger.hear_all(addresses)
}

/// One sentence each way.
fn talk(stage: &Stage, agent: &Agent, conversation: &Conversation, round: usize) {
    let Conversation { ticket, room } = conversation;
    let (question, reply) = (format!("question {round}"), format!("reply {round}"));
    assert_eq!(stage.rapidpro.message(&ticket.token, &question).status, 201);
    hears(agent, room, &question);
    agent.say_in(room, &reply);
    wait::until("the reply at the bot", wait::SOON, || {
        stage.told(ticket).contains(&reply).then_some(())
    });
}

/// A figure of `/metrics`, as it stands there.
fn figure(stage: &Stage, name: &str) -> String {
    let text = String::from_utf8(stage.warmline.get("/metrics").body).expect("text");
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let found = lines.find(|(have, _)| *have == name);
    found.expect("the figure is there").1.to_owned()
}

#[test]
fn whatever_a_stranger_sends_harms_neither_link_nor_conversation() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let addresses = addresses(&conversation.room);
    talk(&stage, &agent, &conversation, 0);
    let mut stranger = Stranger::log_in(&stage);
    let (heard, rounds) = std::thread::scope(|scope| {
        let storming = scope.spawn(|| storm(&mut stranger, &addresses));
        let mut rounds = 1;
        while !storming.is_finished() {
            talk(&stage, &agent, &conversation, rounds);
            rounds += 1;
        }
        (storming.join().expect("a storm"), rounds)
    });
    talk(&stage, &agent, &conversation, rounds);

    stranger.check_answers(&heard);
    let refusals = heard.iter().filter(|h| {
        attr(h, "id") == Some("odd") && error_of(h).is_some_and(|(name, _)| name == TOO_MUCH)
    });
    let odd = odd::stanzas(&addresses[0]);
    let refused = odd.iter().filter(|o| matches!(o.fate, Fate::Refused(_)));
    assert_eq!(refusals.count(), refused.count() * addresses.len());

    let lines = |word: &str| {
        (0..=rounds)
            .map(|n| format!("{word} {n}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(stage.told(&conversation.ticket), lines("reply"));
    let mut said = agent.heard(&conversation.room, "");
    let start = said.iter().position(|line| line == "question 0");
    said.drain(..start.expect("the first question"));
    said.sort_by_key(|line| line.starts_with("reply"));
    assert_eq!(said, [lines("question"), lines("reply")].concat());

    assert_eq!(figure(&stage, "warmline_xmpp_connects_total"), "1");
    assert_eq!(figure(&stage, "warmline_xmpp_link_up"), "1");
    assert_eq!(stage.warmline.get("/readyz").status, 200);
}

#[test]
fn a_stranger_s_questions_are_answered_at_each_address() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let addresses = addresses(&conversation.room);
    let mut stranger = Stranger::log_in(&stage);
    let query = |namespace: &str| format!("<query xmlns='{namespace}'/>");
    for to in &addresses[..3] {
        for (content, answer) in [
            (query(ns::DISCO_INFO), Payload(ns::DISCO_INFO)),
            (PING.to_owned(), Done),
            (query(ns::VERSION), Payload(ns::VERSION)),
            (query("urn:unknown"), Error(NOT_SERVED)),
        ] {
            stranger.ask("get", (to, &content), answer);
        }
        stranger.ask("set", (to, &query("urn:unknown")), Error(NOT_SERVED));
    }
    let heard = stranger.hear_all(&addresses);
    stranger.check_answers(&heard);
    for (to, kind) in [(0, "workgroup"), (1, "bot"), (2, "workgroup")] {
        let from = Some(addresses[to].as_str());
        let mut infos = heard.iter().filter(|h| attr(h, "from") == from);
        let info = infos.find_map(|h| child(h, "query", ns::DISCO_INFO));
        let identity = info.and_then(|info| child(info, "identity", ns::DISCO_INFO));
        let told = identity.and_then(|identity| attr(identity, "type"));
        assert_eq!(told, Some(kind), "{from:?}");
    }
}
