//! Rooms, users, workgroups, offers and requests that do not exist, for users of both kinds; who asks to
//! see a user, over HTTP; and an agent of several workgroups.

use super::support::agents::People;
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, Visitor, Web, bare, with_chat_api};
use super::support::xmpp::{COMPONENT, Server, jid};
use serde_json::json;

/// Method, path, body, status.
type Call = (&'static str, &'static str, &'static str, u16);

/// What is not there is 404, what one is not in is 400, each with the entity.
const CALLS: [Call; 23] = [
    ("GET", "/rooms/nowhere", "", 404),
    ("GET", "/rooms/nowhere/participants", "", 404),
    ("GET", "/rooms/nowhere/occupants", "", 404),
    ("GET", "/rooms/nowhere/chathistory", "", 404),
    ("POST", "/rooms/nowhere", "hello", 400),
    ("DELETE", "/rooms/nowhere", "", 400),
    ("POST", "/rooms/nowhere/agent2@example.test", "come", 400),
    ("PUT", "/rooms/a%20b", "", 400),
    ("GET", "/rooms/nowhere?service=no_domain", "", 400),
    ("PUT", "/contacts/nobody@example.test", "", 404),
    ("DELETE", "/contacts/nobody@example.test", "", 404),
    ("POST", "/contacts/a%20b@c", "", 400),
    ("POST", "/contacts/nobody@example.test%2Fres", "", 400),
    ("POST", "/messages/a%20b@c", "hello", 400),
    ("POST", "/chatstate/composing/@", "", 400),
    ("POST", "/assists/nowhere", "", 403),
    ("POST", "/offer/nothing", "", 404),
    ("DELETE", "/offer/nothing", "", 404),
    ("PUT", "/assists/desk/nothing", "", 404),
    ("DELETE", "/assists/desk/nothing", "", 404),
    ("GET", "/nowhere", "", 404),
    ("PATCH", "/contacts", "", 405),
    ("PUT", "/presence", "", 405),
];

fn program(server: &Prosody, agents: &[String], more: &str) -> Warmline {
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, server, agents);
    config.more = config
        .more
        .replacen("[users]\n", &format!("[users]\n{more}\n"), 1);
    Warmline::start(&config)
}

#[test]
fn what_is_not_there_is_told_so_to_users_of_both_kinds() {
    let server = Prosody::start();
    let warmline = program(&server, &[jid("agent3")], "");
    for kind in [Kind::Bridge, Kind::Account] {
        let web = Web::log_in(warmline.address(), "agent1", (Family::Source, kind));
        for (method, path, body, status) in CALLS {
            let reply = web.chat(method, path, body);
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            assert_eq!(reply.status, status, "{method} {path} {kind:?}: {text}");
            assert!(reply.json()["message"].is_string(), "{method} {path}");
        }
        let room = web.chat("GET", "/rooms/nowhere", "").json();
        assert_eq!(room["exception"], "RoomNotFoundException");
        // Whom nobody knows is told by an error that comes back.
        web.does("POST", "/messages/nobody@example.test", "hello?");
        let error = web.events.kind("error");
        assert!(
            error.text("from").starts_with("nobody@example.test"),
            "{:?}",
            error.data
        );
        web.does("DELETE", "/users/nothing", "");
        web.does("POST", "/logoff", "");
        assert_eq!(
            web.chat("GET", "/contacts", "").status,
            404,
            "the stream id is of no use"
        );
    }
    let mut visitor = Visitor::ask(warmline.address(), "vera", Family::Readme);
    visitor.name = "nobody".into();
    for method in ["GET", "POST", "PUT", "DELETE"] {
        assert_eq!(visitor.call(method, "x").status, 403, "{method}");
    }
}

#[test]
fn who_asks_to_see_a_user_waits_for_the_answer() {
    let server = Prosody::start();
    let mut warmline = program(&server, &[jid("agent3")], "subscriptions = \"ask\"");
    let alice = Web::log_in(warmline.address(), "alice", (Family::Source, Kind::Bridge));
    let people = People::start();
    let [one, other] = ["agent1", "agent2"].map(|name| people.log_in(name, server.ports()));
    for stranger in [&one, &other] {
        stranger.show("available");
        stranger.subscribe(&alice.jid());
    }
    for name in ["agent1", "agent2"] {
        let event = alice.events.wait("a request", |event| {
            event.text("presenceType") == "subscribe" && event.text("from").starts_with(&jid(name))
        });
        assert_eq!(
            (event.kind(), event.name.as_str()),
            ("presence", "chatapi.presence")
        );
    }
    warmline.kill9();
    warmline.start_again();
    let alice = Web::log_in(warmline.address(), "alice", (Family::Source, Kind::Bridge));
    let waiting = alice.does("GET", "/contacts/requests", "").json();
    assert_eq!(
        waiting,
        json!({"request": [{"jid": jid("agent1")}, {"jid": jid("agent2")}]})
    );
    assert_eq!(
        alice.does("GET", "/contacts", "").json(),
        json!({"rosterItem": []})
    );
    let body = r#"{"nickname": "One", "subscriptionType": 2}"#;
    let added = alice.does("POST", &format!("/contacts/{}", jid("agent1")), body);
    assert_eq!(added.status, 201);
    let from_alice = |kind: &'static str| {
        let bare = alice.jid();
        move |e: &super::support::event::Event| {
            e.kind() == "presence" && e.sender() == bare && e.get("type") == kind
        }
    };
    one.wait("the answer", from_alice("subscribed"));
    one.wait("her presence", from_alice("available"));
    let refused = alice.does("DELETE", &format!("/contacts/{}", jid("agent2")), "");
    assert_eq!(refused.status, 201);
    other.wait("the refusal", from_alice("unsubscribed"));
    assert!(other.take_now(from_alice("available")).is_none());
    let waiting = alice.does("GET", "/contacts/requests", "").json();
    assert_eq!(waiting, json!({"request": []}));
    let roster = alice.does("GET", "/contacts", "").json();
    assert_eq!(roster["rosterItem"][0]["subscriptionType"], 2, "{roster}");
}

/// README: experts can belong to several workgroups at the same time, and join them at login.
#[test]
fn an_agent_serves_several_workgroups_at_once() {
    for kind in [Kind::Bridge, Kind::Account] {
        let server = Prosody::start();
        let me = bare(kind, "agent1");
        let mut config = Config::new(server.ports());
        with_chat_api(&mut config, &server, std::slice::from_ref(&me));
        config.more.push_str(&format!(
            "\n[[workgroup]]\nname = \"night\"\ntitle = \"Night\"\nagents = [\"{me}\"]\n"
        ));
        let warmline = Warmline::start(&config);
        let agent = Web::log_in(warmline.address(), "agent1", (Family::Source, kind));
        let mine = agent.does("GET", "/assists", "").json().to_string();
        assert!(mine.contains("desk@") && mine.contains("night@"), "{mine}");
        for (name, workgroup) in [("vera", "desk"), ("nils", "night")] {
            let form = json!({
                "emailAddress": "v@hospital.com", "userID": name, "workgroup": workgroup,
                "question": "What?",
            });
            let request = super::support::http::Request::new("POST", "/restapi/v1/ask");
            let asked = request.json(form.to_string()).send(warmline.address());
            assert_eq!(asked.expect("an answer").status, 200);
            let offer = agent.events.kind("offerReceived");
            assert_eq!(offer.text("workgroup"), format!("{workgroup}@{COMPONENT}"));
            let path = format!("/assists/{workgroup}/{}", offer.text("id"));
            agent.does("PUT", &path, "");
            agent.events.wait("an invitation", |event| {
                event.kind() == "invitationReceived"
                    && event.text("inviter").starts_with(&format!("{workgroup}@"))
            });
        }
    }
}
