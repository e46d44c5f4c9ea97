//! The calls that a chatbot makes to the OpenCHS gateway, and the channel that it makes them to.

use super::http::{Reply, Request};
use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The account of the tests' channel.
pub const USER: &str = "bot@helpline.test";
/// Its password.
pub const PASSWORD: &str = "open sesame, child";
/// The token of RapidPro's API in the tests.
pub const API_TOKEN: &str = "an-api-token-for-tests";

/// Names of the flows of the tests' channel.
pub const REPLY_FLOW: &str = "11111111-0000-4000-8000-000000000001";
/// The one that hears of receipts.
pub const RECEIPT_FLOW: &str = "11111111-0000-4000-8000-000000000002";
/// The one that hears that nobody came.
pub const NO_AGENT_FLOW: &str = "11111111-0000-4000-8000-000000000003";
/// The one that hears of the end.
pub const CLOSED_FLOW: &str = "11111111-0000-4000-8000-000000000004";
/// The one that runs after every talk.
pub const AFTER_FLOW: &str = "11111111-0000-4000-8000-000000000005";

/// A hash that is cheap to check, unlike those that `warmline hash-password` makes.
pub fn cheap_hash(password: &str) -> String {
    let params = Params::new(8, 1, 1, None).expect("parameters");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: argon2::password_hash::phc::PasswordHash =
        argon2.hash_password(password.as_bytes()).expect("a hash");
    hash.to_string()
}

/// A channel's table, for the end of a configuration. `api` is RapidPro's address; `more` are
/// further keys.
pub fn channel(id: &str, (user, api): (&str, &str), more: &str) -> String {
    let hash = cheap_hash(PASSWORD);
    format!(
        "[[channel]]\nid = \"{id}\"\nkind = \"openchs\"\nworkgroup = \"support\"\n\
         accounts = [{{ username = \"{user}\", password_hash = \"{hash}\" }}]\n\
         api_url = \"{api}/api/v2\"\napi_token = \"{API_TOKEN}\"\n{more}\n"
    )
}

/// All flows of the tests' channel, as keys of its table.
pub fn flows() -> String {
    format!(
        "receipt_flow = \"{RECEIPT_FLOW}\"\nno_agent_flow = \"{NO_AGENT_FLOW}\"\n\
         closed_flow = \"{CLOSED_FLOW}\"\non_close_flow = \"{AFTER_FLOW}\"\n\
         reply_flow = \"{REPLY_FLOW}\"\n"
    )
}

/// A chatbot with a token.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where the program listens.
    pub address: SocketAddr,
    /// The token; empty for none.
    pub token: String,
}

impl Gateway {
    /// One without a token.
    pub fn stranger(address: SocketAddr) -> Gateway {
        Gateway {
            address,
            token: String::new(),
        }
    }

    /// One that has logged in.
    pub fn log_in(address: SocketAddr, user: &str) -> Gateway {
        let reply = Gateway::stranger(address).ask_token(user, PASSWORD);
        assert_eq!(reply.status, 200);
        Gateway {
            address,
            token: reply.string("token"),
        }
    }

    /// `POST token/`.
    pub fn ask_token(&self, user: &str, password: &str) -> Reply {
        let body = json!({"username": user, "password": password}).to_string();
        self.send(&Request::new("POST", "/open/api/token/").json(body))
    }

    /// Any request, with the token.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let request = Request::new(method, path);
        match self.token.as_str() {
            "" => request,
            token => request.header("Authorization", &format!("Token {token}")),
        }
    }

    /// Sends a request; fails the test when no answer comes.
    pub fn send(&self, request: &Request) -> Reply {
        let reply = request.send(self.address);
        reply.unwrap_or_else(|e| panic!("no answer to {} {}: {e}", request.method, request.path))
    }

    /// `POST` of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(&self.request("POST", path).json(body.to_string()))
    }

    /// `POST chat/`, as the bot sends a client's words.
    pub fn say(&self, session: &str, text: &str, id: Option<&str>) -> Reply {
        let mut body = json!({
            "chat_sender": 23_343_411, "chat_receiver": 233_432_311,
            "chat_message": text, "chat_session": session, "chat_source": "WENI",
        });
        if let Some(id) = id {
            body["message_id"] = json!(id);
        }
        self.post("/open/api/chat/", &body)
    }

    /// `POST chat/{session}/close/`.
    pub fn close(&self, session: &str) -> Reply {
        let path = format!("/open/api/chat/{}/close/", encoded(session));
        self.send(&self.request("POST", &path))
    }

    /// `GET chat/`, with a query.
    pub fn list(&self, query: &str) -> (Vec<Value>, Reply) {
        let reply = self.send(&self.request("GET", &format!("/open/api/chat/{query}")));
        assert_eq!(reply.status, 200);
        let chats = reply.json().as_array().expect("a bare array").clone();
        (chats, reply)
    }
}

/// A segment of a path.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
