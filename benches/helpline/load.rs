//! Clients who come at a steady pace, each with a word, and another one when they are answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::ledger::Ledger;
use crate::support::openchs::Gateway;

/// Opens `talks` conversations, `rate` in a second, whatever the answers do.
pub async fn open(gateway: &Gateway, ledger: &Arc<Ledger>, (talks, rate): (usize, usize)) {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / rate.max(1) as u32);
    let mut all = JoinSet::new();
    for talk in 0..talks {
        pace.tick().await;
        all.spawn(say(gateway.clone(), ledger.clone(), (talk, 0)));
    }
    while all.join_next().await.is_some() {}
}

/// A client says a word, over a connection of its own.
pub async fn say(gateway: Gateway, ledger: Arc<Ledger>, (talk, word): (usize, usize)) {
    let body = json!({
        "chat_sender": talk, "chat_session": format!("session-{talk}"), "chat_source": "WENI",
        "chat_message": format!("words {talk} {word}"), "message_id": format!("{talk}-{word}"),
    })
    .to_string();
    let request = format!(
        "POST /open/api/chat/ HTTP/1.1\r\nHost: {}\r\nAuthorization: Token {}\r\n\
         Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        gateway.address,
        gateway.token,
        body.len()
    );
    let sent = Instant::now();
    ledger.says((talk, word), sent);
    let mut stream = TcpStream::connect(gateway.address)
        .await
        .expect("a connection");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("the server");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    ledger.answered((talk, word), status.unwrap_or(0));
}
