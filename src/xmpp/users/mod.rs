//! Users of our own domain: Warmline is their server (RFC 6121), reached by others over the
//! component link, and by our own workgroups without a detour.
//!
//! Stanzas from our domain to our domain never go over the link: servers differ in what they make
//! of them (ejabberd spreads them over all connections of a component), and a detour would only
//! lose them when the link does.

mod debt;
mod deliver;
mod desk;
mod handle;
mod history;
mod house;
mod iq;
mod presence;
mod records;
mod roster;
mod route;
mod slots;
mod subscriptions;
mod waiting_room;

pub use desk::{Ends, Link, UsersDesk, UsersSettings};
pub use handle::{Bridge, as_stream};
pub use history::{said_from, said_until};
pub use slots::is_slot_answer;
pub use waiting_room::read_said;
