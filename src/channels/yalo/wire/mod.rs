//! The platform's JSON and our words: requests and webhooks in, messages out.

mod connect;
mod context;
mod facebook;
mod fields;
mod heard;
mod login;
mod outgoing;
mod scan;
mod whatsapp;

pub use connect::{Connect, connect};
pub use context::entries;
pub use facebook::facebook;
pub use fields::Malformed;
pub use heard::{Heard, Hearing, OUR_IDS, OUR_METADATA};
pub use login::{Login, login};
pub use outgoing::{Step, message_step, steps};
pub use scan::Fault;
pub use whatsapp::whatsapp;

use std::fmt;

/// Why a body is refused, in the words of the original.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It cannot be read.
    #[error("Invalid payload received : {0}")]
    Malformed(#[from] Malformed),
    /// Members are missing, or have a value that they may not have.
    #[error("Error validating payload : {0}")]
    Invalid(Rules),
    /// It is `null`.
    #[error("Error validating payload : validator: (nil *handlers.{0})")]
    Null(&'static str),
    /// The time of a WhatsApp message is no number.
    #[error(
        "There was an error inserting integration message : strconv.ParseInt: parsing {0:?}: invalid syntax"
    )]
    NoTime(String),
}

/// The rules that a body breaks, one a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    structure: &'static str,
    broken: Vec<(&'static str, &'static str)>,
}

impl Rules {
    fn of(structure: &'static str) -> Self {
        Self {
            structure,
            broken: Vec::new(),
        }
    }

    /// A text must not be empty.
    fn required(&mut self, field: &'static str, text: &str) {
        self.demand(field, !text.is_empty(), "required");
    }

    fn demand(&mut self, field: &'static str, holds: bool, rule: &'static str) {
        if !holds {
            self.broken.push((field, rule));
        }
    }

    fn hold(self) -> Result<(), PayloadError> {
        if self.broken.is_empty() {
            return Ok(());
        }
        Err(PayloadError::Invalid(self))
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (field, rule)) in self.broken.iter().enumerate() {
            let (line, structure) = (if place > 0 { "\n" } else { "" }, self.structure);
            write!(
                f,
                "{line}Key: '{structure}.{field}' Error:Field validation for '{field}' failed on the '{rule}' tag"
            )?;
        }
        Ok(())
    }
}
