//! Pure rooms ask no clock, no dice, no disk, no network, and write nowhere.

use super::house::{IMPURE_CALLS, IMPURE_MACROS, IMPURE_PATHS, PURE};
use super::refused::macros_named;
use super::source::{Finding, Source};

/// Everything impure that a pure room names outside of its tests.
pub fn check(source: &Source) -> Vec<Finding> {
    let is_pure = source
        .module
        .first()
        .is_some_and(|room| PURE.contains(&room.as_str()));
    if !is_pure {
        return Vec::new();
    }
    let mut found: Vec<Finding> = source
        .references()
        .into_iter()
        .filter(|reference| is_impure(&reference.path))
        .map(|reference| {
            (
                reference.line,
                format!("a pure room names `{}`", reference.path.join("::")),
            )
        })
        .chain(macros_named(source, IMPURE_MACROS))
        .filter(|(line, _)| !source.is_test(*line))
        .map(|(line, what)| source.finding(line, what))
        .collect();
    found.dedup();
    found
}

fn is_impure(path: &[String]) -> bool {
    let glob = path.last().is_some_and(|last| last == "*");
    let plain = if glob { &path[..path.len() - 1] } else { path };
    let named = IMPURE_PATHS.iter().any(|banned| {
        let banned: Vec<&str> = banned.split("::").collect();
        plain.len() >= banned.len() && plain.iter().zip(&banned).all(|(a, b)| a == b)
            || glob && banned.len() > plain.len() && plain.iter().zip(&banned).all(|(a, b)| a == b)
    });
    let calls = path.len() > 1
        && path
            .last()
            .is_some_and(|last| IMPURE_CALLS.contains(&last.as_str()));
    named || calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Source::parse(path, text)).len()
    }

    #[test]
    fn plain_values_are_pure() {
        let text = "use std::time::Duration; use std::collections::BTreeMap; use uuid::Uuid; use jiff::Timestamp; \
                    fn f(now: Timestamp, id: Uuid) -> Uuid { id }";
        assert_eq!(findings("src/bridge.rs", text), 0);
    }

    #[test]
    fn clocks_dice_logs_and_disks_are_refused() {
        for text in [
            "use std::time::Instant;",
            "use std::time::{Duration, SystemTime};",
            "use std::time::*;",
            "use tokio::sync::mpsc;",
            "fn f() { tokio::spawn(async {}); }",
            "use rand::Rng;",
            "fn f() { getrandom::fill(&mut []); }",
            "fn f() -> Uuid { Uuid::new_v4() }",
            "fn f() -> Timestamp { Timestamp::now() }",
            "fn f() { tracing::info!(\"x\"); }",
            "use std::fs;",
            "use std::{net::TcpStream, fmt};",
            "fn f() { println!(\"x\"); }",
            "fn f() { let x = vec![dbg!(1)]; }",
        ] {
            assert_eq!(findings("src/workgroup/mod.rs", text), 1, "{text}");
        }
    }

    #[test]
    fn other_rooms_and_tests_are_free() {
        assert_eq!(findings("src/engine.rs", "use tokio::sync::mpsc;"), 0);
        assert_eq!(
            findings(
                "src/bridge.rs",
                "#[cfg(test)] mod tests { use std::fs; fn f() { println!(); } }"
            ),
            0
        );
    }
}
