//! The platform at its busiest: kept-alive connections, each with one signed webhook under way.

use crate::report::{Times, Usage};
use crate::support::yalo::SIGNING;
use ring::hmac;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Connections.
pub const LANES: usize = 64;
/// Visitors that each connection tells of in turn.
pub const VISITORS: usize = 16;
/// As long as a message of WhatsApp's usually is.
const TEXT: &str =
    "Puedo ayudarte a solicitar ayuda, realizar un abono o dar seguimiento a un pedido.";

/// What became of it.
#[derive(Default)]
pub struct Outcome {
    /// Of each webhook that was answered 200 while it was measured.
    pub times: Vec<Duration>,
    /// Answered 200 since the start, by visitor.
    pub taken: BTreeMap<String, usize>,
    /// Answers other than 200.
    pub refused: usize,
    /// Seconds of a core for each webhook, by process.
    pub cpu: Vec<f64>,
}

impl Outcome {
    /// All that were answered 200.
    pub fn total(&self) -> usize {
        self.taken.values().sum()
    }

    /// How many were answered 200 in a second.
    pub fn rate(&self, time: Duration) -> f64 {
        self.times.len() as f64 / time.as_secs_f64()
    }

    /// The times, sorted.
    pub fn sorted(&self) -> Times {
        Times::new(self.times.iter().copied())
    }
}

/// Sends for `warm`, and then measures for `time`; `pids` are the processes whose use of the cores
/// is counted meanwhile.
pub fn send(address: SocketAddr, (warm, time): (Duration, Duration), pids: &[u32]) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let begin = Instant::now() + warm;
        let span = (begin, begin + time);
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| tokio::spawn(one_after_the_other(address, lane, span)))
            .collect();
        tokio::time::sleep_until(begin.into()).await;
        let before: Vec<Usage> = pids.iter().map(|pid| Usage::of(*pid)).collect();
        tokio::time::sleep_until(span.1.into()).await;
        let used = pids.iter().zip(&before);
        let used: Vec<f64> = used
            .map(|(pid, before)| Usage::of(*pid).since(before))
            .collect();
        let mut all = Outcome::default();
        for lane in lanes {
            let lane = lane.await.expect("a connection");
            all.times.extend(lane.times);
            all.taken.extend(lane.taken);
            all.refused += lane.refused;
        }
        let each = all.times.len().max(1) as f64;
        all.cpu = used.iter().map(|seconds| seconds / each).collect();
        all
    })
}

async fn one_after_the_other(
    address: SocketAddr,
    lane: usize,
    (begin, end): (Instant, Instant),
) -> Outcome {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no Nagle");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SIGNING.as_bytes());
    let mut outcome = Outcome::default();
    for number in 0.. {
        let user = visitor(lane, number % VISITORS);
        let request = webhook(&key, &user, number);
        let sent = Instant::now();
        if sent >= end {
            break;
        }
        stream.write_all(&request).await.expect("the server");
        if answer(&mut stream).await != 200 {
            outcome.refused += 1;
            continue;
        }
        let answered = Instant::now();
        *outcome.taken.entry(user).or_default() += 1;
        if sent >= begin && answered <= end {
            outcome.times.push(answered - sent);
        }
    }
    outcome
}

fn visitor(lane: usize, number: usize) -> String {
    format!("52155{lane:04}{number:04}")
}

fn webhook(key: &hmac::Key, user: &str, number: usize) -> Vec<u8> {
    let now = jiff::Timestamp::now().as_millisecond();
    let body = format!(
        r#"{{"from":"{user}","id":"ABGHUhVXNzUALwIQZWnm{user}{number:08}","timestamp":"{now}","type":"text","text":{{"body":"{TEXT}"}}}}"#
    );
    let signed = hmac::sign(key, body.as_bytes());
    let signature: String = signed.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let head = format!(
        "POST /v1/integrations/whatsapp/webhook HTTP/1.1\r\nHost: bench\r\n\
         Content-Type: application/json\r\nx-yalochat-signature: {signature}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}

/// Reads one answer whole and gives its status.
async fn answer(stream: &mut TcpStream) -> u16 {
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
