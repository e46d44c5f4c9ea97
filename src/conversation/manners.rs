//! How a channel wants its conversations handled.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Receipt;

/// What a channel asks for a conversation when it opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manners {
    /// The visitor's language (a BCP 47 tag), for the channel's own sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What makes two wishes for a conversation the same one. A channel that sets it wants a second
    /// conversation of the same visitor refused; a channel without it goes by tickets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likeness: Option<String>,
    /// The visitor is told the place in the line at once, and then where it changed, at most this
    /// often; `None` never tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_every: Option<Duration>,
    /// Whether the outside is told also of an end that the visitor's side brought about.
    #[serde(default)]
    pub every_end: bool,
    /// The full JID of a visitor who sits at an XMPP client and comes into the room in person:
    /// nothing is said there in the visitor's name, and nothing is delivered to the visitor's side
    /// but an end before anybody came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_client: Option<String>,
    /// Whether the conversation can go on after its end, as another one of the same ticket.
    #[serde(default)]
    pub reopens: bool,
    /// What the outside wants to hear of the visitor's own words.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub receipts: BTreeSet<Receipt>,
    /// Whether the outside hears after every end who served and how long it all took, by
    /// [`Outgoing::Ended`](super::Outgoing).
    #[serde(default)]
    pub report_end: bool,
    /// As whom the outside's own API knows the visitor, for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Whether an agent without a configured pseudonym goes by one that is made up, and never by
    /// the nickname in the room.
    #[serde(default)]
    pub hide_names: bool,
    /// Whether the visitor can be shown who types, and tells of typing (XEP-0085).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub typing: bool,
}
