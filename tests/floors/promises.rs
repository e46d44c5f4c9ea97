//! `docs/promises.md` names commands: each must run at least one test that exists.

use std::fs;
use std::path::Path;

/// The `cargo test` commands in a text, as (test binary, filter).
fn commands(text: &str) -> Vec<(String, Option<String>)> {
    text.split('`')
        .filter_map(|piece| piece.strip_prefix("cargo test --test "))
        .map(|rest| {
            let mut words = rest.split_whitespace().map(str::to_owned);
            (words.next().unwrap_or_default(), words.next())
        })
        .filter(|(binary, _)| binary != "NAME")
        .collect()
}

/// Whether a test binary has a module or a function whose name contains the filter.
fn exists(binary: &str, filter: Option<&str>) -> bool {
    let folder = Path::new("tests").join(binary);
    let Ok(entries) = fs::read_dir(&folder) else {
        return false;
    };
    entries.filter_map(Result::ok).any(|entry| {
        let path = entry.path();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let module = path.file_stem().unwrap_or_default().to_string_lossy();
        let Some(filter) = filter else {
            return true;
        };
        let names = text.split("fn ").skip(1);
        let mut names = names.filter_map(|rest| rest.split(['(', '<']).next());
        module.contains(filter) || names.any(|name| name.contains(filter))
    })
}

/// The commands that run nothing.
pub fn dangling(text: &str) -> Vec<String> {
    let named = commands(text).into_iter();
    named
        .filter(|(binary, filter)| !exists(binary, filter.as_deref()))
        .map(|(binary, filter)| format!("{binary} {}", filter.unwrap_or_default()))
        .collect()
}

#[test]
fn a_command_that_runs_nothing_is_found() {
    assert_eq!(dangling("`cargo test --test floors a_command`"), [""; 0]);
    assert_eq!(
        dangling("`cargo test --test floors no_such_test` `cargo test --test nowhere`"),
        ["floors no_such_test", "nowhere "]
    );
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let text = fs::read_to_string("docs/promises.md").expect("the promises are written down");
    assert_eq!(dangling(&text), [""; 0]);
}
