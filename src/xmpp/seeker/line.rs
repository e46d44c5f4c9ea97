//! A visitor's place in the line of a Fastpath workgroup: asked for, held, asked for again.

use std::time::Duration;

use minidom::Element;
use tracing::{debug, warn};

use crate::bridge::{AwayEvent, SeekHow, SeekPlan};
use crate::ids::Timestamp;
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, element, error_of, iq, iq_result};

use super::wire::{self, Status};
use super::{Cx, Visitor};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a closed workgroup is asked, unless it tells by itself that it opened.
const CLOSED_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause between two attempts.
const LONGEST_PAUSE: u64 = 30;

/// What is being waited for. Requests are named by their id.
#[derive(Debug)]
enum Step {
    /// The next attempt.
    Resting,
    /// Whether the workgroup is open.
    Looking(String),
    /// A place.
    Joining {
        /// The request.
        id: String,
        /// Whether a place was told already: that comes before the answer.
        placed: bool,
    },
    /// Nothing: the visitor stands in the line.
    Standing,
    /// Whether the visitor still stands in it. This is the only question of this kind that is ever
    /// asked: Fastpath answers it with a request of its own, or not at all.
    Asking(String),
    /// A former place to be given up.
    Departing(String),
}

/// A place that is sought or held.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) plan: SeekPlan,
    step: Step,
    until: Option<Timestamp>,
    failures: u32,
}

impl Line {
    pub(super) fn new(cx: &mut Cx<'_>, of: &Visitor, plan: SeekPlan) -> Self {
        let how = plan.how;
        let mut line = Self {
            plan,
            step: Step::Resting,
            until: None,
            failures: 0,
        };
        line.begin(cx, of, how);
        line
    }

    /// The wish is repeated, or changed.
    pub(super) fn renew(&mut self, cx: &mut Cx<'_>, of: &Visitor, plan: SeekPlan) {
        let same = plan.address == self.plan.address && plan.how != SeekHow::Again;
        let how = plan.how;
        self.plan = plan;
        if !same {
            self.begin(cx, of, how);
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>, of: &Visitor, how: SeekHow) {
        match how {
            SeekHow::New => self.look(cx, of),
            SeekHow::Again => self.depart(cx, of),
            SeekHow::Resume => self.ask(cx, of),
        }
    }

    fn request(
        &mut self,
        cx: &mut Cx<'_>,
        of: &Visitor,
        (kind, payload): (&str, Element),
    ) -> String {
        let id = cx.fresh_id();
        cx.send(iq(kind, &id, (&of.full, &self.plan.address), payload));
        self.until = Some(cx.now.plus(PATIENCE));
        id
    }

    fn look(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        let question = element("query", ns::DISCO_INFO);
        self.step = Step::Looking(self.request(cx, of, ("get", question)));
    }

    fn join(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        let join = wire::join(&self.plan, &of.bare);
        let id = self.request(cx, of, ("set", join));
        self.step = Step::Joining { id, placed: false };
    }

    fn ask(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        self.step = Step::Asking(self.request(cx, of, ("get", wire::poll())));
    }

    fn depart(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        self.step = Step::Departing(self.request(cx, of, ("set", wire::depart())));
    }

    fn stand(&mut self) {
        self.step = Step::Standing;
        self.until = None;
        self.failures = 0;
    }

    fn rest(&mut self, cx: &Cx<'_>, pause: Duration) {
        self.step = Step::Resting;
        self.until = Some(cx.now.plus(pause));
    }

    fn back_off(&mut self, cx: &Cx<'_>) {
        let pause = 1u64.checked_shl(self.failures).unwrap_or(LONGEST_PAUSE);
        self.failures = (self.failures + 1).min(10);
        self.rest(cx, Duration::from_secs(pause.min(LONGEST_PAUSE)));
    }

    /// The place is wanted no more; where there is none, nobody minds.
    pub(super) fn give_up(self, cx: &mut Cx<'_>, of: &Visitor) {
        let id = cx.fresh_id();
        cx.send(iq(
            "set",
            &id,
            (&of.full, &self.plan.address),
            wire::depart(),
        ));
    }

    /// The workgroup says that it opened.
    pub(super) fn opened(&mut self, cx: &mut Cx<'_>, of: &Visitor, address: &str) {
        if self.plan.address == address && matches!(self.step, Step::Resting) {
            self.look(cx, of);
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.until
    }

    pub(super) fn tick(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        if self.until.is_none_or(|until| until > cx.now) {
            return;
        }
        match &self.step {
            Step::Resting => self.look(cx, of),
            // Whether it is open, the join itself will tell.
            Step::Looking(_) => self.join(cx, of),
            Step::Joining { placed: true, .. } => self.stand(),
            // Nobody knows what became of it: it is given up, if it is there, and asked for anew.
            Step::Joining { .. } | Step::Asking(_) => {
                warn!(conversation = %of.id, "the workgroup elsewhere does not answer");
                self.depart(cx, of);
            }
            Step::Departing(_) => self.look(cx, of),
            Step::Standing => self.until = None,
        }
    }

    /// A stanza from the workgroup; tells whether it was meant for this.
    pub(super) fn stanza(&mut self, cx: &mut Cx<'_>, of: &Visitor, stanza: &Element) -> bool {
        match (stanza.name(), attr(stanza, "type")) {
            ("iq", Some("result" | "error")) => self.answered(cx, of, stanza),
            ("iq", _) => self.asked(cx, of, stanza),
            ("message", Some("error")) => true,
            ("message", _) => self.told(cx, of, stanza),
            _ => false,
        }
    }

    /// Fastpath's way to answer the question for the place: with a request of its own.
    fn asked(&mut self, cx: &mut Cx<'_>, of: &Visitor, request: &Element) -> bool {
        let Some(status) = wire::status(request) else {
            return false;
        };
        cx.send(iq_result(request, None));
        self.placed(cx, of, status);
        true
    }

    fn told(&mut self, cx: &mut Cx<'_>, of: &Visitor, message: &Element) -> bool {
        if let Some(status) = wire::status(message) {
            self.placed(cx, of, status);
            return true;
        }
        let Some(wanted) = wire::departed(message) else {
            // Words of a chatbot, or of whoever: nobody is here to read them.
            return true;
        };
        let stood = matches!(
            self.step,
            Step::Standing | Step::Joining { placed: true, .. }
        );
        if stood {
            debug!(conversation = %of.id, wanted, "put out of the line elsewhere");
            cx.tell(&of.id, AwayEvent::Dropped { wanted });
            self.back_off(cx);
        }
        true
    }

    fn placed(&mut self, cx: &mut Cx<'_>, of: &Visitor, status: Status) {
        match &mut self.step {
            Step::Joining { placed, .. } => *placed = true,
            Step::Asking(_) => self.stand(),
            Step::Standing => {}
            // Of a place that was lost.
            Step::Resting | Step::Looking(_) | Step::Departing(_) => return,
        }
        self.plan.session = Some(status.session.clone());
        let event = AwayEvent::Placed {
            session: status.session,
            place: status.place,
            seconds: status.seconds,
        };
        cx.tell(&of.id, event);
    }

    fn answered(&mut self, cx: &mut Cx<'_>, of: &Visitor, answer: &Element) -> bool {
        let waited_for = match &self.step {
            Step::Looking(id)
            | Step::Joining { id, .. }
            | Step::Asking(id)
            | Step::Departing(id) => Some(id.as_str()),
            Step::Resting | Step::Standing => None,
        };
        if waited_for.is_none() || attr(answer, "id") != waited_for {
            return attr(answer, "id").is_some_and(|id| id.starts_with(super::ID_PREFIX));
        }
        let refused = error_of(answer).filter(|_| attr(answer, "type") == Some("error"));
        let condition = refused.as_ref().map(|(name, _)| name.as_str());
        match (&self.step, condition) {
            (Step::Looking(_), _) if wire::is_open(answer) == Some(false) => self.closed(cx, of),
            (Step::Looking(_), _) | (Step::Departing(_), _) => self.go_on(cx, of),
            (Step::Joining { .. }, None) => self.stand(),
            (Step::Joining { .. }, Some("service-unavailable")) => self.closed(cx, of),
            (Step::Joining { .. }, Some(name)) => self.refused(cx, of, name),
            (Step::Asking(_), None) => {
                self.stand();
                if let Some(status) = wire::status(answer) {
                    self.placed(cx, of, status);
                }
            }
            (Step::Asking(_), Some("item-not-found")) => self.stands_no_more(cx, of),
            (Step::Asking(_), Some(name)) => self.refused(cx, of, name),
            (Step::Resting | Step::Standing, _) => {}
        }
        true
    }

    fn go_on(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        match self.step {
            Step::Looking(_) => self.join(cx, of),
            _ => self.look(cx, of),
        }
    }

    fn closed(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        debug!(conversation = %of.id, "the workgroup elsewhere is closed");
        cx.tell(&of.id, AwayEvent::NotIn { closed: true });
        self.rest(cx, CLOSED_PAUSE);
    }

    fn refused(&mut self, cx: &mut Cx<'_>, of: &Visitor, why: &str) {
        warn!(conversation = %of.id, why, "the workgroup elsewhere does not take the visitor");
        cx.tell(&of.id, AwayEvent::NotIn { closed: false });
        self.back_off(cx);
    }

    /// The visitor stands in the line no more, after the link was gone. Either an agent has taken
    /// the visitor and the invitation is lost, or the server has forgotten the line. The room tells:
    /// it bears the session's name.
    fn stands_no_more(&mut self, cx: &mut Cx<'_>, of: &Visitor) {
        let session = self.plan.session.take();
        let room =
            session.and_then(|session| Address::parse(&format!("{session}@{}", cx.common.muc)));
        match room {
            Some(room) => {
                let event = AwayEvent::Invited {
                    room: room.bare(),
                    workgroup: Some(self.plan.address.clone()),
                };
                cx.tell(&of.id, event);
                self.back_off(cx);
            }
            None => self.look(cx, of),
        }
    }
}
