//! Weni's generic ticketer: a bot's mailroom and two agents play the whole story, and each side is
//! killed in the middle of it.

use super::faults::{complete, numbered, say_all};
use super::stage::{Stage, accept, hears, is_asked, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::origin::{Origin, file};
use super::support::wait;
use super::support::weni::{Mailroom, SECRET, TOKEN, Weni, ago, channel, id_of, signature, told};
use super::support::xmpp::workgroup;
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

const PUBLIC: &str = "https://help.example.org";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
/// How long an outage and what follows may take.
const REPAIR: Duration = Duration::from_secs(60);

/// A stage with this channel beside the usual one.
struct Scene {
    stage: Stage,
    weni: Weni,
    mailroom: Mailroom,
}

impl Scene {
    fn new() -> Scene {
        let stage = Stage::configured(|config| {
            config.http = format!("public_url = \"{PUBLIC}\"");
            config.more = channel("");
            config.more.push_str("[log]\nlevel = \"debug\"\n");
        });
        let mailroom = Mailroom::start(stage.warmline.address());
        let weni = Weni {
            address: stage.warmline.address(),
            callback: Some(mailroom.url()),
        };
        Scene {
            stage,
            weni,
            mailroom,
        }
    }

    /// A ticket with its agent in the room.
    fn conversation(&self, ticket: &str, agent: &Agent) -> String {
        assert_eq!(self.weni.open(ticket).status, 201);
        accept(agent, &offered(agent))
    }

    /// The contact says something, and the agent hears it.
    fn says(&self, ticket: &str, (agent, room): (&Agent, &str), text: &str) {
        assert_eq!(self.weni.says(ticket, text).status, 200);
        hears(agent, room, text);
    }

    /// What mailroom was told. Who says something after the end has it told again, if it had been
    /// taken by then: mailroom ought not to have said it.
    fn told_ends_once(&self, ticket: &str) -> Vec<String> {
        let mut told = self.mailroom.told(ticket);
        told.dedup_by(|next, one| next == one && one == "<close>");
        told
    }

    /// Mailroom opens a ticket again, as often as it takes.
    fn reopen(&self, ticket: &str) {
        wait::until("the ticket is open again", REPAIR, || {
            (self.weni.tell(ticket, "reopen").status == 200).then_some(())
        });
    }

    /// Sends a contact's message and does not wait for its answer.
    fn send_only(&self, ticket: &str, text: &str) {
        let request = self.weni.message(ticket, text);
        let mut head = format!("POST {} HTTP/1.1\r\nHost: x\r\n", request.path);
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let head = format!("{head}Content-Length: {}\r\n\r\n", request.body.len());
        let mut stream = TcpStream::connect(self.weni.address).expect("a connection");
        let sent = stream.write_all(&[head.as_bytes(), &request.body].concat());
        sent.expect("sent");
    }
}

/// Waits until all that an agent heard in a room ends with this, and gives it.
fn heard_until(agent: &Agent, room: &str, last: &str) -> String {
    wait::until("all of it in the room", REPAIR, || {
        let all = agent.heard(room, "").join("\n");
        all.contains(last).then_some(all)
    })
}

fn closes(agent: &Agent, room: &str) {
    agent.say_in(room, "!close");
    agent.wait("the room is destroyed", |e| is_destroyed(e, room));
}

#[test]
fn the_whole_story_with_each_side_killed_once() {
    let mut scene = Scene::new();
    let (first, second) = (scene.stage.agent("agent1"), scene.stage.agent("agent2"));
    let ticket = id_of("whole");
    assert_eq!(scene.weni.open(&ticket).status, 201);
    let (ana, ben, offer) = super::stage::first_offered(&first, &second);
    assert!(
        offer
            .get("body")
            .contains("Quer negociar a fatura de julho")
    );
    let room = accept(ana, &offer);
    scene.says(&ticket, (ana, &room), "hello");
    ana.say_in(&room, "Oi Iara");
    let mut expected = scene.mailroom.wait_told(&ticket, "Oi Iara");
    killed_on_each_side(&mut scene, &ticket, (ana, &room));
    expected.extend(numbered("reply", 8));
    assert_eq!(scene.mailroom.wait_told(&ticket, "reply-7"), expected);

    // An end from our side; mailroom calls back within the call.
    closes(ana, &room);
    expected.push("<close>".to_owned());
    assert_eq!(scene.mailroom.wait_told(&ticket, "<close>"), expected);
    assert_eq!(scene.weni.says(&ticket, "too late").status, 409);

    // Opened again the same agent is asked, although it is the other one's turn.
    scene.reopen(&ticket);
    let room = accept(ana, &offered(ana));
    assert!(!is_asked(ben), "the other one is not asked");
    let told = heard_until(ana, &room, "The ticket was opened again.");
    for before in ["hello", "visitor-5", "Oi Iara", "reply-7", "too late"] {
        assert_eq!(told.matches(before).count(), 1, "{before} is shown once");
    }
    scene.says(&ticket, (ana, &room), "it is me again");
    ana.say_in(&room, "welcome back");
    expected.push("welcome back".to_owned());
    scene.mailroom.wait_told(&ticket, "welcome back");
    assert_eq!(scene.told_ends_once(&ticket), expected);

    // An end from mailroom's side is not told back to it.
    assert_eq!(scene.weni.tell(&ticket, "close").status, 200);
    ana.wait("the room is destroyed", |e| is_destroyed(e, &room));
    goes_on_with_another(&scene, &ticket, (ana, ben));
    assert_eq!(scene.told_ends_once(&ticket), expected);
}

/// The program dies with words under way to the agent, mailroom with words under way to it.
fn killed_on_each_side(scene: &mut Scene, ticket: &str, (agent, room): (&Agent, &str)) {
    let visitors = numbered("visitor", 6);
    for (number, text) in visitors.iter().enumerate() {
        assert_eq!(scene.weni.says(ticket, text).status, 200);
        if number == 2 {
            scene.stage.warmline.kill9();
            scene.stage.warmline.start_again();
        }
    }
    heard_until(agent, room, "visitor-5");
    complete(&agent.heard(room, ""), &visitors);
    let replies = numbered("reply", 8);
    say_all(agent, room, &replies[..3]);
    scene.mailroom.kill9();
    say_all(agent, room, &replies[3..]);
    scene.mailroom.start_again();
}

/// The agent is away: somebody else is asked, for this ticket before all others who wait.
fn goes_on_with_another(scene: &Scene, ticket: &str, (ana, ben): (&Agent, &Agent)) {
    let support = workgroup("support");
    for agent in [ana, ben] {
        agent.show_to(&support, "dnd");
        agent.settle_with(&support);
    }
    assert_eq!(scene.weni.open(&id_of("other")).status, 201);
    scene.reopen(ticket);
    ben.show_to(&support, "chat");
    let offer = offered(ben);
    let shown = offer.get("body");
    assert!(shown.contains("Opened again"), "{shown}");
    let room = accept(ben, &offer);
    scene.says(ticket, (ben, &room), "who are you?");
}

#[test]
fn history_comes_first_late_and_twice_and_is_shown_once_in_order() {
    let scene = Scene::new();
    let agent = scene.stage.agent("agent1");
    let ticket = id_of("history");
    assert_eq!(scene.weni.open(&ticket).status, 201);
    // Ordered by mailroom's ids and not by time, and pushed twice.
    let early = [
        told("incoming", "two", 3500),
        told("outgoing", "one", 3600),
        told("outgoing", "yesterday's", 90_000),
    ];
    for _ in 0..2 {
        let reply = scene.weni.history(&ticket, &early);
        assert_eq!(reply.json()["messages_received"], 3);
    }
    let room = accept(&agent, &offered(&agent));
    let shown = heard_until(&agent, &room, "two");
    assert!(shown.find("one").expect("one") < shown.find("two").expect("two"));
    assert!(!shown.contains("yesterday's"), "a day is shown and no more");
    scene.says(&ticket, (&agent, &room), "live one");
    agent.say_in(&room, "Oi Iara");
    scene.mailroom.wait_told(&ticket, "Oi Iara");
    // What agents said comes back as the bot's, what was said live as history.
    let name = scene.mailroom.journal()[0]["body"]["message_external_id"].clone();
    let own = uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        name.as_str().expect("an id").as_bytes(),
    );
    let mut echo = told("outgoing", "Oi Iara", 0);
    echo["message_id"] = json!(own.to_string());
    let late = [
        told("incoming", "live one", 1),
        echo,
        told("outgoing", "between", 3550),
    ];
    for _ in 0..2 {
        assert_eq!(scene.weni.history(&ticket, &late).status, 200);
    }
    scene.says(&ticket, (&agent, &room), "live two");
    let all = agent.heard(&room, "").join("\n");
    for (text, times) in [("one", 2), ("between", 1), ("live one", 1), ("Oi Iara", 1)] {
        assert_eq!(all.matches(text).count(), times, "{text}: {all}");
    }
    assert!(all.contains("What was said before:\nBot ["), "{all}");
}

#[test]
fn files_go_both_ways_by_links_of_our_own_and_nothing_private_is_told() {
    let origin = Origin::start(|_| file("image/png", PNG));
    let scene = Scene::new();
    let agent = scene.stage.agent("agent1");
    let ticket = id_of("files");
    let room = scene.conversation(&ticket, &agent);
    let body = json!({
        "ticket_id": ticket, "external_id": ticket, "message_id": id_of("file"),
        "direction": "incoming", "sender": {"type": "contact"}, "text": "segue",
        "attachments": [
            {"url": origin.url("/hooks/secret-token"), "content_type": "image"},
            {"url": "-3.7319,-38.5267", "content_type": "geo"},
        ],
        "metadata": {"source_message_external_id": "wamid.EXAMPLE77"}, "sent_at": ago(0),
    });
    let path = format!("/{ticket}/messages");
    assert_eq!(scene.weni.call((&path, "forward-file"), &body).status, 200);
    let shown = agent.wait("the visitor's file", |e| {
        e.is_in(&room) && !e.get("url").is_empty()
    });
    let link = shown.get("url").strip_prefix(PUBLIC).expect("our link");
    assert_eq!(scene.stage.warmline.get(link).body, PNG);
    heard_until(&agent, &room, "geo:-3.7319,-38.5267");
    let upload = origin.url("/upload/form.png");
    agent.call("link", json!({"to": room, "url": upload}));
    let sent = wait::until("the agent's file", REPAIR, || {
        let journal = scene.mailroom.journal();
        let mut urls = journal
            .iter()
            .map(|e| e["body"]["attachments"][0]["url"].clone());
        urls.find(|url| url.is_string())
    });
    let link = sent.as_str().and_then(|url| url.strip_prefix(PUBLIC));
    let link = link.expect("our link");
    assert!(link.ends_with("/form.png"), "{link}");
    assert_eq!(scene.stage.warmline.get(link).body, PNG);
    let seen: String = agent
        .events()
        .iter()
        .map(|e| e.get("xml").to_owned())
        .collect();
    for private in ["Iara", "5585911112222", "secret-token", "wamid"] {
        assert!(!seen.contains(private), "{private} is not for agents");
    }
    let log = scene.stage.warmline.log();
    for private in [
        "Iara",
        "5585911112222",
        "segue",
        "secret-token",
        TOKEN,
        SECRET,
    ] {
        assert!(!log.contains(private), "{private} is in the log");
    }
}

#[test]
fn a_kill_between_call_and_commit_and_right_after_it_loses_and_doubles_nothing() {
    let mut scene = Scene::new();
    let agent = scene.stage.agent("agent1");
    let ticket = id_of("killed");
    let room = scene.conversation(&ticket, &agent);
    let all = numbered("word", 6);
    for (number, text) in all.iter().enumerate() {
        if number % 2 == 0 {
            // Killed somewhere between the first byte and the commit.
            scene.send_only(&ticket, text);
        } else {
            assert_eq!(scene.weni.says(&ticket, text).status, 200);
        }
        scene.stage.warmline.kill9();
        scene.stage.warmline.start_again();
        // Mailroom handles the message anew.
        assert_eq!(scene.weni.says(&ticket, text).status, 200);
    }
    heard_until(&agent, &room, all.last().expect("words"));
    complete(&agent.heard(&room, ""), &all);
}

#[test]
fn strangers_forgeries_and_replays_change_nothing() {
    let scene = Scene::new();
    let agent = scene.stage.agent("agent1");
    let ticket = id_of("replayed");
    let room = scene.conversation(&ticket, &agent);
    let message = || scene.weni.message(&ticket, "only once");
    let signed = |signature: &str, at: &str| {
        let request = message().header("X-Webhook-Signature", signature);
        let request = request.header("X-Webhook-Timestamp", at);
        request.send(scene.weni.address).expect("an answer").status
    };
    let right = {
        let request = message();
        // Each has its own time of the call in it.
        let replayed = request.clone();
        let sign = signature(&replayed.body);
        move |at: &str| {
            let request = replayed.clone().header("X-Webhook-Signature", &sign);
            request.header("X-Webhook-Timestamp", at)
        }
    };
    assert_eq!(signed(&signature(b"other"), &ago(0)), 401);
    let call = |at: &str| {
        right(at)
            .send(scene.weni.address)
            .expect("an answer")
            .status
    };
    assert_eq!(call(&ago(3600)), 401, "outside of the window");
    assert_eq!(call(&ago(0)), 200);
    assert_eq!(call(&ago(0)), 200, "within it a repetition");
    hears(&agent, &room, "only once");
    scene.says(&ticket, (&agent, &room), "and then this");
    let heard = agent.heard(&room, "");
    assert_eq!(heard.iter().filter(|text| *text == "only once").count(), 1);
    let mut stranger = message();
    stranger.headers.retain(|(name, _)| name != "Authorization");
    assert_eq!(
        stranger.send(scene.weni.address).expect("an answer").status,
        401
    );
}

#[test]
fn a_store_that_is_full_is_told_so_that_mailroom_comes_again() {
    let scene = Scene::new();
    let agent = scene.stage.agent("agent1");
    let ticket = id_of("full");
    let room = scene.conversation(&ticket, &agent);
    scene.stage.warmline.limit_files(Some(0));
    let refused = scene.weni.says(&ticket, "kept at last");
    assert_eq!((refused.status, refused.body.len()), (503, 0));
    assert_eq!(refused.header("retry-after"), Some("3"));
    scene.stage.warmline.limit_files(None);
    wait::until("it is taken", REPAIR, || {
        (scene.weni.says(&ticket, "kept at last").status == 200).then_some(())
    });
    hears(&agent, &room, "kept at last");
}

#[test]
fn an_operator_lets_a_ticket_go_on_and_mailroom_hears_of_it() {
    let scene = Scene::new();
    let agent = scene.stage.agent("agent1");
    let ticket = id_of("operator");
    let room = scene.conversation(&ticket, &agent);
    closes(&agent, &room);
    scene.mailroom.wait_told(&ticket, "<close>");
    let id = room.split('@').next().expect("an id").to_owned();
    let (code, text) = scene
        .stage
        .warmline
        .command(&["conversations", "reopen", &id]);
    assert_eq!(code, Some(0), "{text}");
    let room = accept(&agent, &offered(&agent));
    agent.say_in(&room, "one thing more");
    let told = scene.mailroom.wait_told(&ticket, "one thing more");
    assert_eq!(told, ["<close>", "<reopen>", "one thing more"]);
    let (code, _) = scene
        .stage
        .warmline
        .command(&["conversations", "reopen", "nobody"]);
    assert_ne!(code, Some(0));
}
