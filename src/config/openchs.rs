//! The keys of channels of the kinds `openchs` and `rapidpro_external`: helplines behind RapidPro
//! (reference: rapidpro §4, §5).

use super::password::PasswordHash;
use super::problem::What;
use super::rapidpro::is_private;
use super::reader::Reader;
use super::secret::Secret;
use super::value::{Positive, choice, type_name};
use std::collections::BTreeSet;
use std::time::Duration;
use toml::Value as Toml;
use url::Url;
use uuid::Uuid;

/// The OpenCHS gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openchs {
    /// Who may call; at least one.
    pub accounts: Vec<Caller>,
    /// How long a token is good.
    pub token_ttl: Duration,
    /// What becomes of a message to a session that is closed.
    pub after_close: AfterClose,
    /// What of the visitor the agent may see.
    pub reveal: BTreeSet<Private>,
    /// RapidPro's REST API.
    pub api: RestApi,
    /// The most characters of a broadcast.
    pub text_limit: u32,
    /// Whether a broadcast begins with the counselor's pseudonym.
    pub name_counselor: bool,
    /// The flow that brings a counselor's words; `None` broadcasts them.
    pub reply_flow: Option<Uuid>,
    /// The flow that hears what became of the visitor's words.
    pub receipt_flow: Option<Uuid>,
    /// The flow that hears that nobody took the request in time.
    pub no_agent_flow: Option<Uuid>,
    /// The flow that hears of an end that the helpline brought about.
    pub closed_flow: Option<Uuid>,
    /// The flow that runs after every talk.
    pub on_close_flow: Option<Uuid>,
}

/// RapidPro's External channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The value of `Authorization` that RapidPro sends.
    pub secret: Secret,
    /// The channel at courier: `https://HOST/c/ex/UUID`.
    pub courier_url: Url,
    /// A text of RapidPro that ends a conversation.
    pub end_text: Option<String>,
    /// What RapidPro hears of the end; `None` nothing.
    pub closed_text: Option<String>,
    /// RapidPro's REST API and the flow that runs after every talk.
    pub on_close: Option<(RestApi, Uuid)>,
}

/// RapidPro's REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestApi {
    /// `https://HOST/api/v2`.
    pub url: Url,
    /// The workspace's token.
    pub token: Secret,
    /// The scheme of a contact that is neither a URN nor a UUID.
    pub contact_scheme: String,
}

/// An account that may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name or e-mail address; of one account only, over all channels of this kind.
    pub username: String,
    /// The password, hashed.
    pub password: PasswordHash,
    /// As whom it may speak.
    pub sources: BTreeSet<ChatSource>,
}

choice! {
    /// What becomes of a message to a session that is closed.
    AfterClose {
        /// 409, and it is not taken.
        Refuse = "refuse",
        /// Another conversation begins.
        Hunt = "hunt",
    }
}

choice! {
    /// A personal detail of the visitor.
    Private {
        /// `chat_sender`.
        Sender = "sender",
        /// E-mail addresses in cases.
        Email = "email",
        /// Telephone numbers in cases.
        Phone = "phone",
    }
}

choice! {
    /// As whom an account may speak (`chat_source`).
    ChatSource {
        /// The chatbot.
        Weni = "WENI",
        /// What came in.
        Inbox = "INBOX",
        /// A desk beside Warmline; only to close.
        Outbox = "OUTBOX",
        /// The same.
        Helpline = "HELPLINE",
    }
}

impl Openchs {
    pub(super) fn read(r: &mut Reader, allow_private: bool) -> Option<Self> {
        let accounts = accounts(r);
        let api = api(r, allow_private);
        Some(Self {
            token_ttl: r.or("token_ttl", Duration::from_secs(12 * 3600)),
            after_close: r.or("after_close", AfterClose::Refuse),
            reveal: r.list("reveal").unwrap_or_default().into_iter().collect(),
            text_limit: r.or("text_limit", Positive(640)).0,
            name_counselor: r.or("name_counselor", true),
            reply_flow: r.maybe("reply_flow"),
            receipt_flow: r.maybe("receipt_flow"),
            no_agent_flow: r.maybe("no_agent_flow"),
            closed_flow: r.maybe("closed_flow"),
            on_close_flow: r.maybe("on_close_flow"),
            accounts: accounts?,
            api: api?,
        })
    }
}

impl External {
    pub(super) fn read(r: &mut Reader, allow_private: bool) -> Option<Self> {
        let secret = r.need_secret("secret", "secret_file");
        let courier_url = r.need::<Url>("courier_url");
        public(r, "courier_url", (courier_url.as_ref(), allow_private));
        if let Some(url) = courier_url.as_ref().filter(|url| !names_channel(url)) {
            r.complain(
                "courier_url",
                What::Malformed {
                    expected: "an address that ends in /c/ex/ and a UUID in lower case",
                    given: url.origin().ascii_serialization(),
                },
            );
        }
        let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let flow = r.maybe::<Uuid>("on_close_flow");
        let api = flow.and_then(|_| api(r, allow_private));
        if flow.is_none() {
            // They are for the flow only, and known all the same.
            let _unused: Option<Url> = r.maybe("api_url");
            let _unused = r.maybe_secret("api_token", "api_token_file");
            let _unused: Option<String> = r.maybe("contact_scheme");
        }
        Some(Self {
            end_text: text(r.maybe("end_text")),
            closed_text: text(r.maybe("closed_text")),
            on_close: api.zip(flow),
            secret: secret?,
            courier_url: courier_url?,
        })
    }
}

/// Whether the path is that of an External channel at courier, which knows only lower case.
fn names_channel(url: &Url) -> bool {
    let path = url.path().trim_end_matches('/');
    path.split_once("/c/ex/").is_some_and(|(_, uuid)| {
        let plain = uuid.len() == 36 && uuid.to_lowercase() == uuid;
        plain && Uuid::try_parse(uuid).is_ok()
    })
}

fn api(r: &mut Reader, allow_private: bool) -> Option<RestApi> {
    let url = r.need::<Url>("api_url");
    public(r, "api_url", (url.as_ref(), allow_private));
    let token = r.need_secret("api_token", "api_token_file");
    let contact_scheme: String = r.or("contact_scheme", "tel".to_owned());
    if contact_scheme.is_empty() || !contact_scheme.bytes().all(|b| b.is_ascii_lowercase()) {
        r.complain(
            "contact_scheme",
            What::Malformed {
                expected: "the scheme of a URN in lower case, such as \"tel\"",
                given: contact_scheme.clone(),
            },
        );
    }
    Some(RestApi {
        url: url?,
        token: token?,
        contact_scheme,
    })
}

fn public(r: &mut Reader, key: &str, (url, allow_private): (Option<&Url>, bool)) {
    if !allow_private && url.is_some_and(is_private) {
        r.complain(key, What::PrivateAddress);
    }
}

fn accounts(r: &mut Reader) -> Option<Vec<Caller>> {
    let entries = r.entries("accounts");
    let Some(entries) = entries.filter(|entries| !entries.is_empty()) else {
        r.complain("accounts", What::Missing);
        return None;
    };
    let mut accounts = Vec::new();
    for (place, entry) in entries {
        match entry {
            Toml::Table(table) => accounts.extend(r.within(&place, table, account)),
            other => r.complain(
                &place,
                What::WrongType {
                    expected: "a table",
                    found: type_name(&other),
                },
            ),
        }
    }
    Some(accounts)
}

fn account(r: &mut Reader) -> Option<Caller> {
    let username: Option<String> = r.need("username");
    if let Some(name) = &username {
        r.unique("openchs account", "username", &name.to_lowercase());
    }
    let hash = r.need_secret("password_hash", "password_hash_file");
    let password = hash.and_then(|hash| {
        let hash = PasswordHash::parse(hash.expose());
        if hash.is_none() {
            r.complain("password_hash", What::NotAPasswordHash);
        }
        hash
    });
    let usual = vec![ChatSource::Weni, ChatSource::Inbox];
    let sources = r.list("sources").unwrap_or(usual);
    Some(Caller {
        username: username?,
        password: password?,
        sources: sources.into_iter().collect(),
    })
}
