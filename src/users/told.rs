//! What reaches a session's reader in one piece.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::UserEvent;

/// What one thing that came means to a session: all of it is stored, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The events, in order.
    pub events: Vec<UserEvent>,
    /// What is kept for the user until these events are stored.
    pub held: Option<Held>,
    /// How far the user was told of an archive with these events.
    pub reached: Option<Reached>,
}

impl Told {
    /// Events of something that is not kept.
    pub fn of(events: Vec<UserEvent>) -> Self {
        Self {
            events,
            ..Self::default()
        }
    }

    /// Whether it tells of typing and of nothing else, so that it is of no use later.
    pub fn passes(&self) -> bool {
        let typing = |event: &UserEvent| matches!(event, UserEvent::ChatState { .. });
        let mut events = self.events.iter();
        self.held.is_none()
            && self.reached.is_none()
            && self.events.iter().any(typing)
            && events.all(|event| typing(event) || matches!(event, UserEvent::Stanza(_)))
    }
}

/// A message that was accepted for a user of our own domain, in a row of the store's table `waiting`.
/// Deleting the row in the commit that stores the message's events makes sure that it is told once:
/// while the row is there the message is told again after a restart.
#[derive(Clone, PartialEq, Eq)]
pub struct Held {
    /// The row's group: the user name.
    pub username: String,
    /// The row's key.
    pub key: String,
    /// The stanza, as it is kept.
    pub stanza: String,
}

// What people say does not reach a log by way of `{:?}`.
impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({}, {} bytes)", self.key, self.stanza.len())
    }
}

/// How far a user of the XMPP server was told of an archive (XEP-0313), for a row of the store's table
/// `heard`. Writing the row in the commit that stores the events makes sure that each message of the
/// archive is told once: what comes after the place is told at the next login.
#[derive(Clone, PartialEq, Eq)]
pub struct Reached {
    /// The row's group: the user's bare address.
    pub user: String,
    /// The row's key: the archive's bare address, the user's own or a room's.
    pub archive: String,
    /// What the row holds, as only whoever tells it reads it; `None`: it is to be deleted. Whoever
    /// stores it lets go of it when it is stored.
    pub place: Option<Arc<[u8]>>,
}

impl Reached {
    /// For how long such a row is kept after it was written.
    pub const KEPT: Duration = Duration::from_hours(365 * 24);
}

// Addresses do not reach a log by way of `{:?}`.
impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.place.as_ref().map(|place| place.len());
        write!(f, "Reached({bytes:?} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::{ChatKind, ChatState, Written};

    #[test]
    fn only_typing_passes() {
        let typing = UserEvent::ChatState {
            from: String::new(),
            to: String::new(),
            kind: ChatKind::Chat,
            state: ChatState::Composing,
        };
        let stanza = UserEvent::Stanza("<message/>".into());
        let words = UserEvent::Chat(ChatKind::Chat, Written::default());
        for (events, passes) in [
            (vec![stanza.clone(), typing.clone()], true),
            (vec![stanza.clone(), words, typing], false),
            (vec![stanza], false),
            (vec![], false),
        ] {
            assert_eq!(Told::of(events.clone()).passes(), passes, "{events:?}");
        }
    }
}
