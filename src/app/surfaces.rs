//! The routes of all surfaces but the chat API's own, for the OpenAPI document.

use actix_web::http::Method;

use crate::chat_api::openapi::Told;

/// Method, path, what it does.
type Line = (&'static str, &'static str, &'static str);

const OPERATORS: &[Line] = &[
    ("GET", "/healthz", "Whether the program is alive."),
    (
        "GET",
        "/readyz",
        "Whether it can work; 503 with the reasons if not.",
    ),
    ("GET", "/metrics", "Figures for Prometheus."),
    ("GET", "/media/{sealed}/{name}", "A file of a conversation."),
];

const RAPIDPRO: &[Line] = &[
    (
        "GET",
        "/api/apps/public/{app}/secret.check",
        "Whether the secret is right.",
    ),
    (
        "GET",
        "/api/apps/public/{app}/settings",
        "Where RapidPro is called back.",
    ),
    (
        "PUT",
        "/api/apps/public/{app}/settings",
        "Tell where to call back.",
    ),
    ("POST", "/api/apps/public/{app}/room", "Open a ticket."),
    (
        "POST",
        "/api/apps/public/{app}/room.close",
        "Close a ticket.",
    ),
    (
        "POST",
        "/api/apps/public/{app}/visitor-message",
        "Say something.",
    ),
    (
        "POST",
        "/rapidpro/external/{channel}",
        "A message of RapidPro's External channel.",
    ),
];

const YALO: &[Line] = &[
    ("GET", "/v1/welcome", "Whether it is there."),
    ("POST", "/v1/authenticate", "Get a token."),
    ("GET", "/v1/tokens/check", "Whether a token is good."),
    ("POST", "/v1/chats/connect", "Hand a visitor over."),
    (
        "DELETE",
        "/v1/chat/finish/{user_id}",
        "End a visitor's conversation.",
    ),
    (
        "GET",
        "/v1/context/{user_id}",
        "What a visitor and the bot said.",
    ),
    (
        "POST",
        "/v1/integrations/{provider}/webhook",
        "What was said on a messenger.",
    ),
    (
        "POST",
        "/v1/integrations/webhook/register/{provider}",
        "Register the webhook.",
    ),
    (
        "DELETE",
        "/v1/integrations/webhook/remove/{provider}",
        "Remove the webhook.",
    ),
];

const OPENCHS: &[Line] = &[
    ("POST", "/open/api/token", "Get a token."),
    ("GET", "/open/api/chat", "What was said in a session."),
    ("POST", "/open/api/chat", "A message of a client."),
    ("POST", "/open/api/web", "File a case."),
    (
        "POST",
        "/open/api/chat/{session}/close",
        "The bot ends a session.",
    ),
    (
        "POST",
        "/open/api/chat/{session}/ack",
        "The bot has taken something.",
    ),
];

const WENI: &[Line] = &[
    ("POST", "/weni/{channel}/v1/tickets", "Open a ticket."),
    (
        "POST",
        "/weni/{channel}/v1/tickets/{ticket}/messages",
        "Say something.",
    ),
    (
        "POST",
        "/weni/{channel}/v1/tickets/{ticket}/close",
        "Close a ticket.",
    ),
    (
        "POST",
        "/weni/{channel}/v1/tickets/{ticket}/reopen",
        "Open a ticket again.",
    ),
    (
        "POST",
        "/weni/{channel}/v1/tickets/{ticket}/history",
        "What was said before.",
    ),
];

/// All of them, whether or not a channel of their kind is configured.
pub(super) fn all() -> Vec<Told> {
    [
        ("operators", OPERATORS),
        ("RapidPro", RAPIDPRO),
        ("Weni", WENI),
        ("Yalo", YALO),
        ("OpenCHS", OPENCHS),
    ]
    .into_iter()
    .flat_map(|(surface, lines)| lines.iter().map(move |line| told(surface, line)))
    .collect()
}

fn told(surface: &'static str, (method, path, about): &Line) -> Told {
    let method = match *method {
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        _ => Method::GET,
    };
    Told {
        surface,
        json: matches!(method, Method::POST | Method::PUT),
        path: (*path).to_owned(),
        method,
        about,
    }
}
