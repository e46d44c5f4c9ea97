//! What happens to a visitor, as events (chat API §2.4, and extensions of ours).

use serde_json::{Value, json};

use crate::chat_api::log::Entry;
use crate::conversation::{Delivery, Notice, Outgoing, Words};

use super::{RoomUrl, iso};

const ASK: &str = "chatapi.ask";

/// The numbers that one delivery may use in the visitor's feed.
const STEP: u64 = 8;

/// The addresses that visitors are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Our own domain.
    pub domain: String,
    /// The chat-room service.
    pub muc: String,
    /// How a conversation's page is found.
    pub rooms: RoomUrl,
    /// What visitors are told.
    pub texts: Texts,
}

/// Sentences that go with events; an empty one is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// An agent has come.
    pub agent_joined: String,
    /// The agent is gone.
    pub agent_lost: String,
    /// Nobody took the request in time.
    pub nobody_came: String,
}

impl Names {
    /// A conversation's room.
    pub fn room(&self, conversation: &impl std::fmt::Display) -> String {
        format!("{conversation}@{}", self.muc)
    }

    /// A visitor, under the name that the visitor has given.
    pub fn visitor(&self, user: &str) -> String {
        format!("{user}@{}", self.domain)
    }
}

/// The number that the first event of a delivery has in the visitor's feed.
pub fn first_number(delivery: &Delivery) -> u64 {
    delivery.number.saturating_mul(STEP).saturating_add(1)
}

/// The events that tell a visitor; `was_invited` where an agent has been with the visitor.
pub fn entries(delivery: &Delivery, names: &Names, was_invited: bool) -> Vec<Entry> {
    let room = names.room(&delivery.conversation);
    let user = delivery.ticket.as_ref().map_or("", |user| user.as_str());
    let to = names.visitor(user);
    let at = iso(delivery.at);
    let told = |data: Value| Entry::new(ASK, &data);
    match &delivery.what {
        Outgoing::Words {
            message,
            author,
            words,
        } => {
            let mut data = json!({
                "type": "groupchat", "to": to, "from": format!("{room}/{author}"),
                "body": words.text, "id": message, "at": at,
            });
            add_files(&mut data, words);
            vec![told(data)]
        }
        Outgoing::Notice(notice) => vec![told(noticed(
            *notice,
            names,
            &json!({
                "to": to, "from": room, "at": at,
            }),
        ))],
        Outgoing::Reopened => {
            vec![told(
                json!({"type": "reopened", "to": to, "from": room, "at": at}),
            )]
        }
        // Not asked for by this channel.
        Outgoing::Ended(_) | Outgoing::Receipt { .. } => Vec::new(),
        Outgoing::Closed(by) => {
            let depart = json!({"type": "depart-queue", "to": to, "from": room, "at": at});
            let ended = json!({
                "type": "ended", "to": to, "from": room, "by": by.as_str(), "at": at,
            });
            let depart = (!was_invited).then(|| told(depart));
            depart.into_iter().chain([told(ended).last()]).collect()
        }
    }
}

/// A notice in its own words, with what all events have.
fn noticed(notice: Notice, names: &Names, common: &Value) -> Value {
    let texts = &names.texts;
    let (kind, text) = match notice {
        Notice::Place { .. } => ("update-queue", ""),
        Notice::AgentJoined => ("offer", texts.agent_joined.as_str()),
        Notice::AgentLost => ("agent-lost", texts.agent_lost.as_str()),
        Notice::NobodyCame => ("nobody-came", texts.nobody_came.as_str()),
    };
    let mut data = common.clone();
    data["type"] = json!(kind);
    if !text.is_empty() {
        data["body"] = json!(text);
    }
    match notice {
        Notice::Place {
            place,
            wait_seconds,
        } => {
            data["position"] = json!(place);
            data["remaingTime"] = json!(wait_seconds);
            data["remainingTime"] = json!(wait_seconds);
        }
        Notice::AgentJoined => {
            let room = common["from"].as_str().unwrap_or_default();
            data["url"] = json!(names.rooms.of(room));
            data["mucRoom"] = json!(room);
        }
        Notice::AgentLost | Notice::NobodyCame => {}
    }
    data
}

fn add_files(data: &mut Value, words: &Words) {
    if !words.attachments.is_empty() {
        let files = words.attachments.iter();
        let files: Vec<Value> = files
            .map(|file| json!({"type": file.kind, "url": file.url}))
            .collect();
        data["attachments"] = Value::Array(files);
    }
    if let Some(former) = &words.corrects {
        data["corrects"] = json!(former);
    }
}

/// How far a visitor's request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// In the line.
    Waiting,
    /// An agent has come.
    Invited,
    /// The end.
    Ended,
}

/// How far it has come with this event; nothing where the event does not say.
pub fn stand(shown: &Entry) -> Option<Stand> {
    match kind(shown).as_deref()? {
        "offer" => Some(Stand::Invited),
        "agent-lost" | "reopened" => Some(Stand::Waiting),
        "ended" => Some(Stand::Ended),
        _ => None,
    }
}

/// The `type` of an event.
pub fn kind(entry: &Entry) -> Option<String> {
    let data: Value = serde_json::from_str(&entry.data).ok()?;
    data.get("type")?.as_str().map(str::to_owned)
}
