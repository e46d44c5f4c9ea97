//! The few bytes of XMPP that a measuring client needs: login, and cutting the stream into stanzas.

use crate::support::xmpp::{DOMAIN, PASSWORD, jid};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Where a client writes; clones write to the same stream, a stanza at a time.
#[derive(Clone)]
pub struct Writer(Arc<Mutex<TcpStream>>);

impl Writer {
    /// Sends whole stanzas.
    pub fn send(&self, xml: &str) {
        let mut stream = self.0.lock().expect("the stream");
        // A server that goes away is noticed by whoever waits for its answer.
        let _ = stream.write_all(xml.as_bytes());
    }

    /// Ends the session.
    pub fn leave(&self) {
        self.send("<presence type='unavailable'/></stream:stream>");
    }
}

/// Logs an account in and gives each stanza that comes, with the moment at which it had come, to
/// `ears` on a thread of its own.
pub fn log_in(
    (account, resource): (&str, &str),
    port: u16,
    mut ears: impl FnMut(&Writer, Instant, &str) + Send + 'static,
) -> Writer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the XMPP server");
    stream.set_nodelay(true).expect("no Nagle");
    let patience = Some(Duration::from_secs(10));
    stream.set_read_timeout(patience).expect("a deadline");
    let rest = negotiate(&mut stream, account, resource);
    stream.set_read_timeout(None).expect("no deadline");
    let reader = stream.try_clone().expect("a second handle");
    let writer = Writer(Arc::new(Mutex::new(stream)));
    let answers = writer.clone();
    thread::spawn(move || {
        listen(reader, rest, |at, stanza| ears(&answers, at, stanza));
    });
    writer
}

/// SASL PLAIN and a resource; gives what had come beyond the last answer.
fn negotiate(stream: &mut TcpStream, account: &str, resource: &str) -> Vec<u8> {
    let open = format!(
        "<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' \
         xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    );
    let token = base64(format!("\0{account}\0{PASSWORD}").as_bytes());
    exchange(stream, &open, "</stream:features>");
    let auth =
        format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{token}</auth>");
    exchange(stream, &auth, "<success");
    exchange(stream, &open, "</stream:features>");
    let bind = format!(
        "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
         <resource>{resource}</resource></bind></iq>"
    );
    let rest = exchange(stream, &bind, "</iq>");
    assert!(
        String::from_utf8_lossy(&rest.0).contains(&jid(account)),
        "the server binds another address"
    );
    rest.1
}

/// Sends, and reads until `end` has come; gives what came up to there, and the rest.
fn exchange(stream: &mut TcpStream, xml: &str, end: &str) -> (Vec<u8>, Vec<u8>) {
    stream.write_all(xml.as_bytes()).expect("the XMPP server");
    let mut got = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(at) = find(&got, end.as_bytes()) {
            let rest = got.split_off(at + end.len());
            return (got, rest);
        }
        let count = stream.read(&mut chunk).expect("an answer in time");
        assert!(
            count > 0,
            "the server hung up: {}",
            String::from_utf8_lossy(&got)
        );
        got.extend_from_slice(&chunk[..count]);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

fn listen(mut stream: TcpStream, first: Vec<u8>, mut ears: impl FnMut(Instant, &str)) {
    let mut cutter = Cutter {
        held: first,
        ..Cutter::default()
    };
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let at = Instant::now();
        while let Some(stanza) = cutter.next() {
            ears(at, &stanza);
        }
        match stream.read(&mut chunk) {
            Ok(count) if count > 0 => cutter.take(&chunk[..count]),
            _ => return,
        }
    }
}

/// Cuts a stream into its top-level elements. Relies on servers writing `>` only at the end of
/// tags, as Prosody does.
#[derive(Default)]
struct Cutter {
    held: Vec<u8>,
    /// Where the next element begins, up to where it was looked at, and how deep that is.
    begin: usize,
    seen: usize,
    depth: i32,
}

impl Cutter {
    fn take(&mut self, bytes: &[u8]) {
        self.held.drain(..self.begin);
        self.seen -= self.begin;
        self.begin = 0;
        self.held.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<String> {
        while let Some(end) = self.held[self.seen..].iter().position(|b| *b == b'>') {
            let end = self.seen + end + 1;
            let piece = &self.held[self.seen..end];
            let tag = piece.iter().position(|b| *b == b'<').map(|at| &piece[at..]);
            match tag {
                Some([b'<', b'/', ..]) => self.depth -= 1,
                Some([b'<', .., b'/', b'>']) | None => {}
                Some(_) => self.depth += 1,
            }
            self.seen = end;
            if self.depth <= 0 {
                let stanza = String::from_utf8_lossy(&self.held[self.begin..end]);
                self.begin = end;
                return Some(stanza.trim_start().to_owned());
            }
        }
        None
    }
}

/// The value of the first attribute of this name in the text, as it stands on the wire.
pub fn attribute<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = xml[from..].find(name) {
        let start = from + at + name.len();
        from = start;
        let rest = &xml[start..];
        let quote = match rest.as_bytes() {
            [b'=', quote @ (b'\'' | b'"'), ..] => char::from(*quote),
            _ => continue,
        };
        let before = xml[..start - name.len()].chars().next_back();
        if before.is_some_and(char::is_whitespace) {
            return rest[2..].split(quote).next();
        }
    }
    None
}

/// The first tag of an element: its own attributes are there, its children's are not.
pub fn head(xml: &str) -> &str {
    xml.split_inclusive('>').next().unwrap_or(xml)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > three.len() {
                '='
            } else {
                letter.into()
            });
        }
    }
    text
}
