//! Agents hand conversations over by request.

use warmline::bridge::{HandOver, HandTo, Input};
use warmline::ids::{AgentJid, WorkgroupName};

use super::act::who_is;
use super::world::World;

impl World {
    /// An agent at a Fastpath client hands a conversation over, or asks others in.
    pub fn hands(&mut self, who: &AgentJid, room: u8, what: u8) {
        let to = match what % 4 {
            0 => HandTo::Agent(who_is(what / 8 % 5)),
            1 => HandTo::Workgroup(WorkgroupName::new("support")),
            2 => HandTo::Workgroup(WorkgroupName::new("billing")),
            _ => HandTo::Workgroup(WorkgroupName::new("nowhere")),
        };
        let (agent, joins) = (who.clone(), what & 4 == 0);
        self.with(room, |world, conversation| {
            world.step(Input::HandedOver {
                agent,
                conversation,
                wish: HandOver {
                    to,
                    joins,
                    reason: "so".into(),
                },
            });
        });
    }
}
