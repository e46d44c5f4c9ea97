//! Every route of the REST side as one table: what is served and what is documented.

mod assists;
mod people;
mod rooms;
mod session;
pub mod unable;

use actix_web::http::Method;

use super::ask;
use super::call::Handler;

/// Where the same routes are found (chat API §1.1): as the source had it, as the README has it, and
/// as the README's summary has it.
pub const PREFIXES: [&str; 3] = ["/rest/api/restapi/v1", "/restapi/v1", ""];

/// One route.
#[derive(Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path below a prefix.
    pub path: String,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Whether it is reached without credentials, or with those in its body.
    pub open: bool,
    /// What its body is.
    pub body: BodyKind,
    /// Parameters of its query.
    pub query: &'static [&'static str],
    /// What does it.
    pub handler: Handler,
}

/// What a route reads from its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// Nothing.
    None,
    /// A text.
    Text,
    /// A text, or JSON as text.
    TextOrJson,
    /// JSON.
    Json,
}

macro_rules! handler {
    ($function:path) => {
        |call| Box::pin($function(call))
    };
}

/// A place in the table.
struct Line {
    method: Method,
    path: &'static str,
    about: &'static str,
    handler: Handler,
}

fn line(method: Method, path: &'static str, about: &'static str, handler: Handler) -> Line {
    Line {
        method,
        path,
        about,
        handler,
    }
}

/// All routes, those with fixed words before those that take any word in the same place.
pub fn all() -> Vec<Route> {
    let mut routes = Vec::new();
    for group in [talk(), people_and_rooms(), experts()] {
        for line in group {
            routes.push(route(format!("/chat{}", line.path), &line));
            routes.push(route(format!("/chat/{{stream}}{}", line.path), &line));
        }
    }
    routes.extend(named().iter().map(|line| route(line.path.to_owned(), line)));
    routes.extend(
        ask_routes()
            .iter()
            .map(|line| route(line.path.to_owned(), line)),
    );
    let takes_any_word =
        |route: &Route| route.path.starts_with("/chat/{") || route.path.starts_with("/ask/{");
    routes.sort_by_key(takes_any_word);
    routes
}

fn route(path: String, line: &Line) -> Route {
    Route {
        body: body_of(&line.method, line.path),
        query: query_of(line.path),
        open: line.path.starts_with("/ask") || line.path.ends_with("/login"),
        method: line.method.clone(),
        about: line.about,
        handler: line.handler,
        path,
    }
}

fn talk() -> Vec<Line> {
    vec![
        line(
            Method::POST,
            "/presence",
            "Broadcast the own presence.",
            handler!(session::presence),
        ),
        line(
            Method::GET,
            "/messages",
            "Old messages, one-to-one and in rooms.",
            handler!(session::history),
        ),
        line(
            Method::POST,
            "/messages/{to}",
            "Send a one-to-one message.",
            handler!(session::send),
        ),
        line(
            Method::POST,
            "/chatstate/{state}/{to}",
            "Tell somebody about typing.",
            handler!(session::chatstate),
        ),
        line(
            Method::POST,
            "/xmpp",
            "Send one raw stanza.",
            handler!(session::xmpp),
        ),
        line(
            Method::POST,
            "/logoff",
            "End the session.",
            handler!(session::logoff),
        ),
        line(
            Method::POST,
            "/tickets",
            "Extension: a ticket for /sse/{user}?token=.",
            handler!(session::ticket),
        ),
    ]
}

fn people_and_rooms() -> Vec<Line> {
    vec![
        line(
            Method::GET,
            "/contacts",
            "The contacts, with their presence.",
            handler!(people::contacts),
        ),
        line(
            Method::POST,
            "/contacts",
            "Add a contact.",
            handler!(people::add),
        ),
        line(
            Method::POST,
            "/contacts/{jid}",
            "Add a contact.",
            handler!(people::add),
        ),
        line(
            Method::PUT,
            "/contacts/{jid}",
            "Change a contact.",
            handler!(people::update),
        ),
        line(
            Method::DELETE,
            "/contacts/{jid}",
            "Remove a contact.",
            handler!(people::remove),
        ),
        line(
            Method::GET,
            "/users",
            "Look for users.",
            handler!(people::search),
        ),
        line(
            Method::POST,
            "/users/{property}",
            "Set a property of one's own.",
            handler!(people::set_property),
        ),
        line(
            Method::DELETE,
            "/users/{property}",
            "Remove a property of one's own.",
            handler!(people::remove_property),
        ),
        line(
            Method::GET,
            "/rooms",
            "The rooms of a service.",
            handler!(rooms::list),
        ),
        line(
            Method::GET,
            "/rooms/{room}",
            "One room.",
            handler!(rooms::one),
        ),
        line(
            Method::PUT,
            "/rooms/{room}",
            "Enter a room.",
            handler!(rooms::join),
        ),
        line(
            Method::POST,
            "/rooms/{room}",
            "Say something in a room.",
            handler!(rooms::post),
        ),
        line(
            Method::DELETE,
            "/rooms/{room}",
            "Leave a room.",
            handler!(rooms::leave),
        ),
        line(
            Method::GET,
            "/rooms/{room}/participants",
            "Who is in a room.",
            handler!(rooms::participants),
        ),
        line(
            Method::GET,
            "/rooms/{room}/occupants",
            "Who is in a room, with addresses where it shows them.",
            handler!(rooms::occupants),
        ),
        line(
            Method::GET,
            "/rooms/{room}/chathistory",
            "What was said in a room.",
            handler!(rooms::history),
        ),
        line(
            Method::POST,
            "/rooms/{room}/{jid}",
            "Invite somebody into a room.",
            handler!(rooms::invite),
        ),
    ]
}

fn experts() -> Vec<Line> {
    vec![
        line(
            Method::GET,
            "/assists",
            "The workgroups that one may serve.",
            handler!(assists::workgroups),
        ),
        line(
            Method::GET,
            "/assists/queues",
            "The queues of the workgroups that one serves.",
            handler!(assists::queues),
        ),
        line(
            Method::GET,
            "/assists/{workgroup}",
            "The queue of one workgroup.",
            handler!(assists::queues),
        ),
        line(
            Method::POST,
            "/assists/{workgroup}",
            "Take offers of a workgroup.",
            handler!(assists::serve),
        ),
        line(
            Method::DELETE,
            "/assists/{workgroup}",
            "Take no more offers of a workgroup.",
            handler!(assists::stop),
        ),
        line(
            Method::PUT,
            "/assists/{workgroup}/{offer}",
            "Accept an offer.",
            handler!(assists::accept),
        ),
        line(
            Method::DELETE,
            "/assists/{workgroup}/{offer}",
            "Reject an offer.",
            handler!(assists::reject),
        ),
        line(
            Method::POST,
            "/offer/{offer}",
            "Accept an offer.",
            handler!(assists::accept),
        ),
        line(
            Method::DELETE,
            "/offer/{offer}",
            "Reject an offer.",
            handler!(assists::reject),
        ),
        line(
            Method::GET,
            "/offers",
            "Extension: the offers that wait for an answer.",
            handler!(assists::offers),
        ),
    ]
}

/// Routes whose first word is a user's name, or fixed.
fn named() -> Vec<Line> {
    vec![
        line(
            Method::POST,
            "/chat/{username}/login",
            "Begin a session; answers with the bare stream id.",
            handler!(session::login),
        ),
        line(
            Method::GET,
            "/chat/{username}/pdf",
            "Not possible: 501.",
            handler!(session::original_only),
        ),
        line(
            Method::GET,
            "/chat/certificate",
            "Not possible: 501.",
            handler!(session::original_only),
        ),
        line(
            Method::GET,
            "/chat/enroll",
            "Not possible: 501.",
            handler!(session::original_only),
        ),
        line(
            Method::DELETE,
            "/chat/enroll",
            "Not possible: 501.",
            handler!(session::original_only),
        ),
    ]
}

fn ask_routes() -> Vec<Line> {
    vec![
        line(
            Method::POST,
            "/ask",
            "Ask a workgroup; answers with the request and the visitor's token.",
            handler!(ask::open),
        ),
        line(
            Method::GET,
            "/ask/workgroups",
            "Extension: the workgroups, open or closed.",
            handler!(ask::workgroups),
        ),
        line(
            Method::GET,
            "/ask/workgroups/{workgroup}",
            "Extension: one workgroup, with a place in its line.",
            handler!(ask::workgroup),
        ),
        line(
            Method::GET,
            "/ask/{user}",
            "How far a request has come.",
            handler!(ask::status),
        ),
        line(
            Method::POST,
            "/ask/{user}",
            "Enter the conversation's room.",
            handler!(ask::join),
        ),
        line(
            Method::PUT,
            "/ask/{user}",
            "Say something in the conversation.",
            handler!(ask::say),
        ),
        line(
            Method::DELETE,
            "/ask/{user}",
            "Cancel the request, or end the conversation.",
            handler!(ask::cancel),
        ),
    ]
}

/// The handler of routes that are refused.
pub fn refuser() -> Handler {
    handler!(unable::refuse)
}

fn body_of(method: &Method, path: &str) -> BodyKind {
    match (method.as_str(), path) {
        ("POST", "/messages/{to}" | "/rooms/{room}") | ("PUT", "/ask/{user}") => {
            BodyKind::TextOrJson
        }
        ("POST", "/xmpp" | "/users/{property}" | "/rooms/{room}/{jid}") => BodyKind::Text,
        ("POST", "/chat/{username}/login") => BodyKind::Text,
        ("POST", "/contacts" | "/ask") | ("PUT", "/contacts/{jid}") => BodyKind::Json,
        _ => BodyKind::None,
    }
}

fn query_of(path: &str) -> &'static [&'static str] {
    match path {
        "/presence" => &["show", "status"],
        "/messages" => &["keywords", "to", "start", "end", "room", "service", "limit"],
        "/users" => &["search"],
        "/rooms" => &["servicename", "service", "search", "type"],
        "/chat/{username}/login" => &["totp"],
        "/ask" => &["wait"],
        _ if path.starts_with("/ask/{user}") => &["token"],
        _ if path.starts_with("/rooms/") => &["service", "servicename"],
        _ => &[],
    }
}
