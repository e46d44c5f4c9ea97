//! The commands of docs/chat-api.md, as they stand there, in a shell.

use super::support::browser::{Browser, Event};
use super::support::config::Config;
use super::support::process::RunDir;
use super::support::prosody::Prosody;
use super::support::warmline::Warmline;
use super::support::web::{Family, MASTER, Visitor, with_chat_api};
use super::support::xmpp::{COMPONENT, Options, Server, UploadDoor, jid};
use serde_json::Value;
use std::process::Command;

/// The commands of a section; a line that is further in goes on with the one before.
fn commands(section: &str) -> Vec<String> {
    let text = include_str!("../../docs/chat-api.md");
    let section = text.split("\n## ").find(|part| part.starts_with(section));
    let mut commands: Vec<String> = Vec::new();
    for line in section.expect("the section").lines() {
        match line.strip_prefix("    ") {
            Some(more) if more.starts_with("  ") => {
                commands.last_mut().expect("a beginning").push_str(more);
            }
            Some(command) => commands.push(command.to_owned()),
            None => {}
        }
    }
    commands
}

/// A shell with the document's variables.
struct Shell(Vec<(&'static str, String)>);

impl Shell {
    fn new(warmline: &Warmline) -> Shell {
        let server = format!("http://{}", warmline.address());
        Shell(vec![
            ("S", server),
            ("M", format!("Authorization: {MASTER}")),
        ])
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, value.to_owned()));
    }

    /// Runs a command to its end, and gives what it wrote; an error of HTTP is one.
    fn run(&self, command: &str) -> String {
        let strict = command.replace("curl ", "curl -sS --fail-with-body ");
        let mut shell = Command::new("bash");
        shell.args(["-euc", &strict]).envs(self.0.iter().cloned());
        let output = shell.output().expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {text} {problem}");
        text
    }
}

#[test]
fn the_fastpath_story_of_the_document() {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent3")]);
    config.more.push_str(&format!(
        "\n[[workgroup]]\nname = \"diabetes\"\nrejection_pause = \"500ms\"\n\
         agents = [\"expert@{COMPONENT}\"]\n"
    ));
    let warmline = Warmline::start(&config);
    let commands = commands("The Fastpath story");
    let [
        variables,
        login,
        watch,
        ask,
        listen,
        reject,
        accept,
        enter,
        speak,
        post,
        say,
    ] = commands.as_slice()
    else {
        panic!("the story has changed: {commands:#?}");
    };
    assert!(variables.starts_with("S=http"), "{variables}");
    assert!(watch.ends_with("/sse/expert &") && listen.ends_with("token=$TOKEN\" &"));
    let mut shell = Shell::new(&warmline);
    let stream = shell.run(&format!("{login}; echo -n $STREAM"));
    assert!(stream.starts_with("ofchat-"), "{stream}");
    let header = vec![("Authorization".to_owned(), MASTER.to_owned())];
    let expert = Browser::open(warmline.address(), "/sse/expert", header);
    let asked: Value = serde_json::from_str(&shell.run(ask)).expect("JSON");
    let token = asked["token"].as_str().expect("a token");
    shell.set("TOKEN", token);
    let path = format!("/sse/visitor?token={token}");
    let visitor = Browser::open(warmline.address(), &path, Vec::new());
    shell.set("ID", expert.kind("offerReceived").text("id"));
    shell.run(reject);
    shell.set("ID", expert.kind("offerReceived").text("id"));
    shell.run(accept);
    let invitation = expert.kind("invitationReceived");
    let room = invitation.text("room").split('@').next().expect("a room");
    shell.set("ROOM", room);
    shell.run(enter);
    visitor.kind("offer");
    for command in [speak, post, say] {
        shell.run(command);
    }
    let says = |text: &'static str| move |event: &Event| event.text("body") == text;
    visitor.wait("the expert", says("Good day"));
    for _ in [post, say] {
        expert.wait("the visitor", says("Hello"));
    }
}

#[test]
fn users_are_made_as_the_document_has_it() {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent3")]);
    let warmline = Warmline::start(&config);
    let shell = Shell::new(&warmline);
    let commands = commands("Users of Warmline's own domain");
    assert_eq!(commands.len(), 4, "{commands:#?}");
    let told: Vec<String> = commands.iter().map(|command| shell.run(command)).collect();
    let found: Value = serde_json::from_str(&told[1]).expect("JSON");
    assert_eq!(found["user"][0]["username"], "dora");
    let left = shell.run("curl -H \"$M\" $S/restapi/v1/users");
    assert!(!left.contains("dora"), "{left}");
}

#[test]
fn a_file_is_sent_as_the_document_has_it() {
    let server = Prosody::start_with(&Options {
        upload: Some(UploadDoor::free()),
        ..Options::default()
    });
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent3")]);
    let warmline = Warmline::start(&config);
    let visitor = Visitor::ask(warmline.address(), "visitor", Family::Readme);
    let commands = commands("Files");
    let [place, put, send] = commands.as_slice() else {
        panic!("{commands:#?}");
    };
    let dir = RunDir::new("files");
    let picture = dir.write("photo.png", "not much of a picture");
    let mut shell = Shell::new(&warmline);
    shell.set("TOKEN", visitor.answer["token"].as_str().expect("a token"));
    shell.set("SIZE", "21");
    let slot: Value = serde_json::from_str(&shell.run(place)).expect("JSON");
    let told = |key: &str| slot[key].as_str().expect("text");
    let authorization = slot["headers"]["Authorization"].as_str();
    shell.set("AUTHORIZATION", authorization.expect("a header"));
    shell.set("PUT", told("put"));
    shell.set("GET", told("get"));
    assert_eq!(told("contentType"), "image/png");
    let folder = picture.parent().expect("a folder").display();
    shell.run(&format!("cd {folder}; {put}"));
    shell.run(send);
    assert_eq!(shell.run("curl \"$GET\""), "not much of a picture");
}
