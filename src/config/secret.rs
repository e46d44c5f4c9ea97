//! A value that no log line and no error text may show.

use std::fmt;
use subtle::ConstantTimeEq;

/// A password, token or shared secret. `Debug` and `Display` print `***`; `==` takes the same
/// time wherever the first difference is.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps the given text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that puts it on the wire.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether these bytes, as a stranger sent them, are the secret. Constant time for equal
    /// lengths; the length itself is not hidden.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(candidate).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.0.as_bytes())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
