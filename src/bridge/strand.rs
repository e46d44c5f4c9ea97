//! What becomes of conversations whose workgroup the rules no longer know.
//!
//! Nobody can be asked for them, and no other workgroup is guessed: it might be the wrong people.
//! Who waits is told that nobody comes, and it ends. Who is served stays with the agent; when that
//! agent is lost, it ends as well.

use crate::conversation::{ClosedBy, Notice, Stage};
use crate::ids::{ConversationId, Timestamp};
use crate::workgroup::Request;

use super::{Bridge, Event, OfferOutcome, RevokeReason};

impl Bridge {
    /// Takes all requests out of the lines of workgroups that are no longer configured.
    pub(super) fn leave_closed_workgroups(&mut self, now: Timestamp) {
        for id in self.dispatch.in_unknown_workgroups() {
            let Some(mut request) = self.dispatch.leave(&id) else {
                continue;
            };
            if let Some(offer) = request.offer.take() {
                let why = (RevokeReason::AgentGone, OfferOutcome::Withdrawn);
                self.revoke(&id, (request.workgroup.clone(), offer), why);
            }
            self.touch(&id);
            self.leave_closed_workgroup(now, &id, request);
        }
    }

    fn leave_closed_workgroup(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        mut request: Request,
    ) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        conversation.remember_pauses(now, std::mem::take(&mut request.pauses));
        let home = conversation.workgroup.clone();
        let away = self.policy.workgroups.get(&home);
        let away = away.is_some_and(|policy| policy.elsewhere.is_some());
        match &mut conversation.stage {
            Stage::Served(service) => {
                service.successor = None;
                let text = "Nobody can be asked there any more. The conversation is still yours.";
                self.desk_says(now, id, text.to_owned());
            }
            // The line is somebody else's now.
            Stage::Waiting { .. } if away => self.go_away(now, id, false),
            // It was being handed over when its agent was lost.
            Stage::Waiting { .. } if self.policy.workgroups.contains_key(&home) => {
                request.pauses = conversation.paused(now);
                request.only = None;
                request.except = None;
                request.handed = None;
                request.workgroup = home.clone();
                self.step.queues.insert(home);
                self.dispatch.enqueue(id.clone(), request);
            }
            Stage::Waiting { .. } => self.strand(now, id),
            Stage::Away(_) | Stage::Over { .. } => {}
        }
    }

    /// A conversation that waits in no line, and for which none is left, ends.
    pub(super) fn strand(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let untold = matches!(conversation.stage, Stage::Waiting { told: false, .. });
        let workgroup = conversation.workgroup.clone();
        self.happened(Event::Stranded(id.clone(), workgroup));
        if untold {
            self.tell_visitor(now, id, Notice::NobodyCame);
        }
        self.close(now, id, ClosedBy::NobodyCame);
    }
}
