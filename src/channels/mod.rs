//! The systems that bots live in: each folder turns one system's wire into our words and back.

mod caller;
pub mod http;
pub mod rapidpro;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use subtle::ConstantTimeEq;

use crate::ids::ChannelId;

pub use caller::{HttpClient, Reply};

/// A text that must not be seen: not printed, and compared in constant time.
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Takes the text without the white space around it, as a file or a form may have added some.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Whether `given` is this secret. An empty secret means "none configured": nothing is it.
    pub fn matches(&self, given: &[u8]) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(given))
    }

    /// Whether none is configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text itself, for the header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where each channel's peer wants to be called, as it told us; cheap to clone, all clones are one
/// book. Written only with what is already committed.
#[derive(Clone, Debug, Default)]
pub struct AddressBook(Arc<RwLock<HashMap<ChannelId, String>>>);

impl AddressBook {
    /// Writes an address down; an earlier one of that channel is forgotten.
    pub fn learn(&self, channel: ChannelId, url: String) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(channel, url);
    }

    /// The address of a channel's peer.
    pub fn find(&self, channel: &ChannelId) -> Option<String> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(channel)
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_itself_only_and_is_not_printed() {
        let secret = Secret::new(" sesame\n");
        assert!(secret.matches(b"sesame"));
        assert!(!secret.matches(b"sesam"));
        assert!(!secret.matches(b"Sesame"));
        assert!(!Secret::new("  ").matches(b""));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
