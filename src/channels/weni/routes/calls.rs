//! The five calls, each answered when what it brought about is stored.

use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use uuid::Uuid;

use crate::bridge::{Answer, Input, Refusal, Reopening, Saying};
use crate::channels::weni::WeniSettings;
use crate::channels::weni::wire::{self, Told};
use crate::conversation::{Earlier, Words};
use crate::engine::now;
use crate::ids::{ConversationId, MessageId};

use super::rejection::Rejection;
use super::{Weni, key, ticket};

type Replied = Result<HttpResponse, Rejection>;

/// How long a ticket waits to be opened again for what is owed of it still.
const OWED_PATIENCE: Duration = Duration::from_secs(6);
const OWED_PAUSE: Duration = Duration::from_millis(250);

fn new_conversation() -> ConversationId {
    ConversationId::from_bits(rand::random())
}

pub(super) async fn open(request: HttpRequest, payload: Payload, state: Data<Weni>) -> Replied {
    let (settings, body) = state.admit(&request, payload).await?;
    if body.is_empty() {
        return state.opened_before(settings, key(&request)).await;
    }
    let asked = wire::open(&body, settings)?;
    state
        .learn_callback(settings, asked.callback.clone())
        .await?;
    let (external, opened_at) = (asked.id.clone(), asked.opened_at);
    let wish = asked.into_opening(new_conversation(), settings);
    match state.ask(Input::Open(wish)).await? {
        Answer::Opened { .. } => {
            let at = opened_at.and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok());
            // Nothing but what the call itself tells: a repetition is answered alike.
            let mut reply = json!({ "external_id": external, "status": "open" });
            if let Some(at) = at {
                reply["created_at"] = json!(at.to_string());
            }
            Ok(HttpResponse::Created().json(reply))
        }
        _ => Err(Rejection::Unexpected),
    }
}

impl Weni {
    /// Over HTTP/2 mailroom repeats a call that got no answer without its body; its key names the
    /// ticket.
    async fn opened_before(&self, settings: &WeniSettings, key: Option<String>) -> Replied {
        let named = key.as_deref().and_then(|key| key.strip_prefix("open-"));
        let ticket = named.and_then(wire::ticket_of).unwrap_or_default();
        let visitor = settings.visitor(&ticket);
        let earlier = Vec::new();
        match self.ask(Input::Recounted { visitor, earlier }).await {
            Ok(_) => {
                let reply = json!({ "external_id": ticket, "status": "open" });
                Ok(HttpResponse::Created().json(reply))
            }
            Err(Rejection::UnknownTicket) => Err(wire::WireError::NotAnObject.into()),
            Err(other) => Err(other),
        }
    }

    /// Keeps where mailroom wants to be called, where that is not configured.
    async fn learn_callback(
        &self,
        settings: &WeniSettings,
        told: Option<String>,
    ) -> Result<(), Rejection> {
        let known = self.ways.book.find(&settings.id);
        let news = told.filter(|_| settings.keys.callback_url.is_none());
        let Some(url) = news.filter(|url| known.as_ref() != Some(url)) else {
            return Ok(());
        };
        let channel = settings.id.clone();
        self.ask(Input::CallbackLearnt { channel, url }).await?;
        Ok(())
    }
}

pub(super) async fn message(request: HttpRequest, payload: Payload, state: Data<Weni>) -> Replied {
    let (settings, body) = state.admit(&request, payload).await?;
    let ticket = ticket(&request).ok_or(Rejection::UnknownTicket)?;
    let key = key(&request);
    let came = (key.as_deref(), now());
    match wire::message(&body, &ticket, came, &state.ways.media)? {
        Told::Said { id, words } => {
            let said = said(settings, &ticket, (id.or(key), words));
            state.take(said).await
        }
        Told::Before(entry) => {
            state.recount(settings, &ticket, vec![entry]).await?;
            Ok(HttpResponse::Ok().json(json!({ "status": "received" })))
        }
    }
}

/// A message under mailroom's own id where that is one: then what is told of it later is known to
/// be the same.
fn said(
    settings: &WeniSettings,
    ticket: &str,
    (known_as, words): (Option<String>, Words),
) -> Saying {
    let id = known_as.as_deref().and_then(wire::ticket_of);
    Saying {
        visitor: settings.visitor(ticket),
        id: MessageId::new(id.unwrap_or_else(|| Uuid::now_v7().hyphenated().to_string())),
        platform_id: known_as,
        words,
    }
}

impl Weni {
    async fn take(&self, saying: Saying) -> Replied {
        let visitor = saying.visitor.clone();
        match self.ask(Input::Said(saying)).await? {
            Answer::Taken {
                late: true, again, ..
            } => {
                if !again {
                    // It is kept for the record; over there the ticket ought to be closed.
                    self.ask(Input::EndDoubted(visitor)).await?;
                }
                Err(Rejection::TicketClosed)
            }
            Answer::Taken { message, .. } => {
                let reply = json!({ "message_external_id": message, "status": "received" });
                Ok(HttpResponse::Ok().json(reply))
            }
            _ => Err(Rejection::Unexpected),
        }
    }

    /// Whether the ticket is known.
    async fn recount(
        &self,
        settings: &WeniSettings,
        ticket: &str,
        earlier: Vec<Earlier>,
    ) -> Result<bool, Rejection> {
        let visitor = settings.visitor(ticket);
        match self.ask(Input::Recounted { visitor, earlier }).await {
            Ok(_) => Ok(true),
            // Any refusal would have all of it sent three times.
            Err(Rejection::UnknownTicket) => {
                tracing::warn!(channel = %settings.id, "history of an unknown ticket");
                Ok(false)
            }
            Err(other) => Err(other),
        }
    }
}

pub(super) async fn history(request: HttpRequest, payload: Payload, state: Data<Weni>) -> Replied {
    let (settings, body) = state.admit(&request, payload).await?;
    let named = ticket(&request).unwrap_or_default();
    let (earlier, count) = wire::history(&body, &named, now(), &state.ways.media)?;
    match state.recount(settings, &named, earlier).await? {
        true => Ok(HttpResponse::Ok()
            .json(json!({ "status": "history_received", "messages_received": count }))),
        false => Ok(HttpResponse::Ok().finish()),
    }
}

pub(super) async fn close(request: HttpRequest, payload: Payload, state: Data<Weni>) -> Replied {
    let (settings, body) = state.admit(&request, payload).await?;
    let ticket = ticket(&request).ok_or(Rejection::NothingToClose)?;
    wire::about(&body, &ticket)?;
    match state
        .ask(Input::VisitorClosed(settings.visitor(&ticket)))
        .await
    {
        Ok(Answer::Closed { before: None }) => {
            Ok(HttpResponse::Ok().json(json!({ "status": "closed" })))
        }
        Ok(Answer::Closed { .. }) => Err(Rejection::AlreadyClosed),
        Ok(_) => Err(Rejection::Unexpected),
        Err(Rejection::UnknownTicket) => Err(Rejection::NothingToClose),
        Err(other) => Err(other),
    }
}

pub(super) async fn reopen(request: HttpRequest, payload: Payload, state: Data<Weni>) -> Replied {
    let (settings, body) = state.admit(&request, payload).await?;
    let ticket = ticket(&request).ok_or(Rejection::UnknownTicket)?;
    wire::about(&body, &ticket)?;
    let wish = Reopening {
        conversation: new_conversation(),
        visitor: settings.visitor(&ticket),
        key: key(&request),
        hurry: true,
        by_platform: true,
        wait_ends: settings.wait_ends,
        earlier: Vec::new(),
    };
    let waited = tokio::time::timeout(OWED_PATIENCE, state.reopen(wish));
    match waited.await.map_err(|_| Rejection::Unavailable)?? {
        Answer::Opened { .. } => Ok(HttpResponse::Ok().json(json!({ "status": "open" }))),
        Answer::Refused(refusal) => Err(refusal.into()),
        _ => Err(Rejection::Unexpected),
    }
}

impl Weni {
    /// Opens a ticket again, as soon as mailroom has been told what is owed of it still.
    async fn reopen(&self, mut wish: Reopening) -> Result<Answer, Rejection> {
        loop {
            let asked = self.ways.engine.ask(Input::Reopen(Box::new(wish.clone())));
            match asked.await.map_err(|_| Rejection::Unavailable)? {
                Answer::Refused(Refusal::StillOwed) => {
                    wish.hurry = false;
                    tokio::time::sleep(OWED_PAUSE).await;
                }
                answer => return Ok(answer),
            }
        }
    }
}
