//! A room that is ready: who comes and goes, what is said, and whether we are still in it.

use std::time::Duration;

use minidom::Element;

use crate::bridge::RoomEvent;
use crate::ids::{AgentJid, Timestamp};
use crate::users::ChatState;
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, element, error_of};

use super::copy::{Copy, occupant_id};
use super::lines::{Refused, stanzas};
use super::open::{has_status, item};
use super::room::{Goal, PATIENCE, Room, Step};
use super::{Cx, Inside, marks, requests};

/// After so long without a word from the room it is asked whether we are in it (XEP-0410 §4).
const SILENCE: Duration = Duration::from_secs(300);
/// The status of somebody whom the service could not reach (XEP-0045 §15.6.2).
const CUT_OFF: &str = "333";
/// What an agent reads who is put out because somebody else took over; Fastpath's own words.
const HANDED_OVER: &str = "Transfer was successful";

impl Room {
    pub(super) fn presence(
        &mut self,
        cx: &mut Cx<'_>,
        (nick, to_visitor): (Option<&str>, bool),
        presence: &Element,
    ) {
        let kind = attr(presence, "type");
        match (kind, nick) {
            (Some("error"), _) => self.join_refused(cx, to_visitor, presence),
            (None, Some(nick)) if self.is_self(nick, to_visitor, presence) => {
                self.own_came(cx, (nick, to_visitor), presence);
            }
            (Some("unavailable"), Some(nick)) if self.is_self(nick, to_visitor, presence) => {
                self.own_went(cx, to_visitor);
            }
            _ if to_visitor => {}
            (None, Some(nick)) => self.came(cx, nick, presence),
            (Some("unavailable"), Some(nick)) => self.went(cx, nick, presence),
            _ => {}
        }
    }

    fn is_self(&self, nick: &str, to_visitor: bool, presence: &Element) -> bool {
        let own = if to_visitor {
            &self.visitor_nick
        } else {
            &self.desk_nick
        };
        nick == own || has_status(presence, "110")
    }

    fn own_came(&mut self, cx: &mut Cx<'_>, (nick, visitor): (&str, bool), presence: &Element) {
        match (&self.step, visitor) {
            (Step::Joining, false) => {
                nick.clone_into(&mut self.desk_nick);
                self.joined(cx, presence);
            }
            (Step::Entering, true) => {
                nick.clone_into(&mut self.visitor_nick);
                self.entered(cx, presence);
            }
            _ => {}
        }
    }

    /// One of our occupants was put out, or the room is gone. While it is being entered this is
    /// the end of an earlier stay.
    fn own_went(&mut self, cx: &mut Cx<'_>, visitor: bool) {
        let early = match self.step {
            Step::Resting | Step::Looking(_) | Step::Joining | Step::Destroying(_) => true,
            Step::Ready | Step::Reading(_) => false,
            _ => visitor,
        };
        if !early {
            self.fail(cx, "we were put out");
        }
    }

    fn came(&mut self, cx: &mut Cx<'_>, nick: &str, presence: &Element) {
        let jid = item(presence).and_then(|item| attr(item, "jid"));
        let address = jid.and_then(Address::parse);
        let ours = match &address {
            Some(address) => cx.common.settings.is_ours(address),
            None => nick == self.visitor_nick,
        };
        if ours {
            self.own_ids
                .extend(occupant_id(presence).map(str::to_owned));
            return;
        }
        if let Some(jid) = jid {
            let since = (jid.to_owned(), cx.now);
            self.since.entry(nick.to_owned()).or_insert(since);
        }
        let agent = jid.and_then(AgentJid::parse);
        let Some(agent) = self.occupants.came(nick, agent) else {
            return;
        };
        self.invitations.retain(|_, other| other.agent != agent);
        if self.is_ready() {
            let nick = nick.to_owned();
            cx.tell(&self.id, RoomEvent::Entered { agent, nick });
        }
    }

    fn went(&mut self, cx: &mut Cx<'_>, nick: &str, presence: &Element) {
        let renamed = item(presence)
            .filter(|_| has_status(presence, "303"))
            .and_then(|item| attr(item, "nick"));
        let since = self.since.remove(nick);
        if let Some(new) = renamed {
            self.since
                .extend(since.map(|since| (new.to_owned(), since)));
            return self.occupants.renamed(nick, new);
        }
        let left = self.occupants.went(nick);
        let Some(agent) = left.filter(|_| self.is_ready()) else {
            return;
        };
        if has_status(presence, CUT_OFF) && self.is_visitor(&agent) {
            // Not by the visitor's own will: the visitor is missing, and waited for.
            self.tell_ready(cx, false);
            return self.ask_visitor_in(cx);
        }
        cx.tell(&self.id, RoomEvent::Left { agent });
    }

    /// Whether this is a visitor who comes in person.
    fn is_visitor(&self, who: &AgentJid) -> bool {
        let visitor = self.plan.in_person.as_deref();
        visitor.and_then(AgentJid::parse).as_ref() == Some(who)
    }

    /// Who is inside besides our own occupants. The visitor's own JID is not told.
    pub(super) fn who_is_inside(&self) -> Vec<Inside> {
        let visitor = self.plan.in_person.as_deref();
        let visitor = visitor.and_then(AgentJid::parse);
        let all = self
            .since
            .iter()
            .filter(|(nick, _)| self.occupants.sits(nick));
        let told = all.map(|(nick, (jid, since))| {
            let hidden = visitor.is_some() && AgentJid::parse(jid) == visitor;
            let jid = if hidden { &self.names.visitor } else { jid };
            Inside {
                jid: jid.clone(),
                nick: nick.clone(),
                since: *since,
            }
        });
        let mut told: Vec<Inside> = told.collect();
        told.sort_by_key(|one| one.since);
        told
    }

    /// A message to all.
    pub(super) fn heard(&mut self, cx: &mut Cx<'_>, message: &Element) {
        self.tell_typing(cx, message);
        let Some(copy) = Copy::heard(message, cx.now) else {
            return;
        };
        match self.step {
            Step::Ready => {
                self.known = Some(cx.now);
                self.tell_copy(cx, copy);
            }
            // It will be among what was missed.
            Step::Resting | Step::Looking(_) | Step::Destroying(_) => {}
            _ => self.held.push(copy),
        }
    }

    /// Says the lines that are to be said now.
    pub(super) fn say_due(&mut self, cx: &mut Cx<'_>) {
        let typing = self.plan.typing;
        for (line, reflected) in self.lines.due(cx.now) {
            if line.as_visitor {
                self.visitor_does = None;
            }
            let from = if line.as_visitor {
                &self.names.visitor
            } else {
                &self.names.desk
            };
            let marked = self.plan.marked && line.as_visitor;
            for stanza in stanzas(line, (from, &self.names.room), reflected) {
                let stanza = match marked {
                    true => marks::asked_for(stanza),
                    false => stanza,
                };
                let stanza = match typing && line.as_visitor {
                    true => stanza.and(element(ChatState::Active.word(), ns::CHAT_STATES)),
                    false => stanza,
                };
                cx.out.push(crate::xmpp::out::Out::Send(stanza));
            }
        }
    }

    /// The room refuses a message of ours.
    pub(super) fn refused(&mut self, cx: &mut Cx<'_>, error: &Element) {
        let Some(id) = attr(error, "id") else {
            return;
        };
        let (condition, wait) = error_of(error).unwrap_or_default();
        if self.invitations.contains_key(id) {
            return self.invitation_refused(cx, id, &condition);
        }
        if !self.is_ready() || id.starts_with(super::ID_PREFIX) {
            return;
        }
        if means_outside(&condition) {
            return self.fail(cx, &condition);
        }
        if let Refused::ForGood(id) = self.lines.refused(id, wait, cx.now) {
            cx.tell(&self.id, RoomEvent::Rejected { id });
        }
    }

    /// Takes an agent's membership, and puts them out.
    pub(super) fn remove(&mut self, cx: &mut Cx<'_>, agent: &AgentJid) {
        self.members.remove(agent);
        self.plan.members.retain(|member| member != agent);
        for nick in self.occupants.nicks(agent) {
            let id = cx.fresh_id();
            cx.send(requests::kick(&id, self.way(), (&nick, HANDED_OVER)));
        }
        let id = cx.fresh_id();
        let wish = (agent.as_str(), "none");
        cx.send(requests::affiliate(&id, self.way(), wish));
    }

    /// The same, when the room is ready: until then nobody can be put out for sure, and who was made a
    /// member before would stay one.
    pub(super) fn remove_later(&mut self, agent: AgentJid) {
        self.plan.members.retain(|member| *member != agent);
        self.leaving.insert(agent);
    }

    /// Does what is due while the room is ready.
    pub(super) fn watch(&mut self, cx: &mut Cx<'_>) {
        let lost = self
            .ping
            .as_ref()
            .is_some_and(|(_, until)| *until <= cx.now);
        if lost || self.lines.overdue(cx.now) {
            return self.fail(cx, "it does not reflect what we say");
        }
        self.say_due(cx);
        self.ask_visitor_again(cx);
        if self.ping.is_none() && self.heard_at.plus(SILENCE) <= cx.now {
            let id = cx.fresh_id();
            let occupant = self.names.occupant(&self.desk_nick);
            cx.send(requests::ping(&id, (&self.names.desk, &occupant)));
            self.ping = Some((id, cx.now.plus(PATIENCE)));
        }
    }

    pub(super) fn watch_deadline(&self) -> Option<Timestamp> {
        let ping = match &self.ping {
            Some((_, until)) => *until,
            None => self.heard_at.plus(SILENCE),
        };
        let again = self.visitor_asked_again_at();
        let lines = self.lines.deadline().into_iter();
        lines.chain(again).chain([ping]).min()
    }

    /// The answer to the question whether we are still inside (XEP-0410 §3.2).
    pub(super) fn pong(&mut self, cx: &mut Cx<'_>, iq: &Element) {
        self.ping = None;
        let refused = error_of(iq).filter(|_| attr(iq, "type") == Some("error"));
        let inside = match refused.as_ref().map(|(name, _)| name.as_str()) {
            None | Some("service-unavailable" | "feature-not-implemented") => true,
            Some(_) => false,
        };
        if !inside && matches!(self.goal, Goal::Stay) && self.is_ready() {
            self.fail(cx, "we are not inside");
        }
    }
}

/// Whether an error says that we are no occupant, or that there is no such room.
pub(in crate::xmpp) fn means_outside(condition: &str) -> bool {
    matches!(
        condition,
        "not-acceptable"
            | "not-allowed"
            | "item-not-found"
            | "gone"
            | "recipient-unavailable"
            | "service-unavailable"
    ) || condition.starts_with("remote-server")
}
