//! RapidPro and Weni by way of the Rocket.Chat "Tickets" app: we answer as the app, and call back
//! as it does.

mod carrier;
mod history;
mod routes;
mod verdict;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::ids::{ChannelId, WorkgroupName};

use super::Secret;

pub use super::Texts;
pub use carrier::RapidProCarrier;
pub use history::{Search, fetch as fetch_history};
pub use routes::{RapidPro, configure, told};

/// One ticketer of one RapidPro workspace.
#[derive(Clone, Debug)]
pub struct RapidProSettings {
    /// The channel.
    pub id: ChannelId,
    /// The UUID in the path that tells ticketers apart; compared without regard to case.
    pub app_id: String,
    /// The secret that RapidPro's connect page shows; both sides send it. Empty: all is refused.
    pub secret: Secret,
    /// Where visitors wait whose ticket names no department.
    pub workgroup: WorkgroupName,
    /// Departments of tickets, and where their visitors wait.
    pub departments: BTreeMap<String, WorkgroupName>,
    /// What becomes of a ticket for a department that is not in `departments`.
    pub unknown_department: UnknownDepartment,
    /// Whether a ticket is refused when no agent is online.
    pub refuse_without_agents: bool,
    /// Whether the end of the wait ends the conversation.
    pub wait_ends: bool,
    /// What agents may see of the person.
    pub reveal: BTreeSet<Reveal>,
    /// Whom to call back as long as RapidPro has not told an address.
    pub callback_url: Option<String>,
    /// A RapidPro API token: with it, what was said before the ticket is fetched.
    pub api_token: Option<Secret>,
    /// How far back to fetch where the ticket does not tell when the session started.
    pub history: Duration,
    /// Whether a ticket must name the contact's UUID, as RapidPro's do.
    pub require_contact_uuid: bool,
    /// Whether the close callback tells who ended it, in `data.reason`: Weni hands `data` to the
    /// flow that a closed ticket triggers. RapidPro ignores it. The documented body has no `data`.
    pub close_reason: bool,
    /// The flow that runs after every talk, where there is an API token.
    pub on_close_flow: Option<String>,
    /// What the visitor is told.
    pub texts: Texts,
}

impl RapidProSettings {
    /// The token and the flow that runs after every talk.
    fn after_talk(&self) -> Option<(&Secret, &str)> {
        let token = self.api_token.as_ref();
        token.zip(self.on_close_flow.as_deref())
    }
}

/// What becomes of a ticket for an unknown department.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownDepartment {
    /// It is refused: 404, and the flow takes its Failure branch.
    #[default]
    Refuse,
    /// It goes to the channel's own workgroup.
    Default,
}

/// Something of the person that agents do not see unless configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reveal {
    /// The name.
    Name,
    /// The e-mail address.
    Email,
    /// The telephone number.
    Phone,
}
