//! What is said in a room of somebody else's, and whether the room still hears us.

use std::time::Duration;

use minidom::Element;

use crate::bridge::{Spoken, StayEvent};
use crate::conversation::Words;
use crate::ids::{MessageId, Timestamp};
use crate::xmpp::ns;
use crate::xmpp::rooms::copy::Copy;
use crate::xmpp::rooms::keep::means_outside;
use crate::xmpp::rooms::lines::{Refused, is_part, stanzas};
use crate::xmpp::rooms::{requests, text};
use crate::xmpp::stanza::{attr, body, child, error_of};

use super::super::{Cx, ID_PREFIX, Visitor};
use super::{Guest, PATIENCE, Step};

/// After so long without a word from the room it is asked whether we are in it (XEP-0410 §4).
const SILENCE: Duration = Duration::from_secs(300);

const ENCRYPTED: &str = "This message is encrypted for clients that hold a key; it cannot be read \
    here. Please switch encryption off in this room and say it again.";

impl Guest {
    pub(super) fn heard(&mut self, cx: &mut Cx<'_>, of: &Visitor, message: &Element) {
        let Some(copy) = Copy::heard(message, cx.now) else {
            return;
        };
        match self.step {
            Step::Ready => self.tell_copy(cx, of, copy),
            Step::Resting | Step::Over => {}
            _ => self.held.push(copy),
        }
    }

    /// What is said to the visitor alone is for the visitor, too.
    pub(super) fn whispered(
        &mut self,
        cx: &mut Cx<'_>,
        (of, nick): (&Visitor, &str),
        message: &Element,
    ) {
        let empty = body(message).is_none_or(|text| text.trim().is_empty());
        if empty || child(message, "x", ns::DIRECT_INVITE).is_some() || !self.helps(nick) {
            return;
        }
        let Some(mut copy) = Copy::heard(message, cx.now) else {
            return;
        };
        // No room marks these: the sender's id must not meet that of a message to all.
        copy.key = format!("private|{}", copy.key);
        match self.step {
            Step::Ready => self.tell_copy(cx, of, copy),
            Step::Resting | Step::Over => {}
            _ => self.held.push(copy),
        }
    }

    pub(super) fn tell_copy(&mut self, cx: &mut Cx<'_>, of: &Visitor, copy: Copy) {
        if copy.nick == self.nick {
            return self.reflected(cx, of, &copy);
        }
        if !self.helps(&copy.nick) {
            return;
        }
        if text::is_encrypted(&copy.message) {
            if !copy.old && self.hinted.insert(copy.nick.clone()) {
                let id = cx.fresh_id();
                let to = format!("{}/{}", self.plan.room, copy.nick);
                cx.send(requests::whisper(&id, (&of.full, &to), ENCRYPTED));
            }
            return;
        }
        let Some(words) = text::words(&copy.message) else {
            return;
        };
        let spoken = Spoken {
            id: copy.id().map(MessageId::new),
            agent: None,
            key: copy.key,
            nick: copy.nick,
            words,
        };
        self.tell(cx, of, StayEvent::Spoken(spoken));
    }

    fn reflected(&mut self, cx: &mut Cx<'_>, of: &Visitor, copy: &Copy) {
        let Some(id) = copy.id() else {
            return;
        };
        self.lines.reflected(id);
        if is_part(id) || id.starts_with(ID_PREFIX) {
            return;
        }
        let event = StayEvent::Reflected {
            id: MessageId::new(id),
            key: copy.key.clone(),
        };
        self.tell(cx, of, event);
        if self.is_ready() {
            self.say_due(cx, of);
        }
    }

    /// Says a line; where we are not inside the core gives it again when we are.
    pub(in crate::xmpp::seeker) fn say(
        &mut self,
        cx: &mut Cx<'_>,
        of: &Visitor,
        (id, words): (MessageId, Words),
    ) {
        if self.is_ready() {
            self.lines.add(id, true, words);
            self.say_due(cx, of);
        }
    }

    fn say_due(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        for (line, reflected) in self.lines.due(cx.now) {
            let way = (of.full.as_str(), self.plan.room.as_str());
            for stanza in stanzas(line, way, reflected) {
                cx.send(stanza);
            }
        }
    }

    pub(super) fn refused(&mut self, cx: &mut Cx<'_>, of: &Visitor, error: &Element) {
        let Some(id) = attr(error, "id").filter(|id| !id.starts_with(ID_PREFIX)) else {
            return;
        };
        let (condition, wait) = error_of(error).unwrap_or_default();
        if !self.is_ready() {
            return;
        }
        if means_outside(&condition) {
            return self.fail(cx, of, &condition);
        }
        if let Refused::ForGood(id) = self.lines.refused(id, wait, cx.now) {
            self.tell(cx, of, StayEvent::Rejected { id });
        }
    }

    pub(in crate::xmpp::seeker) fn deadline(&self) -> Option<Timestamp> {
        if !self.is_ready() {
            return self.until;
        }
        let ping = match &self.ping {
            Some((_, until)) => *until,
            None => self.heard_at.plus(SILENCE),
        };
        self.lines.deadline().into_iter().chain([ping]).min()
    }

    pub(in crate::xmpp::seeker) fn tick(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        if !self.is_ready() {
            if self.until.is_none_or(|until| until > cx.now) {
                return;
            }
            return match self.step {
                Step::Resting => self.enter(cx, of),
                // It says nothing of itself, or its archive nothing more.
                Step::Looking(_) | Step::Reading(_) => self.become_ready(cx, of),
                _ => self.fail(cx, of, "no answer"),
            };
        }
        let lost = self
            .ping
            .as_ref()
            .is_some_and(|(_, until)| *until <= cx.now);
        if lost || self.lines.overdue(cx.now) {
            return self.fail(cx, of, "it does not reflect what we say");
        }
        self.say_due(cx, of);
        if self.ping.is_none() && self.heard_at.plus(SILENCE) <= cx.now {
            let id = cx.fresh_id();
            cx.send(requests::ping(&id, (&of.full, &self.occupant())));
            self.ping = Some((id, cx.now.plus(PATIENCE)));
        }
    }
}
