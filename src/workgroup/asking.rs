//! Whom to ask next: the first in line first, and the longest idle first.
//!
//! After each [`Dispatch::settle`] nobody unasked could have an agent who is free. So only pairs
//! are looked at of which one side changed since: what is new in line against all who are free,
//! and who became free against all who wait.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};

use super::dispatch::Dispatch;
use super::index::Meant;
use super::line::Rank;
use super::{Contact, Decision, Offer, Request};

/// An offer that were over at once would be made again for ever.
const SHORTEST_OFFER: Duration = Duration::from_secs(1);

/// What changed and may bring about an offer.
struct News {
    /// Requests, as they stand in line.
    requests: BTreeSet<Rank>,
    /// Agents who are free, by whom they could serve.
    agents: BTreeMap<Meant, BTreeSet<AgentJid>>,
}

impl Dispatch {
    /// Puts every request that nobody is asked for before an agent, if one may be asked: in the
    /// order of all lines together, since an agent of several workgroups serves who waits for
    /// longest.
    pub(super) fn ask(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let mut news = self.news();
        let mut after: Option<Rank> = None;
        while let Some(rank) = self.next_to_look_at(&news, after.as_ref()) {
            let id = &rank.2;
            let chosen = match self.requests.get(id) {
                Some(request) if news.requests.contains(&rank) => self.choose(request, now),
                Some(request) => self.choose_new(request, &news, now),
                None => None,
            };
            if let Some((agent, to)) = chosen {
                for agents in news.agents.values_mut() {
                    agents.remove(&agent);
                }
                news.agents.retain(|_, agents| !agents.is_empty());
                decisions.extend(self.make_offer(now, id.clone(), (agent, to)));
            }
            after = Some(rank);
        }
    }

    fn news(&mut self) -> News {
        let changed = std::mem::take(&mut self.changed);
        for agent in &changed.agents {
            self.relist(agent);
        }
        let requests = changed.requests.iter();
        let mut agents: BTreeMap<Meant, BTreeSet<AgentJid>> = BTreeMap::new();
        for agent in changed.agents {
            let groups = self.index.listed(&agent).cloned().map(Meant::Workgroup);
            let alone = [Meant::Agent(agent.clone())];
            for meant in groups.chain(alone).filter(|one| self.index.wanted(one)) {
                agents.entry(meant).or_default().insert(agent.clone());
            }
        }
        News {
            requests: requests
                .filter_map(|id| self.index.rank(id).cloned())
                .collect(),
            agents,
        }
    }

    /// Lists an agent under the workgroups in which the agent could be asked now.
    fn relist(&mut self, agent: &AgentJid) {
        let groups = self.policy.workgroups_of(agent);
        let free =
            groups.filter_map(|group| Some((group.clone(), self.candidate(agent, group)?.0)));
        let free = free.collect();
        self.index.list(agent, free);
    }

    /// The next in line that may meet an agent, as far as the news go.
    fn next_to_look_at(&self, news: &News, after: Option<&Rank>) -> Option<Rank> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let new = news.requests.range((from, Unbounded)).next();
        let lines = news.agents.keys();
        let waiting = lines.filter_map(|meant| self.index.next_unasked(meant, after));
        waiting.chain(new).min().cloned()
    }

    /// The agent to be asked for a request that nobody has been looked for yet.
    fn choose(&self, request: &Request, now: Timestamp) -> Option<(AgentJid, Contact)> {
        let workgroup = &request.workgroup;
        if let Some(only) = &request.only {
            return self.choose_only(request, only, now);
        }
        if let Some(known) = self.choose_wanted(request, now) {
            return Some(known);
        }
        let mut free = self.index.free(workgroup);
        let agent = free.find(|agent| request.may_ask(agent, now))?;
        let (_, to) = self.candidate(agent, workgroup)?;
        Some((agent.clone(), to))
    }

    /// The same for one that found nobody before: of those who became free.
    fn choose_new(
        &self,
        request: &Request,
        news: &News,
        now: Timestamp,
    ) -> Option<(AgentJid, Contact)> {
        if let Some(only) = &request.only {
            return self.choose_only(request, only, now);
        }
        if let Some(known) = self.choose_wanted(request, now) {
            return Some(known);
        }
        let free = news.agents.get(&Meant::by(request))?.iter();
        let able = free.filter(|agent| request.may_ask(agent, now));
        let candidates = able.filter_map(|agent| {
            let (turn, to) = self.candidate(agent, &request.workgroup)?;
            Some((turn, agent, to))
        });
        let first = candidates.min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        first.map(|(_, agent, to)| (agent.clone(), to))
    }

    /// The agent whom the visitor knows, if that one is free.
    fn choose_wanted(&self, request: &Request, now: Timestamp) -> Option<(AgentJid, Contact)> {
        let wanted = request.wanted.as_ref()?;
        self.choose_only(request, wanted, now)
    }

    fn choose_only(
        &self,
        request: &Request,
        only: &AgentJid,
        now: Timestamp,
    ) -> Option<(AgentJid, Contact)> {
        if !self.may_serve(request, only) || !request.may_ask(only, now) {
            return None;
        }
        let (_, to) = self.candidate(only, &request.workgroup)?;
        Some((only.clone(), to))
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

    /// The turn of an agent who could be asked for a request of this workgroup now, and where.
    fn candidate(&self, jid: &AgentJid, workgroup: &WorkgroupName) -> Option<(u64, Contact)> {
        let max = self.policy.workgroups.get(workgroup)?.max_chats;
        let agent = self.agents.get(jid)?;
        let free = agent.offered.is_none() && agent.is_available() && agent.has_room(max);
        let to = agent.contact().filter(|_| free)?;
        Some((agent.record.turn, to))
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
        self.index.file(&conversation, Some(request));
        self.index.list(&jid, Vec::new());
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
