//! Brings what was said before a ticket to its conversation, after the ticket was answered.

use std::time::Duration;

use uuid::Uuid;

use crate::bridge::Input;
use crate::channels::rapidpro::RapidProSettings;
use crate::channels::rapidpro::history::{Search, fetch};
use crate::ids::{ConversationId, Timestamp};

use super::RapidPro;

/// The flow that opens a ticket stores the bot's last words only after our answer.
const FLOW_SETTLES: Duration = Duration::from_secs(2);
/// A session may have begun long ago; agents are shown a day at most, unless `history` says more.
const DAY: Duration = Duration::from_hours(24);

/// A ticket that has just become a conversation.
pub(super) struct Handed {
    pub conversation: ConversationId,
    pub contact: Option<Uuid>,
    pub session_start: Option<Timestamp>,
    pub asked_at: Timestamp,
}

/// Begins the import where the channel may look. Whatever goes wrong, the conversation goes on
/// without a history.
pub(super) fn begin(state: &RapidPro, settings: &RapidProSettings, handed: Handed) {
    let Some(search) = search(state, settings, &handed) else {
        return;
    };
    let (engine, http) = (state.engine.clone(), state.http.clone());
    let channel = settings.id.clone();
    state.runtime.spawn(async move {
        tokio::time::sleep(FLOW_SETTLES).await;
        let conversation = handed.conversation;
        match fetch(&http, &search).await {
            Ok(earlier) if earlier.is_empty() => {}
            Ok(earlier) => {
                let input = Input::History {
                    conversation,
                    earlier,
                };
                // Where the engine stops just now, there is nobody left to show it to.
                let _ = engine.ask(input).await;
            }
            Err(error) => tracing::warn!(%channel, %conversation, %error, "no history"),
        }
    });
}

fn search(state: &RapidPro, settings: &RapidProSettings, handed: &Handed) -> Option<Search> {
    let token = settings
        .api_token
        .clone()
        .filter(|token| !token.expose().is_empty())?;
    let known = state.book.find(&settings.id);
    let started = handed
        .session_start
        .unwrap_or(handed.asked_at.minus(settings.history));
    let earliest = handed.asked_at.minus(settings.history.max(DAY));
    Some(Search {
        server: known.or_else(|| settings.callback_url.clone())?,
        contact: handed.contact?,
        after: started.max(earliest),
        until: handed.asked_at,
        token,
    })
}
