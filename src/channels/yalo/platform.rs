//! The calls that we make to the platform (reference: yalo §4).

use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use url::Url;

use crate::channels::again::IDEMPOTENCY_KEY;
use crate::channels::{Call, HttpClient, Reply};
use crate::config::{Bot, Provider, StateApi};
use crate::outbox::Trouble;

use super::wire::Step;
use super::{State, YaloSettings};

const TIMEOUT: Duration = Duration::from_secs(30);
/// The original's versions of what the platform sends to webhooks.
const WHATSAPP_VERSION: u8 = 0;
const FACEBOOK_VERSION: u8 = 3;

/// Makes one call of a delivery. `key` names it towards a receiver that knows such keys.
/// `None` where nothing is configured that would have to be called.
pub(super) async fn take(
    http: &HttpClient,
    settings: &YaloSettings,
    (step, key): (&Step, &str),
) -> Option<Result<Reply, Trouble>> {
    match step {
        Step::Say(provider, body) => {
            let Some(bot) = settings.keys.bot(*provider) else {
                return Some(Err(Trouble::NoAddress));
            };
            let call = api(settings, bot, "messages");
            let call = call.map(|call| call.header(IDEMPOTENCY_KEY, key));
            Some(post(http, call, body).await)
        }
        Step::Go {
            provider,
            user,
            slug,
            state,
        } => {
            let bot = settings.keys.bot(*provider)?;
            let state = state.of(bot);
            if state.is_empty() {
                return None;
            }
            let (call, body) = match (&settings.keys.studio, &settings.keys.botrunner) {
                (Some(studio), _) => (trigger(studio, state), json!({ "userId": user })),
                (None, Some(runner)) => (
                    send_to(runner, slug),
                    json!({ "userId": user, "state": state, "message": "" }),
                ),
                (None, None) => return None,
            };
            let call = call.map(|call| call.header(IDEMPOTENCY_KEY, key));
            Some(post(http, call, &body).await)
        }
    }
}

/// The state that the bot of a blocked visitor, or of one whom nobody can help now, goes on from.
pub(super) fn state_step(provider: Provider, user: &str, slug: &str, state: State) -> Step {
    Step::Go {
        provider,
        user: user.to_owned(),
        slug: slug.to_owned(),
        state,
    }
}

/// What is done with a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registration {
    Register,
    Remove,
}

/// Has the platform send what is said to our webhook, or no more. Tells whether it agreed.
pub(super) async fn register(
    http: &HttpClient,
    settings: &YaloSettings,
    (provider, bot, phone): (Provider, &Bot, &str),
    what: Registration,
) -> Option<bool> {
    let mut body = json!({ "phone": phone, "provider": provider.as_str() });
    let (last, success) = match what {
        Registration::Register => {
            body["webhook"] = json!(webhook(settings, provider)?);
            body["version"] = json!(match provider {
                Provider::Whatsapp => WHATSAPP_VERSION,
                Provider::Facebook => FACEBOOK_VERSION,
            });
            ("healthcheck", 201)
        }
        Registration::Remove => ("remove", 204),
    };
    let reply = post(http, api(settings, bot, last), &body).await;
    let channel = &settings.id;
    Some(match reply {
        Ok(reply) if reply.status == success => true,
        Ok(reply) => {
            tracing::warn!(%channel, status = reply.status, "the platform refuses the webhook");
            false
        }
        Err(problem) => {
            tracing::warn!(%channel, %problem, "the platform cannot be asked about the webhook");
            false
        }
    })
}

/// Where the platform finds our webhook.
fn webhook(settings: &YaloSettings, provider: Provider) -> Option<String> {
    let base = settings.public_url.as_ref()?.as_str().trim_end_matches('/');
    let channel = match settings.alone {
        true => String::new(),
        false => format!("/yalo/{}", settings.id),
    };
    let provider = provider.as_str();
    Some(format!(
        "{base}{channel}/v1/integrations/{provider}/webhook"
    ))
}

fn api(settings: &YaloSettings, bot: &Bot, last: &str) -> Option<Call> {
    let steps = ["api", &bot.api_channel, "bots", &bot.bot_id, last];
    let credential = format!("Bearer {}", bot.token.expose());
    let call = Call::to(below(&settings.keys.api_url, &steps)?);
    Some(call.header(AUTHORIZATION, credential))
}

fn trigger(studio: &StateApi, state: &str) -> Option<Call> {
    let call = Call::to(below(&studio.url, &["v1", "triggers", state, "webhook"])?);
    Some(match &studio.token {
        Some(token) => call.header(AUTHORIZATION, format!("Bearer {}", token.expose())),
        None => call,
    })
}

fn send_to(runner: &StateApi, slug: &str) -> Option<Call> {
    let mut url = below(&runner.url, &[slug, "send-to"])?;
    if let Some(token) = &runner.token {
        url.query_pairs_mut().append_pair("jwt", token.expose());
    }
    Some(Call::to(url))
}

/// An address below another one, each step escaped, so that no slug leads elsewhere.
fn below(base: &Url, steps: &[&str]) -> Option<Url> {
    if steps.iter().any(|step| matches!(*step, "" | "." | "..")) {
        return None;
    }
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(steps);
    Some(url)
}

async fn post(http: &HttpClient, call: Option<Call>, body: &Value) -> Result<Reply, Trouble> {
    let call = call.ok_or(Trouble::Fault)?.timeout(TIMEOUT);
    http.post_json(&call, body).await
}
