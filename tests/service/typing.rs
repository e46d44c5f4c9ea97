//! Typing, between people at XMPP clients and people in browsers: it passes by, and is kept nowhere.

use super::stage::{accept, offered};
use super::support::agents::{Agent, People};
use super::support::browser::Browser;
use super::support::config::Config;
use super::support::event::Event as Heard;
use super::support::prosody::Prosody;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, MASTER, Visitor, Web, with_chat_api};
use super::support::xmpp::{Server, jid, workgroup};

struct Scene {
    // The program goes first when a story ends.
    warmline: Warmline,
    agent: Agent,
    _people: People,
    _server: Prosody,
}

/// An agent of the workgroup `desk` at an XMPP client.
fn scene() -> Scene {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent3")]);
    let warmline = Warmline::start(&config);
    let people = People::start();
    let agent = people.log_in("agent3", server.ports());
    super::kept_events::on_duty(&agent, &workgroup("desk"));
    Scene {
        warmline,
        agent,
        _people: people,
        _server: server,
    }
}

/// Everything that is stored for somebody, as it is shown to who comes late.
fn stored(scene: &Scene, path: &str, header: &str) -> String {
    let mut headers = vec![("Last-Event-ID".to_owned(), "1".to_owned())];
    if !header.is_empty() {
        headers.push(("Authorization".to_owned(), header.to_owned()));
    }
    let late = Browser::open(scene.warmline.address(), path, headers);
    late.wait("what is stored", |event| event.id > 0);
    // What is stored comes before the next sign of life, in one go.
    late.wait_quiet();
    let raw = late.events().into_iter().map(|event| {
        let xml = event.text("xmpp").to_owned();
        format!("{} {xml}", event.data)
    });
    raw.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_visitor_and_an_agent_at_a_client_see_one_another_type() {
    let scene = scene();
    let visitor = Visitor::ask(scene.warmline.address(), "visitor", Family::Readme);
    let agent = &scene.agent;
    assert_eq!(
        visitor.tells("composing").status,
        200,
        "nobody is there yet"
    );
    let room = accept(agent, &offered(agent));
    visitor.events.kind("offer");
    agent.say_in(&room, "Good day");
    visitor.events.kind("groupchat");
    let events = || scene.warmline.figure("warmline_events_total");
    let before = events();
    assert!(before >= Some(3.0), "{before:?}");
    agent.types(&room, ("composing", "groupchat"));
    let seen = visitor.events.wait("the agent types", |event| {
        event.text("state") == "composing"
    });
    assert_eq!((seen.id, seen.name.as_str()), (0, "chatapi.ask"));
    assert_eq!(seen.text("from"), format!("{room}/agent3"));
    agent.types(&room, ("paused", "groupchat"));
    visitor
        .events
        .wait("a pause", |event| event.text("state") == "paused");

    let of_the_visitor = |event: &Heard| event.is_in(&room) && event.nick().starts_with("Visitor-");
    assert_eq!(visitor.tells("composing").status, 200);
    let seen = agent.wait("the visitor types", |event| {
        of_the_visitor(event) && event.get("state") == "composing"
    });
    assert!(seen.get("xml").contains("no-store"));
    assert_eq!(visitor.call("PUT", "here I am").status, 200);
    let said = agent.wait("the visitor's words", |event| {
        event.is_in(&room) && event.get("body") == "here I am"
    });
    assert_eq!(said.get("state"), "active", "who has spoken types no more");
    assert_eq!(visitor.tells("composing").status, 200);
    agent.wait("the visitor types again", |event| {
        of_the_visitor(event) && event.get("state") == "composing"
    });
    let path = visitor.answer["events"]
        .as_str()
        .expect("a path")
        .to_owned();
    let all = stored(&scene, &path, "");
    assert!(all.contains("Good day"), "{all}");
    assert!(
        !all.contains("composing") && !all.contains("paused"),
        "{all}"
    );
    assert_eq!(events(), before, "typing is no event of the log");
}

#[test]
fn a_user_in_a_browser_and_one_at_a_client_see_one_another_type() {
    let scene = scene();
    let web = (Family::Readme, Kind::Bridge);
    let alice = Web::log_in(scene.warmline.address(), "alice", web);
    let agent = &scene.agent;
    agent.types(&alice.jid(), ("composing", "chat"));
    let seen = alice.events.wait("typing at the client", |event| {
        event.text("state") == "composing"
    });
    assert_eq!((seen.id, seen.name.as_str()), (0, "chatapi.chat"));
    assert!(seen.text("from").starts_with(agent.jid()));
    agent.say(&alice.jid(), "hello");
    alice
        .events
        .wait("words", |event| event.text("body") == "hello");
    let to = agent.jid().replace('@', "%40");
    alice.does("POST", &format!("/chatstate/composing/{to}"), "");
    agent.wait("typing in the browser", |event| {
        event.sender() == alice.jid() && event.get("state") == "composing"
    });
    let all = stored(&scene, "/sse/alice", MASTER);
    assert!(all.contains("hello") && !all.contains("composing"), "{all}");
    // Nor does the stanza, in which it came, stay.
    let composing = base64_of("composing");
    assert!(!all.contains(&composing), "{all}");
}

/// As it would stand within the text of a stanza; the beginning of a group of three letters is not
/// known, so that only the middle of it can be looked for.
fn base64_of(word: &str) -> String {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(word);
    encoded[2..encoded.len() - 4].to_owned()
}
