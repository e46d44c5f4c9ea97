//! Whatever stands in a file or the environment: an answer, never a crash.

use crate::SMALL;
use proptest::prelude::*;
use warmline::config::{DEFAULT_FILE, load, parse};

/// Every `key = value` line of the default file, set or not.
fn keys() -> Vec<String> {
    let lines = DEFAULT_FILE
        .lines()
        .map(|line| line.trim_start_matches('#'));
    lines
        .filter(|line| !line.starts_with(' ') && line.contains(" = "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_wrong_type_at_any_key_is_told_at_that_key() {
    let full: String = DEFAULT_FILE
        .lines()
        .filter(|line| !line.starts_with("# ") && !line.starts_with("#ca_file"))
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    assert!(parse(&full).is_ok(), "the full file is valid");
    for line in keys() {
        let Some((key, _)) = line.split_once(" = ") else {
            continue;
        };
        if key == "ca_file" {
            continue;
        }
        let broken = full.replace(&line, &format!("{key} = 1979-05-27"));
        let told = parse(&broken).err().unwrap_or_default();
        let hit = |p: &warmline::config::Problem| {
            p.key.ends_with(key) && p.what.to_string().contains("found a date")
        };
        assert!(told.iter().any(hit), "{key}: {told:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_value_at_any_key_gets_an_answer(at in 0usize..70, value in "\\PC{0,40}") {
        let keys = keys();
        let line = &keys[at % keys.len()];
        let key = line.split(" = ").next().unwrap_or_default();
        let _ = parse(&SMALL.replace("domain = ", &format!("{key} = {value:?}\ndomain = ")));
        let _ = parse(&format!("{SMALL}\n{key} = {value:?}"));
    }

    #[test]
    fn any_variable_gets_an_answer(
        path in "(HTTP|XMPP|CHANNEL|WORKGROUP|OUTBOUND)(__([0-9]{1,3}|[A-Z_]{0,8})){0,4}",
        value in "\\PC{0,40}",
    ) {
        let name = format!("WARMLINE__{path}");
        let _ = load(None, [(name.into(), value.into())].into_iter());
    }
}
