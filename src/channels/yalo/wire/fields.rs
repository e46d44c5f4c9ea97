//! Reads members as Go's `encoding/json` does: keys in any case, null as absent, an absent one as
//! empty; and words its errors as the API's callers know them.

use serde_json::{Map, Value};

use super::scan::{self, Fault};

/// Why a body cannot be used. The texts name members and never values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is no JSON.
    #[error(transparent)]
    Syntax(#[from] Fault),
    /// It is JSON of another type.
    #[error("json: cannot unmarshal {found} into Go value of type handlers.{structure}")]
    Body {
        /// The type found.
        found: &'static str,
        /// The name of the whole.
        structure: &'static str,
    },
    /// A member has another type.
    #[error(
        "json: cannot unmarshal {found} into Go struct field {structure}.{path} of type {wanted}"
    )]
    Member {
        /// The type found.
        found: &'static str,
        /// The name of what it is a member of.
        structure: &'static str,
        /// Its place in the body.
        path: String,
        /// The type that it should have.
        wanted: &'static str,
    },
}

/// The first JSON value in `body`.
pub(super) fn parse(body: &[u8]) -> Result<Value, Malformed> {
    let text = String::from_utf8_lossy(body);
    let value = scan::with_whole_characters(scan::first_value(&text)?);
    // What the scan lets pass is JSON, but for numbers beyond all bounds.
    serde_json::from_str(&value).map_err(|_| Fault::TooDeep.into())
}

/// The members of one object, and where it lies.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    structure: &'static str,
    path: String,
}

impl<'a> Fields<'a> {
    /// The whole body; `None` where it is null.
    pub fn top(value: &'a Value, structure: &'static str) -> Result<Option<Self>, Malformed> {
        match value {
            Value::Null => Ok(None),
            Value::Object(members) => Ok(Some(Self {
                members,
                structure,
                path: String::new(),
            })),
            other => Err(Malformed::Body {
                found: kind(other),
                structure,
            }),
        }
    }

    /// A member; null counts as absent.
    pub fn find(&self, name: &str) -> Option<&'a Value> {
        let alike = |(key, _): &(&String, &Value)| key.to_lowercase() == name.to_lowercase();
        let found = self.members.get(name);
        let found = found.or_else(|| self.members.iter().find(alike).map(|(_, value)| value));
        found.filter(|value| !value.is_null())
    }

    /// The first of several members that is a text with something in it.
    pub fn any_text(&self, names: &[&str]) -> Option<&'a str> {
        let texts = names.iter().filter_map(|name| self.find(name)?.as_str());
        texts.map(str::trim).find(|text| !text.is_empty())
    }

    /// A member that is a text; empty where it is absent.
    pub fn text(&self, name: &str) -> Result<&'a str, Malformed> {
        match self.find(name) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.wrong(name, other, "string")),
        }
    }

    /// A member that is a whole number.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Malformed> {
        match self.find(name) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong(name, value, "int64")),
            },
        }
    }

    /// A member that is true or false.
    pub fn flag(&self, name: &str) -> bool {
        self.find(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A member that is an object.
    pub fn object(
        &self,
        name: &str,
        (structure, wanted): (&'static str, &'static str),
    ) -> Result<Option<Fields<'a>>, Malformed> {
        match self.find(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Fields {
                members,
                structure,
                path: format!("{}{name}.", self.path),
            })),
            Some(other) => Err(self.wrong(name, other, wanted)),
        }
    }

    /// A member that is a list of objects; nulls in it are left out.
    pub fn objects(
        &self,
        name: &str,
        (structure, wanted): (&'static str, &'static str),
    ) -> Result<Vec<Fields<'a>>, Malformed> {
        let items = match self.find(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong(name, other, wanted)),
        };
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Value::Null => {}
                Value::Object(members) => found.push(Fields {
                    members,
                    structure,
                    path: format!("{}{name}.", self.path),
                }),
                other => return Err(self.wrong(name, other, wanted)),
            }
        }
        Ok(found)
    }

    /// All members, for a fingerprint.
    pub fn whole(&self) -> String {
        // The keys of a map are in order, so that equal content gives an equal text.
        serde_json::to_string(self.members).unwrap_or_default()
    }

    /// The members by their keys.
    pub fn members(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.members.iter()
    }

    fn wrong(&self, name: &str, found: &Value, wanted: &'static str) -> Malformed {
        Malformed::Member {
            found: kind(found),
            structure: self.structure,
            path: format!("{}{name}", self.path),
            wanted,
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
