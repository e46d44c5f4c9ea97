//! The platform is asked to call our webhooks, or no more.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::channels::yalo::platform::{self, Registration};
use crate::config::Provider;

use super::rejection::Rejection;
use super::{Yalo, platform_only, reply};

pub(super) async fn register(
    request: HttpRequest,
    state: Data<Yalo>,
) -> Result<HttpResponse, Rejection> {
    let provider = ask(&request, &state, Registration::Register).await?;
    let provider = provider.ok_or(Rejection::NotRegistered)?.as_str();
    Ok(reply::message(&format!(
        "Register webhook success with provider : {provider}"
    )))
}

pub(super) async fn remove(
    request: HttpRequest,
    state: Data<Yalo>,
) -> Result<HttpResponse, Rejection> {
    let provider = ask(&request, &state, Registration::Remove).await?;
    let provider = provider.ok_or(Rejection::NotRemoved)?.as_str();
    Ok(reply::message(&format!(
        "Remove webhook success with provider : {provider}"
    )))
}

/// The messenger that it is about; `None` where the platform does not agree.
async fn ask(
    request: &HttpRequest,
    state: &Yalo,
    what: Registration,
) -> Result<Option<Provider>, Rejection> {
    let settings = state.admitted(request, platform_only)?;
    let name = request.match_info().get("provider").unwrap_or_default();
    let provider = Provider::named(name).ok_or(Rejection::UnknownProvider)?;
    let bot = settings.keys.bot(provider);
    let bot = bot.ok_or(Rejection::NotConfigured("this provider's bot"))?;
    let phone = bot.phone.as_deref();
    let phone = phone.ok_or(Rejection::NotConfigured("the bot's phone"))?;
    let asked = platform::register(&state.parts.http, settings, (provider, bot, phone), what);
    let agreed = asked.await;
    let agreed = agreed.ok_or(Rejection::NotConfigured("http.public_url"))?;
    Ok(agreed.then_some(provider))
}
