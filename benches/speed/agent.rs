//! An agent who answers at once: accepts every offer, enters every room, and tells what came when.

use crate::support::xmpp::workgroup;
use crate::wire::{self, Writer, attribute, head};
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

const FASTPATH: &str = "http://jabber.org/protocol/workgroup";

/// How long anything may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an agent noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An offer came.
    Offered,
    /// The answer to it goes out.
    Accepts,
    /// The first invitation to this room came.
    Invited(String),
    /// The visitor's occupant shows itself.
    SeesVisitor,
    /// The room says that the agent is in.
    Inside(String),
    /// The room is gone.
    Gone,
    /// A numbered message (`words N M`) was said in a room.
    Heard(usize, usize),
    /// The workgroup sent its presence.
    Greeted,
}

/// When, and what.
pub type Noticed = (Instant, News);

/// One agent on duty.
pub struct Agent {
    writer: Writer,
    nick: String,
}

impl Agent {
    /// Logs in.
    pub fn log_in((account, resource): (&str, &str), port: u16, news: &Mailbox) -> Agent {
        let mut ears = Ears {
            nick: account.to_owned(),
            rooms: HashSet::new(),
            news: news.sender.clone(),
        };
        let writer = wire::log_in((account, resource), port, move |writer, at, stanza| {
            ears.hear(writer, at, stanza);
        });
        writer.send("<presence><show>chat</show></presence>");
        let nick = account.to_owned();
        Agent { writer, nick }
    }

    /// Goes on duty in the workgroup `support`, by plain presence or as a Fastpath client; returns
    /// when the workgroup has answered.
    pub fn on_duty(account: &str, port: u16, fastpath: bool, news: &Mailbox) -> Agent {
        let resource = if fastpath { "fastpath" } else { "desk" };
        let agent = Agent::log_in((account, resource), port, news);
        let support = workgroup("support");
        let status = if fastpath {
            format!("<agent-status xmlns='{FASTPATH}'><max-chats>200</max-chats></agent-status>")
        } else {
            String::new()
        };
        agent.writer.send(&format!(
            "<presence type='subscribe' to='{support}'/>\
             <presence to='{support}'><show>chat</show>{status}</presence>"
        ));
        news.wait(&News::Greeted);
        agent
    }

    /// Where the agent writes.
    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// Enters a room without being asked.
    pub fn enter(&self, room: &str) {
        self.writer.send(&join(room, &self.nick));
    }

    /// Logs out.
    pub fn leave(self) {
        let support = workgroup("support");
        let off = format!("<presence type='unavailable' to='{support}'/>");
        self.writer.send(&off);
        self.writer.leave();
    }
}

/// Where the agents' news arrive.
pub struct Mailbox {
    sender: Sender<Noticed>,
    news: Receiver<Noticed>,
}

impl Mailbox {
    /// An empty one.
    pub fn new() -> Mailbox {
        let (sender, news) = std::sync::mpsc::channel();
        Mailbox { sender, news }
    }

    /// The next news; fails the measurement when none comes.
    pub fn next(&self, wanted: &str) -> Noticed {
        let next = self.news.recv_timeout(PATIENCE);
        next.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {wanted}"))
    }

    /// The next news within `patience`.
    pub fn next_within(&self, patience: Duration) -> Result<Noticed, RecvTimeoutError> {
        self.news.recv_timeout(patience)
    }

    /// Passes over everything until this.
    pub fn wait(&self, wanted: &News) {
        while self.next(&format!("{wanted:?}")).1 != *wanted {}
    }
}

struct Ears {
    nick: String,
    rooms: HashSet<String>,
    news: Sender<Noticed>,
}

impl Ears {
    fn tell(&self, at: Instant, news: News) {
        // Nobody listens any more when a measurement is over.
        let _ = self.news.send((at, news));
    }

    fn hear(&mut self, writer: &Writer, at: Instant, stanza: &str) {
        let from = attribute(head(stanza), "from").unwrap_or("");
        if stanza.starts_with("<message") {
            self.message(writer, (at, from), stanza);
        } else if stanza.starts_with("<presence") {
            self.presence(writer, (at, from), stanza);
        } else if stanza.starts_with("<iq") {
            self.request(writer, (at, from), stanza);
        }
    }

    fn message(&mut self, writer: &Writer, (at, from): (Instant, &str), stanza: &str) {
        if attribute(head(stanza), "type") == Some("groupchat") {
            if let Some((room, number)) = words(stanza) {
                self.tell(at, News::Heard(room, number));
            }
        } else if stanza.contains("urn:xmpp:tmp:quick-response") {
            self.tell(at, News::Offered);
            self.tell(Instant::now(), News::Accepts);
            writer.send(&format!(
                "<message to='{from}' type='chat'><body>accept</body></message>"
            ));
        } else if stanza.contains("jabber:x:conference") || stanza.contains("<invite") {
            let room = attribute(stanza, "jid").filter(|jid| jid.contains("@conference"));
            let room = room.unwrap_or(from).to_owned();
            // Two kinds of invitation are sent; the first one counts.
            if self.rooms.insert(room.clone()) {
                writer.send(&join(&room, &self.nick));
                self.tell(at, News::Invited(room));
            }
        }
    }

    fn presence(&mut self, writer: &Writer, (at, from): (Instant, &str), stanza: &str) {
        let (room, nick) = from.split_once('/').unwrap_or((from, ""));
        match attribute(head(stanza), "type") {
            Some("subscribe") => {
                writer.send(&format!("<presence type='subscribed' to='{room}'/>"));
            }
            Some("unavailable") if nick == self.nick => {
                self.rooms.remove(room);
                self.tell(at, News::Gone);
            }
            None if room == workgroup("support") => self.tell(at, News::Greeted),
            None if nick == self.nick && stanza.contains("110") => {
                self.tell(at, News::Inside(room.to_owned()));
            }
            None if nick.starts_with("Visitor") => self.tell(at, News::SeesVisitor),
            _ => {}
        }
    }

    fn request(&mut self, writer: &Writer, (at, from): (Instant, &str), stanza: &str) {
        let id = attribute(head(stanza), "id").unwrap_or("");
        if !matches!(attribute(head(stanza), "type"), Some("get" | "set")) {
            return;
        }
        let result = format!("<iq type='result' to='{from}' id='{id}'/>");
        let Some(offer) = stanza.find("<offer ").map(|at| &stanza[at..]) else {
            return writer.send(&result);
        };
        self.tell(at, News::Offered);
        let session = attribute(head(offer), "id").unwrap_or("");
        self.tell(Instant::now(), News::Accepts);
        writer.send(&format!(
            "<iq type='set' to='{from}' id='a-{session}'>\
             <offer-accept xmlns='{FASTPATH}' id='{session}'/></iq>{result}"
        ));
    }
}

fn join(room: &str, nick: &str) -> String {
    format!("<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
}

/// A groupchat message that a measurement counts.
pub fn say(room: &str, (lane, number): (usize, usize)) -> String {
    format!(
        "<message to='{room}' type='groupchat' id='w{lane}-{number}'>\
         <body>{}</body></message>",
        text(lane, number)
    )
}

/// The text of a numbered message.
pub fn text(lane: usize, number: usize) -> String {
    format!("words {lane} {number}")
}

fn words(stanza: &str) -> Option<(usize, usize)> {
    let (_, body) = stanza.split_once("<body>")?;
    parse(body.split_once('<')?.0)
}

/// The numbers in such a text.
pub fn parse(text: &str) -> Option<(usize, usize)> {
    let (lane, number) = text.strip_prefix("words ")?.split_once(' ')?;
    Some((lane.parse().ok()?, number.parse().ok()?))
}
