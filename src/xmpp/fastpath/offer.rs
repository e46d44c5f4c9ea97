//! Offers, their answers and their end (fastpath-protocol §8).

use minidom::Element;

use crate::bridge::{OfferOrder, RevokeReason};
use crate::ids::{ConversationId, WorkgroupName};
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, element};

use super::{visitor_bare, visitor_full, visitor_of};

/// The most characters of one value that an agent is shown before accepting.
const MOST_OF_A_VALUE: usize = 1_000;
/// The most facts that an agent is shown before accepting, one below the other.
pub const MOST_FACTS: usize = 40;
/// Names that Fastpath or Spark gives a meaning of its own (fastpath-protocol §5.1).
pub const RESERVED: [&str; 9] = [
    "userid",
    "username",
    "question",
    "ignore",
    "referer",
    "workgroup",
    "inviter",
    "transfer",
    "sessionid",
];

/// The payload of an offer of a visitor's request.
pub fn offer((domain, muc): (&str, &str), order: &OfferOrder) -> Element {
    let visitor = visitor_full(domain, &order.conversation);
    let handed = order.handed.as_ref();
    let home = handed.map_or(&order.workgroup, |handed| &handed.home);
    let offer = element("offer", ns::WORKGROUP)
        .with("id", order.conversation.as_str())
        .with("jid", &visitor)
        .and(metadata(domain, order))
        // Clients count whole seconds and take none for expired.
        .and_text(
            "timeout",
            ns::WORKGROUP,
            &order.left.as_secs().max(1).to_string(),
        )
        .and(session(domain, &order.conversation, home))
        .and(content((domain, muc), order));
    user(order).into_iter().fold(offer, Element::and)
}

/// Who the visitor says to be, where that is no address.
fn user(order: &OfferOrder) -> Option<Element> {
    let id = order.brief.fact("userID").filter(|_| order.in_person)?;
    let named = element("user", ns::JIVE_WORKGROUP);
    (!is_account(id)).then(|| named.with("id", id))
}

/// What the agent is asked for: to help a visitor, to take over from a colleague, or to join one.
fn content((domain, muc): (&str, &str), order: &OfferOrder) -> Element {
    let Some(handed) = &order.handed else {
        return element("user-request", ns::WORKGROUP);
    };
    let name = if handed.joins { "invite" } else { "transfer" };
    let kind = match (handed.one, order.workgroup.queue_name()) {
        (true, _) => "user",
        (false, Some(_)) => "queue",
        (false, None) => "workgroup",
    };
    element(name, ns::WORKGROUP)
        .with("type", kind)
        .and_text("inviter", ns::WORKGROUP, handed.by.as_str())
        .and_text(
            "room",
            ns::WORKGROUP,
            &format!("{}@{muc}", order.conversation),
        )
        .and(metadata(domain, order))
        .and_text("reason", ns::WORKGROUP, &handed.reason)
}

fn metadata(domain: &str, order: &OfferOrder) -> Element {
    // Spark throws without `userID` of the form local@domain, and without `username`. A visitor in
    // person has told both for agents to see.
    let told = |name: &str| order.brief.fact(name).filter(|_| order.in_person);
    let own = visitor_bare(domain, &order.conversation);
    let user = told("userID").filter(|id| is_account(id)).unwrap_or(&own);
    let mut all = element("metadata", ns::JIVE_WORKGROUP)
        .and(value(
            "username",
            told("username").unwrap_or(&order.pseudonym),
        ))
        .and(value("userID", user));
    if let Some(question) = &order.brief.question {
        all = all.and(value("question", question));
    }
    let facts = order.brief.facts.iter().filter(|(name, _)| {
        let name = name.trim().to_lowercase();
        !name.is_empty() && !RESERVED.contains(&name.as_str())
    });
    for (name, text) in facts.take(MOST_FACTS) {
        all = all.and(value(name, text));
    }
    all
}

/// Whether Spark takes this for the address of a person.
fn is_account(id: &str) -> bool {
    let parts = id.split_once('@');
    parts.is_some_and(|(local, domain)| {
        let plain = |part: &str| !part.is_empty() && !part.contains(['@', ' ', '/']);
        plain(local) && plain(domain)
    })
}

/// Smack reads the first attribute as the name, whatever it is called.
fn value(name: &str, text: &str) -> Element {
    let text: String = text.chars().take(MOST_OF_A_VALUE).collect();
    Element::builder("value", ns::JIVE_WORKGROUP)
        .append(text)
        .build()
        .with("name", name)
}

fn session(domain: &str, conversation: &ConversationId, workgroup: &WorkgroupName) -> Element {
    element("session", ns::JIVE_WORKGROUP)
        .with("id", conversation.as_str())
        .with("workgroup", &format!("{}@{domain}", workgroup.local()))
}

/// The payload that takes an offer back.
pub fn revoke(
    domain: &str,
    (conversation, workgroup): (&ConversationId, &WorkgroupName),
    why: RevokeReason,
) -> Element {
    let reason = match why {
        RevokeReason::TimedOut => "The offer has timed out",
        RevokeReason::Closed => "User canceled",
        RevokeReason::AgentGone => "The offer goes to somebody else",
    };
    element("offer-revoke", ns::WORKGROUP)
        .with("id", conversation.as_str())
        .with("jid", &visitor_full(domain, conversation))
        .and_text("reason", ns::WORKGROUP, reason)
        .and(session(domain, conversation, workgroup))
}

/// Which offer an `offer-accept` or `offer-reject` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// This one.
    Offer(ConversationId),
    /// None is named.
    Unnamed,
    /// One that cannot be ours.
    Foreign,
}

/// Which offer an answer names: its `id` wins over its `jid`.
pub fn named_offer(answer: &Element) -> Named {
    if let Some(id) = attr(answer, "id") {
        return Named::Offer(ConversationId::new(id));
    }
    match attr(answer, "jid") {
        None => Named::Unnamed,
        Some(jid) => Address::parse(jid)
            .as_ref()
            .and_then(visitor_of)
            .map_or(Named::Foreign, Named::Offer),
    }
}
