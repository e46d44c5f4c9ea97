//! An ordinary user who types raw XML, byte for byte as the test wants it.

use super::wait::SOON;
use super::xmpp::{DOMAIN, PASSWORD, Ports};
use std::io::{Read, Write};
use std::net::TcpStream;

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
             <resource>{RESOURCE}</resource></bind></iq>"
        ));
        raw.hear("</iq>");
        raw
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
