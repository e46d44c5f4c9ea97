//! A visitor is handed over, taken back, and what was said before is looked at.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use uuid::Uuid;

use crate::bridge::{Answer, Input};
use crate::channels::http::read_body;
use crate::channels::yalo::wire::{self, Connect, OUR_IDS, Step};
use crate::channels::yalo::{State, YaloSettings, platform};
use crate::config::Provider;
use crate::ids::ConversationId;

use super::rejection::Rejection;
use super::{Yalo, platform_only, reply};

/// Tries of what is owed to nobody in particular, and the time between them.
const TRIES: u32 = 4;
const BETWEEN: Duration = Duration::from_secs(2);

pub(super) async fn connect(
    request: HttpRequest,
    payload: Payload,
    state: Data<Yalo>,
) -> Result<HttpResponse, Rejection> {
    let settings = state.admitted(&request, platform_only)?;
    let wish = wire::connect(&read_body(payload).await?, settings)?;
    if settings.is_blocked(&wish.user) {
        state.tell_aside(settings, &wish, State::Blocked);
        return Err(Rejection::Blocked);
    }
    let id = ConversationId::from_bits(rand::random());
    let opening = wish.clone().into_opening(id, settings);
    match state.ask(Input::Open(opening)).await? {
        Answer::Opened { .. } => Ok(reply::message("Chat created succefully")),
        Answer::Refused(refusal) => {
            let rejection = Rejection::from(refusal);
            if let Rejection::NoAgents = rejection {
                state.tell_aside(settings, &wish, State::Timeout);
            }
            Err(rejection)
        }
        _ => Err(Rejection::Unexpected),
    }
}

impl Yalo {
    /// Without a conversation nothing is owed; the caller has the answer. The visitor and the bot
    /// are told as well as it goes.
    fn tell_aside(&self, settings: &std::sync::Arc<YaloSettings>, wish: &Connect, what: State) {
        let text = match what {
            State::Timeout => settings.text(wish.language.as_deref(), |texts| &texts.closed),
            _ => "",
        };
        let id = Uuid::now_v7().simple().to_string();
        let mut steps = wire::message_step(wish.provider, &wish.user, (&id, text));
        steps.push(platform::state_step(
            wish.provider,
            &wish.user,
            &wish.slug,
            what,
        ));
        let (http, settings) = (self.parts.http.clone(), settings.clone());
        self.runtime.spawn(async move {
            for (number, step) in steps.iter().enumerate() {
                let key = format!("{OUR_IDS}{id}-{number}");
                call(&http, &settings, (step, &key)).await;
            }
        });
    }
}

async fn call(
    http: &crate::channels::HttpClient,
    settings: &YaloSettings,
    (step, key): (&Step, &str),
) {
    for tried in 1..=TRIES {
        let Some(outcome) = platform::take(http, settings, (step, key)).await else {
            return;
        };
        let status = match &outcome {
            Ok(reply) if reply.is_success() => return,
            Ok(reply) => reply.status.to_string(),
            Err(problem) => problem.to_string(),
        };
        if tried == TRIES {
            tracing::warn!(channel = %settings.id, status, "the platform could not be told aside");
            return;
        }
        tokio::time::sleep(BETWEEN * tried).await;
    }
}

/// The messengers that a call about a visitor can mean: `?provider=` names one.
fn providers(request: &HttpRequest) -> Result<Vec<Provider>, Rejection> {
    let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
    match query.find(|(key, _)| key == "provider") {
        None => Ok(Provider::ALL.to_vec()),
        Some((_, name)) => {
            let named = Provider::named(&name).ok_or(Rejection::UnknownProvider)?;
            Ok(vec![named])
        }
    }
}

fn user_id(request: &HttpRequest) -> String {
    let user = request.match_info().get("user_id");
    user.unwrap_or_default().to_owned()
}

pub(super) async fn finish(
    request: HttpRequest,
    state: Data<Yalo>,
) -> Result<HttpResponse, Rejection> {
    let settings = state.admitted(&request, platform_only)?;
    let user = user_id(&request);
    let mut why = Rejection::UnknownUser;
    for provider in providers(&request)? {
        let visitor = settings.visitor(provider, &user);
        match state.ask(Input::PlatformClosed(visitor)).await? {
            Answer::Closed { before: None } => {
                return Ok(reply::message("Chat finished successfully"));
            }
            Answer::Closed { .. } => why = Rejection::NothingOpen,
            _ => {}
        }
    }
    Err(why)
}

pub(super) async fn context(
    request: HttpRequest,
    state: Data<Yalo>,
) -> Result<HttpResponse, Rejection> {
    let may = |settings: &YaloSettings, role| settings.keys.context_readers.contains(&role);
    let settings = state.admitted(&request, may)?;
    let user = user_id(&request);
    let mut found = Vec::new();
    for provider in providers(&request)? {
        let visitor = settings.visitor(provider, &user);
        let records = state.parts.memory.of(&visitor).await;
        let records = records.map_err(|_| Rejection::Unavailable)?;
        if !records.is_empty() && !found.is_empty() {
            // Two people whose ids are equal by chance are not to be read as one.
            return Err(Rejection::WhichProvider);
        }
        if found.is_empty() {
            found = records;
        }
    }
    let client = settings.keys.client.as_deref();
    let client = client.unwrap_or(settings.id.as_str());
    let entries = wire::entries(&user, client, &found);
    Ok(reply::json_reply(StatusCode::OK, &Value::Array(entries)))
}
