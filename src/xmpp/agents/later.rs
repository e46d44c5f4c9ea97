//! What a client answers with nothing waits for something that it does answer.
//!
//! Servers send with Nagle's algorithm (RFC 896), Prosody unless it is told otherwise: while a
//! stanza is not acknowledged no other small one leaves, and a client that has nothing to say
//! acknowledges after 40 ms and more. So an invitation that comes right after "Accepted." is late
//! by that much. After the invitation, which the client answers by entering, nobody waits.

use std::collections::BTreeMap;
use std::time::Duration;

use minidom::Element;

use crate::ids::{AgentJid, Timestamp};

/// How long a stanza waits at most. Longer than a room takes to be made, shorter than anybody
/// would notice.
const PATIENCE: Duration = Duration::from_millis(400);
/// Stanzas that wait, and until when.
#[derive(Debug, Default)]
pub(super) struct Later {
    waiting: BTreeMap<AgentJid, (Timestamp, Vec<Element>)>,
}

impl Later {
    /// Keeps a stanza to an agent back.
    pub fn keep(&mut self, now: Timestamp, agent: &AgentJid, stanza: Element) {
        let begun = || (now.plus(PATIENCE), Vec::new());
        let waiting = self.waiting.entry(agent.clone()).or_insert_with(begun);
        waiting.1.push(stanza);
    }

    /// The agent was just sent something that is answered; what waited may follow.
    pub fn asked(&mut self, agent: &AgentJid) -> Vec<Element> {
        let waited = self.waiting.remove(agent);
        waited.map_or_else(Vec::new, |(_, stanzas)| stanzas)
    }

    /// What has waited long enough.
    pub fn due(&mut self, now: Timestamp) -> Vec<Element> {
        let mut due = Vec::new();
        self.waiting.retain(|_, (until, stanzas)| {
            let over = *until <= now;
            if over {
                due.append(stanzas);
            }
            !over
        });
        due
    }

    /// When something has waited long enough.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.waiting.values().map(|(until, _)| *until).min()
    }

    pub fn forget(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xmpp::{ns, stanza::element};

    fn ana() -> AgentJid {
        AgentJid::parse("ana@acme.example").unwrap()
    }

    #[test]
    fn it_follows_what_is_answered_and_never_waits_for_long() {
        let mut later = Later::default();
        let ben = AgentJid::parse("ben@acme.example").unwrap();
        let said = || element("message", ns::CLIENT);
        later.keep(Timestamp(0), &ana(), said());
        later.keep(Timestamp(9), &ana(), said());
        assert_eq!(later.asked(&ben), []);
        assert_eq!(later.asked(&ana()).len(), 2);
        assert_eq!(later.asked(&ana()), []);
        later.keep(Timestamp(99), &ana(), said());
        later.keep(Timestamp(120), &ana(), said());
        assert_eq!(later.deadline(), Some(Timestamp(499)));
        assert_eq!(later.due(Timestamp(498)), []);
        assert_eq!(later.due(Timestamp(499)).len(), 2);
        assert_eq!(later.deadline(), None);
    }
}
