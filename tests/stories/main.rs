//! Given, when, then: the bridge with a clock in hand.

// A test's helpers fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
mod kept;
mod people;
mod shown;
mod story;

mod closed_workgroups;
mod coming_and_going;
mod context;
mod elsewhere;
mod elsewhere_rooms;
mod ending;
mod handed_back;
mod handing_over;
mod helpline;
mod in_person;
mod platform_ids;
mod recounting;
mod reopening;
mod rooms;
mod routing;
mod typing;
mod waiting;
