//! Every route of the REST side as one table: what is served and what is documented.

mod accounts;
mod assists;
mod enroll;
mod groups;
mod pdf;
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

/// Where workgroups are administered.
const ADMIN: &str = "/ask/admin";

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
    /// An entity, as JSON or as XML.
    Entity,
}

/// What has to be known of a caller before a route is gone into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Anybody,
    /// Nothing; a password alone is not enough for who needs a one-time code, and the route sees to it.
    Login,
    /// Who it is.
    Known,
}

impl Route {
    /// What has to be known of a caller.
    pub fn entry(&self) -> Entry {
        match self.open {
            _ if self.path == "/chat/{username}/login" => Entry::Login,
            true => Entry::Anybody,
            false => Entry::Known,
        }
    }

    /// Whether it is for the master secret alone, and found only below a prefix: without one the path
    /// may be somebody else's.
    pub fn is_administration(&self) -> bool {
        self.path.starts_with("/users")
    }

    /// Whether the master secret alone will do.
    pub fn is_masters(&self) -> bool {
        self.is_administration() || self.path.starts_with(ADMIN)
    }

    /// A fixed path which this route answers too, beside one that stands there for another method.
    pub fn also_at(&self) -> Option<&'static str> {
        (self.path == "/ask/{user}" && self.method != Method::POST).then_some(ADMIN)
    }

    /// Whether another route has the same path for other methods, of which a fixed word here is one
    /// value: `/ask/admin` is a visitor's, too, who is called `admin`.
    pub fn stands_before(&self) -> bool {
        self.path == ADMIN
    }

    /// Its path below a stream id, or below `/chat`; other paths as they are, and the search for users,
    /// which has its namesake among them.
    pub fn below(&self) -> &str {
        let path = self.path.strip_prefix("/chat").unwrap_or(&self.path);
        let path = path.strip_prefix("/{stream}").unwrap_or(path);
        match (path, self.path.as_str()) {
            ("/users", "/chat/users" | "/chat/{stream}/users") => "/chat/users",
            _ => path,
        }
    }

    /// Whether it may say that it is not possible here (501): always, or where something is missing.
    pub fn may_be_impossible(&self) -> bool {
        const THOSE: [&str; 4] = ["/login", "/pdf", "/certificate", "/enroll"];
        THOSE.iter().any(|end| self.path.ends_with(end)) || self.asks_elsewhere()
    }

    /// Whether another server has to answer, and may fail (502, 504).
    pub fn asks_elsewhere(&self) -> bool {
        const THOSE: [&str; 2] = ["/ask/upload/", "/ask/previewlink/"];
        THOSE.iter().any(|begin| self.path.starts_with(begin))
    }
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

/// The table: method, path, what it does, handler.
macro_rules! lines {
    ($($method:ident $path:literal $about:literal $function:path;)+) => {
        vec![$(Line {
            method: Method::$method,
            path: $path,
            about: $about,
            handler: handler!($function),
        }),+]
    };
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
    for group in [named(), ask_routes(), users()] {
        routes.extend(group.iter().map(|line| route(line.path.to_owned(), line)));
    }
    let takes_any_word =
        |route: &Route| route.path.starts_with("/chat/{") || route.path.starts_with("/ask/{");
    routes.sort_by_key(takes_any_word);
    routes
}

fn route(path: String, line: &Line) -> Route {
    Route {
        body: body_of(&line.method, line.path),
        query: query_of(line.path),
        open: (line.path.starts_with("/ask") && !line.path.starts_with(ADMIN))
            || line.path.ends_with("/login"),
        method: line.method.clone(),
        about: line.about,
        handler: line.handler,
        path,
    }
}

fn talk() -> Vec<Line> {
    lines! {
        POST "/presence" "Broadcast the own presence." session::presence;
        GET "/messages" "Old messages, one-to-one and in rooms." session::history;
        GET "/pdf" "Old messages as a PDF file; the parameters are those of messages." pdf::file;
        POST "/messages/{to}" "Send a one-to-one message." session::send;
        POST "/chatstate/{state}/{to}" "Tell somebody about typing." session::chatstate;
        POST "/xmpp" "Send one raw stanza." session::xmpp;
        POST "/logoff" "End the session." session::logoff;
        POST "/tickets" "Extension: a ticket for /sse/{user}?token=." session::ticket;
    }
}

fn people_and_rooms() -> Vec<Line> {
    lines! {
        GET "/contacts" "The contacts, with their presence." people::contacts;
        GET "/contacts/requests" "Extension: who asks to be shown the user and waits for an answer." people::requests;
        POST "/contacts" "Add a contact." people::add;
        POST "/contacts/{jid}" "Add a contact." people::add;
        PUT "/contacts/{jid}" "Change a contact." people::update;
        DELETE "/contacts/{jid}" "Remove a contact." people::remove;
        GET "/users" "Look for users." people::search;
        POST "/users/{property}" "Set a property of one's own." people::set_property;
        DELETE "/users/{property}" "Remove a property of one's own." people::remove_property;
        GET "/rooms" "The rooms of a service." rooms::list;
        GET "/rooms/{room}" "One room." rooms::one;
        PUT "/rooms/{room}" "Enter a room." rooms::join;
        POST "/rooms/{room}" "Say something in a room." rooms::post;
        DELETE "/rooms/{room}" "Leave a room." rooms::leave;
        GET "/rooms/{room}/participants" "Who is in a room." rooms::participants;
        GET "/rooms/{room}/occupants" "Who is in a room, with addresses where it shows them." rooms::occupants;
        GET "/rooms/{room}/chathistory" "What was said in a room." rooms::history;
        POST "/rooms/{room}/{jid}" "Invite somebody into a room." rooms::invite;
    }
}

fn experts() -> Vec<Line> {
    lines! {
        GET "/assists" "The workgroups that one may serve." assists::workgroups;
        GET "/assists/queues" "The queues of the workgroups that one serves." assists::queues;
        GET "/assists/{workgroup}" "The queue of one workgroup." assists::queues;
        POST "/assists/{workgroup}" "Take offers of a workgroup." assists::serve;
        DELETE "/assists/{workgroup}" "Take no more offers of a workgroup." assists::stop;
        PUT "/assists/{workgroup}/{offer}" "Accept an offer." assists::accept;
        DELETE "/assists/{workgroup}/{offer}" "Reject an offer." assists::reject;
        POST "/offer/{offer}" "Accept an offer." assists::accept;
        DELETE "/offer/{offer}" "Reject an offer." assists::reject;
        GET "/offers" "Extension: the offers that wait for an answer." assists::offers;
    }
}

/// Routes whose first word is a user's name, or fixed.
fn named() -> Vec<Line> {
    lines! {
        POST "/chat/{username}/login" "Begin a session; answers with the bare stream id." session::login;
        GET "/chat/certificate" "Not possible: 501." unable::certificate;
        GET "/chat/enroll" "A new secret for one-time codes, as a QR code; the first login with a code brings it in force." enroll::begin;
        DELETE "/chat/enroll" "End one's one-time codes." enroll::end;
    }
}

fn ask_routes() -> Vec<Line> {
    lines! {
        POST "/ask" "Ask a workgroup; answers with the request and the visitor's token." ask::open;
        GET "/ask/workgroups" "Extension: the workgroups, open or closed." ask::workgroups;
        GET "/ask/workgroups/{workgroup}" "Extension: one workgroup, with a place in its line." ask::workgroup;
        GET "/ask/upload/{user}/{file}/{size}" "Where to put a file (XEP-0363), for this visitor or user; its address is sent as any other." ask::upload;
        GET "/ask/previewlink/{quality}/{url}" "A preview of a page, by its address in base64url; 501 unless link_previews is set." ask::preview;
        GET "/ask/{user}" "How far a request has come." ask::status;
        POST "/ask/{user}" "Enter the conversation's room." ask::join;
        PUT "/ask/{user}" "Say something in the conversation." ask::say;
        DELETE "/ask/{user}" "Cancel the request, or end the conversation." ask::cancel;
        POST "/ask/admin" "Add a workgroup, with the master secret." groups::create;
        POST "/ask/admin/{workgroup}" "Say anew who serves in a workgroup that was added, with the master secret." groups::update;
        DELETE "/ask/admin/{workgroup}" "Delete a workgroup that was added, with the master secret." groups::delete;
        POST "/ask/{user}/chatstate/{state}" "Extension: tell the agent about typing." ask::visitor_types;
    }
}

/// The users of our own domain, for whoever administers them: only with the master secret, and only
/// below a prefix.
fn users() -> Vec<Line> {
    lines! {
        GET "/users" "The users of Warmline's own domain." accounts::list;
        POST "/users" "Make a user of Warmline's own domain, with a password." accounts::create;
        GET "/users/{username}" "One user." accounts::one;
        PUT "/users/{username}" "Change a user's password, name or e-mail address." accounts::update;
        DELETE "/users/{username}" "Delete a user, the session, and all that is kept for the user." accounts::delete;
        DELETE "/users/{username}/enroll" "Extension: end the one-time codes of a user, who has lost them; of the XMPP server's users by their addresses." enroll::take_off;
    }
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
        ("POST", "/chat/{username}/login" | "/ask/admin/{workgroup}") => BodyKind::Text,
        ("POST", "/contacts" | "/contacts/{jid}" | "/ask" | "/users" | ADMIN)
        | ("PUT", "/contacts/{jid}" | "/users/{username}") => BodyKind::Entity,
        _ => BodyKind::None,
    }
}

fn query_of(path: &str) -> &'static [&'static str] {
    match path {
        "/presence" => &["show", "status"],
        "/messages" | "/pdf" => &["keywords", "to", "start", "end", "room", "service", "limit"],
        "/users" => &["search"],
        "/rooms" => &["servicename", "service", "search", "type", "expandGroups"],
        "/rooms/{room}" => &["servicename", "service", "expandGroups"],
        "/chat/{username}/login" | "/chat/enroll" => &["totp"],
        "/ask" => &["wait"],
        "/ask/upload/{user}/{file}/{size}" => &["token", "type"],
        "/ask/previewlink/{quality}/{url}" => &["token"],
        _ if path.starts_with("/ask/{user}") => &["token"],
        _ if path.starts_with("/rooms/") => &["service", "servicename"],
        _ => &[],
    }
}
