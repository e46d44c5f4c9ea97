//! What the parts of the seat want done; they themselves touch neither socket nor engine.

use minidom::Element;

use crate::bridge::Input;
use crate::ids::AgentJid;

/// One wish.
#[derive(Debug)]
pub enum Out<T> {
    /// Send a stanza.
    Send(Element),
    /// An agent was just invited into a room: what was kept back until then may follow.
    Invited(AgentJid),
    /// Tell the engine; nobody here waits for the answer. Told in order.
    Tell(Input),
    /// Ask the engine; when its answer is there (after the commit), go on with what `T` says.
    Ask(Input, T),
}
