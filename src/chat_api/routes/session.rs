//! Login, logoff, presence, messages, chat states, raw stanzas, history, tickets.

use std::sync::Arc;

use crate::engine::now;
use crate::ids::Timestamp;
use crate::users::{ChatState, Done, HistoryWish, Order, Password, Said, Show};

use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::codes::Shown;
use crate::chat_api::desk::Live;
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::{Caller, User};
use crate::chat_api::grants::TICKET;
use crate::chat_api::wire::node::{Entity, Node};
use crate::chat_api::wire::{body, entity};

/// First words of a path after `/chat/` that are nobody's name (chat API §1.7).
const RESERVED: [&str; 12] = [
    "users",
    "rooms",
    "contacts",
    "messages",
    "presence",
    "xmpp",
    "assists",
    "offer",
    "offers",
    "certificate",
    "enroll",
    "chatstate",
];

/// `POST /chat/{username}/login`: the bare stream id, whatever `Accept` says.
pub async fn login(call: Call) -> Outcome {
    let name = call.path("username").to_lowercase();
    if RESERVED.contains(&name.as_str()) || name.is_empty() {
        return Err(Failure::Parameter("username", "this word is reserved"));
    }
    let password = body::password(call.text()?).map(Password::new);
    let live = match (&call.caller, password) {
        (Caller::Bearer(_), _) => return call.user().map(|_| Answer::empty()),
        (Caller::Nobody, None) => return Err(Failure::NoCredentials),
        (Caller::Master, None) => call.bridge_user(&name).await?,
        (Caller::User(user), None) => {
            if user.bare != name && user.name() != name {
                return Err(Failure::NotAllowed("log in as yourself"));
            }
            enter(&call, user).await?
        }
        (_, Some(password)) => {
            let user = call.api.gate.user(&name, password, call.from).await?;
            enter(&call, &user).await?
        }
    };
    let stream = call.api.desk.stream_of(&live).await?;
    Ok(Answer::text(stream).by(&live))
}

/// The session of a user whose password was right, once the one-time code was right, too.
async fn enter(call: &Call, user: &User) -> Result<Arc<Live>, Failure> {
    let code = call.query("totp");
    if code.is_some() || call.api.codes.is_enrolled(&user.bare).await? {
        call.api.gate.count(call.from)?;
    }
    let shown = call.api.codes.check(&user.bare, code, now()).await?;
    let live = call.api.desk.open_for(user).await?;
    if shown == Shown::Code {
        call.api.desk.note_code(&live).await?;
    }
    Ok(live)
}

/// `POST /chat/{stream}/logoff`
pub async fn logoff(call: Call) -> Outcome {
    let live = match call.has("stream") {
        true => call.session().await?,
        // Nobody is logged in only to be logged off.
        false => {
            let bare = match (&call.caller, call.query("username")) {
                (Caller::Master, Some(name)) => {
                    let domain = call.api.desk.sessions().places().domain;
                    match name.contains('@') {
                        true => name.to_lowercase(),
                        false => format!("{}@{domain}", name.to_lowercase()),
                    }
                }
                _ => call.user()?.bare.clone(),
            };
            call.api.desk.by_user(&bare).ok_or(Failure::NoStream)?
        }
    };
    call.api.desk.close(&live, "logoff").await;
    Ok(Answer::empty().by(&live))
}

/// `POST /chat/presence?show=&status=`
pub async fn presence(call: Call) -> Outcome {
    let show = call.query("show").and_then(Show::from_word);
    let order = Order::Presence {
        // As the original: what it does not know, and nothing, is plain presence.
        show: show.unwrap_or(Show::Available),
        status: call.query("status").map(str::to_owned),
    };
    call.do_it(order).await
}

/// `POST /chat/messages/{to}`
pub async fn send(call: Call) -> Outcome {
    let order = Order::Message {
        to: call.path("to").to_owned(),
        message: body::message(call.text()?)?,
    };
    call.do_it(order).await
}

/// `POST /chat/chatstate/{state}/{to}`
pub async fn chatstate(call: Call) -> Outcome {
    // As the original: a state that it does not know does nothing.
    let Some(state) = ChatState::from_word(call.path("state")) else {
        let live = call.session().await?;
        return Ok(Answer::empty().by(&live));
    };
    let to = call.path("to").to_owned();
    call.do_it(Order::ChatState { to, state }).await
}

/// `POST /chat/xmpp`
pub async fn xmpp(call: Call) -> Outcome {
    let stanza = call.text()?.to_owned();
    call.do_it(Order::Raw(stanza)).await
}

/// `GET /chat/messages`, `GET /chat/{stream or username}/messages`
pub async fn history(call: Call) -> Outcome {
    let (live, lines) = said(&call).await?;
    Ok(Answer::entity(entity::conversations(&lines)).by(&live))
}

/// What was said to and by the user whom the call is about, as far as its parameters want it.
pub(super) async fn said(call: &Call) -> Result<(Arc<Live>, Vec<Said>), Failure> {
    let live = match call.has("stream") && !call.path("stream").starts_with("ofchat-") {
        true => named(call).await?,
        false => call.session().await?,
    };
    let places = call.api.desk.sessions().places();
    let service = super::rooms::service(call)?;
    let room = call.query("room").map(|room| places.room(room, service));
    let words = call.query("keywords").unwrap_or_default();
    let wish = HistoryWish {
        with: room.or_else(|| call.query("to").map(str::to_owned)),
        start: call
            .query("start")
            .and_then(|text| moment(text, Edge::Start)),
        end: call.query("end").and_then(|text| moment(text, Edge::End)),
        keywords: words.split_whitespace().map(str::to_owned).collect(),
        limit: call
            .query("limit")
            .and_then(|limit| limit.parse().ok())
            .unwrap_or_default(),
    };
    let done = live.session.carry_out(Order::History(wish)).await?;
    match done {
        Done::Lines(lines) => Ok((live, lines)),
        _ => Err(Failure::Fault),
    }
}

/// The session of the user whom the path names.
async fn named(call: &Call) -> Result<Arc<Live>, Failure> {
    let name = call.path("stream").to_lowercase();
    match &call.caller {
        Caller::Master => call.bridge_user(&name).await,
        _ => {
            let user = call.user()?;
            if user.bare != name && user.name() != name {
                return Err(Failure::NotAllowed("this history is somebody else's"));
            }
            call.api.desk.of(user).await
        }
    }
}

/// Which end of a span of time.
#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

/// An instant with `T` and `Z`, or a day as `MM/dd/yy`; anything else is no condition. The start is
/// moved five minutes back, the end to the end of its day (chat API §1.8).
fn moment(text: &str, edge: Edge) -> Option<Timestamp> {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let millis = if text.contains('T') {
        text.parse::<jiff::Timestamp>().ok()?.as_millisecond()
    } else {
        let day = jiff::civil::Date::strptime("%m/%d/%y", text).ok()?;
        let day = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        day.timestamp().as_millisecond()
    };
    Some(Timestamp(match edge {
        Edge::Start => millis.saturating_sub(5 * 60 * 1000),
        Edge::End => millis.saturating_add(DAY - 1),
    }))
}

/// `POST /chat/tickets`, an extension: a ticket for `/sse/{user}?token=`, for pages that can send
/// no header there.
pub async fn ticket(call: Call) -> Outcome {
    let live = call.session().await?;
    let ticket = call.api.grants.give(&live.user, TICKET).await?;
    let seconds = i64::try_from(TICKET.as_secs()).unwrap_or(i64::MAX);
    let entity = Entity {
        root: "ticket",
        keys: vec![
            ("ticket", Node::Text(ticket)),
            ("expiresIn", Node::Number(seconds)),
        ],
    };
    Ok(Answer::entity(entity).by(&live))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_both_spellings() {
        let noon = Timestamp(1_735_732_800_000); // 2025-01-01T12:00:00Z
        let start = moment("2025-01-01T12:00:00Z", Edge::Start);
        assert_eq!(start, Some(Timestamp(noon.0 - 300_000)));
        let day = moment("01/01/25", Edge::End);
        assert_eq!(day, Some(Timestamp(noon.0 + 12 * 3_600_000 - 1)));
        assert_eq!(moment("yesterday", Edge::End), None);
    }
}
