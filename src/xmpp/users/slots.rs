//! Places for visitors' files: visitors have addresses at our domain, and no sessions.

use minidom::Element;

use crate::ids::ConversationId;
use crate::users::{SlotWish, UserError};
use crate::xmpp::client::{Act, Reply};
use crate::xmpp::rooms::visitor_address;
use crate::xmpp::stanza::attr;

use super::house::{Effect, House};

/// Ids of what is asked for visitors begin with this.
const ID_PREFIX: &str = "wlslot-";

/// Whether a stanza may answer what was asked for a visitor.
pub fn is_slot_answer(stanza: &Element) -> bool {
    let ours = attr(stanza, "id").is_some_and(|id| id.starts_with(ID_PREFIX));
    ours && stanza.name() == "iq" && matches!(attr(stanza, "type"), Some("result" | "error"))
}

/// The beginning of such ids, in this run.
pub(super) fn id_prefix(run: &str) -> String {
    format!("{ID_PREFIX}{run}-")
}

impl House {
    /// Asks for a place for a visitor's file, as the visitor's occupant does speak in the room: the
    /// service counts what each visitor has put there.
    pub fn want_slot(&mut self, conversation: &ConversationId, wish: SlotWish, reply: Reply) {
        if !self.connected {
            let answer = Err(UserError::NotConnected);
            return self.effects.push(Effect::Answer(reply, answer));
        }
        let visitor = visitor_address(conversation, &self.rules.places.domain);
        let acts = self.uploads.want(self.now, (Some(visitor), wish), reply);
        self.ask_for_visitors(acts);
    }

    /// Takes an answer; `false` where it is for somebody else.
    pub fn slot_answered(&mut self, stanza: &Element) -> bool {
        let acts = self.uploads.answer(self.now, stanza);
        let taken = acts.is_some();
        self.ask_for_visitors(acts.unwrap_or_default());
        taken
    }

    /// Gives up what nobody answered.
    pub fn give_up_slots(&mut self) {
        let acts = self.uploads.tick(self.now);
        self.ask_for_visitors(acts);
    }

    /// What was asked over a link that is gone is not answered any more.
    pub fn forget_slots(&mut self) {
        let acts = self.uploads.forget(&UserError::NotConnected);
        self.ask_for_visitors(acts);
    }

    fn ask_for_visitors(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Send(stanza) => self.emit(stanza),
                Act::Answer(reply, answer) => self.effects.push(Effect::Answer(reply, answer)),
                Act::Event(_) | Act::Changed => {}
            }
        }
        self.due_by(self.uploads.next_deadline());
    }
}
