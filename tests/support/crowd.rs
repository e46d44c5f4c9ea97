//! A crowd of visitors at XMPP clients: all of them behind one external component, as a gateway's are.

use super::raw::Raw;
use super::wait;
use super::xmpp::{Ports, SECRET, workgroup};
use std::collections::HashMap;
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

const FASTPATH: &str = "http://jabber.org/protocol/workgroup";
/// How long the crowd listens at a time before it looks whether it is over.
const BREATH: Duration = Duration::from_millis(500);

/// A place in the line, and when it was told.
pub type Told = (Instant, u32);

/// What came for the visitors.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The places that each was told without asking.
    pub pushed: HashMap<usize, Vec<Told>>,
    /// The places that polls were answered with.
    pub polled: HashMap<usize, Vec<Told>>,
    /// Who was told that the wait is over.
    pub departed: HashMap<usize, Instant>,
    /// When each request was answered with success, by its id.
    pub results: HashMap<String, Instant>,
    /// What was refused.
    pub errors: Vec<String>,
    over: bool,
}

/// All visitors of one component.
pub struct Crowd {
    domain: String,
    pen: Mutex<TcpStream>,
    seen: Arc<Mutex<Seen>>,
}

impl Crowd {
    /// Connects the component; the server must know its domain.
    pub fn start(domain: &str, server: Ports) -> Crowd {
        let mut link = Raw::component(domain, SECRET, server);
        let pen = Mutex::new(link.pen());
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let filled = seen.clone();
        thread::spawn(move || {
            while !lock(&filled).over {
                while let Some(stanza) = link.stanza(BREATH) {
                    lock(&filled).take(Instant::now(), &stanza);
                }
            }
        });
        Crowd {
            domain: domain.to_owned(),
            pen,
            seen,
        }
    }

    /// A visitor asks for an agent; the request's id is `join` and the number.
    pub fn join(&self, visitor: usize) {
        let queue = format!("<join-queue xmlns='{FASTPATH}'><queue-notifications/></join-queue>");
        self.ask(visitor, ("set", "join"), &queue);
    }

    /// A visitor asks for the place; the request's id is `poll` and the number.
    pub fn poll(&self, visitor: usize) {
        let status = format!("<queue-status xmlns='{FASTPATH}'/>");
        self.ask(visitor, ("get", "poll"), &status);
    }

    /// A visitor leaves the line; the request's id is `depart` and the number.
    pub fn depart(&self, visitor: usize) {
        let depart = format!("<depart-queue xmlns='{FASTPATH}'/>");
        self.ask(visitor, ("set", "depart"), &depart);
    }

    fn ask(&self, visitor: usize, (kind, id): (&str, &str), payload: &str) {
        let (domain, to) = (&self.domain, workgroup("support"));
        let stanza = format!(
            "<iq type='{kind}' id='{id}{visitor}' from='v{visitor}@{domain}/web' to='{to}'>\
             {payload}</iq>"
        );
        let sent = lock(&self.pen).write_all(stanza.as_bytes());
        sent.expect("a server that reads");
    }

    /// What came so far.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&lock(&self.seen))
    }

    /// Waits until `count` requests of a kind were answered with success.
    pub fn answered(&self, kind: &str, count: usize, within: Duration) {
        let answered = |seen: &Seen| {
            let of_kind = seen.results.keys().filter(|id| id.starts_with(kind));
            of_kind.count()
        };
        let all = wait::poll(within, || (self.seen(answered) >= count).then_some(()));
        all.unwrap_or_else(|| {
            let (got, errors) = self.seen(|seen| (answered(seen), seen.errors.clone()));
            let some = errors.iter().take(3).collect::<Vec<_>>();
            panic!("not within {within:?}: {count} {kind}s, only {got}; refused: {some:?}")
        });
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        lock(&self.seen).over = true;
        let _ = lock(&self.pen).write_all(b"</stream:stream>");
    }
}

impl Seen {
    fn take(&mut self, at: Instant, stanza: &str) {
        let head = stanza.split('>').next().unwrap_or("");
        let Some(visitor) = attribute(head, "to").and_then(number) else {
            return;
        };
        let place = text(stanza, "position").and_then(|place| place.parse().ok());
        match (attribute(head, "type"), place) {
            (Some("error"), _) => self.errors.push(stanza.to_owned()),
            (Some("result"), _) => {
                let id = attribute(head, "id").unwrap_or_default().to_owned();
                if let Some(place) = place {
                    self.polled.entry(visitor).or_default().push((at, place));
                }
                self.results.insert(id, at);
            }
            (_, Some(place)) => self.pushed.entry(visitor).or_default().push((at, place)),
            (_, None) if stanza.contains("<depart-queue") => {
                self.departed.insert(visitor, at);
            }
            _ => {}
        }
    }
}

/// The number in `v7@...`.
fn number(to: &str) -> Option<usize> {
    to.strip_prefix('v')?.split('@').next()?.parse().ok()
}

fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = head.split_once(&format!(" {name}="))?;
    let quote = rest.chars().next()?;
    rest.get(1..)?.split(quote).next()
}

fn text<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = stanza.split_once(&format!("<{name}>"))?;
    rest.split('<').next()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
