//! The gateway of the OpenCHS child helplines: chatbots speak to it, Warmline is the helpline
//! behind it.

mod carrier;
mod codes;
mod list;
mod routes;
mod tokens;
pub mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use ipnet::IpNet;

use crate::ids::{ChannelId, WorkgroupName};

use super::PasswordHash;
use super::api::Api;

pub use super::Texts;
pub use carrier::OpenchsCarrier;
pub use codes::{Situation, table};
pub use routes::{Openchs, configure, told};

/// One helpline's gateway.
#[derive(Clone, Debug)]
pub struct OpenchsSettings {
    /// The channel.
    pub id: ChannelId,
    /// Where visitors wait.
    pub workgroup: WorkgroupName,
    /// Who may call.
    pub accounts: Vec<Account>,
    /// How long a token is good for.
    pub token_lifetime: Duration,
    /// Whether a message to a session that is closed begins another conversation.
    pub reopen: bool,
    /// Whether a session that nobody knows is begun only by a message that says so.
    pub strict: bool,
    /// Proxies that are believed when they tell whom they speak for.
    pub proxies: Vec<IpNet>,
    /// Whether the end of the wait ends the conversation.
    pub wait_ends: bool,
    /// What agents may see of the person.
    pub reveal: BTreeSet<Reveal>,
    /// How RapidPro is told.
    pub telling: Telling,
}

/// Somebody who may call.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user name or e-mail address; compared without regard to case.
    pub username: String,
    /// The password's hash.
    pub password: PasswordHash,
    /// As whom the account may speak.
    pub sources: BTreeSet<Source>,
    /// From where it may be used; empty for anywhere.
    pub allow_from: Vec<IpNet>,
}

/// As whom a caller speaks: `chat_source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The chatbot.
    Weni,
    /// What came in, as the original stores it.
    Inbox,
    /// What goes out.
    Outbox,
    /// The helpline.
    Helpline,
}

impl Source {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Weni, Self::Inbox, Self::Outbox, Self::Helpline];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weni => "WENI",
            Self::Inbox => "INBOX",
            Self::Outbox => "OUTBOX",
            Self::Helpline => "HELPLINE",
        }
    }
}

/// Something of the person that agents do not see unless configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reveal {
    /// `chat_sender`: often a telephone number.
    Sender,
    /// E-mail addresses in cases.
    Email,
    /// Telephone numbers in cases.
    Phone,
}

/// How RapidPro is told what the helpline has to say.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The workspace's API.
    pub api: Api,
    /// The scheme of a sender that is no URN and no UUID.
    pub scheme: String,
    /// The most characters of a text.
    pub text_limit: usize,
    /// Whether a broadcast begins with the counselor's pseudonym.
    pub name_counselor: bool,
    /// The flow that brings a counselor's words; broadcasts where there is none.
    pub reply_flow: Option<String>,
    /// The flow that hears what became of the visitor's words.
    pub receipt_flow: Option<String>,
    /// The flow that hears that nobody took the request in time.
    pub no_agent_flow: Option<String>,
    /// The flow that hears of an end that the helpline brought about.
    pub closed_flow: Option<String>,
    /// The flow that runs after every talk.
    pub on_close_flow: Option<String>,
    /// What the visitor is told where no flow tells it.
    pub texts: Texts,
}
