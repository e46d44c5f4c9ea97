//! An HTTP client that sends the bytes that it is given, on one connection.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{}: {e}", self.head))
    }

    /// The text of a JSON error, after a look at all that mailroom's client needs of one.
    pub fn error(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"));
        for ruinous in ["retry-after", "location"] {
            assert_eq!(self.header(ruinous), None);
        }
        assert!(!(502..=504).contains(&self.status));
        let text = self.json()["error"].as_str().map(str::to_owned);
        text.filter(|text| !text.is_empty()).expect("an error text")
    }
}

/// Waits, but not for ever.
pub async fn soon<F: Future>(what: F) -> F::Output {
    let deadline = Duration::from_secs(20);
    tokio::time::timeout(deadline, what).await.expect("in time")
}

impl Connection {
    pub async fn open(to: SocketAddr) -> Self {
        let stream = soon(TcpStream::connect(to)).await.unwrap();
        let buffer = Vec::new();
        Self { stream, buffer }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.unwrap();
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        // A server may answer and hang up before it has read all of a large body.
        let _ = soon(self.stream.write_all(bytes.as_ref())).await;
        self.answer().await
    }

    pub async fn answer(&mut self) -> Answer {
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            assert_ne!(self.read().await, 0, "no answer");
        };
        let rest = self.buffer.split_off(end);
        let head = String::from_utf8(std::mem::replace(&mut self.buffer, rest)).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer {
            status,
            head,
            body: Vec::new(),
        };
        let length = answer.header("content-length").unwrap_or("0");
        let length: usize = length.parse().unwrap();
        while self.buffer.len() < length {
            assert_ne!(self.read().await, 0, "half an answer");
        }
        let rest = self.buffer.split_off(length);
        answer.body = std::mem::replace(&mut self.buffer, rest);
        answer
    }

    async fn read(&mut self) -> usize {
        soon(self.stream.read_buf(&mut self.buffer)).await.unwrap()
    }
}
