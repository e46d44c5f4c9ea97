//! The sending half of one connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::outlet::Outgoing;

/// Bytes after which a batch goes to the socket even if more is waiting.
const BATCH: usize = 64 * 1024;

/// Writes until the queue is closed and empty, then closes the stream.
pub(super) async fn write_all<W: AsyncWrite + Unpin>(
    mut socket: W,
    mut queue: UnboundedReceiver<Outgoing>,
    keepalive: Duration,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let mut batch = Vec::new();
        match timeout(keepalive, queue.recv()).await {
            Err(_silence) => bytes.push(b' '),
            Ok(None) => break,
            Ok(Some(first)) => {
                bytes.extend_from_slice(first.xml.as_bytes());
                batch.push(first);
                while bytes.len() < BATCH
                    && let Ok(next) = queue.try_recv()
                {
                    bytes.extend_from_slice(next.xml.as_bytes());
                    batch.push(next);
                }
            }
        }
        socket.write_all(&bytes).await?;
        socket.flush().await?;
    }
    socket.write_all(b"</stream:stream>").await?;
    socket.flush().await
}
