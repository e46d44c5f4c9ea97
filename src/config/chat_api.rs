//! The keys of a channel of kind `chat_api`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use jid::NodePart;
use toml::Value as Toml;
use url::Url;

use super::password::PasswordHash;
use super::problem::What;
use super::reader::Reader;
use super::secret::Secret;
use super::value::{MaybeOff, Positive, Value, choice, type_name};

/// The longest that `POST /ask` may wait (chat API §3.1).
const LONGEST_WAIT: Duration = Duration::from_secs(180);

/// REST and Server-Sent Events for web visitors and web agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatApi {
    /// The master secret, sent raw in `Authorization`; `None` leaves only users' own passwords.
    pub secret: Option<Secret>,
    /// Users of our own domain who have a password.
    pub accounts: Vec<Account>,
    /// Origins whose pages may call from a browser.
    pub allow_origins: Vec<String>,
    /// How long a session stays that nobody uses or watches.
    pub session_idle: Duration,
    /// How long events are kept to be read again.
    pub event_ttl: Duration,
    /// How long `POST /ask` waits for an agent where the caller does not say; `None` not at all.
    pub wait: Option<Duration>,
    /// Whether visitors may ask without credentials.
    pub anonymous: bool,
    /// How many may do so in a minute from one address.
    pub anonymous_per_minute: u32,
    /// What of a visitor the agent may see.
    pub reveal: BTreeSet<RevealToAgent>,
    /// Where fonts for PDF files are; the system's own where none are named.
    pub fonts: Vec<PathBuf>,
    /// Who gives one-time codes, as authenticators show it.
    pub totp_issuer: String,
    /// How a conversation's page is found: `{room}` is the room's name, `{jid}` its address.
    pub room_url: String,
    /// Whether pages that callers name are fetched for previews.
    pub link_previews: bool,
}

/// A user of our own domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The local part of the address, in lower case.
    pub username: String,
    /// The password's hash.
    pub password: PasswordHash,
}

choice! {
    /// Something that a visitor's request tells.
    RevealToAgent {
        /// The name that the visitor has given.
        User = "user",
        /// The e-mail address.
        Email = "email",
        /// All other fields.
        Details = "details",
    }
}

impl ChatApi {
    pub(super) fn read(r: &mut Reader) -> Option<Self> {
        // Its routes tell no channel.
        r.unique("chat_api channel", "kind", "chat_api");
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let all = [
            RevealToAgent::User,
            RevealToAgent::Email,
            RevealToAgent::Details,
        ];
        let reveal = r.list("reveal").unwrap_or_else(|| all.to_vec());
        let origins = r.list::<Origin>("allow_origins").unwrap_or_default();
        let wait = r.or("wait", MaybeOff(None)).0;
        if wait.is_some_and(|wait| wait > LONGEST_WAIT) {
            r.complain("wait", What::AtMost("180s"));
        }
        let room_url = r.or("room_url", "xmpp:{jid}?join".to_owned());
        if !room_url.contains("{room}") && !room_url.contains("{jid}") {
            let what = What::Malformed {
                expected: "an address with {room} or {jid} in it",
                given: room_url.clone(),
            };
            r.complain("room_url", what);
        }
        Some(Self {
            secret: r.maybe_secret("secret", "secret_file"),
            accounts: accounts(r),
            allow_origins: origins.into_iter().map(|Origin(origin)| origin).collect(),
            session_idle: r.or("session_idle", hours(1) / 2),
            event_ttl: r.or("event_ttl", hours(24)),
            anonymous: r.or("anonymous", true),
            anonymous_per_minute: r.or("anonymous_per_minute", Positive(30)).0,
            reveal: reveal.into_iter().collect(),
            link_previews: r.or("link_previews", false),
            room_url,
            fonts: r.list("fonts").unwrap_or_default(),
            totp_issuer: r.or("totp_issuer", Issuer("Warmline".to_owned())).0,
            wait,
        })
    }
}

fn accounts(r: &mut Reader) -> Vec<Account> {
    let mut accounts = Vec::new();
    for (place, entry) in r.entries("accounts").unwrap_or_default() {
        match entry {
            Toml::Table(table) => accounts.extend(r.within(&place, table, account)),
            other => {
                let found = type_name(&other);
                let expected = "a table";
                r.complain(&place, What::WrongType { expected, found });
            }
        }
    }
    accounts
}

fn account(r: &mut Reader) -> Option<Account> {
    let username = r.need::<Username>("username").map(|Username(name)| name);
    if let Some(name) = &username {
        r.unique("chat_api account", "username", name);
        if r.workgroups().contains(name) {
            r.complain("username", What::SameAs("the names of workgroups"));
        }
    }
    let password = PasswordHash::read(r);
    Some(Account {
        username: username?,
        password: password?,
    })
}

/// A user's name: a local part in normal form that cannot be a visitor's.
struct Username(String);

impl Value for Username {
    const EXPECTED: &'static str =
        "the local part of an XMPP address in lower case, such as \"alice\"";

    fn from_text(text: &str) -> Result<Self, What> {
        match NodePart::new(text) {
            Ok(_) if text.starts_with("v-") => Err(What::ReservedPrefix),
            Ok(node) if node.as_str() == text && !text.contains('\\') => Ok(Self(text.to_owned())),
            _ => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}

/// Who gives one-time codes; a colon would part it from the user's name.
struct Issuer(String);

impl Value for Issuer {
    const EXPECTED: &'static str =
        "a name such as \"Helpline\" without a colon, of 64 letters at most";

    fn from_text(text: &str) -> Result<Self, What> {
        let fits = !text.trim().is_empty() && text.chars().count() <= 64;
        match fits && !text.contains(|c: char| c == ':' || c.is_control()) {
            true => Ok(Self(text.to_owned())),
            false => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}

/// An origin as browsers write it (RFC 6454 §6.1).
struct Origin(String);

impl Value for Origin {
    const EXPECTED: &'static str = "an origin such as \"https://www.example.org\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let origin = Url::parse(text).map(|url| url.origin().ascii_serialization());
        match origin {
            Ok(origin) if origin == text => Ok(Self(origin)),
            _ => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}
