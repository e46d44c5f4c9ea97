//! What the parts of the seat want done; they themselves touch neither socket nor engine.

use std::collections::BTreeSet;

use minidom::Element;

use crate::bridge::Input;
use crate::engine::groups::GroupOrder;
use crate::ids::{AgentJid, ConversationId, WorkgroupName};

use super::records::Wish;

/// One wish.
#[derive(Debug)]
pub enum Out<T> {
    /// Send a stanza.
    Send(Element),
    /// An agent was just invited into a room: what was kept back until then may follow.
    Invited(AgentJid),
    /// Tell the engine; nobody here waits for the answer. Told in order.
    Tell(Input),
    /// Look something up in the store, or keep it there, as far as these workgroups go.
    Look(Wish, BTreeSet<WorkgroupName>, T),
    /// Have a workgroup added, changed or deleted.
    Regroup(GroupOrder, T),
    /// Ask who is in a conversation's room, if it is one of these workgroups'.
    Inside(ConversationId, BTreeSet<WorkgroupName>, T),
    /// Ask the engine; when its answer is there (after the commit), go on with what `T` says.
    Ask(Input, T),
}
