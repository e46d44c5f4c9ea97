//! `[[workgroup]]`: a queue, its agents and its patience.

use super::face::Face;
use super::problem::{Problem, What};
use super::reader::{Book, Reader};
use super::routing::Routing;
use super::value::{MaybeOff, Positive, Value, not_one_of};
use jid::{BareJid, NodePart, ResourcePart};
use std::time::Duration;
use toml::Value as Toml;

/// One queue and its agents.
#[derive(Debug, Clone, PartialEq)]
pub struct Workgroup {
    /// Local part of its address `NAME@domain`, already in XMPP's normal form.
    pub name: String,
    /// What people call it; the name if not given.
    pub title: String,
    /// Who is asked.
    pub agents: Vec<Agent>,
    /// Who else may enter the rooms.
    pub supervisors: Vec<BareJid>,
    /// Conversations that one agent may have at once in this workgroup.
    pub max_chats: u32,
    /// How long one agent may think about an offer.
    pub offer_timeout: Duration,
    /// How long a request waits before the visitor is told that nobody is free.
    pub request_timeout: Duration,
    /// How long an agent who rejected is not asked about the same request.
    pub rejection_pause: Duration,
    /// How long an agent who left the room may stay away before the next one is asked.
    pub agent_return: Duration,
    /// How long an agent who accepted may take to enter the room.
    pub join_timeout: Duration,
    /// Silence after which a conversation is closed; `None` never closes it so.
    pub idle_close: Option<Duration>,
    /// What the clients of visitors at XMPP are shown.
    pub face: Face,
    /// Where its requests go.
    pub routing: Routing,
    /// Whether it was added by an administrator's command, and not by the file.
    pub added: bool,
}

/// Somebody who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The account.
    pub jid: BareJid,
    /// What visitors see; `None` leaves the choice to the program.
    pub pseudonym: Option<String>,
}

impl Workgroup {
    pub(super) fn read(r: &mut Reader) -> Option<Self> {
        let name = r.need::<Name>("name").map(|Name(name)| name);
        if let Some(name) = &name {
            r.unique("workgroup name", "name", name);
        }
        backend(r);
        let title: Option<String> = r.maybe("title");
        if title.as_ref().is_some_and(|title| title.trim().is_empty()) {
            r.complain("title", What::Empty);
        }
        let agents = agents(r);
        let accounts: Vec<BareJid> = agents.iter().map(|agent| agent.jid.clone()).collect();
        let secs = Duration::from_secs;
        Some(Self {
            agents,
            supervisors: r.list("supervisors").unwrap_or_default(),
            max_chats: r.or("max_chats", Positive(4)).0,
            offer_timeout: r.or("offer_timeout", secs(20)),
            request_timeout: r.or("request_timeout", secs(240)),
            rejection_pause: r.or("rejection_pause", secs(20)),
            agent_return: r.or("agent_return", secs(60)),
            join_timeout: r.or("join_timeout", secs(60)),
            idle_close: r.or("idle_close", MaybeOff(None)).0,
            face: Face::read(r),
            routing: Routing::read(r, name.as_deref().unwrap_or_default(), &accounts),
            title: title.or_else(|| name.clone())?,
            name: name?,
            added: false,
        })
    }

    /// One that stands in no file: what is not said is as usual.
    ///
    /// # Errors
    /// What is wrong with the name or the agents.
    pub fn added(name: &str, title: &str, agents: &[String]) -> Result<Self, Vec<Problem>> {
        let text = |text: &str| Toml::String(text.to_owned());
        let agents = agents.iter().map(|agent| text(agent)).collect();
        let mut table = toml::Table::new();
        table.insert("name".to_owned(), text(name));
        table.insert("agents".to_owned(), Toml::Array(agents));
        if !title.trim().is_empty() {
            table.insert("title".to_owned(), text(title));
        }
        let mut book = Book::default();
        match Reader::read_all(table, &mut book, Self::read) {
            Some(read) if book.problems.is_empty() => Ok(Self {
                added: true,
                ..read
            }),
            _ => Err(book.problems),
        }
    }
}

/// A workgroup's name: a local part in normal form that cannot be a visitor's.
struct Name(String);

impl Value for Name {
    const EXPECTED: &'static str =
        "the local part of an XMPP address in lower case, such as \"support\"";

    fn from_text(text: &str) -> Result<Self, What> {
        match NodePart::new(text) {
            Ok(node) if node.as_str() != text || text.contains('\\') => Err(malformed(text)),
            Ok(_) if text.starts_with("v-") => Err(What::ReservedPrefix),
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(malformed(text)),
        }
    }
}

fn malformed(given: &str) -> What {
    What::Malformed {
        expected: Name::EXPECTED,
        given: given.to_owned(),
    }
}

/// `backend` and its `address` are names of a later version (design §5); only `builtin` works.
fn backend(r: &mut Reader) {
    const BACKENDS: &[&str] = &["builtin"];
    let what = match r.maybe::<String>("backend").as_deref() {
        None | Some("builtin") => return,
        Some("fastpath") => {
            let _reserved: Option<String> = r.maybe("address");
            What::NotAvailable {
                what: "workgroup backend",
                name: "fastpath".to_owned(),
            }
        }
        Some(other) => not_one_of(BACKENDS, other),
    };
    r.complain("backend", what);
}

fn agents(r: &mut Reader) -> Vec<Agent> {
    let mut agents: Vec<Agent> = Vec::new();
    for (place, entry) in r.entries("agents").unwrap_or_default() {
        let agent = match entry {
            Toml::Table(table) => r.within(&place, table, agent),
            other => r.judge(&place, &other).map(|jid| Agent {
                jid,
                pseudonym: None,
            }),
        };
        let Some(agent) = agent else { continue };
        if agents.iter().any(|earlier| earlier.jid == agent.jid) {
            let first = "an earlier entry of this list".to_owned();
            r.complain(
                &place,
                What::Duplicate {
                    given: agent.jid.to_string(),
                    first,
                },
            );
        }
        agents.push(agent);
    }
    agents
}

fn agent(r: &mut Reader) -> Option<Agent> {
    let jid = r.need("jid");
    let pseudonym = r.maybe("pseudonym").map(|Pseudonym(name)| name);
    Some(Agent {
        jid: jid?,
        pseudonym,
    })
}

/// A name that can stand as a nick in a room (XEP-0045: a resource part).
struct Pseudonym(String);

impl Value for Pseudonym {
    const EXPECTED: &'static str = "a name that can be a nick in a room";

    fn from_text(text: &str) -> Result<Self, What> {
        match ResourcePart::new(text) {
            Ok(_) if !text.trim().is_empty() && !text.chars().any(char::is_control) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}
