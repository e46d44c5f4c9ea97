//! The endpoints of the platform's Salesforce integration.

mod account;
mod handoff;
mod registration;
mod rejection;
mod reply;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, Scope};
use tokio::runtime;
use tokio::sync::Semaphore;

use crate::bridge::{Answer, Input};
use crate::channels::HttpClient;
use crate::channels::table::{self, Place, Told, at};
use crate::config::Role;
use crate::engine::{Handle, Memory};
use crate::telemetry::metrics as figures;

use super::credentials::{Attempts, Holder, Tokens};
use super::{Media, YaloSettings};

use rejection::Rejection;

/// Where the endpoints lie: with a channel's name for machines with several of them.
const PREFIXES: [&str; 2] = ["/yalo/{channel}/v1", "/v1"];
/// How long a commit may take before the caller is told to try again.
const PATIENCE: Duration = Duration::from_secs(10);
/// Passwords that are checked at once: each takes 19 MiB and a processor.
const PASSWORDS_AT_ONCE: usize = 2;

/// What the routes stand on.
#[derive(Clone)]
pub struct Parts {
    /// The one writer.
    pub engine: Handle,
    /// What was said before conversations.
    pub memory: Memory,
    /// For calls to the platform.
    pub http: HttpClient,
    /// For links to media.
    pub media: Media,
}

/// All `yalo` channels of the process.
#[derive(Clone)]
pub struct Yalo {
    tenants: Arc<[Tenant]>,
    parts: Parts,
    passwords: Arc<Semaphore>,
    runtime: runtime::Handle,
}

struct Tenant {
    settings: Arc<YaloSettings>,
    tokens: Tokens,
    attempts: Attempts,
}

impl Yalo {
    /// Serves these channels. To be called within the tokio runtime that outlives the requests:
    /// what is done after an answer runs there.
    pub fn new(channels: impl IntoIterator<Item = Arc<YaloSettings>>, parts: Parts) -> Self {
        let tenants = channels.into_iter().map(|settings| Tenant {
            tokens: Tokens::new(&settings),
            attempts: Attempts::new(settings.keys.login_failures),
            settings,
        });
        Self {
            tenants: tenants.collect(),
            parts,
            passwords: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE)),
            runtime: runtime::Handle::current(),
        }
    }

    /// The channels that a request can be for: the one in its path, or all.
    fn tenants(&self, request: &HttpRequest) -> impl Iterator<Item = &Tenant> {
        let named = request.match_info().get("channel").map(str::to_owned);
        let all = self.tenants.iter();
        all.filter(move |tenant| {
            let id = tenant.settings.id.as_str();
            named.as_deref().is_none_or(|named| named == id)
        })
    }

    /// The channel of a request that bears no token.
    fn only_tenant(&self, request: &HttpRequest) -> Result<&Tenant, Rejection> {
        let mut fitting = self.tenants(request);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(Rejection::WhichChannel),
            (None, _) => Err(Rejection::UnknownPath),
        }
    }

    /// Whose token a request bears, and of which channel.
    fn caller(&self, request: &HttpRequest) -> Result<(&Tenant, Holder), Rejection> {
        let token = token(request)?;
        let mut found = self.tenants(request).filter_map(|tenant| {
            let holder = tenant.tokens.holder(&token)?;
            Some((tenant, holder))
        });
        found.next().ok_or(Rejection::WrongToken)
    }

    /// The same where only some may call.
    fn admitted(
        &self,
        request: &HttpRequest,
        may: impl Fn(&YaloSettings, Role) -> bool,
    ) -> Result<&Arc<YaloSettings>, Rejection> {
        let (tenant, holder) = self.caller(request)?;
        match may(&tenant.settings, holder.role) {
            true => Ok(&tenant.settings),
            false => Err(Rejection::WrongToken),
        }
    }

    async fn ask(&self, input: Input) -> Result<Answer, Rejection> {
        let asked = tokio::time::timeout(PATIENCE, self.parts.engine.ask(input)).await;
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Rejection::Unavailable),
        }
    }
}

/// The token of a request. A header goes before the query, also where it is no good.
fn token(request: &HttpRequest) -> Result<String, Rejection> {
    let header = request.headers().get(AUTHORIZATION);
    if let Some(header) = header.filter(|header| !header.is_empty()) {
        let header = header.to_str().map_err(|_| Rejection::WrongHeader)?;
        return match header.split(' ').collect::<Vec<_>>().as_slice() {
            ["Bearer", token] => Ok((*token).to_owned()),
            _ => Err(Rejection::WrongHeader),
        };
    }
    let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
    let token = query.find(|(key, _)| key == "token");
    let token = token.filter(|(_, token)| !token.is_empty());
    token
        .map(|(_, token)| token.into_owned())
        .ok_or(Rejection::NoToken)
}

/// Only what the platform itself may do.
fn platform_only(_: &YaloSettings, role: Role) -> bool {
    role == Role::Yalo
}

/// Adds `/v1/…`, and the same below `/yalo/{channel}` for machines with several channels; nothing
/// where there is no such channel.
pub fn configure(services: &mut ServiceConfig, state: &Data<Yalo>) {
    if state.tenants.is_empty() {
        return;
    }
    for prefix in PREFIXES {
        let scope = web::scope(prefix).app_data(state.clone());
        let scope = scope.wrap_fn(|request, service| {
            let answered = service.call(request);
            async move { answered.await.inspect(count) }
        });
        let resources = places()
            .into_iter()
            .map(|place| place.resource("", reply::wrong_method));
        let scope = resources.fold(scope, Scope::service);
        services.service(scope.default_service(web::to(reply::not_found)));
    }
}

/// The same for the document.
pub fn told() -> Vec<Told> {
    let told = |prefix: &&str| table::told("Yalo", prefix, &places());
    PREFIXES.iter().flat_map(told).collect()
}

fn places() -> Vec<Place> {
    vec![
        at("/welcome").get("Whether it is there.", web::to(account::welcome)),
        at("/authenticate").post("Get a token.", web::to(account::authenticate)),
        at("/tokens/check").get("Whether a token is good.", web::to(account::check)),
        at("/chats/connect").post("Hand a visitor over.", web::to(handoff::connect)),
        at("/chat/finish/{user_id}")
            .delete("End a visitor's conversation.", web::to(handoff::finish))
            .get("End a visitor's conversation.", web::to(handoff::finish)),
        at("/context/{user_id}").get(
            "What a visitor and the bot said.",
            web::to(handoff::context),
        ),
        at("/integrations/{provider}/webhook")
            .post("What was said on a messenger.", web::to(webhook::heard)),
        at("/integrations/webhook/register/{provider}")
            .post("Register the webhook.", web::to(registration::register)),
        at("/integrations/webhook/remove/{provider}")
            .delete("Remove the webhook.", web::to(registration::remove)),
    ]
}

fn count<B>(answer: &ServiceResponse<B>) {
    let request = answer.request();
    let state = request.app_data::<Data<Yalo>>();
    let channel = state.and_then(|state| {
        // Where a token tells the channel, it is not read twice for a figure.
        let tenant = state.only_tenant(request).ok()?;
        Some(tenant.settings.id.as_str())
    });
    figures::http_request(channel.unwrap_or("yalo"), answer.status().as_u16());
}
