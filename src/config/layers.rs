//! Lays the environment over the file and remembers which values came from where.

use super::problem::{Detour, Problem, What};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use toml::{Table, Value};

/// Variables that begin so are ours.
const PREFIX: &str = "WARMLINE__";

/// The settings as written, before any meaning.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// File and environment together.
    pub table: Table,
    /// Key (`channel[0].secret`) → the variable that set it.
    pub variables: BTreeMap<String, String>,
    /// What could not even be laid down.
    pub problems: Vec<Problem>,
}

impl Layers {
    /// Reads the file; an unreadable one or bad TOML is a problem and counts as empty.
    pub fn with_file(mut self, path: &Path) -> Self {
        let key = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => self.with_text(&key, &text),
            Err(error) => {
                self.complain(
                    key,
                    What::Unreadable {
                        reason: error.kind(),
                    },
                    None,
                );
                self
            }
        }
    }

    /// Takes the text of a file.
    pub fn with_text(mut self, name: &str, text: &str) -> Self {
        match text.parse::<Table>() {
            Ok(table) => self.table = table,
            Err(error) => self.complain(name.to_owned(), syntax(text, &error), None),
        }
        self
    }

    /// Lays every `WARMLINE__…` variable over what is there, shallow paths and low indices first.
    pub fn with_environment(
        mut self,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut ours = BTreeMap::new();
        for (name, text) in environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            match text.into_string() {
                Ok(text) => {
                    ours.insert(steps(name), (name.to_owned(), text));
                }
                Err(_) => self.complain(name.to_owned(), What::NotUtf8, None),
            }
        }
        for (path, (variable, text)) in ours {
            match place(&mut self.table, &path, text) {
                Ok(key) => {
                    self.variables.insert(key, variable);
                }
                Err(reason) => self.complain(variable, What::Misplaced { reason }, None),
            }
        }
        self
    }

    fn complain(&mut self, key: String, what: What, variable: Option<String>) {
        self.problems.push(Problem {
            key,
            what,
            variable,
        });
    }
}

/// One step of a variable's path. Numbers order as numbers, so that entry 2 comes before 10.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Key(String),
}

fn steps(variable: &str) -> Vec<Step> {
    let path = variable.strip_prefix(PREFIX).unwrap_or(variable);
    path.split("__")
        .map(|part| match part.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Key(part.to_lowercase()),
        })
        .collect()
}

/// Puts the text where the steps lead and returns the key of that place.
fn place(table: &mut Table, path: &[Step], text: String) -> Result<String, Detour> {
    let Some((Step::Key(first), rest)) = path.split_first() else {
        return Err(Detour::EmptyPart);
    };
    if first.is_empty() {
        return Err(Detour::EmptyPart);
    }
    let mut key = first.clone();
    let mut spot = table
        .entry(first.clone())
        .or_insert_with(|| empty_for(rest));
    for (depth, step) in rest.iter().enumerate() {
        let next = rest.get(depth + 1..).unwrap_or_default();
        spot = descend(spot, step, next, &key)?;
        key = match step {
            Step::Index(index) => format!("{key}[{index}]"),
            Step::Key(name) => format!("{key}.{name}"),
        };
    }
    *spot = Value::String(text);
    Ok(key)
}

fn descend<'a>(
    spot: &'a mut Value,
    step: &Step,
    next: &[Step],
    key: &str,
) -> Result<&'a mut Value, Detour> {
    match (spot, step) {
        (_, Step::Key(name)) if name.is_empty() => Err(Detour::EmptyPart),
        (Value::Table(table), Step::Key(name)) => {
            Ok(table.entry(name.clone()).or_insert_with(|| empty_for(next)))
        }
        (Value::Table(table), Step::Index(number)) => Ok(table
            .entry(number.to_string())
            .or_insert_with(|| empty_for(next))),
        (Value::Array(list), Step::Index(index)) => {
            let len = list.len();
            if *index == len {
                list.push(empty_for(next));
            }
            list.get_mut(*index).ok_or(Detour::BeyondEnd {
                key: key.to_owned(),
                len,
            })
        }
        (Value::Array(_), Step::Key(_)) => Err(Detour::NeedsIndex(key.to_owned())),
        _ => Err(Detour::PlainValue(key.to_owned())),
    }
}

/// What must stand at a place for the following steps to be possible.
fn empty_for(next: &[Step]) -> Value {
    match next.first() {
        Some(Step::Index(_)) => Value::Array(Vec::new()),
        Some(Step::Key(_)) => Value::Table(Table::new()),
        None => Value::String(String::new()),
    }
}

/// Line and column of a TOML error. Never its excerpt of the text: a secret may stand there.
fn syntax(text: &str, error: &toml::de::Error) -> What {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    What::Syntax {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        reason: error.message().to_owned(),
    }
}
