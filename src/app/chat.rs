//! The chat API, where a channel of its kind is configured.

use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::web::ServiceConfig;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use utoipa::openapi::OpenApi;

use crate::bridge::Typing;
use crate::chat_api::log::EventLog;
use crate::chat_api::{self, ChatApi, ChatApiSettings, Names, Parts, Reveal, RoomUrl};
use crate::chat_api::{ask, openapi, previews};
use crate::config::{self, Channel, ChannelKind, OnRequestTimeout, Settings, WhenNoAgents};
use crate::engine::Handle;
use crate::engine::groups::Groups;
use crate::ids::ChannelId;
use crate::outbox::Fetcher;
use crate::store::Store;
use crate::users::Sessions;

use super::xmpp::Side;
use super::{AppError, surfaces};

/// The channel of that kind; there is one at most.
pub(super) fn channel(settings: &Settings) -> Option<(&Channel, &config::ChatApi)> {
    settings
        .channels
        .iter()
        .find_map(|channel| match &channel.kind {
            ChannelKind::ChatApi(kind) => Some((channel, kind.as_ref())),
            _ => None,
        })
}

/// The log of events, where there is such a channel.
pub(super) fn log(settings: &Settings, store: &Arc<dyn Store>) -> Option<EventLog> {
    let (_, kind) = channel(settings)?;
    Some(EventLog::start(store.clone(), kind.event_ttl))
}

/// Typing that may wait to be shown; what is more is not shown.
const TYPING: usize = 256;

/// Where typing in rooms goes: to visitors' logs, past the store.
pub(super) fn typing(settings: &Settings, log: Option<&EventLog>) -> mpsc::Sender<Typing> {
    let (sender, mut typed) = mpsc::channel::<Typing>(TYPING);
    if let Some((channel, kind)) = channel(settings)
        && let Some(log) = log.cloned()
    {
        let names = names(settings, channel, kind);
        tokio::spawn(async move {
            while let Some(typing) = typed.recv().await {
                ask::show_typing(&log, &names, &typing);
            }
        });
    }
    sender
}

/// What stands behind the chat API.
pub(super) struct Behind {
    pub sessions: Arc<dyn Sessions>,
    pub store: Arc<dyn Store>,
    pub engine: Handle,
    pub groups: Groups,
}

impl Behind {
    /// With what the XMPP side has for it.
    pub fn of(side: &Side, store: Arc<dyn Store>, engine: Handle) -> Self {
        Self {
            sessions: side.sessions.clone(),
            groups: side.groups.clone(),
            store,
            engine,
        }
    }
}

/// The chat API as it runs.
pub(super) struct Chat {
    pub api: Arc<ChatApi>,
    log: EventLog,
    restoring: JoinHandle<()>,
}

impl Chat {
    /// Ends the streams of events, so that they do not hold the stop up. Browsers come back.
    pub fn stop(&self) {
        self.restoring.abort();
        self.log.stop();
    }
}

/// Starts the chat API, where there is such a channel.
///
/// # Errors
/// Pages for previews cannot be fetched, as TLS does not work here.
pub(super) fn start(
    settings: &Settings,
    log: Option<EventLog>,
    behind: Behind,
) -> Result<Option<Chat>, AppError> {
    let (Some((channel, kind)), Some(log)) = (channel(settings), log) else {
        return Ok(None);
    };
    let private = settings.outbound.allow_private_networks;
    let pages = kind.link_previews.then(|| previews::fetching(private));
    let parts = Parts {
        pages: pages.as_ref().map(Fetcher::new).transpose()?,
        sessions: behind.sessions,
        store: behind.store,
        log: log.clone(),
        engine: behind.engine,
        groups: behind.groups,
    };
    let api = ChatApi::new(chat_settings(settings, channel, kind), parts);
    let restored = api.clone();
    let restoring = tokio::spawn(async move { restored.restore().await });
    Ok(Some(Chat {
        api,
        log,
        restoring,
    }))
}

fn chat_settings(
    settings: &Settings,
    channel: &Channel,
    kind: &config::ChatApi,
) -> ChatApiSettings {
    let accounts = kind.accounts.iter();
    ChatApiSettings {
        channel: ChannelId::new(channel.id.clone()),
        master: kind.secret.clone(),
        accounts: accounts
            .map(|account| (account.username.clone(), account.password.clone()))
            .collect(),
        proxies: settings.http.trusted_proxies.clone(),
        allow_origins: kind.allow_origins.clone(),
        session_idle: kind.session_idle,
        wait: kind.wait,
        anonymous: kind.anonymous,
        anonymous_a_minute: NonZeroU32::new(kind.anonymous_per_minute).unwrap_or(NonZeroU32::MIN),
        refuse_without_agents: channel.when_no_agents == WhenNoAgents::Refuse,
        wait_ends: channel.on_request_timeout == OnRequestTimeout::Close,
        reveal: kind.reveal.iter().map(reveal).collect(),
        names: names(settings, channel, kind),
        fonts: kind.fonts.clone(),
        totp_issuer: kind.totp_issuer.clone(),
    }
}

fn reveal(what: &config::RevealToAgent) -> Reveal {
    match what {
        config::RevealToAgent::User => Reveal::User,
        config::RevealToAgent::Email => Reveal::Email,
        config::RevealToAgent::Details => Reveal::Details,
    }
}

/// How visitors are shown addresses, and what they are told.
pub(super) fn names(settings: &Settings, channel: &Channel, kind: &config::ChatApi) -> Names {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Names {
        domain: settings.xmpp.domain.to_string(),
        muc: settings.xmpp.muc.to_string(),
        rooms: RoomUrl(kind.room_url.clone()),
        texts: chat_api::Texts {
            agent_joined: text(&channel.texts.agent_joined),
            agent_lost: text(&channel.texts.agent_away),
            nobody_came: text(&channel.texts.no_agent),
        },
    }
}

/// Adds the chat API, where there is one, and the documentation of everything.
pub(super) fn configure(
    services: &mut ServiceConfig,
    (api, document): (Option<&Arc<ChatApi>>, &OpenApi),
) {
    openapi::configure(services, document);
    match api {
        Some(api) => chat_api::configure(services, api),
        None => chat_api::pages::configure_docs(services),
    }
}

/// The document of all that is served.
pub(super) fn document(settings: &Settings) -> OpenApi {
    openapi::document(&surfaces::all(settings), channel(settings).is_some())
}
