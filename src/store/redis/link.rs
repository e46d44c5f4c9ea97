//! The connection: made when it is needed, given up when it fails, and made anew.
//!
//! One place for one server, sentinels and clusters. A manager that reconnects by itself would go
//! back to a server that is the master no longer.

use std::path::Path;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, IntoConnectionInfo,
    Pipeline, RedisConnectionInfo, RedisFuture, RedisResult, TlsCertificates, TlsMode, Value, cmd,
};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::store::{Host, RedisPlace, Servers, StoreError};

use super::fault::{Failure, too_slow};

/// Patience with connecting, a question to the sentinels included.
const CONNECT: Duration = Duration::from_secs(3);
/// Patience with one answer.
const ANSWER: Duration = Duration::from_secs(3);

enum Question<'a> {
    One(&'a Cmd),
    All(&'a Pipeline),
}

/// The way to Redis.
pub(super) struct Link {
    place: RedisPlace,
    authorities: Option<Vec<u8>>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    conn: Option<Conn>,
    made: u64,
}

impl Link {
    /// A way that has not been gone yet.
    pub fn new(place: RedisPlace) -> Result<Self, StoreError> {
        let file = place.tls.as_ref().and_then(|tls| tls.ca_file.as_deref());
        let authorities = file.map(read).transpose()?;
        Ok(Self {
            place,
            authorities,
            held: Mutex::default(),
        })
    }

    /// Where it leads.
    pub fn place(&self) -> &RedisPlace {
        &self.place
    }

    /// One command.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        self.put(Question::One(command)).await
    }

    /// Several commands in one go.
    pub async fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, Failure> {
        self.put(Question::All(commands)).await
    }

    async fn put<T: FromRedisValue>(&self, question: Question<'_>) -> Result<T, Failure> {
        let (mut conn, made) = self.connected().await?;
        let answering = async {
            match question {
                Question::One(command) => command.query_async(&mut conn).await,
                Question::All(commands) => commands.query_async(&mut conn).await,
            }
        };
        let answer = match timeout(ANSWER, answering).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(too_slow()),
        };
        if answer.as_ref().is_err_and(|failure| failure.broken) {
            let mut held = self.held.lock().await;
            // Unless somebody else has made a new one already.
            if held.made == made {
                held.conn = None;
            }
        }
        answer
    }

    async fn connected(&self) -> Result<(Conn, u64), Failure> {
        let mut held = self.held.lock().await;
        if let Some(conn) = &held.conn {
            return Ok((conn.clone(), held.made));
        }
        let conn = match timeout(CONNECT, self.connect()).await {
            Ok(made) => made?,
            Err(_) => return Err(too_slow()),
        };
        held.made += 1;
        held.conn = Some(conn.clone());
        Ok((conn, held.made))
    }

    async fn connect(&self) -> RedisResult<Conn> {
        let mut conn = self.made().await?;
        // Whoever has not given the password may say only short things, or is cut off.
        cmd("PING").exec_async(&mut conn).await?;
        Ok(conn)
    }

    async fn made(&self) -> RedisResult<Conn> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        match &self.place.servers {
            Servers::One(host) => {
                let client = self.client(host)?;
                let conn = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Conn::One(conn.await?))
            }
            Servers::Sentinel { sentinels, master } => {
                let mut client = self.sentinels(sentinels, master)?.build()?;
                let conn = client.get_async_connection_with_config(&config);
                Ok(Conn::One(conn.await?))
            }
            Servers::Cluster(nodes) => {
                let conn = self.cluster(nodes)?.get_async_connection().await?;
                Ok(Conn::Cluster(conn))
            }
        }
    }

    fn client(&self, host: &Host) -> RedisResult<Client> {
        let mut settings = RedisConnectionInfo::default().set_db(self.place.database);
        if let Some(user) = &self.place.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.place.password {
            settings = settings.set_password(password);
        }
        let info = self.address(host).into_connection_info()?;
        let info = info.set_redis_settings(settings);
        match self.certificates() {
            Some(certificates) => Client::build_with_tls(info, certificates),
            None => Client::open(info),
        }
    }

    fn sentinels(&self, hosts: &[Host], master: &str) -> RedisResult<SentinelClientBuilder> {
        let addresses = hosts.iter().map(|host| self.address(host));
        let mut builder =
            SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
                .set_client_to_redis_db(self.place.database);
        if let Some(user) = &self.place.user {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = &self.place.password {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(password) = &self.place.sentinel_password {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if let Some(certificates) = self.certificates() {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_certificates(certificates);
        }
        Ok(builder)
    }

    fn cluster(&self, nodes: &[Host]) -> RedisResult<ClusterClient> {
        let mut builder = ClusterClient::builder(nodes.iter().map(|host| self.address(host)))
            .connection_timeout(CONNECT)
            .response_timeout(ANSWER)
            .retries(2);
        if let Some(user) = &self.place.user {
            builder = builder.username(user);
        }
        if let Some(password) = &self.place.password {
            builder = builder.password(password);
        }
        if let Some(certificates) = self.certificates() {
            builder = builder.tls(TlsMode::Secure).certs(certificates);
        }
        builder.build()
    }

    fn address(&self, Host(host, port): &Host) -> ConnectionAddr {
        match self.place.tls {
            None => ConnectionAddr::Tcp(host.clone(), *port),
            Some(_) => ConnectionAddr::TcpTls {
                host: host.clone(),
                port: *port,
                insecure: false,
                tls_params: None,
            },
        }
    }

    fn certificates(&self) -> Option<TlsCertificates> {
        self.place.tls.as_ref().map(|_| TlsCertificates {
            client_tls: None,
            root_cert: self.authorities.clone(),
        })
    }
}

fn read(file: &Path) -> Result<Vec<u8>, StoreError> {
    let pem = std::fs::read(file);
    pem.map_err(|error| StoreError::Unavailable(format!("{}: {error}", file.display())))
}

/// A connection of either kind; clones share it.
#[derive(Clone)]
enum Conn {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Conn {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(conn) => conn.req_packed_command(command),
            Self::Cluster(conn) => conn.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(conn) => conn.req_packed_commands(commands, offset, count),
            Self::Cluster(conn) => conn.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(conn) => conn.get_db(),
            Self::Cluster(conn) => conn.get_db(),
        }
    }
}
