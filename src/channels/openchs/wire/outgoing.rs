//! What RapidPro is told: counselors' words, what became of clients' words, notices, the end.

use serde_json::{Value, json};

use crate::channels::api::{Order, after_talk, escaped, pieces};
use crate::channels::names::message_id;
use crate::channels::openchs::Telling;
use crate::conversation::{ClosedBy, Delivery, Notice, Outgoing, Words};

/// RapidPro cuts each parameter of a flow start at 640 characters.
const PARAMETER: usize = 640;

/// The calls that a delivery asks for, in their order; none where RapidPro needs no telling.
pub fn orders(delivery: &Delivery, telling: &Telling) -> Vec<Order> {
    match &delivery.what {
        Outgoing::Words { author, words, .. } => said(delivery, telling, (author, words)),
        Outgoing::Notice(notice) => notice_of(delivery, telling, *notice),
        Outgoing::Receipt { messages, receipt } => {
            let ids: Vec<String> = distinct(messages.iter().map(|id| message_id(id.as_str())));
            let mut params = params(delivery);
            params["message_id"] = json!(ids.last());
            params["message_ids"] = json!(ids);
            params["status"] = json!(receipt.as_str());
            start(telling.receipt_flow.as_ref(), params)
        }
        // The bot knows what it closed itself.
        Outgoing::Closed(ClosedBy::Visitor) | Outgoing::Reopened => Vec::new(),
        Outgoing::Closed(by) => {
            let mut params = params(delivery);
            params["status"] = json!("closed");
            params["closed_by"] = json!(by.as_str());
            start(telling.closed_flow.as_ref(), params)
        }
        Outgoing::Ended(ended) => {
            let params = after_talk(delivery, ended, delivery.visitor.as_str());
            start(telling.on_close_flow.as_ref(), params)
        }
    }
}

fn distinct(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = ids.collect();
    all.dedup();
    all
}

fn params(delivery: &Delivery) -> Value {
    json!({
        "conversation_id": delivery.visitor,
        "message_id": delivery.id,
        "client_pseudonym": delivery.conversation.pseudonym(),
    })
}

fn start(flow: Option<&String>, params: Value) -> Vec<Order> {
    let flow = flow.cloned();
    flow.map(|flow| Order::Start { flow, params })
        .into_iter()
        .collect()
}

fn said(delivery: &Delivery, telling: &Telling, (author, words): (&str, &Words)) -> Vec<Order> {
    let text = whole(words);
    if text.trim().is_empty() {
        return Vec::new();
    }
    match &telling.reply_flow {
        Some(flow) => {
            let pieces = pieces(&text, PARAMETER);
            let count = pieces.len();
            let one = |(place, piece): (usize, &str)| {
                let mut params = params(delivery);
                params["counselor_pseudonym"] = json!(author);
                params["text"] = json!(piece);
                params["part"] = json!(place + 1);
                params["parts"] = json!(count);
                params["status"] = json!("message");
                Order::Start {
                    flow: flow.clone(),
                    params,
                }
            };
            pieces.into_iter().enumerate().map(one).collect()
        }
        None => {
            let text = match telling.name_counselor && !author.is_empty() {
                true => format!("{author}: {text}"),
                false => text,
            };
            let pieces = pieces(&text, telling.text_limit).into_iter();
            pieces
                .filter(|piece| !piece.trim().is_empty())
                .map(|piece| Order::Broadcast(escaped(piece)))
                .collect()
        }
    }
}

/// The text, with what is attached as lines of it: the API takes no files.
fn whole(words: &Words) -> String {
    let mark = if words.corrects.is_some() && !words.text.is_empty() {
        "* "
    } else {
        ""
    };
    let mut text = format!("{mark}{}", words.text);
    for file in &words.attachments {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&file.url);
    }
    text
}

fn notice_of(delivery: &Delivery, telling: &Telling, notice: Notice) -> Vec<Order> {
    let texts = &telling.texts;
    let text = match notice {
        // Not asked for when it is opened.
        Notice::Place { .. } => return Vec::new(),
        Notice::AgentJoined => &texts.agent_joined,
        Notice::AgentLost => &texts.agent_lost,
        Notice::NobodyCame => {
            if telling.no_agent_flow.is_some() {
                let mut params = params(delivery);
                params["status"] = json!("no_agent");
                return start(telling.no_agent_flow.as_ref(), params);
            }
            &texts.nobody_came
        }
    };
    said(delivery, telling, ("", &Words::text(text.clone())))
}
