//! `[fastpath]`: our workgroups as a Fastpath service.

use jid::BareJid;

use super::reader::Reader;

/// `[fastpath]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fastpath {
    /// Who may add, change and delete workgroups by ad-hoc commands.
    pub admins: Vec<BareJid>,
    /// Whether the server lets the component send in its users' names, so that Fastpath clients
    /// see how their colleagues are.
    pub speaks_for_agents: bool,
}

impl Fastpath {
    pub(super) fn read(r: &mut Reader) -> Self {
        Self {
            admins: r.list("admins").unwrap_or_default(),
            speaks_for_agents: r.or("speaks_for_agents", false),
        }
    }
}
