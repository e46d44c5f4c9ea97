//! What only works inside of the XMPP server, or was a product of its own: told so, and why.

use crate::chat_api::call::{Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;

/// Routes that are refused, below the prefix, with the reason.
pub const REFUSED: &[(&str, &str)] = &[
    ("/ask/uport/{rest:.*}", "the identity service is no more"),
    ("/ask/irma/{rest:.*}", "the identity service is no more"),
    (
        "/meet/{rest:.*}",
        "meetings, push, telephony, SMS and e-mail belong to other parts of the original server",
    ),
    (
        "/bookmarks{rest:.*}",
        "bookmarks of all users can be had only inside of the XMPP server",
    ),
    (
        "/sipaccounts{rest:.*}",
        "telephony belongs to another part of the original server",
    ),
    (
        "/messageblast{rest:.*}",
        "sending to all users can be done only inside of the XMPP server",
    ),
    (
        "/users/{user}/{rest:.*}",
        "groups and contacts of others are the XMPP server's, or the user's own; see /chat/contacts",
    ),
    (
        "/userservice",
        "accounts of the XMPP server are administered there; see /users",
    ),
    (
        "/groups{rest:.*}",
        "groups of the XMPP server are administered there",
    ),
    (
        "/chatrooms{rest:.*}",
        "rooms are administered at the XMPP server; see /chat/rooms",
    ),
    (
        "/sessions{rest:.*}",
        "sessions of the XMPP server are administered there",
    ),
    (
        "/lockouts/{rest:.*}",
        "accounts of the XMPP server are administered there",
    ),
    (
        "/system/{rest:.*}",
        "the XMPP server's properties can be had only inside of it",
    ),
    (
        "/archive/{rest:.*}",
        "the XMPP server's archive can be had only inside of it; see /chat/messages",
    ),
];

/// Why a path is refused.
fn reason(path: &str) -> &'static str {
    let first = |pattern: &'static str| pattern.split('{').next().unwrap_or(pattern);
    let fits = |(pattern, _): &&(&'static str, &'static str)| path.contains(first(pattern));
    let found = REFUSED.iter().filter(fits).max_by_key(|(p, _)| p.len());
    found.map_or("it needs the inside of the XMPP server", |(_, why)| why)
}

/// `GET /chat/certificate`
pub async fn certificate(call: Call) -> Outcome {
    call.user()?;
    Err(Failure::Impossible(
        "the XMPP server trusts only certificates of its own authority, whose key only it has; ask its \
         administrator",
    ))
}

/// Refuses, once the caller is known.
pub async fn refuse(call: Call) -> Outcome {
    if !matches!(call.caller, Caller::Master) {
        call.user()?;
    }
    Err(Failure::Impossible(reason(&call.target)))
}
