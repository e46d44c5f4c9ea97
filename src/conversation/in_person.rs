//! Visitors who sit at an XMPP client themselves and come into the room in person.

use crate::ids::{AgentJid, Timestamp};

use super::{Conversation, Outgoing, Presence, Stage};

impl Conversation {
    /// The bare JID of a visitor who comes into the room in person.
    pub fn in_person(&self) -> Option<AgentJid> {
        AgentJid::parse(self.manners.own_client.as_deref()?)
    }

    /// Whether this is the visitor, who comes in person.
    pub fn is_visitor(&self, who: &AgentJid) -> bool {
        self.in_person().as_ref() == Some(who)
    }

    /// Whether words in the room are those of a visitor in person. An archive tells nicknames only:
    /// then they are, unless an agent is known to be called so. Taken for a visitor's, nothing is
    /// carried out by mistake.
    pub fn is_visitors(&self, who: Option<&AgentJid>, nick: &str) -> bool {
        let Some(visitor) = self.in_person() else {
            return false;
        };
        let Some(who) = who else {
            let inside = self.room.iter().flat_map(|room| &room.inside);
            let mut agents = inside.filter(|(other, _)| **other != visitor);
            return !agents.any(|(_, name)| name == nick);
        };
        *who == visitor
    }

    /// The nickname of a visitor who is in the room in person.
    pub fn visitor_nick(&self) -> Option<&String> {
        self.room.as_ref()?.inside.get(&self.in_person()?)
    }

    /// The nickname of the agent who serves, while the agent is in the room.
    pub fn agent_nick(&self) -> Option<&String> {
        self.room.as_ref()?.inside.get(self.agent()?)
    }

    /// Whether the visitor comes in person, and nobody took the visitor out of the line yet.
    pub fn waits_in_person(&self) -> bool {
        let waits = matches!(self.stage, Stage::Waiting { .. });
        waits && self.room.is_none() && self.manners.own_client.is_some()
    }

    /// Whether a visitor who comes in person learns of this without being told apart: in the room,
    /// or by being invited into it. Of an end that comes before that the visitor would never learn.
    pub fn hears_in_person(&self, what: &Outgoing) -> bool {
        let end = matches!(what, Outgoing::Closed(_));
        self.manners.own_client.is_some() && (self.visitor_nick().is_some() || !end)
    }

    /// Whether a visitor in person never came, and the agent who waited went away for good.
    pub fn nobody_is_left(&self) -> bool {
        let Stage::Served(service) = &self.stage else {
            return false;
        };
        let away = matches!(service.presence, Presence::Away { .. });
        let came = self.visitor_nick().is_some() || self.visitor_until().is_some();
        away && self.manners.own_client.is_some() && !came
    }

    /// The agent who serves has been shown what there is to know; the agent's nickname is returned.
    pub fn note_briefed(&mut self) -> Option<String> {
        let nick = self.agent_nick()?.clone();
        self.service_mut()?.briefed = true;
        Some(nick)
    }

    /// Until when a visitor is waited for who was in the room and is missing.
    pub fn visitor_until(&self) -> Option<Timestamp> {
        if let Stage::Over { .. } = self.stage {
            return None;
        }
        self.room.as_ref()?.visitor_until
    }
}
