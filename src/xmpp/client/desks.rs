//! The agent's side of Fastpath: on duty and off, queues, offers (fastpath-protocol §7, §8).

use std::collections::BTreeMap;
use std::time::Duration;

use minidom::Element;

use crate::ids::Timestamp;
use crate::users::{
    Done, OfferMade, PendingOffer, PresenceKind, QueueLine, QueueState, UserError, UserEvent,
};
use crate::xmpp::fastpath;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, element, error_of};

use super::asked::Question;
use super::{Act, Client, PATIENCE, Reply, text};

#[derive(Debug)]
enum Phase {
    /// Told the workgroup; it has not answered.
    Asking(Timestamp, Option<Reply>),
    On,
}

/// One workgroup that the user serves.
#[derive(Debug)]
pub(super) struct Desk {
    phase: Phase,
    pub(super) queue: QueueState,
}

impl Desk {
    fn new(workgroup: &str, phase: Phase) -> Self {
        let queue = QueueState {
            workgroup: workgroup.to_owned(),
            name: fastpath::QUEUE.to_owned(),
            status: "closed".to_owned(),
            ..QueueState::default()
        };
        Self { phase, queue }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Asking(deadline, _) => Some(deadline),
            Phase::On => None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::On)
    }
}

impl Client {
    pub(super) fn list_workgroups(&mut self, reply: Reply) {
        let payload = element("workgroups", ns::WORKGROUP).with("jid", &self.bare);
        let service = self.places.domain.clone();
        let question = (Question::Workgroups, Some(reply));
        self.ask(("get", Some(&service)), payload, question);
    }

    pub(super) fn go_on_duty(&mut self, workgroup: &str, reply: Reply) {
        let jid = match text::bare_address(workgroup) {
            Ok(jid) => jid,
            Err(problem) => return self.answer(Some(reply), Err(problem)),
        };
        if self.desks.get(&jid).is_some_and(Desk::is_open) {
            return self.answer(Some(reply), Ok(Done::Nothing));
        }
        let phase = Phase::Asking(self.now.plus(PATIENCE), Some(reply));
        self.desks.insert(jid.clone(), Desk::new(&jid, phase));
        if self.shown.is_none() {
            self.show_presence(crate::users::Show::Available, None);
        } else {
            self.show_to_desk(&jid);
        }
    }

    fn show_to_desk(&mut self, jid: &str) {
        let Some(shown) = &self.shown else {
            return;
        };
        let status = element("agent-status", ns::WORKGROUP);
        let presence = text::presence(shown).with("to", jid).and(status);
        self.send(presence);
    }

    pub(super) fn show_to_desks(&mut self) {
        let all: Vec<String> = self.desks.keys().cloned().collect();
        for jid in all {
            self.show_to_desk(&jid);
        }
    }

    /// Goes on duty again where the user was before a loss.
    pub(super) fn serve_again(&mut self, workgroups: Vec<String>) {
        for jid in workgroups {
            let phase = Phase::Asking(self.now.plus(PATIENCE), None);
            self.desks.insert(jid.clone(), Desk::new(&jid, phase));
            self.show_to_desk(&jid);
        }
    }

    pub(super) fn kept_desks(&self) -> Vec<String> {
        let desks = self.desks.iter().filter(|(_, desk)| match &desk.phase {
            Phase::On => true,
            Phase::Asking(_, reply) => reply.is_none(),
        });
        desks.map(|(jid, _)| jid.clone()).collect()
    }

    pub(super) fn desks_cut_off(&mut self) {
        self.offers.clear();
        let mut replies = Vec::new();
        self.desks.retain(|_, desk| match &mut desk.phase {
            Phase::Asking(_, reply) => {
                let ordered = reply.is_some();
                replies.extend(reply.take());
                !ordered
            }
            Phase::On => true,
        });
        for reply in replies {
            self.answer(Some(reply), Err(UserError::NotConnected));
        }
    }

    pub(super) fn go_off_duty(&mut self, workgroup: &str) -> Result<Done, UserError> {
        let jid = text::bare_address(workgroup)?;
        if self.desks.remove(&jid).is_some() {
            let gone = element("presence", ns::CLIENT)
                .with("type", "unavailable")
                .with("to", &jid)
                .and(element("agent-status", ns::WORKGROUP));
            self.send(gone);
            self.out.push(Act::Changed);
        }
        self.offers
            .retain(|_, pending| pending.offer.workgroup != jid);
        Ok(Done::Nothing)
    }

    /// A presence from a workgroup that is served; `false` where it is none.
    pub(super) fn desk_presence(
        &mut self,
        stanza: &Element,
        from: &str,
        kind: PresenceKind,
    ) -> bool {
        let jid = text::bare(from).to_lowercase();
        let Some(desk) = self.desks.get_mut(&jid) else {
            return false;
        };
        if kind == PresenceKind::Error {
            let condition = error_of(stanza).map_or_else(String::new, |(condition, _)| condition);
            self.refused_by_desk(&jid, condition);
            return true;
        }
        // Only who serves is told of the line; that a workgroup is open everybody may see.
        let serves = ["notify-queue", "notify-queue-details"]
            .iter()
            .any(|told| fastpath::child(stanza, told).is_some());
        if !serves {
            return true;
        }
        if let Phase::Asking(_, reply) = std::mem::replace(&mut desk.phase, Phase::On) {
            self.out.push(Act::Changed);
            self.answer(reply, Ok(Done::Nothing));
        }
        if let Some(summary) = fastpath::child(stanza, "notify-queue") {
            self.queue_told(&jid, summary);
        }
        if let Some(details) = fastpath::child(stanza, "notify-queue-details") {
            self.line_told(&jid, details);
        }
        true
    }

    fn refused_by_desk(&mut self, jid: &str, condition: String) {
        let Some(desk) = self.desks.remove(jid) else {
            return;
        };
        self.out.push(Act::Changed);
        if let Phase::Asking(_, reply) = desk.phase {
            let problem = match condition.as_str() {
                "item-not-found" | "remote-server-not-found" => UserError::NoWorkgroup,
                _ => UserError::Forbidden(condition),
            };
            self.answer(reply, Err(problem));
        }
    }

    fn queue_told(&mut self, jid: &str, summary: &Element) {
        let Some(desk) = self.desks.get_mut(jid) else {
            return;
        };
        let said = |name: &str| said(summary, name);
        let queue = &mut desk.queue;
        if let Some(status) = said("status") {
            queue.status = status;
        }
        queue.average_wait = said("time").as_deref().and_then(seconds);
        queue.oldest = said("oldest").as_deref().and_then(text::legacy_time);
        if said("count").as_deref() == Some("0") {
            queue.users.clear();
        }
        let mut told = queue.clone();
        told.users.clear();
        self.event(UserEvent::Queue(told));
    }

    fn line_told(&mut self, jid: &str, details: &Element) {
        let users = details.children().filter(|child| child.name() == "user");
        let users: Vec<QueueLine> = users.map(line).collect();
        if let Some(desk) = self.desks.get_mut(jid) {
            desk.queue.users.clone_from(&users);
        }
        let workgroup = jid.to_owned();
        self.event(UserEvent::QueueDetails { workgroup, users });
    }

    /// An offer came; `false` where its sender is no workgroup that the user serves.
    pub(super) fn offered(&mut self, from: &str, offer: &Element) -> bool {
        let workgroup = text::bare(from).to_lowercase();
        let id = attr(offer, "id");
        let Some(id) = id.filter(|_| self.desks.contains_key(&workgroup)) else {
            return false;
        };
        let made = OfferMade {
            workgroup,
            id: id.to_owned(),
            visitor: attr(offer, "jid").unwrap_or_default().to_owned(),
            metadata: metadata(offer),
            timeout: said(offer, "timeout").as_deref().and_then(seconds),
        };
        let pending = PendingOffer {
            offer: made.clone(),
            at: self.now,
        };
        self.offers.insert(made.id.clone(), pending);
        self.event(UserEvent::Offer(made));
        true
    }

    pub(super) fn offer_revoked(&mut self, from: &str, revoke: &Element) -> bool {
        let workgroup = text::bare(from).to_lowercase();
        let id = attr(revoke, "id");
        let Some(id) = id.filter(|_| self.desks.contains_key(&workgroup)) else {
            return false;
        };
        self.offers.remove(id);
        self.event(UserEvent::OfferRevoked {
            workgroup,
            id: id.to_owned(),
            visitor: attr(revoke, "jid").unwrap_or_default().to_owned(),
            reason: said(revoke, "reason"),
        });
        true
    }

    pub(super) fn answer_offer(
        &mut self,
        (id, workgroup): (&str, Option<&str>),
        accept: bool,
        reply: Reply,
    ) {
        let pending = self.offers.get(id);
        let fits = pending.filter(|pending| {
            workgroup.is_none_or(|named| named.eq_ignore_ascii_case(&pending.offer.workgroup))
        });
        let Some(pending) = fits else {
            return self.answer(Some(reply), Err(UserError::NoOffer));
        };
        let name = if accept {
            "offer-accept"
        } else {
            "offer-reject"
        };
        let payload = element(name, ns::WORKGROUP)
            .with("id", id)
            .with("jid", &pending.offer.visitor);
        let to = pending.offer.workgroup.clone();
        let question = Question::Offer(id.to_owned());
        self.ask(("set", Some(&to)), payload, (question, Some(reply)));
    }

    pub(super) fn offer_answered(
        &mut self,
        id: &str,
        refused: Option<String>,
        reply: Option<Reply>,
    ) {
        let answer = match refused {
            None => Ok(Done::Nothing),
            // The workgroup cannot decide just now: the offer stands.
            Some(condition) if condition == "resource-constraint" => {
                return self.answer(reply, Err(UserError::Refused(condition)));
            }
            Some(_) => Err(UserError::NoOffer),
        };
        self.offers.remove(id);
        self.answer(reply, answer);
    }

    pub(super) fn give_up_desks(&mut self) {
        let now = self.now;
        let late = self.desks.iter();
        let late = late.filter(|(_, desk)| desk.deadline().is_some_and(|at| at <= now));
        let late: Vec<String> = late.map(|(jid, _)| jid.clone()).collect();
        for jid in late {
            if let Some(Desk {
                phase: Phase::Asking(_, reply),
                ..
            }) = self.desks.remove(&jid)
            {
                self.out.push(Act::Changed);
                self.answer(reply, Err(UserError::TimedOut));
            }
        }
    }
}

/// The workgroups of an answer.
pub(super) fn workgroups(list: &Element) -> Vec<String> {
    let all = list.children().filter(|child| child.name() == "workgroup");
    all.filter_map(|one| attr(one, "jid"))
        .map(str::to_owned)
        .collect()
}

fn said(element: &Element, name: &str) -> Option<String> {
    fastpath::child(element, name).map(Element::text)
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

fn line(user: &Element) -> QueueLine {
    QueueLine {
        visitor: attr(user, "jid").unwrap_or_default().to_owned(),
        position: said(user, "position").and_then(|text| text.trim().parse().ok()),
        wait: said(user, "time").as_deref().and_then(seconds),
        since: said(user, "join-time")
            .as_deref()
            .and_then(text::legacy_time),
    }
}

fn metadata(offer: &Element) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let values = fastpath::child(offer, "metadata");
    for value in values.into_iter().flat_map(Element::children) {
        if let Some(name) = attr(value, "name") {
            fields
                .entry(name.to_owned())
                .or_default()
                .push(value.text());
        }
    }
    fields
}
