//! What visitors who wait are told of their place in the line.

use crate::conversation::{Notice, PlaceTold, Stage};
use crate::ids::{ConversationId, Timestamp};

use super::Bridge;

impl Bridge {
    /// Tells a visitor who waits the place in the line, where the channel wants that and the place
    /// is not the one that was told last.
    pub(super) fn tell_place(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(found) = self.place_of(id) else {
            return;
        };
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Stage::Waiting { place, .. } = &mut conversation.stage else {
            return;
        };
        let told = place.replace(PlaceTold {
            place: found,
            at: now,
        });
        self.step.stirred.insert(id.clone());
        if told.is_some_and(|told| told.place == found) {
            return;
        }
        let workgroup = conversation.workgroup.clone();
        let notice = Notice::Place {
            place: found,
            wait_seconds: self.usual_wait(&workgroup).map(|wait| wait.as_secs()),
        };
        self.touch(id);
        self.tell_visitor(now, id, notice);
    }

    /// The place in the line, from 1, of a conversation whose visitor is to be told it.
    fn place_of(&self, id: &ConversationId) -> Option<u32> {
        let conversation = self.conversations.get(id)?;
        conversation.manners.place_every?;
        self.dispatch.place(id)
    }
}
