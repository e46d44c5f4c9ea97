//! The README's walk-through of the chat API, in both path families, with users of both kinds.

use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, Visitor, Web, bare, with_chat_api};
use super::support::xmpp::Server;

struct Scene {
    // The program goes first when a story ends.
    warmline: Warmline,
    server: Prosody,
    one: Web,
    other: Web,
}

/// Two users, who are the agents of the workgroup `desk`.
fn scene(family: Family, kind: Kind) -> Scene {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    let names = ["agent1", "agent2"];
    let agents = names.map(|name| bare(kind, name));
    with_chat_api(&mut config, &server, &agents);
    let warmline = Warmline::start(&config);
    let [one, other] = names.map(|name| Web::log_in(warmline.address(), name, (family, kind)));
    Scene {
        warmline,
        server,
        one,
        other,
    }
}

fn walk(family: Family, kind: Kind) {
    let scene = scene(family, kind);
    messages(&scene);
    presence(&scene);
    rooms(&scene);
    fastpath(&scene, family);
    logoff(&scene);
    assert!(!scene.server.log().contains("Traceback"));
}

#[test]
fn the_readme_s_paths_with_users_of_our_own_domain() {
    walk(Family::Readme, Kind::Bridge);
}

#[test]
fn the_source_s_paths_with_users_of_our_own_domain() {
    walk(Family::Source, Kind::Bridge);
}

#[test]
fn the_readme_s_paths_with_users_of_the_server() {
    walk(Family::Readme, Kind::Account);
}

#[test]
fn the_source_s_paths_with_users_of_the_server() {
    walk(Family::Source, Kind::Account);
}

fn messages(Scene { one, other, .. }: &Scene) {
    let body = r#"{"body": "desired \"message\"", "extra": 1}"#;
    one.does("POST", &format!("/messages/{}", other.jid()), body);
    let event = other.events.wait("a message", |event| {
        event.name == "chatapi.chat" && event.text("body") == "desired \"message\""
    });
    assert_eq!(event.data["data"]["extra"], 1);
    assert!(event.text("from").starts_with(&one.jid()));
    let to = other.jid().replace('@', "%40");
    assert!(to.contains("%40"));
    other.does("POST", &format!("/messages/{}", one.jid()), "back");
    let event = one.events.wait("an answer", |event| {
        event.name == "chatapi.chat" && event.text("body") == "back"
    });
    assert_eq!(event.kind(), "chat");
    one.does("POST", &format!("/chatstate/composing/{to}"), "");
    let event = other
        .events
        .wait("a chat state", |event| !event.text("state").is_empty());
    assert_eq!(event.text("state"), "composing");
}

fn presence(Scene { one, other, .. }: &Scene) {
    let added = one.does("POST", &format!("/contacts/{}", other.jid()), "");
    assert_eq!(added.status, 201);
    wait::until("the contact is seen", wait::SOON, || {
        let roster = one.does("GET", "/contacts", "").json();
        let items = roster["rosterItem"].as_array().cloned().unwrap_or_default();
        let mine = items.into_iter().find(|item| item["jid"] == other.jid())?;
        (mine["show"] != "unavailable").then_some(())
    });
    other.does("POST", "/presence?show=dnd&status=very%20busy", "");
    let event = one.events.wait("a presence", |event| {
        event.kind() == "presence" && event.text("show") == "dnd"
    });
    assert!(event.text("from").starts_with(&other.jid()));
    assert_eq!(event.text("status"), "very busy");
    other.does("POST", "/presence?show=chat", "");
    one.does("POST", "/presence?show=chat", "");
}

fn rooms(Scene { one, other, .. }: &Scene) {
    one.does("PUT", "/rooms/talk?service=conference", "");
    one.does("POST", &format!("/rooms/talk/{}", other.jid()), "come in");
    let invitation = other.events.wait("an invitation", |event| {
        event.kind() == "invitationReceived" && event.text("room").starts_with("talk@")
    });
    assert_eq!(invitation.text("reason"), "come in");
    other.does("PUT", "/rooms/talk", "");
    let body = r#"{"body": "to all", "extra": "extra data"}"#;
    one.does("POST", "/rooms/talk?service=%22conference%22", body);
    for web in [one, other] {
        let said = web.events.wait("a line in the room", |event| {
            event.kind() == "groupchat" && event.text("body") == "to all"
        });
        assert_eq!(said.data["data"]["extra"], "extra data");
    }
    let inside = one.does("GET", "/rooms/talk/participants", "").json();
    assert_eq!(inside["participant"].as_array().map(Vec::len), Some(2));
    other.does("DELETE", "/rooms/talk", "");
    assert_eq!(other.chat("POST", "/rooms/talk", "x").status, 400);
    one.does("DELETE", "/rooms/talk", "");
}

/// Ask, offer, reject, the next agent, accept, invitation, chat both ways, the end.
fn fastpath(scene: &Scene, family: Family) {
    let address = scene.warmline.address();
    let visitor = Visitor::ask(address, "visitor", family);
    let (first, second, offer) = wait::until("an offer to one of two", wait::SOON, || {
        let made = |web: &Web| web.events.take(|event| event.kind() == "offerReceived");
        let Scene { one, other, .. } = scene;
        let to_one = made(one).map(|offer| (one, other, offer));
        to_one.or_else(|| made(other).map(|offer| (other, one, offer)))
    });
    let known = &offer.data["metaData"];
    assert_eq!(known["question"], "What is the meaning of life");
    assert_eq!(known["email"], "visitor@hospital.com");
    let open = first.does("GET", "/offers", "").json();
    assert_eq!(open["offer"][0]["id"], offer.data["id"], "readable again");
    first.answer(offer.text("id"), false);
    let offer = second.events.kind("offerReceived");
    assert_eq!(visitor.call("POST", "").status, 409, "nobody is there yet");
    second.answer(offer.text("id"), true);
    let invitation = second.events.wait("an invitation", |event| {
        event.kind() == "invitationReceived" && event.text("room").starts_with(offer.text("id"))
    });
    let jid = invitation.text("room");
    let room = jid.split('@').next().unwrap_or("");
    let page = format!("https://help.example.test:7443/ofmeet/r/{room}");
    assert_eq!(invitation.text("url"), page);
    second.does("PUT", &format!("/rooms/{room}"), "");
    let came = visitor.events.kind("offer");
    assert_eq!((came.text("mucRoom"), came.text("url")), (jid, &*page));
    assert_eq!(visitor.call("POST", "").status, 200);
    talk(second, &visitor, room);
    typing(second, &visitor, jid);
    let status = visitor.call("GET", "").json();
    let found = (&status["status"], &status["inQueue"]);
    assert_eq!(found, (&"invited".into(), &false.into()));
    second.does("POST", &format!("/rooms/{room}"), "!close");
    let ended = visitor.events.kind("ended");
    assert_eq!(ended.text("by"), "agent");
    visitor.events.wait_over(wait::SOON);
    assert_eq!(visitor.call("PUT", "too late").status, 409);
}

fn talk(agent: &Web, visitor: &Visitor, room: &str) {
    let path = format!("/rooms/{room}?service=%22conference%22");
    agent.does("POST", &path, r#"{"body": "How can I help?"}"#);
    let heard = visitor.events.kind("groupchat");
    assert_eq!(heard.text("body"), "How can I help?");
    assert_eq!(visitor.post(room, r#"{"body": "Tell me"}"#).status, 200);
    assert_eq!(visitor.call("PUT", "please").status, 200);
    for text in ["Tell me", "please"] {
        agent.events.wait("the visitor's words", |event| {
            event.kind() == "groupchat" && event.text("body") == text
        });
    }
}

/// Typing passes by in both directions, without a number.
fn typing(agent: &Web, visitor: &Visitor, room: &str) {
    let room_in_path = room.replace('@', "%40");
    agent.does("POST", &format!("/chatstate/composing/{room_in_path}"), "");
    visitor.events.wait("the agent types", |event| {
        event.text("state") == "composing"
    });
    assert_eq!(visitor.tells("composing").status, 200);
    let seen = agent.events.wait("the visitor types", |event| {
        event.text("state") == "composing"
            && event.text("from").starts_with(&format!("{room}/Visitor-"))
    });
    assert_eq!((seen.id, seen.kind()), (0, "groupchat"));
}

fn logoff(Scene { one, other, .. }: &Scene) {
    for web in [one, other] {
        web.does("POST", "/logoff", "");
        web.events.kind("loggedOff");
        web.events.wait_over(wait::SOON);
    }
}
