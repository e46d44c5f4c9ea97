//! The keys of a channel of kind `yalo` (reference: yalo §1, §4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use toml::Value as Toml;
use url::Url;

use super::channel::known_workgroup;
use super::on_close::OnClose;
use super::password::PasswordHash;
use super::problem::What;
use super::rapidpro::{Reveal, is_private};
use super::reader::Reader;
use super::secret::Secret;
use super::value::{MaybeOff, Positive, choice, type_name};

/// Bytes that a key for tokens has at least: those of the digest (RFC 7518 §3.2).
const TOKEN_KEY: usize = 32;

choice! {
    /// The messenger that a visitor writes in.
    Provider {
        /// WhatsApp; the platform's "outgoing" channel.
        Whatsapp = "whatsapp",
        /// Facebook Messenger; the platform's "passthrough" channel.
        Facebook = "facebook",
    }
}

impl Provider {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Whatsapp, Self::Facebook];

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Facebook => "facebook",
        }
    }

    /// The provider of this name on the wire.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

choice! {
    /// What an account may do.
    Role {
        /// Everything.
        Yalo = "YALO_ROLE",
        /// Checking its own token.
        Salesforce = "SALESFORCE_ROLE",
    }
}

impl Role {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yalo => "YALO_ROLE",
            Self::Salesforce => "SALESFORCE_ROLE",
        }
    }
}

choice! {
    /// How webhooks prove that they come from the platform: the header `x-yalochat-signature`.
    Signature {
        /// HMAC-SHA256 over the raw body, in hexadecimal.
        Hmac = "hmac",
        /// The secret itself.
        Shared = "shared",
        /// Not at all.
        Off = "off",
    }
}

/// Somebody who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name; of one account only, over all channels of this kind.
    pub username: String,
    /// The password, hashed.
    pub password: PasswordHash,
    /// What it may do.
    pub role: Role,
}

/// The platform's side of one messenger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bot {
    /// The platform's name for the way messages take; a part of every address called.
    pub api_channel: String,
    /// The bot; a part of every address called.
    pub bot_id: String,
    /// The bot's token for the platform.
    pub token: Secret,
    /// The bot's telephone number, or the page's id, for registering webhooks.
    pub phone: Option<String>,
    /// Where the bot goes on after a conversation.
    pub success_state: String,
    /// Where it goes on when nobody came.
    pub timeout_state: String,
    /// Where it goes on with a visitor who is blocked.
    pub blocked_state: String,
}

/// Where the bot is told to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateApi {
    /// The base of the addresses.
    pub url: Url,
    /// Its token.
    pub token: Option<Secret>,
}

/// The platform Yalo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yalo {
    /// Who may log in.
    pub accounts: Vec<Account>,
    /// What tokens are signed with.
    pub token_key: Secret,
    /// How long a token is good.
    pub token_ttl: Duration,
    /// How many wrong passwords a minute one address may send for one account.
    pub login_failures: u32,
    /// Who may read what a visitor and the bot said.
    pub context_readers: BTreeSet<Role>,
    /// What `client` says in it; the channel's id if not given.
    pub client: Option<String>,
    /// How webhooks prove where they come from.
    pub signature: Signature,
    /// What they prove it with.
    pub signature_secret: Option<Secret>,
    /// Types of WhatsApp messages that are not taken.
    pub ignore_types: Vec<String>,
    /// Whole messages, in lower case, that end a conversation.
    pub restart_keywords: Vec<String>,
    /// Visitors who get no conversation, by their ids on the platform.
    pub blocked_users: BTreeSet<String>,
    /// The member of `extraData` that chooses the workgroup.
    pub flow_field: String,
    /// Its value → a workgroup, perhaps for one messenger only.
    pub flows: Vec<Flow>,
    /// The member of `extraData` that tells the visitor's language.
    pub language_field: String,
    /// The language of visitors of whom nothing is told.
    pub language: Option<String>,
    /// How often visitors who wait are told their place; `None` never tells it.
    pub place_every: Option<Duration>,
    /// What of the visitor the agent may see.
    pub reveal: BTreeSet<Reveal>,
    /// The platform's API for messages and webhooks.
    pub api_url: Url,
    /// WhatsApp, where the channel has it.
    pub whatsapp: Option<Bot>,
    /// Facebook, where the channel has it.
    pub facebook: Option<Bot>,
    /// The older of the two ways to tell the bot where to go on.
    pub botrunner: Option<StateApi>,
    /// The newer one, used where both are configured.
    pub studio: Option<StateApi>,
    /// What runs in RapidPro after every talk.
    pub on_close: Option<OnClose>,
}

/// Which workgroup serves one flow of the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The flow's name.
    pub flow: String,
    /// The messenger that this is for; `None` is for both.
    pub provider: Option<Provider>,
    /// The workgroup.
    pub workgroup: String,
}

impl Yalo {
    /// The bot of a messenger.
    pub fn bot(&self, provider: Provider) -> Option<&Bot> {
        match provider {
            Provider::Whatsapp => self.whatsapp.as_ref(),
            Provider::Facebook => self.facebook.as_ref(),
        }
    }

    pub(super) fn read(r: &mut Reader, allow_private: bool) -> Option<Self> {
        let accounts = tables(r, "accounts", account);
        let token_key = r.need_secret("token_key", "token_key_file");
        if let Some(key) = &token_key
            && key.expose().len() < TOKEN_KEY
        {
            r.complain("token_key", What::TooShort(TOKEN_KEY));
        }
        let signature = r.or("signature", Signature::Hmac);
        let signature_secret = match signature {
            Signature::Off => r.maybe_secret("signature_secret", "signature_secret_file"),
            _ => r.need_secret("signature_secret", "signature_secret_file"),
        };
        let whatsapp = bot(r, "whatsapp", "outgoing_webhook");
        let facebook = bot(r, "facebook", "passthrough");
        if !r.has("whatsapp") && !r.has("facebook") {
            r.complain("whatsapp", What::NeitherOf("whatsapp", "facebook"));
        }
        let defaults = ["status", "notification-status"].map(str::to_owned);
        let readers = r.list("context_readers");
        Some(Self {
            token_ttl: r.or("token_ttl", Duration::from_secs(12 * 3600)),
            login_failures: r.or("login_failures", Positive(10)).0,
            context_readers: readers.unwrap_or(vec![Role::Yalo]).into_iter().collect(),
            client: r.maybe("client"),
            ignore_types: r.list("ignore_types").unwrap_or(defaults.to_vec()),
            restart_keywords: keywords(r),
            blocked_users: r
                .list("blocked_users")
                .unwrap_or_default()
                .into_iter()
                .collect(),
            flow_field: r.or("flow_field", "source_flow_bot".to_owned()),
            flows: tables(r, "flows", flow),
            language_field: r.or("language_field", "language".to_owned()),
            language: r.maybe("language"),
            place_every: r
                .or("place_every", MaybeOff(Some(Duration::from_secs(60))))
                .0,
            reveal: r.list("reveal").unwrap_or_default().into_iter().collect(),
            botrunner: state_api(
                r,
                ["botrunner_url", "botrunner_token", "botrunner_token_file"],
                allow_private,
            ),
            studio: state_api(
                r,
                ["studio_url", "studio_token", "studio_token_file"],
                allow_private,
            ),
            on_close: OnClose::read(r, allow_private),
            api_url: address(r, "api_url", allow_private)?,
            accounts,
            token_key: token_key?,
            signature,
            signature_secret,
            whatsapp,
            facebook,
        })
    }
}

fn keywords(r: &mut Reader) -> Vec<String> {
    let words: Vec<String> = r.list("restart_keywords").unwrap_or_default();
    let words: Vec<String> = words
        .iter()
        .map(|word| word.trim().to_lowercase())
        .collect();
    for (index, _) in words.iter().enumerate().filter(|(_, word)| word.is_empty()) {
        r.complain(&format!("restart_keywords[{index}]"), What::Empty);
    }
    words
}

/// A list of small tables; what is no table in it is a problem.
fn tables<T>(r: &mut Reader, key: &'static str, read: impl Fn(&mut Reader) -> Option<T>) -> Vec<T> {
    let mut found = Vec::new();
    for (place, entry) in r.entries(key).unwrap_or_default() {
        match entry {
            Toml::Table(table) => found.extend(r.within(&place, table, &read)),
            other => {
                let found = type_name(&other);
                r.complain(
                    &place,
                    What::WrongType {
                        expected: "a table",
                        found,
                    },
                );
            }
        }
    }
    found
}

fn account(r: &mut Reader) -> Option<Account> {
    let username: Option<String> = r.need("username");
    if let Some(name) = &username {
        r.unique("yalo account", "username", name);
    }
    let password = PasswordHash::read(r);
    let role = r.or("role", Role::Yalo);
    Some(Account {
        username: username?,
        password: password?,
        role,
    })
}

fn flow(r: &mut Reader) -> Option<Flow> {
    let flow = r.need("flow");
    let provider = r.maybe("provider");
    let workgroup: Option<String> = r.need("workgroup");
    if let Some(name) = &workgroup {
        known_workgroup(r, "workgroup", name);
    }
    Some(Flow {
        flow: flow?,
        provider,
        workgroup: workgroup?,
    })
}

fn bot(r: &mut Reader, key: &'static str, api_channel: &str) -> Option<Bot> {
    if !r.has(key) {
        return None;
    }
    r.section(key, |r| {
        let bot_id = r.need("bot_id");
        let token = r.need_secret("token", "token_file");
        let mut text = |key, default: &str| r.or(key, default.to_owned());
        let api_channel = text("api_channel", api_channel);
        let success_state = text("success_state", "from-sf-success");
        let timeout_state = text("timeout_state", "from-sf-timeout");
        let blocked_state = text("blocked_state", "from-sf-blocked");
        Some(Bot {
            api_channel,
            phone: r.maybe("phone"),
            success_state,
            timeout_state,
            blocked_state,
            bot_id: bot_id?,
            token: token?,
        })
    })
}

fn address(r: &mut Reader, key: &'static str, allow_private: bool) -> Option<Url> {
    let url = r.need::<Url>(key);
    if !allow_private && url.as_ref().is_some_and(is_private) {
        r.complain(key, What::PrivateAddress);
    }
    url
}

fn state_api(r: &mut Reader, keys: [&'static str; 3], allow_private: bool) -> Option<StateApi> {
    let [url, token, token_file] = keys;
    let token = r.maybe_secret(token, token_file);
    if !r.has(url) {
        return None;
    }
    let url = address(r, url, allow_private)?;
    Some(StateApi { url, token })
}

/// What visitors are told in one language besides the channel's own.
pub(super) fn translations(
    r: &mut Reader,
    read: impl Fn(&mut Reader) -> super::Texts,
) -> BTreeMap<String, super::Texts> {
    let all = r.sections("translation", |r| {
        let language: Option<String> = r.need("language");
        let texts = read(r);
        Some((language?.to_lowercase(), texts))
    });
    all.into_iter().collect()
}
