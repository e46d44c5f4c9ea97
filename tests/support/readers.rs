//! Many readers of events over SSE, light enough for hundreds in one process. They come back by
//! themselves with `Last-Event-ID`, as browsers do.

use super::browser::{Event, event};
use super::patience::linger;
use super::wait;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// How long a reader waits before it comes back.
const PAUSE: Duration = Duration::from_millis(100);

/// What one reader has had.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The texts that count, in the order in which they came.
    pub texts: Vec<String>,
    /// The highest number.
    pub last: u64,
    /// Events whose number was not higher than the one before.
    pub disorder: usize,
    /// How often it was let in.
    pub visits: usize,
    /// Whether it was told not to come back.
    pub over: bool,
}

/// What of an event counts.
pub type Pick = fn(&Event) -> Option<String>;

/// The readers.
pub struct Crowd {
    heard: Vec<Arc<Mutex<Heard>>>,
    _runtime: Runtime,
}

impl Crowd {
    /// One reader for each path, all with the same `Authorization`, if any; waits until each was let in.
    pub fn gather(address: SocketAddr, (paths, header): (&[String], &str), pick: Pick) -> Crowd {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let header = match header {
            "" => String::new(),
            value => format!("Authorization: {value}\r\n"),
        };
        let mut heard = Vec::new();
        for path in paths {
            let mine: Arc<Mutex<Heard>> = Arc::default();
            let reader = Reader {
                address,
                head: format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}"),
                heard: mine.clone(),
                pick,
            };
            runtime.spawn(reader.run());
            heard.push(mine);
        }
        let crowd = Crowd {
            heard,
            _runtime: runtime,
        };
        wait::until("every reader is let in", wait::START, || {
            crowd.heard().iter().all(|one| one.visits > 0).then_some(())
        });
        crowd
    }

    /// What each of them has had.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.iter().map(|one| lock(one).clone()).collect()
    }

    /// Waits until each of them has heard this many texts.
    pub fn wait_for(&self, count: usize, within: Duration) {
        let all = || self.heard.iter().all(|one| lock(one).texts.len() >= count);
        if wait::poll(within, || all().then_some(())).is_none() {
            let mut behind = self.heard();
            behind.retain(|one| one.texts.len() < count);
            let first = behind.first().cloned().unwrap_or_default();
            panic!(
                "{} have not heard {count}; one of them, let in {} times: {:?}",
                behind.len(),
                first.visits,
                first.texts
            );
        }
    }
}

struct Reader {
    address: SocketAddr,
    head: String,
    heard: Arc<Mutex<Heard>>,
    pick: Pick,
}

impl Reader {
    async fn run(self) {
        while !lock(&self.heard).over {
            // However it ends, it is to be gone on with.
            let _ = self.visit().await;
            linger(PAUSE).await;
        }
    }

    async fn visit(&self) -> std::io::Result<()> {
        let mut socket = TcpStream::connect(self.address).await?;
        let place = match lock(&self.heard).last {
            0 => String::new(),
            last => format!("Last-Event-ID: {last}\r\n"),
        };
        let head = format!("{}{place}\r\n", self.head);
        socket.write_all(head.as_bytes()).await?;
        let mut text = String::new();
        let mut buffer = vec![0_u8; 16 * 1024];
        let mut inside = false;
        loop {
            let count = socket.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            // Chunks end with whole events, so that no letter is cut through.
            text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            if !inside {
                let Some((answer, rest)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                if !self.let_in(answer) {
                    return Ok(());
                }
                text = rest.to_owned();
                inside = true;
            }
            while let Some((block, rest)) = text.split_once("\n\n") {
                self.take(block);
                text = rest.to_owned();
            }
        }
    }

    fn let_in(&self, answer: &str) -> bool {
        let mut heard = lock(&self.heard);
        heard.over = answer.starts_with("HTTP/1.1 204");
        let inside = answer.starts_with("HTTP/1.1 200");
        heard.visits += usize::from(inside);
        inside
    }

    fn take(&self, block: &str) {
        let Some(event) = event(block) else { return };
        let mut heard = lock(&self.heard);
        if event.id > 0 {
            heard.disorder += usize::from(event.id <= heard.last);
            heard.last = heard.last.max(event.id);
        }
        heard.texts.extend((self.pick)(&event));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
