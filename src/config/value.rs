//! How one TOML value or one environment variable becomes a typed value.

use super::hint::nearest;
use super::problem::What;
use super::secret::Secret;
use ipnet::IpNet;
use jid::BareJid;
use jiff::tz::TimeZone;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use toml::Value as Toml;
use url::Url;
use uuid::Uuid;

/// A type that a configuration key can have.
pub(super) trait Value: Sized {
    /// What belongs here, in words that follow "must be".
    const EXPECTED: &'static str;

    /// From a TOML string or an environment variable.
    fn from_text(text: &str) -> Result<Self, What>;

    /// From any TOML value; types that are not written as a string override this.
    fn from_toml(value: &Toml) -> Result<Self, What> {
        match value {
            Toml::String(text) => Self::from_text(text),
            other => Err(wrong_type::<Self>(other)),
        }
    }
}

/// The TOML type is not the one of `T`.
pub(super) fn wrong_type<T: Value>(found: &Toml) -> What {
    What::WrongType {
        expected: T::EXPECTED,
        found: type_name(found),
    }
}

/// A TOML type in plain words.
pub(super) fn type_name(value: &Toml) -> &'static str {
    match value {
        Toml::String(_) => "a text",
        Toml::Integer(_) | Toml::Float(_) => "a number",
        Toml::Boolean(_) => "true or false",
        Toml::Datetime(_) => "a date",
        Toml::Array(_) => "a list",
        Toml::Table(_) => "a table",
    }
}

/// An enum whose variants are words in the file.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $crate::config::value::Value for $name {
            const EXPECTED: &'static str = concat!("one of" $(, " \"", $word, "\"")+);

            fn from_text(text: &str) -> Result<Self, $crate::config::problem::What> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::config::value::not_one_of(&[$($word),+], text)),
                }
            }
        }
    };
}
pub(super) use choice;

/// A word outside its list.
pub(super) fn not_one_of(allowed: &'static [&'static str], given: &str) -> What {
    let meant = nearest(given, allowed.iter().copied());
    What::NotOneOf {
        allowed,
        given: given.to_owned(),
        meant,
    }
}

fn malformed<T: Value>(given: &str) -> What {
    What::Malformed {
        expected: T::EXPECTED,
        given: given.to_owned(),
    }
}

impl Value for String {
    const EXPECTED: &'static str = "a text";

    fn from_text(text: &str) -> Result<Self, What> {
        Ok(text.to_owned())
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str) -> Result<Self, What> {
        text.parse().map_err(|_| malformed::<Self>(text))
    }

    fn from_toml(value: &Toml) -> Result<Self, What> {
        value.as_bool().ok_or_else(|| wrong_type::<Self>(value))
    }
}

/// A whole number above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Positive(pub u32);

impl Value for Positive {
    const EXPECTED: &'static str = "a whole number from 1 to 4294967295";

    fn from_text(text: &str) -> Result<Self, What> {
        match text.parse() {
            Ok(0) => Err(What::Zero),
            Ok(number) => Ok(Self(number)),
            Err(_) => Err(malformed::<Self>(text)),
        }
    }

    fn from_toml(value: &Toml) -> Result<Self, What> {
        match value {
            Toml::Integer(number) => Self::from_text(&number.to_string()),
            other => Err(wrong_type::<Self>(other)),
        }
    }
}

impl Value for Duration {
    const EXPECTED: &'static str = "a duration such as \"20s\", \"4m\" or \"24h\"";

    fn from_text(text: &str) -> Result<Self, What> {
        // Longer ones are slips, and would overflow the clock they are added to.
        const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
        match humantime::parse_duration(text) {
            Ok(Duration::ZERO) => Err(What::Zero),
            Ok(duration) if duration > LONGEST => Err(What::TooLong),
            Ok(duration) => Ok(duration),
            Err(_) => Err(malformed::<Self>(text)),
        }
    }
}

/// A duration or the word `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MaybeOff(pub Option<Duration>);

impl Value for MaybeOff {
    const EXPECTED: &'static str = "\"off\" or a duration such as \"30m\"";

    fn from_text(text: &str) -> Result<Self, What> {
        match text {
            "off" => Ok(Self(None)),
            _ => match Duration::from_text(text) {
                Ok(duration) => Ok(Self(Some(duration))),
                Err(What::Malformed { .. }) => Err(malformed::<Self>(text)),
                Err(what) => Err(what),
            },
        }
    }
}

impl Value for SocketAddr {
    const EXPECTED: &'static str = "an IP address and a port such as \"127.0.0.1:8080\"";

    fn from_text(text: &str) -> Result<Self, What> {
        text.parse().map_err(|_| malformed::<Self>(text))
    }
}

impl Value for BareJid {
    const EXPECTED: &'static str = "an XMPP address such as \"anna@example.org\"";

    fn from_text(text: &str) -> Result<Self, What> {
        match Self::new(text) {
            Ok(jid) if jid.node().is_some() => Ok(jid),
            _ => Err(malformed::<Self>(text)),
        }
    }
}

/// A JID that is a domain and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Domain(pub BareJid);

impl Value for Domain {
    const EXPECTED: &'static str = "a domain such as \"workgroup.example.org\"";

    fn from_text(text: &str) -> Result<Self, What> {
        // RFC 7622 alone lets almost any character stand in a domain, white space included.
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        match BareJid::new(text) {
            Ok(jid) if jid.node().is_none() && text.chars().all(plain) => Ok(Self(jid)),
            _ => Err(malformed::<Self>(text)),
        }
    }
}

impl Value for Url {
    const EXPECTED: &'static str = "an http:// or https:// address";

    fn from_text(text: &str) -> Result<Self, What> {
        match Self::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
            _ => Err(malformed::<Self>(text)),
        }
    }
}

impl Value for Uuid {
    const EXPECTED: &'static str = "a UUID with hyphens";

    fn from_text(text: &str) -> Result<Self, What> {
        // Only the hyphenated form: RapidPro finds the id in the URL by that shape.
        match Self::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(id),
            _ => Err(malformed::<Self>(text)),
        }
    }
}

impl Value for TimeZone {
    const EXPECTED: &'static str =
        "a time zone such as \"UTC\" or \"Africa/Nairobi\" that this system knows";

    fn from_text(text: &str) -> Result<Self, What> {
        match text {
            "UTC" => Ok(Self::UTC),
            _ => Self::get(text).map_err(|_| malformed::<Self>(text)),
        }
    }
}

impl Value for IpNet {
    const EXPECTED: &'static str = "an address or a network such as \"203.0.113.0/24\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let one = |text: &str| Some(Self::from(text.parse::<IpAddr>().ok()?));
        let network = text.parse().ok().or_else(|| one(text));
        network.ok_or_else(|| malformed::<Self>(text))
    }
}

impl Value for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn from_text(text: &str) -> Result<Self, What> {
        if text.is_empty() {
            return Err(What::Empty);
        }
        Ok(Self::from(text))
    }
}

impl Value for Secret {
    const EXPECTED: &'static str = "a text in quotes";

    fn from_text(text: &str) -> Result<Self, What> {
        if text.is_empty() {
            return Err(What::Empty);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(What::SecretNotPlain);
        }
        Ok(Self::new(text))
    }
}
