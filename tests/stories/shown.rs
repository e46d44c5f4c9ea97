//! Effects as short sentences, so that a story can say what it expects.

use warmline::bridge::{AgentOrder, Effect, Event, RoomOrder};
use warmline::conversation::{Attachment, Delivery, Outgoing, Words};

/// The sentence of an effect that somebody outside notices; `None` for what is stored or counted.
pub fn visible(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Deliver(delivery) => Some(delivery_text(delivery)),
        Effect::Nudge(id) => Some(format!("nudge {id}")),
        Effect::Agent(agent, order) => Some(agent_text(agent.local(), order)),
        Effect::Room(id, order) => Some(room_text(id.as_str(), order)),
        Effect::Happened(Event::Impossible(what)) => Some(format!("impossible: {what}")),
        Effect::Answer(_)
        | Effect::Keep(_)
        | Effect::Forget(_)
        | Effect::QueueChanged(_)
        | Effect::ColleaguesChanged(_)
        | Effect::Happened(_) => None,
    }
}

fn delivery_text(delivery: &Delivery) -> String {
    let what = match &delivery.what {
        Outgoing::Words { author, words, .. } => format!("{author}: {}", text_of(words)),
        Outgoing::Notice(notice) => format!("{notice:?}"),
        Outgoing::Closed(by) => format!("closed by {by:?}"),
        Outgoing::Reopened => "opened again".to_owned(),
        Outgoing::Ended(ended) => {
            let helper = ended.helper.as_deref().unwrap_or("nobody");
            format!(
                "ended by {:?} after {helper}, waited {:?}",
                ended.by, ended.waited
            )
        }
        Outgoing::Receipt { messages, receipt } => {
            let ids: Vec<&str> = messages.iter().map(|id| id.as_str()).collect();
            format!("{} {}", receipt.as_str(), ids.join(" "))
        }
    };
    format!("deliver {} {what}", delivery.conversation)
}

fn agent_text(agent: &str, order: &AgentOrder) -> String {
    match order {
        AgentOrder::Offer(offer) => {
            let again = if offer.again { " again" } else { "" };
            let (id, workgroup) = (&offer.conversation, &offer.workgroup);
            let seconds = offer.left.as_secs();
            format!("ask {agent} {id} for {workgroup}, {seconds} s{again}")
        }
        AgentOrder::Revoke {
            conversation,
            workgroup,
            why,
            ..
        } => format!("revoke {agent} {conversation} for {workgroup}: {why:?}"),
        AgentOrder::Probe { .. } => format!("probe {agent}"),
        AgentOrder::Tell { text, .. } => format!("tell {agent}: {text}"),
    }
}

fn room_text(id: &str, order: &RoomOrder) -> String {
    match order {
        RoomOrder::Open(plan) => {
            let members: Vec<&str> = plan.members.iter().map(|agent| agent.local()).collect();
            format!("room {id} open to {}", members.join(" "))
        }
        RoomOrder::Invite { agent, .. } => format!("room {id} invite {}", agent.local()),
        RoomOrder::Say {
            id: line,
            as_visitor,
            words,
        } => {
            let brief = line.as_str().strip_prefix(&format!("{id}-b"));
            match (as_visitor, brief) {
                (true, _) => format!("room {id} {line}: {}", text_of(words)),
                (false, Some(number)) => format!("room {id} brief {number}"),
                (false, None) => format!("room {id} desk: {}", text_of(words)),
            }
        }
        RoomOrder::Whisper { nick, text } => {
            let first = text.lines().next().unwrap_or_default();
            format!("room {id} to {nick}: {first}")
        }
        RoomOrder::Empower(who) => format!("room {id} empower {}", who.local()),
        RoomOrder::Remove(agent) => format!("room {id} remove {}", agent.local()),
        RoomOrder::Close { .. } => format!("room {id} destroy"),
    }
}

fn text_of(words: &Words) -> String {
    let files = words.attachments.iter().map(|file: &Attachment| &file.url);
    let mut text = words.text.clone();
    for file in files {
        text.push_str(&format!(" <{file}>"));
    }
    text
}
