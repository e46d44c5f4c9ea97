//! Files of visitors and users, put at a real upload service (XEP-0363) and got from there.

use std::net::SocketAddr;

use serde_json::json;
use url::Url;

use super::support::config::Config;
use super::support::ejabberd::Ejabberd;
use super::support::http::{Reply, Request};
use super::support::prosody::Prosody;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, MASTER, Visitor, Web, authorization, call, with_chat_api};
use super::support::xmpp::{Options, Server, UPLOAD, UploadDoor, jid};

const FILE: &[u8] = b"\x89PNG\r\n\x1a\n not much of a picture";

/// The program beside this server; the workgroup `desk` is served by an account of the server.
struct Scene<S: Server> {
    // The program goes first when a story ends.
    warmline: Warmline,
    server: S,
}

impl<S: Server> Scene<S> {
    fn on(server: S) -> Self {
        Self::with(server, "")
    }

    /// With these lines in `[users]`.
    fn with(server: S, lines: &str) -> Self {
        let mut config = Config::new(server.ports());
        with_chat_api(&mut config, &server, &[jid("agent1")]);
        config.more = config
            .more
            .replacen("[users]\n", &format!("[users]\n{lines}\n"), 1);
        let warmline = Warmline::start(&config);
        Self { warmline, server }
    }

    fn visitor(&self, name: &str) -> Visitor {
        Visitor::ask(self.warmline.address(), name, Family::Readme)
    }

    /// A user's own place for a file.
    fn users(&self, kind: Kind, name: &str) -> Reply {
        let path = format!("/ask/upload/{name}/a.png/{}", FILE.len());
        let request = Request::new("GET", &path);
        let request = request.header("Authorization", &authorization(kind, name));
        call(self.warmline.address(), &request)
    }
}

fn prosody(lines: &str) -> Prosody {
    let mut door = UploadDoor::free();
    door.lines = lines.to_owned();
    Prosody::start_with(&Options {
        upload: Some(door),
        ..Options::default()
    })
}

fn message(reply: &Reply, status: u16) -> String {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert_eq!(reply.status, status, "{text}");
    reply.string("message")
}

/// Puts the file where the answer says, with what the answer says, and gives the status.
fn put(slot: &Reply, file: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(&slot.body).into_owned();
    assert_eq!(slot.status, 200, "{text}");
    let answer = slot.json();
    let (mut request, to) = to("PUT", &slot.string("put"));
    for (name, value) in answer["headers"].as_object().expect("headers") {
        request = request.header(name, value.as_str().expect("text"));
    }
    if let Some(kind) = answer["contentType"].as_str() {
        request = request.header("Content-Type", kind);
    }
    request.body = file.to_vec();
    call(to, &request).status
}

fn got(url: &str) -> Reply {
    let (request, to) = to("GET", url);
    call(to, &request)
}

fn to(method: &str, url: &str) -> (Request, SocketAddr) {
    let url = Url::parse(url).expect("an address");
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    (Request::new(method, url.path()), host.parse().unwrap())
}

#[test]
fn a_visitor_s_file_reaches_the_agent() {
    let scene = Scene::on(prosody(""));
    let address = scene.warmline.address();
    let agent = Web::log_in(address, "agent1", (Family::Source, Kind::Account));
    let visitor = scene.visitor("visitor");
    let offer = agent.events.kind("offerReceived");
    agent.answer(offer.text("id"), true);
    let invitation = agent.events.kind("invitationReceived");
    let room = invitation
        .text("room")
        .split('@')
        .next()
        .unwrap()
        .to_owned();
    agent.does("PUT", &format!("/rooms/{room}"), "");
    let slot = visitor.slot(&format!("my%20photo%20%C3%A9.png/{}", FILE.len()));
    assert_eq!(put(&slot, FILE), 201);
    let link = slot.string("get");
    let file = got(&link);
    assert_eq!((file.status, file.body.as_slice()), (200, FILE));
    assert_eq!(file.header("content-type"), Some("image/png"));
    let words = json!({"attachments": [{"type": "image/png", "url": link}]});
    assert_eq!(visitor.call("PUT", &words.to_string()).status, 200);
    agent.events.wait("the link in the room", |event| {
        event.kind() == "groupchat" && event.text("body").contains(&link)
    });
    assert_eq!(
        visitor.call("PUT", "and a word").status,
        200,
        "the session stays"
    );
    assert_eq!(visitor.call("DELETE", "").status, 200);
    visitor.events.kind("ended");
    message(&visitor.slot("a.png/10"), 409);
}

#[test]
fn names_sizes_and_whose_they_are() {
    let scene = Scene::on(prosody(""));
    let visitor = scene.visitor("visitor");
    let other = scene.visitor("other");
    let most = 64 * 1024;
    assert_eq!(
        put(&visitor.slot(&format!("most.bin/{most}")), &vec![7; most]),
        201
    );
    let said = message(&visitor.slot(&format!("more.bin/{}", most + 1)), 413);
    assert!(said.ends_with("at most 65536 bytes"), "{said}");
    let slot = visitor.slot(&format!("short.bin/{}", FILE.len() - 1));
    assert_eq!(put(&slot, FILE), 413, "the service holds us to the size");
    for bad in [
        "%2e%2e/1",
        "../1",
        "./1",
        "a%2Fb/1",
        "%2e%2e%2Fa/1",
        "a%00/1",
        "a.png/0",
    ] {
        message(&visitor.slot(bad), 400);
    }
    for good in [
        "%F0%9F%98%80%20&%3Cx%3E%27.png",
        "a%252Fb.png",
        "%22q%22%20.png",
    ] {
        let slot = visitor.slot(&format!("{good}/{}", FILE.len()));
        assert_eq!(put(&slot, FILE), 201, "{good}");
        assert_eq!(got(&slot.string("get")).body, FILE, "{good}");
    }
    message(&other.slot_of("visitor", "a.png/10"), 403);
    message(&other.slot_of("nobody", "a.png/10"), 403);
}

#[test]
fn users_of_both_kinds_have_places_too() {
    let scene = Scene::on(prosody(""));
    for (kind, name, word) in [
        (Kind::Bridge, "alice", "bridge"),
        (Kind::Account, "agent2", "c2s"),
    ] {
        let slot = scene.users(kind, name);
        assert_eq!(put(&slot, FILE), 201, "{name}");
        assert_eq!(slot.header("x-session-kind"), Some(word));
        assert_eq!(got(&slot.string("get")).body, FILE);
    }
    let log = scene.server.log();
    for who in ["alice@workgroup.example.test", "agent2@example.test"] {
        assert!(
            log.contains(&format!("Issuing upload slot to {who}")),
            "{who}: {log}"
        );
    }
}

/// The service counts by visitor: nobody uses up what is another's.
#[test]
fn a_full_share_is_one_visitor_s_own() {
    let daily = format!("http_file_share_daily_quota = {}", FILE.len() + 5);
    let scene = Scene::on(prosody(&daily));
    let (one, other) = (scene.visitor("one"), scene.visitor("other"));
    let file = format!("a.png/{}", FILE.len());
    assert_eq!(put(&one.slot(&file), FILE), 201);
    let refused = one.slot(&file);
    let said = message(&refused, 503);
    assert!(said.ends_with("Daily quota reached"), "{said}");
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(put(&other.slot(&file), FILE), 201);
}

#[test]
fn a_service_that_refuses_is_heard() {
    let scene = Scene::on(prosody("http_file_share_access = { \"nobody.example\" }"));
    let said = message(&scene.visitor("visitor").slot("a.png/10"), 403);
    assert!(said.starts_with("the upload service refuses: "), "{said}");
    message(&scene.users(Kind::Account, "agent1"), 403);
}

#[test]
fn without_a_service_the_way_by_link_is_told() {
    let scene = Scene::on(Prosody::start());
    let visitor = scene.visitor("visitor");
    let reply = visitor.slot("a.png/10");
    let said = message(&reply, 501);
    assert!(
        said.contains("send the file's web address instead"),
        "{said}"
    );
    message(&scene.users(Kind::Account, "agent1"), 501);
    message(&scene.users(Kind::Bridge, "alice"), 501);
    let nobody = Request::new("GET", "/ask/upload/visitor/a.png/10");
    message(&call(scene.warmline.address(), &nobody), 401);
}

#[test]
fn the_service_may_be_named_or_turned_off() {
    let off = Scene::with(prosody(""), "upload = \"off\"");
    let said = message(&off.visitor("visitor").slot("a.png/10"), 501);
    assert!(said.contains("users.upload"), "{said}");
    let named = Scene::with(prosody(""), &format!("upload = \"{UPLOAD}\""));
    assert_eq!(
        put(
            &named.visitor("visitor").slot(&format!("a/{}", FILE.len())),
            FILE
        ),
        201
    );
    // Rooms take no files.
    let wrong = Scene::with(prosody(""), "upload = \"conference.example.test\"");
    message(&wrong.visitor("visitor").slot("a.png/10"), 503);
}

#[test]
fn after_a_restart_of_the_server_it_is_found_again() {
    let mut scene = Scene::on(prosody(""));
    let visitor = scene.visitor("visitor");
    let file = format!("a.png/{}", FILE.len());
    assert_eq!(put(&visitor.slot(&file), FILE), 201);
    scene.server.stop();
    wait::until("the link is lost", wait::SOON, || {
        (scene.warmline.get("/readyz").status == 503).then_some(())
    });
    let away = visitor.slot(&file);
    message(&away, 503);
    assert!(away.header("retry-after").is_some());
    scene.server.start_again();
    scene.warmline.wait_ready();
    assert_eq!(put(&visitor.slot(&file), FILE), 201);
}

#[test]
fn ejabberd_takes_files_too() {
    let server = Ejabberd::start_with(&Options {
        upload: Some(UploadDoor::free()),
        ..Options::default()
    });
    let scene = Scene::on(server);
    let visitor = scene.visitor("visitor");
    let slot = visitor.slot(&format!("my%20photo%20%C3%A9.png/{}", FILE.len()));
    assert_eq!(put(&slot, FILE), 201);
    assert_eq!(got(&slot.string("get")).body, FILE);
    let said = message(&visitor.slot("large.bin/65537"), 413);
    assert!(said.ends_with("at most 65536 bytes"), "{said}");
    let slot = scene.users(Kind::Account, "agent2");
    assert_eq!(put(&slot, FILE), 201);
    let master = Request::new("GET", "/ask/upload/alice/a.png/10");
    let master = call(
        scene.warmline.address(),
        &master.header("Authorization", MASTER),
    );
    assert_eq!(master.status, 200);
}
