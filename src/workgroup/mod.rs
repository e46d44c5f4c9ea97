//! Who waits, who serves, and who is asked next.

mod agent;
mod asking;
mod dispatch;
mod index;
mod line;
mod policy;
mod serving;

pub use agent::{AgentRecord, Contact, Resource, Show};
pub use dispatch::{AnswerError, Decision, Dispatch, EndOfOffer};
pub use line::{Handed, Offer, Place, Request};
pub use policy::{Labels, Policy, WorkgroupPolicy};
