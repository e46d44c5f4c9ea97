//! How far deliveries have come that are in trouble.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ids::DeliveryId;
use crate::outbox::Verdict;

/// More deliveries than can be in trouble at a time; only keeps a forgotten one from staying.
const LIMIT: usize = 10_000;

/// What a carrier knows of the tries before. Lost with the process, which costs some tries more, or
/// the first parts of a long text again.
#[derive(Debug)]
pub struct Tallies<T>(Mutex<HashMap<DeliveryId, T>>);

impl<T> Default for Tallies<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Copy + Default> Tallies<T> {
    /// That of one delivery; a new one where there is none.
    pub fn of(&self, id: &DeliveryId) -> T {
        self.lock().get(id).copied().unwrap_or_default()
    }

    /// Notes it.
    pub fn keep(&self, id: &DeliveryId, tally: T) {
        let mut tallies = self.lock();
        if tallies.len() >= LIMIT {
            tallies.clear();
        }
        tallies.insert(id.clone(), tally);
    }

    /// Keeps it for the next try, or forgets a delivery that is over.
    pub fn settle(&self, id: &DeliveryId, verdict: &Verdict, tally: T) {
        match verdict {
            Verdict::Done | Verdict::Never(_) => self.forget(id),
            Verdict::Again { .. } | Verdict::Hold { .. } => self.keep(id, tally),
        }
    }

    /// Forgets a delivery that is over.
    pub fn forget(&self, id: &DeliveryId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeliveryId, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
