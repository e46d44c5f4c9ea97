//! The table of status codes is the one that the handlers answer from.

use warmline::channels::openchs::{Situation, table};

#[test]
fn the_document_holds_the_table() {
    let document = include_str!("../../docs/status-codes.md");
    let table = table();
    let shown = document.contains(&table);
    assert!(shown, "docs/status-codes.md must hold:\n{table}");
}

#[test]
fn every_answer_of_the_reference_is_there() {
    let codes: std::collections::BTreeSet<u16> = Situation::ALL
        .iter()
        .map(|situation| situation.status().as_u16())
        .collect();
    let agreed = [
        200, 201, 400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503,
    ];
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), agreed);
}
