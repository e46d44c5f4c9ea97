//! `/v1/authenticate`: a name and a password.

use crate::config::Secret;

use super::PayloadError;
use super::fields::{self, Fields};

/// What somebody logs in with.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name; empty where none was sent.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// Reads a login.
///
/// # Errors
/// Where the body is no JSON object, or a member no text.
pub fn login(body: &[u8]) -> Result<Login, PayloadError> {
    let body = fields::parse(body)?;
    let members = Fields::top(&body, "AuthRequest")?;
    let text = |name| match &members {
        Some(members) => members.text(name),
        None => Ok(""),
    };
    Ok(Login {
        username: text("username")?.to_owned(),
        password: Secret::new(text("password")?),
    })
}
