//! Visitors at XMPP clients of their own: they wait, leave the line, come into the room in person,
//! speak there and go.

use crate::conversation::{Author, ClosedBy, Conversation};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp};
use crate::workgroup::Request;

use super::{
    Answer, Bridge, Effect, Event, Names, Opening, PlaceView, Refusal, RoomOrder, Spoken, Visitor,
};

impl Bridge {
    pub(super) fn place_asked(&self, visitor: &Visitor) -> Answer {
        match self.line_of(visitor) {
            Some(view) => Answer::Place(view),
            None => Answer::Refused(Refusal::UnknownVisitor),
        }
    }

    /// Nobody is asked to help oneself.
    pub(super) fn spare_oneself(&self, opening: &Opening, request: &mut Request) {
        let own = opening.manners.own_client.as_deref();
        let oneself = own.and_then(AgentJid::parse);
        if let Some(oneself) = oneself.filter(|who| self.serves(who)) {
            request.pauses.insert(oneself, Timestamp(i64::MAX));
        }
    }

    /// A visitor in person who asks again though an agent waits already has missed the invitation.
    pub(super) fn ask_in_again(&mut self, answer: Answer) -> Answer {
        if let Answer::Opened { conversation, .. } = &answer {
            let missed = |one: &&Conversation| {
                let ready = one.room.as_ref().is_some_and(|room| room.ready);
                ready && one.manners.own_client.is_some() && one.visitor_nick().is_none()
            };
            if self
                .conversations
                .get(conversation)
                .filter(missed)
                .is_some()
            {
                self.order_room(conversation);
            }
        }
        answer
    }

    fn line_of(&self, visitor: &Visitor) -> Option<PlaceView> {
        let id = self.waiting_of(visitor)?;
        let request = self.dispatch.request(&id)?;
        Some(PlaceView {
            place: self.dispatch.place(&id)?,
            line: request.workgroup.clone(),
            usual_wait: self.usual_wait(&request.workgroup),
            conversation: id,
        })
    }

    /// The conversation of a visitor whom nobody has taken from the line yet.
    fn waiting_of(&self, visitor: &Visitor) -> Option<ConversationId> {
        let id = self.visitors.get(visitor)?.open.clone()?;
        self.conversations.get(&id)?.waits_in_person().then_some(id)
    }

    pub(super) fn departed(&mut self, now: Timestamp, visitor: &Visitor) -> Answer {
        let Some(id) = self.waiting_of(visitor) else {
            return Answer::Refused(Refusal::UnknownVisitor);
        };
        self.close(now, &id, ClosedBy::Visitor);
        Answer::Closed { before: None }
    }

    pub(super) fn visitor_entered(&mut self, id: &ConversationId, who: (AgentJid, String)) {
        let conversation = self.conversations.get_mut(id);
        if let Some(room) = conversation.and_then(|one| one.room.as_mut()) {
            room.inside.insert(who.0, who.1);
            room.visitor_until = None;
            self.touch(id);
        }
    }

    /// A visitor who was inside is not, after a disturbance: the room has invited the visitor
    /// again.
    pub(super) fn visitor_missing(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let until = self.waited_for(now, conversation);
        let conversation = self.conversations.get_mut(id);
        if let Some(room) = conversation.and_then(|one| one.room.as_mut()) {
            room.visitor_until = Some(until);
            self.touch(id);
        }
    }

    pub(super) fn visitor_stayed_away(&mut self, now: Timestamp, id: &ConversationId) {
        let room = self.conversations.get(id).and_then(|one| one.room.as_ref());
        if room.is_some_and(|room| room.ready) {
            self.close(now, id, ClosedBy::Visitor);
        } else {
            // Nobody can come now; the wait begins anew.
            self.visitor_missing(now, id);
        }
    }

    /// What a visitor says in the room in person: it is there already, and is kept.
    pub(super) fn visitor_spoke(&mut self, now: Timestamp, id: &ConversationId, spoken: Spoken) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let channel = conversation.channel.clone();
        let own = MessageId::new(spoken.key.clone());
        let names = Names {
            id: spoken.id.unwrap_or(own),
            key: Some(spoken.key),
        };
        if conversation.visitor_nick().is_none() {
            // Came, spoke, and perhaps went again while we were not looking.
            self.visitor_missing(now, id);
        }
        self.append(id, now, (Author::Visitor, spoken.words, names));
        self.happened(Event::VisitorSpoke(id.clone(), channel));
    }

    /// Tells the agent who serves, apart from a visitor who is in the room too.
    pub(super) fn tell_agent(&mut self, id: &ConversationId, text: String) {
        let nick = self.conversations.get(id).and_then(|one| one.agent_nick());
        if let Some(nick) = nick.cloned() {
            self.emit(Effect::Room(id.clone(), RoomOrder::Whisper { nick, text }));
        }
    }

    /// Tells a visitor who is in the room in person.
    pub(super) fn tell_in_person(&mut self, id: &ConversationId, text: &str) {
        let nick = self
            .conversations
            .get(id)
            .and_then(|one| one.visitor_nick());
        if let Some(nick) = nick.cloned() {
            let text = text.to_owned();
            self.emit(Effect::Room(id.clone(), RoomOrder::Whisper { nick, text }));
        }
    }
}
