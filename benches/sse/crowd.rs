//! The subscribers: they count, and note how long each event took.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Load;

/// How long nothing may come before a subscriber gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of so many events one latency is kept.
const SAMPLE: usize = 16;

/// What came of it.
#[derive(Default)]
pub struct Outcome {
    pub deliveries: usize,
    pub seconds: f64,
    pub missing: usize,
    pub doubled: usize,
    pub resumed: usize,
    /// In microseconds, sorted.
    latencies: Vec<u64>,
}

impl Outcome {
    /// In milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let place = self.latencies.len().saturating_sub(1) * percent / 100;
        self.latencies.get(place).map_or(0.0, |us| *us as f64 / 1e3)
    }
}

/// One subscriber.
pub struct Reader {
    socket: TcpStream,
    rest: Vec<u8>,
    seen: Vec<bool>,
    last: u64,
    outcome: Outcome,
}

async fn connect(address: SocketAddr, last: Option<u64>) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let resume = last.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
    let head = format!(
        "GET /sse/alice HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n{resume}\r\n",
        super::server::MASTER
    );
    socket.write_all(head.as_bytes()).await.expect("a request");
    socket
}

/// Connects all of them, and waits until each has the first bytes.
pub async fn gather(address: SocketAddr, load: Load) -> Vec<Reader> {
    let mut readers = Vec::with_capacity(load.subscribers);
    for _ in 0..load.subscribers {
        let mut socket = connect(address, None).await;
        let mut first = [0_u8; 4096];
        let count = socket.read(&mut first).await.expect("an answer");
        assert!(first[..count].starts_with(b"HTTP/1.1 200"), "refused");
        readers.push(Reader {
            socket,
            rest: Vec::new(),
            seen: vec![false; load.events()],
            last: 0,
            outcome: Outcome::default(),
        });
    }
    readers
}

/// Reads until every subscriber has every event, or nothing comes any more.
pub async fn listen(readers: &mut Vec<Reader>, address: SocketAddr, load: Load) -> Outcome {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, mut reader) in std::mem::take(readers).into_iter().enumerate() {
        // Every fifth is cut off, each at another place of the middle half.
        let place = load.events() / 4 + number * 97 % (load.events() / 2).max(1);
        let cut = (number % 5 == 0).then_some(place);
        tasks.spawn(async move {
            reader.run(address, cut).await;
            reader
        });
    }
    let mut total = Outcome::default();
    while let Some(reader) = tasks.join_next().await {
        let reader = reader.expect("a subscriber");
        total.deliveries += reader.outcome.deliveries;
        total.doubled += reader.outcome.doubled;
        total.resumed += reader.outcome.resumed;
        total.missing += reader.seen.iter().filter(|seen| !**seen).count();
        total.latencies.extend(reader.outcome.latencies);
    }
    total.seconds = begun.elapsed().as_secs_f64();
    total.latencies.sort_unstable();
    total
}

impl Reader {
    async fn run(&mut self, address: SocketAddr, mut cut: Option<usize>) {
        let mut buffer = vec![0_u8; 16 * 1024];
        let all = self.seen.len();
        while self.outcome.deliveries < all {
            let read = tokio::time::timeout(PATIENCE, self.socket.read(&mut buffer)).await;
            let Ok(Ok(count)) = read else { return };
            if count == 0 {
                self.socket = connect(address, Some(self.last)).await;
                self.rest.clear();
                continue;
            }
            self.take(&buffer[..count]);
            if cut.is_some_and(|at| self.outcome.deliveries >= at) {
                cut = None;
                self.outcome.resumed += 1;
                self.socket = connect(address, Some(self.last)).await;
                self.rest.clear();
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let now = micros();
        let mut from = 0;
        while let Some(end) = find(&self.rest[from..], b"\n\n") {
            let block = &self.rest[from..from + end];
            if let Some((id, number, sent)) = event(block) {
                self.last = id;
                match self.seen.get_mut(number) {
                    Some(seen) if !*seen => {
                        *seen = true;
                        self.outcome.deliveries += 1;
                        if number % SAMPLE == 0 {
                            self.outcome.latencies.push(now.saturating_sub(sent));
                        }
                    }
                    _ => self.outcome.doubled += 1,
                }
            }
            from += end + 2;
        }
        self.rest.drain(..from);
    }
}

/// Number of the event, number within the run, and when it was published.
fn event(block: &[u8]) -> Option<(u64, usize, u64)> {
    let after = |name: &[u8]| {
        let at = find(block, name)? + name.len();
        let digits = block[at..].iter().take_while(|b| b.is_ascii_digit());
        let text: Vec<u8> = digits.copied().collect();
        String::from_utf8(text).ok()?.parse::<u64>().ok()
    };
    let number = usize::try_from(after(b"\"n\":")?).ok()?;
    Some((after(b"id: ")?, number, after(b"\"t\":")?))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// The present moment, in microseconds since 1970.
pub fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(0)
}
