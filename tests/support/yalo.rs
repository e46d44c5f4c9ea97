//! The platform Yalo: its channel's configuration, and the calls that it makes.

use ring::hmac;
use serde_json::{Value, json};
use std::net::SocketAddr;

use super::bot::Callback;
use super::http::{Reply, Request};
use super::openchs::cheap_hash;

/// The password of the tests' account.
pub const PASSWORD: &str = "opensesame";
/// What the platform signs webhooks with.
pub const SIGNING: &str = "the-platforms-secret";

/// A channel of this kind that calls this platform; `keys` are added to it.
pub fn channel(platform: &str, keys: &str) -> String {
    let hash = cheap_hash(PASSWORD);
    format!(
        r#"
[[channel]]
id = "yalo"
kind = "yalo"
workgroup = "support"
token_key = "0123456789abcdef0123456789abcdef"
accounts = [{{ username = "yaloUser", password_hash = "{hash}" }}]
signature_secret = "{SIGNING}"
api_url = "{platform}/"
botrunner_url = "{platform}/runner"
{keys}
[channel.whatsapp]
bot_id = "wa-bot"
token = "wa-token"
[channel.facebook]
bot_id = "fb-bot"
token = "fb-token"
"#
    )
}

/// As the platform signs.
pub fn signature(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SIGNING.as_bytes());
    let signed = hmac::sign(&key, body);
    signed.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// The platform's side of the tests' channel.
#[derive(Clone, Debug)]
pub struct Yalo {
    /// Where the program listens.
    pub address: SocketAddr,
    /// The token that it got.
    pub token: String,
}

impl Yalo {
    /// Logs in.
    pub fn new(address: SocketAddr) -> Yalo {
        let login = json!({"username": "yaloUser", "password": PASSWORD});
        let request = Request::new("POST", "/v1/authenticate").json(login.to_string());
        let reply = request.send(address).expect("an answer");
        Yalo {
            address,
            token: reply.string("token"),
        }
    }

    /// A call with the token.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        let request = Request::new(method, path).json(body.to_string());
        let request = request.header("Authorization", &format!("Bearer {}", self.token));
        request.send(self.address).expect("an answer")
    }

    /// Hands a visitor of WhatsApp over.
    pub fn connect(&self, user: &str) -> Reply {
        let wish = json!({
            "userID": user, "botSlug": "acme-bot", "botId": "1", "name": "Robin Doe",
            "provider": "whatsapp", "email": "robin@example.org", "phoneNumber": user,
            "extraData": {"description": "Where is my parcel?", "order": "1225"},
        });
        self.call("POST", "/v1/chats/connect", &wish)
    }

    /// A signed webhook, to be sent.
    pub fn webhook(&self, provider: &str, body: &Value) -> Request {
        let body = body.to_string();
        Request::new("POST", &format!("/v1/integrations/{provider}/webhook"))
            .header("x-yalochat-signature", &signature(body.as_bytes()))
            .json(body)
    }

    /// Tells of a message; fails the test unless it is taken.
    pub fn tells(&self, provider: &str, body: &Value) {
        let reply = self.webhook(provider, body).send(self.address);
        assert_eq!(reply.expect("an answer").status, 200);
    }

    /// A visitor of WhatsApp says something.
    pub fn says(&self, user: &str, text: &str) {
        self.tells("whatsapp", &said(user, text));
    }
}

/// A visitor's text as WhatsApp's channel tells of it, with an id of its own.
pub fn said(user: &str, text: &str) -> Value {
    let now = jiff::Timestamp::now().as_millisecond();
    json!({
        "from": user, "id": format!("ID-{user}-{text}"), "timestamp": now.to_string(),
        "type": "text", "text": {"body": text},
    })
}

/// The texts of messages to WhatsApp among the calls that were taken; a repeated id counts once.
pub fn texts(calls: &[Callback]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let said = calls
        .iter()
        .filter(|call| call.path.ends_with("/messages") && call.taken());
    let first = said.filter(|call| seen.insert(call.body["id"].to_string()));
    first
        .filter_map(|call| call.body["text"]["body"].as_str().map(str::to_owned))
        .collect()
}

/// The states that the bot was told to go on from.
pub fn states(calls: &[Callback]) -> Vec<String> {
    let told = calls
        .iter()
        .filter(|call| call.path.ends_with("/send-to") && call.taken());
    told.filter_map(|call| call.body["state"].as_str().map(str::to_owned))
        .collect()
}
