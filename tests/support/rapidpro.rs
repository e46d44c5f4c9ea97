//! The calls that RapidPro and mailroom make to the Tickets app, both spellings of their documents.

use super::http::{Reply, Request};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The app id that the tests' channel has.
pub const APP_ID: &str = "684202ed-1461-4983-9ea7-fde74b15026c";
/// The shared secret of the tests' channel, in RapidPro's own alphabet.
pub const SECRET: &str = "TESTTESTTESTTESTTESTTESTTESTTEST";

/// Which of the two published documents the caller follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spelling {
    /// `ticketID`, `contactUUID`: what mailroom sends.
    #[default]
    Current,
    /// `ticketId`, `contactUuid`, `deparment`: the older document.
    Old,
}

/// What RapidPro knows of a ticket that it opens.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The ticket's UUID.
    pub id: String,
    /// The visitor's token: the contact's database id, as decimal digits.
    pub token: String,
    /// The visitor's name, absent when the contact has none.
    pub name: Option<String>,
    /// The department asked for.
    pub department: Option<String>,
    /// Which document the caller follows.
    pub spelling: Spelling,
}

impl Ticket {
    /// A ticket with a random id for this visitor token.
    pub fn of(token: &str) -> Ticket {
        Ticket {
            id: uuid::Uuid::new_v4().to_string(),
            token: token.into(),
            name: Some("Robin".into()),
            department: None,
            spelling: Spelling::Current,
        }
    }

    /// The body of `/room`.
    pub fn body(&self) -> Value {
        let (ticket, contact, department) = match self.spelling {
            Spelling::Current => ("ticketID", "contactUUID", "department"),
            Spelling::Old => ("ticketId", "contactUuid", "deparment"),
        };
        let mut visitor = json!({
            "token": self.token,
            contact: uuid::Uuid::from_u128(7).to_string(),
            "customFields": {"question": "Where is my parcel?"},
        });
        if let Some(name) = &self.name {
            visitor["name"] = json!(name);
        }
        if let Some(name) = &self.department {
            visitor[department] = json!(name);
        }
        json!({"visitor": visitor, ticket: self.id, "sessionStart": "2026-11-21T06:30:00Z"})
    }
}

/// A RapidPro workspace that talks to one channel of the program.
#[derive(Clone, Debug)]
pub struct RapidPro {
    /// Where the program listens.
    pub address: SocketAddr,
    /// The channel's app id.
    pub app_id: String,
    /// The shared secret; empty for no `Authorization` header.
    pub secret: String,
}

impl RapidPro {
    /// The workspace of the tests' usual channel.
    pub fn new(address: SocketAddr) -> RapidPro {
        RapidPro {
            address,
            app_id: APP_ID.into(),
            secret: SECRET.into(),
        }
    }

    /// Any request below the channel's base path, with the secret.
    pub fn request(&self, method: &str, endpoint: &str) -> Request {
        let request = Request::new(
            method,
            &format!("/api/apps/public/{}/{endpoint}", self.app_id),
        );
        match self.secret.as_str() {
            "" => request,
            secret => request.header("Authorization", &format!("Token {secret}")),
        }
    }

    /// A call with a JSON body; fails the test when no answer comes.
    pub fn call(&self, method: &str, endpoint: &str, body: &Value) -> Reply {
        self.call_raw(method, endpoint, body.to_string().as_bytes())
    }

    /// A call with any bytes as its body, sent as `application/json`.
    pub fn call_raw(&self, method: &str, endpoint: &str, body: &[u8]) -> Reply {
        let request = self.request(method, endpoint).json(body);
        self.send(&request)
    }

    /// Sends a request; fails the test when no answer comes.
    pub fn send(&self, request: &Request) -> Reply {
        let reply = request.send(self.address);
        reply.unwrap_or_else(|e| panic!("no answer to {} {}: {e}", request.method, request.path))
    }

    /// `GET /secret.check`.
    pub fn secret_check(&self) -> Reply {
        self.send(&self.request("GET", "secret.check"))
    }

    /// `PUT /settings`: where callbacks go.
    pub fn put_settings(&self, callback_url: &str) -> Reply {
        self.call(
            "PUT",
            "settings",
            &json!({"webhook": {"url": callback_url}}),
        )
    }

    /// `GET /settings`.
    pub fn settings(&self) -> Reply {
        self.send(&self.request("GET", "settings"))
    }

    /// `GET /room` with a body, as mailroom does it.
    pub fn open(&self, ticket: &Ticket) -> Reply {
        self.call("GET", "room", &ticket.body())
    }

    /// `GET /room.close` with a body.
    pub fn close(&self, token: &str) -> Reply {
        self.call("GET", "room.close", &json!({"visitor": {"token": token}}))
    }

    /// `POST /visitor-message` with text only.
    pub fn message(&self, token: &str, text: &str) -> Reply {
        self.message_body(token, &json!({"text": text}))
    }

    /// `POST /visitor-message` with a file and perhaps text.
    pub fn attachment(&self, token: &str, kind: &str, url: &str) -> Reply {
        self.message_body(token, &json!({"attachments": [{"type": kind, "url": url}]}))
    }

    fn message_body(&self, token: &str, rest: &Value) -> Reply {
        let mut body = rest.clone();
        body["visitor"] = json!({"token": token});
        self.call("POST", "visitor-message", &body)
    }
}
