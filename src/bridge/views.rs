//! What those who serve may see of lines and conversations.

use std::time::Duration;

use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};

use super::{Answer, Bridge, ChatView, ColleagueView, QueueView, Refusal, ServedView, WaitingView};

/// How many waits the average is taken over.
const WAITS: usize = 20;
/// How many of a line are seen at a glance.
const GLANCE: usize = 500;

impl Bridge {
    pub(super) fn note_wait(&mut self, workgroup: &WorkgroupName, millis: u64) {
        let waits = self.waits.entry(workgroup.clone()).or_default();
        if waits.len() == WAITS {
            waits.pop_front();
        }
        waits.push_back(millis);
    }

    /// How long those who came last had to wait on average; unknown while nobody was served.
    pub(super) fn usual_wait(&self, workgroup: &WorkgroupName) -> Option<Duration> {
        let waits = self
            .waits
            .get(workgroup)
            .filter(|waits| !waits.is_empty())?;
        let sum: u64 = waits.iter().sum();
        Some(Duration::from_millis(sum / waits.len() as u64))
    }

    pub(super) fn glance(&self, now: Timestamp, name: &WorkgroupName) -> Answer {
        self.queue_view(now, (name, GLANCE))
    }

    /// A line, with at most so many of those who wait in it.
    pub(super) fn queue_view(
        &self,
        now: Timestamp,
        (name, most): (&WorkgroupName, usize),
    ) -> Answer {
        let Some(policy) = self.policy.workgroups.get(name) else {
            return Answer::Refused(Refusal::UnknownWorkgroup);
        };
        let line = self.dispatch.line(name).take(most);
        Answer::Queue(Box::new(QueueView {
            workgroup: name.clone(),
            title: policy.title.clone(),
            open: self.dispatch.anyone_online(name) && !self.is_closed(now, name),
            closed: self.is_closed(now, name),
            waiting: line
                .map(|(id, request)| self.waiting_view(id, request.since))
                .collect(),
            length: self.dispatch.length(name),
            oldest: self.dispatch.oldest(name),
            average_wait: self.usual_wait(name).unwrap_or_default(),
            watchers: self.dispatch.fastpath_clients(name),
        }))
    }

    fn waiting_view(&self, id: &ConversationId, since: Timestamp) -> WaitingView {
        let conversation = self.conversations.get(id);
        let in_person = conversation.filter(|one| one.waits_in_person());
        WaitingView {
            conversation: id.clone(),
            since,
            in_person: in_person.map(|one| one.token.clone()),
        }
    }

    pub(super) fn chats_view(&self, agent: &AgentJid) -> Answer {
        if self.policy.workgroups_of(agent).next().is_none() {
            return Answer::Refused(Refusal::NotAnAgent);
        }
        let offered = self.dispatch.offer_of(agent).map(|id| (id.clone(), false));
        let chats = self.dispatch.chats_of(agent).into_iter();
        let all = chats.map(|id| (id, true)).chain(offered);
        Answer::Chats(all.filter_map(|one| self.chat_view(one)).collect())
    }

    pub(super) fn colleagues_view(&self, name: WorkgroupName) -> Answer {
        let Some(policy) = self.policy.workgroups.get(&name) else {
            return Answer::Refused(Refusal::UnknownWorkgroup);
        };
        let agents = policy.agents.keys();
        let there =
            agents.filter_map(|agent| self.colleague_view((&name, policy.max_chats), agent));
        let there = there.collect();
        Answer::Colleagues(name, there)
    }

    /// The client that is shown is one that speaks Fastpath, where there is one. While the link is
    /// down everybody is as last known.
    fn colleague_view(
        &self,
        (workgroup, most): (&WorkgroupName, u32),
        agent: &AgentJid,
    ) -> Option<ColleagueView> {
        let record = self.dispatch.agent_record(agent);
        let best = record.resources.into_iter().min_by_key(|(name, one)| {
            let priority = std::cmp::Reverse(one.priority);
            (!one.fastpath, one.show, priority, name.clone())
        });
        let (resource, state) = best?;
        let chats = self.dispatch.chats_of(agent).into_iter();
        Some(ColleagueView {
            agent: agent.clone(),
            resource,
            show: state.show,
            priority: state.priority,
            max_chats: state.max_chats.map_or(most, |wanted| wanted.min(most)),
            chats: chats
                .filter_map(|id| self.served_view((workgroup, agent), id))
                .collect(),
        })
    }

    fn served_view(
        &self,
        (workgroup, agent): (&WorkgroupName, &AgentJid),
        id: ConversationId,
    ) -> Option<ServedView> {
        let conversation = self.conversations.get(&id)?;
        let room = conversation.room.as_ref()?;
        let here = conversation.workgroup.home() == *workgroup && room.inside.contains_key(agent);
        let brief = &conversation.brief;
        let named = brief.fact("username");
        let named = named.filter(|_| conversation.in_person().is_some());
        here.then(|| ServedView {
            since: conversation.opened_at,
            visitor: named.map_or_else(|| id.pseudonym(), str::to_owned),
            question: brief.question.clone(),
            email: brief.fact("email").map(str::to_owned),
            conversation: id,
        })
    }

    /// Colleagues are told of who is in the conversation's room.
    pub(super) fn stir_colleagues(&mut self, id: &ConversationId) {
        if let Some(conversation) = self.conversations.get(id) {
            let workgroup = conversation.workgroup.home();
            self.step.colleagues.insert(workgroup);
        }
    }

    fn chat_view(&self, (id, accepted): (ConversationId, bool)) -> Option<ChatView> {
        let conversation = self.conversations.get(&id)?;
        Some(ChatView {
            pseudonym: id.pseudonym(),
            opened_at: conversation.opened_at,
            conversation: id,
            accepted,
        })
    }
}
