//! One copy of what was said in a room: just now, from its history, or from its archive. Every
//! copy of one message has the same key.

use minidom::Element;

use crate::ids::{AgentJid, Timestamp};
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, body, child, from};

/// How long two copies of a message without any id may be apart and still be one.
const GRAIN_MS: i64 = 10_000;

/// A groupchat message from an occupant.
#[derive(Debug)]
pub(in crate::xmpp) struct Copy {
    pub(in crate::xmpp) message: Element,
    /// The speaker's nickname.
    pub(in crate::xmpp) nick: String,
    /// What the room calls the message.
    pub(in crate::xmpp) key: String,
    /// Whether it was said earlier.
    pub(in crate::xmpp) old: bool,
    /// The speaker's real address, where an archive tells it.
    pub(super) jid: Option<String>,
}

impl Copy {
    /// A message as occupants get it; `None` where no occupant speaks.
    pub(in crate::xmpp) fn heard(message: &Element, now: Timestamp) -> Option<Self> {
        let sender = from(message)?;
        let nick = sender.resource.clone()?;
        let said_at = stamp(message);
        Some(Self {
            key: key(message, (&sender, &nick), said_at.unwrap_or(now)),
            message: message.clone(),
            nick,
            old: said_at.is_some(),
            jid: None,
        })
    }

    /// A message from the archive: the `result` of XEP-0313. `by_id` tells whether the room marks
    /// live copies with the archive's ids (XEP-0359).
    pub(in crate::xmpp) fn archived(result: &Element, by_id: bool) -> Option<Self> {
        let forwarded = child(result, "forwarded", ns::FORWARD)?;
        let message = child(forwarded, "message", ns::CLIENT)?;
        if attr(message, "type") != Some("groupchat") {
            return None;
        }
        let said_at = stamp(forwarded).unwrap_or_default();
        let mut copy = Self::heard(message, said_at)?;
        copy.old = true;
        copy.jid = child(message, "x", ns::MUC_USER)
            .and_then(|x| child(x, "item", ns::MUC_USER))
            .and_then(|item| attr(item, "jid"))
            .map(str::to_owned);
        if let Some(id) = attr(result, "id").filter(|_| by_id) {
            copy.key = id.to_owned();
        }
        Some(copy)
    }

    /// The agent who speaks, where the archive tells.
    pub(super) fn agent(&self) -> Option<AgentJid> {
        self.jid.as_deref().and_then(AgentJid::parse)
    }

    /// The stanza's own id.
    pub(in crate::xmpp) fn id(&self) -> Option<&str> {
        attr(&self.message, "id")
    }

    /// The speaker's stable id in the room (XEP-0421).
    pub(super) fn occupant_id(&self) -> Option<&str> {
        occupant_id(&self.message)
    }
}

/// The stable id of whoever sent a stanza to a room (XEP-0421).
pub(super) fn occupant_id(stanza: &Element) -> Option<&str> {
    attr(child(stanza, "occupant-id", ns::OCCUPANT_ID)?, "id")
}

/// What the room calls a message: its own id for it; else the speaker's; else what was said when.
pub(super) fn key(message: &Element, (sender, nick): (&Address, &str), at: Timestamp) -> String {
    let room = sender.bare();
    let by_room = message
        .children()
        .filter(|c| c.is("stanza-id", ns::STANZA_ID))
        .find(|c| attr(c, "by").is_some_and(|by| by.eq_ignore_ascii_case(&room)))
        .and_then(|c| attr(c, "id"));
    if let Some(id) = by_room {
        return id.to_owned();
    }
    if let Some(id) = attr(message, "id") {
        return format!("{nick}|{id}");
    }
    let text = body(message).unwrap_or_default();
    // FNV-1a.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{nick}|#{hash:016x}@{}", at.0.div_euclid(GRAIN_MS))
}

/// When it was said, where that is told (XEP-0203, XEP-0091).
fn stamp(holder: &Element) -> Option<Timestamp> {
    let told = |name, ns| child(holder, name, ns).and_then(|delay| attr(delay, "stamp"));
    let moment: jiff::Timestamp = match told("delay", ns::DELAY) {
        Some(text) => text.parse().ok()?,
        None => jiff::civil::DateTime::strptime("%Y%m%dT%H:%M:%S", told("x", ns::DELAY_LEGACY)?)
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp(),
    };
    Some(Timestamp(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(inner: &str) -> Element {
        format!(
            "<message xmlns='jabber:client' type='groupchat' from='r@muc.example/Ana'>{inner}\
             </message>"
        )
        .parse()
        .unwrap()
    }

    const NOON: Timestamp = Timestamp(1_795_262_400_000);

    #[test]
    fn the_rooms_own_id_counts_and_no_other() {
        let own = "<stanza-id xmlns='urn:xmpp:sid:0' by='r@muc.example' id='7'/>";
        let other = "<stanza-id xmlns='urn:xmpp:sid:0' by='ana@example' id='8'/>";
        let key = |inner: &str| Copy::heard(&message(inner), NOON).unwrap().key;
        assert_eq!(key(&format!("{other}{own}")), "7");
        assert!(key(other).starts_with("Ana|#"));
    }

    #[test]
    fn copies_without_ids_agree_when_said_at_the_same_time() {
        let live = Copy::heard(&message("<body>oi</body>"), Timestamp(NOON.0 + 40)).unwrap();
        for delay in [
            "<delay xmlns='urn:xmpp:delay' stamp='2026-11-21T12:00:00.012Z'/>",
            "<x xmlns='jabber:x:delay' stamp='20261121T12:00:00'/>",
        ] {
            let text = format!("<body>oi</body>{delay}");
            let later = Copy::heard(&message(&text), Timestamp(NOON.0 + 900_000)).unwrap();
            assert_eq!(live.key, later.key);
            assert!(later.old && !live.old);
        }
        let again = Copy::heard(&message("<body>oi</body>"), Timestamp(NOON.0 + 40_000)).unwrap();
        assert_ne!(live.key, again.key);
    }
}
