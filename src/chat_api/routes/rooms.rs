//! Rooms: found, entered, spoken in, left.

use crate::chat_api::ask;
use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;
use crate::chat_api::wire::{body, entity};
use crate::users::{Done, Order};

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

/// `GET /chat/rooms?servicename=&search=`
pub async fn list(call: Call) -> Outcome {
    let places = call.api.desk.sessions().places();
    let order = Order::Rooms {
        service: places.room_service(service(&call)?),
        search: call.query("search").map(str::to_owned),
    };
    let live = call.looking().await?;
    match live.session.carry_out(order).await? {
        Done::Rooms(all) => Ok(Answer::entity(entity::rooms(&all)).by(&live)),
        _ => Err(Failure::Fault),
    }
}

/// `GET /chat/rooms/{room}`
pub async fn one(call: Call) -> Outcome {
    let order = Order::Room(room(&call)?);
    let live = call.looking().await?;
    match live.session.carry_out(order).await? {
        Done::Room(room) => Ok(Answer::entity(entity::room(&room)).by(&live)),
        _ => Err(Failure::Fault),
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
