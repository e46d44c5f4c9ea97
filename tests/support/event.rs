//! One thing that arrived at a person's XMPP client, as plain words.

use serde_json::Value;

/// Something that arrived at one person's client; `tests/clients/actor.py` says what there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Event(Value);

impl Event {
    /// An event as `agent.py` tells it.
    pub fn new(told: Value) -> Event {
        Event(told)
    }

    /// `message`, `presence`, `invitation`, `offer`, `revoke`, `online` or `offline`.
    pub fn kind(&self) -> &str {
        self.get("event")
    }

    /// A string of it, empty when there is none.
    pub fn get(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or("")
    }

    /// Anything of it, null when there is none.
    pub fn value(&self, key: &str) -> &Value {
        &self.0[key]
    }

    /// The bare JID it came from: a room, a person, a workgroup.
    pub fn sender(&self) -> &str {
        self.get("from").split('/').next().unwrap_or("")
    }

    /// The nick it came from, when `from` is a room's occupant.
    pub fn nick(&self) -> &str {
        self.get("from")
            .split_once('/')
            .map_or("", |(_, nick)| nick)
    }

    /// Whether `key` is a list that holds this string.
    pub fn has(&self, key: &str, item: &str) -> bool {
        self.0[key]
            .as_array()
            .is_some_and(|list| list.iter().any(|v| v == item))
    }

    /// A live (not historic) groupchat message with a body.
    pub fn is_said(&self) -> bool {
        self.kind() == "message"
            && self.get("type") == "groupchat"
            && self.0["body"].is_string()
            && self.0["delay"].is_null()
    }

    /// A message to everybody in this room, live or historic.
    pub fn is_in(&self, room: &str) -> bool {
        self.kind() == "message" && self.get("type") == "groupchat" && self.sender() == room
    }

    /// A plain-chat offer: a message with a quick response (XEP-0439) that accepts.
    pub fn is_chat_offer(&self) -> bool {
        self.kind() == "message" && self.has("responses", "accept")
    }
}
