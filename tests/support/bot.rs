//! The bot's side: an HTTP server that records every callback and answers as the test says.

use super::http::{Headers, find, read_body, read_head};
use super::wait;
use serde_json::Value;
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Callback {
    /// When it had arrived in full.
    pub at: Instant,
    /// POST, GET ...
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Headers,
    /// The body as JSON, or null when it is none.
    pub body: Value,
    /// The status it was answered with.
    pub answered: u16,
}

impl Callback {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// `agent-message`, `close-room` ...
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or("")
    }

    /// The text of an agent's message.
    pub fn text(&self) -> &str {
        self.body["data"]["text"].as_str().unwrap_or("")
    }

    /// Whether the bot has taken it (2xx).
    pub fn taken(&self) -> bool {
        (200..300).contains(&self.answered)
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Further headers, `Content-Type` among them if it is not JSON.
    pub headers: Headers,
    /// The body.
    pub body: String,
    /// How long the bot thinks before it answers.
    pub delay: Duration,
}

impl Answer {
    /// A JSON answer at once.
    pub fn new(status: u16, body: &str) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// What mailroom answers to a callback it has handled.
    pub fn handled() -> Answer {
        Answer::new(200, r#"{"status":"handled"}"#)
    }

    /// A refusal with this status.
    pub fn error(status: u16) -> Answer {
        Answer::new(status, r#"{"error":"as the test wants it"}"#)
    }

    /// The same after a while.
    pub fn after(mut self, delay: Duration) -> Answer {
        self.delay = delay;
        self
    }
}

type Rule = Arc<dyn Fn(&Callback) -> Answer + Send + Sync>;

struct Shared {
    callbacks: Mutex<Vec<Callback>>,
    rule: Mutex<Rule>,
    /// Open connections; `None` while connections are refused.
    open: Mutex<Option<Vec<TcpStream>>>,
}

/// A running bot.
pub struct HttpBot {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<thread::JoinHandle<()>>,
}

impl HttpBot {
    /// Starts one on a free port that takes everything.
    pub fn start() -> HttpBot {
        let shared = Arc::new(Shared {
            callbacks: Mutex::default(),
            rule: Mutex::new(Arc::new(|_| Answer::handled())),
            open: Mutex::new(None),
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port for the bot");
        let address = listener.local_addr().expect("its address");
        let mut bot = HttpBot {
            address,
            shared,
            acceptor: None,
        };
        bot.serve(listener);
        bot
    }

    /// The URL of a path on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on every request is answered so.
    pub fn answer(&self, answer: Answer) {
        self.answer_with(move |_| answer.clone());
    }

    /// From now on requests are answered by this rule.
    pub fn answer_with(&self, rule: impl Fn(&Callback) -> Answer + Send + Sync + 'static) {
        *lock(&self.shared.rule) = Arc::new(rule);
    }

    /// Closes the port and every connection.
    pub fn refuse(&mut self) {
        let open = lock(&self.shared.open).take().unwrap_or_default();
        for stream in open {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(acceptor) = self.acceptor.take() {
            // Wakes the acceptor, which then sees that it is to end.
            let _ = TcpStream::connect(self.address);
            let _ = acceptor.join();
        }
    }

    /// Opens the same port again.
    pub fn accept_again(&mut self) {
        let address = self.address;
        let listener = wait::until("the bot's port is free again", wait::SOON, || {
            TcpListener::bind(address).ok()
        });
        self.serve(listener);
    }

    /// Every request so far, those that were answered with an error too.
    pub fn callbacks(&self) -> Vec<Callback> {
        lock(&self.shared.callbacks).clone()
    }

    /// The requests that were answered with 2xx.
    pub fn taken(&self) -> Vec<Callback> {
        self.callbacks()
            .into_iter()
            .filter(Callback::taken)
            .collect()
    }

    /// Waits until at least `count` requests were taken, and gives all that were.
    pub fn wait_for(&self, count: usize, within: Duration) -> Vec<Callback> {
        let taken = wait::poll(within, || {
            Some(self.taken()).filter(|taken| taken.len() >= count)
        });
        taken.unwrap_or_else(|| {
            let (got, all) = (self.taken().len(), self.callbacks().len());
            panic!("not within {within:?}: {count} callbacks; {got} taken of {all} requests")
        })
    }

    /// Waits until `pick` finds what it looks for among all requests.
    pub fn wait_until<T>(&self, what: &str, mut pick: impl FnMut(&[Callback]) -> Option<T>) -> T {
        wait::until(what, wait::SOON, || pick(&self.callbacks()))
    }

    fn serve(&mut self, listener: TcpListener) {
        *lock(&self.shared.open) = Some(Vec::new());
        let shared = Arc::clone(&self.shared);
        self.acceptor = Some(thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(open) = &mut *lock(&shared.open) else {
                    break;
                };
                open.extend(stream.try_clone());
                let shared = Arc::clone(&shared);
                thread::spawn(move || converse(stream, &shared));
            }
        }));
    }
}

impl Drop for HttpBot {
    fn drop(&mut self) {
        self.refuse();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Answers the requests of one connection until it ends.
fn converse(stream: TcpStream, shared: &Shared) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (first, headers) = read_head(&mut reader).ok()??;
        let body = read_body(&mut reader, &headers, false).ok()?;
        let mut words = first.split(' ');
        let mut callback = Callback {
            at: Instant::now(),
            method: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            answered: 0,
        };
        let rule = Arc::clone(&lock(&shared.rule));
        let answer = rule(&callback);
        callback.answered = answer.status;
        let delay = answer.delay;
        lock(&shared.callbacks).push(callback);
        if !delay.is_zero() {
            wait::poll(delay, || None::<()>);
        }
        reader.get_mut().write_all(&bytes_of(&answer)).ok()?;
    }
}

fn bytes_of(answer: &Answer) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Test\r\n", answer.status);
    if !answer
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        head.push_str("Content-Type: application/json\r\n");
    }
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "Content-Length: {}\r\n\r\n{}",
        answer.body.len(),
        answer.body
    ));
    head.into_bytes()
}
