//! What requests and agents are found by, so that a step looks only at what it changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};

use super::Request;
use super::line::{Line, Rank};

/// Who could be asked for a request, its own exceptions aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meant {
    /// Whoever serves in the workgroup.
    Workgroup(WorkgroupName),
    /// One agent alone, wherever the agent serves.
    Agent(AgentJid),
}

impl Meant {
    pub fn by(request: &Request) -> Self {
        match &request.only {
            Some(only) => Self::Agent(only.clone()),
            None => Self::Workgroup(request.workgroup.clone()),
        }
    }
}

/// Under what a request is found.
#[derive(Debug)]
struct Filed {
    due: Option<Timestamp>,
    unasked: Option<(Meant, Rank)>,
}

/// Requests by what is due and by who could be asked; agents by turn.
#[derive(Debug, Default)]
pub(super) struct Index {
    filed: BTreeMap<ConversationId, Filed>,
    due: BTreeSet<(Timestamp, ConversationId)>,
    unasked: BTreeMap<Meant, Line>,
    listed: BTreeMap<AgentJid, Vec<(WorkgroupName, u64)>>,
    free: BTreeMap<WorkgroupName, BTreeSet<(u64, AgentJid)>>,
}

impl Index {
    /// Files a request as it is now; `None` takes it out.
    pub fn file(&mut self, id: &ConversationId, request: Option<&Request>) {
        if let Some(former) = self.filed.remove(id) {
            self.unfile(id, former);
        }
        let Some(request) = request else {
            return;
        };
        let due = request.next_deadline();
        self.due.extend(due.map(|at| (at, id.clone())));
        let waits = request.offer.is_none();
        let unasked = waits.then(|| (Meant::by(request), request.rank(id)));
        if let Some((meant, rank)) = unasked.clone() {
            self.unasked.entry(meant).or_default().insert(rank);
        }
        self.filed.insert(id.clone(), Filed { due, unasked });
    }

    fn unfile(&mut self, id: &ConversationId, former: Filed) {
        if let Some(at) = former.due {
            self.due.remove(&(at, id.clone()));
        }
        let Some((meant, rank)) = former.unasked else {
            return;
        };
        if let Some(line) = self.unasked.get_mut(&meant) {
            line.remove(&rank);
            if line.is_empty() {
                self.unasked.remove(&meant);
            }
        }
    }

    /// Lists an agent as one who could be asked in these workgroups, each with the agent's turn.
    pub fn list(&mut self, agent: &AgentJid, free: Vec<(WorkgroupName, u64)>) {
        for (workgroup, turn) in self.listed.remove(agent).into_iter().flatten() {
            if let Some(others) = self.free.get_mut(&workgroup) {
                others.remove(&(turn, agent.clone()));
            }
        }
        for (workgroup, turn) in &free {
            let others = self.free.entry(workgroup.clone()).or_default();
            others.insert((*turn, agent.clone()));
        }
        if !free.is_empty() {
            self.listed.insert(agent.clone(), free);
        }
    }

    /// When something is next due of any request.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The requests of which something is due.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = &ConversationId> {
        let due = self.due.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, id)| id)
    }

    /// Where an unasked request stands.
    pub fn rank(&self, id: &ConversationId) -> Option<&Rank> {
        let (_, rank) = self.filed.get(id)?.unasked.as_ref()?;
        Some(rank)
    }

    /// Whether anybody unasked means this.
    pub fn wanted(&self, meant: &Meant) -> bool {
        self.unasked.contains_key(meant)
    }

    /// The first of the unasked behind `after`.
    pub fn next_unasked(&self, meant: &Meant, after: Option<&Rank>) -> Option<&Rank> {
        use std::ops::Bound::{Excluded, Unbounded};
        let line = self.unasked.get(meant)?;
        let from = after.map_or(Unbounded, Excluded);
        line.range((from, Unbounded)).next()
    }

    /// Who could be asked in a workgroup, the longest idle first.
    pub fn free(&self, workgroup: &WorkgroupName) -> impl Iterator<Item = &AgentJid> {
        let free = self.free.get(workgroup).into_iter().flatten();
        free.map(|(_, agent)| agent)
    }

    /// The workgroups in which an agent could be asked.
    pub fn listed(&self, agent: &AgentJid) -> impl Iterator<Item = &WorkgroupName> {
        let listed = self.listed.get(agent).into_iter().flatten();
        listed.map(|(workgroup, _)| workgroup)
    }
}
