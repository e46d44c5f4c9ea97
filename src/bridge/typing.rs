//! Typing, both ways (XEP-0085): it passes by, and nothing of it is stored.

use crate::conversation::{Presence, Stage};
use crate::ids::{AgentJid, ConversationId};
use crate::users::ChatState;

use super::{Answer, Bridge, Effect, RoomOrder, Typing, Visitor};

impl Bridge {
    /// The room shows it while the agent is there to see it.
    pub(super) fn visitor_typed(&mut self, visitor: &Visitor, state: ChatState) -> Answer {
        let open = self.visitors.get(visitor);
        let id = open.and_then(|known| known.open.clone());
        let Some(id) = id.filter(|id| self.is_heard(id)) else {
            return Answer::Done;
        };
        self.emit(Effect::Room(id, RoomOrder::Typing(state)));
        Answer::Done
    }

    /// Whether the agent sits in a room that is ready, and has read what was said before.
    fn is_heard(&self, id: &ConversationId) -> bool {
        self.conversations.get(id).is_some_and(|conversation| {
            let ready = conversation.room.as_ref().is_some_and(|room| room.ready);
            let here = match &conversation.stage {
                Stage::Served(service) => service.presence == Presence::Here && service.briefed,
                Stage::Waiting { .. } | Stage::Away(_) | Stage::Over { .. } => false,
            };
            ready && here && conversation.manners.typing
        })
    }

    /// Whose words would go to the visitor is also seen typing, under the same name.
    pub(super) fn agent_typed(
        &mut self,
        id: &ConversationId,
        (agent, nick): (&AgentJid, &str),
        state: ChatState,
    ) {
        let conversation = self.conversations.get(id);
        let wanted = conversation.filter(|conversation| {
            let over = matches!(conversation.stage, Stage::Over { .. });
            conversation.manners.typing && !over
        });
        let Some(conversation) = wanted else {
            return;
        };
        let typing = Typing {
            conversation: id.clone(),
            channel: conversation.channel.clone(),
            author: self.public_name(conversation, Some(agent), nick),
            state,
        };
        self.emit(Effect::Typing(typing));
    }
}
