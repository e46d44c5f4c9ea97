//! What survives: messages for who is away, a restart of the server, a restart of Warmline.

use crate::contacts::contact;
use crate::person::words;
use crate::rooms::room;
use crate::support::agents::People;
use crate::support::prosody::Prosody;
use crate::support::xmpp::{Server, jid};
use crate::world::World;
use warmline::users::{
    ContactWish, Done, HistoryWish, Order, Show, Subscription, UserError, UserEvent,
};

#[test]
fn messages_wait_for_who_is_away() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let stranger = People::start().log_in("agent1", server.ports());
    world.present("alice").close();
    stranger.say(
        &format!("alice@{}", crate::support::xmpp::COMPONENT),
        "first",
    );
    stranger.say(
        &format!("alice@{}", crate::support::xmpp::COMPONENT),
        "second",
    );
    stranger.settle_with(&format!("alice@{}", crate::support::xmpp::COMPONENT));
    let world = world.kill();
    let alice = world.user("alice", "web");
    assert_eq!(alice.count("first"), 0, "not before she shows herself");
    alice.show(Show::Available);
    alice.hears("agent1@", "first");
    alice.wait("the second, with its time", |event| match event {
        UserEvent::Chat(_, said) => (said.body == "second" && said.delay.is_some()).then_some(()),
        _ => None,
    });
    alice.close();
    let again = world.present("alice");
    again.order(Order::Contacts);
    assert_eq!(again.count("first"), 0, "once");
    let Done::Lines(lines) = again.order(Order::History(HistoryWish::default())) else {
        panic!("no lines");
    };
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_restart_of_the_server_brings_all_back() {
    let mut server = Prosody::start();
    let world = World::start(server.ports());
    let (alice, real) = (world.present("alice"), world.account("agent2"));
    let wish = ContactWish {
        jid: real.bare(),
        ..ContactWish::default()
    };
    alice.order(Order::AddContact(wish));
    alice.sees(&real.jid(), Show::Available);
    let room = room("lasting");
    alice.join(&room);
    real.join(&room);
    real.post(&room, "before");
    alice.hears(&room, "before");
    server.stop();
    world.wait_down();
    let early = Order::Message {
        to: real.bare(),
        message: words("while it is away"),
    };
    assert_eq!(alice.attempt(early), Err(UserError::NotConnected));
    server.start_again();
    for person in [&alice, &real] {
        person.wait("the loss", |event| {
            matches!(event, UserEvent::Lost).then_some(())
        });
        person.wait("the return", |event| {
            matches!(event, UserEvent::Back { .. }).then_some(())
        });
        person.wait("the room again", |event| match event {
            UserEvent::Joined { room: which, .. } => (*which == room).then_some(()),
            _ => None,
        });
    }
    alice.sees(&real.bare(), Show::Available);
    alice.post(&room, "after");
    real.hears(&room, "after");
    real.post(&room, "after too");
    alice.hears(&room, "after too");
    alice.say(&real.bare(), "privately");
    real.hears(&alice.jid(), "privately");
}

#[test]
fn a_restart_of_warmline_brings_all_back() {
    for hard in [false, true] {
        let server = Prosody::start();
        let world = World::start(server.ports());
        let people = People::start();
        let stranger = people.log_in("agent1", server.ports());
        stranger.show("available");
        let room = room("lasting");
        let alice = world.present("alice");
        alice.join(&room);
        stranger.join(&room, "Stranger");
        let wish = ContactWish {
            jid: jid("agent1"),
            nickname: Some("Friend".into()),
            ..ContactWish::default()
        };
        alice.order(Order::AddContact(wish));
        stranger.raw(&format!(
            "<presence type='subscribed' to='{}'/>",
            alice.bare()
        ));
        alice.sees(stranger.full_jid(), Show::Available);
        stranger.say_in(&room, "before");
        alice.hears(&room, "before");
        alice.order(Order::SetProperty {
            name: "colour".into(),
            value: "blue".into(),
        });
        let world = if hard { world.kill() } else { world.restart() };
        stranger.say_in(&room, "meanwhile");
        let alice = world.user("alice", "web");
        alice.wait("the room again", |event| match event {
            UserEvent::Joined { room: which, .. } => (*which == room).then_some(()),
            _ => None,
        });
        alice.hears(&room, "meanwhile");
        assert_eq!(alice.count("before"), 0, "not told again");
        alice.sees(stranger.full_jid(), Show::Available);
        let friend = contact(&alice, &jid("agent1")).expect("a contact");
        assert_eq!(friend.nickname.as_deref(), Some("Friend"));
        assert_ne!(friend.subscription, Subscription::None);
        let Done::Properties(all) = alice.order(Order::Properties) else {
            panic!("no properties");
        };
        assert_eq!(all["colour"], "blue");
        alice.post(&room, "back");
        stranger.wait("her words", |e| e.get("body") == "back");
    }
}
