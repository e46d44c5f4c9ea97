//! How everything is spelt on the chat API's wire: events, entities, errors, bodies.

pub mod body;
pub mod dialect;
pub mod entity;
pub mod events;
pub mod node;
pub mod page;
pub mod visitor;
pub mod xml;

use jiff::tz::TimeZone;

use crate::ids::Timestamp;

/// How the address of a conversation's page is made of a room's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomUrl(pub String);

impl RoomUrl {
    /// The address: `{room}` is the room's name, `{jid}` its whole address.
    pub fn of(&self, jid: &str) -> String {
        let name = jid.split_once('@').map_or(jid, |(name, _)| name);
        let plain = percent_encoding::NON_ALPHANUMERIC;
        let escaped = |text: &str| percent_encoding::utf8_percent_encode(text, plain).to_string();
        let url = self.0.replace("{room}", &escaped(name));
        url.replace("{jid}", jid)
    }
}

/// A moment as xsd:dateTime in UTC.
pub fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| String::new(), |at| at.to_string())
}

/// A moment as Fastpath's events write it: `yyyyMMddTHH:mm:ss`, UTC.
fn compact(at: Timestamp) -> String {
    let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else {
        return String::new();
    };
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y%m%dT%H:%M:%S")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_s_page() {
        let readme = RoomUrl("https://help.example.org:7443/ofmeet/r/{room}".into());
        let url = readme.of("fhrtbf7@conference.example.org");
        assert_eq!(url, "https://help.example.org:7443/ofmeet/r/fhrtbf7");
        let uri = RoomUrl("xmpp:{jid}?join".into());
        assert_eq!(uri.of("a@b.example"), "xmpp:a@b.example?join");
    }

    #[test]
    fn moments() {
        let at = Timestamp(1_517_855_155_000);
        assert_eq!(iso(at), "2018-02-05T18:25:55Z");
        assert_eq!(compact(at), "20180205T18:25:55");
    }
}
