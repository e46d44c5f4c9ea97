//! Rooms: entered, spoken in, left; invitations; what was said before.

use crate::person::Person;
use crate::support::agents::People;
use crate::support::prosody::Prosody;
use crate::support::wait;
use crate::support::xmpp::{MUC, Server, jid};
use crate::world::World;
use warmline::users::{Done, HistoryWish, Order, UserError, UserEvent};

pub fn room(name: &str) -> String {
    format!("{name}@{MUC}")
}

fn lines(person: &Person, room: &str) -> Vec<String> {
    let Done::Lines(lines) = person.order(Order::RoomHistory(room.to_owned())) else {
        panic!("no lines");
    };
    lines.into_iter().map(|line| line.body).collect()
}

#[test]
fn entered_spoken_in_and_left() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let stranger = People::start().log_in("agent1", server.ports());
    everybody_talks(&world.present("alice"), &stranger, "one");
    everybody_talks(&world.account("agent2"), &stranger, "two");
}

pub fn everybody_talks(alice: &Person, stranger: &crate::support::agents::Agent, name: &str) {
    let room = room(name);
    let early = Order::Post {
        room: room.clone(),
        message: crate::person::words("early"),
    };
    assert_eq!(alice.attempt(early), Err(UserError::NotJoined));
    alice.join(&room);
    stranger.join(&room, "Stranger");
    stranger.say_in(&room, "hello all");
    alice.hears(&format!("{room}/Stranger"), "hello all");
    alice.post(&room, "hello stranger");
    stranger.wait("her words", |e| e.get("body") == "hello stranger");
    alice.hears(&room, "hello stranger");
    assert_eq!(lines(alice, &room), ["hello all", "hello stranger"]);
    let Done::Occupants(inside) = alice.order(Order::Occupants(room.clone())) else {
        panic!("no occupants");
    };
    assert_eq!(inside.len(), 2, "{inside:?}");
    assert!(inside.iter().all(|one| !one.role.is_empty()));
    let taken = Order::Join {
        room: room.clone(),
        nick: None,
        password: None,
    };
    assert_eq!(alice.attempt(taken), Ok(Done::Nothing), "is in it already");
    alice.order(Order::Invite {
        room: room.clone(),
        whom: jid("agent3"),
        reason: Some("come <in>".into()),
    });
    let Done::Room(about) = alice.order(Order::Room(room.clone())) else {
        panic!("no room");
    };
    assert_eq!(about.persistent, Some(false));
    alice.order(Order::Raw(format!(
        "<iq type='set' id='form' to='{room}'><query xmlns='http://jabber.org/protocol/muc#owner'>\
         <x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/\
         protocol/muc#roomconfig</value></field><field var='muc#roomconfig_publicroom'>\
         <value>1</value></field></x></query></iq>"
    )));
    wait::until("the room in the list", wait::SOON, || {
        let all = Order::Rooms {
            service: MUC.into(),
            search: Some(name.to_uppercase()),
        };
        let Done::Rooms(all) = alice.order(all) else {
            panic!("no rooms");
        };
        all.iter().any(|one| one.jid == room).then_some(())
    });
    alice.order(Order::Leave(room.clone()));
    stranger.wait("her leaving", |e| {
        e.kind() == "presence" && e.sender() == room && e.get("type") == "unavailable"
    });
    assert_eq!(alice.attempt(Order::Leave(room)), Err(UserError::NotJoined));
}

#[test]
fn invitations_arrive_and_refusals_are_told() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (alice, real) = (world.present("alice"), world.account("agent2"));
    let room = room("desk");
    alice.join(&room);
    alice.order(Order::Invite {
        room: room.clone(),
        whom: real.bare(),
        reason: Some("come".into()),
    });
    let invited = real.wait("an invitation", |event| match event {
        UserEvent::Invited(invited) if !invited.direct => Some(invited.clone()),
        _ => None,
    });
    assert_eq!(
        (invited.room, invited.reason),
        (room.clone(), Some("come".into()))
    );
    // Prosody names the occupant, others the person.
    let inviters = [alice.jid(), format!("{room}/alice")];
    assert!(inviters.contains(&invited.inviter), "{}", invited.inviter);
    let nick = Some("alice".to_owned());
    let conflict = Order::Join {
        room: room.clone(),
        nick,
        password: None,
    };
    assert_eq!(real.attempt(conflict), Err(UserError::NickTaken));
    let nowhere = Order::Room("nowhere@conference.example.test".into());
    assert_eq!(alice.attempt(nowhere), Err(UserError::NoRoom));
    let nowhere = Order::Join {
        room: "room@nowhere.invalid".into(),
        nick: None,
        password: None,
    };
    assert!(alice.attempt(nowhere).is_err());
    // Another one puts her out of the room.
    real.join(&room);
    alice.order(Order::Raw(format!(
        "<iq type='set' id='kick' to='{room}'><query xmlns='http://jabber.org/protocol/muc#admin'>\
         <item nick='agent2' role='none'><reason>enough</reason></item></query></iq>"
    )));
    real.wait("being put out", |event| match event {
        UserEvent::Left { room: which, why } => {
            (*which == room && format!("{why:?}").contains("enough")).then_some(())
        }
        _ => None,
    });
}

#[test]
fn two_sessions_of_one_user_hear_a_room_and_keep_it_once() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (desk, phone) = (world.present("alice"), world.user("alice", "phone"));
    let room = room("desk");
    desk.join(&room);
    phone.order(Order::Join {
        room: room.clone(),
        nick: Some("alice's phone".into()),
        password: None,
    });
    let stranger = People::start().log_in("agent1", server.ports());
    stranger.join(&room, "Stranger");
    stranger.say_in(&room, "to both");
    for session in [&desk, &phone] {
        session.hears(&format!("{room}/Stranger"), "to both");
    }
    let wish = HistoryWish {
        with: Some(room),
        ..HistoryWish::default()
    };
    let Done::Lines(lines) = desk.order(Order::History(wish)) else {
        panic!("no lines");
    };
    assert_eq!(lines.len(), 1, "{lines:?}");
}
