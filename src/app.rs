//! Stand-in for the composition root: the shape that the command line calls.

use crate::config::Settings;
use thiserror::Error;

/// Why the program could not do its work.
#[derive(Debug, Error)]
pub enum AppError {
    /// The part is not built yet.
    #[error("\"{0}\" is not built yet")]
    NotYet(&'static str),
}

/// Which dead letters a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Every one.
    All,
    /// The one of this id, as `dead-letters list` shows it.
    One(String),
}

/// Runs until SIGTERM.
///
/// # Errors
/// Whatever keeps it from starting or from stopping in order.
pub fn run(_settings: Settings) -> Result<(), AppError> {
    Err(AppError::NotYet("run"))
}

/// The dead letters as a table for people.
///
/// # Errors
/// The store cannot be read.
pub fn dead_letters_list(_settings: &Settings) -> Result<String, AppError> {
    Err(AppError::NotYet("dead-letters list"))
}

/// Puts dead letters back into their lanes; tells in words what was done.
///
/// # Errors
/// The store cannot be written, or there is no such letter.
pub fn dead_letters_retry(_settings: &Settings, _which: Which) -> Result<String, AppError> {
    Err(AppError::NotYet("dead-letters retry"))
}

/// Forgets dead letters; tells in words what was done.
///
/// # Errors
/// The store cannot be written, or there is no such letter.
pub fn dead_letters_drop(_settings: &Settings, _which: Which) -> Result<String, AppError> {
    Err(AppError::NotYet("dead-letters drop"))
}

/// The conversations as a table for people; closed ones too if asked for.
///
/// # Errors
/// The store cannot be read.
pub fn conversations_list(_settings: &Settings, _closed_too: bool) -> Result<String, AppError> {
    Err(AppError::NotYet("conversations list"))
}

/// One conversation with its transcript.
///
/// # Errors
/// The store cannot be read, or there is no such conversation.
pub fn conversations_show(_settings: &Settings, _id: &str) -> Result<String, AppError> {
    Err(AppError::NotYet("conversations show"))
}

/// Closes one conversation; tells in words what was done.
///
/// # Errors
/// The store cannot be written, or there is no such conversation.
pub fn conversations_close(_settings: &Settings, _id: &str) -> Result<String, AppError> {
    Err(AppError::NotYet("conversations close"))
}
