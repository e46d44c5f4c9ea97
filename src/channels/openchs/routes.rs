//! The gateway's endpoints, as chatbots call them.

mod rejection;
mod sessions;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use bytes::Bytes;
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::bridge::{Answer, Input};
use crate::channels::http::read_body;
use crate::channels::table::{self, Place, Told, at};
use crate::channels::{PasswordHash, again, caller};
use crate::engine::{Handle, now};
use crate::ids::ChannelId;
use crate::store::Store;
use crate::telemetry::metrics as figures;

use super::codes::Situation;
use super::list::{self, Wanted};
use super::tokens::{Checked, Given, Tokens};
use super::{Account, OpenchsSettings, wire};

use rejection::Rejection;

/// Where the gateway lies.
const PREFIXES: [&str; 2] = ["/open/api", "/api"];
/// RapidPro's webhook node waits 15 s.
const PATIENCE: Duration = Duration::from_secs(10);
/// Lists that are read at a time.
const LISTS: usize = 2;
/// A hash of nothing that anybody knows: an unknown account is to take as long as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// All `openchs` channels of the process.
pub struct Openchs {
    helplines: HashMap<ChannelId, Arc<OpenchsSettings>>,
    accounts: HashMap<String, (ChannelId, Account)>,
    engine: Handle,
    store: Arc<dyn Store>,
    tokens: Tokens,
    lists: Semaphore,
}

/// Whom a request comes from. Kept with the request, for the figures.
#[derive(Clone)]
pub(super) struct Caller {
    helpline: Arc<OpenchsSettings>,
    account: Account,
}

impl Openchs {
    /// Serves these channels. User names are unique among all of them.
    pub fn new(
        channels: impl IntoIterator<Item = Arc<OpenchsSettings>>,
        engine: Handle,
        store: Arc<dyn Store>,
    ) -> Self {
        let (mut helplines, mut accounts) = (HashMap::new(), HashMap::new());
        for settings in channels {
            for account in &settings.accounts {
                let name = account.username.to_lowercase();
                accounts.insert(name, (settings.id.clone(), account.clone()));
            }
            helplines.insert(settings.id.clone(), settings);
        }
        Self {
            helplines,
            accounts,
            engine,
            tokens: Tokens::new(store.clone()),
            store,
            lists: Semaphore::new(LISTS),
        }
    }

    async fn ask(&self, input: Input) -> Result<Answer, Rejection> {
        let asked = tokio::time::timeout(PATIENCE, self.engine.ask(input)).await;
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Situation::NotNow.into()),
        }
    }

    /// `Authorization: Token <40 hex>`; the word in any case, blanks at the end left out.
    async fn admit(&self, request: &HttpRequest) -> Result<Caller, Rejection> {
        let header = request.headers().get(AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| {
            let (word, token) = value.trim().split_once(' ')?;
            word.eq_ignore_ascii_case("token").then(|| token.trim())
        });
        let token = token.ok_or(Situation::NoToken)?;
        let found = self.tokens.find(token).await;
        let given = found
            .map_err(|_| Situation::NotNow)?
            .ok_or(Situation::BadToken)?;
        let account = self.accounts.get(&given.username);
        let account = account.filter(|(channel, _)| *channel == given.channel);
        let helpline = self.helplines.get(&given.channel);
        let (Some((_, account)), Some(helpline)) = (account, helpline) else {
            return Err(Situation::BadToken.into());
        };
        may_use(request, (account, helpline))?;
        let caller = Caller {
            helpline: helpline.clone(),
            account: account.clone(),
        };
        request.extensions_mut().insert(caller.clone());
        Ok(caller)
    }
}

/// Whether an account may be used from where the call comes from.
fn may_use(
    request: &HttpRequest,
    (account, helpline): (&Account, &OpenchsSettings),
) -> Result<(), Rejection> {
    let address = caller::address(request, &helpline.proxies);
    if caller::may_call(address, &account.allow_from) {
        return Ok(());
    }
    tracing::warn!(channel = %helpline.id, "an account is used from an address that it may not be used from");
    Err(Situation::AddressNotAllowed.into())
}

/// Adds the gateway under `/open/api` and `/api`, each path with and without a slash at its end:
/// a redirect would lose the body.
pub fn configure(services: &mut ServiceConfig, state: Data<Openchs>) {
    if state.helplines.is_empty() {
        return;
    }
    let wrong = |allowed: &str| Rejection::method(allowed).error_response();
    for prefix in PREFIXES {
        for place in places() {
            let resource = place.resource(prefix, wrong).app_data(state.clone());
            services.service(resource.wrap_fn(|request, service| {
                let answered = service.call(request);
                async move { answered.await.inspect(count) }
            }));
        }
    }
    services.service(web::scope("/open/api").default_service(web::to(unknown)));
}

/// The same for the document.
pub fn told() -> Vec<Told> {
    let told = |prefix: &&str| table::told("OpenCHS", prefix, &places());
    PREFIXES.iter().flat_map(told).collect()
}

fn places() -> Vec<Place> {
    vec![
        at("/token").post("Get a token.", web::to(token)),
        at("/chat")
            .get("What was said in a session.", web::to(listed))
            .post("A message of a client.", web::to(sessions::said)),
        at("/web").post("File a case.", web::to(filed)),
        // A session may hold slashes, so that only the end of the path tells what is wanted.
        at("/chat/{session:.+}/close").post("The bot ends a session.", web::to(sessions::closed)),
        at("/chat/{session:.+}/ack").post(
            "The bot has taken something.",
            web::to(sessions::acknowledged),
        ),
    ]
}

async fn unknown() -> Rejection {
    Situation::UnknownPath.into()
}

fn count<B>(answer: &ServiceResponse<B>) {
    let caller = answer.request().extensions().get::<Caller>().cloned();
    let channel = caller.map_or("unknown".to_owned(), |c| c.helpline.id.to_string());
    figures::http_request(&channel, answer.status().as_u16());
}

fn content_type(request: &HttpRequest) -> String {
    let header = request.headers().get(CONTENT_TYPE);
    let kind = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind.to_ascii_lowercase()
}

/// A body that says to be JSON, or says nothing.
async fn json_body(request: &HttpRequest, payload: Payload) -> Result<Bytes, Rejection> {
    match content_type(request).as_str() {
        "" | "application/json" => Ok(read_body(payload).await?),
        _ => Err(Situation::NotJson.into()),
    }
}

/// A key by which the caller repeats a call that it got no answer to.
fn repeated_by(request: &HttpRequest) -> Option<String> {
    again::repeated_by(request, &["Idempotency-Key", "X-Idempotency-Key"])
}

async fn token(
    request: HttpRequest,
    payload: Payload,
    state: Data<Openchs>,
) -> Result<HttpResponse, Rejection> {
    let form = content_type(&request) == "application/x-www-form-urlencoded";
    let login = wire::login(&read_body(payload).await?, form)?;
    let name = login.username.trim().to_lowercase();
    let known = state.accounts.get(&name);
    let nobody = PasswordHash::parse(NOBODY);
    let hash = known.map(|(_, account)| &account.password);
    let hash = hash.or(nobody.as_ref()).ok_or(Situation::Fault)?;
    let account = known.map(|_| name.as_str());
    let password = login.password.expose();
    match state.tokens.check(account, (password, hash)).await {
        Checked::Right => {}
        Checked::Wrong => return Err(Situation::BadCredentials.into()),
        Checked::TooMany => return Err(Situation::TooMany.into()),
    }
    let Some((channel, account)) = known else {
        return Err(Situation::BadCredentials.into());
    };
    let settings = state.helplines.get(channel).ok_or(Situation::Fault)?;
    // After the password: whoever guesses is not told that there is such an account.
    may_use(&request, (account, settings))?;
    let lifetime = settings.token_lifetime;
    let given = Given {
        channel: channel.clone(),
        username: name.clone(),
        expires: now().plus(lifetime),
    };
    let expires = list::shown(given.expires);
    let token = state.tokens.give(given).await;
    let token = token.map_err(|_| Situation::NotNow)?;
    Ok(
        HttpResponse::build(Situation::TokenGiven.status()).json(json!({
            "token": token,
            "expires_in": lifetime.as_secs(),
            "expires_at": expires,
        })),
    )
}

async fn listed(request: HttpRequest, state: Data<Openchs>) -> Result<HttpResponse, Rejection> {
    let caller = state.admit(&request).await?;
    let wanted = Wanted::read(request.query_string()).ok_or(Situation::BadField)?;
    let Ok(_turn) = state.lists.try_acquire() else {
        return Err(Situation::TooMany.into());
    };
    let page = list::page(state.store.as_ref(), &caller.helpline, &wanted).await;
    let page = page.map_err(|_| Situation::NotNow)?;
    let mut reply = HttpResponse::build(Situation::Listed.status());
    if let Some(query) = page.next {
        let link = format!("<{}?{query}>; rel=\"next\"", request.path());
        reply.insert_header(("Link", link));
    }
    Ok(reply.json(page.chats))
}

async fn filed(
    request: HttpRequest,
    payload: Payload,
    state: Data<Openchs>,
) -> Result<HttpResponse, Rejection> {
    let caller = state.admit(&request).await?;
    let body = json_body(&request, payload).await?;
    let id = match repeated_by(&request) {
        Some(key) => {
            let name = format!("{}\u{1f}{key}", caller.helpline.id);
            Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
        }
        None => Uuid::new_v4(),
    };
    let case = wire::case(&body, &caller.helpline, id.to_string())?;
    match state.ask(Input::CaseFiled(Box::new(case))).await? {
        Answer::Filed(conversation) => Ok(HttpResponse::build(Situation::CaseKept.status()).json(
            json!({
                "status": Situation::CaseKept.word(),
                "case_id": id,
                "linked": conversation.is_some(),
            }),
        )),
        _ => Err(Situation::Fault.into()),
    }
}
