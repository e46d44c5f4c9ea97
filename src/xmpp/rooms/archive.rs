//! What was said while we were away, told once and in order before anything newer.

use std::collections::BTreeSet;
use std::time::Duration;

use minidom::Element;

use crate::bridge::{RoomEvent, Spoken};
use crate::ids::MessageId;
use crate::xmpp::address::Address;
use crate::xmpp::pages::next_page;
use crate::xmpp::stanza::attr;

use super::copy::Copy;
use super::lines::is_part;
use super::open::Refusal;
use super::room::{Room, Step};
use super::{Cx, ID_PREFIX, requests, text};

/// How long the archive may be silent while it gives a page.
const PAGE_PATIENCE: Duration = Duration::from_secs(30);

const ENCRYPTED: &str = "This message is encrypted for clients that hold a key; it cannot reach \
    the visitor. Please switch encryption off in this room and say it again.";

impl Room {
    pub(super) fn read_page(&mut self, cx: &mut Cx<'_>, after: Option<&str>) {
        let id = cx.fresh_id();
        cx.send(requests::page(&id, self.way(), (self.known, after)));
        self.step = Step::Reading(id);
        self.until = Some(cx.now.plus(PAGE_PATIENCE));
    }

    /// One message of a page.
    pub(super) fn page_gave(&mut self, cx: &Cx<'_>, result: &Element) {
        let Step::Reading(ask) = &self.step else {
            return;
        };
        if attr(result, "queryid") != Some(ask) {
            return;
        }
        self.until = Some(cx.now.plus(PAGE_PATIENCE));
        self.archive
            .extend(Copy::archived(result, self.facts.archive_ids));
    }

    pub(super) fn page_ended(&mut self, cx: &mut Cx<'_>, iq: &Element, refused: Refusal) {
        if refused.is_some() {
            // The history is shorter, but there may be one.
            self.facts.archive = false;
            self.archive.clear();
            return self.join(cx);
        }
        match next_page(iq) {
            None => self.become_ready(cx),
            Some(last) => self.read_page(cx, Some(&last)),
        }
    }

    /// Tells what the archive gave, then what was heard meanwhile, each message once.
    pub(super) fn tell_missed(&mut self, cx: &mut Cx<'_>) {
        let mut told = BTreeSet::new();
        let archive = std::mem::take(&mut self.archive);
        for copy in archive.into_iter().chain(std::mem::take(&mut self.held)) {
            if told.insert(copy.key.clone()) {
                self.tell_copy(cx, copy);
            }
        }
    }

    pub(super) fn tell_copy(&mut self, cx: &mut Cx<'_>, copy: Copy) {
        if self.is_ours(cx, &copy) {
            return self.reflected(cx, &copy);
        }
        if text::is_encrypted(&copy.message) {
            if !copy.old {
                self.whisper(cx, &copy.nick, ENCRYPTED);
            }
            return;
        }
        let Some(words) = text::words(&copy.message) else {
            return self.tell_mark(cx, (&copy.nick, copy.agent()), &copy.message);
        };
        let spoken = Spoken {
            id: copy.id().map(MessageId::new),
            agent: copy.agent().or_else(|| self.occupants.agent_of(&copy.nick)),
            key: copy.key,
            nick: copy.nick,
            words,
        };
        cx.tell(&self.id, RoomEvent::Spoken(spoken));
    }

    /// By the stable id where there is one: a nickname may have been somebody else's while we
    /// were away.
    fn is_ours(&self, cx: &Cx<'_>, copy: &Copy) -> bool {
        if let Some(id) = copy.occupant_id().filter(|_| !self.own_ids.is_empty()) {
            return self.own_ids.contains(id);
        }
        if let Some(jid) = copy.jid.as_deref().and_then(Address::parse) {
            return cx.common.settings.is_ours(&jid);
        }
        if self.occupants.sits(&copy.nick) {
            return false;
        }
        let own = [&self.desk_nick, &self.visitor_nick, &self.plan.pseudonym];
        own.contains(&&copy.nick) || copy.nick == self.plan.workgroup.local()
    }

    fn reflected(&mut self, cx: &mut Cx<'_>, copy: &Copy) {
        let Some(id) = copy.id() else {
            return;
        };
        self.lines.reflected(id);
        if is_part(id) || id.starts_with(ID_PREFIX) {
            return;
        }
        let event = RoomEvent::Reflected {
            id: MessageId::new(id),
            key: copy.key.clone(),
        };
        cx.tell(&self.id, event);
        if self.is_ready() {
            self.say_due(cx);
        }
    }
}
