//! What is said to somebody who is away, or between two connections, is told once and in order: from
//! the archive of the account, and from those of rooms.

use crate::person::Person;
use crate::rooms::room;
use crate::support::agents::{Agent, People};
use crate::support::ejabberd::Ejabberd;
use crate::support::prosody::Prosody;
use crate::support::wait;
use crate::support::xmpp::{MUC, Options, Server, jid};
use crate::world::World;
use std::time::Duration;
use warmline::users::{Order, Show, UserEvent};

/// How long thousands of messages may take.
const LONG: Duration = Duration::from_secs(60);

fn with_archive() -> Prosody {
    Prosody::start_with(&archive())
}

fn archive() -> Options {
    Options {
        host_modules: "\"mam\"".into(),
        ..Options::default()
    }
}

/// Many messages in one go.
fn flood(agent: &Agent, (to, kind): (&str, &str), numbers: std::ops::Range<usize>) {
    let all: Vec<usize> = numbers.collect();
    for some in all.chunks(100) {
        let message = |n: &usize| {
            format!("<message type='{kind}' to='{to}' id='m{n}'><body>line-{n}</body></message>")
        };
        agent.raw(&some.iter().map(message).collect::<String>());
        agent.settle_with(crate::support::xmpp::DOMAIN);
    }
}

fn lines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("line-{n}")).collect()
}

/// Has a room outlive the server.
fn lasts(owner: &Person, room: &str) {
    owner.order(Order::Raw(format!(
        "<iq type='set' id='lasts' to='{room}'><query xmlns='http://jabber.org/protocol/muc#owner'>\
         <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
         <value>http://jabber.org/protocol/muc#roomconfig</value></field>\
         <field var='muc#roomconfig_persistentroom'><value>1</value></field></x></query></iq>"
    )));
    owner.wait("that it lasts", |event| match event {
        UserEvent::Stanza(xml) => xml.contains("id='lasts'").then_some(()),
        _ => None,
    });
}

/// Waits until the last words are these, and gives all.
fn until(person: &Person, last: &str) -> Vec<String> {
    let heard = wait::poll(LONG, || {
        let texts = person.texts();
        (texts.last().map(String::as_str) == Some(last)).then_some(texts)
    });
    heard.unwrap_or_else(|| panic!("never: {last}: {:#?}", person.events()))
}

fn gaps(person: &Person) -> usize {
    let events = person.events();
    let gaps = events.iter();
    gaps.filter(|event| matches!(event, UserEvent::Missed { .. }))
        .count()
}

#[test]
fn the_first_login_begins_now_and_the_next_one_where_it_ended() {
    let server = with_archive();
    let world = World::start(server.ports());
    let people = People::start();
    let other = people.log_in("agent2", server.ports());
    other.show("available");
    let phone = people.log_in("agent1", server.ports());
    phone.show("available");
    phone.settle_with(&jid("agent1"));
    flood(&other, (&jid("agent1"), "chat"), 0..120);
    let desk = world.account("agent1");
    other.say(&jid("agent1"), "now");
    assert_eq!(until(&desk, "now"), ["now"], "nothing of old");
    desk.say(&jid("agent2"), "from the desk");
    desk.close();
    other.wait("her words", |e| e.get("body") == "from the desk");
    flood(&other, (&jid("agent1"), "chat"), 120..250);
    phone.say(&jid("agent2"), "from the phone");
    other.wait("the phone's words", |e| e.get("body") == "from the phone");
    let desk = world.account("agent1");
    other.say(&jid("agent1"), "live");
    let mut all = lines(120..250);
    all.extend(["from the phone".to_owned(), "live".to_owned()]);
    assert_eq!(until(&desk, "live"), all);
    let heard = desk.heard();
    assert!(heard[..131].iter().all(|said| said.delay.is_some()));
    let own: Vec<bool> = heard.iter().map(|said| said.own).collect();
    assert_eq!(own.iter().filter(|own| **own).count(), 1);
    assert!(own[130] && heard[131].delay.is_none());
    assert_eq!(gaps(&desk), 0);
}

#[test]
fn on_ejabberd_it_is_the_same() {
    let server = Ejabberd::start();
    let world = World::start(server.ports());
    let people = People::start();
    let other = people.log_in("agent2", server.ports());
    flood(&other, (&jid("agent1"), "chat"), 0..3);
    let desk = world.account("agent1");
    let room = room("busy");
    desk.join(&room);
    other.join(&room, "Speaker");
    other.say(&jid("agent1"), "now");
    let first = until(&desk, "now");
    assert_eq!(first.last().map(String::as_str), Some("now"));
    desk.say(&jid("agent2"), "from the desk");
    other.say_in(&room, "in the room");
    desk.hears(&room, "in the room");
    let world = world.kill();
    flood(&other, (&jid("agent1"), "chat"), 3..180);
    flood(&other, (&room, "groupchat"), 180..300);
    let desk = world.account("agent1");
    other.say(&jid("agent1"), "live");
    let mut all = lines(3..180);
    all.push("live".into());
    assert_eq!(until(&desk, "live"), all);
    desk.join(&room);
    other.say_in(&room, "live there");
    all.extend(lines(180..300));
    all.push("live there".into());
    assert_eq!(until(&desk, "live there"), all);
    assert_eq!(gaps(&desk), 0);
}

#[test]
fn what_the_server_kept_as_well_is_told_once() {
    let server = with_archive();
    let world = World::start(server.ports());
    let other = People::start().log_in("agent2", server.ports());
    flood(&other, (&jid("agent1"), "chat"), 0..3);
    let desk = world.account("agent1");
    assert_eq!(until(&desk, "line-2"), lines(0..3), "what waited, as ever");
    desk.close();
    flood(&other, (&jid("agent1"), "chat"), 3..70);
    let data = "<properties xmlns='http://www.jivesoftware.com/xmlns/xmpp/properties'><property>\
                <name>data</name><value type='string'>{}</value></property></properties>";
    let to = jid("agent1");
    other.raw(&format!(
        "<message type='chat' to='{to}' id='d'>{data}</message>"
    ));
    other.settle_with(crate::support::xmpp::DOMAIN);
    let desk = world.account("agent1");
    other.say(&to, "live");
    let mut all = lines(3..70);
    all.push("live".into());
    assert_eq!(until(&desk, "live"), all);
    let told = desk.events();
    let data = told.iter();
    let data = data.filter(|event| matches!(event, UserEvent::Notify(_)));
    assert_eq!(
        data.count(),
        1,
        "what the archive does not hold is told too"
    );
    // Shown as absent, and then as present again.
    desk.show(Show::Offline);
    // The answer comes after the server has seen that.
    desk.order(Order::Rooms {
        service: MUC.to_owned(),
        search: None,
    });
    flood(&other, (&to, "chat"), 70..75);
    desk.show(Show::Available);
    other.say(&to, "live again");
    all.extend(lines(70..75));
    all.push("live again".into());
    assert_eq!(until(&desk, "live again"), all);
}

#[test]
fn more_than_is_told_at_once_is_said_to_be_missing() {
    let server = with_archive();
    let world = World::start(server.ports());
    let people = People::start();
    let other = people.log_in("agent2", server.ports());
    let desk = world.account("agent1");
    other.say(&jid("agent1"), "known");
    until(&desk, "known");
    desk.close();
    let phone = people.log_in("agent1", server.ports());
    phone.show("available");
    phone.settle_with(&jid("agent1"));
    flood(&other, (&jid("agent1"), "chat"), 0..1_100);
    let desk = world.account("agent1");
    assert_eq!(until(&desk, "line-1099"), lines(100..1_100), "the newest");
    assert_eq!(gaps(&desk), 1, "and it says so");
    desk.close();
    other.say(&jid("agent1"), "more");
    let desk = world.account("agent1");
    assert_eq!(until(&desk, "more"), ["more"]);
}

#[test]
fn a_killed_server_costs_no_message_and_doubles_none() {
    let mut server = with_archive();
    let world = World::start(server.ports());
    let people = People::start();
    let desk = world.account("agent1");
    let other = people.log_in("agent2", server.ports());
    flood(&other, (&jid("agent1"), "chat"), 0..60);
    until(&desk, "line-59");
    server.kill();
    desk.wait("the loss", |event| {
        matches!(event, UserEvent::Lost).then_some(())
    });
    server.start_again();
    let other = people.log_in_as("agent2", "again", server.ports());
    other.show("available");
    flood(&other, (&jid("agent1"), "chat"), 60..180);
    assert_eq!(until(&desk, "line-179"), lines(0..180));
    // What was said from here is not told, however much it is.
    for number in 0..120 {
        desk.say(&jid("agent2"), &format!("mine {number}"));
    }
    other.wait("the last", |e| e.get("body") == "mine 119");
    desk.close();
    let world = world.kill();
    flood(&other, (&jid("agent1"), "chat"), 180..182);
    let desk = world.account("agent1");
    assert_eq!(until(&desk, "line-181"), lines(180..182));
    assert_eq!(gaps(&desk), 0);
}

#[test]
fn what_another_client_says_is_told_once_over_a_restart() {
    let server = with_archive();
    let world = World::start(server.ports());
    let people = People::start();
    let desk = world.account("agent1");
    let phone = people.log_in("agent1", server.ports());
    flood(&phone, (&jid("agent2"), "chat"), 0..120);
    assert_eq!(until(&desk, "line-119"), lines(0..120), "copies");
    let world = world.kill();
    flood(&phone, (&jid("agent2"), "chat"), 120..125);
    let desk = world.account("agent1");
    assert_eq!(until(&desk, "line-124"), lines(120..125));
    assert!(desk.heard().iter().all(|said| said.own));
}

#[test]
fn a_room_is_read_on_from_its_archive_whoever_serves_the_user() {
    let mut server = Prosody::start_with(&Options {
        max_history: 5,
        ..archive()
    });
    let world = World::start(server.ports());
    let people = People::start();
    let speaker = people.log_in("agent3", server.ports());
    let room = room("busy");
    let (alice, real) = (world.present("alice"), world.account("agent1"));
    alice.join(&room);
    real.join(&room);
    lasts(&alice, &room);
    speaker.join(&room, "Speaker");
    flood(&speaker, (&room, "groupchat"), 0..10);
    until(&alice, "line-9");
    until(&real, "line-9");
    let world = world.kill();
    flood(&speaker, (&room, "groupchat"), 10..150);
    // What is said while the archives are read is in them, and comes by itself as well.
    let (alice, real) = std::thread::scope(|scope| {
        scope.spawn(|| {
            for some in 15..60 {
                flood(&speaker, (&room, "groupchat"), some * 10..some * 10 + 10);
            }
        });
        let (alice, real) = (world.user("alice", "web"), world.account("agent1"));
        real.join(&room);
        (alice, real)
    });
    speaker.say_in(&room, "live");
    let mut all = lines(10..600);
    all.push("live".into());
    assert_eq!(until(&alice, "live"), all);
    assert_eq!(until(&real, "live"), all);
    server.kill();
    server.start_again();
    // Quicker than those who come back by themselves, or not: it is all the same.
    let speaker = people.log_in_as("agent3", "again", server.ports());
    speaker.join(&room, "Again");
    flood(&speaker, (&room, "groupchat"), 600..650);
    all.extend(lines(600..650));
    assert_eq!(until(&alice, "line-649"), all);
    assert_eq!(until(&real, "line-649"), all);
    assert_eq!((gaps(&alice), gaps(&real)), (0, 0));
}

#[test]
fn who_leaves_a_room_begins_anew_there() {
    let server = Prosody::start_with(&Options {
        max_history: 2,
        ..archive()
    });
    let world = World::start(server.ports());
    let speaker = People::start().log_in("agent3", server.ports());
    let room = room("left");
    let real = world.account("agent1");
    real.join(&room);
    speaker.join(&room, "Speaker");
    flood(&speaker, (&room, "groupchat"), 0..5);
    until(&real, "line-4");
    real.order(Order::Leave(room.clone()));
    flood(&speaker, (&room, "groupchat"), 5..15);
    let world = world.kill();
    let real = world.account("agent1");
    real.join(&room);
    speaker.say_in(&room, "live");
    assert_eq!(until(&real, "live"), ["line-13", "line-14", "live"]);
}

#[test]
fn without_an_archive_it_is_as_ever() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let other = People::start().log_in("agent2", server.ports());
    let desk = world.account("agent1");
    other.say(&jid("agent1"), "one");
    until(&desk, "one");
    desk.close();
    flood(&other, (&jid("agent1"), "chat"), 0..5);
    let desk = world.account("agent1");
    other.say(&jid("agent1"), "live");
    let mut all = lines(0..5);
    all.push("live".into());
    assert_eq!(until(&desk, "live"), all);
    assert_eq!(gaps(&desk), 0);
}
