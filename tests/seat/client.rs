//! An ordinary user who types raw XML.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::prosody::{PASSWORD, Prosody, USER};
use crate::wait::within;

/// The user's full address.
pub const ADDRESS: &str = "ann@localhost/desk";

pub struct Client {
    socket: TcpStream,
    heard: String,
}

impl Client {
    /// Logs in with PLAIN and binds the resource `desk`.
    pub async fn login(server: &Prosody) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", server.c2s))
            .await
            .expect("the client port");
        let mut client = Self {
            socket,
            heard: String::new(),
        };
        let header = "<stream:stream xmlns='jabber:client' \
            xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
        client.say(header).await;
        client.hear("</stream:features>").await;
        let token = base64(format!("\0{USER}\0{PASSWORD}").as_bytes());
        let auth = format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{token}</auth>"
        );
        client.say(&auth).await;
        client.hear("<success").await;
        client.say(header).await;
        client.hear("</stream:features>").await;
        client
            .say(
                "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
                <resource>desk</resource></bind></iq>",
            )
            .await;
        client.hear("</iq>").await;
        client
    }

    pub async fn say(&mut self, xml: &str) {
        let written = self.socket.write_all(xml.as_bytes());
        within("the server to read", written)
            .await
            .expect("a live server");
    }

    /// Everything up to and with `end`; what follows is kept for the next call.
    pub async fn hear(&mut self, end: &str) -> String {
        let mut chunk = vec![0; 65_536];
        loop {
            if let Some(at) = self.heard.find(end) {
                let rest = self.heard.split_off(at + end.len());
                return std::mem::replace(&mut self.heard, rest);
            }
            let read = within(end, self.socket.read(&mut chunk)).await;
            let read = read.expect("a live server");
            assert!(read > 0, "closed by the server after {:?}", self.heard);
            self.heard
                .push_str(&String::from_utf8_lossy(&chunk[..read]));
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = 0u32;
        for at in 0..3 {
            word = word << 8 | u32::from(chunk.get(at).copied().unwrap_or(0));
        }
        for at in 0..4 {
            let index = (word >> (18 - 6 * at)) & 63;
            let letter = char::from(ALPHABET[index as usize]);
            text.push(if at > chunk.len() { '=' } else { letter });
        }
    }
    text
}
