//! What clients tell of messages that they received or showed (XEP-0184, XEP-0333), for channels
//! that want to know.

use minidom::Element;

use crate::bridge::RoomEvent;
use crate::conversation::Receipt;
use crate::ids::AgentJid;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, element};

use super::Cx;
use super::room::Room;

/// A message to which clients are asked to answer with marks. XEP-0184 §5.3 advises against asking
/// a whole room; here it has one or two occupants besides our own.
pub(super) fn asked_for(message: Element) -> Element {
    message
        .and(element("request", ns::RECEIPTS))
        .and(element("markable", ns::CHAT_MARKERS))
}

/// The message that is meant, and what became of it.
fn mark(message: &Element) -> Option<(&str, Receipt)> {
    const MARKS: [(&str, &str, Receipt); 4] = [
        ("received", ns::RECEIPTS, Receipt::Delivered),
        ("received", ns::CHAT_MARKERS, Receipt::Delivered),
        ("displayed", ns::CHAT_MARKERS, Receipt::Read),
        ("acknowledged", ns::CHAT_MARKERS, Receipt::Read),
    ];
    message.children().find_map(|child| {
        let known = MARKS.iter().find(|(name, ns, _)| child.is(*name, *ns));
        let (_, _, receipt) = known?;
        Some((attr(child, "id")?, *receipt))
    })
}

impl Room {
    /// Passes an occupant's mark on, where it is wanted and the room tells whose it is.
    pub(super) fn tell_mark(
        &self,
        cx: &mut Cx<'_>,
        (nick, agent): (&str, Option<AgentJid>),
        message: &Element,
    ) {
        let Some((name, receipt)) = mark(message).filter(|_| self.plan.marked) else {
            return;
        };
        let Some(agent) = agent.or_else(|| self.occupants.agent_of(nick)) else {
            return;
        };
        let event = RoomEvent::Marked {
            agent,
            name: name.to_owned(),
            receipt,
        };
        cx.tell(&self.id, event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Option<(String, Receipt)> {
        let message: Element = format!("<message xmlns='jabber:client'>{inner}</message>")
            .parse()
            .unwrap();
        mark(&message).map(|(id, receipt)| (id.to_owned(), receipt))
    }

    #[test]
    fn receipts_and_markers_are_read_and_nothing_else() {
        let told = |receipt| Some(("m1".to_owned(), receipt));
        for (inner, expected) in [
            (
                "<received xmlns='urn:xmpp:receipts' id='m1'/>",
                told(Receipt::Delivered),
            ),
            (
                "<received xmlns='urn:xmpp:chat-markers:0' id='m1'/>",
                told(Receipt::Delivered),
            ),
            (
                "<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>",
                told(Receipt::Read),
            ),
            ("<displayed xmlns='urn:xmpp:chat-markers:0'/>", None),
            ("<request xmlns='urn:xmpp:receipts'/>", None),
            ("<displayed xmlns='urn:example' id='m1'/>", None),
        ] {
            assert_eq!(read(inner), expected, "{inner}");
        }
    }

    #[test]
    fn a_message_asks_for_both() {
        let message: Element = "<message xmlns='jabber:client'/>".parse().unwrap();
        let asked = asked_for(message);
        assert!(asked.has_child("request", ns::RECEIPTS));
        assert!(asked.has_child("markable", ns::CHAT_MARKERS));
    }
}
