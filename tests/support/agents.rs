//! People at XMPP clients: one slixmpp process plays several, driven with JSON lines.

use super::event::Event;
use super::process::{Process, RunDir, append};
use super::wait;
use super::xmpp::{PASSWORD, Ports, jid};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Inbox {
    answers: Vec<Value>,
    /// Actor, event, and whether a test has taken it.
    events: Vec<(String, Event, bool)>,
    next_id: u64,
}

impl Inbox {
    /// Takes an actor's first event not yet taken that `like` likes.
    fn pick(&mut self, actor: &str, like: &dyn Fn(&Event) -> bool) -> Option<Event> {
        let mut mine = self
            .events
            .iter_mut()
            .filter(|(name, _, taken)| !*taken && name == actor);
        let (_, event, taken) = mine.find(|(_, event, _)| like(event))?;
        *taken = true;
        Some(event.clone())
    }
}

struct Troupe {
    stdin: Mutex<ChildStdin>,
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    process: Mutex<Process>,
    dir: RunDir,
}

/// A process in which people can log in.
#[derive(Clone)]
pub struct People(Arc<Troupe>);

/// One logged-in account.
#[derive(Clone)]
pub struct Agent {
    troupe: Arc<Troupe>,
    name: String,
    full_jid: String,
}

impl People {
    /// Starts the process; costs about a quarter of a second.
    pub fn start() -> People {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dir = RunDir::new("people");
        let log = dir.path().join("people.log");
        let mut command = Command::new(root.join("target/venv/bin/python"));
        command
            .arg(root.join("tests/clients/agent.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(append(&log));
        let mut process = Process::start_piped(&mut command, dir.path(), log);
        let stdin = process.child().stdin.take().expect("its input");
        let stdout = process.child().stdout.take().expect("its output");
        let troupe = Arc::new(Troupe {
            stdin: Mutex::new(stdin),
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            process: Mutex::new(process),
            dir,
        });
        let weak = Arc::downgrade(&troupe);
        thread::spawn(move || listen(stdout, &weak));
        People(troupe)
    }

    /// Logs a local account in; fails the test if the server refuses.
    pub fn log_in(&self, account: &str, server: Ports) -> Agent {
        self.log_in_as(account, "desk", server)
    }

    /// Logs a local account in with this resource.
    pub fn log_in_as(&self, account: &str, resource: &str, server: Ports) -> Agent {
        let name = format!("{account}/{resource}");
        let full = format!("{}/{resource}", jid(account));
        let arguments = json!({
            "jid": full, "password": PASSWORD, "host": "127.0.0.1", "port": server.client,
        });
        let mut agent = Agent {
            troupe: Arc::clone(&self.0),
            name,
            full_jid: full,
        };
        let bound = agent.call("log_in", arguments);
        agent.full_jid = bound.as_str().unwrap_or_default().to_owned();
        agent
    }
}

impl Agent {
    /// The full JID.
    pub fn full_jid(&self) -> &str {
        &self.full_jid
    }

    /// The bare JID.
    pub fn jid(&self) -> &str {
        self.full_jid.split('/').next().unwrap_or("")
    }

    /// Makes the client do something that `agent.py` knows; the error is the stanza error's condition.
    pub fn attempt(&self, what: &str, mut arguments: Value) -> Result<Value, String> {
        let id = {
            let mut inbox = self.troupe.inbox();
            inbox.next_id += 1;
            inbox.next_id
        };
        arguments["id"] = json!(id);
        arguments["do"] = json!(what);
        arguments["actor"] = json!(self.name);
        writeln!(lock(&self.troupe.stdin), "{arguments}").expect("the people's process");
        let answer = self.troupe.take(Duration::from_secs(25), |inbox| {
            let at = inbox.answers.iter().position(|a| a["id"] == id)?;
            Some(inbox.answers.swap_remove(at))
        });
        let answer = answer
            .unwrap_or_else(|| panic!("{}: {what}: no answer{}", self.name, self.troupe.log()));
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["result"].clone()),
        }
    }

    /// As `attempt`; fails the test on an error.
    pub fn call(&self, what: &str, arguments: Value) -> Value {
        self.attempt(what, arguments)
            .unwrap_or_else(|error| panic!("{}: {what}: {error}", self.name))
    }

    /// Broadcasts presence: `available`, `chat`, `away`, `xa`, `dnd` or `unavailable`.
    pub fn show(&self, kind: &str) {
        self.call("show", json!({"kind": kind}));
    }

    /// Sends presence to one address only.
    pub fn show_to(&self, to: &str, kind: &str) {
        self.call("show", json!({"to": to, "kind": kind}));
    }

    /// Goes on duty as Fastpath clients do: presence with `agent-status` and the most chats at once.
    pub fn show_fastpath(&self, workgroup: &str, max_chats: u32) {
        let status = json!({"to": workgroup, "kind": "chat", "agent_status": max_chats});
        self.call("show", status);
    }

    /// What the client does by itself: `{"accept": "chat"|"fastpath", "delay": seconds, "join": bool, "nick": ..}`.
    pub fn auto(&self, habits: Value) {
        self.call("auto", habits);
    }

    /// Asks for the presence of an address and offers its own.
    pub fn subscribe(&self, to: &str) {
        self.call("subscribe", json!({"jid": to}));
    }

    /// Sends a chat message and gives its id.
    pub fn say(&self, to: &str, text: &str) -> String {
        string(&self.call("say", json!({"to": to, "text": text})))
    }

    /// Says something in a room and gives the message's id.
    pub fn say_in(&self, room: &str, text: &str) -> String {
        string(&self.call(
            "say",
            json!({"to": room, "text": text, "kind": "groupchat"}),
        ))
    }

    /// Tells of typing (XEP-0085); `kind` is the message's type.
    pub fn types(&self, to: &str, (state, kind): (&str, &str)) {
        self.call("state", json!({"to": to, "state": state, "kind": kind}));
    }

    /// Enters a room.
    pub fn join(&self, room: &str, nick: &str) {
        self.call("join", json!({"room": room, "nick": nick}));
    }

    /// Leaves a room.
    pub fn leave(&self, room: &str) {
        self.call("leave", json!({"room": room}));
    }

    /// Sends any XML.
    pub fn raw(&self, xml: &str) {
        self.call("raw", json!({"xml": xml}));
    }

    /// Sends an IQ; gives the result's payload, or the error's condition.
    pub fn ask(&self, kind: &str, to: &str, payload: &str) -> Result<String, String> {
        let arguments = json!({"type_": kind, "to": to, "payload": payload});
        self.attempt("ask", arguments).map(|result| string(&result))
    }

    /// Waits for the first event not yet taken that `pick` likes, and takes it.
    pub fn wait(&self, what: &str, pick: impl Fn(&Event) -> bool) -> Event {
        self.wait_within(what, wait::SOON, pick)
    }

    /// As `wait`, with another deadline.
    pub fn wait_within(
        &self,
        what: &str,
        within: Duration,
        pick: impl Fn(&Event) -> bool,
    ) -> Event {
        let found = self
            .troupe
            .take(within, |inbox| inbox.pick(&self.name, &pick));
        found.unwrap_or_else(|| {
            panic!(
                "{}: not within {within:?}: {what}; {}",
                self.name,
                self.seen()
            )
        })
    }

    /// Takes the first event not yet taken that `pick` likes, if it is there already.
    pub fn take_now(&self, pick: impl Fn(&Event) -> bool) -> Option<Event> {
        self.troupe.inbox().pick(&self.name, &pick)
    }

    /// Waits until an address has read what the agent sent before, and the agent what it had sent
    /// before: the stanzas between two addresses keep their order (RFC 6120 §10.1).
    pub fn settle_with(&self, address: &str) {
        let _ = self.ask("get", address, "<ping xmlns='urn:xmpp:ping'/>");
    }

    /// Everything that arrived so far, taken or not.
    pub fn events(&self) -> Vec<Event> {
        let inbox = self.troupe.inbox();
        let mine = inbox.events.iter().filter(|(name, ..)| *name == self.name);
        mine.map(|(_, event, _)| event.clone()).collect()
    }

    /// What was said in a room, in order, by this nick or (empty nick) by anybody. A message that
    /// the room's history repeats counts once; one that is sent again live counts again.
    pub fn heard(&self, room: &str, nick: &str) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        let mut heard = Vec::new();
        for event in self.events().iter().filter(|e| e.is_in(room)) {
            let id = (event.get("from").to_owned(), event.get("id").to_owned());
            let repeated = !seen.insert(id) && !event.value("delay").is_null();
            if let (false, Some(body)) = (repeated, event.value("body").as_str())
                && (nick.is_empty() || event.nick() == nick)
            {
                heard.push(body.to_owned());
            }
        }
        heard
    }

    /// Kinds and senders of the events, for the text of a failure.
    fn seen(&self) -> String {
        let events = self.events();
        let last = events.iter().rev().take(12).rev();
        let list: Vec<String> = last
            .map(|e| format!("{} {} from {}", e.kind(), e.get("type"), e.get("from")))
            .collect();
        format!("{} events, the last: {}", events.len(), list.join("; "))
    }
}

impl Troupe {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    fn log(&self) -> String {
        format!("; log: {}", lock(&self.process).log())
    }

    /// Waits until `pick` gives something out of the inbox.
    fn take<T>(
        &self,
        within: Duration,
        mut pick: impl FnMut(&mut Inbox) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + within;
        let mut inbox = self.inbox();
        loop {
            if let Some(found) = pick(&mut inbox) {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            let woken = self.arrived.wait_timeout(inbox, left);
            inbox = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
    }
}

fn listen(stdout: ChildStdout, troupe: &std::sync::Weak<Troupe>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let (Some(troupe), Ok(message)) = (troupe.upgrade(), serde_json::from_str::<Value>(&line))
        else {
            return;
        };
        let mut inbox = troupe.inbox();
        match message["actor"].as_str() {
            Some(actor) => {
                inbox
                    .events
                    .push((actor.to_owned(), Event::new(message.clone()), false))
            }
            None => inbox.answers.push(message),
        }
        drop(inbox);
        troupe.arrived.notify_all();
    }
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
