//! Bytes as the systems send them, and the inputs that they become; promises, and the bytes that
//! they become.

mod callbacks;
mod malformed;
mod messages;
mod rooms;

use warmline::bridge::{Input, Opening};
use warmline::channels::Secret;
use warmline::channels::rapidpro::wire::{Handover, WireError, handover};
use warmline::channels::rapidpro::{RapidProSettings, Texts, UnknownDepartment};
use warmline::ids::{ChannelId, ConversationId, WorkgroupName};

/// A channel with two departments that shows agents nothing of the person.
pub fn settings() -> RapidProSettings {
    RapidProSettings {
        id: ChannelId::new("tickets"),
        app_id: "684202ed-1461-4983-9ea7-fde74b15026c".into(),
        secret: Secret::new("ATESTSECRETOFTHIRTYTWOLETTERSXYZ"),
        workgroup: WorkgroupName::new("support"),
        departments: [("IT Support", "it"), ("Foo", "foo")]
            .map(|(name, workgroup)| (name.into(), WorkgroupName::new(workgroup)))
            .into(),
        unknown_department: UnknownDepartment::Refuse,
        refuse_without_agents: false,
        wait_ends: true,
        reveal: [].into(),
        callback_url: None,
        api_token: None,
        history: std::time::Duration::from_secs(6 * 3600),
        require_contact_uuid: true,
        close_reason: false,
        texts: Texts {
            agent_joined: "Someone is here for you.".into(),
            ..Texts::default()
        },
    }
}

/// Reads a ticket for the usual channel.
pub fn ticket(body: &str) -> Result<Handover, WireError> {
    handover(body.as_bytes(), &settings())
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
