//! From nothing, or from whatever is found, to a room that is as planned with us in it.

use std::collections::BTreeSet;

use minidom::Element;

use crate::bridge::RoomPlan;
use crate::ids::AgentJid;
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, child, error_of};

use super::Cx;
use super::copy::occupant_id;
use super::form::{Titles, submission};
use super::requests::{self, History};
use super::room::{Facts, Goal, Room, Step};

/// A defined condition (RFC 6120 §8.3.3), and whether waiting may help.
pub(super) type Refusal = Option<(String, bool)>;

/// So often another nickname is tried before the attempt counts as failed.
const MOST_CONFLICTS: u32 = 9;
/// So many names are tried for one conversation's room.
pub(super) const MOST_NAMES: u32 = 50;

impl Room {
    pub(super) fn open(&mut self, cx: &mut Cx<'_>, plan: RoomPlan) {
        self.known = self.known.max(plan.since);
        self.plan = plan;
        match (&self.goal, &self.step) {
            // It is to be gone, and nothing is left to be said in it.
            (Goal::Destroy { .. }, _) => {}
            (Goal::Stay, Step::Ready) => {
                self.admit_in_passing(cx);
                self.tell_ready(cx, false);
            }
            (Goal::Stay, Step::Resting) => self.look(cx),
            // The attempt that is under way takes the new plan along.
            (Goal::Stay, _) => {}
        }
    }

    /// Begins an attempt: what is there, and does it have an archive?
    pub(super) fn look(&mut self, cx: &mut Cx<'_>) {
        self.facts = Facts::default();
        self.created = false;
        self.unlocked = false;
        self.inside = false;
        self.conflicts = 0;
        self.desk_nick = self.plan.workgroup.as_str().to_owned();
        self.visitor_nick.clone_from(&self.plan.pseudonym);
        self.members.clear();
        self.archive.clear();
        self.held.clear();
        let id = cx.fresh_id();
        cx.send(requests::disco(&id, self.way()));
        self.wait_for(cx, Step::Looking(id));
    }

    pub(super) fn looked(&mut self, cx: &mut Cx<'_>, iq: &Element, refused: Refusal) {
        match refused.as_ref().map(|(name, wait)| (name.as_str(), *wait)) {
            None => self.facts = facts(iq),
            Some(("item-not-found", _)) => {}
            Some(("gone", _)) => return self.try_next_name(cx),
            // Nobody there to ask.
            Some((name, true)) => return self.fail(cx, name),
            Some((name @ "service-unavailable", _)) => return self.fail(cx, name),
            Some((name, _)) if name.starts_with("remote-server") => return self.fail(cx, name),
            // It does not tell everybody what it is, so it is there.
            Some(_) => self.facts.exists = true,
        }
        self.join(cx);
    }

    fn try_next_name(&mut self, cx: &mut Cx<'_>) {
        if self.name_number >= MOST_NAMES {
            return self.fail(cx, "no name is free");
        }
        self.rename(cx);
        self.look(cx);
    }

    pub(super) fn join(&mut self, cx: &mut Cx<'_>) {
        let history = if self.facts.exists && !self.facts.archive {
            History::Since(self.known)
        } else {
            History::Nothing
        };
        self.occupants.forget();
        let occupant = self.names.occupant(&self.desk_nick);
        cx.send(requests::join((&self.names.desk, &occupant), history));
        self.wait_for(cx, Step::Joining);
    }

    /// The workgroup's occupant is inside.
    pub(super) fn joined(&mut self, cx: &mut Cx<'_>, presence: &Element) {
        self.inside = true;
        self.own_ids
            .extend(occupant_id(presence).map(str::to_owned));
        if matches!(self.goal, Goal::Destroy { .. }) {
            return self.part_and_destroy(cx);
        }
        let affiliation = item(presence).and_then(|item| attr(item, "affiliation"));
        if has_status(presence, "201") {
            self.created = true;
            self.facts = Facts::default();
        }
        self.created |= self.unlocked;
        match affiliation {
            Some("owner") if !self.facts.shaped && !self.unlocked => self.ask_form(cx),
            Some("owner" | "admin") => self.admit(cx),
            // Somebody else's: perhaps its owner puts that right.
            _ => {
                let occupant = self.names.occupant(&self.desk_nick);
                cx.send(requests::leave((&self.names.desk, &occupant)));
                self.fail(cx, "it belongs to somebody else");
            }
        }
    }

    fn ask_form(&mut self, cx: &mut Cx<'_>) {
        let id = cx.fresh_id();
        cx.send(requests::ask_form(&id, self.way()));
        self.wait_for(cx, Step::AskingForm(id));
    }

    pub(super) fn form_came(&mut self, cx: &mut Cx<'_>, iq: &Element, refused: Refusal) {
        let form =
            child(iq, "query", ns::MUC_OWNER).and_then(|query| child(query, "x", ns::DATA_FORMS));
        let form = match (refused, form) {
            (None, Some(form)) => form,
            (refused, _) => return self.fail(cx, &named(refused, "no form")),
        };
        let description = format!("A conversation of {}", self.plan.workgroup);
        let titles = Titles {
            name: &self.plan.pseudonym,
            description: &description,
            history: cx.common.settings.history,
        };
        let id = cx.fresh_id();
        cx.send(requests::submit(&id, self.way(), submission(form, &titles)));
        self.wait_for(cx, Step::Configuring(id));
    }

    pub(super) fn configured(&mut self, cx: &mut Cx<'_>, refused: Refusal) {
        match (refused, self.inside) {
            (Some((name, _)), _) => self.fail(cx, &name),
            (None, true) => self.admit(cx),
            (None, false) => self.join(cx),
        }
    }

    fn admit(&mut self, cx: &mut Cx<'_>) {
        let visitor = self.names.visitor_bare.clone();
        let mut asks = BTreeSet::from([self.affiliate(cx, &visitor)]);
        asks.extend(self.admit_members(cx));
        self.wait_for(cx, Step::Admitting(asks));
    }

    /// Members of a plan that came while the room was ready, or nearly: nobody waits for it.
    pub(super) fn admit_in_passing(&mut self, cx: &mut Cx<'_>) {
        self.admit_members(cx);
    }

    fn admit_members(&mut self, cx: &mut Cx<'_>) -> Vec<String> {
        let known = &self.members;
        let new = self.plan.members.iter().filter(|m| !known.contains(m));
        let new: BTreeSet<AgentJid> = new.cloned().collect();
        let asks = new.iter().map(|agent| self.affiliate(cx, agent.as_str()));
        let asks = asks.collect();
        self.members.extend(new);
        asks
    }

    /// Makes somebody a member; the request's id.
    pub(super) fn affiliate(&self, cx: &mut Cx<'_>, jid: &str) -> String {
        let id = cx.fresh_id();
        cx.send(requests::affiliate(&id, self.way(), (jid, "member")));
        id
    }

    pub(super) fn enter(&mut self, cx: &mut Cx<'_>) {
        let occupant = self.names.occupant(&self.visitor_nick);
        let way = (self.names.visitor.as_str(), occupant.as_str());
        cx.send(requests::join(way, History::Nothing));
        self.wait_for(cx, Step::Entering);
    }

    /// The visitor's occupant is inside.
    pub(super) fn entered(&mut self, cx: &mut Cx<'_>, presence: &Element) {
        self.own_ids
            .extend(occupant_id(presence).map(str::to_owned));
        if self.facts.exists && self.facts.archive {
            self.read_page(cx, None);
        } else {
            self.become_ready(cx);
        }
    }

    /// One of our occupants is not let in.
    pub(super) fn join_refused(&mut self, cx: &mut Cx<'_>, visitor: bool, presence: &Element) {
        if !matches!(
            (&self.step, visitor),
            (Step::Joining, false) | (Step::Entering, true)
        ) {
            return;
        }
        let refused = error_of(presence).map(|(name, _)| name).unwrap_or_default();
        let destroying = matches!(self.goal, Goal::Destroy { .. });
        match refused.as_str() {
            "conflict" if self.conflicts < MOST_CONFLICTS => {
                self.conflicts += 1;
                let number = self.conflicts + 1;
                if visitor {
                    self.visitor_nick = format!("{}-{number}", self.plan.pseudonym);
                    self.enter(cx);
                } else {
                    self.desk_nick = format!("{}-{number}", self.plan.workgroup);
                    self.join(cx);
                }
            }
            "gone" if !visitor && !destroying => self.try_next_name(cx),
            // Prosody locks a room until it is configured, against its owner too.
            "item-not-found" if !visitor && !destroying && !self.unlocked => {
                self.unlocked = true;
                self.ask_form(cx);
            }
            name => self.fail(cx, name),
        }
    }
}

fn named(refused: Refusal, otherwise: &str) -> String {
    refused.map_or_else(|| otherwise.to_owned(), |(name, _)| name)
}

fn facts(iq: &Element) -> Facts {
    let query = child(iq, "query", ns::DISCO_INFO);
    let features: BTreeSet<&str> = query
        .into_iter()
        .flat_map(Element::children)
        .filter(|c| c.is("feature", ns::DISCO_INFO))
        .filter_map(|feature| attr(feature, "var"))
        .collect();
    Facts {
        exists: true,
        archive: features.contains(ns::MAM),
        archive_ids: features.contains(ns::STANZA_ID),
        shaped: features.contains("muc_persistent") && features.contains("muc_membersonly"),
    }
}

/// What a room's presence says of the occupant.
pub(super) fn item(presence: &Element) -> Option<&Element> {
    child(child(presence, "x", ns::MUC_USER)?, "item", ns::MUC_USER)
}

/// Whether a room's presence bears this status code (XEP-0045 §15.6).
pub(super) fn has_status(presence: &Element, code: &str) -> bool {
    let told = child(presence, "x", ns::MUC_USER);
    let mut codes = told.into_iter().flat_map(Element::children);
    codes.any(|c| c.is("status", ns::MUC_USER) && attr(c, "code") == Some(code))
}
