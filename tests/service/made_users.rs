//! Users of our own domain that are made over the API, in the real program; and what users learn of
//! each other.

use super::support::agents::People;
use super::support::browser::Browser;
use super::support::config::Config;
use super::support::http::{Reply, Request};
use super::support::prosody::Prosody;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, MASTER, Visitor, Web, call, with_chat_api};
use super::support::xmpp::{COMPONENT, Server, jid};
use base64::Engine as _;
use serde_json::json;

const DORA: (&str, &str) = ("dora", "a password of dora's");

fn basic((name, password): (&str, &str)) -> String {
    let pair = format!("{name}:{password}");
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}

fn send(warmline: &Warmline, (method, path): (&str, &str), (header, body): (&str, &str)) -> Reply {
    let mut request = Request::new(method, path).header("Authorization", header);
    request.body = body.as_bytes().to_vec();
    call(warmline.address(), &request)
}

fn make(warmline: &Warmline, (name, password): (&str, &str)) {
    let body = json!({"username": name, "password": password}).to_string();
    let made = send(warmline, ("POST", "/restapi/v1/users"), (MASTER, &body));
    assert_eq!(made.status, 201);
}

fn program(server: &Prosody, more: &str) -> Warmline {
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, server, &[jid("agent3")]);
    config.more.push_str(more);
    Warmline::start(&config)
}

#[test]
fn who_was_made_stays_so_over_a_kill_and_who_was_deleted_is_gone() {
    let server = Prosody::start();
    let mut warmline = program(&server, "");
    make(&warmline, DORA);
    warmline.kill9();
    warmline.start_again();
    let (dora, address) = (basic(DORA), warmline.address());
    let login = |warmline: &Warmline| send(warmline, ("POST", "/chat/dora/login"), (&dora, ""));
    let reply = login(&warmline);
    assert_eq!(
        (reply.status, reply.header("x-session-kind")),
        (200, Some("bridge"))
    );
    let headers = vec![("Authorization".to_owned(), dora.clone())];
    let events = Browser::open(address, "/sse/dora", headers);
    let people = People::start();
    let stranger = people.log_in("agent1", server.ports());
    let her = format!("dora@{COMPONENT}");
    stranger.show("available");
    stranger.subscribe(&her);
    stranger.wait("her presence", |e| {
        e.kind() == "presence" && e.sender() == her && e.get("type") == "available"
    });
    let gone = send(
        &warmline,
        ("DELETE", "/restapi/v1/users/dora"),
        (MASTER, ""),
    );
    assert_eq!(gone.status, 200);
    stranger.wait("her end", |e| {
        e.kind() == "presence" && e.sender() == her && e.get("type") == "unavailable"
    });
    events.kind("loggedOff");
    events.wait_over(wait::SOON);
    assert_eq!(login(&warmline).status, 401);
    warmline.kill9();
    warmline.start_again();
    assert_eq!(login(&warmline).status, 401);
    assert_eq!(
        warmline.figure("warmline_user_sessions{kind=\"bridge\"}"),
        Some(0.0)
    );
    // Nobody is waited for any more.
    stranger.say(&her, "are you there?");
    stranger.settle_with(&her);
    let one = send(&warmline, ("GET", "/restapi/v1/users/dora"), (MASTER, ""));
    assert_eq!(one.status, 404);
}

const HER: &str = "/restapi/v1/users/dora";

fn reload(warmline: &Warmline) {
    let count = || warmline.log().matches("words are reloaded").count();
    let before = count();
    warmline.hang_up();
    wait::until("it is reloaded", wait::SOON, || {
        (count() > before).then_some(())
    });
}

/// She is known, and of before there is nothing.
fn is_as_new(warmline: &Warmline) {
    let nobody = json!({"username": "dora", "jid": format!("dora@{COMPONENT}"), "account": "none"});
    let one = send(warmline, ("GET", HER), (MASTER, ""));
    assert_eq!(one.json(), nobody);
    let contacts = send(warmline, ("GET", "/chat/contacts"), (&basic(DORA), ""));
    assert_eq!(contacts.status, 401);
    let hers = "/chat/messages?username=dora";
    let told = send(warmline, ("GET", hers), (MASTER, ""));
    assert_eq!(told.json()["conversation"], json!([]));
    let bye = "/chat/logoff?username=dora";
    assert_eq!(send(warmline, ("POST", bye), (MASTER, "")).status, 200);
}

/// Whom a workgroup lists is a user, before and after a reload; nothing of before comes back.
#[test]
fn an_agent_who_is_deleted_stays_known_while_a_workgroup_lists_her_and_has_nothing() {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[format!("dora@{COMPONENT}")]);
    let mut warmline = Warmline::start(&config);
    is_as_new(&warmline);
    make(&warmline, DORA);
    send(&warmline, ("PUT", HER), (MASTER, r#"{"name": "Dora D."}"#));
    let said = format!("/chat/messages/{}", jid("agent1"));
    for path in [said.as_str(), "/chat/users/phone"] {
        let done = send(&warmline, ("POST", path), (&basic(DORA), "words"));
        assert_eq!(done.status, 200, "{path}");
    }
    let delete = |warmline: &Warmline| send(warmline, ("DELETE", HER), (MASTER, "")).status;
    assert_eq!(delete(&warmline), 200);
    is_as_new(&warmline);
    reload(&warmline);
    is_as_new(&warmline);
    let listed = format!("dora@{COMPONENT}");
    warmline.configure(|config| config.more = config.more.replace(&listed, &jid("agent3")));
    reload(&warmline);
    assert_eq!(delete(&warmline), 200);
    let one = |warmline: &Warmline| send(warmline, ("GET", HER), (MASTER, "")).status;
    assert_eq!(one(&warmline), 404);
    reload(&warmline);
    warmline.kill9();
    warmline.start_again();
    assert_eq!(one(&warmline), 404);
}

/// Whatever a user is told who asks for all that can be asked for, and whatever events came.
fn all_told(web: &Web) -> String {
    let paths = [
        "/users?search=*",
        "/users?search=alice",
        "/users?search=phone",
        "/contacts",
        "/contacts/requests",
        "/messages",
        "/rooms",
        "/offers",
        "/assists",
        "/assists/queues",
    ];
    let replies = paths.map(|path| web.chat("GET", path, "").body);
    let mut told = String::from_utf8_lossy(&replies.concat()).into_owned();
    let events = web.events.events().into_iter();
    told.extend(events.map(|event| event.data.to_string()));
    told
}

/// Properties, addresses, tokens and stream ids of one user are nowhere in what another one is told,
/// nor in the log, whatever it tells; and no secret is in either.
#[test]
fn nothing_of_one_user_reaches_another_one_or_the_log() {
    let server = Prosody::start();
    let mut warmline = program(&server, "[log]\nlevel = \"trace\"\n");
    make(&warmline, DORA);
    let address = warmline.address();
    let alice = Web::log_in(address, "alice", (Family::Source, Kind::Bridge));
    let real = Web::log_in(address, "agent1", (Family::Source, Kind::Account));
    let other = Web::log_in(address, "agent2", (Family::Readme, Kind::Account));
    let bob = Web::log_in(address, "bob", (Family::Readme, Kind::Bridge));
    for web in [&alice, &real] {
        web.does("POST", "/users/phone", "a property of one's own");
        web.does("POST", "/contacts/secret.friend@example.test", "");
    }
    let visitor = Visitor::ask(address, "vera", Family::Readme);
    let token = visitor.answer["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let ticket = alice.does("POST", "/tickets", "").string("ticket");
    let whole = send(&warmline, ("GET", "/restapi/v1/users"), (MASTER, ""));
    let whole = String::from_utf8_lossy(&whole.body).into_owned();
    assert!(whole.contains(DORA.0), "{whole}");
    let told = [all_told(&bob), all_told(&other), whole].concat();
    let hidden = [
        "a property of",
        "secret.friend",
        &alice.stream,
        &real.stream,
        &token,
        &ticket,
        "$argon2",
        DORA.1,
        MASTER,
    ];
    for (number, word) in hidden.iter().enumerate() {
        assert!(
            !told.contains(word),
            "word {number} was told to somebody else"
        );
    }
    assert!(
        all_told(&alice).contains("secret.friend"),
        "what is one's own is found"
    );
    let contacts = |who| send(&warmline, ("GET", "/chat/contacts"), (&basic(who), "")).status;
    assert_eq!((contacts(DORA), contacts(("dora", "wrong"))), (200, 401));
    warmline.terminate();
    let log = warmline.log();
    assert!(log.len() > 1_000, "it does log: {log}");
    // Whom somebody writes to may stand in a trace of the wire.
    let hidden = hidden.iter().filter(|word| **word != "secret.friend");
    for (number, word) in hidden.enumerate() {
        assert!(!log.contains(word), "word {number} is in the log");
    }
}
