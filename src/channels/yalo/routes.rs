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
use actix_web::{HttpRequest, Resource, Route, Scope};
use tokio::runtime;
use tokio::sync::Semaphore;

use crate::bridge::{Answer, Input};
use crate::channels::HttpClient;
use crate::config::Role;
use crate::engine::{Handle, Memory};
use crate::telemetry::metrics as figures;

use super::credentials::{Attempts, Holder, Tokens};
use super::{Media, YaloSettings};

use rejection::Rejection;

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
    for place in ["/yalo/{channel}/v1", "/v1"] {
        let scope = web::scope(place).app_data(state.clone());
        let scope = scope.wrap_fn(|request, service| {
            let answered = service.call(request);
            async move { answered.await.inspect(count) }
        });
        services.service(resources(scope).default_service(web::to(reply::not_found)));
    }
}

fn resources<T>(scope: Scope<T>) -> Scope<T>
where
    T: actix_web::dev::ServiceFactory<
            actix_web::dev::ServiceRequest,
            Config = (),
            Response = ServiceResponse,
            Error = actix_web::Error,
            InitError = (),
        >,
{
    let get = web::get;
    scope
        .service(resource(
            "/welcome",
            "GET",
            vec![get().to(account::welcome)],
        ))
        .service(resource(
            "/authenticate",
            "POST",
            vec![web::post().to(account::authenticate)],
        ))
        .service(resource(
            "/tokens/check",
            "GET",
            vec![get().to(account::check)],
        ))
        .service(resource(
            "/chats/connect",
            "POST",
            vec![web::post().to(handoff::connect)],
        ))
        .service(resource(
            "/chat/finish/{user_id}",
            "DELETE, GET",
            vec![web::delete().to(handoff::finish), get().to(handoff::finish)],
        ))
        .service(resource(
            "/context/{user_id}",
            "GET",
            vec![get().to(handoff::context)],
        ))
        .service(resource(
            "/integrations/{provider}/webhook",
            "POST",
            vec![web::post().to(webhook::heard)],
        ))
        .service(resource(
            "/integrations/webhook/register/{provider}",
            "POST",
            vec![web::post().to(registration::register)],
        ))
        .service(resource(
            "/integrations/webhook/remove/{provider}",
            "DELETE",
            vec![web::delete().to(registration::remove)],
        ))
}

/// A path with and without a slash at its end, since not every client follows redirects with a body.
fn resource(path: &str, allowed: &'static str, routes: Vec<Route>) -> Resource {
    let both = [path.to_owned(), format!("{path}/")];
    let resource = web::resource(both);
    let resource =
        resource.default_service(web::to(move || async move { reply::wrong_method(allowed) }));
    routes.into_iter().fold(resource, Resource::route)
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
