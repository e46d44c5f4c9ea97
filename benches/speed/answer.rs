//! What a server answers over a connection that stays open.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Reads one answer whole and gives its status.
pub async fn answer(stream: &mut TcpStream) -> u16 {
    let mut got = Vec::with_capacity(512);
    loop {
        if let Some(status) = whole(&got) {
            return status;
        }
        let count = stream.read_buf(&mut got).await.expect("an answer");
        assert!(count > 0, "the server closed a kept-alive connection");
    }
}

/// The status of an answer that is there in full.
fn whole(bytes: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    (body.len() >= length.unwrap_or(0)).then_some(status)
}
