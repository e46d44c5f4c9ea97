//! `[[channel]]`: one way in and out, with the keys that all kinds share.

use super::chat_api::ChatApi;
use super::openchs::{External, Openchs};
use super::problem::What;
use super::rapidpro::Rapidpro;
use super::reader::Reader;
use super::value::{Value, choice, not_one_of};
use super::weni::Weni;
use super::yalo::{self, Yalo};
use std::collections::BTreeMap;

/// One configured way in and out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Our own name of it, in logs, metrics and stored keys; never to be changed later.
    pub id: String,
    /// The workgroup that gets its requests; always one that is configured.
    pub workgroup: String,
    /// What happens to a request while no agent is online.
    pub when_no_agents: WhenNoAgents,
    /// What happens to a request that waited too long.
    pub on_request_timeout: OnRequestTimeout,
    /// What the visitor is told.
    pub texts: Texts,
    /// The same in other languages, by their tags (BCP 47) in lower case. A text that is missing
    /// there is told as it stands in `texts`.
    pub translations: BTreeMap<String, Texts>,
    /// The system behind it, with that system's own keys.
    pub kind: ChannelKind,
}

/// The systems that can stand behind a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// RapidPro's or Weni's Rocket.Chat ticketer.
    Rapidpro(Box<Rapidpro>),
    /// The OpenCHS gateway of a child helpline.
    Openchs(Box<Openchs>),
    /// RapidPro's External channel.
    External(Box<External>),
    /// The chat API's visitors and users.
    ChatApi(Box<ChatApi>),
    /// Yalo's WhatsApp and Facebook bots.
    Yalo(Box<Yalo>),
    /// Weni's generic ticketer.
    Weni(Box<Weni>),
}

impl ChannelKind {
    /// What happens to a request that waited too long, where it is not said. A helpline's waits on:
    /// there may be a child in danger behind it.
    fn usual_timeout(&self) -> OnRequestTimeout {
        match self {
            Self::Rapidpro(_) | Self::Yalo(_) | Self::Weni(_) | Self::ChatApi(_) => {
                OnRequestTimeout::Close
            }
            Self::Openchs(_) | Self::External(_) => OnRequestTimeout::Keep,
        }
    }
}

choice! {
    /// What happens to a request while no agent is online.
    WhenNoAgents {
        /// It waits.
        Queue = "queue",
        /// It is refused at once, in the channel's own words.
        Refuse = "refuse",
    }
}

choice! {
    /// What happens to a request that waited for the workgroup's `request_timeout`.
    OnRequestTimeout {
        /// The visitor is told and the conversation closed.
        Close = "close",
        /// The visitor is told once and goes on waiting.
        Keep = "keep",
    }
}

/// What the visitor is told on behalf of nobody in particular; `None` says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// When the request timed out.
    pub no_agent: Option<String>,
    /// When an agent entered the room.
    pub agent_joined: Option<String>,
    /// When the agent vanished and another one is sought.
    pub agent_away: Option<String>,
    /// When the request was taken.
    pub waiting: Option<String>,
    /// The place in the line, `{place}` in it.
    pub place: Option<String>,
    /// How long it may take, `{minutes}` in it; said where that is known, with the place.
    pub wait: Option<String>,
    /// When the conversation is over.
    pub ended: Option<String>,
    /// When no agent is online and the request is not taken.
    pub closed: Option<String>,
}

impl Texts {
    /// `more` where the kind tells visitors more than that nobody or somebody came.
    fn read(r: &mut Reader, more: bool, closed: &str) -> Self {
        let mut text = |key, default: &str| {
            let said: String = r.or(key, default.to_owned());
            Some(said).filter(|said| !said.trim().is_empty())
        };
        let mut texts = Self {
            no_agent: text(
                "no_agent",
                "Nobody is free right now. Please try again later.",
            ),
            agent_joined: text("agent_joined", ""),
            agent_away: text(
                "agent_away",
                "The connection to your helper was lost. Please wait, somebody will be with you soon.",
            ),
            ..Self::default()
        };
        if more {
            texts.waiting = text("waiting", "Please wait, somebody will be with you soon.");
            texts.place = text("place", "You are number {place} in the line.");
            texts.wait = text("wait", "It may take about {minutes} minutes.");
            texts.ended = text("ended", "");
            texts.closed = text("closed", closed);
        }
        texts
    }

    /// The same keys without defaults.
    fn translated(r: &mut Reader) -> Self {
        Self {
            no_agent: r.maybe("no_agent"),
            agent_joined: r.maybe("agent_joined"),
            agent_away: r.maybe("agent_away"),
            waiting: r.maybe("waiting"),
            place: r.maybe("place"),
            wait: r.maybe("wait"),
            ended: r.maybe("ended"),
            closed: r.maybe("closed"),
        }
    }
}

/// What visitors are told when nobody serves, unless their workgroup says it in other words.
const CLOSED: &str = "Nobody is here right now. Please try again later.";

impl Channel {
    pub(super) fn read(r: &mut Reader, allow_private: bool) -> Option<Self> {
        let id = r.need::<Id>("id").map(|Id(id)| id);
        if let Some(id) = &id {
            if id == OWN {
                r.complain("id", What::ReservedId);
            }
            r.unique("channel id", "id", id);
        }
        let workgroup: Option<String> = r.need("workgroup");
        if let Some(name) = &workgroup {
            known_workgroup(r, "workgroup", name);
        }
        let when_no_agents = r.or("when_no_agents", WhenNoAgents::Queue);
        let (kind, more) = read_kind(r, allow_private);
        let usual = kind.as_ref().map(ChannelKind::usual_timeout);
        let usual = usual.unwrap_or(OnRequestTimeout::Close);
        let on_request_timeout = r.or("on_request_timeout", usual);
        let closed = workgroup
            .as_ref()
            .and_then(|name| r.closed_text(name))
            .cloned();
        let closed = closed.unwrap_or_else(|| CLOSED.to_owned());
        let texts = r.section("texts", |r| Texts::read(r, more, &closed));
        let translations = match more {
            true => yalo::translations(r, Texts::translated),
            false => BTreeMap::new(),
        };
        Some(Self {
            id: id?,
            workgroup: workgroup?,
            when_no_agents,
            on_request_timeout,
            texts,
            translations,
            kind: kind?,
        })
    }
}

/// The kind with its own keys, and whether it has more texts than others.
fn read_kind(r: &mut Reader, allow_private: bool) -> (Option<ChannelKind>, bool) {
    const KINDS: &[&str] = &[
        "rapidpro",
        "openchs",
        "rapidpro_external",
        "yalo",
        "weni",
        "chat_api",
    ];
    let kind: Option<String> = r.need("kind");
    match kind.as_deref() {
        Some("rapidpro") => {
            let read = Rapidpro::read(r, allow_private);
            let read = read.map(|kind| ChannelKind::Rapidpro(Box::new(kind)));
            return (read, false);
        }
        Some("chat_api") => {
            let read = ChatApi::read(r);
            return (read.map(|kind| ChannelKind::ChatApi(Box::new(kind))), false);
        }
        Some("openchs") => {
            let read = Openchs::read(r, allow_private);
            return (read.map(|kind| ChannelKind::Openchs(Box::new(kind))), false);
        }
        Some("rapidpro_external") => {
            let read = External::read(r, allow_private);
            return (
                read.map(|kind| ChannelKind::External(Box::new(kind))),
                false,
            );
        }
        Some("yalo") => {
            let read = Yalo::read(r, allow_private);
            return (read.map(|yalo| ChannelKind::Yalo(Box::new(yalo))), true);
        }
        Some("weni") => {
            let read = Weni::read(r, allow_private);
            return (read.map(|weni| ChannelKind::Weni(Box::new(weni))), false);
        }
        Some(other) => r.complain("kind", not_one_of(KINDS, other)),
        None => {}
    }
    // Which further keys belong here depends on the kind.
    r.skip_the_rest();
    (None, false)
}

/// Records a problem when no workgroup of this name is configured.
pub(super) fn known_workgroup(r: &mut Reader, key: &str, name: &str) {
    let names = r.workgroups();
    if names.iter().any(|known| known == name) {
        return;
    }
    let meant = super::hint::nearest(name, names.iter().map(String::as_str));
    r.complain(
        key,
        What::UnknownWorkgroup {
            given: name.to_owned(),
            meant,
        },
    );
}

/// The id of the channel by which visitors at XMPP clients come; it is always there.
const OWN: &str = "xmpp";

/// A channel's id: it stands in URLs, metric labels and stored keys.
struct Id(String);

impl Value for Id {
    const EXPECTED: &'static str = "1 to 64 of the characters a-z, 0-9, \"-\" and \"_\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            })
        }
    }
}
