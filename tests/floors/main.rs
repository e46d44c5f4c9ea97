//! Reads the source tree and fails where it leaves the plan of the house (design.md §3).

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

mod house;
mod imports;
mod limits;
mod promises;
mod purity;
mod refused;
mod routes;
mod source;

use source::{Finding, Source};

/// Fails with every finding at once, one a line.
fn none_of(findings: Vec<Finding>) {
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(
        list.is_empty(),
        "{} findings:\n{}",
        list.len(),
        list.join("\n")
    );
}

fn check(folders: &[&str], rule: impl Fn(&Source) -> Vec<Finding>) {
    let sources = source::read(folders);
    assert!(!sources.is_empty(), "the tree was not found");
    none_of(sources.iter().flat_map(rule).collect());
}

#[test]
fn imports_run_only_down_and_never_sideways() {
    check(&["src"], imports::check);
}

#[test]
fn pure_rooms_have_no_clock_socket_randomness_or_log() {
    check(&["src"], purity::check);
}

#[test]
fn routes_are_mounted_from_the_tables_that_the_document_tells() {
    check(&["src"], routes::check);
}

#[test]
fn functions_and_files_stay_short() {
    check(&["src", "tests", "benches"], limits::check);
    none_of(limits::check_other_files(&[
        "src", "tests", "benches", "scripts",
    ]));
}

#[test]
fn nothing_in_the_program_may_panic() {
    check(&["src"], refused::check_panics);
}

#[test]
fn no_test_is_ignored_and_none_sleeps() {
    check(&["src", "tests"], refused::check_tests);
}
