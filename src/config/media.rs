//! `[media]`: links on our own server to what lies elsewhere.

use super::problem::What;
use super::reader::Reader;
use super::secret::Secret;
use super::value::{Positive, Value, wrong_type};
use std::time::Duration;
use toml::Value as Toml;
use url::{Host, Url};

/// The shortest key: as many characters as the key that is made of it has bytes.
const SHORTEST_KEY: usize = 32;

/// `[media]`: how media from outside is handed out below `http.public_url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaLinking {
    /// What links are sealed with; `None` keeps one of our own making in the store.
    pub key: Option<Secret>,
    /// How long a link lasts.
    pub link_ttl: Duration,
    /// Bytes of one piece of media.
    pub max_size: u64,
    /// Fetches under way at once.
    pub max_fetches: usize,
    /// Patience with one connection to where media lies.
    pub connect_timeout: Duration,
    /// Patience with the first bytes, and with each silence after them.
    pub first_byte_timeout: Duration,
    /// Longest time for all of one fetch.
    pub timeout: Duration,
    /// Hosts within the own network that may be called nevertheless.
    pub allow_hosts: Vec<MediaHost>,
}

impl MediaLinking {
    pub(super) fn read(r: &mut Reader) -> Self {
        let key = r.maybe_secret("key", "key_file");
        let short = |key: &Secret| key.expose().chars().count() < SHORTEST_KEY;
        if key.as_ref().is_some_and(short) {
            r.complain("key", What::TooShort(SHORTEST_KEY));
        }
        let secs = Duration::from_secs;
        Self {
            key,
            link_ttl: r.or("link_ttl", secs(7 * 24 * 60 * 60)),
            max_size: r.or("max_size", Size(25 * 1024 * 1024)).0,
            max_fetches: r.or("max_fetches", Positive(16)).0 as usize,
            connect_timeout: r.or("connect_timeout", secs(5)),
            first_byte_timeout: r.or("first_byte_timeout", secs(15)),
            timeout: r.or("timeout", secs(10 * 60)),
            allow_hosts: r.list("allow_hosts").unwrap_or_default(),
        }
    }
}

/// A number of bytes.
struct Size(u64);

impl Value for Size {
    const EXPECTED: &'static str = "a size such as \"25MiB\" or \"500KiB\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        let unit = units.iter().find(|(unit, _)| text.ends_with(unit));
        let (number, bytes) = match unit {
            Some((unit, bytes)) => (text.trim_end_matches(unit).trim_end(), *bytes),
            None => (text, 1_u64),
        };
        let size = number.parse::<u64>().ok();
        match size.and_then(|size| size.checked_mul(bytes)) {
            Some(0) => Err(What::Zero),
            Some(size) => Ok(Self(size)),
            None => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }

    fn from_toml(value: &Toml) -> Result<Self, What> {
        match value {
            Toml::String(text) => Self::from_text(text),
            Toml::Integer(number) => Self::from_text(&number.to_string()),
            other => Err(wrong_type::<Self>(other)),
        }
    }
}

/// A host, with or without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaHost {
    /// Name or address, as it stands in addresses of the web.
    pub host: Host<String>,
    /// TCP port; `None` is the usual one of HTTP or HTTPS.
    pub port: Option<u16>,
}

impl Value for MediaHost {
    const EXPECTED: &'static str =
        "a host such as \"upload.example.org\" or \"upload.example.org:5281\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let bad = || What::Malformed {
            expected: Self::EXPECTED,
            given: text.to_owned(),
        };
        // The colons of an IPv6 address stand in brackets.
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (text, None),
        };
        let port: Option<u16> = match port.map(str::parse) {
            None => None,
            Some(Ok(port)) if port != 0 => Some(port),
            Some(_) => return Err(bad()),
        };
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(bad());
        }
        let url = Url::parse(&format!("http://{name}/")).map_err(|_| bad())?;
        let host = url.host().map(|host| host.to_owned()).ok_or_else(bad)?;
        if url.port().is_some() {
            return Err(bad());
        }
        Ok(Self { host, port })
    }
}
