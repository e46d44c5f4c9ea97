//! The rules of asking, kept a second time from what is seen outside.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use warmline::bridge::{AgentOrder, Answer, Bridge, Effect, Input, OfferOrder, RevokeReason};
use warmline::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};
use warmline::workgroup::{Place, Policy, Request, Resource, Show};

use super::world::world_policy;

/// The same in all workgroups, so that the ledger need not know where somebody refused.
pub const PAUSE: Duration = Duration::from_secs(20);

/// Who was told what, and whose turn it is.
#[derive(Debug, Default)]
pub struct Ledger {
    told: BTreeMap<AgentJid, BTreeMap<String, Resource>>,
    paused: BTreeSet<AgentJid>,
    offers: BTreeMap<ConversationId, AgentJid>,
    pauses: BTreeMap<(ConversationId, AgentJid), Timestamp>,
    turns: BTreeMap<AgentJid, (u64, usize)>,
    chats: BTreeMap<AgentJid, BTreeSet<ConversationId>>,
    /// Those in line after the last step.
    waiting: BTreeSet<ConversationId>,
    steps: u64,
    /// Since when the link stands.
    linked: Option<Timestamp>,
    /// The offers that were made or repeated on this link.
    confirmed: BTreeSet<ConversationId>,
}

/// What a step found and left.
pub struct Stepped<'a> {
    pub now: Timestamp,
    pub input: &'a Input,
    pub effects: &'a [Effect],
    pub bridge: &'a Bridge,
    pub policy: &'a Policy,
}

impl Ledger {
    /// Takes a step down and checks whom it asked.
    pub fn note(&mut self, step: &Stepped<'_>) {
        self.steps += 1;
        self.hear(step);
        self.compare_chats(step);
        self.revoked(step);
        self.named(step);
        let asked = self.asked(step);
        for (place, order) in asked.iter().enumerate() {
            self.check_offer(step, (place, order), &asked);
        }
        self.check_agreement(step);
        self.check_nobody_idle(step);
    }

    fn hear(&mut self, step: &Stepped<'_>) {
        let done = matches!(step.effects.last(), Some(Effect::Answer(Answer::Done)));
        match step.input {
            // Nobody is asked to help oneself.
            Input::Open(wish) => {
                let own = wish.manners.own_client.as_deref();
                if let Some(own) = own.and_then(AgentJid::parse) {
                    let pair = (wish.conversation.clone(), own);
                    self.pauses.insert(pair, Timestamp(i64::MAX));
                }
            }
            Input::LinkUp | Input::LinkDown => {
                self.restarted();
                self.linked = matches!(step.input, Input::LinkUp).then_some(step.now);
            }
            Input::AgentSeen {
                agent,
                resource,
                state,
            } if done => {
                let clients = self.told.entry(agent.clone()).or_default();
                clients.insert(resource.clone(), state.clone());
            }
            // It is as it was last known, which is what the bridge stores of it.
            Input::AgentAlive {
                agent, resource, ..
            } if done => {
                let record = step.bridge.dispatch().agent_record(agent);
                let clients = self.told.entry(agent.clone()).or_default();
                clients.extend(record.resources.get_key_value(resource).map(owned));
            }
            Input::AgentGone { agent, resource } => {
                let clients = self.told.entry(agent.clone()).or_default();
                clients.retain(|name, _| resource.as_ref().is_some_and(|gone| gone != name));
            }
            Input::AgentPaused { agent, paused } if done => {
                self.paused.remove(agent);
                self.paused.extend(paused.then(|| agent.clone()));
            }
            Input::OfferAnswered { agent, accept, .. } if done => {
                let held = self.offers.iter().find(|(_, holder)| *holder == agent);
                let held = held.map(|(id, _)| id.clone()).expect("an offer to answer");
                self.offers.remove(&held);
                if !*accept {
                    self.pauses
                        .insert((held, agent.clone()), step.now.plus(PAUSE));
                }
            }
            _ => {}
        }
    }

    /// Who has a conversation less goes to the end of the turn.
    fn compare_chats(&mut self, step: &Stepped<'_>) {
        for agent in world_policy().agents() {
            let now: BTreeSet<_> = step.bridge.dispatch().chats_of(agent).into_iter().collect();
            let before = self
                .chats
                .insert(agent.clone(), now.clone())
                .unwrap_or_default();
            for lost in before.difference(&now) {
                self.turns.insert(agent.clone(), (self.steps, 0));
                if let Some(request) = step.bridge.dispatch().request(lost) {
                    assert_eq!(request.place, Place::First, "{lost} is not first in line");
                }
                // Whoever had it and has it no more is not the next to be asked for it.
                let mut all = step.bridge.conversations();
                let place = all.find(|one| one.id == *lost).map(|one| &one.workgroup);
                if place.is_some_and(|place| step.policy.workgroups.contains_key(place)) {
                    let pair = (lost.clone(), agent.clone());
                    self.pauses.insert(pair, step.now.plus(PAUSE));
                }
            }
            // Rules that come later take nothing away from those who had more.
            let rules = world_policy();
            let most = rules.workgroups.values().map(|group| group.max_chats);
            let most = most.max().unwrap_or(0) as usize;
            assert!(now.len() <= most, "{agent} has {} conversations", now.len());
        }
    }

    /// Who is named in a hand-over may be asked at once, whatever was before.
    fn named(&mut self, step: &Stepped<'_>) {
        let dispatch = step.bridge.dispatch();
        let names = step.policy.workgroups.keys();
        let lines = names.flat_map(|name| dispatch.line(name));
        let mut waiting = BTreeSet::new();
        for (id, request) in lines {
            if let Some(only) = request.only.as_ref().filter(|_| !self.waiting.contains(id)) {
                self.pauses.remove(&(id.clone(), only.clone()));
            }
            waiting.insert(id.clone());
        }
        self.waiting = waiting;
    }

    fn revoked(&mut self, step: &Stepped<'_>) {
        for effect in step.effects {
            let Effect::Agent(
                agent,
                AgentOrder::Revoke {
                    conversation, why, ..
                },
            ) = effect
            else {
                continue;
            };
            let holder = self.offers.remove(conversation);
            assert_eq!(
                holder.as_ref(),
                Some(agent),
                "took back what was not offered"
            );
            if *why == RevokeReason::TimedOut {
                let pair = (conversation.clone(), agent.clone());
                self.pauses.insert(pair, step.now.plus(PAUSE));
            }
        }
    }

    /// The new offers of a step. Repeated ones must stand.
    fn asked<'a>(&mut self, step: &Stepped<'a>) -> Vec<(&'a AgentJid, &'a OfferOrder)> {
        let mut asked = Vec::new();
        for effect in step.effects {
            let Effect::Agent(agent, AgentOrder::Offer(order)) = effect else {
                continue;
            };
            self.confirmed.insert(order.conversation.clone());
            let holder = self.offers.get(&order.conversation);
            if order.again {
                assert_eq!(holder, Some(agent), "repeated what does not stand");
                continue;
            }
            assert_eq!(holder, None, "two offers of one request");
            let busy = self.offers.values().any(|holder| holder == agent);
            assert!(!busy, "two offers to {agent}");
            self.offers
                .insert(order.conversation.clone(), agent.clone());
            asked.push((agent, &**order));
        }
        asked
    }

    fn check_offer(
        &mut self,
        step: &Stepped<'_>,
        (place, (agent, order)): (usize, &(&AgentJid, &OfferOrder)),
        asked: &[(&AgentJid, &OfferOrder)],
    ) {
        let id = &order.conversation;
        let request = step
            .bridge
            .dispatch()
            .request(id)
            .expect("a request to offer");
        let pause = self.pauses.get(&(id.clone(), (*agent).clone()));
        assert!(
            self.may_ask(step, (id, request), agent),
            "{agent} was asked for {id} at {:?}: paused until {pause:?}, {:?}, {:?}, {request:?}",
            step.now,
            self.told.get(agent),
            self.chats.get(agent),
        );
        self.check_line(step, (id, request), agent);
        // Whom the visitor knows is asked whoever's turn it is.
        let known = request.wanted.as_ref() == Some(*agent);
        self.check_wanted(step, (id, request), (agent, &asked[place..]));
        let later: BTreeSet<&AgentJid> = asked[place..].iter().map(|(agent, _)| *agent).collect();
        let turn = self.turn(agent);
        for other in step.policy.agents() {
            let free = later.contains(other) || !self.offers.values().any(|held| held == other);
            if free && !known && self.may_ask(step, (id, request), other) {
                assert!(
                    turn <= self.turn(other),
                    "{agent} {turn:?} was asked before {other} {:?}",
                    self.turn(other)
                );
            }
        }
        self.turns.insert((*agent).clone(), (self.steps, place + 1));
    }

    /// Nobody else is asked while the one whom the visitor knows is free.
    fn check_wanted(
        &self,
        step: &Stepped<'_>,
        (id, request): (&ConversationId, &Request),
        (agent, later): (&AgentJid, &[(&AgentJid, &OfferOrder)]),
    ) {
        let Some(wanted) = request.wanted.as_ref().filter(|wanted| *wanted != agent) else {
            return;
        };
        let holds = self.offers.values().any(|held| held == wanted);
        let free = !holds || later.iter().any(|(other, _)| *other == wanted);
        let could = free && self.may_ask(step, (id, request), wanted);
        assert!(!could, "{agent} was asked for {id}, and not {wanted}");
    }

    /// Nobody who could have had this agent stands before the one who has.
    fn check_line(
        &self,
        step: &Stepped<'_>,
        (id, request): (&ConversationId, &Request),
        agent: &AgentJid,
    ) {
        let rank = |id: &ConversationId, request: &Request| {
            (request.place, request.since, request.nth, id.clone())
        };
        for name in step.policy.workgroups.keys() {
            for (other, waiting) in step.bridge.dispatch().line(name) {
                let before = rank(other, waiting) < rank(id, request);
                let could = waiting.offer.is_none() && self.may_ask(step, (other, waiting), agent);
                assert!(!(before && could), "{id} was served before {other}");
            }
        }
    }

    fn turn(&self, agent: &AgentJid) -> (u64, usize) {
        self.turns.get(agent).copied().unwrap_or_default()
    }

    /// Whether the rules let this agent be asked, a standing offer aside.
    fn may_ask(
        &self,
        step: &Stepped<'_>,
        (id, request): (&ConversationId, &Request),
        agent: &AgentJid,
    ) -> bool {
        let Some(group) = step.policy.workgroups.get(&request.workgroup) else {
            return false;
        };
        let serves = match &request.only {
            Some(only) => only == agent && step.policy.workgroups_of(agent).next().is_some(),
            None => group.agents.contains_key(agent),
        };
        let pause = self.pauses.get(&(id.clone(), agent.clone()));
        let clients = self.told.get(agent).into_iter().flatten();
        let best = clients.min_by_key(|(name, state)| (state.show, Reverse(state.priority), *name));
        let Some((_, best)) = best else {
            return false;
        };
        let most = best.max_chats.unwrap_or(u32::MAX).min(group.max_chats) as usize;
        serves
            && request.except.as_ref() != Some(agent)
            && pause.is_none_or(|until| *until <= step.now)
            && !self.paused.contains(agent)
            && matches!(best.show, Show::Chat | Show::Online)
            && self.chats.get(agent).is_none_or(|chats| chats.len() < most)
    }

    /// The dispatcher's own book says the same.
    fn check_agreement(&self, step: &Stepped<'_>) {
        let dispatch = step.bridge.dispatch();
        for (id, agent) in &self.offers {
            let request = dispatch.request(id).expect("an offer has a request");
            let offer = request.offer.as_ref().expect("an offer is remembered");
            assert_eq!(&offer.agent, agent);
            assert_eq!(dispatch.offer_of(agent), Some(id));
            self.check_standing(step.now, id, agent);
        }
        for name in step.policy.workgroups.keys() {
            for (id, request) in dispatch.line(name) {
                let holder = request.offer.as_ref().map(|offer| &offer.agent);
                assert_eq!(self.offers.get(id), holder, "{id}: an offer nobody saw");
            }
        }
    }

    /// An offer that stands on this link is one that the agent has seen on it, as soon as the
    /// agent shows; who does not show in time loses it.
    fn check_standing(&self, now: Timestamp, id: &ConversationId, agent: &AgentJid) {
        let Some(since) = self.linked else {
            return;
        };
        let shows = self
            .told
            .get(agent)
            .is_some_and(|clients| !clients.is_empty());
        if shows {
            assert!(
                self.confirmed.contains(id),
                "{agent} never saw the offer of {id}"
            );
        } else {
            let patience = Duration::from_secs(15);
            assert!(
                since.plus(patience) > now,
                "{agent} is silent and holds {id}"
            );
        }
    }

    fn check_nobody_idle(&self, step: &Stepped<'_>) {
        let names: Vec<&WorkgroupName> = step.policy.workgroups.keys().collect();
        for (id, request) in names
            .iter()
            .flat_map(|name| step.bridge.dispatch().line(name))
        {
            if request.offer.is_some() {
                continue;
            }
            for agent in step.policy.agents() {
                let busy = self.offers.values().any(|held| held == agent);
                let idle = !busy && self.may_ask(step, (id, request), agent);
                assert!(!idle, "{id} waits while {agent} is idle");
            }
        }
    }

    /// The program was restarted: nothing is known of clients.
    pub fn restarted(&mut self) {
        self.told.clear();
        self.confirmed.clear();
        self.linked = None;
    }

    /// The open offers.
    pub fn offers(&self) -> Vec<(ConversationId, AgentJid)> {
        let offers = self.offers.iter();
        offers
            .map(|(id, agent)| (id.clone(), agent.clone()))
            .collect()
    }
}

fn owned((name, state): (&String, &Resource)) -> (String, Resource) {
    (name.clone(), state.clone())
}
