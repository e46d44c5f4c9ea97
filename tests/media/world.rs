//! Our server with the route, and a client who opens links.

use super::support::http::{Headers, Reply, Request, find, read_head};
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::runtime::Runtime;
use url::{Host, Url};
use warmline::channels::http::{Running, Serving, serve};
use warmline::channels::media::configure;
use warmline::config::Secret;
use warmline::media::{Limits, MediaDesk, MediaKey, MediaLinks, Origin};
use warmline::outbox::{AllowedHost, FetchSettings, Fetcher};

/// The least that a PNG is known by.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// What tests vary.
pub struct Setup {
    pub fetch: FetchSettings,
    pub limits: Limits,
    pub ttl: Duration,
    pub key: &'static str,
}

impl Default for Setup {
    /// May call this machine, and has the limits of the default configuration but for shorter times.
    fn default() -> Self {
        Self {
            fetch: FetchSettings {
                allow_private_networks: true,
                allow_hosts: Vec::new(),
                connect_timeout: Duration::from_secs(5),
                silence: Duration::from_secs(15),
            },
            limits: Limits {
                max_size: 25 * 1024 * 1024,
                max_fetches: 16,
                first_byte: Duration::from_secs(15),
                whole: Duration::from_secs(60),
            },
            ttl: Duration::from_secs(60),
            key: "a-key-of-thirty-two-letters-or-so",
        }
    }
}

impl Setup {
    /// May call public addresses and these ones only.
    pub fn guarded(mut self, but: &[SocketAddr]) -> Self {
        self.fetch.allow_private_networks = false;
        let hosts = but.iter().map(|address| AllowedHost {
            host: Host::parse(&address.ip().to_string()).unwrap(),
            port: Some(address.port()),
        });
        self.fetch.allow_hosts = hosts.collect();
        self
    }
}

pub struct World {
    pub address: SocketAddr,
    pub links: MediaLinks,
    runtime: Option<Runtime>,
    running: Running,
}

impl World {
    pub fn new() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        let runtime = Runtime::new().unwrap();
        let _inside = runtime.enter();
        let key = MediaKey::from_secret(&Secret::new(setup.key));
        let public = Url::parse("https://help.example.org/warm/").unwrap();
        let links = MediaLinks::new(key, &public, setup.ttl);
        let fetcher = Fetcher::new(&setup.fetch).unwrap();
        let desk = MediaDesk::new(links.clone(), fetcher, setup.limits);
        let serving = Serving {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            keep_alive: Duration::from_secs(75),
            workers: Some(2),
        };
        let running = serve(serving, move |services| configure(services, desk.clone())).unwrap();
        drop(_inside);
        Self {
            address: running.address,
            links,
            runtime: Some(runtime),
            running,
        }
    }

    /// The path of a link to this media.
    pub fn path(&self, origin: &Origin) -> String {
        path(&self.links, origin)
    }

    /// Opens a link to this media.
    pub fn open(&self, origin: &Origin) -> Reply {
        self.get(&self.path(origin))
    }

    pub fn get(&self, path: &str) -> Reply {
        Request::new("GET", path).send(self.address).unwrap()
    }

    /// Status and headers alone, and the connection on which more may come.
    pub fn begin(&self, method: &str, path: &str) -> (u16, Headers, BufReader<TcpStream>) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let (first, headers) = read_head(&mut stream).unwrap().expect("an answer");
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        (status, headers, stream)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(self.running.handle.stop(false));
            runtime.shutdown_background();
        }
    }
}

/// The path of a link to this media, as the proxy in front of us passes it on.
pub fn path(links: &MediaLinks, origin: &Origin) -> String {
    let link = links.link(origin).unwrap();
    let path = link.strip_prefix("https://help.example.org/warm");
    path.expect("a link below our public address").to_owned()
}

/// The status and the text of a refusal, which is JSON and repeats nothing of the origin.
pub fn refused(reply: &Reply, secret: &str) -> (u16, String) {
    let text = reply.string("error");
    let all = format!(
        "{:?}{}",
        reply.headers,
        String::from_utf8_lossy(&reply.body)
    );
    assert!(!all.contains(secret) && !all.contains("127.0.0.1"), "{all}");
    assert_eq!(find(&reply.headers, "cache-control"), Some("no-store"));
    (reply.status, text)
}
