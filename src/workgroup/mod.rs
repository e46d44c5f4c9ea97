//! Who waits, who serves, and who is asked next.

mod agent;
mod asking;
mod dispatch;
mod index;
mod line;
mod lines;
mod policy;
mod ranks;
mod routing;
mod schedule;
mod serving;

pub use agent::{AgentRecord, Contact, Resource, Show};
pub use dispatch::{AnswerError, Decision, Dispatch, EndOfOffer};
pub use line::{Handed, Offer, Place, Request};
pub use policy::{Elsewhere, Labels, Policy, WorkgroupPolicy};
pub use routing::{Overflow, Pattern, Routing, Rule, Test};
pub use schedule::{Hours, Shift};
