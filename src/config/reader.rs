//! Takes typed values out of a TOML table, collects every problem with its key, and finds the
//! keys nobody asked for.

use super::hint::nearest;
use super::problem::{Problem, What};
use super::secret::Secret;
use super::value::{Value, type_name};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use toml::{Table, Value as Toml};

/// What is known about the whole file while its parts are read.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Everything wrong so far.
    pub problems: Vec<Problem>,
    /// Key → the environment variable that set it.
    pub variables: BTreeMap<String, String>,
    /// Names of all workgroups, readable or not otherwise.
    pub workgroups: Vec<String>,
    /// What visitors are told outside of the hours of workgroups that have such a text.
    pub closed_texts: BTreeMap<String, String>,
    /// Values that may stand only once, by kind, with the key that had each first.
    pub seen: BTreeMap<(&'static str, String), String>,
    /// Every key ever asked for, list positions left out (`channel[].id`).
    pub asked: BTreeSet<String>,
}

/// One table being read.
pub(super) struct Reader<'a> {
    path: String,
    left: Table,
    all: BTreeSet<String>,
    known: Vec<&'static str>,
    book: &'a mut Book,
}

impl<'a> Reader<'a> {
    /// Reads the whole tree; afterwards every key nobody asked for is a problem.
    pub fn read_all<T>(table: Table, book: &'a mut Book, read: impl FnOnce(&mut Reader) -> T) -> T {
        Self::read_table(String::new(), table, book, read)
    }

    fn read_table<T>(
        path: String,
        left: Table,
        book: &'a mut Book,
        read: impl FnOnce(&mut Reader) -> T,
    ) -> T {
        let mut reader = Reader {
            path,
            all: left.keys().cloned().collect(),
            left,
            known: Vec::new(),
            book,
        };
        let result = read(&mut reader);
        for key in reader.left.keys().cloned().collect::<Vec<_>>() {
            let meant = nearest(&key, reader.known.iter().copied());
            reader.complain(&key, What::UnknownKey { meant });
        }
        result
    }

    /// Records a problem with one of this table's keys.
    pub fn complain(&mut self, key: &str, what: What) {
        let key = self.key(key);
        let variable = self.book.variables.get(&key).cloned();
        self.book.problems.push(Problem {
            key,
            what,
            variable,
        });
    }

    /// Records a problem when another key of this kind (`channel id`) has the same value.
    pub fn unique(&mut self, kind: &'static str, key: &str, value: &str) {
        let place = self.key(key);
        match self.book.seen.entry((kind, value.to_owned())) {
            Entry::Vacant(free) => {
                free.insert(place);
            }
            Entry::Occupied(taken) => {
                let first = taken.get().clone();
                self.complain(
                    key,
                    What::Duplicate {
                        given: value.to_owned(),
                        first,
                    },
                );
            }
        }
    }

    /// Names of all configured workgroups.
    pub fn workgroups(&self) -> &[String] {
        &self.book.workgroups
    }

    /// What visitors of a workgroup are told outside of its hours, where it has such a text.
    pub fn closed_text(&self, workgroup: &str) -> Option<&String> {
        self.book.closed_texts.get(workgroup)
    }

    /// Whether this table has a key, be it read already or not.
    pub fn has(&mut self, key: &'static str) -> bool {
        if !self.left.contains_key(key) && !self.known.contains(&key) {
            self.ask(key);
        }
        self.all.contains(key)
    }

    /// Leaves the rest of this table unjudged, because what it is for is not known.
    pub fn skip_the_rest(&mut self) {
        self.left.clear();
    }

    /// The value of a key that need not be there.
    pub fn maybe<T: Value>(&mut self, key: &'static str) -> Option<T> {
        let value = self.take(key)?;
        let result = if self.is_variable(key) {
            value
                .as_str()
                .map_or_else(|| T::from_toml(&value), T::from_text)
        } else {
            T::from_toml(&value)
        };
        result.map_err(|what| self.complain(key, what)).ok()
    }

    /// The value of a key, or the default.
    pub fn or<T: Value>(&mut self, key: &'static str, default: T) -> T {
        self.maybe(key).unwrap_or(default)
    }

    /// The value of a key that must be there; `None` after a problem was recorded.
    pub fn need<T: Value>(&mut self, key: &'static str) -> Option<T> {
        if !self.left.contains_key(key) {
            self.ask(key);
            self.complain(key, What::Missing);
            return None;
        }
        self.maybe(key)
    }

    /// A secret that must be there, inline or as a file.
    pub fn need_secret(&mut self, key: &'static str, file_key: &'static str) -> Option<Secret> {
        if !self.left.contains_key(key) && !self.left.contains_key(file_key) {
            self.ask(key);
            self.ask(file_key);
            self.complain(key, What::Missing);
            return None;
        }
        self.maybe_secret(key, file_key)
    }

    /// A secret, inline or as a file whose trailing line break is cut off.
    pub fn maybe_secret(&mut self, key: &'static str, file_key: &'static str) -> Option<Secret> {
        let inline = self.maybe(key);
        let path: Option<PathBuf> = self.maybe(file_key);
        match (inline, path) {
            (Some(_), Some(_)) => {
                let other = self.key(file_key);
                self.complain(key, What::GivenTwice(other));
                None
            }
            (None, Some(path)) => match secret_from(path) {
                Ok(secret) => Some(secret),
                Err(what) => {
                    self.complain(file_key, what);
                    None
                }
            },
            (inline, None) => inline,
        }
    }

    /// A list; each bad entry is a problem of its own (`retry[1]`). `None` when absent.
    pub fn list<T: Value>(&mut self, key: &'static str) -> Option<Vec<T>> {
        let entries = self.entries(key)?;
        Some(
            entries
                .into_iter()
                .filter_map(|(place, entry)| self.judge(&place, &entry))
                .collect(),
        )
    }

    /// The raw entries of a list with the place of each (`agents[1]`). In the environment a list
    /// is written as TOML, or as entries parted by commas. `None` when absent.
    pub fn entries(&mut self, key: &'static str) -> Option<Vec<(String, Toml)>> {
        let entries = match (self.take(key)?, self.is_variable(key)) {
            (Toml::Array(entries), _) => entries,
            (Toml::String(text), true) => entries_in(&text),
            (other, _) => {
                let found = type_name(&other);
                self.complain(
                    key,
                    What::WrongType {
                        expected: "a list",
                        found,
                    },
                );
                return None;
            }
        };
        let place = |(index, entry)| (format!("{key}[{index}]"), entry);
        Some(entries.into_iter().enumerate().map(place).collect())
    }

    /// One raw value as a typed one; `None` after a problem was recorded.
    pub fn judge<T: Value>(&mut self, place: &str, value: &Toml) -> Option<T> {
        T::from_toml(value)
            .map_err(|what| self.complain(place, what))
            .ok()
    }

    /// Reads a table that was found at a place within this one.
    pub fn within<T>(
        &mut self,
        place: &str,
        table: Table,
        read: impl FnOnce(&mut Reader) -> T,
    ) -> T {
        Reader::read_table(self.key(place), table, self.book, read)
    }

    /// A table of texts with free keys, such as departments; empty when absent.
    pub fn texts(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let Some(value) = self.take(key) else {
            return BTreeMap::new();
        };
        let written = match (&value, self.is_variable(key)) {
            (Toml::String(text), true) => inline(text).unwrap_or(value),
            _ => value,
        };
        let table = match written {
            Toml::Table(table) => table,
            other => {
                let found = type_name(&other);
                self.complain(
                    key,
                    What::WrongType {
                        expected: "a table",
                        found,
                    },
                );
                return BTreeMap::new();
            }
        };
        let mut texts = BTreeMap::new();
        for (name, value) in table {
            match String::from_toml(&value) {
                Ok(text) => {
                    texts.insert(name, text);
                }
                Err(what) => self.complain(&format!("{key}.{name:?}"), what),
            }
        }
        texts
    }

    /// A table within this one; absent counts as empty.
    pub fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Reader) -> T) -> T {
        let table = match self.take(key) {
            None => Table::new(),
            Some(Toml::Table(table)) => table,
            Some(other) => {
                let found = type_name(&other);
                self.complain(
                    key,
                    What::WrongType {
                        expected: "a table",
                        found,
                    },
                );
                // What is missing in it would only repeat this problem: not judged.
                let mut scratch = Book::default();
                return Reader::read_table(self.key(key), Table::new(), &mut scratch, read);
            }
        };
        Reader::read_table(self.key(key), table, self.book, read)
    }

    /// A list of tables (`[[channel]]`); absent counts as empty.
    pub fn sections<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Reader) -> Option<T>,
    ) -> Vec<T> {
        let entries = match self.take(key) {
            None => return Vec::new(),
            Some(Toml::Array(entries)) => entries,
            Some(other) => {
                let found = type_name(&other);
                let expected = "a list of tables in double brackets";
                self.complain(key, What::WrongType { expected, found });
                return Vec::new();
            }
        };
        let mut values = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            let place = format!("{key}[{index}]");
            match entry {
                Toml::Table(table) => {
                    values.extend(Reader::read_table(
                        self.key(&place),
                        table,
                        self.book,
                        &read,
                    ));
                }
                other => {
                    let found = type_name(&other);
                    self.complain(
                        &place,
                        What::WrongType {
                            expected: "a table",
                            found,
                        },
                    );
                }
            }
        }
        values
    }

    fn take(&mut self, key: &'static str) -> Option<Toml> {
        self.ask(key);
        self.left.remove(key)
    }

    fn ask(&mut self, key: &'static str) {
        self.known.push(key);
        let mut full = self.key(key);
        full.retain(|c| !c.is_ascii_digit());
        self.book.asked.insert(full);
    }

    fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn is_variable(&self, key: &str) -> bool {
        self.book.variables.contains_key(&self.key(key))
    }
}

fn secret_from(path: PathBuf) -> Result<Secret, What> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Secret::from_text(text.trim_end_matches(['\r', '\n'])),
        Err(error) => Err(What::FileUnreadable {
            path,
            reason: error.kind(),
        }),
    }
}

/// A variable's text read as one TOML value.
fn inline(text: &str) -> Option<Toml> {
    format!("it = {text}").parse::<Table>().ok()?.remove("it")
}

fn entries_in(text: &str) -> Vec<Toml> {
    match inline(text) {
        Some(Toml::Array(entries)) => entries,
        _ => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Toml::String(part.to_owned()))
            .collect(),
    }
}
