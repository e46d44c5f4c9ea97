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
        self.leaving.retain(|agent| !plan.members.contains(agent));
        self.plan = plan;
        match (&self.goal, &self.step) {
            // It is to be gone, and nothing is left to be said in it.
            (Goal::Destroy { .. }, _) => {}
            (Goal::Stay, Step::Ready) => {
                self.admit_members(cx);
                self.tell_ready(cx, false);
                self.ask_visitor_in(cx);
            }
            (Goal::Stay, Step::Resting) => self.begin(cx),
            // The attempt that is under way takes the new plan along.
            (Goal::Stay, _) => {}
        }
    }

    /// Begins an attempt. Of a room in which nothing was ever known to be said there is nothing to
    /// ask: it is entered, and thereby made. Where it turns out to be there, it is looked at after
    /// all.
    pub(super) fn begin(&mut self, cx: &mut Cx<'_>) {
        self.start_anew();
        if self.known.is_none() && !self.found {
            return self.join(cx);
        }
        self.look(cx);
    }

    fn start_anew(&mut self) {
        self.facts = Facts::default();
        self.created = false;
        self.unlocked = false;
        self.inside = false;
        self.looked = false;
        self.conflicts = 0;
        self.desk_nick = self.plan.workgroup.local().to_owned();
        self.visitor_nick.clone_from(&self.plan.pseudonym);
        self.visitor_does = None;
        self.members.clear();
        self.archive.clear();
        self.held.clear();
        self.forget_early_invitations();
    }

    /// What is there, and does it have an archive?
    fn look(&mut self, cx: &mut Cx<'_>) {
        self.looked = true;
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
        self.found = false;
        self.begin(cx);
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
        if !self.created && !self.looked {
            return self.look_after_all(cx);
        }
        match affiliation {
            Some("owner") if !self.facts.shaped && !self.unlocked => self.shape(cx),
            Some("owner" | "admin") => {
                self.ask_in(cx);
                self.enter(cx);
            }
            // Somebody else's: perhaps its owner puts that right.
            _ => {
                self.leave(cx);
                self.fail(cx, "it belongs to somebody else");
            }
        }
    }

    fn leave(&self, cx: &mut Cx<'_>) {
        let occupant = self.names.occupant(&self.desk_nick);
        cx.send(requests::leave((&self.names.desk, &occupant)));
    }

    /// What was taken for new is there already; what it holds is given on entry, to those who
    /// know what to ask for.
    fn look_after_all(&mut self, cx: &mut Cx<'_>) {
        self.leave(cx);
        self.found = true;
        self.start_anew();
        self.look(cx);
    }

    /// Gives the room its configuration. The form is the same for each room of a service, so one
    /// that came for an earlier room will do.
    fn shape(&mut self, cx: &mut Cx<'_>) {
        match cx.common.form.take() {
            Some(form) => {
                self.submit(cx, &form);
                cx.common.form = Some(form);
                self.guessed = true;
            }
            None => self.ask_form(cx),
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
        self.guessed = false;
        self.submit(cx, form);
        cx.common.form = Some(form.clone());
    }

    fn submit(&mut self, cx: &mut Cx<'_>, form: &Element) {
        let description = format!("A conversation of {}", self.plan.workgroup.local());
        let titles = Titles {
            name: &self.plan.pseudonym,
            description: &description,
            history: cx.common.settings.history,
        };
        let id = cx.fresh_id();
        cx.send(requests::submit(&id, self.way(), submission(form, &titles)));
        // What follows need not wait for the answer: the room takes things in their order.
        if self.inside {
            self.ask_in(cx);
        }
        self.wait_for(cx, Step::Configuring(id));
    }

    pub(super) fn configured(&mut self, cx: &mut Cx<'_>, refused: Refusal) {
        match (refused, self.inside) {
            (Some(_), true) if self.guessed => {
                cx.common.form = None;
                self.ask_form(cx);
            }
            (Some((name, _)), _) => self.fail(cx, &name),
            (None, true) => self.enter(cx),
            (None, false) => self.join(cx),
        }
    }

    /// Makes those members who are to be, and asks in who is waited for, as early as can be.
    fn ask_in(&mut self, cx: &mut Cx<'_>) {
        if let Some((agent, client)) = self.plan.awaited.clone().filter(|_| self.created) {
            self.invite_early(cx, (agent, client));
        }
        self.admit_members(cx);
    }

    /// Nobody waits for the answers: a member who cannot be made one changes nothing for the
    /// others.
    pub(super) fn admit_members(&mut self, cx: &mut Cx<'_>) {
        let known = &self.members;
        let new = self.plan.members.iter().filter(|m| !known.contains(m));
        let new: BTreeSet<_> = new.cloned().collect();
        for agent in &new {
            self.affiliate(cx, agent.as_str());
        }
        self.members.extend(new);
    }

    /// Makes somebody an owner.
    pub(super) fn empower(&mut self, cx: &mut Cx<'_>, who: AgentJid) {
        let id = cx.fresh_id();
        let wish = (who.as_str(), "owner");
        cx.send(requests::affiliate(&id, self.way(), wish));
        self.members.insert(who);
    }

    /// Makes somebody a member.
    pub(super) fn affiliate(&self, cx: &mut Cx<'_>, jid: &str) {
        let id = cx.fresh_id();
        cx.send(requests::affiliate(&id, self.way(), (jid, "member")));
    }

    /// Makes the visitor a member, and lets the visitor's occupant in, where it is one of ours.
    fn enter(&mut self, cx: &mut Cx<'_>) {
        match &self.plan.in_person {
            Some(visitor) => {
                self.affiliate(cx, bare(visitor));
                self.catch_up(cx);
            }
            None => {
                self.affiliate(cx, &self.names.visitor_bare);
                self.join_visitor(cx);
            }
        }
    }

    fn join_visitor(&mut self, cx: &mut Cx<'_>) {
        let occupant = self.names.occupant(&self.visitor_nick);
        let way = (self.names.visitor.as_str(), occupant.as_str());
        cx.send(requests::join(way, History::Nothing));
        self.wait_for(cx, Step::Entering);
    }

    /// The visitor's occupant is inside.
    pub(super) fn entered(&mut self, cx: &mut Cx<'_>, presence: &Element) {
        self.own_ids
            .extend(occupant_id(presence).map(str::to_owned));
        self.catch_up(cx);
    }

    fn catch_up(&mut self, cx: &mut Cx<'_>) {
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
                    self.join_visitor(cx);
                } else {
                    self.desk_nick = format!("{}-{number}", self.plan.workgroup.local());
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

fn bare(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

fn named(refused: Refusal, otherwise: &str) -> String {
    refused.map_or_else(|| otherwise.to_owned(), |(name, _)| name)
}

pub(in crate::xmpp) fn facts(iq: &Element) -> Facts {
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
pub(in crate::xmpp) fn item(presence: &Element) -> Option<&Element> {
    child(child(presence, "x", ns::MUC_USER)?, "item", ns::MUC_USER)
}

/// Whether a room's presence bears this status code (XEP-0045 §15.6).
pub(in crate::xmpp) fn has_status(presence: &Element, code: &str) -> bool {
    let told = child(presence, "x", ns::MUC_USER);
    let mut codes = told.into_iter().flat_map(Element::children);
    codes.any(|c| c.is("status", ns::MUC_USER) && attr(c, "code") == Some(code))
}
