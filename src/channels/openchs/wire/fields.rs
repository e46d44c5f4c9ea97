//! Reads JSON members by any of their spellings, and names the member in every error.

use serde_json::{Map, Value};

/// What is wrong with a body. The texts name members, never values.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// Not JSON, or no JSON object.
    #[error("the body must be a JSON object")]
    NotJson,
    /// A member is wrong: which, and what Django REST framework would say of it.
    #[error("{0}: {1}")]
    Field(&'static str, &'static str),
}

pub(super) const REQUIRED: &str = "This field is required.";
pub(super) const BLANK: &str = "This field may not be blank.";
pub(super) const NOT_TEXT: &str = "Not a valid string.";
pub(super) const TOO_LONG: &str = "This field is too long.";
pub(super) const CONTROL: &str = "Control characters are not allowed.";
pub(super) const NO_CHOICE: &str = "Not a valid choice.";

/// The members of the object in `body`.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, FieldError> {
    serde_json::from_slice(body).map_err(|_| FieldError::NotJson)
}

/// A string or a whole number under one of these names, as a string; null counts as absent.
/// Errors name the first one. A number too large to be held exactly would make two people one, so
/// it is refused.
pub(super) fn text(
    body: &Map<String, Value>,
    names: &[&'static str],
    limit: usize,
) -> Result<Option<String>, FieldError> {
    let wrong = |what| FieldError::Field(names.first().copied().unwrap_or_default(), what);
    let found = names.iter().filter_map(|name| body.get(*name));
    let text = match found.into_iter().find(|value| !value.is_null()) {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_u64() || number.is_i64() => number.to_string(),
        Some(_) => return Err(wrong(NOT_TEXT)),
    };
    if text.len() > limit && text.chars().count() > limit {
        return Err(wrong(TOO_LONG));
    }
    Ok(Some(text))
}

/// The same where it must be there; `blank` tells whether it may be empty.
pub(super) fn required(
    body: &Map<String, Value>,
    names: &[&'static str],
    (limit, blank): (usize, bool),
) -> Result<String, FieldError> {
    let wrong = |what| FieldError::Field(names.first().copied().unwrap_or_default(), what);
    let text = text(body, names, limit)?.ok_or_else(|| wrong(REQUIRED))?;
    if text.is_empty() && !blank {
        return Err(wrong(BLANK));
    }
    Ok(text)
}
