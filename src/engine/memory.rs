//! What was said by and to visitors outside of conversations, read back.

use std::sync::Arc;

use crate::bridge::{ContextRecord, Input, Visitor};
use crate::store::{Store, StoreError};

use super::records;

/// Reads what was said by and to visitors outside of conversations.
#[derive(Clone)]
pub struct Memory {
    store: Arc<dyn Store>,
}

impl Memory {
    /// Reads from this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// What is kept of a visitor, in the order of its times.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn of(&self, visitor: &Visitor) -> Result<Vec<ContextRecord>, StoreError> {
        records::recall(self.store.as_ref(), visitor).await
    }
}

/// The visitor whose earlier words the input is to be given, if it is.
pub(super) fn recalled(input: &Input) -> Option<Visitor> {
    match input {
        Input::Open(opening) if opening.recall => Some(opening.visitor.clone()),
        // Of what was said since the end the platform may repeat some.
        Input::Reopen(wish) => Some(wish.visitor.clone()),
        _ => None,
    }
}

pub(super) fn hears(input: &Input, visitor: &Visitor) -> bool {
    matches!(input, Input::Overheard(heard) if heard.visitor == *visitor)
}

pub(super) fn add_earlier(input: &mut Input, found: Vec<ContextRecord>) {
    let found = found.into_iter().map(|record| record.entry);
    match input {
        Input::Open(opening) => opening.earlier.extend(found),
        Input::Reopen(wish) => wish.earlier.extend(found),
        _ => {}
    }
}
