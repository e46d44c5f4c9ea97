//! Reads JSON members by any of their spellings, and names the member in every error.

use serde_json::{Map, Value};
use uuid::Uuid;

/// What is wrong with a body. The texts name members and places, never values.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Not JSON, or not UTF-8; tells the line and the column.
    #[error("the body is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but no object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// A member is missing, null or empty.
    #[error("{0} is required")]
    Missing(String),
    /// A member has a wrong type or form: which, and what it must be.
    #[error("{0} must be {1}")]
    Wrong(String, &'static str),
    /// A member is longer than this many characters.
    #[error("{0} must not be longer than {1} characters")]
    TooLong(String, usize),
    /// A message with neither text nor attachments.
    #[error("text or attachments are required")]
    NothingSaid,
}

/// The JSON value in `body`.
pub(in crate::channels) fn parse(body: &[u8]) -> Result<Value, WireError> {
    Ok(serde_json::from_slice(body)?)
}

/// The members of one object, and where it lies.
pub(in crate::channels) struct Fields<'a> {
    members: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    /// The body itself.
    pub fn top(value: &'a Value) -> Result<Self, WireError> {
        let members = value.as_object().ok_or(WireError::NotAnObject)?;
        Ok(Self {
            members,
            path: String::new(),
        })
    }

    /// An object that lies at `path`.
    pub fn at(value: &'a Value, path: String) -> Result<Self, WireError> {
        match value.as_object() {
            Some(members) => Ok(Self {
                members,
                path: format!("{path}."),
            }),
            None => Err(WireError::Wrong(path, "an object")),
        }
    }

    /// The full name of a member.
    pub fn name(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// The first present spelling of a member; null counts as absent.
    pub fn find(&self, names: &[&str]) -> Option<&'a Value> {
        names
            .iter()
            .filter_map(|name| self.members.get(*name))
            .find(|value| !value.is_null())
    }

    /// A member that must be an object.
    pub fn object(&self, name: &str) -> Result<Fields<'a>, WireError> {
        let value = self
            .find(&[name])
            .ok_or_else(|| WireError::Missing(self.name(name)))?;
        Fields::at(value, self.name(name))
    }

    /// A member that may be an array.
    pub fn array(&self, name: &str) -> Result<&'a [Value], WireError> {
        match self.find(&[name]) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(WireError::Wrong(self.name(name), "an array")),
        }
    }

    /// A member that may be a string.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, WireError> {
        match self.find(&[name]) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(WireError::Wrong(self.name(name), "a string")),
        }
    }

    /// A member that must be a string with something in it. Errors name the first spelling.
    pub fn required_text(&self, names: &[&str], limit: usize) -> Result<String, WireError> {
        let name = || self.name(names.first().copied().unwrap_or_default());
        match self.find(names) {
            None => Err(WireError::Missing(name())),
            Some(Value::String(text)) if text.is_empty() => Err(WireError::Missing(name())),
            Some(Value::String(text)) if longer(text, limit) => {
                Err(WireError::TooLong(name(), limit))
            }
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(WireError::Wrong(name(), "a string")),
        }
    }

    /// An id that is a string or a whole number. A number too large to be held exactly would make
    /// two visitors one, so it is refused.
    pub fn token(&self, name: &str, limit: usize) -> Result<String, WireError> {
        match self.find(&[name]) {
            Some(Value::Number(number)) if number.is_u64() || number.is_i64() => {
                Ok(number.to_string())
            }
            None | Some(Value::String(_)) => self.required_text(&[name], limit),
            Some(_) => Err(WireError::Wrong(
                self.name(name),
                "a string or a whole number",
            )),
        }
    }

    /// A member that must be a hyphenated UUID, in any case of letters.
    pub fn required_uuid(&self, names: &[&str]) -> Result<Uuid, WireError> {
        let text = self.required_text(names, usize::MAX)?;
        uuid(&text).ok_or_else(|| {
            let name = self.name(names.first().copied().unwrap_or_default());
            WireError::Wrong(name, "a UUID")
        })
    }

    /// A member as something to show, of whatever type it is; `None` where there is nothing.
    pub fn shown(&self, names: &[&str]) -> Option<String> {
        shown(self.find(names)?)
    }
}

/// A value as something to show: nested ones as compact JSON.
pub(in crate::channels) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// At most so many characters of a text, with a mark where there are more: an offer is one stanza
/// and must stay small.
pub(in crate::channels) fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A UUID in its hyphenated form.
pub(in crate::channels) fn uuid(text: &str) -> Option<Uuid> {
    // Without the length, `{…}`, `urn:uuid:…` and the form without hyphens would pass.
    let plain = text.len() == 36;
    plain.then(|| Uuid::try_parse(text).ok()).flatten()
}

fn longer(text: &str, limit: usize) -> bool {
    text.len() > limit && text.chars().count() > limit
}
