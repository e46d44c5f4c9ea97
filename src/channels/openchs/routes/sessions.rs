//! What bots say in a session, its end, and what they tell of the counselors' words.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use uuid::Uuid;

use crate::bridge::{Acknowledgement, Answer, Input, Refusal, Visitor};
use crate::channels::http::read_body;
use crate::channels::openchs::wire::{self, Naming};
use crate::channels::openchs::{Situation, Source};
use crate::conversation::{ClosedBy, Line, Receipt};
use crate::ids::{ConversationId, DeliveryId, VisitorToken};
use crate::outbox::delivery_key;
use crate::store::Table;

use super::rejection::Rejection;
use super::{Caller, Openchs, json_body, repeated_by};

/// `POST chat/`.
pub(super) async fn said(
    request: HttpRequest,
    payload: Payload,
    state: Data<Openchs>,
) -> Result<HttpResponse, Rejection> {
    let caller = state.admit(&request).await?;
    let chat = wire::chat(&json_body(&request, payload).await?)?;
    allow(&caller, chat.source)?;
    if let Source::Outbox | Source::Helpline = chat.source {
        return Err(Situation::SourceNotAllowed.into());
    }
    let given = chat.message_id.clone().or_else(|| repeated_by(&request));
    let naming = Naming::of(&chat.session, given.as_deref(), Uuid::new_v4());
    let id = ConversationId::from_bits(rand::random());
    let session = chat.session.clone();
    let approach = wire::approach(chat, (&caller.helpline, id.clone()), &naming);
    match state.ask(Input::Approached(Box::new(approach))).await? {
        Answer::Taken {
            conversation,
            again,
            ..
        } => {
            let situation = match again {
                true => Situation::TakenBefore,
                false => Situation::Taken,
            };
            let new = conversation == id;
            Ok(HttpResponse::build(situation.status()).json(json!({
                "status": situation.word(),
                "uuid": naming.uuid,
                "message_id": given.unwrap_or_else(|| wire::message_id(naming.id.as_str())),
                "chat_session": session,
                "conversation": if new { "new" } else { "existing" },
                "client_pseudonym": conversation.pseudonym(),
            })))
        }
        Answer::Refused(Refusal::UnknownConversation) => Err(Situation::SessionClosed.into()),
        _ => Err(Situation::Fault.into()),
    }
}

fn allow(caller: &Caller, source: Source) -> Result<(), Rejection> {
    match caller.account.sources.contains(&source) {
        true => Ok(()),
        false => Err(Situation::SourceNotAllowed.into()),
    }
}

fn visitor(request: &HttpRequest, caller: &Caller, action: &str) -> Result<Visitor, Rejection> {
    let session = wire::session_in(request.uri().path(), action);
    let session = session.ok_or(Situation::UnknownSession)?;
    Ok(Visitor {
        channel: caller.helpline.id.clone(),
        token: VisitorToken::new(session),
    })
}

/// `POST chat/{session}/close/`.
pub(super) async fn closed(
    request: HttpRequest,
    payload: Payload,
    state: Data<Openchs>,
) -> Result<HttpResponse, Rejection> {
    let caller = state.admit(&request).await?;
    let source = wire::closer(&read_body(payload).await?);
    allow(&caller, source)?;
    let visitor = visitor(&request, &caller, "close")?;
    let input = match source {
        Source::Weni | Source::Inbox => Input::VisitorClosed(visitor),
        // A desk beside Warmline: the bot is to hear of it like of any other end.
        Source::Outbox | Source::Helpline => Input::PlatformClosed(visitor),
    };
    match state.ask(input).await? {
        Answer::Closed { before } => {
            let by = before.map_or("now", ClosedBy::as_str);
            Ok(HttpResponse::build(Situation::Closed.status()).json(json!({
                "status": Situation::Closed.word(),
                "closed": if before.is_some() { "before" } else { "now" },
                "closed_by": before.map(|_| by),
            })))
        }
        Answer::Refused(_) => Err(Situation::UnknownSession.into()),
        _ => Err(Situation::Fault.into()),
    }
}

/// `POST chat/{session}/ack/`.
pub(super) async fn acknowledged(
    request: HttpRequest,
    payload: Payload,
    state: Data<Openchs>,
) -> Result<HttpResponse, Rejection> {
    let caller = state.admit(&request).await?;
    let ack = wire::ack(&json_body(&request, payload).await?)?;
    let visitor = visitor(&request, &caller, "ack")?;
    let told = Acknowledgement {
        visitor: visitor.clone(),
        delivery: DeliveryId::new(ack.message.clone()),
        receipt: ack.receipt,
    };
    let before = match state.ask(Input::Acknowledged(told)).await? {
        Answer::Acknowledged { before } => before,
        Answer::Refused(_) => past(&state, &visitor, &ack.message).await?,
        _ => return Err(Situation::Fault.into()),
    };
    let contradicts = match before {
        Some(Receipt::Failed) => ack.receipt != Receipt::Failed,
        Some(Receipt::Delivered | Receipt::Read) => ack.receipt == Receipt::Failed,
        Some(Receipt::Sent) | None => false,
    };
    if contradicts {
        return Err(Situation::FinalAlready.into());
    }
    let situation = Situation::Acknowledged;
    Ok(HttpResponse::build(situation.status()).json(json!({
        "status": situation.word(),
        "message_id": ack.message,
    })))
}

/// What is known of a counselor's message of a conversation that is over and out of the engine's
/// hands: late acknowledgements are answered, and change nothing.
async fn past(
    state: &Openchs,
    visitor: &Visitor,
    message: &str,
) -> Result<Option<Receipt>, Rejection> {
    let unknown = Rejection::from(Situation::UnknownMessage);
    let Some((id, number)) = message.rsplit_once('-') else {
        return Err(unknown);
    };
    let (Ok(number), store) = (number.parse(), &state.store) else {
        return Err(unknown);
    };
    let failing = |_| Rejection::from(Situation::NotNow);
    let past = store.get(Table::Past, "", id).await.map_err(failing)?;
    let past = past.and_then(|row| serde_json::from_slice(&row.value).ok());
    let theirs = past.is_some_and(|past: crate::conversation::Past| {
        past.channel == visitor.channel && past.token == visitor.token
    });
    if !theirs {
        return Err(unknown);
    }
    let key = delivery_key(number);
    let line = store.get(Table::Line, id, &key).await.map_err(failing)?;
    let line: Option<Line> = line.and_then(|row| serde_json::from_slice(&row.value).ok());
    line.map(|line| line.receipt).ok_or(unknown)
}
