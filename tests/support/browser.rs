//! Somebody who reads events over SSE, in the background.

use super::http::{Headers, read_head};
use super::wait;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number; 0 where it only passes by.
    pub id: u64,
    /// `chatapi.chat` ...
    pub name: String,
    /// Its content.
    pub data: Value,
}

impl Event {
    /// The `type` of its content.
    pub fn kind(&self) -> &str {
        self.text("type")
    }

    /// A text of its content.
    pub fn text(&self, key: &str) -> &str {
        self.data[key].as_str().unwrap_or("")
    }
}

#[derive(Default)]
struct Seen {
    events: Vec<(Event, bool)>,
    over: bool,
}

/// A reader of one stream.
pub struct Browser {
    socket: TcpStream,
    seen: Arc<Mutex<Seen>>,
}

impl Browser {
    /// Opens a stream; fails the test when it is refused.
    pub fn open(address: SocketAddr, path: &str, headers: Headers) -> Browser {
        let mut socket = TcpStream::connect(address).expect("the program");
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("Accept: text/event-stream\r\n\r\n");
        socket.write_all(head.as_bytes()).expect("a request");
        let mut stream = BufReader::new(socket.try_clone().expect("a handle"));
        let (status, _) = read_head(&mut stream).expect("a head").expect("an answer");
        assert!(status.contains(" 200 "), "{path}: {status}");
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let filled = seen.clone();
        thread::spawn(move || {
            let _ = read(&mut stream, &filled);
            lock(&filled).over = true;
        });
        Browser { socket, seen }
    }

    /// Waits for the first event not yet taken that `pick` likes, and takes it.
    pub fn wait(&self, what: &str, pick: impl Fn(&Event) -> bool) -> Event {
        let found = wait::poll(wait::SOON, || self.take(&pick));
        found.unwrap_or_else(|| panic!("never: {what}; seen: {}", self.told()))
    }

    /// Waits for an event of this type, and takes it.
    pub fn kind(&self, kind: &str) -> Event {
        self.wait(kind, |event| event.kind() == kind)
    }

    /// Takes an event that is there already.
    pub fn take(&self, pick: impl Fn(&Event) -> bool) -> Option<Event> {
        let mut seen = lock(&self.seen);
        let mut left = seen.events.iter_mut().filter(|(_, taken)| !*taken);
        let (event, taken) = left.find(|(event, _)| pick(event))?;
        *taken = true;
        Some(event.clone())
    }

    /// Waits until a second has passed in which nothing came.
    pub fn wait_quiet(&self) {
        let (mut count, mut since) = (self.events().len(), Instant::now());
        wait::until("a quiet second", wait::START, || {
            let now = self.events().len();
            if now != count {
                (count, since) = (now, Instant::now());
            }
            (since.elapsed() > Duration::from_secs(1)).then_some(())
        });
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        let seen = lock(&self.seen);
        seen.events.iter().map(|(event, _)| event.clone()).collect()
    }

    /// Waits for the end of the stream.
    pub fn wait_over(&self, within: Duration) {
        let over = || lock(&self.seen).over.then_some(());
        wait::until("the end of the stream", within, over);
    }

    fn told(&self) -> String {
        let events = self.events().into_iter();
        let list: Vec<String> = events
            .filter(|event| event.name != "chatapi.xmpp")
            .map(|event| format!("{} {}", event.name, event.data))
            .collect();
        list.join("\n")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

fn read(stream: &mut BufReader<TcpStream>, seen: &Mutex<Seen>) -> std::io::Result<()> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        if size == 0 {
            return Ok(());
        }
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk)?;
        text.push_str(&String::from_utf8_lossy(&chunk[..size]));
        while let Some((block, rest)) = text.split_once("\n\n") {
            let event = event(block);
            text = rest.to_owned();
            lock(seen).events.extend(event.map(|event| (event, false)));
        }
    }
}

/// The event of a block; none of a comment.
pub fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    Some(Event {
        data: serde_json::from_str(field("data: ")?).expect("valid JSON"),
        id: field("id: ").map_or(0, |id| id.parse().expect("a number")),
        name: field("event: ").unwrap_or("message").to_owned(),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
