//! The end of a room.

use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, message};

use super::form::{fleeting, keeps_tombstones};
use super::open::{MOST_NAMES, Refusal};
use super::room::{Goal, Room, Step};
use super::{Cx, requests};

impl Room {
    pub(super) fn close(&mut self, cx: &mut Cx<'_>, why: String) {
        if matches!(self.goal, Goal::Destroy { .. }) {
            // It is under way.
            return;
        }
        self.goal = Goal::Destroy {
            why,
            entered: false,
        };
        if self.inside {
            self.part_and_destroy(cx);
        } else {
            self.destroy(cx);
        }
    }

    /// Says why, and ends it.
    pub(super) fn part_and_destroy(&mut self, cx: &mut Cx<'_>) {
        if !self.why().is_empty() {
            let id = cx.fresh_id();
            let farewell = message("groupchat", self.way()).with("id", &id);
            cx.send(farewell.and_text("body", ns::CLIENT, self.why()));
        }
        self.destroy(cx);
    }

    /// Ends it; the owner need not be inside, except on Openfire.
    pub(super) fn destroy(&mut self, cx: &mut Cx<'_>) {
        if cx.common.form.as_ref().is_some_and(keeps_tombstones) {
            // Whatever comes of it, the room is destroyed next.
            let id = cx.fresh_id();
            cx.send(requests::submit(&id, self.way(), fleeting()));
        }
        let id = cx.fresh_id();
        cx.send(requests::destroy(&id, self.way(), self.why()));
        self.wait_for(cx, Step::Destroying(id));
    }

    fn why(&self) -> &str {
        match &self.goal {
            Goal::Destroy { why, .. } => why,
            Goal::Stay => "",
        }
    }

    pub(super) fn destroyed(&mut self, cx: &mut Cx<'_>, refused: Refusal) {
        match refused.as_ref().map(|(name, wait)| (name.as_str(), *wait)) {
            None | Some(("item-not-found", _)) => self.end(cx),
            // Another name was in use, if any.
            Some(("gone", _)) if self.name_number < MOST_NAMES => {
                self.rename(cx);
                self.destroy(cx);
            }
            Some((name, true)) => self.fail(cx, name),
            Some((name, _)) if name.starts_with("remote-server") => self.fail(cx, name),
            Some(_) if !self.inside => self.enter_to_destroy(cx),
            // It is not ours any more.
            Some(_) => {
                for (own, nick) in [
                    (&self.names.desk, &self.desk_nick),
                    (&self.names.visitor, &self.visitor_nick),
                ] {
                    cx.send(requests::leave((own, &self.names.occupant(nick))));
                }
                self.end(cx);
            }
        }
    }

    fn enter_to_destroy(&mut self, cx: &mut Cx<'_>) {
        let Goal::Destroy { entered, .. } = &mut self.goal else {
            return;
        };
        if std::mem::replace(entered, true) {
            return self.fail(cx, "it is refused to its owner");
        }
        self.facts = super::room::Facts::default();
        self.join(cx);
    }
}
