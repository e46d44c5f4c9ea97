//! Where a store is.

use std::fmt;
use std::path::PathBuf;

/// Where a store is, and how to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file in this directory, which is made where it is missing.
    Embedded(PathBuf),
    /// One partition of a Redis.
    Redis(RedisPlace),
}

/// One partition of a Redis.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisPlace {
    /// Which servers.
    pub servers: Servers,
    /// Whether TLS is spoken, and whose word is taken.
    pub tls: Option<Tls>,
    /// The ACL user; Redis's own `default` where there is none.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The sentinels' password.
    pub sentinel_password: Option<String>,
    /// The number of the database; a cluster has only 0.
    pub database: i64,
    /// The partition's name: no braces, not empty.
    pub partition: String,
    /// Wait as long as another process runs on the store, instead of giving up.
    pub standby: bool,
}

/// Which servers make the Redis up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// One.
    One(Host),
    /// Those sentinels know which one it is just now.
    Sentinel {
        /// The sentinels.
        sentinels: Vec<Host>,
        /// The name under which they know it.
        master: String,
    },
    /// A cluster; any of its nodes tells the others.
    Cluster(Vec<Host>),
}

/// A host's name or address, and its TCP port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(pub String, pub u16);

/// Whose word a TLS connection takes for the server's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The authorities in this PEM file instead of the system's.
    pub ca_file: Option<PathBuf>,
}

// Passwords are left out.
impl fmt::Debug for RedisPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPlace")
            .field("servers", &self.servers)
            .field("database", &self.database)
            .field("partition", &self.partition)
            .finish_non_exhaustive()
    }
}

/// In words for people, without any password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(dir) => write!(f, "embedded:{}", dir.display()),
            Self::Redis(place) => place.fmt(f),
        }
    }
}

impl fmt::Display for RedisPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.tls.is_some() { "s" } else { "" };
        match &self.servers {
            Servers::One(host) => write!(f, "redis{tls}://{host}/{}", self.database)?,
            Servers::Sentinel { sentinels, master } => {
                let hosts = listed(sentinels);
                write!(
                    f,
                    "redis{tls}+sentinel://{hosts}/{master}/{}",
                    self.database
                )?;
            }
            Servers::Cluster(nodes) => write!(f, "redis{tls}+cluster://{}", listed(nodes))?,
        }
        write!(f, " (partition {})", self.partition)
    }
}

fn listed(hosts: &[Host]) -> String {
    let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
    hosts.join(",")
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host, port) = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}
