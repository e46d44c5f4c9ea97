//! Rooms: found, entered, spoken in, left.

use std::collections::BTreeSet;

use futures::StreamExt;

use crate::chat_api::ask;
use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::desk::Live;
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;
use crate::chat_api::wire::entity::Affiliated;
use crate::chat_api::wire::{body, entity};
use crate::users::{Affiliation, Chatroom, Done, Order, UserError};

/// `service` and `servicename` mean the same everywhere: a domain, or the first word of one; an
/// internationalized one in its ASCII form (RFC 5890 A-labels), since the server answers under
/// whatever its own preparation makes of another spelling.
///
/// # Errors
/// No domain could look like that; the XMPP server would not even answer.
pub fn service(call: &Call) -> Result<Option<&str>, Failure> {
    let given = call.query("service").or_else(|| call.query("servicename"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let odd = |name: &str| {
        let mut labels = name.split('.');
        labels.any(|label| label.is_empty() || label.len() > 63 || !label.chars().all(plain))
    };
    match given {
        Some(name) if odd(name) => Err(Failure::Parameter("service", "this is no domain")),
        given => Ok(given),
    }
}

/// The address of the room in the path.
///
/// # Errors
/// As [`service`], or the name could be no room's.
pub fn room(call: &Call) -> Result<String, Failure> {
    let places = call.api.desk.sessions().places();
    let given = places.room(call.path("room"), service(call)?);
    // As the server will spell it in its answers (RFC 7622 §3): `ß` becomes `ss`.
    let room = jid::BareJid::new(&given);
    let room = room.ok().filter(|room| room.node().is_some());
    let room = room.ok_or(Failure::Parameter("roomName", "this is no room's name"))?;
    Ok(room.to_string())
}

/// Rooms that are looked at in one go.
const TOGETHER: usize = 16;

/// `GET /chat/rooms?servicename=&search=&type=&expandGroups=`: `public` (or nothing) are the rooms that the
/// service lists, `all` beside them those that the caller is in and the service keeps to itself.
pub async fn list(call: Call) -> Outcome {
    groups_expanded(&call)?;
    let with_own = match call.query("type") {
        None | Some("public") => false,
        Some("all") => true,
        Some(_) => return Err(Failure::Parameter("type", "public or all is wanted")),
    };
    let places = call.api.desk.sessions().places();
    let service = places.room_service(service(&call)?);
    let order = Order::Rooms {
        service: service.clone(),
        search: call.query("search").map(str::to_owned),
    };
    let live = call.looking().await?;
    let Done::Rooms(mut rooms) = live.session.carry_out(order).await? else {
        return Err(Failure::Fault);
    };
    if with_own {
        let listed = rooms.iter().map(|room| room.jid.to_lowercase()).collect();
        let mut own = own_rooms(&live, &service, listed).await?;
        own.retain(|room| room.is_called(call.query("search").unwrap_or_default()));
        rooms.extend(own);
    }
    Ok(Answer::entity(entity::rooms(&rooms)).by(&live))
}

/// The rooms of a service that a session is in, but for those that are listed.
async fn own_rooms(
    live: &Live,
    service: &str,
    listed: BTreeSet<String>,
) -> Result<Vec<Chatroom>, Failure> {
    let Done::Rooms(own) = live.session.carry_out(Order::OwnRooms).await? else {
        return Err(Failure::Fault);
    };
    let hidden = own.into_iter().filter(|room| {
        let there = room
            .jid
            .split_once('@')
            .is_some_and(|(_, of)| of == service);
        there && !listed.contains(&room.jid)
    });
    let looked_at = hidden.map(|room| async move {
        let told = live.session.carry_out(Order::Room(room.jid.clone())).await;
        match told {
            Ok(Done::Room(told)) => *told,
            // The user is in it all the same.
            _ => room,
        }
    });
    let looking = futures::stream::iter(looked_at).buffered(TOGETHER);
    Ok(looking.collect().await)
}

/// Groups are Openfire's own, and nothing shows them to others: the parameter changes nothing.
fn groups_expanded(call: &Call) -> Result<(), Failure> {
    let given = call.query("expandGroups").map(str::to_lowercase);
    match given.as_deref() {
        None | Some("true" | "false") => Ok(()),
        Some(_) => Err(Failure::Parameter(
            "expandGroups",
            "true or false is wanted",
        )),
    }
}

/// `GET /chat/rooms/{room}?expandGroups=`
pub async fn one(call: Call) -> Outcome {
    groups_expanded(&call)?;
    let jid = room(&call)?;
    let live = call.looking().await?;
    let Done::Room(room) = live.session.carry_out(Order::Room(jid.clone())).await? else {
        return Err(Failure::Fault);
    };
    let all = [
        Affiliation::Owner,
        Affiliation::Admin,
        Affiliation::Member,
        Affiliation::Outcast,
    ];
    let [owners, admins, members, outcasts] = all.map(|one| affiliated(&live, &jid, one));
    let (owners, admins, members, outcasts) =
        futures::try_join!(owners, admins, members, outcasts)?;
    let told = Affiliated {
        owners,
        admins,
        members,
        outcasts,
    };
    Ok(Answer::entity(entity::room(&room, &told)).by(&live))
}

/// Who has an affiliation with a room; nobody where the room does not tell the caller.
async fn affiliated(
    live: &Live,
    room: &str,
    affiliation: Affiliation,
) -> Result<Vec<String>, Failure> {
    let room = room.to_owned();
    let order = Order::Affiliated { room, affiliation };
    match live.session.carry_out(order).await {
        Ok(Done::Affiliated(all)) => Ok(all),
        Ok(_) => Err(Failure::Fault),
        Err(UserError::Forbidden(_) | UserError::Refused(_)) => Ok(Vec::new()),
        Err(problem) => Err(problem.into()),
    }
}

/// `GET /chat/rooms/{room}/participants`
pub async fn participants(call: Call) -> Outcome {
    let order = Order::Occupants(room(&call)?);
    let live = call.looking().await?;
    match live.session.carry_out(order).await? {
        Done::Occupants(inside) => Ok(Answer::entity(entity::participants(&inside)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `GET /chat/rooms/{room}/occupants`
pub async fn occupants(call: Call) -> Outcome {
    let order = Order::Occupants(room(&call)?);
    let live = call.looking().await?;
    match live.session.carry_out(order).await? {
        Done::Occupants(inside) => Ok(Answer::entity(entity::occupants(&inside)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `GET /chat/rooms/{room}/chathistory`
pub async fn history(call: Call) -> Outcome {
    let order = Order::RoomHistory(room(&call)?);
    let live = call.looking().await?;
    match live.session.carry_out(order).await? {
        Done::Lines(lines) => Ok(Answer::entity(entity::room_history(&lines)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `PUT /chat/rooms/{room}`
pub async fn join(call: Call) -> Outcome {
    let order = Order::Join {
        room: room(&call)?,
        nick: call.query("nick").map(str::to_owned),
        password: call.query("password").map(str::to_owned),
    };
    call.do_it(order).await
}

/// `POST /chat/rooms/{room}`. A visitor speaks in the own conversation's room this way too.
pub async fn post(call: Call) -> Outcome {
    if let Caller::Bearer(_) = call.caller {
        return ask::say_in_room(&call, &room(&call)?).await;
    }
    let order = Order::Post {
        room: room(&call)?,
        message: body::message(call.text()?)?,
    };
    call.do_it(order).await
}

/// `POST /chat/rooms/{room}/{jid}`
pub async fn invite(call: Call) -> Outcome {
    let reason = Some(call.text()?.to_owned()).filter(|reason| !reason.trim().is_empty());
    let order = Order::Invite {
        room: room(&call)?,
        whom: call.path("jid").to_owned(),
        reason,
    };
    call.do_it(order).await
}

/// `DELETE /chat/rooms/{room}`
pub async fn leave(call: Call) -> Outcome {
    let order = Order::Leave(room(&call)?);
    call.do_it(order).await
}
