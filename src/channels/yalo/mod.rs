//! The platform Yalo with its WhatsApp and Facebook bots: we answer as its Salesforce integration
//! does, and call its API as that does.

mod carrier;
mod credentials;
mod platform;
mod routes;
mod verdict;
pub mod wire;

use std::collections::BTreeMap;

use ipnet::IpNet;
use url::Url;

use crate::bridge::Visitor;
use crate::config::{self, ChannelKind, OnRequestTimeout, Texts, WhenNoAgents};
use crate::ids::{ChannelId, VisitorToken, WorkgroupName};

pub use crate::channels::Media;
pub use carrier::YaloCarrier;
pub use routes::{Parts, Yalo, configure, told};

use config::{Bot, Provider};

/// One client of the platform.
#[derive(Clone, Debug)]
pub struct YaloSettings {
    /// The channel.
    pub id: ChannelId,
    /// Where visitors wait for whose flow no other workgroup is named.
    pub workgroup: WorkgroupName,
    /// Whether a request is refused when no agent is online.
    pub refuse_without_agents: bool,
    /// Whether the end of the wait ends the conversation.
    pub wait_ends: bool,
    /// What visitors are told.
    pub texts: Texts,
    /// The same in other languages.
    pub translations: BTreeMap<String, Texts>,
    /// How others reach us.
    pub public_url: Option<Url>,
    /// Proxies that are believed when they tell whom they speak for.
    pub proxies: Vec<IpNet>,
    /// Whether it is the only channel of its kind, so that its routes need not name it.
    pub alone: bool,
    /// The kind's own keys.
    pub keys: config::Yalo,
}

impl YaloSettings {
    /// Every channel of this kind.
    pub fn all(settings: &config::Settings) -> Vec<Self> {
        let kinds = settings.channels.iter();
        let ours: Vec<_> = kinds
            .filter_map(|channel| match &channel.kind {
                ChannelKind::Yalo(keys) => Some((channel, keys.as_ref())),
                _ => None,
            })
            .collect();
        let alone = ours.len() == 1;
        let one = |(channel, keys): (&config::Channel, &config::Yalo)| Self {
            id: ChannelId::new(channel.id.clone()),
            workgroup: WorkgroupName::new(channel.workgroup.clone()),
            refuse_without_agents: channel.when_no_agents == WhenNoAgents::Refuse,
            wait_ends: channel.on_request_timeout == OnRequestTimeout::Close,
            texts: channel.texts.clone(),
            translations: channel.translations.clone(),
            public_url: settings.http.public_url.clone(),
            proxies: settings.http.trusted_proxies.clone(),
            alone,
            keys: keys.clone(),
        };
        ours.into_iter().map(one).collect()
    }

    /// The visitor of this id in this messenger: the two give out their ids each on its own.
    pub fn visitor(&self, provider: Provider, user: &str) -> Visitor {
        Visitor {
            channel: self.id.clone(),
            token: VisitorToken::new(format!("{}:{user}", provider.as_str())),
        }
    }

    /// Whether this visitor gets no conversation.
    pub fn is_blocked(&self, user: &str) -> bool {
        self.keys.blocked_users.contains(user)
    }

    /// A sentence in the visitor's language, or else in the channel's own; empty where there is
    /// nothing to say.
    pub fn text(&self, language: Option<&str>, pick: fn(&Texts) -> &Option<String>) -> &str {
        let tag = language.map(|tag| tag.trim().to_lowercase().replace('_', "-"));
        let mut tag = tag.as_deref();
        while let Some(known) = tag {
            let translated = self.translations.get(known).map(pick);
            if let Some(Some(text)) = translated {
                return text;
            }
            // `es-mx` is told in `es` where there is nothing nearer (RFC 4647 §3.4).
            tag = known.rsplit_once('-').map(|(wider, _)| wider);
        }
        pick(&self.texts).as_deref().unwrap_or_default()
    }
}

/// Takes a visitor's token apart again.
fn person(token: &VisitorToken) -> Option<(Provider, &str)> {
    let (provider, user) = token.as_str().split_once(':')?;
    Some((Provider::named(provider)?, user))
}

/// Where in the bot a visitor is when a conversation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody has helped.
    Success,
    /// Nobody came.
    Timeout,
    /// The visitor gets no help here.
    Blocked,
}

impl State {
    /// Its name on the platform; empty where the bot is not told.
    fn of(self, bot: &Bot) -> &str {
        match self {
            Self::Success => &bot.success_state,
            Self::Timeout => &bot.timeout_state,
            Self::Blocked => &bot.blocked_state,
        }
    }
}
