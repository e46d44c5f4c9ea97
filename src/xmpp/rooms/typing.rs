//! Who types (XEP-0085), for conversations whose visitors can be shown it.

use minidom::Element;

use crate::bridge::RoomEvent;
use crate::users::ChatState;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, child, element, from, message};

use super::Cx;
use super::room::Room;

/// The state that a message tells of somebody who types just now; none of one that was kept.
fn state(message: &Element) -> Option<ChatState> {
    let old = child(message, "delay", ns::DELAY).is_some();
    let mut told = message.children().filter(|c| c.has_ns(ns::CHAT_STATES));
    told.find_map(|told| ChatState::from_word(told.name()))
        .filter(|_| !old)
}

impl Room {
    /// Tells of an occupant who begins or ceases to type.
    pub(super) fn tell_typing(&self, cx: &mut Cx<'_>, message: &Element) {
        if !self.plan.typing || !self.is_ready() {
            return;
        }
        let nick = from(message).and_then(|from| from.resource);
        let (Some(nick), Some(state)) = (nick, state(message)) else {
            return;
        };
        // Our own occupants are none of these.
        if let Some(agent) = self.occupants.agent_of(&nick) {
            cx.tell(&self.id, RoomEvent::Typed { agent, nick, state });
        }
    }

    /// Shows those inside what the visitor does, where it is news (XEP-0085 §5.3).
    pub(super) fn show_typing(&mut self, cx: &mut Cx<'_>, state: ChatState) {
        if self.visitor_does.replace(state) == Some(state) {
            return;
        }
        let id = cx.fresh_id();
        let stanza = message("groupchat", (&self.names.visitor, &self.names.room))
            .with("id", &id)
            .and(element(state.word(), ns::CHAT_STATES))
            .and(element("no-store", ns::HINTS));
        cx.send(stanza);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Option<ChatState> {
        let message: Element =
            format!("<message xmlns='jabber:client' type='groupchat'>{inner}</message>")
                .parse()
                .unwrap();
        state(&message)
    }

    #[test]
    fn who_types_is_read_with_and_without_words_but_not_from_the_past() {
        let composing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
        assert_eq!(read(composing), Some(ChatState::Composing));
        let active = "<body>x</body><active xmlns='http://jabber.org/protocol/chatstates'/>";
        assert_eq!(read(active), Some(ChatState::Active));
        let old = "<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/>";
        assert_eq!(read(&format!("{composing}{old}")), None);
        assert_eq!(read("<composing xmlns='urn:example'/>"), None);
    }
}
