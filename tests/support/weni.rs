//! Weni's mailroom: its ticketer's configuration, the calls it makes, and a process that takes our
//! callbacks and can be killed.

use ring::hmac;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::http::{Reply, Request};
use super::process::{Process, RunDir, free_port, listens};
use super::wait;

/// What mailroom sends as its Bearer token.
pub const TOKEN: &str = "a-token-of-the-tests-only";
/// What callbacks are signed with.
pub const SECRET: &str = "segredo-dos-testes-somente";
/// Where a ticketer lies at mailroom.
pub const CALLBACK: &str =
    "/mr/tickets/types/generic/event_callback/7e0c1a52-3b9c-4f5e-8f3d-0a9a5f1f3d77";

/// A channel of this kind; `keys` are added to it.
pub fn channel(keys: &str) -> String {
    format!(
        r#"
[[channel]]
id = "loja"
kind = "weni"
workgroup = "support"
api_token = "{TOKEN}"
webhook_secret = "{SECRET}"
{keys}
"#
    )
}

/// As both sides sign.
pub fn signature(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = hmac::sign(&key, body);
    let digits: String = signed.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256={digits}")
}

/// An id as mailroom mints them; the same for the same name.
pub fn id_of(name: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

/// A moment so many seconds before now, as mailroom writes it.
pub fn ago(seconds: i64) -> String {
    let now = jiff::Timestamp::now().as_millisecond();
    let at = jiff::Timestamp::from_millisecond(now - seconds * 1000);
    at.expect("a time").to_string()
}

/// Mailroom's side of the tests' ticketer.
#[derive(Clone, Debug)]
pub struct Weni {
    /// Where the program listens.
    pub address: SocketAddr,
    /// Where mailroom wants to be called, as tickets tell.
    pub callback: Option<String>,
}

impl Weni {
    /// A call with the token and this key, to be sent.
    pub fn request(&self, (path, key): (&str, &str), body: &Value) -> Request {
        Request::new("POST", &format!("/weni/loja/v1/tickets{path}"))
            .header("Authorization", &format!("Bearer {TOKEN}"))
            .header("X-Api-Version", "1")
            .header("Idempotency-Key", key)
            .json(body.to_string())
    }

    /// The same, sent.
    pub fn call(&self, place: (&str, &str), body: &Value) -> Reply {
        let request = self.request(place, body);
        request.send(self.address).expect("an answer")
    }

    /// Opens a ticket.
    pub fn open(&self, ticket: &str) -> Reply {
        let mut body = json!({
            "ticket_id": ticket,
            "topic": {"uuid": id_of("topic"), "name": "Cobrança"},
            "contact": {
                "uuid": id_of("contact"), "name": "Iara Nunes", "language": "por",
                "urn": "whatsapp:5585911112222?channel=6a1c55d2&id=48213&priority=1000",
            },
            "body": "Quer negociar a fatura de julho",
            "opened_at": ago(0),
        });
        if let Some(url) = &self.callback {
            body["metadata"] = json!({ "webhook_base_url": url });
        }
        self.call(("", &format!("open-{ticket}")), &body)
    }

    /// A message of the contact, to be sent; its id is made of its text.
    pub fn message(&self, ticket: &str, text: &str) -> Request {
        let id = id_of(text);
        let body = json!({
            "ticket_id": ticket, "external_id": ticket, "message_id": id,
            "direction": "incoming", "sender": {"type": "contact", "name": "Iara Nunes"},
            "text": text, "sent_at": ago(0),
        });
        let place = format!("/{ticket}/messages");
        self.request((&place, &format!("forward-{id}")), &body)
    }

    /// The contact says something.
    pub fn says(&self, ticket: &str, text: &str) -> Reply {
        let request = self.message(ticket, text);
        request.send(self.address).expect("an answer")
    }

    /// Closes or reopens a ticket.
    pub fn tell(&self, ticket: &str, what: &str) -> Reply {
        let by = if what == "close" {
            "closed_by"
        } else {
            "reopened_by"
        };
        let body = json!({
            "ticket_id": ticket, "external_id": ticket,
            by: {"type": "platform", "id": "system"},
        });
        let key = format!("{what}-{ticket}-{}", uuid::Uuid::new_v4());
        self.call((&format!("/{ticket}/{what}"), &key), &body)
    }

    /// Pushes a part of the history.
    pub fn history(&self, ticket: &str, messages: &[Value]) -> Reply {
        let body = json!({
            "ticket_id": ticket, "external_id": ticket,
            "contact": {"uuid": ""}, "messages": messages,
        });
        let key = format!("history-{ticket}-0");
        self.call((&format!("/{ticket}/history"), &key), &body)
    }
}

/// One message of the history; its id is made of its text.
pub fn told(direction: &str, text: &str, seconds_ago: i64) -> Value {
    json!({
        "message_id": id_of(text), "direction": direction,
        "sender": {"type": if direction == "incoming" { "contact" } else { "bot" }},
        "text": text, "sent_at": ago(seconds_ago),
    })
}

/// Mailroom as a process of its own.
pub struct Mailroom {
    process: Process,
    partner: SocketAddr,
    port: u16,
    dir: RunDir,
}

impl Mailroom {
    /// Starts it, as the ticket system behind the channel at `partner`.
    pub fn start(partner: SocketAddr) -> Mailroom {
        let (dir, port) = (RunDir::new("mailroom"), free_port());
        let process = launch((partner, port), dir.path());
        let mailroom = Mailroom {
            process,
            partner,
            port,
            dir,
        };
        mailroom.wait();
        mailroom
    }

    /// Where it is called back.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{CALLBACK}", self.port)
    }

    /// `kill -9`.
    pub fn kill9(&mut self) {
        self.process.kill();
    }

    /// Starts it again, with what it had.
    pub fn start_again(&mut self) {
        self.process = launch((self.partner, self.port), self.dir.path());
        self.wait();
    }

    fn wait(&self) {
        wait::until("mailroom listens", wait::START, || {
            listens(self.port).then_some(())
        });
    }

    /// What it was told so far, in order. What bears the key of something before it is that again:
    /// its answer had died with one of the two.
    pub fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir.path().join("journal")).unwrap_or_default();
        let mut keys = std::collections::HashSet::new();
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let taken = entries.filter(|entry: &Value| entry["status"] == 200);
        taken
            .filter(|entry| keys.insert(entry["headers"]["idempotency-key"].to_string()))
            .collect()
    }

    /// What a ticket's contact was told, and its ends and beginnings in angle brackets.
    pub fn told(&self, ticket: &str) -> Vec<String> {
        let journal = self.journal().into_iter();
        let ours = journal.filter(|entry| entry["body"]["external_id"] == ticket);
        ours.map(|entry| {
            let path = entry["path"].as_str().unwrap_or_default();
            match path.rsplit('/').next() {
                Some("messages") => entry["body"]["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                other => format!("<{}>", other.unwrap_or_default()),
            }
        })
        .collect()
    }

    /// Waits until the last of it is this.
    pub fn wait_told(&self, ticket: &str, last: &str) -> Vec<String> {
        wait::until(&format!("{last:?} at mailroom"), wait::START * 2, || {
            let told = self.told(ticket);
            (told.last().map(String::as_str) == Some(last)).then_some(told)
        })
    }
}

fn launch((partner, port): (SocketAddr, u16), dir: &Path) -> Process {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("python3");
    command
        .arg(root.join("tests/clients/mailroom.py"))
        .args([
            "--port",
            &port.to_string(),
            "--partner",
            &partner.to_string(),
        ])
        .args(["--route", "/weni/loja/v1/tickets", "--token", TOKEN])
        .args(["--secret", SECRET, "--journal", "journal"])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Process::start("mailroom", &mut command, dir)
}
