//! Random histories over the pure core: whatever happens in whatever order, the rules hold.
//!
//! `PROPTEST_CASES` sets how many histories each property tries.

// A test's helpers fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "../stories/kept.rs"]
mod kept;
#[allow(dead_code)]
#[path = "../stories/people.rs"]
mod people;
#[path = "../stories/shown.rs"]
mod shown;

mod act;
mod action;
mod checks;
mod end;
mod handing;
mod histories;
mod in_person;
mod ledger;
mod muc;
mod nonsense;
mod overhear;
mod reopening;
mod routing;
mod settings;

mod world;
