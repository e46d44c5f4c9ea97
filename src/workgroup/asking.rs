//! Whom to ask next: the first in line first, and the longest idle first.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};

use super::dispatch::Dispatch;
use super::line::Place;
use super::{Contact, Decision, Offer, Request};

/// An offer that were over at once would be made again for ever.
const SHORTEST_OFFER: Duration = Duration::from_secs(1);

impl Dispatch {
    /// Puts every request that nobody is asked for before an agent, if one may be asked.
    pub(super) fn ask(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let mut candidates: BTreeMap<WorkgroupName, Vec<(u64, AgentJid, Contact)>> =
            BTreeMap::new();
        for (_, _, id) in self.unasked() {
            let Some(request) = self.requests.get(&id) else {
                continue;
            };
            let workgroup = &request.workgroup;
            let chosen = match &request.only {
                Some(only) if self.may_serve(request, only) => self.candidate(only, workgroup),
                Some(_) => None,
                None => candidates
                    .entry(workgroup.clone())
                    .or_insert_with(|| self.candidates(workgroup))
                    .iter()
                    .find(|(_, agent, _)| request.may_ask(agent, now) && !self.has_offer(agent))
                    .cloned(),
            };
            let chosen = chosen.filter(|(_, agent, _)| request.may_ask(agent, now));
            if let Some((_, agent, to)) = chosen {
                decisions.extend(self.make_offer(now, id, (agent, to)));
            }
        }
    }

    /// The requests that nobody is asked for, as they stand over all lines: an agent of several
    /// workgroups serves who waits for longest.
    fn unasked(&self) -> Vec<(Place, Timestamp, ConversationId)> {
        let waits = |id: &ConversationId| self.requests.get(id).is_some_and(|r| r.offer.is_none());
        let lines = self.lines.values().flatten();
        let mut unasked: Vec<_> = lines.filter(|(_, _, id)| waits(id)).cloned().collect();
        unasked.sort();
        unasked
    }

    fn has_offer(&self, agent: &AgentJid) -> bool {
        self.agents
            .get(agent)
            .is_some_and(|agent| agent.offered.is_some())
    }

    /// Whether the rules let this agent have the request: who alone is meant may serve anywhere.
    pub(super) fn may_serve(&self, request: &Request, agent: &AgentJid) -> bool {
        if request.only.is_some() {
            return self.policy.workgroups_of(agent).next().is_some();
        }
        self.policy
            .workgroups
            .get(&request.workgroup)
            .is_some_and(|workgroup| workgroup.agents.contains_key(agent))
    }

    /// Who could be asked for a request of this workgroup now, in turn: the longest idle first.
    fn candidates(&self, workgroup: &WorkgroupName) -> Vec<(u64, AgentJid, Contact)> {
        let Some(policy) = self.policy.workgroups.get(workgroup) else {
            return Vec::new();
        };
        let mut candidates: Vec<_> = policy
            .agents
            .keys()
            .filter_map(|jid| self.candidate(jid, workgroup))
            .collect();
        candidates.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        candidates
    }

    fn candidate(
        &self,
        jid: &AgentJid,
        workgroup: &WorkgroupName,
    ) -> Option<(u64, AgentJid, Contact)> {
        let max = self.policy.workgroups.get(workgroup)?.max_chats;
        let agent = self.agents.get(jid)?;
        let free = agent.offered.is_none() && agent.is_available() && agent.has_room(max);
        let to = agent.contact().filter(|_| free)?;
        Some((agent.record.turn, jid.clone(), to))
    }

    fn make_offer(
        &mut self,
        now: Timestamp,
        conversation: ConversationId,
        (jid, to): (AgentJid, Contact),
    ) -> Option<Decision> {
        let turn = self.next_turn();
        let request = self.requests.get_mut(&conversation)?;
        let policy = self.policy.workgroups.get(&request.workgroup)?;
        let until = now.plus(policy.offer_timeout.max(SHORTEST_OFFER));
        let offer = Offer {
            agent: jid.clone(),
            to,
            until: request.until.map_or(until, |end| end.min(until)),
        };
        request.offer = Some(offer.clone());
        let agent = self.agents.get_mut(&jid)?;
        agent.offered = Some(conversation.clone());
        agent.repeat = false;
        agent.record.turn = turn;
        Some(Decision::Ask {
            conversation,
            offer,
            again: false,
        })
    }
}
