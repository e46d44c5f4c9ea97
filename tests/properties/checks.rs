//! What must be true after every step, seen from the bridge's own state.

use warmline::bridge::Input;
use warmline::conversation::{Conversation, Presence, Stage};
use warmline::ids::Timestamp;

use super::world::World;

impl World {
    pub fn check(&self) {
        let next = self.bridge.next_deadline();
        assert!(
            next.is_none_or(|next| next > self.now),
            "a deadline stays where it was"
        );
        let alarm = |what: &str, due: Option<Timestamp>| {
            let Some(due) = due else {
                return;
            };
            assert!(due > self.now, "{what} is due and was not done");
            assert!(
                next.is_some_and(|next| next <= due),
                "{what}: no alarm is set"
            );
        };
        for name in self.workgroups() {
            for (id, request) in self.bridge.dispatch().line(&name) {
                let offer = request.offer.as_ref().map(|offer| offer.until);
                alarm(&format!("{id}: an offer"), offer);
                alarm(&format!("{id}: a wait"), request.until);
            }
        }
        for conversation in self.bridge.conversations() {
            let id = &conversation.id;
            alarm(&format!("{id}: silence"), self.silent_at(conversation));
            alarm(&format!("{id}: an agent's time"), self.due(conversation));
            let missing = conversation.visitor_until();
            alarm(&format!("{id}: a visitor's time"), missing);
            let over = matches!(conversation.stage, Stage::Over { .. });
            assert_eq!(over, self.over.contains(id), "{id}: over or not");
        }
    }

    fn silent_at(&self, conversation: &Conversation) -> Option<Timestamp> {
        let group = self.policy.workgroups.get(&conversation.workgroup)?;
        let Stage::Served(service) = &conversation.stage else {
            return None;
        };
        // Who waits for an agent is not silent.
        let came = !matches!(service.presence, Presence::Expected { .. });
        let quiet = group.idle_close.filter(|_| came)?;
        let since = conversation.stirred_at().max(service.silent_from);
        Some(since.plus(quiet))
    }

    /// When an agent's time is over, whether or not anybody could come.
    fn due(&self, conversation: &Conversation) -> Option<Timestamp> {
        match &conversation.stage {
            Stage::Served(service) => service.deadline(),
            Stage::Waiting { .. } | Stage::Over { .. } => None,
        }
    }

    /// After everything is over and its time is past, nothing is left of it.
    pub fn forget_everything(&mut self) {
        for id in self.open_ids() {
            self.step(Input::OperatorClosed(id));
        }
        self.drain();
        self.wait(super::world::KEEP);
        self.now = Timestamp(self.now.0 + 1);
        self.step(Input::Tick);
        assert_eq!(self.bridge.conversations().count(), 0, "conversations");
        let left = &self.kept;
        assert!(left.conversations.is_empty(), "conversations are stored");
        assert!(left.past.is_empty(), "what is past is stored");
        assert!(
            left.lines.is_empty(),
            "{} lines are stored",
            left.lines.len()
        );
        assert!(left.seen.is_empty(), "ids are stored");
        assert!(left.deliveries.is_empty(), "promises are stored");
        let inside = format!("{:?}", self.bridge);
        for id in &self.opened {
            assert!(
                !inside.contains(id.as_str()),
                "{id} is remembered: {inside}"
            );
        }
        assert!(!inside.contains("Visitor"), "visitors are remembered");
    }
}
