//! Logging in, and looking at a token.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::channels::caller;
use crate::channels::http::read_body;
use crate::channels::yalo::credentials::Suspect;
use crate::channels::yalo::wire::{self, Login};

use super::rejection::Rejection;
use super::{PATIENCE, Tenant, Yalo, reply};

pub(super) async fn welcome() -> HttpResponse {
    reply::message("Welcome to API!")
}

pub(super) async fn authenticate(
    request: HttpRequest,
    payload: Payload,
    state: Data<Yalo>,
) -> Result<HttpResponse, Rejection> {
    let login = wire::login(&read_body(payload).await?)?;
    let found = state.tenants(&request).find_map(|tenant| {
        let mut accounts = tenant.settings.keys.accounts.iter();
        let number = accounts.position(|account| account.username == login.username)?;
        Some((tenant, Some(number)))
    });
    // Somebody unknown is looked for as long as somebody known, and told the same.
    let other = state.tenants(&request).next().map(|tenant| (tenant, None));
    let (tenant, number) = found.or(other).ok_or(Rejection::UnknownPath)?;
    let address = caller::address(&request, &tenant.settings.proxies);
    let suspect = (number, address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    if let Some(left) = tenant.attempts.wait(&suspect) {
        return Err(Rejection::TooManyAttempts(left));
    }
    let right = is_right(&state, (tenant, suspect), &login).await?;
    if !right {
        tenant.attempts.failed(suspect);
        return Err(Rejection::WrongPassword);
    }
    let token = tenant.tokens.issue(&login.username);
    let token = token.ok_or(Rejection::Unexpected)?;
    Ok(reply::json_reply(
        StatusCode::OK,
        &json!({ "token": token }),
    ))
}

async fn is_right(
    state: &Yalo,
    (tenant, (number, _)): (&Tenant, Suspect),
    login: &Login,
) -> Result<bool, Rejection> {
    let accounts = &tenant.settings.keys.accounts;
    let Some(account) = accounts.get(number.unwrap_or_default()) else {
        return Ok(false);
    };
    let (hash, password) = (account.password.clone(), login.password.clone());
    let permit = tokio::time::timeout(PATIENCE, state.passwords.clone().acquire_owned());
    let permit = permit.await.map_err(|_| Rejection::Unavailable)?;
    let permit = permit.map_err(|_| Rejection::Unavailable)?;
    let checked = state.runtime.spawn_blocking(move || {
        let right = hash.matches(password.expose().as_bytes());
        drop(permit);
        right
    });
    let right = checked.await.map_err(|_| Rejection::Unexpected)?;
    Ok(right && number.is_some())
}

pub(super) async fn check(
    request: HttpRequest,
    state: Data<Yalo>,
) -> Result<HttpResponse, Rejection> {
    let (_, holder) = state.caller(&request)?;
    let body = json!({ "username": holder.username, "role": holder.role.as_str() });
    Ok(reply::json_reply(StatusCode::OK, &body))
}
