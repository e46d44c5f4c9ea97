//! The rules of deny.toml hold for what is built, also where `cargo deny` is not installed.

use serde_json::Value as Json;
use std::process::Command;
use toml::{Table, Value};

fn read(name: &str) -> Table {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a readable file");
    text.parse().expect("TOML")
}

fn words<'a>(table: &'a Table, section: &str, key: &str) -> Vec<&'a str> {
    let list = table[section][key].as_array().expect("a list");
    let word = |entry: &'a Value| entry.get("crate").unwrap_or(entry).as_str();
    list.iter().filter_map(word).collect()
}

#[test]
fn no_banned_crate_and_no_other_source() {
    let (rules, lock) = (read("deny.toml"), read("Cargo.lock"));
    let banned = words(&rules, "bans", "deny");
    let registries = words(&rules, "sources", "allow-registry");
    for package in lock["package"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        assert!(!banned.contains(&name), "{name} is banned");
        if let Some(source) = package.get("source").and_then(Value::as_str) {
            let known = registries
                .iter()
                .any(|url| source == format!("registry+{url}"));
            assert!(known, "{name} comes from {source}");
        }
    }
}

#[test]
fn every_licence_is_on_the_list() {
    let rules = read("deny.toml");
    let allowed = words(&rules, "licenses", "allow");
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(fits(licence, &allowed), "{}: {licence}", package["name"]);
    }
}

/// All packages that this machine's build draws in.
fn packages() -> Vec<Json> {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("a host");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// An SPDX expression of the shapes that occur: `A OR B`, `A AND B`, `(A OR B) AND C`, and the
/// old `A/B` for OR.
fn fits(expression: &str, allowed: &[&str]) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| {
        part.split(" OR ")
            .any(|licence| allowed.contains(&licence.trim()))
    })
}

#[test]
fn the_licence_rule_tells_and_from_or() {
    let allowed = ["MIT", "ISC"];
    assert!(fits("MIT OR GPL-3.0", &allowed));
    assert!(fits("GPL-3.0/MIT", &allowed));
    assert!(fits("(MIT OR Apache-2.0) AND ISC", &allowed));
    assert!(!fits("MIT AND GPL-3.0", &allowed));
    assert!(!fits("GPL-3.0", &allowed));
    assert!(!fits("none", &allowed));
}
