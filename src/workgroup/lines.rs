//! What can be told of the lines.

use crate::ids::{ConversationId, Timestamp, WorkgroupName};

use super::Request;
use super::dispatch::Dispatch;
use super::ranks::Ranks;

impl Dispatch {
    /// The conversations that wait in workgroups in which the rules know nobody who could serve: in
    /// unknown ones, and in those of somebody else.
    pub fn in_unknown_workgroups(&self) -> Vec<ConversationId> {
        let known = |name: &WorkgroupName| {
            let policy = self.policy.workgroups.get(name);
            policy.is_some_and(|policy| policy.elsewhere.is_none())
        };
        let lines = self.lines.iter().filter(|(name, _)| !known(name));
        let all = lines.flat_map(|(_, line)| line.iter());
        all.map(|(_, _, id)| id.clone()).collect()
    }

    /// The conversations that wait in a workgroup, in order.
    pub fn line<'a>(
        &'a self,
        workgroup: &WorkgroupName,
    ) -> impl Iterator<Item = (&'a ConversationId, &'a Request)> + use<'a> {
        let line = self.lines.get(workgroup).into_iter().flat_map(Ranks::iter);
        line.filter_map(|(_, _, id)| self.requests.get_key_value(id))
    }

    /// How many wait in a workgroup.
    pub fn length(&self, workgroup: &WorkgroupName) -> usize {
        self.lines.get(workgroup).map_or(0, Ranks::len)
    }

    /// Since when the one who came first of those in a workgroup's line waits.
    pub fn oldest(&self, workgroup: &WorkgroupName) -> Option<Timestamp> {
        self.lines.get(workgroup)?.oldest()
    }

    /// At which place of its line, from 1, a conversation waits.
    pub fn place(&self, conversation: &ConversationId) -> Option<u32> {
        let request = self.requests.get(conversation)?;
        let line = self.lines.get(&request.workgroup)?;
        let before = line.before(&request.rank(conversation))?;
        u32::try_from(before).ok()?.checked_add(1)
    }
}
