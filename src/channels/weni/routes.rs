//! The partner's endpoints as mailroom calls them (reference: §2, §3, §6).

mod calls;
mod rejection;

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, ResponseError};
use bytes::Bytes;

use crate::bridge::{Answer, Input};
use crate::channels::again;
use crate::channels::http::read_body;
use crate::channels::table::{self, Place, Told, at};
use crate::config::Signed;
use crate::engine::now;
use crate::telemetry::metrics as figures;

use super::{Ways, WeniSettings, signature, wire};

use rejection::Rejection;

/// Where a channel's tickets lie.
const PREFIX: &str = "/weni/{channel}/v1/tickets";

/// Mailroom waits 15 s and holds the contact's lock meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);
const SIGNATURE: &str = "x-webhook-signature";
const TIMESTAMP: &str = "x-webhook-timestamp";

/// All `weni` channels of the process.
#[derive(Clone)]
pub struct Weni {
    tenants: Arc<[WeniSettings]>,
    ways: Ways,
}

impl Weni {
    /// Serves these channels.
    pub fn new(channels: impl IntoIterator<Item = WeniSettings>, ways: Ways) -> Self {
        Self {
            tenants: channels.into_iter().collect(),
            ways,
        }
    }

    fn tenant(&self, request: &HttpRequest) -> Result<&WeniSettings, Rejection> {
        let named = request.match_info().get("channel").unwrap_or_default();
        let mut tenants = self.tenants.iter();
        let found = tenants.find(|tenant| tenant.id.as_str() == named);
        found.ok_or(Rejection::UnknownPath)
    }

    /// Mailroom's order of checks: the channel, the token, the body, its signature.
    async fn admit(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<(&WeniSettings, Bytes), Rejection> {
        let settings = self.tenant(request)?;
        let header = request.headers().get(AUTHORIZATION);
        let given = header.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        if !given.is_some_and(|given| may_call(settings, given)) {
            tracing::warn!(channel = %settings.id, "a call without the right token");
            return Err(Rejection::Unauthorized);
        }
        let body = read_body(payload).await?;
        believe(request, settings, &body)?;
        Ok((settings, body))
    }

    async fn ask(&self, input: Input) -> Result<Answer, Rejection> {
        let asked = tokio::time::timeout(PATIENCE, self.ways.engine.ask(input)).await;
        match asked {
            Ok(Ok(Answer::Refused(refusal))) => Err(refusal.into()),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Rejection::Unavailable),
        }
    }
}

/// Either token, each compared whether or not the other fits.
fn may_call(settings: &WeniSettings, given: &[u8]) -> bool {
    let keys = &settings.keys;
    let first = keys.api_token.matches(given);
    let next = keys.api_token_next.as_ref();
    first | next.is_some_and(|token| token.matches(given))
}

/// Mailroom does not sign its own calls; something between it and us may. What is signed has to be
/// signed rightly.
fn believe(request: &HttpRequest, settings: &WeniSettings, body: &[u8]) -> Result<(), Rejection> {
    let header = |name| {
        let value = request.headers().get(name)?;
        // What is no text is no signature, but there all the same.
        Some(value.to_str().unwrap_or("?"))
    };
    let (sent, time) = (header(SIGNATURE), header(TIMESTAMP));
    let required = settings.keys.signed == Signed::Required;
    if sent.is_none() && time.is_none() && !required {
        return Ok(());
    }
    let believed =
        signature::check(&settings.keys.webhook_secret, sent, body).and_then(|()| match time {
            Some(time) => signature::check_time(time, now()),
            None if required => Err(signature::Unbelieved::Time),
            None => Ok(()),
        });
    believed.inspect_err(|why| tracing::warn!(channel = %settings.id, %why, "a call refused"))?;
    Ok(())
}

/// Adds `/weni/{channel}/v1/tickets…`; nothing where there is no such channel.
pub fn configure(services: &mut ServiceConfig, state: &Data<Weni>) {
    if state.tenants.is_empty() {
        return;
    }
    let scope = web::scope(PREFIX).app_data(state.clone());
    let scope = scope.wrap_fn(|request, service| {
        let answered = service.call(request);
        async move { answered.await.inspect(count) }
    });
    let wrong = |_: &str| Rejection::WrongMethod("POST").error_response();
    let resources = places().into_iter().map(|place| place.resource("", wrong));
    let scope = resources.fold(scope, actix_web::Scope::service);
    services.service(scope.default_service(web::to(|| async {
        Rejection::UnknownPath.error_response()
    })));
}

/// The same for the document.
pub fn told() -> Vec<Told> {
    table::told("Weni", PREFIX, &places())
}

fn places() -> Vec<Place> {
    vec![
        at("").post("Open a ticket.", web::to(calls::open)),
        at("/{ticket}/messages").post("Say something.", web::to(calls::message)),
        at("/{ticket}/close").post("Close a ticket.", web::to(calls::close)),
        at("/{ticket}/reopen").post("Open a ticket again.", web::to(calls::reopen)),
        at("/{ticket}/history").post("What was said before.", web::to(calls::history)),
    ]
}

fn count<B>(answer: &ServiceResponse<B>) {
    let state = answer.request().app_data::<Data<Weni>>();
    let settings = state.and_then(|state| state.tenant(answer.request()).ok());
    let channel = settings.map_or("unknown", |settings| settings.id.as_str());
    figures::http_request(channel, answer.status().as_u16());
}

/// The ticket in the address; what we never gave out is none.
fn ticket(request: &HttpRequest) -> Option<String> {
    wire::ticket_of(request.match_info().get("ticket")?)
}

/// The caller's key, by which a repetition is known.
fn key(request: &HttpRequest) -> Option<String> {
    again::repeated_by(request, &["Idempotency-Key"])
}
