//! Where the requests of a workgroup go: by what is known of the visitor, by the hour, and after
//! too long a wait.

use std::fmt;
use std::time::Duration;

use crate::ids::{AgentJid, Timestamp, WorkgroupName};

use super::{Hours, Policy};

/// So often one request goes on to another line (Fastpath's own number).
pub(super) const MOST_MOVES: u8 = 3;
/// A stay that were over at once would be none.
const SHORTEST_STAY: Duration = Duration::from_secs(1);

/// The rules of one workgroup by which its requests go elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// The first that holds decides.
    pub rules: Vec<Rule>,
    /// Where requests go that wait for too long.
    pub overflow: Option<Overflow>,
    /// When it serves; always where there is none.
    pub hours: Option<Hours>,
    /// What is known of a visitor under this label names the agent who is asked first.
    pub preferred: Option<String>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The label of what is looked at, whatever its case.
    pub field: String,
    /// What has to be true of it.
    pub test: Test,
    /// The workgroup, or the queue of one, that the request goes to then.
    pub to: WorkgroupName,
}

/// What has to be true of a value. A label that stands several times holds if one value does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is this, whatever the case and the blanks around it.
    Equals(String),
    /// This occurs in it, whatever the case.
    Contains(String),
    /// It matches somewhere.
    Matches(Pattern),
}

/// A regular expression; it never takes longer than the length of the text.
#[derive(Clone)]
pub struct Pattern(regex_lite::Regex);

impl Pattern {
    /// Reads a regular expression; `None` where it is none.
    pub fn new(text: &str) -> Option<Self> {
        regex_lite::Regex::new(text).ok().map(Self)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.0.as_str())
    }
}

/// Where requests go that wait for too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// After how long.
    pub after: Duration,
    /// The workgroup, or the queue of one.
    pub to: WorkgroupName,
}

impl Rule {
    fn holds(&self, facts: &[(&str, &str)]) -> bool {
        let label = self.field.trim();
        let of = facts
            .iter()
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case(label));
        of.into_iter().any(|(_, value)| self.test.holds(value))
    }
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        let folded = |text: &str| text.trim().to_lowercase();
        match self {
            Self::Equals(wanted) => folded(value) == folded(wanted),
            Self::Contains(wanted) => folded(value).contains(&folded(wanted)),
            Self::Matches(pattern) => pattern.0.is_match(value),
        }
    }
}

impl Policy {
    /// The line that a request goes to which was made to this workgroup, by what is known of the
    /// visitor as (label, value). A rule that leads nowhere does not hold.
    pub fn route(&self, to: &WorkgroupName, facts: &[(&str, &str)]) -> WorkgroupName {
        let rules = self.workgroups.get(to).map(|group| &group.routing.rules);
        let mut rules = rules.into_iter().flatten();
        let leads = |rule: &&Rule| self.workgroups.contains_key(&rule.to) && rule.holds(facts);
        rules
            .find(leads)
            .map_or_else(|| to.clone(), |rule| rule.to.clone())
    }

    /// When a request that joins a line now goes on to another one, if nobody takes it before.
    pub fn moves_at(&self, line: &WorkgroupName, now: Timestamp) -> Option<Timestamp> {
        let overflow = self.workgroups.get(line)?.routing.overflow.as_ref()?;
        let leads = self.workgroups.contains_key(&overflow.to) && overflow.to != *line;
        leads.then(|| now.plus(overflow.after.max(SHORTEST_STAY)))
    }

    /// The agent of a line whom the visitor would like, going by what is known of the visitor.
    pub fn preferred(&self, line: &WorkgroupName, facts: &[(&str, &str)]) -> Option<AgentJid> {
        let group = self.workgroups.get(line)?;
        let label = group.routing.preferred.as_deref()?;
        let mut facts = facts.iter();
        let (_, value) = facts.find(|(name, _)| name.trim().eq_ignore_ascii_case(label))?;
        let value = value.trim().to_lowercase();
        let mut agents = group.agents.keys();
        let named = |agent: &&AgentJid| agent.as_str() == value || agent.local() == value;
        agents.find(named).cloned()
    }
}
