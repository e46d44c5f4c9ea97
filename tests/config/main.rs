//! Configuration as operators meet it: the loader's judgement and the commands' output.

// Helpers of tests may fail as tests do; clippy's own exception covers only the test functions.
#![allow(clippy::expect_used)]

mod chat_api;
mod commands;
mod dependencies;
mod elsewhere;
mod environment;
mod helplines;
mod hostile;
mod judgement;
mod routing;
mod secrets;
mod settings;
mod store;
mod weni;
mod yalo;

use warmline::config::{Problem, parse};

/// The least that is valid, with one workgroup and one channel.
const SMALL: &str = r#"
[xmpp]
domain = "workgroup.example.org"
secret = "component-secret"
muc = "conference.example.org"

[[workgroup]]
name = "support"
agents = ["anna@example.org"]

[[channel]]
id = "tickets"
kind = "rapidpro"
workgroup = "support"
app_id = "684202ed-1461-4983-9ea7-fde74b15026c"
secret = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"#;

/// `SMALL` with one text replaced by another.
fn small_with(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from} is not in the sample");
    SMALL.replacen(from, to, 1)
}

/// The problems of a text as lines; empty when it is valid.
fn problems(text: &str) -> Vec<String> {
    lines(parse(text).err().unwrap_or_default())
}

fn lines(problems: Vec<Problem>) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}
