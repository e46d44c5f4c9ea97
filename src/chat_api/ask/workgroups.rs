//! Which workgroups there are, and whether they are open: to know before asking (README).

use crate::bridge::{Answer as Bridged, Input};
use crate::chat_api::ChatApi;
use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;
use crate::chat_api::wire::node::{Entity, Node};
use crate::ids::WorkgroupName;

type Keys = Vec<(&'static str, Node)>;

/// `GET /ask/workgroups`
pub async fn workgroups(call: Call) -> Outcome {
    admit(&call)?;
    let mut all = Vec::new();
    for name in call.api.groups.names() {
        match view(&call.api, &name).await {
            Ok(keys) => all.push(Node::Object(keys)),
            // Deleted meanwhile.
            Err(Failure::NoWorkgroup) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(Answer::entity(Entity {
        root: "workgroups",
        keys: vec![("workgroup", Node::Many(all))],
    }))
}

/// `GET /ask/workgroups/{workgroup}`
pub async fn workgroup(call: Call) -> Outcome {
    admit(&call)?;
    let given = call.path("workgroup");
    let name = given.split_once('@').map_or(given, |(name, _)| name);
    let name = WorkgroupName::new(name.to_lowercase());
    if !call.api.groups.has(&name) {
        return Err(Failure::NoWorkgroup);
    }
    Ok(Answer::entity(Entity {
        root: "workgroup",
        keys: view(&call.api, &name).await?,
    }))
}

fn admit(call: &Call) -> Result<(), Failure> {
    match call.caller {
        Caller::Nobody if !call.api.settings.anonymous => Err(Failure::NoCredentials),
        _ => Ok(()),
    }
}

async fn view(api: &ChatApi, name: &WorkgroupName) -> Result<Keys, Failure> {
    let asked = api.ask(Input::QueueGlanced(name.clone())).await?;
    let Bridged::Queue(queue) = asked else {
        return Err(Failure::Fault);
    };
    let waiting = i64::try_from(queue.length).unwrap_or(i64::MAX);
    let wait = i64::try_from(queue.average_wait.as_secs()).unwrap_or(i64::MAX);
    let status = if queue.open { "open" } else { "closed" };
    Ok(vec![
        ("name", Node::Text(name.as_str().to_owned())),
        (
            "jid",
            Node::Text(format!("{name}@{}", api.settings.names.domain)),
        ),
        ("title", Node::Text(queue.title)),
        ("status", Node::Text(status.to_owned())),
        ("open", Node::Flag(queue.open)),
        ("waiting", Node::Number(waiting)),
        // Where a visitor who asks now would stand.
        ("queuePosition", Node::Number(waiting.saturating_add(1))),
        ("averageWaitTime", Node::Number(wait)),
    ])
}
