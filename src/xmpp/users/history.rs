//! What was said to and by users, each line once, however often a room repeats it.

use std::hash::{DefaultHasher, Hash, Hasher};

use minidom::Element;

use crate::ids::Timestamp;
use crate::users::Said;
use crate::xmpp::client::{delay, line_id};
use crate::xmpp::stanza::{attr, body};

use super::house::House;
use super::records;

/// How many lines of a user are remembered to know a repetition.
pub(super) const LATELY: usize = 1_000;

impl House {
    /// Keeps a line, unless it was kept already; tells whether it was not. `came`: it came for the
    /// user, else the user wrote it.
    pub fn keep_said(&mut self, username: &str, stanza: &Element, came: bool) -> bool {
        let Some(said) = self.said(stanza, came) else {
            return false;
        };
        let print = fingerprint(&said);
        let Some(user) = self.users.get_mut(username) else {
            return false;
        };
        if user.lately.contains(&print) {
            return false;
        }
        user.lately.push_back(print);
        if user.lately.len() > LATELY {
            user.lately.pop_front();
        }
        let expires = said.at.plus(self.rules.keep);
        let key = format!("{}{}", said_from(said.at), self.timed_key());
        let change = records::said(username, &key, (&said, expires));
        self.changes.push(change);
        true
    }

    fn said(&self, stanza: &Element, came: bool) -> Option<Said> {
        let (from, to) = (attr(stanza, "from")?, attr(stanza, "to")?);
        let with = if came { from } else { to };
        let with = with.split_once('/').map_or(with, |(bare, _)| bare);
        let kind = attr(stanza, "type").unwrap_or("normal");
        Some(Said {
            id: line_id(stanza).unwrap_or_default(),
            from: from.to_owned(),
            to: to.to_owned(),
            kind: kind.to_owned(),
            body: body(stanza).filter(|body| !body.is_empty())?,
            at: delay(stanza).unwrap_or(self.now),
            with: with.to_lowercase(),
            in_room: kind == "groupchat",
        })
    }
}

/// What the keys of lines of this moment begin with; those of earlier ones come before it.
pub fn said_from(at: Timestamp) -> String {
    format!("{:015}-", at.0.max(0))
}

/// The keys of lines of this moment and of earlier ones come before this.
pub fn said_until(at: Timestamp) -> String {
    // The character after the one that ends a moment in a key.
    format!("{:015}.", at.0.max(0))
}

/// Tells lines apart: by who said what under which id. A repetition bears the same ones.
pub(super) fn fingerprint(said: &Said) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&said.from, &said.with, &said.id, &said.body).hash(&mut hasher);
    if said.id.is_empty() {
        said.at.0.hash(&mut hasher);
    }
    hasher.finish()
}
