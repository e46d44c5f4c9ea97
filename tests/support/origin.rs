//! Where media lies: an HTTP server that is as slow, endless and dishonest as a test wants.

use super::http::{Headers, find, read_head};
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One thing that the server does on a connection.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sends these bytes, head or body.
    Send(Vec<u8>),
    /// Says nothing until the client leaves.
    Hang,
    /// Says nothing for so long.
    Pause(Duration),
    /// Sends pieces of 64 KiB until the client leaves.
    Pour,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Headers,
}

impl Seen {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// The server; it ends with the test's process.
#[derive(Clone)]
pub struct Origin {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    poured: Arc<AtomicU64>,
    open: Arc<AtomicUsize>,
}

type Rule = dyn Fn(&Seen) -> Vec<Act> + Send + Sync;

impl Origin {
    /// Starts one that answers each request so, and then closes the connection.
    pub fn start(rule: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Origin {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let origin = Origin {
            address: listener.local_addr().expect("an address"),
            seen: Arc::default(),
            poured: Arc::default(),
            open: Arc::default(),
        };
        let (serving, rule): (Origin, Arc<Rule>) = (origin.clone(), Arc::new(rule));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serving, rule) = (serving.clone(), rule.clone());
                thread::spawn(move || {
                    serving.open.fetch_add(1, Ordering::SeqCst);
                    let _ = serving.serve(stream, &*rule);
                    serving.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        origin
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of something on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    /// Bytes sent by [`Act::Pour`].
    pub fn poured(&self) -> u64 {
        self.poured.load(Ordering::SeqCst)
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    fn serve(&self, stream: TcpStream, rule: &Rule) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let Some((first, headers)) = read_head(&mut reader)? else {
            return Ok(());
        };
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let seen = Seen { path, headers };
        self.seen.lock().expect("no panic").push(seen.clone());
        for act in rule(&seen) {
            self.act(&act, &stream)?;
        }
        Ok(())
    }

    fn act(&self, act: &Act, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut until_left = |longest| {
            stream.set_read_timeout(longest)?;
            match stream.read(&mut [0]) {
                Ok(0) => Err(std::io::ErrorKind::BrokenPipe.into()),
                _ => Ok(()),
            }
        };
        match act {
            Act::Send(bytes) => stream.write_all(bytes),
            Act::Hang => until_left(None),
            Act::Pause(time) => until_left(Some(*time)),
            Act::Pour => loop {
                let piece = vec![b'x'; 64 * 1024];
                stream.write_all(&piece)?;
                self.poured.fetch_add(piece.len() as u64, Ordering::SeqCst);
            },
        }
    }
}

/// The head of an answer, with these lines besides.
pub fn head(status: u16, lines: &[&str]) -> Act {
    let mut text = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    Act::Send(text.into_bytes())
}

/// A whole answer of this type.
pub fn file(kind: &str, body: &[u8]) -> Vec<Act> {
    let kind = format!("Content-Type: {kind}");
    let length = format!("Content-Length: {}", body.len());
    vec![head(200, &[&kind, &length]), Act::Send(body.to_vec())]
}

/// A redirect.
pub fn redirect(to: &str) -> Vec<Act> {
    let location = format!("Location: {to}");
    vec![head(302, &[&location, "Content-Length: 0"])]
}
