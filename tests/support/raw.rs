//! An ordinary user who types raw XML, byte for byte as the test wants it.

use super::wait::SOON;
use super::xmpp::{DOMAIN, PASSWORD, Ports};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sha1::{Digest, Sha1};

/// The resource that such a user binds.
pub const RESOURCE: &str = "raw";

/// One connection of one account.
pub struct Raw {
    socket: TcpStream,
    heard: Vec<u8>,
}

impl Raw {
    /// Logs a local account in with PLAIN and binds [`RESOURCE`]; sends no presence.
    pub fn log_in(account: &str, server: Ports) -> Raw {
        Raw::log_in_as(account, RESOURCE, server)
    }

    /// The same with a resource of the test's choice.
    pub fn log_in_as(account: &str, resource: &str, server: Ports) -> Raw {
        let socket = TcpStream::connect(("127.0.0.1", server.client)).expect("the client port");
        let patience = socket.set_read_timeout(Some(SOON));
        patience.expect("a deadline for reading");
        let mut raw = Raw {
            socket,
            heard: Vec::new(),
        };
        let header = format!(
            "<stream:stream xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{DOMAIN}' version='1.0'>"
        );
        raw.say(&header);
        raw.hear("</stream:features>");
        let token = base64(format!("\0{account}\0{PASSWORD}").as_bytes());
        raw.say(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{token}</auth>"
        ));
        raw.hear("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        raw.say(&header);
        raw.hear("</stream:features>");
        raw.say(&format!(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>{resource}</resource></bind></iq>"
        ));
        raw.hear("</iq>");
        raw
    }

    /// Connects as an external component (XEP-0114) of this domain.
    pub fn component(domain: &str, secret: &str, server: Ports) -> Raw {
        let socket = TcpStream::connect(("127.0.0.1", server.component)).expect("its port");
        let patience = socket.set_read_timeout(Some(SOON));
        patience.expect("a deadline for reading");
        let mut raw = Raw {
            socket,
            heard: Vec::new(),
        };
        raw.say(&format!(
            "<stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' to='{domain}'>"
        ));
        raw.hear("<stream:stream");
        let header = raw.hear(">");
        let from = header.split(" id='").nth(1).expect("a stream id");
        let id = from.split('\'').next().unwrap_or_default();
        let digest = Sha1::digest(format!("{id}{secret}"));
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        raw.say(&format!("<handshake>{digest}</handshake>"));
        raw.hear("<handshake");
        raw.hear(">");
        raw
    }

    /// A second way to write to it.
    pub fn pen(&self) -> TcpStream {
        self.socket.try_clone().expect("a handle")
    }

    /// The next stanza, whole; `None` when none comes for `patience`.
    pub fn stanza(&mut self, patience: Duration) -> Option<String> {
        let _ = self.socket.set_read_timeout(Some(patience));
        let mut chunk = vec![0; 65_536];
        loop {
            if let Some(end) = end_of_stanza(&self.heard) {
                let rest = self.heard.split_off(end);
                let stanza = std::mem::replace(&mut self.heard, rest);
                let text = String::from_utf8(stanza).expect("UTF-8 from the server");
                return Some(text.trim().to_owned());
            }
            match self.socket.read(&mut chunk) {
                Ok(read) if read > 0 => self.heard.extend_from_slice(&chunk[..read]),
                _ => return None,
            }
        }
    }

    /// Sends any bytes.
    pub fn say(&mut self, xml: &str) {
        self.socket
            .write_all(xml.as_bytes())
            .expect("a server that reads");
    }

    /// Everything up to and with `end`; what follows is kept for the next call. Fails the test
    /// when `end` does not come.
    pub fn hear(&mut self, end: &str) -> String {
        let mut chunk = vec![0; 65_536];
        let mut from = 0;
        loop {
            let mut windows = self.heard[from..].windows(end.len());
            if let Some(at) = windows.position(|window| window == end.as_bytes()) {
                let rest = self.heard.split_off(from + at + end.len());
                let heard = std::mem::replace(&mut self.heard, rest);
                return String::from_utf8(heard).expect("UTF-8 from the server");
            }
            from = (self.heard.len() + 1).saturating_sub(end.len());
            let read = self.socket.read(&mut chunk);
            let read = read.unwrap_or_else(|e| panic!("never heard {end:?}: {e}"));
            assert!(read > 0, "the server closed before {end:?}");
            self.heard.extend_from_slice(&chunk[..read]);
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = (word >> (18 - 6 * at)) & 63;
            let letter = char::from(ALPHABET[index as usize]);
            text.push(if at > chunk.len() { '=' } else { letter });
        }
    }
    text
}

/// Where the first whole element ends, if it is there.
fn end_of_stanza(xml: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_i32, 0);
    while let Some(begin) = xml[at..].iter().position(|byte| *byte == b'<') {
        let begin = at + begin;
        let mut quote = None;
        let inside = xml[begin..].iter().position(|byte| {
            match (quote, *byte) {
                (None, b'\'' | b'"') => quote = Some(*byte),
                (Some(open), byte) if open == byte => quote = None,
                (None, b'>') => return true,
                _ => {}
            }
            false
        });
        let end = begin + inside?;
        depth += match (xml[begin + 1], xml[end - 1]) {
            (b'/', _) => -1,
            (_, b'/') => 0,
            _ => 1,
        };
        at = end + 1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}
