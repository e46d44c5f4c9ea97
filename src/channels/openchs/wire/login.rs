//! `token/`: a user name and a password.

use serde_json::Map;

use crate::channels::Secret;

use super::fields::{self, FieldError};

const LIMIT: usize = 1024;

/// Who says to be whom.
#[derive(Debug)]
pub struct Login {
    /// The user name or e-mail address.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// Reads a login, as JSON or as a form: what is a form says so, or is no JSON.
///
/// # Errors
/// Where a member is missing.
pub fn login(body: &[u8], form: bool) -> Result<Login, FieldError> {
    let members = match fields::object(body) {
        Ok(members) if !form => members,
        _ if form => url::form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect::<Map<_, _>>(),
        Ok(members) => members,
        Err(error) => return Err(error),
    };
    Ok(Login {
        username: fields::required(&members, &["username", "email"], (LIMIT, false))?,
        password: Secret::new(fields::required(&members, &["password"], (LIMIT, false))?),
    })
}
