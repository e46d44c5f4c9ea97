//! How a channel wants its conversations handled.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
}
