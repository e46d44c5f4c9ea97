//! A peer on a plain socket that does what no real server can be brought to do.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::wait::within;

/// The opening tag of the fake; [`HANDSHAKE`] fits its id.
pub const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' from='workgroup.example.test' id='fake-id'>";
/// SHA-1 of `fake-id` and the secret of the tests, computed with the tool `sha1sum`.
pub const HANDSHAKE: &str = "<handshake>09f78da22992c0d3e2ce0805bfde7193bd7304d4</handshake>";

pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub struct Fake {
    listener: TcpListener,
    pub port: u16,
}

impl Fake {
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        Self { listener, port }
    }

    /// The next connection, before any word.
    pub async fn accept(&self) -> TcpStream {
        within("a connection", self.listener.accept())
            .await
            .expect("a connection")
            .0
    }

    /// The next connection, after a good handshake.
    pub async fn accept_and_greet(&self) -> Peer {
        let mut peer = Peer::new(self.accept().await);
        peer.greet().await;
        peer
    }
}

/// The far end of one connection.
pub struct Peer {
    socket: Box<dyn Io>,
    heard: String,
}

impl Peer {
    pub fn new(socket: impl Io + 'static) -> Self {
        Self {
            socket: Box::new(socket),
            heard: String::new(),
        }
    }

    pub async fn greet(&mut self) {
        let header = self.hear("to='workgroup.example.test'>").await;
        assert!(header.contains("xmlns='jabber:component:accept'"));
        self.say(HEADER).await;
        assert_eq!(self.hear("</handshake>").await, HANDSHAKE);
        self.say("<handshake/>").await;
    }

    pub async fn say(&mut self, xml: &str) {
        let socket = &mut self.socket;
        let said = async {
            socket.write_all(xml.as_bytes()).await?;
            socket.flush().await
        };
        within("the link to read", said).await.expect("a live link");
    }

    /// Everything up to and with `end`; what follows is kept for the next call.
    pub async fn hear(&mut self, end: &str) -> String {
        let mut from = 0;
        loop {
            if let Some(found) = self.heard[from..].find(end) {
                let at = from + found;
                let rest = self.heard.split_off(at + end.len());
                return std::mem::replace(&mut self.heard, rest);
            }
            from = self
                .heard
                .floor_char_boundary(self.heard.len().saturating_sub(end.len()));
            assert!(self.read().await > 0, "closed after {:?}", self.heard);
        }
    }

    /// Reads until the link closes, and gives back what it still said.
    pub async fn hear_all(&mut self) -> String {
        while self.read().await > 0 {}
        std::mem::take(&mut self.heard)
    }

    async fn read(&mut self) -> usize {
        let mut chunk = vec![0; 65_536];
        let read = within("the link to write", self.socket.read(&mut chunk)).await;
        let read = read.unwrap_or(0);
        self.heard
            .push_str(&String::from_utf8_lossy(&chunk[..read]));
        read
    }
}
