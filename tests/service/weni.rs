//! Weni's generic ticketer: a bot's mailroom and agents, what comes late, twice or from strangers,
//! and what dies in the middle.

use super::faults::{complete, numbered};
use super::stage::{REPAIR, Stage, accept, heard_until, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::origin::{Origin, file};
use super::support::wait;
use super::support::weni::{Mailroom, SECRET, TOKEN, Weni, ago, channel, id_of, signature, told};
use serde_json::json;

const PUBLIC: &str = "https://help.example.org";
const OTHER_TOKEN: &str = "a-token-of-the-other-ticketer";
const OTHER_SECRET: &str = "segredo-do-outro-atendimento";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// A stage with this channel beside the usual one.
pub struct Scene {
    pub stage: Stage,
    pub weni: Weni,
    pub mailroom: Mailroom,
}

impl Scene {
    pub fn new() -> Scene {
        let stage = Stage::configured(|config| {
            config.http = format!("public_url = \"{PUBLIC}\"");
            config.more = channel("");
            // Another ticketer, with secrets of its own.
            let other = channel("").replace("\"loja\"", "\"other\"");
            let other = other
                .replace(TOKEN, OTHER_TOKEN)
                .replace(SECRET, OTHER_SECRET);
            config.more.push_str(&other);
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
    pub fn conversation(&self, ticket: &str, agent: &Agent) -> String {
        assert_eq!(self.weni.open(ticket).status, 201);
        accept(agent, &offered(agent))
    }

    /// The contact says something, and the agent hears it.
    pub fn says(&self, ticket: &str, (agent, room): (&Agent, &str), text: &str) {
        assert_eq!(self.weni.says(ticket, text).status, 200);
        hears(agent, room, text);
    }

    /// What mailroom was told. Who says something after the end has it told again, if it had been
    /// taken by then: mailroom ought not to have said it.
    pub fn told_ends_once(&self, ticket: &str) -> Vec<String> {
        let mut told = self.mailroom.told(ticket);
        told.dedup_by(|next, one| next == one && one == "<close>");
        told
    }

    /// Mailroom opens a ticket again, as often as it takes.
    pub fn reopen(&self, ticket: &str) {
        wait::until("the ticket is open again", REPAIR, || {
            (self.weni.tell(ticket, "reopen").status == 200).then_some(())
        });
    }
}

pub fn closes(agent: &Agent, room: &str) {
    agent.say_in(room, "!close");
    agent.wait("the room is destroyed", |e| is_destroyed(e, room));
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
            let message = scene.weni.message(&ticket, text);
            message.send_only(scene.weni.address);
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
    let as_whom = |token: Option<&str>, channel: &str| {
        let mut request = message();
        request.headers.retain(|(name, _)| name != "Authorization");
        request.path = request.path.replace("/loja/", &format!("/{channel}/"));
        let request = match token {
            Some(token) => request.header("Authorization", &format!("Bearer {token}")),
            None => request,
        };
        request.send(scene.weni.address).expect("an answer").status
    };
    assert_eq!(as_whom(None, "loja"), 401);
    assert_eq!(as_whom(Some(OTHER_TOKEN), "loja"), 401);
    assert_eq!(as_whom(Some(TOKEN), "other"), 401);
    assert_eq!(
        as_whom(Some(OTHER_TOKEN), "other"),
        404,
        "no ticket of theirs"
    );
    assert_eq!(as_whom(Some(OTHER_TOKEN), "nobody"), 404);
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
