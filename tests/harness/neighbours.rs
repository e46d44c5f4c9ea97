//! Servers start, keep their data over restarts, and carry a conversation between two people.

use super::support::agents::{Agent, People};
use super::support::ejabberd::Ejabberd;
use super::support::event::Event;
use super::support::prosody::Prosody;
use super::support::redis::Redis;
use super::support::xmpp::{MUC, Options, Server};

/// Two people enter a room; what one says arrives at the other, and the room tells it back.
fn talk(ana: &Agent, ben: &Agent, room: &str) {
    ana.join(room, "ana");
    ana.wait("ana is in the room", |e| entered(e, room, "ana"));
    let form = "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>";
    ana.ask("set", room, form)
        .expect("the owner configures the room");
    ben.join(room, "ben");
    ben.wait("ben is in the room", |e| entered(e, room, "ben"));
    let id = ana.say_in(room, "good morning <&> \u{1F600}");
    let heard = ben.wait("ben hears ana", |e| e.is_said() && e.get("id") == id);
    assert_eq!(heard.get("body"), "good morning <&> \u{1F600}");
    assert_eq!(heard.nick(), "ana");
    ana.wait("the room reflects it", |e| e.is_said() && e.get("id") == id);
    ben.say_in(room, "good morning to you");
    ana.wait("ana hears ben", |e| e.is_said() && e.nick() == "ben");
    assert_eq!(ana.heard(room, "ben"), ["good morning to you"]);
}

fn entered(event: &Event, room: &str, nick: &str) -> bool {
    event.kind() == "presence" && event.sender() == room && event.nick() == nick
}

/// Starts people, lets them talk, restarts the server, and lets them talk again.
fn talk_over_a_restart(server: &mut impl Server) {
    let people = People::start();
    let ana = people.log_in("agent1", server.ports());
    let ben = people.log_in("agent2", server.ports());
    assert_eq!(ana.full_jid(), "agent1@example.test/desk");
    talk(&ana, &ben, &format!("first@{MUC}"));
    ana.leave(&format!("first@{MUC}"));
    ben.leave(&format!("first@{MUC}"));
    server.restart();
    for person in [&ana, &ben] {
        person.wait("the first login", |e| e.kind() == "online");
        person.wait("it came back by itself", |e| e.kind() == "online");
    }
    talk(&ana, &ben, &format!("second@{MUC}"));
}

#[test]
fn two_people_talk_in_a_room_of_prosody_and_again_after_a_restart() {
    talk_over_a_restart(&mut Prosody::start());
}

#[test]
fn two_people_talk_in_a_room_of_ejabberd_and_again_after_a_restart() {
    talk_over_a_restart(&mut Ejabberd::start());
}

#[test]
fn servers_start_without_a_room_archive() {
    let options = Options {
        room_archive: false,
        ..Options::default()
    };
    let prosody = Prosody::start_with(&options);
    let ejabberd = Ejabberd::start_with(&options);
    assert_ne!(prosody.ports(), ejabberd.ports());
}

#[test]
fn a_wrong_password_is_refused_and_a_stanza_error_is_told() {
    let prosody = Prosody::start_with(&Options {
        accounts: vec!["agent1".into()],
        ..Options::default()
    });
    let people = People::start();
    let ana = people.log_in("agent1", prosody.ports());
    let refused = ana.ask(
        "get",
        "nobody.example.test",
        "<query xmlns='jabber:iq:version'/>",
    );
    assert!(refused.is_err());
    let wrong = serde_json::json!({
        "jid": "agent1@example.test/x", "password": "wrong", "host": "127.0.0.1",
        "port": prosody.ports().client,
    });
    assert_eq!(
        ana.attempt("log_in", wrong).err().as_deref(),
        Some("not-authorized")
    );
}

#[test]
fn presence_and_a_subscription_travel_between_accounts() {
    let prosody = Prosody::start();
    let people = People::start();
    let ana = people.log_in("agent1", prosody.ports());
    let ben = people.log_in("agent2", prosody.ports());
    ana.show("chat");
    ben.show("available");
    ben.subscribe(ana.jid());
    ben.wait("ana's presence", |e| {
        e.kind() == "presence" && e.sender() == ana.jid() && e.get("show") == "chat"
    });
    ana.call("vanish", serde_json::json!({}));
    ben.wait("ana is gone", |e| {
        e.sender() == "agent1@example.test" && e.get("type") == "unavailable"
    });
}

#[test]
fn redis_keeps_what_it_answered_over_a_kill() {
    use std::io::{Read, Write};
    let mut redis = Redis::start();
    let send = |redis: &Redis, command: &[u8], answer: &mut [u8]| {
        let url = redis.url();
        let address = url
            .trim_start_matches("redis://")
            .trim_end_matches("/0")
            .to_owned();
        let mut stream = std::net::TcpStream::connect(address).expect("redis");
        stream.write_all(command).expect("a command");
        stream.read_exact(answer).expect("an answer");
    };
    let mut ok = [0; 5];
    send(&redis, b"SET kept word\r\n", &mut ok);
    assert_eq!(&ok, b"+OK\r\n");
    redis.kill();
    redis.start_again();
    let mut value = [0; 10];
    send(&redis, b"GET kept\r\n", &mut value);
    assert_eq!(&value, b"$4\r\nword\r\n");
}
