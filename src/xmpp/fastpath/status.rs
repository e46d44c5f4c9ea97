//! Who serves, and whether a workgroup is open (fastpath-protocol §3.6, §4.2, §6.1, §7.2, §7.6).

use minidom::Element;

use crate::ids::{AgentJid, Timestamp, WorkgroupName};
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, element, presence};

use super::{child, legacy_date};

/// A number of chats that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the most chats wanted is not a whole number")]
pub struct BadNumber;

/// The element by which a client says that it speaks Fastpath.
pub fn agent_status(presence: &Element) -> Option<&Element> {
    child(presence, "agent-status")
}

/// The most chats that `agent-status` asks for, at least one; `None` for the workgroup's own
/// limit. Smack since 4.2 writes an underscore where all others write a hyphen.
pub fn max_chats(status: &Element) -> Result<Option<u32>, BadNumber> {
    let said = status
        .children()
        .find(|child| matches!(child.name(), "max-chats" | "max_chats"))
        .map(Element::text);
    let Some(said) = said.as_deref().map(str::trim).filter(|s| !s.is_empty()) else {
        return Ok(None);
    };
    let most: i64 = said.parse().map_err(|_| BadNumber)?;
    Ok(Some(u32::try_from(most.max(1)).unwrap_or(u32::MAX)))
}

/// The presence of a workgroup towards anybody.
pub fn workgroup_presence(open: bool, (from, to): (&str, &str), modified: Timestamp) -> Element {
    let about = element("workgroup", ns::JIVE_WORKGROUP).and_text(
        "lastModified",
        ns::JIVE_WORKGROUP,
        &legacy_date(modified),
    );
    presence((!open).then_some("unavailable"), (from, to)).and(about)
}

/// The list of those who serve in a workgroup, without the one who asks.
pub fn colleagues<'a>(agents: impl Iterator<Item = &'a AgentJid>, asker: &AgentJid) -> Element {
    let list = element("agent-status-request", ns::WORKGROUP);
    agents
        .filter(|agent| *agent != asker)
        .fold(list, |list, agent| {
            let name = Element::builder("name", ns::JIVE_WORKGROUP)
                .append(agent.local())
                .build();
            list.and(
                element("agent", ns::WORKGROUP)
                    .with("jid", agent.as_str())
                    .and(name),
            )
        })
}

/// The list of workgroups that an agent serves in.
pub fn workgroups_of<'a>(
    domain: &str,
    agent: &AgentJid,
    workgroups: impl Iterator<Item = &'a WorkgroupName>,
) -> Element {
    let list = element("workgroups", ns::WORKGROUP).with("jid", agent.as_str());
    workgroups.fold(list, |list, name| {
        let one = element("workgroup", ns::WORKGROUP);
        list.and(one.with("jid", &format!("{name}@{domain}")))
    })
}
