//! Which local parts of our domain are users' names.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

/// The names of all users of our own domain; cheap to clone, one set for all who ask.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<RwLock<BTreeSet<String>>>);

impl Known {
    /// Whether somebody has this name.
    pub fn has(&self, local: &str) -> bool {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        names.contains(local)
    }

    /// Somebody has it from now on.
    pub fn add(&self, local: &str) {
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        names.insert(local.to_owned());
    }

    /// Nobody has it any more.
    pub fn remove(&self, local: &str) {
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        names.remove(local);
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Known {}
