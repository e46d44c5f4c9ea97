//! How long who is waited for, and who is not asked for a while.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::conversation::{ClosedBy, Conversation, Presence, Stage, Successor};
use crate::ids::{AgentJid, ConversationId, Timestamp};

use super::Bridge;

/// A wait that were over at once would begin anew for ever.
pub(super) const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// How long an agent is waited for whose workgroup is no longer configured.
pub(super) const LAST_WAIT: Duration = Duration::from_secs(60);

impl Bridge {
    pub(super) fn timer_rang(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if conversation
            .visitor_until()
            .is_some_and(|until| until <= now)
        {
            return self.visitor_stayed_away(now, id);
        }
        match conversation.stage {
            Stage::Waiting { .. } => return self.tell_place(now, id),
            Stage::Away(_) => return self.away_rang(now, id),
            Stage::Served(_) | Stage::Over { .. } => {}
        }
        let policy = self.policy.workgroups.get(&conversation.workgroup);
        let idle = policy.and_then(|policy| policy.idle_close);
        let silent_since = conversation.silent_since();
        let silence = idle.and_then(|idle| Some(silent_since?.plus(idle)));
        let silent = silence.is_some_and(|at| at <= now);
        // A room is ready only while the link stands.
        let reachable = conversation.room.as_ref().is_some_and(|room| room.ready);
        if silent && reachable {
            self.close(now, id, ClosedBy::Silence);
            return;
        }
        let Some(service) = conversation.service_mut() else {
            return;
        };
        if !silent && service.deadline().is_none_or(|at| at > now) {
            return;
        }
        if !reachable {
            self.wait_longer(now, id);
            return;
        }
        if self
            .conversations
            .get(id)
            .is_some_and(|c| c.successor_is_late(now))
        {
            self.lose_successor(now, id);
        }
        if self
            .conversations
            .get(id)
            .is_some_and(|c| c.agent_is_late(now))
        {
            self.lose_agent(now, id);
        }
    }

    /// Until when an agent who is not in the room any more is waited for.
    pub(super) fn waited_for(&self, now: Timestamp, conversation: &Conversation) -> Timestamp {
        let policy = self.policy.workgroups.get(&conversation.workgroup);
        now.plus(policy.map_or(LAST_WAIT, |policy| policy.agent_return))
    }

    /// While the link is down, or the room cannot be had, nobody can come: the wait begins anew.
    pub(super) fn wait_longer(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let policy = self.policy.workgroups.get(&conversation.workgroup);
        let again = |wait: Option<Duration>| now.plus(wait.unwrap_or(LAST_WAIT).max(SHORTEST_WAIT));
        let join = again(policy.map(|policy| policy.join_timeout));
        let back = again(policy.map(|policy| policy.agent_return));
        let Some(service) = conversation.service_mut() else {
            return;
        };
        service.silent_from = now;
        match &mut service.presence {
            Presence::Expected { until } => *until = (*until).max(join),
            Presence::Away { until } => *until = (*until).max(back),
            Presence::Here => {}
        }
        if let Some(Successor::Expected { until, .. }) = &mut service.successor {
            *until = (*until).max(join);
        }
        self.touch(id);
    }

    pub(super) fn remember_pauses(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        pauses: BTreeMap<AgentJid, Timestamp>,
    ) {
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.remember_pauses(now, pauses);
            self.touch(id);
        }
    }

    /// Whoever had a conversation and has it no more is not the next to be asked for it.
    pub(super) fn pause_for(&mut self, now: Timestamp, id: &ConversationId, agent: &AgentJid) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if let Some(policy) = self.policy.workgroups.get(&conversation.workgroup) {
            let until = now.plus(policy.rejection_pause);
            conversation.remember_pauses(now, [(agent.clone(), until)]);
        }
    }
}
