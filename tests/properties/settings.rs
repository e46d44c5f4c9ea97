//! The rules change.

use std::sync::Arc;
use std::time::Duration;

use warmline::bridge::Input;
use warmline::ids::WorkgroupName;

use super::people::{agent, rules};
use super::world::{World, world_policy};

impl World {
    pub fn change_rules(&mut self, kind: u8) {
        self.policy = world_policy();
        match kind % 6 {
            0 => {
                let support = rules(&mut self.policy, "support");
                support.agents.remove(&agent("ana"));
            }
            1 => {
                let billing = rules(&mut self.policy, "billing");
                billing.agents.remove(&agent("ben"));
            }
            2 => rules(&mut self.policy, "support").idle_close = Some(Duration::from_secs(60)),
            3 => {
                let billing = WorkgroupName::new("billing");
                self.policy.workgroups.remove(&billing);
            }
            _ => {}
        }
        self.step(Input::Settings(Arc::new(self.policy.clone())));
    }
}
