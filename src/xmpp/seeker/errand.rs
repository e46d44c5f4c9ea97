//! Everything that is done for one visitor: the place in a line, the stay in a room, and what is
//! being given up.

use minidom::Element;

use crate::bridge::{AwayOrder, StayPlan};
use crate::conversation::Parting;
use crate::ids::Timestamp;
use crate::xmpp::address::Address;
use crate::xmpp::stanza::attr;

use super::guest::Guest;
use super::line::Line;
use super::parting::{Leaving, excuse};
use super::{Cx, Visitor, wire};

/// One visitor's errand.
#[derive(Debug)]
pub(super) struct Errand {
    of: Visitor,
    line: Option<Line>,
    guest: Option<Guest>,
    leaving: Vec<Leaving>,
}

impl Errand {
    pub(super) fn new(of: Visitor) -> Self {
        Self {
            of,
            line: None,
            guest: None,
            leaving: Vec::new(),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.line.is_none() && self.guest.is_none() && self.leaving.is_empty()
    }

    /// What the workgroup calls the session, as far as is known.
    pub(super) fn session(&self) -> Option<&str> {
        self.line.as_ref()?.plan.session.as_deref()
    }

    pub(super) fn order(&mut self, cx: &mut Cx<'_>, order: AwayOrder) {
        match order {
            AwayOrder::Seek(plan) => {
                self.guest = None;
                match &mut self.line {
                    Some(line) => line.renew(cx, &self.of, *plan),
                    None => self.line = Some(Line::new(cx, &self.of, *plan)),
                }
            }
            AwayOrder::Stay(plan) => self.stay(cx, *plan),
            AwayOrder::Say { id, words } => {
                if let Some(guest) = &mut self.guest {
                    guest.say(cx, &self.of, (id, words));
                }
            }
            AwayOrder::Part(parting) => self.part(cx, parting),
            AwayOrder::Excuse { room } => {
                let staying = self.guest.as_ref();
                if staying.is_none_or(|guest| guest.plan.room != room) {
                    excuse(cx, &self.of, &room);
                }
            }
        }
    }

    fn stay(&mut self, cx: &mut Cx<'_>, plan: StayPlan) {
        // Whoever is in a room stands in no line; a second place would bring a second agent.
        if let Some(line) = self.line.take() {
            line.give_up(cx, &self.of);
        }
        // It is wanted again, whatever was thought of it before.
        let (back, rest) = std::mem::take(&mut self.leaving)
            .into_iter()
            .partition(|one| one.is_room(&plan.room));
        self.leaving = rest;
        let back: Vec<Leaving> = back;
        for one in back {
            one.done(cx, &self.of);
        }
        match &mut self.guest {
            Some(guest) if guest.plan.room == plan.room => guest.renew(cx, &self.of, plan),
            _ => self.guest = Some(Guest::new(cx, &self.of, plan)),
        }
    }

    fn part(&mut self, cx: &mut Cx<'_>, mut parting: Parting) {
        if self.leaving.iter().any(|one| one.told == parting) {
            return;
        }
        let told = parting.clone();
        match &mut parting {
            Parting::Line { address } => {
                let there = |line: &Line| line.plan.address == *address;
                self.line = self.line.take().filter(|line| !there(line));
            }
            Parting::Room { room, nick } => {
                if let Some(guest) = self.guest.take_if(|guest| guest.plan.room == *room) {
                    guest.nick().clone_into(nick);
                }
            }
        }
        self.leaving
            .push(Leaving::new(cx, &self.of, (parting, told)));
    }

    /// The workgroup of this address has opened.
    pub(super) fn opened(&mut self, cx: &mut Cx<'_>, address: &str) {
        if let Some(line) = &mut self.line {
            line.opened(cx, &self.of, address);
        }
    }

    /// A stanza to the visitor; tells whether it was meant for this.
    pub(super) fn stanza(&mut self, cx: &mut Cx<'_>, from: &Address, stanza: &Element) -> bool {
        if let Some(at) = self
            .leaving
            .iter()
            .position(|one| one.is_done_by(from, stanza))
        {
            let done = self.leaving.remove(at);
            done.done(cx, &self.of);
            return true;
        }
        let asks = stanza.name() == "iq" && matches!(attr(stanza, "type"), Some("get" | "set"));
        let sender = from.bare();
        if let Some(line) = self
            .line
            .as_mut()
            .filter(|line| line.plan.address == sender)
        {
            return line.stanza(cx, &self.of, stanza);
        }
        // A place that is not sought any more may still be told.
        if asks {
            return false;
        }
        if let Some(guest) = self
            .guest
            .as_mut()
            .filter(|guest| guest.plan.room == sender)
        {
            guest.stanza(cx, (&self.of, from), stanza);
            self.guest = self.guest.take().filter(|guest| !guest.is_over());
            return true;
        }
        let leaving = self.leaving.iter().any(|one| one.is_from(from));
        leaving || wire::status(stanza).is_some() || wire::departed(stanza).is_some()
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let line = self.line.as_ref().and_then(Line::deadline);
        let guest = self.guest.as_ref().and_then(Guest::deadline);
        let leaving = self.leaving.iter().map(Leaving::deadline);
        leaving.chain(line).chain(guest).min()
    }

    pub(super) fn tick(&mut self, cx: &mut Cx<'_>) {
        if let Some(line) = &mut self.line {
            line.tick(cx, &self.of);
        }
        if let Some(guest) = &mut self.guest {
            guest.tick(cx, &self.of);
        }
        self.guest = self.guest.take().filter(|guest| !guest.is_over());
        let of = &self.of;
        self.leaving.retain_mut(|one| !one.tick(cx, of));
    }
}
