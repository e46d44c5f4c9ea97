//! An agent at Converse.js, a web client that knows rooms and chats but nothing of workgroups.

use super::support::bot::HttpBot;
use super::support::chromium::Chromium;
use super::support::config::Config;
use super::support::process::{RunDir, free_port};
use super::support::prosody::Prosody;
use super::support::rapidpro::{RapidPro, Ticket};
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::xmpp::{Options, PASSWORD, Server, WebDoor, jid, workgroup};
use std::os::unix::fs::symlink;
use std::path::Path;

/// Names a folder of the project into which a picture of the conversation is written.
const SCREENSHOTS: &str = "SCREENSHOTS";
const DESK_SAID: &str = "converse-chat .chat-msg__text";
const SAID: &str = "converse-muc .chat-msg__text";
const WRITE: &str = "converse-muc textarea.chat-textarea";

/// Everything that takes part.
struct Scene {
    // The program goes first when a test ends.
    warmline: Warmline,
    rapidpro: RapidPro,
    bot: HttpBot,
    page: Chromium,
    url: String,
    _server: Prosody,
    _files: RunDir,
}

impl Scene {
    /// The page of `tests/clients/converse`, open in a browser.
    fn start() -> Scene {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = RunDir::new("converse");
        let page = root.join("tests/clients/converse/index.html");
        std::fs::copy(page, files.path().join("index.html")).expect("the page");
        let dist = root.join("target/converse/dist");
        assert!(dist.exists(), "no Converse.js: run scripts/setup");
        symlink(dist, files.path().join("dist")).expect("a link to Converse.js");
        let port = free_port();
        let server = Prosody::start_with(&Options {
            web: Some(WebDoor {
                port,
                files: files.path().to_owned(),
            }),
            ..Options::default()
        });
        let mut config = Config::new(server.ports());
        config.workgroup = "offer_timeout = \"60s\"".into();
        let warmline = Warmline::start(&config);
        let rapidpro = warmline.rapidpro();
        let bot = HttpBot::start();
        assert_eq!(rapidpro.put_settings(&bot.url("/callback")).status, 204);
        let page = Chromium::start();
        page.size((1100, 760));
        Scene {
            warmline,
            rapidpro,
            bot,
            page,
            url: format!("http://127.0.0.1:{port}/files/index.html"),
            _server: server,
            _files: files,
        }
    }

    fn log_in(&self) {
        self.page.open(&self.url);
        self.page.fill("input[name=jid]", &jid("agent1"));
        self.page.enter("input[name=password]", PASSWORD);
        self.page.element(".add-contact");
    }

    /// The workgroup becomes a contact, and the agent is seen to be there.
    fn befriend(&self) {
        let click = "document.querySelector('.add-contact').click()";
        self.page.run(click, &serde_json::json!([]));
        self.page
            .enter(".modal.show input[name=jid]", &workgroup("support"));
        wait::until("the agent is available", wait::SOON, || {
            let series = "warmline_agents_available{workgroup=\"support\"}";
            (self.warmline.figure(series) == Some(1.0)).then_some(())
        });
    }

    fn says(&self, token: &str, text: &str) {
        assert_eq!(self.rapidpro.message(token, text).status, 201);
    }

    /// What the visitor's side was told, in order, and how often it was told of the end.
    fn told(&self) -> (Vec<String>, usize) {
        let taken = self.bot.taken();
        let words = taken.iter().filter(|call| call.kind() == "agent-message");
        let ends = taken.iter().filter(|call| call.kind() == "close-room");
        let words = words.map(|call| call.text().to_owned()).collect();
        (
            words,
            ends.filter(|call| call.body["visitor"]["token"] == "77")
                .count(),
        )
    }
}

/// Writes a picture of the window, if that is asked for.
fn picture(page: &Chromium, name: &str) {
    if let Ok(folder) = std::env::var(SCREENSHOTS) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        std::fs::write(folder.join(name), page.picture()).expect("a picture");
    }
}

#[test]
fn an_agent_at_converse_is_asked_accepts_talks_and_closes() {
    let scene = Scene::start();
    scene.log_in();
    scene.befriend();
    is_asked_and_enters(&scene);
    talks_and_closes(&scene);
    all_was_heard_once(&scene);
    // Who opens the page again does not find themselves in a room of their own. Converse asks twice
    // whether the room is there, and shows the answer that came last.
    scene.log_in();
    let closed = [
        "You are not allowed to create new groupchats.",
        "This groupchat does not (yet) exist.",
    ];
    scene.page.shows_one("converse-muc", &closed);
}

/// Asked in a chat, with what the visitor wants; invited once, by the workgroup; in by one click.
fn is_asked_and_enters(scene: &Scene) {
    let page = &scene.page;
    assert_eq!(scene.rapidpro.open(&Ticket::of("77")).status, 201);
    scene.says("77", "I ordered it on Monday.");
    page.shows(DESK_SAID, "Where is my parcel?");
    page.shows(DESK_SAID, "Answer with accept or reject.");
    page.enter("converse-chat textarea.chat-textarea", "accept");
    page.shows(".modal.show", "Front desk has invited you");
    page.shows(DESK_SAID, "The invitation to the room is on its way.");
    assert_eq!(page.texts(".modal.show").len(), 1, "one question");
    assert!(page.texts(".msgs-indicator").is_empty(), "no other chat");
    page.click(".modal.show button.btn-primary");
    page.shows(SAID, "I ordered it on Monday.");
}

/// Both ways, while somebody else asks.
fn talks_and_closes(scene: &Scene) {
    let page = &scene.page;
    page.enter(WRITE, "Hello, I look for it.");
    page.shows(SAID, "Hello, I look for it.");
    scene.says("77", "Thank you <b>so</b> much & more");
    page.shows(SAID, "Thank you <b>so</b> much & more");
    page.enter(WRITE, "It comes tomorrow.");
    page.shows(SAID, "It comes tomorrow.");
    assert_eq!(scene.rapidpro.open(&Ticket::of("78")).status, 201);
    page.shows(".msgs-indicator", "1");
    picture(page, "converse.png");
    page.enter(WRITE, "Until then 🙂");
    page.shows(SAID, "Until then");
    page.enter(WRITE, "!close");
    page.shows(SAID, "The conversation was ended.");
}

fn all_was_heard_once(scene: &Scene) {
    let heard = scene.page.texts(SAID);
    let heard: Vec<&str> = heard.iter().map(String::as_str).collect();
    let (question, rest) = heard.split_first().expect("words");
    assert!(question.contains("Where is my parcel?"), "{question}");
    let expected = [
        "I ordered it on Monday.",
        "Hello, I look for it.",
        "Thank you <b>so</b> much & more",
        "It comes tomorrow.",
        "Until then 🙂",
        "!close",
        "The conversation was ended.",
    ];
    assert_eq!(rest, expected, "each once, in order");
    wait::until("the visitor's side hears of the end", wait::SOON, || {
        (scene.told().1 > 0).then_some(())
    });
    let words = [
        "Hello, I look for it.",
        "It comes tomorrow.",
        "Until then 🙂",
    ];
    assert_eq!(scene.told(), (words.map(String::from).to_vec(), 1));
}
