//! What a user says, one-to-one or in a room.

use minidom::Element;

use crate::users::{BadStanza, ChatState, Done, Outgoing, UserError};
use crate::xmpp::clean::clean;
use crate::xmpp::encode::encode;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, element};

use super::{Client, raw, text};

impl Client {
    /// Sends a message of this type.
    pub(super) fn say(
        &mut self,
        to: &str,
        kind: &str,
        message: Outgoing,
    ) -> Result<Done, UserError> {
        let to = text::address(to)?.to_string();
        let body = message.body.filter(|body| !body.is_empty());
        if body.is_none() && message.data.is_none() {
            return Err(UserError::Empty);
        }
        let id = message.id.unwrap_or_else(|| self.mint());
        let mut stanza = element("message", ns::CLIENT)
            .with("type", kind)
            .with("to", &to)
            .with("id", &clean(&id));
        if let Some(body) = body {
            stanza = stanza.and_text("body", ns::CLIENT, &clean(&body));
        }
        if let Some(data) = &message.data {
            stanza = stanza.and(text::data_element(data));
        }
        fits(&stanza)?;
        self.send(stanza);
        if kind == "chat" {
            self.account_said();
        }
        Ok(Done::Sent { id })
    }

    pub(super) fn say_state(&mut self, to: &str, state: ChatState) -> Result<Done, UserError> {
        let to = text::address(to)?;
        let bare = to.bare();
        let kind = match self.rooms.contains_key(&bare) && to.resource.is_none() {
            true => "groupchat",
            false => "chat",
        };
        let stanza = element("message", ns::CLIENT)
            .with("type", kind)
            .with("to", &to.to_string())
            .and(element(state.word(), ns::CHAT_STATES))
            .and(element("no-store", ns::HINTS));
        self.send(stanza);
        Ok(Done::Nothing)
    }

    /// Sends what was typed. A user who says so that they leave or enter a room is believed when the
    /// room says so too.
    pub(super) fn say_raw(&mut self, xml: &str) -> Result<Done, UserError> {
        let mut stanza = raw::read(xml)?;
        let full = self.full.clone();
        stanza = stanza.with("from", &full);
        let id = match attr(&stanza, "id") {
            Some(id) => id.to_owned(),
            None => {
                let id = self.mint();
                stanza = stanza.with("id", &id);
                id
            }
        };
        if stanza.name() == "message" && attr(&stanza, "to").is_none() {
            return Err(BadStanza::Attributes.into());
        }
        // Whoever typed the presence that is shown to all is believed to want it again later.
        if stanza.name() == "presence" && attr(&stanza, "to").is_none() {
            self.typed_presence(&stanza)?;
        }
        fits(&stanza)?;
        let said = stanza.name() == "message";
        self.send(stanza);
        if said {
            self.account_said();
        } else {
            self.catch_up();
        }
        Ok(Done::Sent { id })
    }

    fn typed_presence(&mut self, stanza: &Element) -> Result<(), UserError> {
        self.shown = match attr(stanza, "type") {
            None => Some((text::show(stanza), text::words(stanza, "status"))),
            Some("unavailable") => None,
            Some(_) => return Err(BadStanza::Attributes.into()),
        };
        self.out.push(super::Act::Changed);
        Ok(())
    }

    /// Says something in a room.
    pub(super) fn post(&mut self, room: &str, message: Outgoing) -> Result<Done, UserError> {
        let room = text::bare_address(room)?;
        if !self.is_in(&room) {
            return Err(UserError::NotJoined);
        }
        self.say(&room, "groupchat", message)
    }

    /// Invites somebody through the room (XEP-0045 §7.8.2).
    pub(super) fn invite(
        &mut self,
        room: &str,
        whom: &str,
        reason: Option<&str>,
    ) -> Result<Done, UserError> {
        let room = text::bare_address(room)?;
        let whom = text::bare_address(whom)?;
        if !self.is_in(&room) {
            return Err(UserError::NotJoined);
        }
        let mut invite = element("invite", ns::MUC_USER).with("to", &whom);
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            invite = invite.and_text("reason", ns::MUC_USER, &clean(reason));
        }
        let id = self.mint();
        let stanza = element("message", ns::CLIENT)
            .with("to", &room)
            .with("id", &id)
            .and(element("x", ns::MUC_USER).and(invite));
        fits(&stanza)?;
        self.send(stanza);
        Ok(Done::Nothing)
    }
}

/// Whether the server would take it.
fn fits(stanza: &Element) -> Result<(), UserError> {
    encode(stanza).map(drop).map_err(|_| UserError::TooLarge)
}

/// The chat state that a message holds.
pub(super) fn state_of(message: &Element) -> Option<ChatState> {
    let mut children = message.children().filter(|c| c.has_ns(ns::CHAT_STATES));
    children.find_map(|child| ChatState::from_word(child.name()))
}

/// The message within a carbon copy, and whether the user wrote it elsewhere.
pub(super) fn carbon(message: &Element) -> Option<(&Element, bool)> {
    let sent = child(message, "sent", ns::CARBONS);
    let own = sent.is_some();
    let copy = sent.or_else(|| child(message, "received", ns::CARBONS))?;
    let forwarded = child(copy, "forwarded", ns::FORWARD)?;
    let inner = child(forwarded, "message", ns::CLIENT)?;
    Some((inner, own))
}
