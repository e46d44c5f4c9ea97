//! One HTTP/1.1 exchange, byte for byte as the test wants it (a GET with a body, broken UTF-8 ...).

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Names and values, in the order of the wire.
pub type Headers = Vec<(String, String)>;

/// What goes out. The body's length is always announced.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// GET, POST ...
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Beside `Host` and `Content-Length`.
    pub headers: Headers,
    /// As it is.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, path: &str) -> Request {
        Request {
            method: method.into(),
            path: path.into(),
            ..Request::default()
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body and says that it is JSON.
    pub fn json(self, body: impl AsRef<[u8]>) -> Request {
        let mut request = self.header("Content-Type", "application/json");
        request.body = body.as_ref().to_vec();
        request
    }

    /// Sends it over a connection of its own and reads the answer.
    pub fn send(&self, to: SocketAddr) -> std::io::Result<Reply> {
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let head = format!("{}Connection: close\r\n\r\n", self.head(to));
        let sent = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(&self.body));
        // A server may refuse an overlong body before it has read it all; its answer counts.
        read_reply(&mut BufReader::new(&stream)).or_else(|e| sent.and(Err(e)))
    }

    /// Sends it over an open connection, which stays open (keep-alive).
    pub fn send_over(&self, stream: &mut BufReader<TcpStream>) -> std::io::Result<Reply> {
        let to = stream.get_ref().peer_addr()?;
        let mut bytes = format!("{}\r\n", self.head(to)).into_bytes();
        bytes.extend_from_slice(&self.body);
        stream.get_mut().write_all(&bytes)?;
        read_reply(stream)
    }

    /// Sends it over a connection of its own, and is gone before there is an answer.
    pub fn send_only(&self, to: SocketAddr) {
        let mut stream = TcpStream::connect(to).expect("a connection");
        let head = format!("{}\r\n", self.head(to));
        let sent = stream.write_all(&[head.as_bytes(), &self.body].concat());
        sent.expect("sent");
    }

    fn head(&self, to: SocketAddr) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {to}\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        head
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Headers,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON; fails the test when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("status {}: the body is no JSON: {e}", self.status))
    }

    /// The string under `key` of a JSON body; fails the test when there is none.
    pub fn string(&self, key: &str) -> String {
        let json = self.json();
        let value = json.get(key).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("status {}: no string {key:?}", self.status))
            .to_owned()
    }
}

/// The value of a header, by its name in lower case.
pub fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value.as_str())
}

/// Reads a start line and headers; `None` at the end of the stream.
pub fn read_head(stream: &mut impl BufRead) -> std::io::Result<Option<(String, Headers)>> {
    let mut first = String::new();
    if stream.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_lowercase(), value.trim().to_owned())),
            None => return Ok(Some((first.trim_end().to_owned(), headers))),
        }
    }
}

/// Reads as many bytes as `content-length` says, or chunks, or to the end of the stream.
pub fn read_body(
    stream: &mut impl BufRead,
    headers: &[(String, String)],
    to_end: bool,
) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if find(headers, "transfer-encoding") == Some("chunked") {
        return read_chunks(stream);
    }
    match find(headers, "content-length").and_then(|n| n.parse().ok()) {
        Some(length) => {
            body.resize(length, 0);
            stream.read_exact(&mut body)?;
        }
        None if to_end => {
            stream.read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(body)
}

fn read_chunks(stream: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim_end().split(';').next().unwrap_or(""), 16)
            .map_err(|_| std::io::ErrorKind::InvalidData)?;
        stream.by_ref().take(size as u64).read_to_end(&mut body)?;
        line.clear();
        stream.read_line(&mut line)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_reply(stream: &mut impl BufRead) -> std::io::Result<Reply> {
    let (first, headers) = read_head(stream)?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or(std::io::ErrorKind::InvalidData)?;
    let to_end = status != 204 && status != 304;
    let body = read_body(stream, &headers, to_end)?;
    Ok(Reply {
        status,
        headers,
        body,
    })
}
