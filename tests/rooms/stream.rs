//! A TCP connection that gives one stanza after the other; raw, so that nothing of the program
//! stands between the rooms and the server.

use minidom::Element;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const TURN: Duration = Duration::from_millis(20);

pub struct Stream {
    socket: TcpStream,
    buffer: String,
    partial: Vec<u8>,
    pub open: bool,
}

impl Stream {
    pub fn connect(port: u16) -> Stream {
        let socket = TcpStream::connect(("127.0.0.1", port)).expect("a server");
        socket.set_read_timeout(Some(TURN)).expect("a timeout");
        socket.set_nodelay(true).expect("no delay");
        Stream {
            socket,
            buffer: String::new(),
            partial: Vec::new(),
            open: true,
        }
    }

    pub fn send(&mut self, xml: &str) {
        if self.socket.write_all(xml.as_bytes()).is_err() {
            self.open = false;
        }
    }

    /// Reads what is there; waits a moment if nothing is.
    fn read(&mut self) {
        let mut chunk = [0; 65_536];
        match self.socket.read(&mut chunk) {
            Ok(0) => self.open = false,
            Ok(count) => {
                self.partial.extend_from_slice(&chunk[..count]);
                let whole = match std::str::from_utf8(&self.partial) {
                    Ok(text) => text.len(),
                    Err(e) => e.valid_up_to(),
                };
                let text: Vec<u8> = self.partial.drain(..whole).collect();
                self.buffer += std::str::from_utf8(&text).expect("checked");
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.open = false,
        }
    }

    /// Everything up to and with `end`; nothing if the connection ends before.
    pub fn until(&mut self, end: &str) -> Option<String> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.open {
            if let Some(at) = self.buffer.find(end) {
                let rest = self.buffer.split_off(at + end.len());
                return Some(std::mem::replace(&mut self.buffer, rest));
            }
            assert!(Instant::now() < deadline, "no {end}");
            self.read();
        }
        None
    }

    /// The next stanza, if one is there or comes within a moment.
    pub fn stanza(&mut self) -> Option<Element> {
        if first_end(&self.buffer).is_none() && self.open {
            self.read();
        }
        let end = first_end(&self.buffer)?;
        let rest = self.buffer.split_off(end);
        let text = std::mem::replace(&mut self.buffer, rest);
        Some(parse(text.trim_start()))
    }
}

/// A top-level element as a stanza in `jabber:client`.
pub fn parse(text: &str) -> Element {
    let name = text
        .find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
        .expect("a name");
    let (head, tail) = text.split_at(name);
    let tag = &text[..text.find('>').expect("an end")];
    let own = tag.contains(" xmlns=") || head.contains(':');
    let declared = if own { "" } else { " xmlns='jabber:client'" };
    let stream = " xmlns:stream='http://etherx.jabber.org/streams'";
    let whole = format!("{head}{declared}{stream}{tail}");
    whole.parse().unwrap_or_else(|e| panic!("{e}: {whole}"))
}

/// Where the first top-level element ends.
fn first_end(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = text.find('<')?;
    loop {
        let end = at + tag_end(&text[at..])?;
        let tag = &text[at..end];
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !tag.ends_with("/>") && !tag.starts_with("<?") {
            depth += 1;
        }
        if depth == 0 && !tag.starts_with("<?") {
            return Some(end);
        }
        at = end + text[end..].find('<')?;
    }
}

fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '>') => return Some(at + 1),
            _ => {}
        }
    }
    None
}
