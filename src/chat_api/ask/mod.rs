//! Visitors: they ask a workgroup, wait, talk, and end it. No account is needed.

mod carrier;
mod open;
mod preview;
mod typing;
mod upload;
mod workgroups;

pub use carrier::ChatCarrier;
pub use open::open;
pub use preview::preview;
pub use typing::{show_typing, visitor_types};
pub use upload::upload;
pub use workgroups::{workgroup, workgroups};

use uuid::Uuid;

use crate::bridge::{Answer as Bridged, Input, QueueView, Saying, Visitor};
use crate::ids::MessageId;

use super::ChatApi;
use super::call::{Answer, Call, Outcome};
use super::failure::Failure;
use super::gate::Caller;
use super::grants::Asked;
use super::log::{Event, FeedName};
use super::wire::body;
use super::wire::node::{Entity, Node};
use super::wire::visitor::{self, Stand};

/// On whose behalf a caller with credentials asks.
fn owner(caller: &Caller) -> Option<String> {
    match caller {
        Caller::Master => Some("master".to_owned()),
        Caller::User(user) => Some(user.bare.clone()),
        Caller::Bearer(_) | Caller::Nobody => None,
    }
}

/// The request that the call is about, which must be the caller's own.
async fn asked(call: &Call) -> Result<Asked, Failure> {
    let user = call.path("user");
    let token = match (&call.caller, call.query("token")) {
        (Caller::Bearer(token), _) => Some(token.as_str()),
        (_, token) => token,
    };
    if let Some(token) = token {
        let asked = call.api.grants.ask(token).await?;
        return match asked {
            Some(asked) if asked.user == user => Ok(asked),
            Some(_) => Err(Failure::NotAllowed("this token is another visitor's")),
            None => Err(Failure::WrongCredentials),
        };
    }
    let owner = owner(&call.caller).ok_or(Failure::NoCredentials)?;
    let found = call.api.grants.ask_of(&owner, user).await?;
    found.ok_or(Failure::NoRequest)
}

impl ChatApi {
    /// How far a request has come, by what its visitor was shown.
    async fn stand(&self, asked: &Asked) -> Result<Stand, Failure> {
        let feed = FeedName::visitor(&asked.conversation);
        let told = |event: &Event| visitor::stand(&event.entry);
        let stand = self.log.find_back(&feed, None, told).await?;
        Ok(stand.unwrap_or(Stand::Waiting))
    }

    fn visitor(&self, asked: &Asked) -> Visitor {
        Visitor {
            channel: self.settings.channel.clone(),
            token: asked.token.clone(),
        }
    }

    async fn ask(&self, input: Input) -> Result<Bridged, Failure> {
        match self.engine.ask(input).await? {
            Bridged::Refused(refusal) => Err(refusal.into()),
            answer => Ok(answer),
        }
    }

    /// The line in which a visitor asked; nothing where the workgroup is no more.
    async fn queue(&self, asked: &Asked) -> Result<Option<QueueView>, Failure> {
        match self.ask(Input::QueueAsked(asked.workgroup.clone())).await {
            Ok(Bridged::Queue(queue)) => Ok(Some(*queue)),
            Ok(_) => Err(Failure::Fault),
            Err(Failure::NoWorkgroup) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// `GET /ask/{user}`
pub async fn status(call: Call) -> Outcome {
    let asked = asked(&call).await?;
    let stand = call.api.stand(&asked).await?;
    let queue = call.api.queue(&asked).await?;
    let mut waiting = queue.iter().flat_map(|queue| &queue.waiting);
    let place = waiting.position(|one| one.conversation == asked.conversation);
    let place = place.and_then(|place| i64::try_from(place).ok());
    let left = queue.as_ref().zip(place).map(|(queue, place)| {
        let each = i64::try_from(queue.average_wait.as_secs()).unwrap_or(i64::MAX);
        each.saturating_mul(place.saturating_add(1))
    });
    let open = queue.is_some_and(|queue| queue.open);
    let names = &call.api.settings.names;
    let mut keys = vec![
        (
            "workgroupJID",
            Node::Text(format!("{}@{}", asked.workgroup, names.domain)),
        ),
        ("inQueue", Node::Flag(place.is_some())),
        ("available", Node::Flag(open)),
        (
            "queuePosition",
            Node::Number(place.map_or(-1, |place| place.saturating_add(1))),
        ),
        ("queueRemainingTime", Node::Number(left.unwrap_or(-1))),
        ("status", Node::Text(word(stand).to_owned())),
    ];
    keys.extend(room_keys(&call.api, &asked, stand));
    Ok(Answer::entity(Entity {
        root: "queue",
        keys,
    }))
}

fn word(stand: Stand) -> &'static str {
    match stand {
        Stand::Waiting => "waiting",
        Stand::Invited => "invited",
        Stand::Ended => "ended",
    }
}

/// What a visitor is told of the room, once an agent has come.
fn room_keys(api: &ChatApi, asked: &Asked, stand: Stand) -> Vec<(&'static str, Node)> {
    if stand != Stand::Invited {
        return Vec::new();
    }
    let room = api.settings.names.room(&asked.conversation);
    let url = api.settings.names.rooms.of(&room);
    vec![("groupchat", Node::Text(room)), ("url", Node::Text(url))]
}

/// `POST /ask/{user}`
pub async fn join(call: Call) -> Outcome {
    let asked = asked(&call).await?;
    match call.api.stand(&asked).await? {
        // The visitor's occupant is in the room since the agent was invited.
        Stand::Invited => Ok(Answer::empty()),
        Stand::Waiting => Err(Failure::NotInvited),
        Stand::Ended => Err(Failure::Over),
    }
}

/// `PUT /ask/{user}`
pub async fn say(call: Call) -> Outcome {
    let asked = asked(&call).await?;
    said(&call, &asked).await
}

/// The README's way to speak: in the room, for which the visitor's token is enough.
///
/// # Errors
/// It is not this visitor's room.
pub async fn say_in_room(call: &Call, room: &str) -> Outcome {
    let Caller::Bearer(token) = &call.caller else {
        return Err(Failure::NoCredentials);
    };
    let asked = call.api.grants.ask(token).await?;
    let asked = asked.ok_or(Failure::WrongCredentials)?;
    if call.api.settings.names.room(&asked.conversation) != room {
        return Err(Failure::NotAllowed("this room is not this visitor's"));
    }
    said(call, &asked).await
}

async fn said(call: &Call, asked: &Asked) -> Outcome {
    let words = body::words(call.text()?)?;
    let input = Input::Said(Saying {
        visitor: call.api.visitor(asked),
        id: MessageId::new(Uuid::now_v7().simple().to_string()),
        // Other visitors' keys are not this one's.
        platform_id: call
            .idempotency
            .as_ref()
            .map(|key| format!("{} {key}", asked.conversation)),
        words,
    });
    match call.api.ask(input).await? {
        Bridged::Taken { late: true, .. } => Err(Failure::Over),
        Bridged::Taken { .. } => Ok(Answer::empty()),
        _ => Err(Failure::Fault),
    }
}

/// `DELETE /ask/{user}`
pub async fn cancel(call: Call) -> Outcome {
    let asked = asked(&call).await?;
    let input = Input::VisitorClosed(call.api.visitor(&asked));
    match call.api.ask(input).await? {
        Bridged::Closed { .. } => Ok(Answer::empty()),
        _ => Err(Failure::Fault),
    }
}
