//! `[[channel]]`: one way in and out, with the keys that all kinds share.

use super::chat_api::ChatApi;
use super::problem::What;
use super::rapidpro::Rapidpro;
use super::reader::Reader;
use super::value::{Value, choice, not_one_of};

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
    /// The system behind it, with that system's own keys.
    pub kind: ChannelKind,
}

/// The systems that can stand behind a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// RapidPro's or Weni's Rocket.Chat ticketer.
    Rapidpro(Rapidpro),
    /// The chat API's visitors and users.
    ChatApi(Box<ChatApi>),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// When the request timed out.
    pub no_agent: Option<String>,
    /// When an agent entered the room.
    pub agent_joined: Option<String>,
    /// When the agent vanished and another one is sought.
    pub agent_away: Option<String>,
}

impl Texts {
    fn read(r: &mut Reader) -> Self {
        let mut text = |key, default: &str| {
            let said: String = r.or(key, default.to_owned());
            Some(said).filter(|said| !said.trim().is_empty())
        };
        Self {
            no_agent: text(
                "no_agent",
                "Nobody is free right now. Please try again later.",
            ),
            agent_joined: text("agent_joined", ""),
            agent_away: text(
                "agent_away",
                "The connection to your helper was lost. Please wait, somebody will be with you soon.",
            ),
        }
    }
}

impl Channel {
    pub(super) fn read(r: &mut Reader, allow_private: bool) -> Option<Self> {
        let id = r.need::<Id>("id").map(|Id(id)| id);
        if let Some(id) = &id {
            r.unique("channel id", "id", id);
        }
        let workgroup: Option<String> = r.need("workgroup");
        if let Some(name) = &workgroup {
            known_workgroup(r, "workgroup", name);
        }
        let when_no_agents = r.or("when_no_agents", WhenNoAgents::Queue);
        let on_request_timeout = r.or("on_request_timeout", OnRequestTimeout::Close);
        let texts = r.section("texts", Texts::read);
        let kind = read_kind(r, allow_private);
        Some(Self {
            id: id?,
            workgroup: workgroup?,
            when_no_agents,
            on_request_timeout,
            texts,
            kind: kind?,
        })
    }
}

fn read_kind(r: &mut Reader, allow_private: bool) -> Option<ChannelKind> {
    const KINDS: &[&str] = &["rapidpro", "chat_api"];
    const LATER: [&str; 4] = ["weni", "openchs", "rapidpro_external", "yalo"];
    let kind: Option<String> = r.need("kind");
    match kind.as_deref() {
        Some("rapidpro") => return Rapidpro::read(r, allow_private).map(ChannelKind::Rapidpro),
        Some("chat_api") => {
            let read = ChatApi::read(r);
            return read.map(|api| ChannelKind::ChatApi(Box::new(api)));
        }
        Some(later) if LATER.contains(&later) => {
            let name = later.to_owned();
            r.complain(
                "kind",
                What::NotAvailable {
                    what: "channel kind",
                    name,
                },
            );
        }
        Some(other) => r.complain("kind", not_one_of(KINDS, other)),
        None => {}
    }
    // Which further keys belong here depends on the kind.
    r.skip_the_rest();
    None
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
