//! The component link comes and goes; everything is asserted anew when it comes.

use std::sync::Arc;
use std::time::Duration;

use crate::conversation::Stage;
use crate::ids::{AgentJid, ConversationId, Timestamp, WorkgroupName};
use crate::workgroup::Policy;

use super::{AgentOrder, Answer, Bridge, Effect, RoomOrder};

/// How long after the link came back a client may take to show that it is still there.
const PROBE_PATIENCE: Duration = Duration::from_secs(15);

impl Bridge {
    pub(super) fn link_up(&mut self, now: Timestamp) -> Answer {
        self.linked = true;
        // What was heard before belongs to the link that is gone.
        self.dispatch.link_lost();
        self.dispatch.link_found(now.plus(PROBE_PATIENCE));
        let agents: Vec<AgentJid> = self.policy.agents().into_iter().cloned().collect();
        for agent in agents {
            self.probe(agent);
        }
        let rooms: Vec<ConversationId> = self
            .conversations
            .iter_mut()
            .filter_map(|(id, conversation)| {
                conversation.room.as_mut()?.ready = false;
                Some(id.clone())
            })
            .collect();
        for id in rooms {
            self.wait_longer(now, &id);
            self.assert_room(&id);
        }
        self.assert_away(now);
        Answer::Done
    }

    fn assert_room(&mut self, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let (Some(room), Stage::Over { why, .. }) = (&conversation.room, &conversation.stage)
        else {
            self.open_room_anew(id);
            return;
        };
        let order = RoomOrder::Close {
            workgroup: room.workgroup.clone(),
            why: why.clone(),
        };
        self.emit(Effect::Room(id.clone(), order));
    }

    fn probe(&mut self, agent: AgentJid) {
        let workgroups: Vec<WorkgroupName> = self.policy.workgroups_of(&agent).cloned().collect();
        let record = self.dispatch.agent_record(&agent);
        let order = AgentOrder::Probe {
            workgroups,
            resources: record.resources.into_keys().collect(),
        };
        self.emit(Effect::Agent(agent, order));
    }

    pub(super) fn link_down(&mut self) -> Answer {
        self.linked = false;
        self.dispatch.link_lost();
        for conversation in self.conversations.values_mut() {
            if let Some(room) = &mut conversation.room {
                room.ready = false;
            }
            if let Some(service) = conversation.service_mut() {
                service.briefing_said = false;
            }
            if let Some(stay) = conversation.stay_mut() {
                stay.ready = false;
                stay.briefing_said = false;
            }
        }
        self.open_elsewhere.clear();
        Answer::Done
    }

    pub(super) fn settings(&mut self, now: Timestamp, policy: Arc<Policy>) -> Answer {
        let former = std::mem::replace(&mut self.policy, policy.clone());
        self.dispatch.set_policy(policy.clone());
        let known = former.agents();
        for agent in policy.agents() {
            if self.linked && !known.contains(agent) {
                self.probe(agent.clone());
            }
        }
        let there = former.workgroups.iter();
        let there = there.filter_map(|(name, policy)| {
            let elsewhere = policy.elsewhere.as_ref()?;
            Some((name.clone(), elsewhere.address.clone()))
        });
        self.leave_their_lines(now, &there.collect::<Vec<_>>());
        self.rules_changed = true;
        self.hours_change = None;
        self.step.queues.extend(policy.workgroups.keys().cloned());
        // Other times may hold now.
        self.step.stirred.extend(self.conversations.keys().cloned());
        Answer::Done
    }
}
