//! What an upload service answers (XEP-0363 §4, §5).

use std::time::Duration;

use minidom::Element;
use url::Url;

use crate::ids::Timestamp;
use crate::users::{NoSlot, SLOT_HEADERS, Slot, UserError};
use crate::xmpp::clean::clean;
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, child, child_text, error_of};

use super::text;

/// Characters of the service's words that are passed on.
const LONGEST_TEXT: usize = 200;
/// The longest header that is passed on, in bytes.
const LONGEST_HEADER: usize = 8 * 1024;

/// The place that was given.
pub(super) fn slot(stanza: &Element) -> Result<Slot, UserError> {
    let slot = child(stanza, "slot", ns::HTTP_UPLOAD).ok_or(NoSlot::Nonsense)?;
    let part = |name: &str| child(slot, name, ns::HTTP_UPLOAD).ok_or(NoSlot::Nonsense);
    let (put, get) = (part("put")?, part("get")?);
    Ok(Slot {
        headers: headers(put),
        put: address(put)?,
        get: address(get)?,
    })
}

fn address(part: &Element) -> Result<String, NoSlot> {
    let url = attr(part, "url").and_then(|url| Url::parse(url).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    // As it is spelt within: without line ends, its odd characters encoded.
    url.map(String::from).ok_or(NoSlot::Nonsense)
}

/// The headers that may be asked for, without line ends: others must not be sent (XEP-0363 §5).
fn headers(put: &Element) -> Vec<(&'static str, String)> {
    let told = |name: &str| {
        let mut all = put.children().filter(|h| h.is("header", ns::HTTP_UPLOAD));
        let header = all.find(|h| attr(h, "name").is_some_and(|n| n.eq_ignore_ascii_case(name)))?;
        let value: String = header.text().chars().filter(|c| !c.is_control()).collect();
        let value = value.trim().to_owned();
        (!value.is_empty() && value.len() <= LONGEST_HEADER).then_some(value)
    };
    let all = SLOT_HEADERS.iter().copied();
    all.filter_map(|name| Some((name, told(name)?))).collect()
}

/// Why none was given.
pub(super) fn refusal(now: Timestamp, stanza: &Element) -> UserError {
    let (condition, _) = error_of(stanza).unwrap_or_default();
    let error = child(stanza, "error", ns::CLIENT);
    let said = |name: &str| error.and_then(|error| child(error, name, ns::HTTP_UPLOAD));
    let words = || {
        let text = error.and_then(|error| child_text(error, "text", ns::STANZA_ERRORS));
        let text = text.filter(|text| !text.trim().is_empty());
        let text = text.unwrap_or_else(|| condition.clone());
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        clean(&text).chars().take(LONGEST_TEXT).map(plain).collect()
    };
    if let Some(large) = said("file-too-large") {
        let most = child_text(large, "max-file-size", ns::HTTP_UPLOAD);
        let most = most.and_then(|most| most.trim().parse().ok());
        return NoSlot::TooLarge(most).into();
    }
    let problem = match condition.as_str() {
        "resource-constraint" => {
            let stamp = said("retry").and_then(|retry| attr(retry, "stamp"));
            let at = stamp.and_then(text::time);
            let wait = at.map(|at| at.since(now).max(Duration::from_secs(1)));
            NoSlot::Full(words(), wait)
        }
        "forbidden"
        | "not-allowed"
        | "not-authorized"
        | "not-acceptable"
        | "policy-violation"
        | "registration-required"
        | "subscription-required"
        | "payment-required" => NoSlot::Refused(words()),
        "bad-request" | "jid-malformed" => NoSlot::BadRequest(words()),
        "remote-server-timeout" => return UserError::TimedOut,
        "service-unavailable"
        | "item-not-found"
        | "gone"
        | "feature-not-implemented"
        | "remote-server-not-found"
        | "recipient-unavailable"
        | "internal-server-error" => NoSlot::Away,
        _ => NoSlot::Nonsense,
    };
    problem.into()
}
