//! What the platform tells of what visitors and bots say.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use uuid::Uuid;

use crate::bridge::{Answer, Input};
use crate::channels::http::read_body;
use crate::channels::yalo::YaloSettings;
use crate::channels::yalo::credentials::check_signature;
use crate::channels::yalo::wire::{self, Heard, Hearing, PayloadError};
use crate::config::Provider;
use crate::conversation::Author;
use crate::engine::now;
use crate::ids::MessageId;

use super::rejection::Rejection;
use super::{PATIENCE, Yalo, reply};

const SIGNATURE: &str = "x-yalochat-signature";

pub(super) async fn heard(
    request: HttpRequest,
    payload: Payload,
    state: Data<Yalo>,
) -> Result<HttpResponse, Rejection> {
    let name = request.match_info().get("provider").unwrap_or_default();
    let provider = Provider::named(name).ok_or(Rejection::UnknownPath)?;
    let settings = &state.only_tenant(&request)?.settings;
    let sent = request
        .headers()
        .get(SIGNATURE)
        .map(|value| value.as_bytes());
    // Whoever cannot be right is not listened to any further.
    check_signature(settings, sent, None)?;
    let body = read_body(payload).await?;
    check_signature(settings, sent, Some(&body))?;
    let media = &state.parts.media;
    let hearing = match provider {
        Provider::Whatsapp => wire::whatsapp(&body, settings, media),
        Provider::Facebook => wire::facebook(&body, media),
    };
    match hearing.map_err(|error| refused(settings, error))? {
        Hearing::Skipped(kind) => {
            let text = format!("message type: {kind} was skipped");
            Ok(reply::message(&text))
        }
        Hearing::Said(all) => {
            state.take(settings, &all).await?;
            Ok(reply::message("insert success"))
        }
    }
}

fn refused(settings: &YaloSettings, error: PayloadError) -> Rejection {
    match error {
        PayloadError::Malformed(why) => {
            tracing::debug!(channel = %settings.id, %why, "a webhook's body cannot be read");
            Rejection::Webhook
        }
        other => Rejection::Payload(other),
    }
}

impl Yalo {
    /// Hands everything over in its order, and waits until all of it is committed.
    async fn take(&self, settings: &YaloSettings, all: &[Heard]) -> Result<(), Rejection> {
        let taken = tokio::time::timeout(PATIENCE, self.take_all(settings, all));
        taken.await.map_err(|_| Rejection::Unavailable)?
    }

    async fn take_all(&self, settings: &YaloSettings, all: &[Heard]) -> Result<(), Rejection> {
        let mut answers = Vec::with_capacity(all.len());
        for one in all {
            let id = MessageId::new(Uuid::now_v7().simple().to_string());
            let heard = one.overheard(settings, id, now());
            let input = Input::Overheard(Box::new(heard));
            let answer = self.parts.engine.submit(input).await;
            answers.push(answer.map_err(|_| Rejection::Unavailable)?);
            if !is_restart(settings, one) {
                continue;
            }
            // What follows is said to the bot again, so this has to be settled first.
            if let Some(answer) = answers.pop() {
                let answer = answer.await.map_err(|_| Rejection::Unavailable)?;
                let answer = answer.map_err(|_| Rejection::Unavailable)?;
                self.restart(settings, one, &answer).await?;
            }
        }
        for answer in answers {
            let answer = answer.await.map_err(|_| Rejection::Unavailable)?;
            if let Answer::Refused(_) = answer.map_err(|_| Rejection::Unavailable)? {
                return Err(Rejection::Unexpected);
            }
        }
        Ok(())
    }

    /// Ends the conversation that the keyword was said in. A repetition of the webhook, because its
    /// answer was lost, does so if it was not done yet; it never ends a later conversation.
    async fn restart(
        &self,
        settings: &YaloSettings,
        heard: &Heard,
        answer: &Answer,
    ) -> Result<(), Rejection> {
        if let Answer::Taken { late: false, .. } = answer {
            let visitor = settings.visitor(heard.provider, &heard.user);
            self.ask(Input::VisitorClosed(visitor)).await?;
        }
        Ok(())
    }
}

fn is_restart(settings: &YaloSettings, heard: &Heard) -> bool {
    let words = &heard.words;
    if heard.author != Author::Visitor || !words.attachments.is_empty() {
        return false;
    }
    let said = words.text.trim().to_lowercase();
    settings.keys.restart_keywords.contains(&said)
}
