//! What every store must keep to, and what each of them does besides.

// A test's helpers fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod beside;
mod contract;
mod crash;
mod embedded;
mod expiry;
mod late;
mod lease;
mod losses;
mod moving;
mod rows;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod vanishing;
mod walking;

use support::patience;

contract::suite!(on_embedded, crate::embedded::Backend::new);
contract::suite!(on_redis, crate::servers::OneServer::start);
contract::suite!(the_contract_on_a_cluster in one, crate::servers::Nodes::start());
