//! Typing, between a visitor and whoever is in the conversation's room. It passes by: nothing of it
//! is stored.

use serde_json::json;

use crate::bridge::{Input, Typing};
use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::log::{Entry, EventLog, FeedName};
use crate::chat_api::wire::visitor::Names;
use crate::users::ChatState;

use super::asked;

/// `POST /ask/{user}/chatstate/{state}`, an extension: a state that is not known does nothing.
pub async fn visitor_types(call: Call) -> Outcome {
    let asked = asked(&call).await?;
    let Some(state) = ChatState::from_word(call.path("state")) else {
        return Ok(Answer::empty());
    };
    let visitor = call.api.visitor(&asked);
    call.api.ask(Input::Typed { visitor, state }).await?;
    Ok(Answer::empty())
}

/// Shows a visitor who types, if the visitor looks just now.
pub fn show_typing(log: &EventLog, names: &Names, typing: &Typing) {
    let from = format!("{}/{}", names.room(&typing.conversation), typing.author);
    let data = json!({"type": "groupchat", "from": from, "state": typing.state.word()});
    let feed = FeedName::visitor(&typing.conversation);
    log.pass(&feed, Entry::new("chatapi.ask", &data));
}
