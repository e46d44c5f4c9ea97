//! A visitor's stay in a room of somebody else's: entered, kept and left as a plain occupant.

mod talk;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minidom::Element;
use tracing::{debug, info, warn};

use crate::bridge::{AwayEvent, StayEvent, StayPlan};
use crate::ids::Timestamp;
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::pages::next_page;
use crate::xmpp::rooms::copy::Copy;
use crate::xmpp::rooms::lines::Lines;
use crate::xmpp::rooms::open::{facts, has_status, item};
use crate::xmpp::rooms::requests::{self, History};
use crate::xmpp::stanza::{attr, child, child_text, error_of};

use super::{Cx, Visitor};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause between two attempts.
const LONGEST_PAUSE: u64 = 30;
/// So often another nickname is tried before the attempt counts as failed.
const MOST_CONFLICTS: u32 = 9;

/// What is being waited for. Requests are named by their id.
#[derive(Debug)]
enum Step {
    /// The next attempt.
    Resting,
    /// To be inside.
    Entering,
    /// What the room offers.
    Looking(String),
    /// A page of the archive.
    Reading(String),
    /// Nothing: we are inside and have heard all that was missed.
    Ready,
    /// Nothing any more: the room is gone.
    Over,
}

/// A stay.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) plan: StayPlan,
    nick: String,
    step: Step,
    until: Option<Timestamp>,
    conflicts: u32,
    failures: u32,
    told_unavailable: bool,
    /// Those inside besides us, and whether each is known to be the workgroup's own occupant.
    inside: BTreeMap<String, bool>,
    archive_ids: bool,
    archive: Vec<Copy>,
    held: Vec<Copy>,
    lines: Lines,
    hinted: BTreeSet<String>,
    heard_at: Timestamp,
    ping: Option<(String, Timestamp)>,
}

impl Guest {
    pub(super) fn new(cx: &mut Cx<'_>, of: &Visitor, plan: StayPlan) -> Self {
        let mut guest = Self {
            nick: plan.nick.clone(),
            plan,
            step: Step::Resting,
            until: None,
            conflicts: 0,
            failures: 0,
            told_unavailable: false,
            inside: BTreeMap::new(),
            archive_ids: false,
            archive: Vec::new(),
            held: Vec::new(),
            lines: Lines::default(),
            hinted: BTreeSet::new(),
            heard_at: cx.now,
            ping: None,
        };
        guest.enter(cx, of);
        guest
    }

    /// The wish is repeated.
    pub(super) fn renew(&mut self, cx: &mut Cx<'_>, of: &Visitor, plan: StayPlan) {
        self.plan = plan;
        match self.step {
            Step::Ready => self.tell_ready(cx, of),
            Step::Resting => self.enter(cx, of),
            _ => {}
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.step, Step::Over)
    }

    pub(super) fn nick(&self) -> &str {
        &self.nick
    }

    fn occupant(&self) -> String {
        format!("{}/{}", self.plan.room, self.nick)
    }

    fn tell(&self, cx: &mut Cx<'_>, of: &Visitor, event: StayEvent) {
        let room = self.plan.room.clone();
        cx.tell(&of.id, AwayEvent::Room { room, event });
    }

    fn wait_for(&mut self, cx: &Cx<'_>, step: Step) {
        self.step = step;
        self.until = Some(cx.now.plus(PATIENCE));
    }

    fn enter(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        self.inside.clear();
        self.archive.clear();
        self.held.clear();
        self.lines.forget();
        self.ping = None;
        let occupant = self.occupant();
        let history = History::Since(self.plan.since);
        cx.send(requests::join((&of.full, &occupant), history));
        self.wait_for(cx, Step::Entering);
    }

    /// It did not work: tried again after a pause, each longer than the one before.
    fn fail(&mut self, cx: &mut Cx<'_>, of: &Visitor, why: &str) {
        let pause = 1u64.checked_shl(self.failures).unwrap_or(LONGEST_PAUSE);
        self.failures = (self.failures + 1).min(10);
        self.step = Step::Resting;
        self.until = Some(cx.now.plus(Duration::from_secs(pause.min(LONGEST_PAUSE))));
        self.conflicts = 0;
        self.lines.forget();
        self.ping = None;
        if std::mem::replace(&mut self.told_unavailable, true) {
            return debug!(conversation = %of.id, why, "the room elsewhere cannot be had still");
        }
        warn!(conversation = %of.id, why, "the room elsewhere cannot be had; it is tried again");
        self.tell(cx, of, StayEvent::Unavailable);
    }

    fn end(&mut self, cx: &mut Cx<'_>, of: &Visitor, (event, why): (StayEvent, &str)) {
        info!(conversation = %of.id, why, "the room elsewhere is over");
        self.step = Step::Over;
        self.until = None;
        self.tell(cx, of, event);
    }

    pub(super) fn stanza(
        &mut self,
        cx: &mut Cx<'_>,
        (of, from): (&Visitor, &Address),
        stanza: &Element,
    ) {
        self.heard_at = cx.now;
        let nick = from.resource.as_deref();
        match (stanza.name(), attr(stanza, "type"), nick) {
            ("presence", Some("error"), _) => self.refused_entry(cx, of, stanza),
            ("presence", None, Some(nick)) => self.came(cx, (of, nick), stanza),
            ("presence", Some("unavailable"), Some(nick)) => self.went(cx, (of, nick), stanza),
            ("iq", Some("result" | "error"), _) => self.answered(cx, of, stanza),
            // An occupant's own bounce is the room's affair.
            ("message", Some("error"), Some(_)) => {}
            ("message", Some("error"), None) => self.refused(cx, of, stanza),
            ("message", Some("groupchat"), Some(_)) => self.heard(cx, of, stanza),
            ("message", Some("groupchat"), None) => {}
            ("message", _, Some(nick)) => self.whispered(cx, (of, nick), stanza),
            ("message", _, None) => self.page_gave(cx, stanza),
            _ => {}
        }
    }

    fn came(&mut self, cx: &mut Cx<'_>, (of, nick): (&Visitor, &str), presence: &Element) {
        if nick == self.nick || has_status(presence, "110") {
            if matches!(self.step, Step::Entering) {
                self.entered(cx, (of, nick), presence);
            }
            return;
        }
        let affiliation = item(presence).and_then(|item| attr(item, "affiliation"));
        let owns = matches!(affiliation, Some("owner" | "admin"));
        let known = self
            .inside
            .insert(nick.to_owned(), owns && self.is_workgroups(nick));
        if self.is_ready() && known.is_none() && self.helps(nick) {
            let nick = nick.to_owned();
            self.tell(cx, of, StayEvent::Came { nick });
        }
    }

    /// We are in. A room that was made by that is not the one that we were invited into: nobody is
    /// there, and nothing is said in it (openfire-captures S10).
    fn entered(&mut self, cx: &mut Cx<'_>, (of, nick): (&Visitor, &str), presence: &Element) {
        nick.clone_into(&mut self.nick);
        if has_status(presence, "201") {
            // The core has it left, as any room that is lost.
            return self.end(cx, of, (StayEvent::Lost, "it was gone"));
        }
        let id = cx.fresh_id();
        cx.send(requests::disco(&id, (&of.full, &self.plan.room)));
        self.wait_for(cx, Step::Looking(id));
    }

    fn went(&mut self, cx: &mut Cx<'_>, (of, nick): (&Visitor, &str), presence: &Element) {
        if nick == self.nick || has_status(presence, "110") {
            return self.put_out(cx, of, presence);
        }
        let helped = self.helps(nick);
        let renamed = item(presence)
            .filter(|_| has_status(presence, "303"))
            .and_then(|item| attr(item, "nick"));
        let was = self.inside.remove(nick);
        if let (Some(new), Some(was)) = (renamed, was) {
            self.inside.insert(new.to_owned(), was);
            if self.is_ready() && helped {
                // In this order, so that nobody seems to be gone.
                let nick = new.to_owned();
                self.tell(cx, of, StayEvent::Came { nick });
            }
        }
        if self.is_ready() && helped && was.is_some() {
            let event = StayEvent::Went {
                nick: nick.to_owned(),
                cut_off: was_cut_off(presence),
            };
            self.tell(cx, of, event);
        }
    }

    fn put_out(&mut self, cx: &mut Cx<'_>, of: &Visitor, presence: &Element) {
        let told = child(presence, "x", ns::MUC_USER);
        let destroyed = told.is_some_and(|x| child(x, "destroy", ns::MUC_USER).is_some());
        let sent = ["301", "307", "321", "322"]
            .iter()
            .any(|code| has_status(presence, code));
        let trouble = ["332", "333"].iter().any(|code| has_status(presence, code));
        match self.step {
            Step::Over | Step::Resting => {}
            _ if destroyed => self.end(cx, of, (StayEvent::Ended, "it was destroyed")),
            _ if sent && !trouble => {
                self.end(cx, of, (StayEvent::Ended, "the visitor was sent out"))
            }
            // While it is being entered this is the end of an earlier stay.
            Step::Entering => {}
            _ => self.fail(cx, of, "we were put out"),
        }
    }

    fn refused_entry(&mut self, cx: &mut Cx<'_>, of: &Visitor, presence: &Element) {
        if !matches!(self.step, Step::Entering) {
            return;
        }
        let refused = error_of(presence).map(|(name, _)| name).unwrap_or_default();
        match refused.as_str() {
            "conflict" if self.conflicts < MOST_CONFLICTS => {
                self.conflicts += 1;
                self.nick = format!("{}-{}", self.plan.nick, self.conflicts + 1);
                self.enter(cx, of);
            }
            "item-not-found" | "gone" | "registration-required" | "forbidden" | "not-allowed" => {
                self.end(cx, of, (StayEvent::Lost, &refused));
            }
            name => self.fail(cx, of, name),
        }
    }

    fn answered(&mut self, cx: &mut Cx<'_>, of: &Visitor, iq: &Element) {
        let Some(id) = attr(iq, "id") else {
            return;
        };
        let refused = error_of(iq).filter(|_| attr(iq, "type") == Some("error"));
        if self.ping.as_ref().is_some_and(|(ping, _)| ping == id) {
            self.ping = None;
            let name = refused.as_ref().map(|(name, _)| name.as_str());
            let inside = matches!(
                name,
                None | Some("service-unavailable" | "feature-not-implemented")
            );
            if !inside && self.is_ready() {
                self.fail(cx, of, "we are not inside");
            }
            return;
        }
        match &self.step {
            Step::Looking(ask) if ask == id => {
                let found = facts(iq);
                self.archive_ids = found.archive_ids;
                match refused.is_none() && found.archive {
                    true => self.read_page(cx, of, None),
                    false => self.become_ready(cx, of),
                }
            }
            Step::Reading(ask) if ask == id => self.page_ended(cx, of, iq),
            _ => {}
        }
    }

    fn read_page(&mut self, cx: &mut Cx<'_>, of: &Visitor, after: Option<&str>) {
        let id = cx.fresh_id();
        let way = (of.full.as_str(), self.plan.room.as_str());
        cx.send(requests::page(&id, way, (self.plan.since, after)));
        self.wait_for(cx, Step::Reading(id));
    }

    fn page_gave(&mut self, cx: &Cx<'_>, message: &Element) {
        let (Step::Reading(ask), Some(result)) = (&self.step, child(message, "result", ns::MAM))
        else {
            return;
        };
        if attr(result, "queryid") == Some(ask) {
            self.until = Some(cx.now.plus(PATIENCE));
            self.archive
                .extend(Copy::archived(result, self.archive_ids));
        }
    }

    fn page_ended(&mut self, cx: &mut Cx<'_>, of: &Visitor, iq: &Element) {
        match next_page(iq) {
            // Refused, too: what the room gave on entry has to do.
            None => self.become_ready(cx, of),
            Some(last) => self.read_page(cx, of, Some(&last)),
        }
    }

    fn become_ready(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        let mut told = BTreeSet::new();
        let archive = std::mem::take(&mut self.archive);
        for copy in archive.into_iter().chain(std::mem::take(&mut self.held)) {
            if told.insert(copy.key.clone()) {
                self.tell_copy(cx, of, copy);
            }
        }
        self.step = Step::Ready;
        self.until = None;
        self.failures = 0;
        self.told_unavailable = false;
        self.tell_ready(cx, of);
    }

    fn tell_ready(&self, cx: &mut Cx<'_>, of: &Visitor) {
        let inside = self.inside.keys().filter(|nick| self.helps(nick));
        let event = StayEvent::Ready {
            nick: self.nick.clone(),
            inside: inside.cloned().collect(),
        };
        self.tell(cx, of, event);
    }

    fn is_ready(&self) -> bool {
        matches!(self.step, Step::Ready)
    }

    /// Whether a nickname is the one that the workgroup's own occupant has (fastpath-protocol §9.1).
    fn is_workgroups(&self, nick: &str) -> bool {
        let local = self.plan.workgroup.split('@').next().unwrap_or_default();
        nick.eq_ignore_ascii_case(local)
    }

    /// Everybody helps who is neither the visitor nor the workgroup's occupant. Who merely bears its
    /// name, without owning the room, is an agent.
    fn helps(&self, nick: &str) -> bool {
        let workgroups = self.inside.get(nick).copied();
        nick != self.nick && !workgroups.unwrap_or_else(|| self.is_workgroups(nick))
    }
}

/// Whether somebody was taken out of a room against their will, as far as it tells: by trouble
/// (XEP-0045 §15.6.2), by being sent out, or because the client is gone, which Prosody says.
fn was_cut_off(presence: &Element) -> bool {
    let codes = ["301", "307", "332", "333"];
    let status = child_text(presence, "status", ns::CLIENT);
    codes.iter().any(|code| has_status(presence, code))
        || status.is_some_and(|text| text.starts_with("Disconnected"))
}
