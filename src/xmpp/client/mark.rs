//! How far somebody was told of an archive.

use std::collections::VecDeque;

use minidom::Element;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::Timestamp;
use crate::users::Said;
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, body};

use super::text;

/// Messages told lately by which a place is more than an id: what came without the archive's id is in
/// the archive all the same.
const LATELY: usize = 64;
/// The same while the place cannot move on.
const STANDING: usize = 1_000;
/// Resources under which the user spoke through us.
const RESOURCES: usize = 8;

/// How far somebody was told of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The archive's id of the last message that was told; empty where the archive was empty.
    pub(super) id: String,
    /// When that was, as far as is known.
    pub(super) at: Timestamp,
    /// Fingerprints of what was told lately.
    #[serde(default)]
    pub(super) known: VecDeque<u64>,
    /// Resources under which the user spoke through us lately.
    #[serde(default)]
    pub(super) via: VecDeque<String>,
}

impl Mark {
    /// From what [`Mark::to_row`] gave.
    pub fn from_row(row: &[u8]) -> Option<Self> {
        serde_json::from_slice(row).ok()
    }

    /// As it is stored.
    pub fn to_row(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What bears this id was told, and all before it.
    pub(super) fn move_to(&mut self, id: &str, at: Timestamp) {
        id.clone_into(&mut self.id);
        self.at = self.at.max(at);
        self.know(print(&[id]), LATELY);
    }

    /// Something was told, and what comes before it perhaps not.
    pub(super) fn note(&mut self, print: u64) {
        self.know(print, STANDING);
    }

    fn know(&mut self, print: u64, most: usize) {
        self.known.push_back(print);
        let surplus = self.known.len().saturating_sub(most);
        self.known.drain(..surplus);
    }

    /// Whether this was told; a repetition of it is another message.
    pub(super) fn knew(&mut self, print: u64) -> bool {
        let at = self.known.iter().position(|known| *known == print);
        at.and_then(|at| self.known.remove(at)).is_some()
    }

    /// Whether this was told.
    pub(super) fn knows(&self, print: u64) -> bool {
        self.known.contains(&print)
    }

    /// From now on the user speaks under this address too.
    pub fn speaks_as(&mut self, full: &str) {
        let resource = text::resource(full).unwrap_or_default();
        if !self.via.iter().any(|known| known == resource) {
            self.via.push_back(resource.to_owned());
            let surplus = self.via.len().saturating_sub(RESOURCES);
            self.via.drain(..surplus);
        }
    }

    /// Whether the user said this through us.
    pub(super) fn is_by_us(&self, from: &str) -> bool {
        let resource = text::resource(from).unwrap_or_default();
        self.via.iter().any(|known| known == resource)
    }
}

/// A number that stands for some texts; the same after a restart.
pub(super) fn print(texts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text.as_bytes());
        hasher.update([0xFF]);
    }
    let digest = hasher.finalize();
    let first = digest.iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Tells messages apart that do not bear an archive's id.
pub(super) fn content_print(message: &Element) -> u64 {
    let said = |name| attr(message, name).unwrap_or_default();
    let words = body(message).unwrap_or_default();
    print(&[said("from"), said("id"), &words])
}

/// Tells lines of a room apart: by who said what under which id.
pub(super) fn line_print(said: &Said) -> u64 {
    print(&[&said.from, &said.id, &said.body])
}

/// The id that an archive gave a message (XEP-0359 §3.1); only its own server writes one in its name.
pub(super) fn archive_id<'a>(message: &'a Element, archive: &str) -> Option<&'a str> {
    let mut ids = message
        .children()
        .filter(|child| child.is("stanza-id", ns::STANZA_ID));
    let own = ids.find(|id| attr(id, "by").is_some_and(|by| by.eq_ignore_ascii_case(archive)));
    own.and_then(|id| attr(id, "id"))
        .filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let mut mark = Mark::default();
        mark.move_to("one", Timestamp(5));
        mark.note(7);
        mark.speaks_as("a@b/web-1");
        assert_eq!(Mark::from_row(&mark.to_row()), Some(mark.clone()));
        assert!(mark.knew(7) && !mark.knew(7));
        assert!(mark.is_by_us("a@b/web-1") && !mark.is_by_us("a@b/phone"));
    }

    #[test]
    fn what_is_known_is_bounded() {
        let mut mark = Mark::default();
        for number in 0..2_000 {
            mark.note(number);
        }
        assert_eq!(mark.known.len(), STANDING);
        mark.move_to("one", Timestamp(5));
        assert_eq!(mark.known.len(), LATELY);
        for number in 0..20 {
            mark.speaks_as(&format!("a@b/{number}"));
        }
        assert_eq!(mark.via.len(), RESOURCES);
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        assert_ne!(print(&["ab", "c"]), print(&["a", "bc"]));
    }
}
