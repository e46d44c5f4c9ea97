//! `[store]`: where Warmline remembers.

use super::problem::What;
use super::reader::Reader;
use super::secret::Secret;
use super::sections::{HostPort, certificates};
use super::value::Value;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::path::PathBuf;

/// `[store]`: where Warmline remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Which store, and where.
    pub url: StoreUrl,
    /// Which part of a Redis is ours.
    pub partition: String,
    /// Wait while another process runs on the store, and take over from it.
    pub standby: bool,
    /// PEM file of the authorities to trust instead of the system's, for a Redis that speaks TLS.
    pub ca_file: Option<PathBuf>,
    /// Redis's password, where it does not stand in the URL.
    pub password: Option<Secret>,
    /// The sentinels' password.
    pub sentinel_password: Option<Secret>,
}

/// The kinds of store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `embedded:DIR`: a database in a folder of this machine, made at the first start.
    Embedded(PathBuf),
    /// `redis://…` and its like.
    Redis(RedisUrl),
}

/// A Redis, named by a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// `rediss`: speak TLS.
    pub tls: bool,
    /// What the hosts are.
    pub kind: RedisKind,
    /// One host, or the sentinels, or some nodes of the cluster.
    pub hosts: Vec<HostPort>,
    /// The ACL user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The number of the database.
    pub database: u16,
}

/// What the hosts of a Redis URL are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisKind {
    /// The one server.
    One,
    /// Sentinels, which know the server.
    Sentinel {
        /// The name under which they know it.
        master: String,
    },
    /// Nodes of a cluster.
    Cluster,
}

/// A partition's name: it stands in every key of Redis, between braces.
struct Partition(String);

impl Value for Partition {
    const EXPECTED: &'static str =
        "at most 64 of the characters a-z, A-Z, 0-9, \".\", \"_\", \"-\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        match text.len() {
            1..=64 if text.chars().all(plain) => Ok(Self(text.to_owned())),
            _ => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}

impl Store {
    /// The store of a URL, everything else at its default.
    pub fn at(url: StoreUrl) -> Self {
        Self {
            url,
            partition: "default".to_owned(),
            standby: false,
            ca_file: None,
            password: None,
            sentinel_password: None,
        }
    }

    pub(super) fn read(r: &mut Reader) -> Self {
        let url = r.or("url", StoreUrl::Embedded(PathBuf::from("data")));
        if let StoreUrl::Embedded(path) = &url
            && path.exists()
            && !path.is_dir()
        {
            r.complain("url", What::NotAFolder { path: path.clone() });
        }
        let password = r.maybe_secret("password", "password_file");
        if let StoreUrl::Redis(redis) = &url
            && redis.password.is_some()
            && password.is_some()
        {
            r.complain("password", What::GivenTwice("store.url".to_owned()));
        }
        Self {
            url,
            partition: r.or("partition", Partition("default".to_owned())).0,
            standby: r.or("standby", false),
            ca_file: certificates(r),
            password,
            sentinel_password: r.maybe_secret("sentinel_password", "sentinel_password_file"),
        }
    }
}

impl StoreUrl {
    /// From text, as it stands in the file or on the command line.
    ///
    /// # Errors
    /// What is wrong with it, without repeating what may be a password.
    pub fn parse(text: &str) -> Result<Self, What> {
        Self::from_text(text)
    }
}

/// Without the password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(folder) => write!(f, "embedded:{}", folder.display()),
            Self::Redis(redis) => {
                let hosts: Vec<String> = redis.hosts.iter().map(ToString::to_string).collect();
                write!(f, "redis://{}", hosts.join(","))
            }
        }
    }
}

impl Value for StoreUrl {
    const EXPECTED: &'static str =
        "embedded:FOLDER, redis://HOST, rediss://HOST, redis+sentinel:// or redis+cluster://";

    fn from_text(text: &str) -> Result<Self, What> {
        match text.split_once(':') {
            Some(("embedded", "")) => Err(What::Empty),
            Some(("embedded", folder)) => Ok(Self::Embedded(PathBuf::from(folder))),
            Some((scheme, rest)) => match scheme_of(scheme) {
                Some((tls, kind)) => redis(rest, tls, kind).map(Self::Redis),
                // A store's URL may hold a password: only its scheme is repeated.
                None => Err(What::Malformed {
                    expected: Self::EXPECTED,
                    given: format!("{scheme}:…"),
                }),
            },
            None => Err(What::WrongType {
                expected: Self::EXPECTED,
                found: "a text without colon",
            }),
        }
    }
}

fn scheme_of(scheme: &str) -> Option<(bool, RedisKind)> {
    let (redis, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
    let tls = match redis {
        "redis" => false,
        "rediss" => true,
        _ => return None,
    };
    let kind = match kind {
        "" if !scheme.contains('+') => RedisKind::One,
        "sentinel" => RedisKind::Sentinel {
            master: String::new(),
        },
        "cluster" => RedisKind::Cluster,
        _ => return None,
    };
    Some((tls, kind))
}

/// What follows the scheme and its colon: `//[USER[:PASSWORD]@]HOST[:PORT][,…][/PATH]`.
fn redis(rest: &str, tls: bool, kind: RedisKind) -> Result<RedisUrl, What> {
    let rest = rest.strip_prefix("//").ok_or(BAD_FORM)?;
    if rest.contains(['?', '#']) {
        return Err(What::StoreUrl("nothing may follow a \"?\" or \"#\""));
    }
    let (credentials, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => (Some(credentials), rest),
        None => (None, rest),
    };
    let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, password) = match credentials {
        Some(given) => credential(given)?,
        None => (None, None),
    };
    let port = if matches!(kind, RedisKind::Sentinel { .. }) {
        26379
    } else {
        6379
    };
    let hosts: Vec<HostPort> = hosts
        .split(',')
        .map(|text| host(text, port))
        .collect::<Result<_, _>>()?;
    let (kind, database) = target(kind, path)?;
    if kind == RedisKind::One && hosts.len() > 1 {
        return Err(What::StoreUrl(
            "several hosts take redis+sentinel:// or redis+cluster://",
        ));
    }
    Ok(RedisUrl {
        tls,
        kind,
        hosts,
        user,
        password,
        database,
    })
}

const BAD_FORM: What = What::StoreUrl("the form is redis://USER:PASSWORD@HOST:PORT/DATABASE");

fn credential(given: &str) -> Result<(Option<String>, Option<Secret>), What> {
    let plain = |text: &str| {
        let text = percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| BAD_FORM)?;
        Ok::<_, What>((!text.is_empty()).then(|| text.into_owned()))
    };
    let (user, password) = given.split_once(':').unwrap_or((given, ""));
    Ok((plain(user)?, plain(password)?.map(Secret::new)))
}

fn host(text: &str, port: u16) -> Result<HostPort, What> {
    const BAD: What = What::StoreUrl("a host is written HOST or HOST:PORT");
    let named = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && (!host.contains(':') || host.ends_with(']')) && !port.contains(']')
    });
    let full = if named {
        text.to_owned()
    } else {
        format!("{text}:{port}")
    };
    HostPort::from_text(&full).map_err(|_| BAD)
}

fn target(kind: RedisKind, path: &str) -> Result<(RedisKind, u16), What> {
    let number = |text: &str| match text {
        "" => Ok(0),
        digits => digits
            .parse()
            .map_err(|_| What::StoreUrl("the database at the end is a number")),
    };
    match kind {
        RedisKind::One => Ok((kind, number(path)?)),
        RedisKind::Cluster if number(path)? == 0 => Ok((kind, 0)),
        RedisKind::Cluster => Err(What::StoreUrl("a cluster has only database 0")),
        RedisKind::Sentinel { .. } => {
            let (master, database) = path.split_once('/').unwrap_or((path, ""));
            if master.is_empty() {
                return Err(What::StoreUrl(
                    "sentinels need the master's name: redis+sentinel://HOST,HOST/MASTER/DATABASE",
                ));
            }
            let master = master.to_owned();
            Ok((RedisKind::Sentinel { master }, number(database)?))
        }
    }
}
