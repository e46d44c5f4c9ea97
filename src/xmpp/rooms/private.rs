//! Messages that are not for all: from one occupant to one of ours, and from the room itself.

use minidom::Element;

use crate::bridge::RoomEvent;
use crate::ids::AgentJid;
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, body, child};

use super::copy::Copy;
use super::room::{Room, Step};
use super::{Cx, requests};

const HINT: &str = "Private messages do not reach the visitor. What you write to the room does, \
    except lines that begin with “!”; such a line works here too.";

impl Room {
    /// A message to one of our occupants, or from the room itself where there is no nickname.
    pub(super) fn told(
        &mut self,
        cx: &mut Cx<'_>,
        (nick, to_visitor): (Option<&str>, bool),
        message: &Element,
    ) {
        match nick {
            Some(nick) => self.whispered(cx, (nick, to_visitor), message),
            None => self.told_by_room(cx, message),
        }
    }

    fn told_by_room(&mut self, cx: &mut Cx<'_>, message: &Element) {
        if let Some(result) = child(message, "result", ns::MAM) {
            return self.page_gave(cx, result);
        }
        let decline = child(message, "x", ns::MUC_USER)
            .and_then(|x| child(x, "decline", ns::MUC_USER))
            .and_then(|decline| attr(decline, "from"))
            .and_then(AgentJid::parse);
        if let Some(agent) = decline {
            self.declined(cx, agent);
        }
    }

    /// A command for the desk alone is taken like one said to all; of everything else its sender
    /// is told once where it would have to go.
    fn whispered(&mut self, cx: &mut Cx<'_>, (nick, to_visitor): (&str, bool), message: &Element) {
        let text = body(message).unwrap_or_default();
        if text.trim().is_empty() && self.is_ready() {
            self.tell_mark(cx, (nick, None), message);
        }
        if text.trim().is_empty() || nick == self.desk_nick || nick == self.visitor_nick {
            return;
        }
        if to_visitor || !text.trim_start().starts_with('!') {
            if self.inside && self.hinted.insert(nick.to_owned()) {
                self.whisper(cx, nick, HINT);
            }
            return;
        }
        let Some(mut copy) = Copy::heard(message, cx.now) else {
            return;
        };
        // No room marks these: the sender's id must not meet that of a message to all.
        copy.key = format!("private|{}", copy.key);
        match self.step {
            Step::Ready => self.tell_copy(cx, copy),
            Step::Destroying(_) => {}
            _ => self.held.push(copy),
        }
    }

    /// Says something to one occupant alone.
    pub(super) fn whisper(&self, cx: &mut Cx<'_>, nick: &str, text: &str) {
        let id = cx.fresh_id();
        let to = self.names.occupant(nick);
        cx.send(requests::whisper(&id, (&self.names.desk, &to), text));
    }

    /// An agent does not want to come. Invitations go out before the room is ready, and so may this.
    pub(super) fn declined(&mut self, cx: &mut Cx<'_>, agent: AgentJid) {
        self.invitations.retain(|_, other| other.agent != agent);
        if !self.occupants.has(&agent) {
            cx.tell(&self.id, RoomEvent::Declined { agent });
        }
    }
}
