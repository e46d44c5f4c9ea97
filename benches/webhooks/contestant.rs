//! Who is measured: a service with a store of its own.

use crate::load::{self, Outcome};
use crate::support::config::Config;
use crate::support::process::{Process, RunDir};
use crate::support::redis::Redis;
use crate::support::wait;
use crate::support::warmline::Warmline;
use crate::support::xmpp::Ports;
use crate::support::yalo::{SIGNING, Yalo, channel};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a service may get warm.
const WARM: Duration = Duration::from_secs(1);

/// A service.
#[derive(Clone, Copy)]
pub enum Server {
    /// The program.
    Warmline,
    /// `benches/peers/context_node`, in one of its forms.
    Node(&'static str),
}

/// A service and its store.
pub struct Contestant {
    /// The service.
    pub server: Server,
    /// `appendfsync` of its Redis; none for the embedded store.
    fsync: Option<&'static str>,
}

/// All of them, in the order in which they take turns.
pub fn all() -> Vec<Contestant> {
    let mut all = vec![Contestant {
        server: Server::Warmline,
        fsync: None,
    }];
    for fsync in ["everysec", "always"] {
        let servers = [Server::Warmline, Server::Node("full"), Server::Node("bare")];
        all.extend(servers.map(|server| Contestant {
            server,
            fsync: Some(fsync),
        }));
    }
    all
}

/// Where `scripts/bench` has installed the peer.
fn node() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/context_node")
}

/// Whether the peer can be started.
pub fn node_is_here() -> bool {
    let version = Command::new("node").arg("--version").output();
    version.is_ok() && node().join("node_modules/ioredis").exists()
}

impl Contestant {
    /// What it is called in the report.
    pub fn name(&self) -> String {
        let store = match self.fsync {
            None => "embedded".to_owned(),
            Some(fsync) => format!("redis, {fsync}"),
        };
        match self.server {
            Server::Warmline => format!("Warmline, {store}"),
            Server::Node(form) => format!("Node + ioredis ({form}), {store}"),
        }
    }

    /// Its processes.
    pub fn processes(&self) -> impl Iterator<Item = &'static str> {
        let service = match self.server {
            Server::Warmline => "warmline",
            Server::Node(_) => "node",
        };
        std::iter::once(service).chain(self.fsync.map(|_| "redis"))
    }

    /// Starts it on an empty store, measures, and looks whether all is stored.
    pub fn measure(&self, time: Duration) -> Outcome {
        let redis = self
            .fsync
            .map(|fsync| Redis::with(&["--appendfsync", fsync]));
        match (self.server, &redis) {
            (Server::Warmline, redis) => warmline(redis.as_ref(), time),
            (Server::Node(form), Some(redis)) => peer((form, redis), time),
            (Server::Node(_), None) => panic!("the peer has no embedded store"),
        }
    }
}

fn warmline(redis: Option<&Redis>, time: Duration) -> Outcome {
    // Nobody is there: what is measured needs no agents.
    let mut config = Config::new(Ports::free());
    config.more = channel("http://127.0.0.1:9", "");
    config.store = redis.map(Redis::url).unwrap_or_default();
    let mut warmline = Warmline::start_unready(&config);
    let pids: Vec<u32> = std::iter::once(warmline.pid())
        .chain(redis.map(Redis::pid))
        .collect();
    let outcome = load::send(warmline.address(), (WARM, time), &pids);
    let platform = Yalo::new(warmline.address());
    for (user, taken) in &outcome.taken {
        let path = format!("/v1/context/{user}");
        let reply = platform.call("GET", &path, &serde_json::Value::Null);
        let found = reply.json().as_array().map_or(0, Vec::len);
        assert_eq!(found, *taken, "every message of {user} is stored");
    }
    warmline.terminate();
    outcome
}

fn peer((form, redis): (&str, &Redis), time: Duration) -> Outcome {
    let dir = RunDir::new("context-node");
    let mut command = Command::new("node");
    command
        .arg(node().join("server.mjs"))
        .args([&redis.port().to_string(), SIGNING, form])
        .env("NODE_ENV", "production");
    let mut process = Process::start("node", &mut command, dir.path());
    let address: SocketAddr = wait::until("the Node service listens", wait::START, || {
        assert!(process.alive(), "the service ended: {}", process.log());
        let log = process.log();
        let (_, rest) = log.split_once("listening on http://")?;
        rest.split_once('\n')?.0.parse().ok()
    });
    let pids = [process.pid(), redis.pid()];
    let outcome = load::send(address, (WARM, time), &pids);
    let keys: usize = redis.ask(&["DBSIZE"]);
    let indexes = if form == "full" {
        outcome.taken.len()
    } else {
        0
    };
    assert_eq!(keys, outcome.total() + indexes, "every message is stored");
    outcome
}
