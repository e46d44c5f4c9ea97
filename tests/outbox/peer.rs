//! An outside system: an HTTP server whose answers switch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
    pub at: Instant,
    /// The status that it was answered with.
    pub status: u16,
}

/// How to answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
    pub delay: Duration,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: String::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
        }
    }

    pub fn header(mut self, header: &str) -> Self {
        self.headers.push_str(header);
        self.headers.push_str("\r\n");
        self
    }

    pub fn late(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

type Rule = Box<dyn Fn(&Seen) -> Answer + Send>;

/// The server.
#[derive(Clone)]
pub struct Peer {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    rule: Arc<Mutex<Rule>>,
}

impl Peer {
    /// Starts one that answers 200 to all.
    pub async fn start() -> Self {
        Self::start_at(0).await
    }

    /// The same on this port.
    pub async fn start_at(port: u16) -> Self {
        Self::listen(port, None).await
    }

    /// The same behind TLS.
    pub async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::listen(0, Some(acceptor)).await
    }

    async fn listen(port: u16, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let peer = Self {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
            rule: Arc::new(Mutex::new(Box::new(|_| Answer::status(200)))),
        };
        let serving = peer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (peer, acceptor) = (serving.clone(), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => peer.serve(stream).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => peer.serve(stream).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        peer
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// From now on answers so.
    pub fn answer(&self, rule: impl Fn(&Seen) -> Answer + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The bodies of what was answered with 200.
    pub fn taken(&self) -> Vec<String> {
        let seen = self.seen();
        let taken = seen.into_iter().filter(|seen| seen.status == 200);
        taken.map(|seen| seen.body).collect()
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut seen = read(&mut stream).await?;
            let answer = (self.rule.lock().unwrap())(&seen);
            seen.status = answer.status;
            // Noted before it is answered: whoever has the answer finds it here.
            self.seen.lock().unwrap().push(seen);
            crate::patience::linger(answer.delay).await;
            let head = format!(
                "HTTP/1.1 {} X\r\ncontent-length: {}\r\n{}\r\n",
                answer.status,
                answer.body.len(),
                answer.headers,
            );
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&answer.body).await.ok()?;
            stream.flush().await.ok()?;
        }
    }
}

async fn read(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Seen> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen {
        path,
        headers,
        body: String::from_utf8(body).ok()?,
        at: Instant::now(),
        status: 0,
    })
}
