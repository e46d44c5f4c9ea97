//! A conversation's transcript, found by place, by our ids and by the room's keys.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;

use crate::ids::MessageId;

use super::{Fate, Line, Receipt};

/// The lines in their order. Nothing here looks through all of them for one: a conversation may
/// have thousands, and each word that comes asks whether it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    all: Vec<Line>,
    /// Where the lines stand that our occupants say. Clients choose the ids of all others, so
    /// those may be equal to anything.
    ours: HashMap<MessageId, u64>,
    keys: HashSet<String>,
}

impl Deref for Lines {
    type Target = [Line];

    fn deref(&self) -> &[Line] {
        &self.all
    }
}

impl Lines {
    /// Adds a line whose place is after all others.
    pub fn push(&mut self, line: Line) {
        if line.goes_to_room() {
            self.ours.insert(line.id.clone(), line.seq);
        }
        self.keys.extend(line.room_key.clone());
        self.all.push(line);
    }

    /// Whether what the room calls `key` is among the lines.
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// The place of the line of this id that one of our occupants says.
    pub fn place_of(&self, id: &MessageId) -> Option<u64> {
        self.ours.get(id).copied()
    }

    /// The place of the line that a client means by `name`: the id of one of ours, or what the room
    /// calls any line.
    pub fn meant_by(&self, name: &str) -> Option<u64> {
        let ours = self.place_of(&MessageId::new(name));
        let keyed = || {
            let mut lines = self.all.iter().rev();
            lines.find(|line| line.room_key.as_deref() == Some(name))
        };
        ours.or_else(|| Some(keyed().filter(|_| self.has_key(name))?.seq))
    }

    /// Notes what the outside told of a line; the line is returned.
    pub fn set_receipt(&mut self, seq: u64, receipt: Receipt) -> Option<&Line> {
        let place = self.before(seq);
        let line = self.all.get_mut(place).filter(|line| line.seq == seq)?;
        line.receipt = Some(receipt);
        Some(line)
    }

    /// How many lines stand before the place `seq`.
    pub fn before(&self, seq: u64) -> usize {
        self.all.partition_point(|line| line.seq < seq)
    }

    /// The line at the place `seq`.
    pub fn at(&self, seq: u64) -> Option<&Line> {
        self.all
            .get(self.before(seq))
            .filter(|line| line.seq == seq)
    }

    /// Notes how far a line has come, and what the room calls it. `None` where that is no news;
    /// what has arrived stays so, what was given up may arrive yet.
    pub fn set_fate(&mut self, seq: u64, fate: Fate, key: Option<String>) -> Option<&Line> {
        let place = self.before(seq);
        let line = self.all.get_mut(place).filter(|line| line.seq == seq)?;
        let news = match line.fate {
            Fate::Pending => fate != Fate::Pending,
            Fate::Failed => fate == Fate::Arrived,
            Fate::Arrived => false,
        };
        if !news {
            return None;
        }
        line.fate = fate;
        if let Some(key) = key {
            self.keys.insert(key.clone());
            line.room_key = Some(key);
        }
        Some(line)
    }
}

impl FromIterator<Line> for Lines {
    fn from_iter<T: IntoIterator<Item = Line>>(lines: T) -> Self {
        let mut all = Self::default();
        for line in lines {
            all.push(line);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{Author, Words};
    use crate::ids::Timestamp;

    fn line(seq: u64, id: &str, author: Author) -> Line {
        Line {
            seq,
            id: MessageId::new(id),
            author,
            words: Words::default(),
            at: Timestamp(0),
            fate: Fate::Pending,
            room_key: None,
            receipt: None,
        }
    }

    #[test]
    fn only_our_lines_are_found_by_id() {
        let agent = Author::Agent { name: "ana".into() };
        let mut lines: Lines = [
            line(3, "m", Author::Visitor),
            line(4, "m", agent),
            line(7, "d", Author::Desk),
        ]
        .into_iter()
        .collect();
        assert_eq!(lines.place_of(&MessageId::new("m")), Some(3));
        assert_eq!(lines.at(7).map(|line| line.seq), Some(7));
        assert_eq!(lines.at(5), None);
        assert!(lines.set_fate(3, Fate::Failed, None).is_some());
        assert!(lines.set_fate(3, Fate::Arrived, Some("k".into())).is_some());
        assert!(lines.set_fate(3, Fate::Failed, None).is_none());
        assert!(lines.has_key("k") && !lines.has_key("m"));
    }
}
