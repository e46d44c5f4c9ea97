//! Visitors who write: keep-alive connections that each send one message after the other.

use crate::agent::text;
use crate::answer::answer;
use crate::support::rapidpro::RapidPro;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;

/// Whom the visitors write to.
#[derive(Clone)]
pub struct Visitors {
    /// The HTTP server.
    pub address: SocketAddr,
    /// One visitor a connection.
    pub tokens: Vec<String>,
}

/// When a visitor writes the next message.
#[derive(Clone, Copy)]
pub enum Pace {
    /// As soon as the one before is answered, so many times.
    Answered(usize),
    /// When the agent has the one before, for so long.
    Delivered(Duration),
}

/// Tells a connection the numbers of its messages that the agent has.
pub type Arrivals = UnboundedReceiver<usize>;

/// What one connection did.
#[derive(Default)]
pub struct Lane {
    /// When each message went out.
    pub sent: Vec<Instant>,
    /// How long each answer took.
    pub answered: Vec<Duration>,
    /// Answers other than 201.
    pub refused: usize,
}

impl Visitors {
    /// Every visitor writes over a connection of its own. The first message of each has the number
    /// `first`.
    pub fn write(&self, pace: Pace, first: usize, arrivals: Vec<Arrivals>) -> Vec<Lane> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let each = self.tokens.iter().zip(arrivals).enumerate();
            let lanes: Vec<_> = each
                .map(|(lane, (token, arrivals))| {
                    let visitor = Visitor {
                        rapidpro: RapidPro::new(self.address),
                        token: token.clone(),
                        lane,
                    };
                    tokio::spawn(visitor.write(pace, first, arrivals))
                })
                .collect();
            let mut done = Vec::new();
            for lane in lanes {
                done.push(lane.await.expect("a visitor"));
            }
            done
        })
    }
}

struct Visitor {
    rapidpro: RapidPro,
    token: String,
    lane: usize,
}

impl Visitor {
    async fn write(self, pace: Pace, first: usize, mut arrivals: Arrivals) -> Lane {
        let address = self.rapidpro.address;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no Nagle");
        let mut lane = Lane::default();
        let begun = Instant::now();
        for number in first.. {
            let request = self.request(number);
            let sent = Instant::now();
            stream.write_all(&request).await.expect("the server");
            let status = answer(&mut stream).await;
            lane.sent.push(sent);
            lane.answered.push(sent.elapsed());
            lane.refused += usize::from(status != 201);
            let go_on = match pace {
                Pace::Answered(count) => lane.sent.len() < count,
                Pace::Delivered(time) => has(&mut arrivals, number).await && begun.elapsed() < time,
            };
            if !go_on {
                break;
            }
        }
        lane
    }

    fn request(&self, number: usize) -> Vec<u8> {
        let body = json!({"visitor": {"token": self.token}, "text": text(self.lane, number)});
        let request = self.rapidpro.request("POST", "visitor-message");
        let mut bytes = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n",
            request.method, request.path, self.rapidpro.address
        );
        for (name, value) in &request.headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = body.to_string();
        bytes.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        bytes.into_bytes()
    }
}

/// Waits until the agent has this message; false when it does not come.
async fn has(arrivals: &mut Arrivals, wanted: usize) -> bool {
    let wait = async {
        while let Some(number) = arrivals.recv().await {
            if number == wanted {
                return true;
            }
        }
        false
    };
    let came = tokio::time::timeout(Duration::from_secs(10), wait).await;
    came.unwrap_or(false)
}
