//! One room: what is known of it, and which part of this module handles what happens to it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minidom::Element;
use tracing::{debug, warn};

use crate::bridge::{RoomEvent, RoomOrder, RoomPlan};
use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};
use crate::users::ChatState;
use crate::xmpp::address::Address;
use crate::xmpp::stanza::{attr, error_of};

use super::copy::Copy;
use super::invite::Invitation;
use super::lines::Lines;
use super::names::Names;
use super::occupants::Occupants;
use super::{Cx, ID_PREFIX, RoomsSettings};

/// How long an answer may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause between two attempts.
const LONGEST_PAUSE: u64 = 30;
/// A room that was ready for so long starts with short pauses again.
const STEADY: Duration = Duration::from_secs(30);

/// What is wanted of the room.
#[derive(Debug)]
pub(super) enum Goal {
    /// To be as planned, with us in it.
    Stay,
    /// To be gone.
    Destroy {
        /// What those inside are told.
        why: String,
        /// Whether entering it first was tried, for services that listen to occupants only.
        entered: bool,
    },
}

/// What is being waited for. Requests are named by their id.
#[derive(Debug)]
pub(super) enum Step {
    /// The next attempt.
    Resting,
    /// What the room offers.
    Looking(String),
    /// The workgroup's occupant to be inside.
    Joining,
    /// The configuration form.
    AskingForm(String),
    /// The configuration to be taken.
    Configuring(String),
    /// The visitor's occupant to be inside.
    Entering,
    /// A page of the archive.
    Reading(String),
    /// Nothing: all is as it should be.
    Ready,
    /// The room to be gone.
    Destroying(String),
}

/// What the room offers, as far as it was asked.
#[derive(Debug, Default)]
pub(in crate::xmpp) struct Facts {
    /// There is such a room.
    pub(super) exists: bool,
    /// It has an archive (XEP-0313).
    pub(in crate::xmpp) archive: bool,
    /// Live messages bear the ids that the archive knows them by (XEP-0359).
    pub(in crate::xmpp) archive_ids: bool,
    /// It is persistent and for members only, so it was configured before.
    pub(super) shaped: bool,
}

/// A room.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: ConversationId,
    pub(super) plan: RoomPlan,
    pub(super) names: Names,
    /// How many names were tried: the first one is the conversation's id.
    pub(super) name_number: u32,
    pub(super) goal: Goal,
    pub(super) step: Step,
    /// When the step has taken too long, or the rest is over.
    pub(super) until: Option<Timestamp>,
    pub(super) facts: Facts,
    /// Whether the room was looked at in this attempt; whether it was found though it was taken
    /// for new.
    pub(super) looked: bool,
    pub(super) found: bool,
    /// Whether the configuration that is waited for answers the form of another room.
    pub(super) guessed: bool,
    /// Whether the room was made in this attempt.
    pub(super) created: bool,
    /// Whether it was found locked in this attempt, and was configured from outside.
    pub(super) unlocked: bool,
    /// Whether the workgroup's occupant is inside.
    pub(super) inside: bool,
    /// The nicknames of workgroup and visitor.
    pub(super) desk_nick: String,
    pub(super) visitor_nick: String,
    /// How often a nickname was taken in this attempt.
    pub(super) conflicts: u32,
    /// Our occupants' stable ids (XEP-0421).
    pub(super) own_ids: BTreeSet<String>,
    pub(super) occupants: Occupants,
    /// Full JIDs of those not ours inside, by nickname, and since when.
    pub(super) since: BTreeMap<String, (String, Timestamp)>,
    /// Whose membership was asserted in this attempt and since.
    pub(super) members: BTreeSet<AgentJid>,
    /// Who is to be put out as soon as the room is ready.
    pub(super) leaving: BTreeSet<AgentJid>,
    pub(super) invitations: BTreeMap<String, Invitation>,
    /// When a visitor who comes in person was invited, and whether again since.
    pub(super) visitor_invited: Option<(Timestamp, bool)>,
    pub(super) lines: Lines,
    /// What the archive gave, and what was heard, while the room was not ready.
    pub(super) archive: Vec<Copy>,
    pub(super) held: Vec<Copy>,
    /// When the room is known to have told us all until then; `None` where it never did.
    pub(super) known: Option<Timestamp>,
    /// What the visitor was last shown to do.
    pub(super) visitor_does: Option<ChatState>,
    /// Nicknames that were told where private messages go.
    pub(super) hinted: BTreeSet<String>,
    /// When the room was heard last; the ping that asks whether it still hears us.
    pub(super) heard_at: Timestamp,
    pub(super) ping: Option<(String, Timestamp)>,
    ready_at: Option<Timestamp>,
    failures: u32,
    /// Whether the trouble that lasts was told.
    told_unavailable: bool,
    over: bool,
}

impl Room {
    pub(super) fn new(
        id: &ConversationId,
        workgroup: WorkgroupName,
        settings: &RoomsSettings,
    ) -> Self {
        let plan = RoomPlan {
            pseudonym: id.pseudonym(),
            members: Vec::new(),
            awaited: None,
            since: None,
            in_person: None,
            marked: false,
            typing: false,
            workgroup,
        };
        Self {
            names: Names::new((id, id.as_str()), &plan.workgroup, settings),
            id: id.clone(),
            desk_nick: plan.workgroup.local().to_owned(),
            visitor_nick: plan.pseudonym.clone(),
            plan,
            name_number: 1,
            goal: Goal::Stay,
            step: Step::Resting,
            until: None,
            facts: Facts::default(),
            looked: false,
            found: false,
            guessed: false,
            created: false,
            unlocked: false,
            inside: false,
            conflicts: 0,
            own_ids: BTreeSet::new(),
            occupants: Occupants::default(),
            since: BTreeMap::new(),
            members: BTreeSet::new(),
            leaving: BTreeSet::new(),
            invitations: BTreeMap::new(),
            visitor_invited: None,
            lines: Lines::default(),
            archive: Vec::new(),
            held: Vec::new(),
            known: None,
            visitor_does: None,
            hinted: BTreeSet::new(),
            heard_at: Timestamp::default(),
            ping: None,
            ready_at: None,
            failures: 0,
            told_unavailable: false,
            over: false,
        }
    }

    pub(super) fn order(&mut self, cx: &mut Cx<'_>, order: RoomOrder) {
        match order {
            RoomOrder::Open(plan) => self.open(cx, *plan),
            RoomOrder::Close { why, .. } => self.close(cx, why),
            RoomOrder::Remove(agent) if !self.is_ready() => self.remove_later(agent),
            _ if !self.is_ready() => {}
            RoomOrder::Invite {
                agent,
                to,
                pseudonym,
                ..
            } => self.invite(cx, (agent, to), &pseudonym),
            RoomOrder::Say {
                id,
                as_visitor,
                words,
            } => {
                self.lines.add(id, as_visitor, words);
                self.say_due(cx);
            }
            RoomOrder::Typing(state) => self.show_typing(cx, state),
            RoomOrder::Whisper { nick, text } => self.whisper(cx, &nick, &text),
            RoomOrder::Empower(who) => self.empower(cx, who),
            RoomOrder::Remove(agent) => self.remove(cx, &agent),
        }
    }

    pub(super) fn stanza(
        &mut self,
        cx: &mut Cx<'_>,
        (from, to): (&Address, &Address),
        stanza: &Element,
    ) {
        self.heard_at = cx.now;
        let workgroup = self.plan.workgroup.local();
        let to_visitor = !to
            .local
            .as_deref()
            .is_some_and(|local| local.eq_ignore_ascii_case(workgroup));
        match (stanza.name(), from.resource.as_deref()) {
            ("presence", nick) => self.presence(cx, (nick, to_visitor), stanza),
            ("iq", _) => self.answered(cx, stanza),
            ("message", nick) => match attr(stanza, "type") {
                // An occupant's own bounce is the room's affair.
                Some("error") if nick.is_some() => {}
                Some("error") => self.refused(cx, stanza),
                Some("groupchat") if to_visitor => {}
                Some("groupchat") => self.heard(cx, stanza),
                _ => self.told(cx, (nick, to_visitor), stanza),
            },
            _ => {}
        }
    }

    /// The answer to a request of ours.
    fn answered(&mut self, cx: &mut Cx<'_>, iq: &Element) {
        let Some(id) = attr(iq, "id").filter(|id| id.starts_with(ID_PREFIX)) else {
            return;
        };
        if self.ping.as_ref().is_some_and(|(ping, _)| ping == id) {
            return self.pong(cx, iq);
        }
        let refused = error_of(iq).filter(|_| attr(iq, "type") == Some("error"));
        match &self.step {
            Step::Looking(ask) if ask == id => self.looked(cx, iq, refused),
            Step::AskingForm(ask) if ask == id => self.form_came(cx, iq, refused),
            Step::Configuring(ask) if ask == id => self.configured(cx, refused),
            Step::Reading(ask) if ask == id => self.page_ended(cx, iq, refused),
            Step::Destroying(ask) if ask == id => self.destroyed(cx, refused),
            _ => {}
        }
    }

    pub(super) fn tick(&mut self, cx: &mut Cx<'_>) {
        match self.step {
            Step::Ready => self.watch(cx),
            _ if self.until.is_none_or(|until| until > cx.now) => {}
            Step::Resting => self.resume(cx),
            _ => self.fail(cx, "no answer"),
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        if self.is_ready() {
            self.watch_deadline()
        } else {
            self.until
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.step, Step::Ready)
    }

    pub(super) fn workgroup(&self) -> &WorkgroupName {
        &self.plan.workgroup
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// The local part of a room that could not be named after its conversation.
    pub(super) fn other_name(&self) -> Option<String> {
        (self.name_number > 1).then(|| self.local())
    }

    fn local(&self) -> String {
        match self.name_number {
            1 => self.id.as_str().to_owned(),
            number => format!("{}-{number}", self.id),
        }
    }

    /// Takes the next name: Prosody never lets a destroyed room's name be used again within a
    /// month (`muc_tombstone_expiry`).
    pub(super) fn rename(&mut self, cx: &Cx<'_>) {
        self.name_number += 1;
        let settings = &cx.common.settings;
        let local = self.local();
        self.names = Names::new((&self.id, &local), &self.plan.workgroup, settings);
    }

    pub(super) fn wait_for(&mut self, cx: &Cx<'_>, step: Step) {
        self.step = step;
        self.until = Some(cx.now.plus(PATIENCE));
    }

    /// It did not work: tried again after a pause, each longer than the one before.
    pub(super) fn fail(&mut self, cx: &mut Cx<'_>, why: &str) {
        let steady = |at: Timestamp| cx.now.since(at) >= STEADY;
        if self.ready_at.take().is_some_and(steady) {
            self.failures = 0;
        }
        let pause = 1u64.checked_shl(self.failures).unwrap_or(LONGEST_PAUSE);
        self.failures = (self.failures + 1).min(10);
        self.until = Some(cx.now.plus(Duration::from_secs(pause.min(LONGEST_PAUSE))));
        self.step = Step::Resting;
        self.inside = false;
        self.ping = None;
        self.lines.forget();
        if self.told_unavailable {
            return debug!(conversation = %self.id, why, "the room cannot be had still");
        }
        self.told_unavailable = true;
        warn!(conversation = %self.id, why, "the room cannot be had; it is tried again");
        if matches!(self.goal, Goal::Stay) {
            cx.tell(&self.id, RoomEvent::Unavailable);
        }
    }

    fn resume(&mut self, cx: &mut Cx<'_>) {
        match &mut self.goal {
            Goal::Stay => self.begin(cx),
            Goal::Destroy { entered, .. } => {
                *entered = false;
                self.destroy(cx);
            }
        }
    }

    pub(super) fn become_ready(&mut self, cx: &mut Cx<'_>) {
        let fresh = self.created && self.known.is_some();
        self.tell_missed(cx);
        self.step = Step::Ready;
        self.until = None;
        self.ready_at = Some(cx.now);
        self.heard_at = cx.now;
        self.known = Some(cx.now);
        self.told_unavailable = false;
        for agent in std::mem::take(&mut self.leaving) {
            self.remove(cx, &agent);
        }
        self.admit_members(cx);
        self.tell_ready(cx, fresh);
        self.ask_visitor_in(cx);
    }

    pub(super) fn tell_ready(&self, cx: &mut Cx<'_>, fresh: bool) {
        let inside = self.occupants.agents();
        cx.tell(&self.id, RoomEvent::Ready { fresh, inside });
    }

    pub(super) fn end(&mut self, cx: &mut Cx<'_>) {
        self.over = true;
        cx.tell(&self.id, RoomEvent::Gone);
    }

    /// From the workgroup's occupant to the room.
    pub(super) fn way(&self) -> (&str, &str) {
        (&self.names.desk, &self.names.room)
    }
}
