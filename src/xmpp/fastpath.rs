//! Fastpath's own stanzas towards agents, as its clients read them (XEP-0142 and what Openfire's
//! plugin made of it): no blanks between elements, plain integers, legacy dates.

mod colleague;
mod face;
mod history;
mod offer;
mod queue;
mod status;
mod visit;

pub use colleague::colleague_presence;
pub use face::{setting, visitor_form};
pub use history::{
    chat_metadata, chat_notes, chat_sessions, macro_model, macros, occupants_info, search_form,
    search_result, transcript, transcripts,
};
pub use offer::{MOST_FACTS, Named, RESERVED, named_offer, offer, revoke};
pub use queue::{QUEUE, queue_presences};
pub use status::{
    BadNumber, agent_status, colleagues, max_chats, workgroup_presence, workgroups_of,
};
pub use visit::{CHANNEL, Departure, Joined, brief, departed, queue_status, queue_status_message};

use jiff::tz::TimeZone;
use minidom::Element;

use crate::ids::{ConversationId, Timestamp};

use super::address::Address;
use super::ns;

/// Whether an element belongs to Fastpath, under either of its namespaces: the service goes by
/// local names alone, and clients mix the two.
pub fn is_ours(element: &Element) -> bool {
    element.has_ns(ns::WORKGROUP) || element.has_ns(ns::JIVE_WORKGROUP)
}

/// The first child of this local name in either of Fastpath's namespaces.
pub fn child<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    element
        .children()
        .find(|child| child.name() == name && is_ours(child))
}

/// A date as Fastpath writes it: `YYYYMMDDThh:mm:ss`, UTC, without a zone.
pub fn legacy_date(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|at| at.to_zoned(TimeZone::UTC))
        .map(|at| at.strftime("%Y%m%dT%H:%M:%S").to_string())
        .unwrap_or_default()
}

/// A date as Fastpath writes it, read back.
pub fn read_date(text: &str) -> Option<Timestamp> {
    let read = jiff::civil::DateTime::strptime("%Y%m%dT%H:%M:%S", text).ok()?;
    let at = read.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

/// The bare JID of a conversation's visitor.
pub fn visitor_bare(domain: &str, conversation: &ConversationId) -> String {
    format!("v-{conversation}@{domain}")
}

/// The full JID of a conversation's visitor, the one that is the occupant of its room.
pub fn visitor_full(domain: &str, conversation: &ConversationId) -> String {
    format!("v-{conversation}@{domain}/{conversation}")
}

/// The conversation whose visitor has this address, if the address is a visitor's.
pub fn visitor_of(address: &Address) -> Option<ConversationId> {
    let id = address.local.as_deref()?.strip_prefix("v-")?;
    (!id.is_empty()).then(|| ConversationId::new(id))
}
