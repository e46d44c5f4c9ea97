//! Whatever is accepted for somebody in a browser is shown there once and in order, however often
//! the program is killed between taking it and writing it into the log of events.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::faults::{numbered, say_all};
use super::stage::{accept, offered};
use super::support::agents::{Agent, People};
use super::support::browser::Event;
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::readers::Crowd;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, MASTER, Visitor, Web, authorization, with_chat_api};
use super::support::xmpp::{DOMAIN, Options, Server, jid, workgroup};

/// How long a kill and what follows may take altogether.
const REPAIR: Duration = Duration::from_secs(60);

/// Goes on duty at a client that knows nothing of workgroups.
pub fn on_duty(agent: &Agent, workgroup: &str) {
    agent.show("chat");
    agent.subscribe(workgroup);
    agent.show_to(workgroup, "chat");
    agent.wait("the workgroup greets", |e| {
        e.kind() == "presence" && e.sender() == workgroup
    });
    agent.settle_with(workgroup);
}

/// Ends whoever sends, also when the test fails: the scope would wait for them for ever.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn words(event: &Event) -> Option<String> {
    let said = matches!(event.kind(), "chat" | "groupchat");
    let body = Some(event.text("body")).filter(|body| said && !body.is_empty())?;
    Some(body.to_owned())
}

/// Fifty messages in one go: many of them are between the stanza and the log at any moment.
fn flood(agent: &Agent, to: &str, batch: usize) {
    fifty(agent, to, batch);
    // What is ahead of the program is bounded: the answer comes after it.
    agent.settle_with(to);
}

fn fifty(agent: &Agent, to: &str, batch: usize) {
    let message = |number: usize| {
        let id = batch * 50 + number;
        format!("<message type='chat' to='{to}' id='f{id}'><body>line-{id}</body></message>")
    };
    let all: String = (0..50).map(message).collect();
    agent.raw(&all);
}

/// What the history holds of the talk with this agent: what was accepted.
fn history(alice: &Web, agent: &Agent) -> Option<Vec<String>> {
    let path = format!("/messages?limit=2000&to={}", agent.jid());
    let reply = alice.chat("GET", &path, "");
    if reply.status != 200 {
        return None;
    }
    let mut texts = Vec::new();
    collect(&reply.json(), &mut texts);
    Some(texts)
}

/// The bodies in an answer, wherever they stand in it.
fn collect(value: &serde_json::Value, texts: &mut Vec<String>) {
    match value {
        serde_json::Value::Array(all) => all.iter().for_each(|one| collect(one, texts)),
        serde_json::Value::Object(keys) => {
            if let Some(body) = keys.get("body").and_then(serde_json::Value::as_str) {
                texts.push(body.to_owned());
            }
            keys.values()
                .filter(|one| one.is_array() || one.is_object())
                .for_each(|one| collect(one, texts));
        }
        _ => {}
    }
}

#[test]
fn what_a_user_was_sent_is_shown_once_over_kills_between_channel_and_log() {
    const KILLS: usize = 6;
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[]);
    let mut warmline = Warmline::start(&config);
    let agent = People::start().log_in("agent1", server.ports());
    let alice = Web::log_in(warmline.address(), "alice", (Family::Readme, Kind::Bridge));
    let reading = ["/sse/alice".to_owned()];
    let crowd = Crowd::gather(warmline.address(), (&reading, MASTER), words);
    let going = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut batch = 0;
            while going.load(Ordering::Relaxed) {
                flood(&agent, &alice.jid(), batch);
                batch += 1;
            }
        });
        let ends = Ends(&going);
        for _ in 0..KILLS {
            let before = crowd.heard()[0].texts.len();
            crowd.wait_for(before + 60, REPAIR);
            warmline.kill9();
            warmline.start_again();
        }
        drop(ends);
        sending.join().expect("the sender");
    });
    agent.say(&alice.jid(), "the end");
    let accepted = wait::until("the history has the end", REPAIR, || {
        history(&alice, &agent).filter(|all| all.iter().any(|text| text == "the end"))
    });
    assert!(accepted.len() > KILLS * 60, "{}", accepted.len());
    wait::until("the reader has the end", REPAIR, || {
        let heard = crowd.heard();
        heard[0]
            .texts
            .iter()
            .any(|text| text == "the end")
            .then_some(())
    });
    let heard = crowd.heard().remove(0);
    let missing: Vec<_> = accepted
        .iter()
        .filter(|text| !heard.texts.contains(text))
        .collect();
    assert!(missing.is_empty(), "in the history only: {missing:?}");
    assert_eq!(heard.texts, accepted, "each once, in order");
    assert_eq!(heard.disorder, 0);
}

#[test]
fn what_an_agent_says_to_a_visitor_is_shown_once_over_kills() {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent3")]);
    let mut warmline = Warmline::start(&config);
    let agent = People::start().log_in("agent3", server.ports());
    on_duty(&agent, &workgroup("desk"));
    let visitor = Visitor::ask(warmline.address(), "visitor", Family::Readme);
    let room = accept(&agent, &offered(&agent));
    visitor.events.kind("offer");
    let path = visitor.answer["events"]
        .as_str()
        .expect("a path")
        .to_owned();
    let crowd = Crowd::gather(warmline.address(), (&[path], ""), words);
    let said = numbered("agent", 150);
    std::thread::scope(|scope| {
        let saying = scope.spawn(|| say_all(&agent, &room, &said));
        for milestone in [30, 80] {
            crowd.wait_for(milestone, REPAIR);
            warmline.kill9();
            warmline.start_again();
        }
        saying.join().expect("the agent says all");
    });
    crowd.wait_for(said.len(), REPAIR);
    let heard = crowd.heard().remove(0);
    assert_eq!(heard.texts, said, "each once, in order");
    assert_eq!((heard.disorder, heard.visits), (0, 3));
}

/// A user of the XMPP server, whose session ends with the program, for only the user knows the password.
#[test]
fn what_a_real_user_was_sent_is_shown_once_over_kills_before_the_next_login() {
    const KILLS: usize = 5;
    let server = Prosody::start_with(&Options {
        host_modules: "\"mam\"".into(),
        ..Options::default()
    });
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[]);
    let mut warmline = Warmline::start(&config);
    let agent = People::start().log_in("agent1", server.ports());
    let log_in = |address| Web::log_in(address, "agent2", (Family::Readme, Kind::Account));
    let to = log_in(warmline.address()).jid();
    let reading = ["/sse/agent2".to_owned()];
    let header = authorization(Kind::Account, "agent2");
    let crowd = Crowd::gather(warmline.address(), (&reading, &header), words);
    let going = AtomicBool::new(true);
    let batches = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut batch = 0;
            while going.load(Ordering::Relaxed) {
                // Not so many that not all of them would be told at once.
                if batch * 50 < crowd.heard()[0].texts.len() + 600 {
                    fifty(&agent, &to, batch);
                    batch += 1;
                }
                agent.settle_with(DOMAIN);
            }
            batch
        });
        let ends = Ends(&going);
        for _ in 0..KILLS {
            let before = crowd.heard()[0].texts.len();
            crowd.wait_for(before + 60, REPAIR);
            warmline.kill9();
            warmline.start_again();
            log_in(warmline.address());
        }
        drop(ends);
        sending.join().expect("the sender")
    });
    let sent: Vec<String> = (0..batches * 50).map(|id| format!("line-{id}")).collect();
    crowd.wait_for(sent.len(), REPAIR);
    let heard = crowd.heard().remove(0);
    let missing: Vec<_> = sent.iter().filter(|t| !heard.texts.contains(t)).collect();
    assert!(missing.is_empty(), "never shown: {missing:?}");
    assert_eq!(heard.texts, sent, "each once, in order");
    assert_eq!(heard.disorder, 0);
}
