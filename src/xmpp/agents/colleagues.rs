//! Agents who asked for their colleagues are told how these are, and what changes of it
//! (fastpath-protocol §7.6, §7.7).
//!
//! Fastpath's clients take such a presence from the colleague's own address only. Of our own
//! domain's users we may send that; for others the server must let us.

use std::collections::{BTreeMap, BTreeSet};

use minidom::Element;

use crate::bridge::{ColleagueView, Input};
use crate::ids::{AgentJid, Timestamp, WorkgroupName};
use crate::xmpp::fastpath;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::child_text;

use super::{Agents, Then, ns};

/// The most characters of a colleague's own words that are passed on.
const MOST_WORDS: usize = 500;

/// A colleague as last told, and in which words.
type Told = (ColleagueView, Option<String>);

#[derive(Debug, Default)]
pub(super) struct Colleagues {
    /// The clients that asked, by the workgroup that they asked.
    asked: BTreeMap<WorkgroupName, BTreeSet<(AgentJid, String)>>,
    /// What those were told last.
    told: BTreeMap<WorkgroupName, BTreeMap<AgentJid, Told>>,
    /// What agents' clients say of their users' state.
    words: BTreeMap<(AgentJid, String), String>,
}

impl Colleagues {
    /// An agent's client shows itself.
    pub fn came(&mut self, agent: &AgentJid, resource: &str, presence: &Element) {
        let words = child_text(presence, "status", ns::CLIENT).filter(|words| !words.is_empty());
        let key = (agent.clone(), resource.to_owned());
        match words {
            Some(words) => {
                let words = words.chars().take(MOST_WORDS).collect();
                self.words.insert(key, words);
            }
            None => {
                self.words.remove(&key);
            }
        }
    }

    /// An agent's client is gone; `None` for all of them.
    pub fn went(&mut self, agent: &AgentJid, resource: Option<&str>) {
        let stays = |one: &AgentJid, client: &str| {
            one != agent || resource.is_some_and(|gone| gone != client)
        };
        self.words.retain(|(one, client), _| stays(one, client));
        for clients in self.asked.values_mut() {
            clients.retain(|(one, client)| stays(one, client));
        }
        self.asked.retain(|_, clients| !clients.is_empty());
        self.told
            .retain(|workgroup, _| self.asked.contains_key(workgroup));
    }

    /// Whether anybody wants to know.
    pub fn are_asked_for(&self, workgroup: &WorkgroupName) -> bool {
        self.asked.contains_key(workgroup)
    }

    fn with_words(&self, all: &[ColleagueView]) -> BTreeMap<AgentJid, Told> {
        let told = all.iter().map(|one| {
            let key = (one.agent.clone(), one.resource.clone());
            let words = self.words.get(&key).cloned();
            (one.agent.clone(), (one.clone(), words))
        });
        told.collect()
    }

    /// What has changed since it was last told, and whether the colleague is there.
    fn news(
        &mut self,
        workgroup: &WorkgroupName,
        now: BTreeMap<AgentJid, Told>,
    ) -> Vec<(Told, bool)> {
        let before = self.told.insert(workgroup.clone(), now.clone());
        let before = before.unwrap_or_else(|| now.clone());
        let mut news = Vec::new();
        for (agent, (view, words)) in &before {
            // Another client of the same agent: the one that was shown is gone.
            let same = now
                .get(agent)
                .is_some_and(|(one, _)| one.resource == view.resource);
            if !same {
                news.push(((view.clone(), words.clone()), false));
            }
        }
        let changed = now
            .into_iter()
            .filter(|(agent, told)| before.get(agent) != Some(told));
        news.extend(changed.map(|(_, told)| (told, true)));
        news
    }
}

pub(super) fn push(workgroup: WorkgroupName) -> Out<Then> {
    Out::Ask(Input::ColleaguesAsked(workgroup), Then::PushColleagues)
}

impl Agents {
    /// What agents of a workgroup do changed: those who want to know are told, at most once a second.
    pub fn colleagues_changed(
        &mut self,
        now: Timestamp,
        workgroup: &WorkgroupName,
    ) -> Vec<Out<Then>> {
        self.at(now);
        let home = workgroup.home();
        let asked = self.colleagues.are_asked_for(&home);
        if asked && self.moved.news(now, &home) {
            vec![push(home)]
        } else {
            Vec::new()
        }
    }

    /// The list was given: how those in it are comes next, and from now on.
    pub(super) fn follow_colleagues(
        &self,
        workgroup: &WorkgroupName,
        (agent, resource): (AgentJid, Option<String>),
    ) -> Option<Out<Then>> {
        let then = Then::ShowColleagues {
            workgroup: workgroup.clone(),
            agent,
            resource: resource?,
        };
        Some(Out::Ask(Input::ColleaguesAsked(workgroup.clone()), then))
    }

    pub(super) fn show_colleagues(
        &mut self,
        workgroup: &WorkgroupName,
        client: (AgentJid, String),
        all: &[ColleagueView],
    ) -> Vec<Out<Then>> {
        let mut out = self.push_colleagues(workgroup, all);
        let told = self.colleagues.with_words(all);
        let (agent, resource) = &client;
        let to = format!("{agent}/{resource}");
        for (other, told) in &told {
            if other != agent {
                out.extend(self.colleague(workgroup, &to, (told, true)));
            }
        }
        let asked = &mut self.colleagues.asked;
        asked.entry(workgroup.clone()).or_default().insert(client);
        self.colleagues.told.insert(workgroup.clone(), told);
        out
    }

    /// Tells all who asked of what has changed.
    pub(super) fn push_colleagues(
        &mut self,
        workgroup: &WorkgroupName,
        all: &[ColleagueView],
    ) -> Vec<Out<Then>> {
        let Some(clients) = self.colleagues.asked.get(workgroup).cloned() else {
            return Vec::new();
        };
        let now = self.colleagues.with_words(all);
        let mut out = Vec::new();
        for (told, here) in self.colleagues.news(workgroup, now) {
            for (agent, resource) in clients.iter().filter(|(agent, _)| *agent != told.0.agent) {
                let to = format!("{agent}/{resource}");
                out.extend(self.colleague(workgroup, &to, (&told, here)));
            }
        }
        out
    }

    fn colleague(
        &self,
        workgroup: &WorkgroupName,
        to: &str,
        ((view, words), here): (&Told, bool),
    ) -> Option<Out<Then>> {
        let domain = &self.settings.domain;
        let ours = view.agent.domain() == domain;
        (ours || self.settings.speaks_for_agents).then(|| {
            let told = (view, here);
            let words = words.as_deref();
            Out::Send(fastpath::colleague_presence(
                domain,
                (workgroup, to),
                told,
                words,
            ))
        })
    }
}
