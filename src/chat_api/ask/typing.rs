//! Typing, between a visitor and those of our users who are in the conversation's room. It passes by:
//! nothing of it is stored.

use serde_json::json;

use crate::chat_api::ChatApi;
use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::gate::local;
use crate::chat_api::log::{Entry, FeedName};
use crate::ids::ConversationId;
use crate::users::ChatState;

use super::asked;

/// `POST /ask/{user}/chatstate/{state}`, an extension: a state that is not known does nothing.
pub async fn visitor_types(call: Call) -> Outcome {
    let asked = asked(&call).await?;
    let Some(state) = ChatState::from_word(call.path("state")) else {
        return Ok(Answer::empty());
    };
    let room = call.api.settings.names.room(&asked.conversation);
    let from = format!("{room}/{}", asked.conversation.pseudonym());
    for user in call.api.desk.inside(&room) {
        let data = json!({
            "type": "groupchat", "to": user, "from": from, "state": state.word(),
        });
        let entry = Entry::new("chatapi.chat", &data);
        call.api.log.pass(&FeedName::user(&user), entry);
    }
    Ok(Answer::empty())
}

/// A user told a room of typing: if a visitor is in it, the visitor is shown that.
pub fn agent_types(api: &ChatApi, user: &str, (room, state): (&str, ChatState)) {
    let room = room.to_lowercase();
    let conversation = ConversationId::new(local(&room));
    if api.settings.names.room(&conversation) != room {
        return;
    }
    if !api.desk.inside(&room).iter().any(|other| other == user) {
        return;
    }
    let feed = FeedName::visitor(&conversation);
    // Who types is told by the words that follow.
    let data = json!({"type": "groupchat", "from": room, "state": state.word()});
    api.log.pass(&feed, Entry::new("chatapi.ask", &data));
}
