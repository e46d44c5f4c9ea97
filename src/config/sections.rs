//! The tables that stand once: `[http]`, `[xmpp]`, `[outbound]`, `[context]`, `[offers]`, `[log]`.

use super::problem::What;
use super::reader::Reader;
use super::secret::Secret;
use super::value::{Domain, Positive, Value, choice};
use ipnet::IpNet;
use jid::BareJid;
use jiff::tz::TimeZone;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use url::Url;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `[http]`: the server that bots, browsers and operators call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// How others reach us, without a trailing path; for links.
    pub public_url: Option<Url>,
    /// Worker threads; `None` takes one per processor.
    pub workers: Option<usize>,
    /// How long an idle connection is kept. Must exceed the 30 s that RapidPro's client keeps
    /// its own (reference: rapidpro §1.8).
    pub keep_alive: Duration,
    /// Proxies that are believed when they tell whom they speak for (`X-Forwarded-For`).
    pub trusted_proxies: Vec<IpNet>,
}

impl Http {
    pub(super) fn read(r: &mut Reader) -> Self {
        Self {
            listen: r.or("listen", SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url: r.maybe("public_url"),
            workers: r.maybe("workers").map(|Positive(number)| number as usize),
            keep_alive: r.or("keep_alive", secs(75)),
            trusted_proxies: r.list("trusted_proxies").unwrap_or_default(),
        }
    }
}

/// A host name or IP address with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl Value for HostPort {
    const EXPECTED: &'static str = "a host and a port such as \"127.0.0.1:5275\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let bad = || What::Malformed {
            expected: Self::EXPECTED,
            given: text.to_owned(),
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or_else(bad)?,
            None if host.contains(':') => return Err(bad()),
            None => host,
        };
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        match port.parse() {
            Ok(port) if port != 0 && !host.is_empty() && host.chars().all(plain) => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            _ => Err(bad()),
        }
    }
}

/// `[xmpp]`: the component's seat at the XMPP server (XEP-0114).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xmpp {
    /// The server's component port.
    pub address: HostPort,
    /// The component's domain, a JID without local part.
    pub domain: BareJid,
    /// The component's secret; goes into the handshake digest only.
    pub secret: Secret,
    /// The chat-room service on which rooms are made, a JID without local part.
    pub muc: BareJid,
    /// Speak TLS from the first byte (Openfire's port 5276).
    pub tls: bool,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Name that the server's certificate must bear; `None` takes the host of `address`.
    pub server_name: Option<String>,
    /// Pause between signs of life on a silent link.
    pub keepalive: Duration,
    /// Patience with one attempt to connect, handshake included.
    pub connect_timeout: Duration,
    /// Pause before the first reconnect; doubles from there.
    pub reconnect_min: Duration,
    /// Longest pause between reconnects.
    pub reconnect_max: Duration,
}

impl Xmpp {
    pub(super) fn read(r: &mut Reader) -> Option<Self> {
        let domain = r.need::<Domain>("domain");
        let secret = r.need_secret("secret", "secret_file");
        let muc = r.need::<Domain>("muc");
        let address = HostPort {
            host: "127.0.0.1".to_owned(),
            port: 5275,
        };
        if muc.is_some() && muc == domain {
            r.complain("muc", What::SameAs("xmpp.domain"));
        }
        Some(Self {
            address: r.or("address", address),
            tls: r.or("tls", false),
            ca_file: certificates(r),
            server_name: r.maybe("server_name"),
            keepalive: r.or("keepalive", secs(60)),
            connect_timeout: r.or("connect_timeout", secs(10)),
            reconnect_min: r.or("reconnect_min", Duration::from_millis(500)),
            reconnect_max: r.or("reconnect_max", secs(30)),
            domain: domain?.0,
            secret: secret?,
            muc: muc?.0,
        })
    }
}

/// The file of authorities, looked into so that a wrong one is told before the first connect.
pub(super) fn certificates(r: &mut Reader) -> Option<PathBuf> {
    let path: PathBuf = r.maybe("ca_file")?;
    let what = match std::fs::read(&path) {
        Err(error) => What::FileUnreadable {
            path,
            reason: error.kind(),
        },
        Ok(pem) => match CertificateDer::pem_slice_iter(&pem).next() {
            Some(Ok(_)) => return Some(path),
            _ => What::NoCertificate { path },
        },
    };
    r.complain("ca_file", what);
    None
}

/// `[outbound]`: how we call others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// Allow calls to loopback, private and link-local addresses (SSRF guard off).
    pub allow_private_networks: bool,
    /// Pauses between the attempts of one delivery; after the last it is a dead letter.
    pub retry: Vec<Duration>,
    /// Patience with one attempt.
    pub timeout: Duration,
    /// Deliveries under way at once, over all lanes.
    pub concurrency: usize,
}

impl Outbound {
    /// 5 s to 12 h, about 27 hours in all.
    const RETRY: [u64; 10] = [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200];

    pub(super) fn read(r: &mut Reader) -> Self {
        let retry = r.list("retry");
        if retry.as_ref().is_some_and(Vec::is_empty) {
            r.complain("retry", What::Empty);
        }
        Self {
            allow_private_networks: r.or("allow_private_networks", false),
            retry: retry.unwrap_or_else(|| Self::RETRY.map(secs).to_vec()),
            timeout: r.or("timeout", secs(15)),
            concurrency: r.or("concurrency", Positive(16)).0 as usize,
        }
    }
}

/// `[context]`: what is kept of the talk before a handoff, and shown to the agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// How far back the context reaches, and how long it is kept.
    pub ttl: Duration,
    /// The zone in which agents read times.
    pub time_zone: TimeZone,
    /// What visitors are called in what agents read; the pseudonym where it is empty.
    pub visitor_label: String,
    /// What bots are called there.
    pub bot_label: String,
}

impl Context {
    pub(super) fn read(r: &mut Reader) -> Self {
        Self {
            ttl: r.or("ttl", secs(24 * 60 * 60)),
            time_zone: r.or("time_zone", TimeZone::UTC),
            visitor_label: r.or("visitor_label", String::new()),
            bot_label: r.or("bot_label", "Bot".to_owned()),
        }
    }
}

/// `[offers]`: how agents answer an offer in plain chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offers {
    /// Words that accept, compared without regard to case.
    pub accept_words: Vec<String>,
    /// Words that reject, compared without regard to case.
    pub reject_words: Vec<String>,
}

impl Offers {
    pub(super) fn read(r: &mut Reader) -> Self {
        let accept_words = words(r, "accept_words", ["accept", "yes", "1"]);
        let reject_words = words(r, "reject_words", ["reject", "no", "2"]);
        for (index, word) in reject_words.iter().enumerate() {
            if let Some(first) = accept_words.iter().position(|accept| accept == word) {
                let first = format!("offers.accept_words[{first}]");
                let what = What::Duplicate {
                    given: word.clone(),
                    first,
                };
                r.complain(&format!("reject_words[{index}]"), what);
            }
        }
        Self {
            accept_words,
            reject_words,
        }
    }
}

/// A list of words, trimmed and in lower case; an empty list or word is a problem.
fn words(r: &mut Reader, key: &'static str, default: [&str; 3]) -> Vec<String> {
    let words = r
        .list::<String>(key)
        .unwrap_or_else(|| default.map(str::to_owned).to_vec());
    if words.is_empty() {
        r.complain(key, What::Empty);
    }
    let words: Vec<String> = words
        .iter()
        .map(|word| word.trim().to_lowercase())
        .collect();
    for (index, _) in words.iter().enumerate().filter(|(_, word)| word.is_empty()) {
        r.complain(&format!("{key}[{index}]"), What::Empty);
    }
    words
}

/// `[log]`: what is told, and in which shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Lines for people or for machines.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, `off`, or a filter in the syntax of
    /// `tracing_subscriber::EnvFilter`. `RUST_LOG` goes before it.
    pub level: String,
}

choice! {
    /// The shape of log lines.
    LogFormat {
        /// One line of text for people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

/// A level or filter that `tracing_subscriber` understands.
struct Level(String);

impl Value for Level {
    const EXPECTED: &'static str =
        "a level such as \"info\", or a filter such as \"info,warmline=debug\"";

    fn from_text(text: &str) -> Result<Self, What> {
        match EnvFilter::try_new(text) {
            Ok(_) if !text.trim().is_empty() => Ok(Self(text.to_owned())),
            _ => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}

impl Log {
    pub(super) fn read(r: &mut Reader) -> Self {
        Self {
            format: r.or("format", LogFormat::Text),
            level: r.or("level", Level("info".to_owned())).0,
        }
    }
}
