//! Redis servers as places of a store, and the contract's view of them.

use std::cell::Cell;
use std::sync::Arc;

use warmline::store::{self, Host, Place, RedisPlace, Servers, Store};

use crate::contract::Backend;
use crate::support::redis::{Cluster, Redis, Watched};

/// A place on loopback.
pub fn place(servers: Servers) -> RedisPlace {
    RedisPlace {
        servers,
        tls: None,
        user: None,
        password: None,
        sentinel_password: None,
        database: 0,
        partition: "tests".into(),
        standby: false,
    }
}

pub fn host(port: &u16) -> Host {
    Host("127.0.0.1".into(), *port)
}

pub fn one(redis: &Redis) -> RedisPlace {
    place(Servers::One(host(&redis.port())))
}

pub fn watched(watched: &Watched) -> RedisPlace {
    place(Servers::Sentinel {
        sentinels: watched.ports().iter().map(host).collect(),
        master: Watched::MASTER.into(),
    })
}

pub fn nodes(cluster: &Cluster) -> RedisPlace {
    place(Servers::Cluster(cluster.ports().iter().map(host).collect()))
}

pub async fn open(place: &RedisPlace) -> Arc<dyn Store> {
    store::open(&Place::Redis(place.clone())).await.unwrap()
}

/// A store on one server.
pub struct OneServer(Redis);

impl OneServer {
    pub fn start() -> Self {
        Self(Redis::start())
    }
}

impl Backend for OneServer {
    async fn open(&self) -> Arc<dyn Store> {
        open(&one(&self.0)).await
    }

    fn break_writes(&self, broken: bool) {
        assert!(break_key(&self.0, &one(&self.0), broken));
    }
}

/// Stores on one cluster.
pub struct Nodes {
    cluster: Cluster,
    count: Cell<usize>,
}

impl Nodes {
    pub fn start() -> Self {
        Self {
            cluster: Cluster::start(),
            count: Cell::new(0),
        }
    }

    /// A store of its own.
    pub fn fresh(&self) -> Partition<'_> {
        self.count.set(self.count.get() + 1);
        let mut place = nodes(&self.cluster);
        place.partition = format!("part{}", self.count.get());
        Partition(&self.cluster, place)
    }
}

/// One partition of a cluster.
pub struct Partition<'a>(&'a Cluster, RedisPlace);

impl Backend for Partition<'_> {
    async fn open(&self) -> Arc<dyn Store> {
        open(&self.1).await
    }

    fn break_writes(&self, broken: bool) {
        // The other nodes say that the key is not theirs.
        assert!(self.0.each(|node| break_key(node, &self.1, broken)));
    }
}

/// A key that is not what the program makes of it; tells whether it is here.
fn break_key(redis: &Redis, place: &RedisPlace, broken: bool) -> bool {
    let key = format!("wl1:{{{}}}:r:line:broken", place.partition);
    let command = match broken {
        true => vec!["SET", &key, "not a hash"],
        false => vec!["DEL", &key],
    };
    redis.try_ask::<redis::Value>(&command).is_ok()
}
