//! `/rapidpro/external/{channel}`: where RapidPro's channel sends to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::bridge::{Answer, Input};
use crate::channels::http::{error_reply, not_found, read_body, wrong_method};
use crate::channels::table::{self, Place, Told, at};
use crate::engine::Handle;
use crate::ids::ConversationId;
use crate::telemetry::metrics as figures;

use super::{ExternalSettings, wire};

/// Courier waits longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// All `rapidpro_external` channels of the process.
#[derive(Clone)]
pub struct External {
    channels: HashMap<String, Arc<ExternalSettings>>,
    engine: Handle,
}

impl External {
    /// Serves these channels.
    pub fn new(channels: impl IntoIterator<Item = Arc<ExternalSettings>>, engine: Handle) -> Self {
        let named = |settings: Arc<ExternalSettings>| (settings.id.to_string(), settings);
        Self {
            channels: channels.into_iter().map(named).collect(),
            engine,
        }
    }
}

/// Adds `/rapidpro/external/{channel}`, with and without a slash at its end, by any of the methods
/// that RapidPro can be told to use.
pub fn configure(services: &mut ServiceConfig, state: Data<External>) {
    for place in places() {
        services.service(place.resource("", wrong_method).app_data(state.clone()));
    }
}

/// The same for the document.
pub fn told() -> Vec<Told> {
    table::told("RapidPro", "", &places())
}

fn places() -> Vec<Place> {
    const ABOUT: &str = "A message of RapidPro's External channel.";
    vec![
        at("/rapidpro/external/{channel}")
            .get(ABOUT, web::to(sent))
            .post(ABOUT, web::to(sent))
            .put(ABOUT, web::to(sent)),
    ]
}

async fn sent(request: HttpRequest, payload: Payload, state: Data<External>) -> HttpResponse {
    let name = request.match_info().get("channel").unwrap_or_default();
    let Some(settings) = state.channels.get(name) else {
        figures::http_request("unknown", 404);
        return not_found().await;
    };
    let reply = taken(&request, payload, (&state, settings)).await;
    figures::http_request(settings.id.as_str(), reply.status().as_u16());
    reply
}

async fn taken(
    request: &HttpRequest,
    payload: Payload,
    (state, settings): (&External, &ExternalSettings),
) -> HttpResponse {
    let given = request.headers().get(AUTHORIZATION);
    if !given.is_some_and(|given| settings.secret.matches(given.as_bytes())) {
        tracing::warn!(channel = %settings.id, "a call without the right secret");
        return error_reply(StatusCode::FORBIDDEN, "wrong secret");
    }
    let body = match read_body(payload).await {
        Ok(body) => body,
        Err(error) => return error_reply(error.status(), &error.to_string()),
    };
    let sent = match wire::sent(request.query_string(), &body) {
        Ok(sent) => sent,
        Err(error) => return error_reply(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let ends = settings.end_text.as_deref().map(str::trim) == Some(sent.text.trim());
    let id = sent.id.clone();
    let input = match ends {
        true => Input::VisitorClosed(wire::visitor(&sent.to, settings)),
        false => {
            let conversation = ConversationId::from_bits(rand::random());
            Input::Approached(Box::new(wire::approach(sent, settings, conversation)))
        }
    };
    let asked = tokio::time::timeout(PATIENCE, state.engine.ask(input)).await;
    match asked {
        Ok(Ok(Answer::Taken { .. } | Answer::Closed { .. })) => {
            HttpResponse::Ok().json(json!({ "status": "accepted", "id": id }))
        }
        // There was nothing to end.
        Ok(Ok(Answer::Refused(_))) if ends => {
            HttpResponse::Ok().json(json!({ "status": "accepted", "id": id }))
        }
        // Courier tries these again later.
        Ok(Err(_)) | Err(_) => error_reply(StatusCode::SERVICE_UNAVAILABLE, "not just now"),
        Ok(Ok(_)) => error_reply(StatusCode::INTERNAL_SERVER_ERROR, "the service failed"),
    }
}
