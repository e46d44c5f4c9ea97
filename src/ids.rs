//! The names that everything else passes around: identifiers, addresses and points in time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is; whoever mints or receives it answers for its form.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )*};
}

text_id! {
    /// One handoff, from the request to the close; also the session id towards Fastpath clients
    /// and the local part of its room, hence lower case and at most 31 characters.
    ConversationId
}
text_id! {
    /// One message, unique within its conversation; minted at the edge that received it.
    MessageId
}
text_id! {
    /// A workgroup's name: the local part of its JID.
    WorkgroupName
}
text_id! {
    /// A configured channel's `id`.
    ChannelId
}
text_id! {
    /// The foreign system's own id of a conversation.
    TicketId
}
text_id! {
    /// One promise to call an outside URL; travels as the idempotency key.
    DeliveryId
}
text_id! {
    /// What a channel knows a visitor by. Never shown to an agent nor written to a log.
    VisitorToken
}

impl WorkgroupName {
    /// A queue of a workgroup: a line of its own, with agents of its own, behind the same address.
    pub fn queue(home: &Self, queue: &str) -> Self {
        Self(format!("{}/{queue}", home.local()))
    }

    /// The local part of the address: a queue's is that of its workgroup.
    pub fn local(&self) -> &str {
        // No local part holds a slash (RFC 7622 §3.3.1).
        self.0.split_once('/').map_or(&self.0, |(home, _)| home)
    }

    /// The workgroup that a queue belongs to; any other is its own.
    pub fn home(&self) -> Self {
        Self(self.local().to_owned())
    }

    /// The queue's name, where this is one.
    pub fn queue_name(&self) -> Option<&str> {
        self.0.split_once('/').map(|(_, queue)| queue)
    }
}

shown!(
    ConversationId,
    MessageId,
    WorkgroupName,
    ChannelId,
    TicketId,
    DeliveryId
);

impl fmt::Debug for VisitorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VisitorToken(…)")
    }
}

const PSEUDONYM_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

impl ConversationId {
    /// Spells 80 random bits as a conversation id: 16 lower-case letters and digits.
    pub fn from_bits(bits: [u8; 10]) -> Self {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut text = String::with_capacity(16);
        let mut held: u16 = 0;
        let mut count = 0;
        for byte in bits {
            held = (held << 8) | u16::from(byte);
            count += 8;
            while count >= 5 {
                count -= 5;
                text.push(char::from(LETTERS[usize::from((held >> count) & 31)]));
            }
        }
        Self(text)
    }

    /// The name under which agents meet the visitor: stable for this conversation and telling
    /// nothing about the person.
    pub fn pseudonym(&self) -> String {
        // FNV-1a: only has to spread well; the id itself is already random.
        let hash = self
            .0
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        // The last characters have reached the upper bits only by one multiplication.
        let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let letters: String = (0..4)
            .map(|place| {
                let index = (hash >> (place * 5 + 44)) & 31;
                char::from(PSEUDONYM_LETTERS[index as usize])
            })
            .collect();
        format!("Visitor-{letters}")
    }
}

/// An agent's bare JID, folded to lower case (RFC 7622 §3.2–3.3 without the rarer mappings, so
/// that a stranger's odd address is an odd name and not an error).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgentJid(String);

impl AgentJid {
    /// The bare form of `jid`; `None` where there is no local part or no domain.
    pub fn parse(jid: &str) -> Option<Self> {
        let bare = jid.split_once('/').map_or(jid, |(bare, _)| bare);
        let (local, domain) = bare.split_once('@')?;
        let spoilt = |part: &str| part.is_empty() || part.contains(char::is_whitespace);
        if spoilt(local) || spoilt(domain) || domain.contains('@') {
            return None;
        }
        Some(Self(bare.to_lowercase()))
    }

    /// The bare JID's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

shown!(AgentJid);

/// A point in time: milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment plus `span`.
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This moment minus `span`.
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// The time from `earlier` until this moment; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_jid_is_bare_and_folded() {
        let jid = AgentJid::parse("Ana@Acme.Example/Desk").unwrap();
        assert_eq!(jid.as_str(), "ana@acme.example");
        assert_eq!(jid.local(), "ana");
        for spoilt in ["acme.example", "@acme", "ana@", "a b@c", "a@b@c", ""] {
            assert_eq!(AgentJid::parse(spoilt), None, "{spoilt:?}");
        }
    }

    #[test]
    fn conversation_ids_are_legal_local_parts_and_differ() {
        let one = ConversationId::from_bits([0; 10]);
        let other = ConversationId::from_bits([255; 10]);
        assert_eq!(one.as_str().len(), 16);
        assert_ne!(one, other);
        assert_ne!(one.pseudonym(), other.pseudonym());
        let close = ["a1", "a2", "b1"].map(|id| ConversationId::new(id).pseudonym());
        assert!(close[0] != close[1] && close[0] != close[2], "{close:?}");
        assert!(other.as_str().chars().all(|c| c.is_ascii_alphanumeric()));
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", VisitorToken::new("1234")).contains("1234"));
    }
}
