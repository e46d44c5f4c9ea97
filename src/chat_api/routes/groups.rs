//! Workgroups made, changed and deleted with the master secret (chat API §1.9), by the same orders as
//! administrators' commands over XMPP (fastpath-protocol §3.5).

use std::collections::BTreeSet;

use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;
use crate::chat_api::wire::{body, entity};
use crate::engine::groups::GroupOrder;
use crate::users::LoginError;

/// Only the master secret.
fn admit(call: &Call) -> Result<(), Failure> {
    match call.caller {
        Caller::Master => Ok(()),
        _ => Err(Failure::NotAllowed(
            "workgroups are administered with the master secret",
        )),
    }
}

/// A workgroup's name, also given as its address.
fn name(call: &Call, given: &str) -> String {
    let given = given.trim().to_lowercase();
    let domain = call.api.desk.sessions().places().domain;
    match given.split_once('@') {
        Some((name, of)) if of == domain => name.to_owned(),
        _ => given,
    }
}

/// The addresses of members. A name alone is one of ours where Warmline knows such a user (with the master
/// secret names are ours in all paths), else one of the XMPP server's.
async fn addresses(call: &Call, members: &[String]) -> Result<Vec<String>, Failure> {
    let sessions = call.api.desk.sessions();
    let known: BTreeSet<String> = match sessions.profiles().await {
        Ok(all) => all.into_iter().map(|user| user.username).collect(),
        Err(LoginError::TurnedOff) => BTreeSet::new(),
        Err(problem) => return Err(problem.into()),
    };
    let places = sessions.places();
    let mut addresses = Vec::new();
    for member in members {
        let member = member.to_lowercase();
        let address = match member.contains('@') {
            true => member,
            false if known.contains(&member) => format!("{member}@{}", places.domain),
            false => format!("{member}@{}", places.server),
        };
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// `POST /ask/admin`. Unlike the original's, the answer says what has become of it.
pub async fn create(call: Call) -> Outcome {
    admit(&call)?;
    let given = body::group(&call.entity("group")?)?;
    let name = name(&call, &given.name);
    let agents = addresses(&call, &given.members).await?;
    let answer = entity::group(&name, given.description.as_deref(), &agents);
    let title = given.description.unwrap_or_default();
    let order = GroupOrder::Add {
        name,
        title,
        agents,
    };
    call.api.groups.order(order).await?;
    Ok(Answer::entity(answer))
}

/// `POST /ask/admin/{workgroup}`: all who serve in it from now on. A single name is one, which the original
/// lost.
pub async fn update(call: Call) -> Outcome {
    admit(&call)?;
    let members = body::members(call.text()?);
    if members.is_empty() {
        return Err(Failure::Body("it names nobody"));
    }
    let name = name(&call, call.path("workgroup"));
    let agents = addresses(&call, &members).await?;
    let answer = entity::group(&name, None, &agents);
    let order = GroupOrder::Update { name, agents };
    call.api.groups.order(order).await?;
    Ok(Answer::entity(answer))
}

/// `DELETE /ask/admin/{workgroup}`
pub async fn delete(call: Call) -> Outcome {
    admit(&call)?;
    let name = name(&call, call.path("workgroup"));
    call.api.groups.order(GroupOrder::Delete { name }).await?;
    Ok(Answer::empty())
}
