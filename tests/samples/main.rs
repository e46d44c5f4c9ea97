//! Bytes as the systems send them, and the inputs that they become; promises, and the bytes that
//! they become.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

mod callbacks;
mod malformed;
mod messages;
mod openchs;
mod rooms;
mod settings;
mod weni;
mod yalo;

use warmline::bridge::{Input, Opening};
use warmline::channels::rapidpro::RapidProSettings;
use warmline::channels::rapidpro::wire::{Handover, Names, WireError, handover, message};
use warmline::ids::{ChannelId, ConversationId, MessageId};

pub use settings::settings;

/// Reads a ticket for the usual channel.
pub fn ticket(body: &str) -> Result<Handover, WireError> {
    handover(body.as_bytes(), &settings())
}

/// Reads a message for the usual channel.
pub fn read_message(body: &[u8]) -> Result<Input, WireError> {
    let names = Names {
        id: MessageId::new("m1"),
        repeated_by: None,
    };
    message(body, &ChannelId::new("tickets"), names)
}

/// The wish that a ticket becomes.
pub fn opening(ticket: Handover, settings: &RapidProSettings) -> Opening {
    match ticket.into_input(ConversationId::new("c1"), settings) {
        Ok(Input::Open(opening)) => opening,
        other => panic!("{other:?}"),
    }
}

/// Facts as they are compared.
pub fn facts(facts: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(label, value): &(&str, &str)| ((*label).to_owned(), (*value).to_owned());
    facts.iter().map(owned).collect()
}
