//! How far users were told of archives, by the store and by what is on its way there.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::store::StoreError;
use crate::users::Reached;
use crate::xmpp::client::Mark;
use crate::xmpp::shelf::Shelf;

/// Places by archive, as they are told.
type Told = BTreeMap<String, Weak<[u8]>>;

/// Places of users; cheap to clone.
#[derive(Clone)]
pub(super) struct Marks {
    shelf: Shelf,
    /// Told, and perhaps not stored yet: whoever stores a place lets go of it then.
    told: Arc<Mutex<HashMap<String, Told>>>,
}

impl Marks {
    pub fn new(shelf: Shelf) -> Self {
        Self {
            shelf,
            told: Arc::default(),
        }
    }

    /// Notes what is about to be told.
    pub fn note(&self, reached: &Reached) {
        let Some(place) = &reached.place else {
            return;
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // What is stored is swept when the map would have to grow.
        if told.len() == told.capacity() {
            told.retain(|_, places| places.values().any(|place| place.strong_count() > 0));
        }
        let places = told.entry(reached.user.clone()).or_default();
        places.insert(reached.archive.clone(), Arc::downgrade(place));
    }

    /// The places of a user who comes under this full address, which is known from now on as one
    /// under which the user speaks through us.
    pub async fn of(&self, full: &str) -> Result<BTreeMap<String, Mark>, StoreError> {
        let user = full.split_once('/').map_or(full, |(bare, _)| bare);
        // In this order: what is not on its way any more is in the store.
        let told = self.told(user);
        let rows = self.shelf.places(user).await?;
        let rows = rows.into_iter().map(|row| (row.key, row.value));
        let told = told
            .iter()
            .map(|(archive, row)| (archive.clone(), row.to_vec()));
        let marks = rows
            .chain(told)
            .filter_map(|(archive, row)| Some((archive, Mark::from_row(&row)?)));
        let mut marks: BTreeMap<String, Mark> = marks.collect();
        if let Some(mark) = marks.get_mut(user) {
            mark.speaks_as(full);
            self.shelf.place(user, mark.to_row()).await?;
        }
        Ok(marks)
    }

    fn told(&self, user: &str) -> Vec<(String, Arc<[u8]>)> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let places = told.get(user).into_iter().flatten();
        let places = places.filter_map(|(archive, row)| Some((archive.clone(), row.upgrade()?)));
        places.collect()
    }
}
