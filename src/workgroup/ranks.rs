//! A line that knows at which place somebody stands without counting all who stand before.

use crate::ids::Timestamp;

use super::Place;
use super::line::Rank;

/// So many stand in one piece at most: what is moved where somebody comes or goes.
const MOST: usize = 128;

/// Requests in the order in which they are served, in pieces, none of them empty.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    pieces: Vec<Vec<Rank>>,
    length: usize,
}

impl Ranks {
    /// Somebody joins; who is there already stays.
    pub fn insert(&mut self, rank: Rank) {
        let at = self.piece_of(&rank);
        let Some(piece) = self.pieces.get_mut(at) else {
            self.pieces.push(vec![rank]);
            self.length += 1;
            return;
        };
        let Err(place) = piece.binary_search(&rank) else {
            return;
        };
        piece.insert(place, rank);
        self.length += 1;
        if piece.len() > MOST {
            let rest = piece.split_off(MOST / 2);
            self.pieces.insert(at + 1, rest);
        }
    }

    /// Somebody leaves.
    pub fn remove(&mut self, rank: &Rank) {
        let at = self.piece_of(rank);
        let Some(piece) = self.pieces.get_mut(at) else {
            return;
        };
        if let Ok(place) = piece.binary_search(rank) {
            piece.remove(place);
            self.length -= 1;
            if piece.is_empty() {
                self.pieces.remove(at);
            }
        }
    }

    /// How many stand before this one, where it is there.
    pub fn before(&self, rank: &Rank) -> Option<usize> {
        let at = self.piece_of(rank);
        let within = self.pieces.get(at)?.binary_search(rank).ok()?;
        let before: usize = self.pieces.iter().take(at).map(Vec::len).sum();
        Some(before + within)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Rank> {
        self.pieces.iter().flatten()
    }

    /// Since when the one who came first of all waits, whatever the place: those of one kind of
    /// place stand in the order in which they came.
    pub fn oldest(&self) -> Option<Timestamp> {
        let first = self.pieces.first().and_then(|piece| piece.first());
        let early = |piece: &Vec<Rank>| piece.last().is_some_and(|(p, ..)| *p < Place::Normal);
        let at = self.pieces.partition_point(early);
        let mut mixed = self.pieces.get(at).into_iter().flatten();
        let normal = mixed.find(|(place, ..)| *place == Place::Normal);
        first
            .into_iter()
            .chain(normal)
            .map(|(_, (at, _), _)| *at)
            .min()
    }

    /// The number of the last one at this place of those who joined in this instant.
    pub fn last_of(&self, place: Place, at: Timestamp) -> Option<u32> {
        let not_after = |rank: &Rank| (rank.0, rank.1.0) <= (place, at);
        let starts = |piece: &Vec<Rank>| piece.first().is_some_and(not_after);
        let piece = self.pieces.partition_point(starts).checked_sub(1)?;
        let piece = self.pieces.get(piece)?;
        let (own, (then, nth), _) = piece.get(piece.partition_point(not_after).checked_sub(1)?)?;
        (*own == place && *then == at).then_some(*nth)
    }

    /// The piece in which a rank stands or would stand.
    fn piece_of(&self, rank: &Rank) -> usize {
        let ends_before = |piece: &Vec<Rank>| piece.last().is_some_and(|last| last < rank);
        let at = self.pieces.partition_point(ends_before);
        at.min(self.pieces.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::ids::ConversationId;

    fn rank((first, at, id): (bool, i64, u8)) -> Rank {
        let place = if first { Place::First } else { Place::Normal };
        let came = (Timestamp(at), u32::from(id % 4));
        (place, came, ConversationId::new(id.to_string()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn it_is_a_sorted_set_that_can_count(
            steps in prop::collection::vec((any::<bool>(), (any::<bool>(), 0..40_i64, 0..40_u8)), 0..1_500),
        ) {
            let (mut ranks, mut model) = (Ranks::default(), BTreeSet::new());
            for (comes, who) in steps {
                let who = rank(who);
                if comes || model.len() < 300 {
                    ranks.insert(who.clone());
                    model.insert(who.clone());
                } else {
                    ranks.remove(&who);
                    model.remove(&who);
                }
                prop_assert_eq!(ranks.len(), model.len());
                let before = model.contains(&who).then(|| model.range(..&who).count());
                prop_assert_eq!(ranks.before(&who), before);
            }
            prop_assert!(ranks.iter().eq(&model));
            prop_assert_eq!(ranks.oldest(), model.iter().map(|(_, (at, _), _)| *at).min());
            for place in [Place::First, Place::Normal] {
                for at in (0..40).map(Timestamp) {
                    let there = model.iter().filter(|(own, (then, _), _)| (*own, *then) == (place, at));
                    let last = there.map(|(_, (_, nth), _)| *nth).max();
                    prop_assert_eq!(ranks.last_of(place, at), last);
                }
            }
            for who in &model {
                ranks.remove(who);
            }
            prop_assert_eq!((ranks.len(), ranks.oldest()), (0, None));
        }
    }
}
