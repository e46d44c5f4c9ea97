//! The chat API: REST and Server-Sent Events for web visitors and web agents, as Openfire's "ofchat"
//! plugin had them (reference: chat-api), beside the XMPP server instead of inside of it.

mod accounts;
pub mod ask;
mod call;
mod changes;
mod codes;
mod crowd;
mod desk;
mod failure;
mod gate;
mod grants;
pub mod log;
pub mod openapi;
pub mod pages;
mod pdf;
pub mod previews;
mod routes;
mod samples;
mod serve;
mod sse;
pub mod wire;

pub use ask::ChatCarrier;
pub use serve::configure;
pub use wire::RoomUrl;
pub use wire::visitor::{Names, Texts};

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tracing::warn;

use crate::config::{PasswordHash, Secret};
use crate::engine::groups::Groups;
use crate::engine::{Handle, now};
use crate::ids::{ChannelId, Timestamp};
use crate::outbox::Fetcher;
use crate::store::Store;
use crate::users::Sessions;

use accounts::Accounts;
use codes::Codes;
use crowd::{Crowd, Ration};
use desk::Desk;
use failure::Failure;
use gate::{Caller, Gate};
use grants::Grants;
use log::EventLog;
use pdf::Press;
use previews::Previews;

/// How the chat API is set up.
#[derive(Clone, Debug)]
pub struct ChatApiSettings {
    /// The channel by which visitors ask.
    pub channel: ChannelId,
    /// The master secret; without one only users' own passwords count.
    pub master: Option<Secret>,
    /// Users of our own domain who have a password in the configuration, by name in lower case. Others
    /// are made over the API.
    pub accounts: HashMap<String, PasswordHash>,
    /// Proxies of the operator's own, whose word for the caller's address counts.
    pub proxies: Vec<IpNet>,
    /// Origins whose pages may call from a browser, as browsers write them.
    pub allow_origins: Vec<String>,
    /// How long a session stays that nobody uses or watches.
    pub session_idle: Duration,
    /// How long `POST /ask` waits where the caller does not say; not at all where `None`.
    pub wait: Option<Duration>,
    /// Whether visitors may ask without credentials.
    pub anonymous: bool,
    /// How many may do so in a minute from one address.
    pub anonymous_a_minute: NonZeroU32,
    /// Whether a request is refused when no agent is online.
    pub refuse_without_agents: bool,
    /// Whether the end of the wait ends the conversation.
    pub wait_ends: bool,
    /// What agents may see of a visitor.
    pub reveal: BTreeSet<Reveal>,
    /// How visitors are shown addresses.
    pub names: Names,
    /// Where fonts for PDF files are; the system's own where none are named.
    pub fonts: Vec<PathBuf>,
    /// Who gives one-time codes, as authenticators show it.
    pub totp_issuer: String,
}

/// Something of a visitor that agents see only where configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reveal {
    /// The name that the visitor has given.
    User,
    /// The e-mail address.
    Email,
    /// Whatever else the request tells.
    Details,
}

/// What stands behind the chat API.
pub struct Parts {
    /// Where sessions come from.
    pub sessions: Arc<dyn Sessions>,
    /// Where tokens are kept.
    pub store: Arc<dyn Store>,
    /// Where events go.
    pub log: EventLog,
    /// Who decides about visitors' requests.
    pub engine: Handle,
    /// The workgroups, and the way to whoever changes them.
    pub groups: Groups,
    /// What fetches pages for previews of links; without one there are none.
    pub pages: Option<Fetcher>,
}

/// Everything behind the routes.
pub struct ChatApi {
    pub(crate) settings: ChatApiSettings,
    pub(crate) gate: Gate,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) codes: Codes,
    pub(crate) press: Press,
    pub(crate) desk: Desk,
    pub(crate) grants: Grants,
    pub(crate) log: EventLog,
    pub(crate) engine: Handle,
    pub(crate) groups: Groups,
    started: Timestamp,
    pub(crate) crowd: Crowd<IpAddr>,
    /// Places for files.
    pub(crate) slots: Ration,
    /// Looks at pages.
    pub(crate) looks: Ration,
    pub(crate) previews: Option<Previews>,
}

impl ChatApi {
    /// Sets it up. To be called within the tokio runtime that outlives the requests.
    pub fn new(settings: ChatApiSettings, parts: Parts) -> Arc<Self> {
        let Parts {
            sessions,
            store,
            log,
            engine,
            groups,
            pages,
        } = parts;
        let desk = Desk::new(desk::Parts {
            sessions: sessions.clone(),
            store: store.clone(),
            log: log.clone(),
            rooms: settings.names.rooms.clone(),
            idle: settings.session_idle,
        });
        let accounts = Accounts::new(settings.accounts.clone(), store.clone());
        let accounts = Arc::new(accounts);
        let api = Arc::new(Self {
            gate: Gate::new(settings.master.clone(), accounts.clone(), sessions),
            accounts,
            codes: Codes::new(store.clone(), settings.totp_issuer.clone()),
            crowd: Crowd::new(settings.anonymous_a_minute),
            slots: Ration::new(settings.anonymous_a_minute),
            looks: Ration::new(settings.anonymous_a_minute),
            previews: pages.map(Previews::new),
            grants: Grants::new(store),
            press: Press::new(settings.fonts.clone()),
            settings,
            desk,
            log,
            engine,
            groups,
            started: now(),
        });
        tokio::spawn(tidy(Arc::downgrade(&api)));
        api
    }

    /// Looks at an `Authorization` header, where more is done than to log in: a password of who needs
    /// one-time codes counts only while a session is open that was logged in with one.
    pub(crate) async fn admit(
        &self,
        header: Option<&[u8]>,
        from: IpAddr,
    ) -> Result<Caller, Failure> {
        let mut caller = self.gate.admit(header, from).await?;
        if let Caller::User(user) = &mut caller {
            user.needs_code = self.needs_code(&user.bare).await?;
        }
        Ok(caller)
    }

    /// Whether a user, by bare address, needs one-time codes.
    ///
    /// # Errors
    /// The user does, and has no session that was logged in with one.
    pub(crate) async fn needs_code(&self, bare: &str) -> Result<bool, Failure> {
        if !self.codes.is_enrolled(bare).await? {
            return Ok(false);
        }
        match self.desk.has_shown_code(bare).await? {
            true => Ok(true),
            false => Err(Failure::NotLoggedIn),
        }
    }

    /// Takes up the sessions that were open before a restart.
    pub async fn restore(&self) {
        self.forget_changed().await;
        self.desk.restore().await;
    }

    /// What was given out to users of the configuration whose passwords are others since the last
    /// start is good no more.
    async fn forget_changed(&self) {
        const AGAIN: Duration = Duration::from_secs(1);
        let domain = self.desk.sessions().places().domain;
        let bare = |name: &str| format!("{name}@{domain}");
        loop {
            match self.accounts.forget_changed(self.started, &bare).await {
                Ok(changed) => {
                    changed.iter().for_each(|name| self.gate.revoke(name));
                    return;
                }
                Err(problem) => warn!(%problem, "changed passwords cannot be looked for"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// Now and then forgets who has been quiet.
async fn tidy(api: std::sync::Weak<ChatApi>) {
    const EVERY: Duration = Duration::from_mins(1);
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(api) = api.upgrade() else {
            return;
        };
        api.gate.tidy();
        api.codes.tidy();
        api.crowd.tidy();
        api.slots.tidy();
        api.looks.tidy();
    }
}
