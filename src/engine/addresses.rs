//! Where each channel's peer wants to be called.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crate::ids::ChannelId;

/// The addresses; cheap to clone, all clones share them. The engine fills it after its commits.
#[derive(Clone, Default)]
pub struct AddressBook(Arc<RwLock<HashMap<ChannelId, String>>>);

impl AddressBook {
    /// Notes a channel's address.
    pub fn learn(&self, channel: ChannelId, url: String) {
        if let Ok(mut book) = self.0.write() {
            book.insert(channel, url);
        }
    }

    /// The address, if one is known.
    pub fn find(&self, channel: &ChannelId) -> Option<String> {
        self.0.read().ok()?.get(channel).cloned()
    }
}

// Addresses may bear a secret in their path.
impl std::fmt::Debug for AddressBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddressBook(…)")
    }
}
