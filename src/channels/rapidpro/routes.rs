//! The Tickets app's endpoints as RapidPro and mailroom call them.

mod import;
mod rejection;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use tokio::runtime;
use uuid::Uuid;

use crate::bridge::{Answer, Input};
use crate::channels::http::{not_found, read_body, wrong_method};
use crate::channels::table::{self, Place, Told, at};
use crate::channels::{AddressBook, HttpClient, again};
use crate::engine::{Handle, now};
use crate::ids::{ConversationId, MessageId};
use crate::telemetry::metrics as figures;

use super::{RapidProSettings, wire};

use import::Handed;
use rejection::Rejection;

/// Where the app's endpoints lie.
const PREFIX: &str = "/api/apps/public";

/// Mailroom waits 15 s and holds the contact's lock meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// All `rapidpro` channels of the process.
#[derive(Clone)]
pub struct RapidPro {
    tenants: HashMap<String, Arc<RapidProSettings>>,
    engine: Handle,
    book: AddressBook,
    http: HttpClient,
    runtime: runtime::Handle,
}

impl RapidPro {
    /// Serves these channels. To be called within the tokio runtime that outlives the requests:
    /// what is done after an answer runs there.
    pub fn new(
        channels: impl IntoIterator<Item = Arc<RapidProSettings>>,
        engine: Handle,
        book: AddressBook,
        http: HttpClient,
    ) -> Self {
        let tenants = channels
            .into_iter()
            .map(|settings| (settings.app_id.to_lowercase(), settings));
        Self {
            tenants: tenants.collect(),
            engine,
            book,
            http,
            runtime: runtime::Handle::current(),
        }
    }

    fn tenant(&self, request: &HttpRequest) -> Result<&Arc<RapidProSettings>, Rejection> {
        let app = request.match_info().get("app").unwrap_or_default();
        self.tenants
            .get(&app.to_lowercase())
            .ok_or(Rejection::UnknownApp)
    }

    async fn ask(&self, input: Input) -> Result<Answer, Rejection> {
        let asked = tokio::time::timeout(PATIENCE, self.engine.ask(input)).await;
        match asked {
            Ok(Ok(Answer::Refused(refusal))) => Err(refusal.into()),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Rejection::Unavailable),
        }
    }
}

/// Adds `/api/apps/public/{app id}/…`, each path with and without a slash at its end: Go's client
/// drops the body when it follows a redirect.
pub fn configure(services: &mut ServiceConfig, state: Data<RapidPro>) {
    let scope = web::scope(PREFIX)
        .app_data(state)
        .wrap_fn(|request, service| {
            let answered = service.call(request);
            async move { answered.await.inspect(count) }
        });
    let resources = places()
        .into_iter()
        .map(|place| place.resource("", wrong_method));
    let scope = resources.fold(scope, actix_web::Scope::service);
    services.service(scope.default_service(web::to(not_found)));
}

/// The same for the document.
pub fn told() -> Vec<Told> {
    table::told("RapidPro", PREFIX, &places())
}

fn places() -> Vec<Place> {
    vec![
        at("/{app}/secret.check").get("Whether the secret is right.", web::to(secret_check)),
        at("/{app}/settings")
            .get("Where RapidPro is called back.", web::to(settings_shown))
            .put("Tell where to call back.", web::to(settings_learnt)),
        // RapidPro's own calls are GETs with bodies.
        at("/{app}/room")
            .get("Open a ticket.", web::to(room))
            .post("Open a ticket.", web::to(room)),
        at("/{app}/room.close")
            .get("Close a ticket.", web::to(room_close))
            .post("Close a ticket.", web::to(room_close)),
        at("/{app}/visitor-message").post("Say something.", web::to(visitor_message)),
    ]
}

fn count<B>(answer: &ServiceResponse<B>) {
    let state = answer.request().app_data::<Data<RapidPro>>();
    let settings = state.and_then(|state| state.tenant(answer.request()).ok());
    let channel = settings.map_or("unknown", |settings| settings.id.as_str());
    figures::http_request(channel, answer.status().as_u16());
}

/// `Authorization: Token <secret>`, to the letter, as the app compares it.
fn admit(request: &HttpRequest, settings: &RapidProSettings) -> Result<(), Rejection> {
    let header = request.headers().get(AUTHORIZATION);
    let given = header.and_then(|value| value.as_bytes().strip_prefix(b"Token "));
    match given {
        _ if settings.secret.expose().is_empty() => Err(Rejection::NoSecret),
        Some(given) if settings.secret.matches(given) => Ok(()),
        _ => {
            tracing::warn!(channel = %settings.id, "a call without the right secret");
            Err(Rejection::WrongSecret)
        }
    }
}

/// The app's order of checks: content type, secret, then the body.
async fn admitted_body(
    request: &HttpRequest,
    settings: &RapidProSettings,
    payload: Payload,
) -> Result<Bytes, Rejection> {
    let header = request.headers().get(CONTENT_TYPE);
    let kind = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Rejection::ContentType);
    }
    admit(request, settings)?;
    Ok(read_body(payload).await?)
}

async fn secret_check(
    request: HttpRequest,
    state: Data<RapidPro>,
) -> Result<HttpResponse, Rejection> {
    admit(&request, state.tenant(&request)?)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "status": "ok" })))
}

async fn settings_shown(
    request: HttpRequest,
    state: Data<RapidPro>,
) -> Result<HttpResponse, Rejection> {
    let settings = state.tenant(&request)?;
    admit(&request, settings)?;
    let url = state.book.find(&settings.id);
    let url = url.or_else(|| settings.callback_url.clone());
    Ok(HttpResponse::Ok().json(serde_json::json!({ "webhook": { "url": url } })))
}

async fn settings_learnt(
    request: HttpRequest,
    payload: Payload,
    state: Data<RapidPro>,
) -> Result<HttpResponse, Rejection> {
    let settings = state.tenant(&request)?;
    let body = admitted_body(&request, settings, payload).await?;
    state.ask(wire::settings(&body, &settings.id)?).await?;
    tracing::info!(channel = %settings.id, "RapidPro told where to call back");
    // Any other status, 200 among them, makes RapidPro's connect form fail.
    Ok(HttpResponse::NoContent().finish())
}

async fn room(
    request: HttpRequest,
    payload: Payload,
    state: Data<RapidPro>,
) -> Result<HttpResponse, Rejection> {
    let settings = state.tenant(&request)?;
    let body = admitted_body(&request, settings, payload).await?;
    let ticket = wire::handover(&body, settings)?;
    let (contact, session_start) = (ticket.contact, ticket.session_start);
    let id = ConversationId::from_bits(rand::random());
    let input = ticket.into_input(id, settings)?;
    let asked_at = now();
    let Answer::Opened {
        conversation,
        again,
    } = state.ask(input).await?
    else {
        return Err(Rejection::Unexpected);
    };
    if !again {
        let handed = Handed {
            conversation: conversation.clone(),
            contact,
            session_start,
            asked_at,
        };
        import::begin(&state, settings, handed);
    }
    Ok(HttpResponse::Created().json(serde_json::json!({ "id": conversation })))
}

async fn room_close(
    request: HttpRequest,
    payload: Payload,
    state: Data<RapidPro>,
) -> Result<HttpResponse, Rejection> {
    let settings = state.tenant(&request)?;
    let body = admitted_body(&request, settings, payload).await?;
    match state.ask(wire::closing(&body, &settings.id)?).await? {
        Answer::Closed { .. } => Ok(HttpResponse::NoContent().finish()),
        _ => Err(Rejection::Unexpected),
    }
}

/// Mailroom sends no key. A caller that does may repeat a call that it got no answer to: the
/// message is taken once.
fn repeated_by(request: &HttpRequest) -> Option<String> {
    again::repeated_by(request, &["Idempotency-Key"])
}

async fn visitor_message(
    request: HttpRequest,
    payload: Payload,
    state: Data<RapidPro>,
) -> Result<HttpResponse, Rejection> {
    let settings = state.tenant(&request)?;
    let body = admitted_body(&request, settings, payload).await?;
    let names = wire::Names {
        id: MessageId::new(Uuid::now_v7().simple().to_string()),
        repeated_by: repeated_by(&request),
    };
    match state
        .ask(wire::message(&body, &settings.id, names)?)
        .await?
    {
        Answer::Taken { message, .. } => {
            Ok(HttpResponse::Created().json(serde_json::json!({ "id": message })))
        }
        _ => Err(Rejection::Unexpected),
    }
}
