//! Users of our own domain and their passwords, for whoever has the master secret. Paths and entity are
//! those of the original's REST API plugin (chat API §1.12); its users were the XMPP server's, these
//! are ours.

use actix_web::http::StatusCode;

use crate::chat_api::accounts::{Source, gone, kept};
use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;
use crate::chat_api::grants::void;
use crate::chat_api::log::FeedName;
use crate::chat_api::wire::{body, entity};
use crate::config::PasswordHash;
use crate::engine::now;
use crate::users::Profile;

/// Only the master secret; who else calls is not told who is a user.
pub(super) fn admit(call: &Call) -> Result<(), Failure> {
    match call.caller {
        Caller::Master => Ok(()),
        _ => Err(Failure::NotAllowed("users are made with the master secret")),
    }
}

pub(super) fn bare(call: &Call, name: &str) -> String {
    format!("{name}@{}", call.api.desk.sessions().places().domain)
}

/// The name in the path.
fn name(call: &Call) -> String {
    let given = call.path("username").to_lowercase();
    let domain = call.api.desk.sessions().places().domain;
    match given.split_once('@') {
        Some((name, of)) if of == domain => name.to_owned(),
        _ => given,
    }
}

async fn known(call: &Call, name: &str) -> Result<Profile, Failure> {
    let all = call.api.desk.sessions().profiles().await?;
    let found = all.into_iter().find(|profile| profile.username == name);
    found.ok_or(Failure::NoUser)
}

/// On a thread where others do not wait for it.
async fn hashed(password: String) -> Result<PasswordHash, Failure> {
    let hashing = tokio::task::spawn_blocking(move || PasswordHash::of(&password));
    let hash = hashing.await.map_err(|_| Failure::Fault)?;
    hash.map_err(|_| Failure::Fault)
}

/// `GET /users?search=`
pub async fn list(call: Call) -> Outcome {
    admit(&call)?;
    let wanted = call.query("search").unwrap_or_default();
    let wanted = wanted.trim_matches('*').to_lowercase();
    let fits = |text: &str| text.to_lowercase().contains(&wanted);
    let maybe = |text: &Option<String>| text.as_deref().is_some_and(fits);
    let mut users = call.api.desk.sessions().profiles().await?;
    users.retain(|user| fits(&user.username) || maybe(&user.name) || maybe(&user.email));
    let sources = call.api.accounts.all().await?;
    let told = users.iter().map(|user| {
        let source = sources.get(&user.username).copied();
        (user, bare(&call, &user.username), source)
    });
    let told: Vec<_> = told.collect();
    Ok(Answer::entity(entity::profiles(&told)))
}

/// `GET /users/{username}`
pub async fn one(call: Call) -> Outcome {
    admit(&call)?;
    let name = name(&call);
    let user = known(&call, &name).await?;
    let source = source(&call, &name).await?;
    Ok(Answer::entity(entity::profile((
        &user,
        bare(&call, &name),
        source,
    ))))
}

async fn source(call: &Call, name: &str) -> Result<Option<Source>, Failure> {
    if call.api.accounts.is_configured(name) {
        return Ok(Some(Source::Configured));
    }
    let made = call.api.accounts.hash(name).await?;
    Ok(made.map(|_| Source::Made))
}

/// `POST /users`: 201, as the original.
pub async fn create(call: Call) -> Outcome {
    admit(&call)?;
    let given = body::user(&call.entity("user")?)?;
    let name = given.username.ok_or(Failure::Field("username"))?;
    let name = name.to_lowercase();
    let password = given.password.ok_or(Failure::Field("password"))?;
    let hash = hashed(password).await?;
    let accounts = &call.api.accounts;
    let _alone = accounts.changing().await;
    if source(&call, &name).await?.is_some() {
        return Err(Failure::UserExists);
    }
    let before = known(&call, &name).await.ok().unwrap_or_default();
    let profile = Profile {
        username: name.clone(),
        name: given.name.or(before.name),
        email: given.email.or(before.email),
    };
    // Tells whether this is a name for a user at all.
    call.api.desk.sessions().remember(profile).await?;
    // One-time codes of who had the name before are nobody's.
    let first = vec![kept(&name, &hash)];
    call.api.codes.end(&bare(&call, &name), first).await?;
    call.api.gate.forget(&name);
    Ok(Answer::empty().status(StatusCode::CREATED))
}

/// `PUT /users/{username}`: what is given is changed. With another password all tickets and cookies
/// are void, and streams of events that were opened with the one of before end; the session goes on.
pub async fn update(call: Call) -> Outcome {
    admit(&call)?;
    let given = body::user(&call.entity("user")?)?;
    let name = name(&call);
    let hash = match given.password {
        Some(password) => Some(hashed(password).await?),
        None => None,
    };
    let accounts = &call.api.accounts;
    let _alone = accounts.changing().await;
    let before = known(&call, &name).await?;
    if hash.is_some() && accounts.is_configured(&name) {
        return Err(Failure::Configured);
    }
    if given.name.is_some() || given.email.is_some() {
        let profile = Profile {
            username: name.clone(),
            name: given.name.or(before.name),
            email: given.email.or(before.email),
        };
        call.api.desk.sessions().remember(profile).await?;
    }
    if let Some(hash) = hash {
        let voided = void(&bare(&call, &name), now());
        accounts.commit(vec![kept(&name, &hash), voided]).await?;
        call.api.gate.revoke(&name);
    }
    Ok(Answer::empty())
}

/// `DELETE /users/{username}`: the password, the session, and all that was kept for the user. Where it
/// fails on its way the same call goes on with it.
pub async fn delete(call: Call) -> Outcome {
    admit(&call)?;
    let name = name(&call);
    let accounts = &call.api.accounts;
    let _alone = accounts.changing().await;
    if accounts.is_configured(&name) {
        return Err(Failure::Configured);
    }
    known(&call, &name).await?;
    let bare = bare(&call, &name);
    let last = vec![gone(&name), void(&bare, now())];
    call.api.codes.end(&bare, last).await?;
    call.api.gate.forget_gone(&name);
    call.api.desk.end(&bare, "deleted").await?;
    call.api.log.erase(&FeedName::user(&bare)).await?;
    call.api.desk.sessions().forget(&name).await?;
    Ok(Answer::empty())
}
