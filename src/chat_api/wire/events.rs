//! What happens to a user, as events (chat API §2.4). Each misspelt key has its correct twin.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::chat_api::log::Entry;
use crate::users::{
    EndReason, Invitation, LeftReason, OfferMade, PresenceKind, QueueLine, QueueState, UserEvent,
    Written,
};

use super::{RoomUrl, compact, iso};

const XMPP: &str = "chatapi.xmpp";
const PRESENCE: &str = "chatapi.presence";
const CHAT: &str = "chatapi.chat";
const MUC: &str = "chatapi.muc";
const NOTIFY: &str = "chatapi.notify";
const ASSIST: &str = "chatapi.assist";
const ASK: &str = "chatapi.ask";
/// An extension: what happens to the session itself.
const SESSION: &str = "chatapi.session";

/// The events that tell of what happened; `me` is the session's full address.
pub fn entries(event: &UserEvent, me: &str, rooms: &RoomUrl) -> Vec<Entry> {
    let one = |name: &str, data: Value| vec![Entry::new(name, &data)];
    match event {
        UserEvent::Stanza(xml) => one(XMPP, json!({ "xmpp": STANDARD.encode(xml) })),
        UserEvent::Presence {
            from,
            to,
            kind,
            show,
            status,
        } => {
            let show = match kind {
                PresenceKind::Unavailable => "unavailable",
                _ => show.word(),
            };
            let data = json!({
                "type": "presence", "to": to, "from": from, "status": status, "show": show,
                "presenceType": kind.word(),
            });
            one(PRESENCE, data)
        }
        UserEvent::Chat(kind, written) => one(CHAT, said(kind.word(), written)),
        UserEvent::ChatState {
            from,
            to,
            kind,
            state,
        } => {
            let data = json!({"type": kind.word(), "to": to, "from": from, "state": state.word()});
            one(CHAT, data)
        }
        UserEvent::Room(written) => one(MUC, said("groupchat", written)),
        UserEvent::Invited(invitation) => one(MUC, invited(invitation, rooms)),
        UserEvent::Notify(written) => one(NOTIFY, notify(written)),
        UserEvent::Offer(offer) => one(ASSIST, offered(offer)),
        UserEvent::OfferRevoked {
            workgroup,
            id,
            visitor,
            reason,
        } => {
            let data = json!({
                "type": "offerRevoked", "workgroup": workgroup, "id": id, "from": visitor,
                "reason": reason,
            });
            one(ASSIST, data)
        }
        UserEvent::Queue(state) => one(ASK, queue(me, state)),
        UserEvent::QueueDetails { workgroup, users } => users
            .iter()
            .map(|line| Entry::new(ASK, &queued(me, workgroup, line)))
            .collect(),
        other => one(SESSION, session(other)),
    }
}

/// A session has begun.
pub fn logged_in(user: &str) -> Entry {
    Entry::new(SESSION, &json!({"type": "loggedIn", "username": user}))
}

/// A session is over, and with it the stream of events.
pub fn logged_off(why: &str) -> Entry {
    Entry::new(SESSION, &json!({"type": "loggedOff", "reason": why})).last()
}

/// Why a session ended.
pub fn ended(why: EndReason) -> &'static str {
    match why {
        EndReason::Closed => "closed",
        EndReason::WrongPassword => "wrong-password",
        EndReason::Replaced => "replaced",
        EndReason::Forgotten => "forgotten",
        EndReason::TooSlow => "too-slow",
        EndReason::Stopping => "stopping",
        EndReason::ThrownOut => "thrown-out",
    }
}

fn said(kind: &str, written: &Written) -> Value {
    let mut data = json!({
        "type": kind, "to": written.to, "from": written.from, "body": written.body,
        "data": raw(written.data.as_deref()), "id": written.id,
    });
    more(&mut data, written);
    data
}

fn notify(written: &Written) -> Value {
    let mut data = json!({
        "type": "notify", "to": written.to, "from": written.from,
        "data": raw(written.data.as_deref()), "id": written.id,
    });
    more(&mut data, written);
    data
}

/// What is told only where there is something to tell.
fn more(data: &mut Value, written: &Written) {
    if let Some(at) = written.delay {
        data["delay"] = json!(iso(at));
    }
    if written.own {
        data["own"] = json!(true);
    }
    if let Some(condition) = &written.error {
        data["error"] = json!(condition);
    }
}

/// JSON that was attached; text that is none stays a text.
fn raw(data: Option<&str>) -> Value {
    let Some(text) = data else {
        return Value::Null;
    };
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn invited(invitation: &Invitation, rooms: &RoomUrl) -> Value {
    // Old clients compare with the word.
    let or_null = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".to_owned());
    let mut data = json!({
        "type": "invitationReceived", "room": invitation.room, "inviter": invitation.inviter,
        "to": invitation.to, "from": invitation.from, "url": rooms.of(&invitation.room),
        "reason": or_null(&invitation.reason),
    });
    if !invitation.direct {
        data["password"] = json!(or_null(&invitation.password));
    }
    data
}

/// An offer, in events and in the list of those that are open.
pub fn offered(offer: &OfferMade) -> Value {
    let fields = offer.metadata.iter();
    let first = fields.filter_map(|(name, values)| Some((name.clone(), json!(values.first()?))));
    json!({
        "type": "offerReceived", "workgroup": offer.workgroup, "id": offer.id,
        "from": offer.visitor, "metaData": first.collect::<serde_json::Map<_, _>>(),
        "timeout": offer.timeout.map(|left| left.as_secs()),
    })
}

fn queue(me: &str, state: &QueueState) -> Value {
    json!({
        "type": "notify-queue", "to": me, "from": queue_address(&state.workgroup),
        "averageWaitTime": state.average_wait.map(|wait| wait.as_secs()),
        "userCount": state.users.len(), "status": state.status,
        "oldestEntry": state.oldest.map(compact),
    })
}

fn queued(me: &str, workgroup: &str, line: &QueueLine) -> Value {
    json!({
        "type": "notify-queue-details", "to": me, "from": queue_address(workgroup),
        "userid": line.visitor, "postion": line.position, "position": line.position,
        "timeRemaining": line.wait.map(|wait| wait.as_secs()),
        "timestamp": line.since.map(compact),
    })
}

fn queue_address(workgroup: &str) -> String {
    format!("{workgroup}/queue")
}

fn session(event: &UserEvent) -> Value {
    match event {
        UserEvent::Joined { room, nick } => json!({"type": "joined", "room": room, "nick": nick}),
        UserEvent::Left { room, why } => {
            let (word, reason) = left(why);
            json!({"type": "left", "room": room, "why": word, "reason": reason})
        }
        UserEvent::Missed { of, since, until } => {
            json!({"type": "missed", "of": of, "since": iso(*since), "until": iso(*until)})
        }
        UserEvent::Back { resumed, jid } => json!({"type": "back", "resumed": resumed, "jid": jid}),
        _ => json!({"type": "lost"}),
    }
}

fn left(why: &LeftReason) -> (&'static str, Option<&str>) {
    match why {
        LeftReason::Left => ("left", None),
        LeftReason::Kicked(reason) => ("kicked", reason.as_deref()),
        LeftReason::Banned(reason) => ("banned", reason.as_deref()),
        LeftReason::Destroyed(reason) => ("destroyed", reason.as_deref()),
        LeftReason::NotBack(condition) => ("not-back", Some(condition)),
        LeftReason::Removed => ("removed", None),
    }
}
