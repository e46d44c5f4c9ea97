//! All is well in the end: the link stands, rooms can be had, agents answer, the outside listens.

use std::collections::BTreeSet;

use warmline::bridge::Input;
use warmline::conversation::{Fate, Presence, Stage};
use warmline::ids::{AgentJid, ConversationId};

use super::muc::{By, Item};
use super::people::online;
use super::world::{World, world_policy};

impl World {
    /// Everything that is on its way arrives.
    pub fn drain(&mut self) -> bool {
        let mut moved = false;
        loop {
            let mut more = false;
            while self.muc.carry() {
                more = true;
            }
            while let Some(input) = self.muc.hear() {
                self.step(input);
                more = true;
            }
            let heads: Vec<ConversationId> = self.lanes.keys().cloned().collect();
            for id in heads {
                while self.deliver(&id) {
                    more = true;
                }
            }
            if !more {
                return moved;
            }
            moved = true;
        }
    }

    /// The outside takes the next promise of a conversation.
    pub fn deliver(&mut self, id: &ConversationId) -> bool {
        let Some(delivery) = self.lanes.get_mut(id).and_then(|lane| lane.pop_front()) else {
            return false;
        };
        self.step(Input::Delivered(Box::new(delivery)));
        true
    }

    /// Makes the best of everything, until all who wait are served.
    pub fn heal(&mut self) {
        self.policy = world_policy();
        self.step(Input::Settings(std::sync::Arc::new(self.policy.clone())));
        if !self.linked {
            self.set_link(true);
        }
        self.muc.set_ill(false);
        self.drain();
        let agents: Vec<AgentJid> = self.policy.agents().into_iter().cloned().collect();
        for agent in &agents {
            self.everybody_comes(agent.clone());
        }
        for _ in 0..500 {
            let moved = self.drain() | self.accept_all() | self.enter_all() | self.guests_enter();
            if moved {
                continue;
            }
            if self.all_served() {
                return;
            }
            match self.bridge.next_deadline() {
                Some(next) => {
                    self.now = next;
                    self.step(Input::Tick);
                }
                None => self.make_room(),
            }
        }
        panic!("no end is reached");
    }

    /// There are more visitors than agents can serve at once: somebody who serves comes to an end.
    fn make_room(&mut self) {
        let served = self.bridge.conversations().find_map(|one| {
            let served = matches!(one.stage, Stage::Served(_));
            one.agent()
                .filter(|_| served)
                .cloned()
                .zip(Some(one.id.clone()))
        });
        let (agent, id) = served.expect("somebody waits for ever");
        self.step(Input::AgentClosed {
            agent,
            conversation: Some(id),
        });
    }

    fn everybody_comes(&mut self, agent: AgentJid) {
        self.step(Input::AgentGone {
            agent: agent.clone(),
            resource: None,
        });
        self.step(Input::AgentPaused {
            agent: agent.clone(),
            paused: false,
        });
        self.step(Input::AgentSeen {
            agent,
            resource: "desk".into(),
            state: online(),
        });
    }

    fn accept_all(&mut self) -> bool {
        let offers = self.ledger.offers();
        for (id, agent) in &offers {
            self.step(Input::OfferAnswered {
                agent: agent.clone(),
                conversation: Some(id.clone()),
                accept: true,
            });
        }
        !offers.is_empty()
    }

    /// The agents who should be in the rooms, there or not.
    pub fn expected(&self) -> Vec<(ConversationId, AgentJid)> {
        let mut expected = Vec::new();
        for conversation in self.bridge.conversations() {
            if let Stage::Served(service) = &conversation.stage {
                let id = conversation.id.clone();
                expected.push((id.clone(), service.agent.clone()));
                let next = service.expected_successor().cloned();
                expected.extend(next.map(|agent| (id, agent)));
            }
        }
        expected
    }

    fn enter_all(&mut self) -> bool {
        let mut any = false;
        for (id, agent) in self.expected() {
            any |= self.muc.enter(&agent, &id);
        }
        any
    }

    fn all_served(&self) -> bool {
        let open = |id: &ConversationId| !self.over.contains(id);
        let mut conversations = self.bridge.conversations().filter(|c| open(&c.id));
        conversations.all(|conversation| match &conversation.stage {
            Stage::Served(service) => {
                service.presence == Presence::Here && service.successor.is_none()
            }
            Stage::Waiting { .. } | Stage::Over { .. } => false,
        })
    }

    /// Every accepted word of every conversation that is open has reached its reader.
    pub fn check_words(&self) {
        for conversation in self.bridge.conversations() {
            let id = &conversation.id;
            let all = conversation.lines.iter();
            let pending = all.filter(|line| line.fate == Fate::Pending).count();
            if self.over.contains(id) {
                continue;
            }
            assert_eq!(pending, 0, "{id}: lines are still pending");
            match self.guests.get(id) {
                Some(guest) => self.check_guests_words(id, guest),
                None => {
                    self.check_visitors_words(id);
                    self.check_agents_words(id);
                }
            }
        }
        for id in self.heard.keys() {
            self.check_nothing_twice(id);
        }
    }

    fn check_visitors_words(&self, id: &ConversationId) {
        let logs = self.muc.logs_of(id);
        let mut first: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for log in logs {
            let ours: Vec<String> = log.iter().filter_map(our_word).collect();
            let once: BTreeSet<&String> = ours.iter().collect();
            assert_eq!(once.len(), ours.len(), "{id}: said twice in one room");
            first.extend(
                ours.iter()
                    .filter(|id| known.insert((*id).clone()))
                    .cloned(),
            );
        }
        let said = self.said.get(id).into_iter().flatten();
        let kept = said.filter(|(_, text)| !text.starts_with('✗'));
        let expected: Vec<String> = kept.map(|(message, _)| message.to_string()).collect();
        assert_eq!(first, expected, "{id}: what the visitor said");
    }

    fn check_agents_words(&self, id: &ConversationId) {
        // What was said in a room that was lost before it reached us is lost with it.
        let present = self.muc.rooms.get(id).map(|room| room.log.as_slice());
        let said: Vec<&str> = present
            .into_iter()
            .flatten()
            .filter_map(their_word)
            .collect();
        let heard = self.heard.get(id).map_or(&[][..], Vec::as_slice);
        let of_this_room: Vec<&str> = heard
            .iter()
            .map(String::as_str)
            .filter(|text| said.contains(text))
            .collect();
        assert_eq!(of_this_room, said, "{id}: what agents said");
    }

    fn check_nothing_twice(&self, id: &ConversationId) {
        let heard = &self.heard[id];
        let once: BTreeSet<&String> = heard.iter().collect();
        assert_eq!(
            once.len(),
            heard.len(),
            "{id}: an agent's word was told twice"
        );
        let logs = self.muc.logs_of(id);
        let said: BTreeSet<&str> = logs.into_iter().flatten().filter_map(their_word).collect();
        for text in heard {
            assert!(said.contains(text.as_str()), "{id}: nobody said “{text}”");
        }
    }
}

/// A visitor's message, by its id.
fn our_word(item: &Item) -> Option<String> {
    match &item.by {
        By::Us(id) if item.text.starts_with("visitor ") => Some(id.to_string()),
        _ => None,
    }
}

/// What an agent said for the visitor.
fn their_word(item: &Item) -> Option<&str> {
    match &item.by {
        By::Them(_) if !item.text.starts_with('!') => Some(&item.text),
        _ => None,
    }
}
