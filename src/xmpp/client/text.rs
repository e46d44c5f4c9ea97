//! Addresses, times and words as they stand in stanzas.

use jiff::tz::TimeZone;
use minidom::Element;

use crate::ids::Timestamp;
use crate::users::{Show, UserError};
use crate::xmpp::address::Address;
use crate::xmpp::clean::clean;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, child_text, element};

/// The part before the resource.
pub(super) fn bare(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

/// The part after the slash.
pub(super) fn resource(jid: &str) -> Option<&str> {
    jid.split_once('/').map(|(_, resource)| resource)
}

/// An address as it may stand in an order: no blanks or control characters before the resource.
pub(super) fn address(text: &str) -> Result<Address, UserError> {
    let bad = || UserError::BadAddress(text.chars().take(200).collect());
    let parsed = Address::parse(text.trim()).ok_or_else(bad)?;
    let spoilt = |part: &str| {
        part.len() > 1023
            || part
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "\"&'<>@:/".contains(c) && c != ':')
    };
    let local = parsed.local.as_deref().unwrap_or_default();
    let resource = parsed.resource.as_deref().unwrap_or_default();
    let odd = resource.len() > 1023 || resource.chars().any(char::is_control);
    if spoilt(local) || spoilt(&parsed.domain) || odd {
        return Err(bad());
    }
    Ok(parsed)
}

/// A bare address with a local part.
pub(super) fn bare_address(text: &str) -> Result<String, UserError> {
    let parsed = address(text)?;
    if parsed.local.is_none() || parsed.resource.is_some() {
        return Err(UserError::BadAddress(text.chars().take(200).collect()));
    }
    Ok(parsed.to_string())
}

/// Whether a text can be the local part of a user's address here, and is spelt as servers spell it
/// (nodeprep, RFC 6122): what they answer to another spelling would reach nobody.
pub fn is_local_part(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && text == text.to_lowercase()
        && jid::NodePart::new(text).is_ok_and(|node| node.as_str() == text)
        && !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "\"&'/:<>@\\".contains(c))
}

/// A date as XEP-0082 writes it, in milliseconds.
pub fn iso_time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|at| at.to_zoned(TimeZone::UTC))
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default()
}

/// Reads a date of XEP-0082.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

/// Reads a date of old: `YYYYMMDDThh:mm:ss` in UTC.
pub(super) fn legacy_time(text: &str) -> Option<Timestamp> {
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H:%M:%S", text.trim()).ok()?;
    let at = at.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

/// When a stanza was first sent, if it says so.
pub fn delay(stanza: &Element) -> Option<Timestamp> {
    let new = child(stanza, "delay", ns::DELAY).and_then(|delay| attr(delay, "stamp"));
    let old = || child(stanza, "x", ns::DELAY_LEGACY).and_then(|delay| attr(delay, "stamp"));
    new.and_then(time).or_else(|| old().and_then(legacy_time))
}

/// The id of a message by which a repetition is known: the room's own (XEP-0359), the same for all
/// its occupants, else the sender's.
pub fn line_id(message: &Element) -> Option<String> {
    let own = || attr(message, "id").map(str::to_owned);
    let Some(room) = attr(message, "from").map(bare) else {
        return own();
    };
    let mut ids = message
        .children()
        .filter(|child| child.is("stanza-id", ns::STANZA_ID));
    let stable = ids.find(|id| attr(id, "by").is_some_and(|by| by.eq_ignore_ascii_case(room)));
    let stable = stable.and_then(|id| attr(id, "id")).map(str::to_owned);
    stable.or_else(own)
}

/// The text that a child holds, where it holds one.
pub(super) fn words(element: &Element, name: &str) -> Option<String> {
    child_text(element, name, ns::CLIENT).filter(|text| !text.is_empty())
}

/// How present a presence without type is.
pub(super) fn show(presence: &Element) -> Show {
    match child_text(presence, "show", ns::CLIENT)
        .as_deref()
        .map(str::trim)
    {
        Some("chat") => Show::Chat,
        Some("away") => Show::Away,
        Some("xa") => Show::ExtendedAway,
        Some("dnd") => Show::DoNotDisturb,
        _ => Show::Available,
    }
}

/// A presence of the session, without addresses.
pub(super) fn presence(shown: &(Show, Option<String>)) -> Element {
    let mut presence = element("presence", ns::CLIENT);
    match shown.0 {
        Show::Offline => presence = presence.with("type", "unavailable"),
        Show::Available => {}
        other => presence = presence.and_text("show", ns::CLIENT, other.word()),
    }
    if let Some(status) = &shown.1 {
        presence = presence.and_text("status", ns::CLIENT, &clean(status));
    }
    presence
}

/// The text of the property `data`.
pub(super) fn data(message: &Element) -> Option<String> {
    let properties = child(message, "properties", ns::JIVE_PROPERTIES)?;
    let mut properties = properties.children();
    let named = properties.find(|property| {
        child_text(property, "name", ns::JIVE_PROPERTIES).as_deref() == Some("data")
    })?;
    child_text(named, "value", ns::JIVE_PROPERTIES)
}

/// The element that carries it.
pub(super) fn data_element(json: &str) -> Element {
    let value = Element::builder("value", ns::JIVE_PROPERTIES)
        .append(clean(json).as_ref())
        .build()
        .with("type", "string");
    let property = element("property", ns::JIVE_PROPERTIES)
        .and_text("name", ns::JIVE_PROPERTIES, "data")
        .and(value);
    element("properties", ns::JIVE_PROPERTIES).and(property)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_orders_are_looked_at() {
        assert!(address("ana@acme.example").is_ok());
        assert!(address("ana@acme.example/Desk 2").is_ok());
        assert!(address("rooms.acme.example").is_ok());
        for spoilt in ["", "a b@c", "a@b@c", "a'b@c", "a@b\n", "a<b@c", "a@c/\u{1}"] {
            let trimmed_is_fine = spoilt == "a@b\n";
            assert_eq!(address(spoilt).is_ok(), trimmed_is_fine, "{spoilt:?}");
        }
        assert!(bare_address("a@b/c").is_err());
        assert!(bare_address("b").is_err());
    }

    #[test]
    fn names_are_spelt_as_servers_spell_them() {
        for fine in ["alice", "dora.m-1", "zoë", "ольга", "v2"] {
            assert!(is_local_part(fine), "{fine}");
        }
        // A soft hyphen, a combined letter, a wide one: a server answers to another spelling.
        for other in [
            "§\u{AD}¥",
            "zoe\u{308}",
            "ａlice",
            "straße",
            "Alice",
            "a b",
            "a@b",
            "",
        ] {
            assert!(!is_local_part(other), "{other:?}");
        }
    }

    #[test]
    fn times_of_both_kinds_are_read() {
        let at = Timestamp(1_795_262_400_123);
        assert_eq!(time(&iso_time(at)), Some(at));
        assert_eq!(
            legacy_time("20261121T12:00:00"),
            Some(Timestamp(1_795_262_400_000))
        );
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn data_is_read_as_it_was_written() {
        let json = "{\"a\": \"<b>&amp;\"}";
        let message = element("message", ns::CLIENT).and(data_element(json));
        assert_eq!(data(&message).as_deref(), Some(json));
    }
}
