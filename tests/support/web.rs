//! Callers of the chat API, in both path families, as users of our own domain or of the server.

use std::net::SocketAddr;

use base64::Engine as _;
use serde_json::{Value, json};

use super::browser::Browser;
use super::config::Config;
use super::http::{Reply, Request};
use super::xmpp::{COMPONENT, DOMAIN, PASSWORD, Server};

pub const MASTER: &str = "THE-MASTER-SECRET-OF-THESE-TESTS";

/// Adds a chat API to the configuration, and a workgroup `desk` of these agents.
pub fn with_chat_api(config: &mut Config, server: &dyn Server, agents: &[String]) {
    let agents: Vec<String> = agents.iter().map(|jid| format!("\"{jid}\"")).collect();
    let (agents, port) = (agents.join(", "), server.ports().client);
    config.more = format!(
        "[users]\naddress = \"127.0.0.1:{port}\"\ntls = \"none\"\n\n\
         [[workgroup]]\nname = \"desk\"\ntitle = \"Desk\"\nagents = [{agents}]\n\n\
         [[channel]]\nid = \"web\"\nkind = \"chat_api\"\nworkgroup = \"desk\"\nsecret = \"{MASTER}\"\n\
         room_url = \"https://help.example.test:7443/ofmeet/r/{{room}}\"\n"
    );
}

/// Which paths are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The README's: no stream id.
    Readme,
    /// The source's: a stream id in every path.
    Source,
}

/// Whose users call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of our own domain, with the master secret.
    Bridge,
    /// Of the XMPP server, with their passwords.
    Account,
}

/// Somebody who is logged in.
pub struct Web {
    pub name: String,
    pub family: Family,
    pub kind: Kind,
    pub events: Browser,
    pub stream: String,
    address: SocketAddr,
}

/// Whoever calls, with this header.
pub fn authorization(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Bridge => MASTER.to_owned(),
        Kind::Account => {
            let pair = format!("{name}:{PASSWORD}");
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            format!("Basic {encoded}")
        }
    }
}

/// One call.
pub fn call(address: SocketAddr, request: &Request) -> Reply {
    let reply = request.send(address);
    reply.unwrap_or_else(|e| panic!("no answer to {} {}: {e}", request.method, request.path))
}

impl Web {
    /// Watches the events of a user, and logs in after that.
    pub fn log_in(address: SocketAddr, name: &str, (family, kind): (Family, Kind)) -> Web {
        let header = authorization(kind, name);
        let watching = vec![("Authorization".to_owned(), header.clone())];
        let events = Browser::open(address, &format!("/sse/{name}"), watching);
        let prefix = prefix(family);
        let request = Request::new("POST", &format!("{prefix}/chat/{name}/login"));
        let reply = call(address, &request.header("Authorization", &header));
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 200, "{name}: {text}");
        let word = if kind == Kind::Bridge {
            "bridge"
        } else {
            "c2s"
        };
        assert_eq!(reply.header("x-session-kind"), Some(word));
        events.kind("loggedIn");
        Web {
            name: name.to_owned(),
            family,
            kind,
            events,
            stream: text,
            address,
        }
    }

    /// The bare address.
    pub fn jid(&self) -> String {
        bare(self.kind, &self.name)
    }

    /// A call below `/chat`, with whatever this family puts into the path.
    pub fn chat(&self, method: &str, path: &str, body: &str) -> Reply {
        let prefix = prefix(self.family);
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = match (self.family, self.kind) {
            (Family::Source, _) => format!("{prefix}/chat/{}{path}", self.stream),
            (Family::Readme, Kind::Account) => format!("{prefix}/chat{path}"),
            (Family::Readme, Kind::Bridge) => {
                format!("{prefix}/chat{path}{joint}username={}", self.name)
            }
        };
        let request = Request::new(method, &path);
        let mut request = request.header("Authorization", &authorization(self.kind, &self.name));
        request.body = body.as_bytes().to_vec();
        call(self.address, &request)
    }

    /// The same where it must come to this status.
    pub fn does(&self, method: &str, path: &str, body: &str) -> Reply {
        let reply = self.chat(method, path, body);
        let text = String::from_utf8_lossy(&reply.body);
        assert!(
            reply.status < 300,
            "{method} {path}: {} {text}",
            reply.status
        );
        reply
    }

    /// Accepts or rejects an offer, as this family does.
    pub fn answer(&self, offer: &str, accept: bool) -> Reply {
        match (self.family, accept) {
            (Family::Readme, true) => self.does("PUT", &format!("/assists/desk/{offer}"), ""),
            (Family::Readme, false) => self.does("DELETE", &format!("/assists/desk/{offer}"), ""),
            (Family::Source, true) => self.does("POST", &format!("/offer/{offer}"), ""),
            (Family::Source, false) => self.does("DELETE", &format!("/offer/{offer}"), ""),
        }
    }
}

/// The bare address of a user.
pub fn bare(kind: Kind, name: &str) -> String {
    let domain = if kind == Kind::Bridge {
        COMPONENT
    } else {
        DOMAIN
    };
    format!("{name}@{domain}")
}

fn prefix(family: Family) -> &'static str {
    match family {
        Family::Readme => "/restapi/v1",
        Family::Source => "/rest/api/restapi/v1",
    }
}

/// A visitor without an account.
pub struct Visitor {
    pub events: Browser,
    pub answer: Value,
    pub name: String,
    token: String,
    address: SocketAddr,
}

impl Visitor {
    /// Asks the workgroup `desk`, and watches what comes.
    pub fn ask(address: SocketAddr, name: &str, family: Family) -> Visitor {
        Visitor::ask_in(address, name, (family, "desk"))
    }

    /// The same in another workgroup.
    pub fn ask_in(address: SocketAddr, name: &str, (family, group): (Family, &str)) -> Visitor {
        let form = json!({
            "emailAddress": "visitor@hospital.com", "userID": name, "workgroup": group,
            "question": "What is the meaning of life",
        });
        let request = Request::new("POST", &format!("{}/ask", prefix(family)));
        let reply = call(address, &request.json(form.to_string()));
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 200, "{text}");
        let answer = reply.json();
        let path = answer["events"].as_str().expect("where events are");
        Visitor {
            events: Browser::open(address, path, Vec::new()),
            token: answer["token"].as_str().expect("a token").to_owned(),
            name: name.to_owned(),
            answer,
            address,
        }
    }

    /// A call on the own request.
    pub fn call(&self, method: &str, body: &str) -> Reply {
        let request = Request::new(method, &format!("/restapi/v1/ask/{}", self.name));
        let mut request = request.header("Authorization", &format!("Bearer {}", self.token));
        request.body = body.as_bytes().to_vec();
        call(self.address, &request)
    }

    /// Asks for a place for a file.
    pub fn slot(&self, file: &str) -> Reply {
        self.slot_of(&self.name, file)
    }

    /// The same, as if it were somebody else's.
    pub fn slot_of(&self, name: &str, file: &str) -> Reply {
        let request = Request::new("GET", &format!("/restapi/v1/ask/upload/{name}/{file}"));
        call(
            self.address,
            &request.header("Authorization", &format!("Bearer {}", self.token)),
        )
    }

    /// Tells of typing.
    pub fn tells(&self, state: &str) -> Reply {
        let path = format!("/restapi/v1/ask/{}/chatstate/{state}", self.name);
        let request = Request::new("POST", &path);
        call(
            self.address,
            &request.header("Authorization", &format!("Bearer {}", self.token)),
        )
    }

    /// Says something in the room, as the README has it.
    pub fn post(&self, room: &str, body: &str) -> Reply {
        let path = format!("/restapi/v1/chat/rooms/{room}?service=%22conference%22");
        let request = Request::new("POST", &path);
        let mut request = request.header("Authorization", &format!("Bearer {}", self.token));
        request.body = body.as_bytes().to_vec();
        call(self.address, &request)
    }
}
