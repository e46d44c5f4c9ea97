//! Five hundred readers of events, while Warmline and the XMPP server stop, die and come back: each
//! goes on where it was, hears everything once and in order, and the users they watch are back in
//! their rooms and as present as they were.

use std::net::SocketAddr;
use std::time::Duration;

use super::support::agents::{Agent, People};
use super::support::browser::{Browser, Event};
use super::support::config::Config;
use super::support::http::Request;
use super::support::prosody::Prosody;
use super::support::readers::Crowd;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{MASTER, call, with_chat_api};
use super::support::xmpp::{COMPONENT, MUC, Server};

const USERS: usize = 25;
const READERS_EACH: usize = 20;
/// Lines of one act.
const LINES: usize = 20;
/// How long a fault and its repair may take altogether.
const REPAIR: Duration = Duration::from_secs(90);

fn hall() -> String {
    format!("hall@{MUC}")
}

/// A lasting room that remembers more than is said while somebody is away: what a room remembers of
/// itself is 20 lines (Prosody), and only that can be told to who comes back.
fn configuration() -> String {
    let field =
        |name: &str, value: &str| format!("<field var='{name}'><value>{value}</value></field>");
    let form = "http://jabber.org/protocol/muc#roomconfig";
    let fields = [
        field("FORM_TYPE", form),
        field("muc#roomconfig_persistentroom", "1"),
        field("muc#roomconfig_historylength", "200"),
    ];
    format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' \
         type='submit'>{}</x></query>",
        fields.concat()
    )
}

fn lines(event: &Event) -> Option<String> {
    let body = event.text("body");
    (event.name == "chatapi.muc" && body.starts_with("line ")).then(|| body.to_owned())
}

struct Scene {
    // The program goes first when a story ends.
    warmline: Warmline,
    crowd: Crowd,
    speaker: Agent,
    _people: People,
    server: Prosody,
    said: usize,
}

impl Scene {
    fn start() -> Scene {
        let server = Prosody::start();
        let mut config = Config::new(server.ports());
        with_chat_api(&mut config, &server, &[]);
        let warmline = Warmline::start(&config);
        let people = People::start();
        let speaker = people.log_in("agent1", server.ports());
        speaker.show("available");
        speaker.join(&hall(), "speaker");
        speaker.wait("in the hall", |e| {
            e.kind() == "presence" && e.sender() == hall() && e.has("codes", "110")
        });
        speaker
            .ask("set", &hall(), &configuration())
            .expect("a room");
        for user in 0..USERS {
            enter(warmline.address(), user);
        }
        speaker.subscribe(&format!("u0@{COMPONENT}"));
        let paths = (0..USERS).flat_map(|user| vec![format!("/sse/u{user}"); READERS_EACH]);
        let paths: Vec<String> = paths.collect();
        let crowd = Crowd::gather(warmline.address(), (&paths, MASTER), lines);
        let scene = Scene {
            warmline,
            crowd,
            speaker,
            _people: people,
            server,
            said: 0,
        };
        scene.wait_present();
        scene
    }

    /// The speaker says the next lines.
    fn say(&mut self, count: usize) {
        for _ in 0..count {
            self.speaker
                .say_in(&hall(), &format!("line {:03}", self.said));
            self.said += 1;
        }
    }

    /// All users are in the hall, and the first one is seen as busy as she said.
    fn wait_present(&self) {
        let mut inside = String::new();
        let all = wait::poll(REPAIR, || {
            let path = "/restapi/v1/chat/rooms/hall/participants?username=u1";
            let reply = master("GET", path).send(self.warmline.address()).ok()?;
            inside = String::from_utf8_lossy(&reply.body).into_owned();
            let count = reply.json()["participant"].as_array().map(Vec::len);
            (count == Some(USERS + 1)).then_some(())
        });
        if all.is_none() {
            let out = (0..USERS).filter(|user| !inside.contains(&format!("/u{user}\"")));
            let out: Vec<String> = out.map(|user| self.story_of(user)).collect();
            panic!("not all are in the hall:\n{}", out.join("\n"));
        }
        let busy = format!("u0@{COMPONENT}");
        self.speaker.wait_within("u0 is busy", REPAIR, |e| {
            e.kind() == "presence" && e.sender() == busy && e.get("show") == "dnd"
        });
    }

    /// What happened to a user's session, for the text of a failure.
    fn story_of(&self, user: usize) -> String {
        let headers = vec![
            ("Authorization".to_owned(), MASTER.to_owned()),
            ("Last-Event-ID".to_owned(), "1".to_owned()),
        ];
        let path = format!("/sse/u{user}");
        let late = Browser::open(self.warmline.address(), &path, headers);
        late.wait_quiet();
        let events = late.events().into_iter();
        let events = events.filter(|event| event.name == "chatapi.session");
        let told: Vec<String> = events
            .map(|event| format!("{} {}", event.id, event.data))
            .collect();
        format!("u{user}: {}", told.join("; "))
    }

    /// Whoever was seen before is to be seen anew.
    fn forget_presence(&self) {
        let busy = format!("u0@{COMPONENT}");
        let seen = |e: &super::support::event::Event| e.kind() == "presence" && e.sender() == busy;
        while self.speaker.take_now(seen).is_some() {}
    }

    /// Everybody has heard everything once and in order, and came back this often.
    fn all_heard(&self, visits: usize) {
        self.crowd.wait_for(self.said, REPAIR);
        let expected: Vec<String> = (0..self.said).map(|n| format!("line {n:03}")).collect();
        for (number, heard) in self.crowd.heard().into_iter().enumerate() {
            assert_eq!(heard.texts, expected, "reader {number}");
            assert_eq!(heard.disorder, 0, "reader {number}");
            assert!(heard.visits >= visits, "reader {number}: {}", heard.visits);
        }
    }
}

fn master(method: &str, path: &str) -> Request {
    Request::new(method, path).header("Authorization", MASTER)
}

/// A user logs in, says how present, and enters the hall.
fn enter(address: SocketAddr, user: usize) {
    let show = if user == 0 { "dnd" } else { "away" };
    for (method, path) in [
        ("POST", format!("/restapi/v1/chat/u{user}/login")),
        (
            "POST",
            format!("/restapi/v1/chat/presence?show={show}&username=u{user}"),
        ),
        (
            "PUT",
            format!("/restapi/v1/chat/rooms/hall?username=u{user}"),
        ),
    ] {
        let reply = call(address, &master(method, &path));
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, 200, "{method} {path}: {text}");
    }
}

#[test]
fn five_hundred_readers_over_restarts_and_kills_of_warmline_and_the_server() {
    let mut scene = Scene::start();
    scene.say(LINES);
    scene.all_heard(1);

    // In order, with words while it is away.
    scene.forget_presence();
    scene.warmline.terminate();
    scene.say(LINES);
    scene.warmline.start_again();
    scene.wait_present();
    scene.say(LINES);
    scene.all_heard(2);

    // At once, in the middle of what is said.
    scene.forget_presence();
    scene.say(LINES);
    scene.warmline.kill9();
    scene.say(LINES);
    scene.warmline.start_again();
    scene.wait_present();
    scene.say(LINES);
    scene.all_heard(3);

    // The server: the readers stay.
    for hard in [false, true] {
        scene.forget_presence();
        match hard {
            true => scene.server.kill(),
            false => scene.server.stop(),
        }
        scene.server.start_again();
        scene.wait_present();
        scene.say(LINES);
        scene.all_heard(3);
    }
}
