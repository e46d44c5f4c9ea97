//! Words between two people, whoever is at which client.

use crate::person::words;
use crate::support::agents::People;
use crate::support::prosody::Prosody;
use crate::support::xmpp::{COMPONENT, Server, jid};
use crate::world::World;
use warmline::users::{ChatState, Done, HistoryWish, Order, Outgoing, Show, UserError, UserEvent};

#[test]
fn words_go_both_ways_between_all_kinds_of_people() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let alice = world.present("alice");
    let bob = world.present("bob");
    let real = world.account("agent2");
    let stranger = People::start().log_in("agent1", server.ports());
    stranger.show("available");

    alice.say(&bob.bare(), "to a user of the same domain");
    bob.hears(&alice.jid(), "to a user of the same domain");
    alice.say(&jid("agent1"), "to a client <&'\"> 😀");
    let heard = stranger.wait("words", |e| e.get("body").starts_with("to a client"));
    assert_eq!(heard.get("body"), "to a client <&'\"> 😀");
    assert_eq!(heard.get("from"), alice.jid());
    stranger.say(&alice.bare(), "to the account");
    alice.hears(stranger.full_jid(), "to the account");
    stranger.say(&alice.jid(), "to the session");
    alice.hears(stranger.full_jid(), "to the session");
    alice.say(&real.bare(), "to a real user");
    real.hears(&alice.jid(), "to a real user");
    real.say(&alice.bare(), "from a real user");
    alice.hears(&real.jid(), "from a real user");

    let Done::Lines(lines) = alice.order(Order::History(HistoryWish::default())) else {
        panic!("no lines");
    };
    let said: Vec<&str> = lines.iter().map(|line| line.body.as_str()).collect();
    let all = [
        "to a user of the same domain",
        "to a client <&'\"> 😀",
        "to the account",
        "to the session",
        "to a real user",
        "from a real user",
    ];
    assert_eq!(said, all);
    let wish = HistoryWish {
        with: Some(jid("agent1")),
        keywords: vec!["THE".into()],
        ..HistoryWish::default()
    };
    let Done::Lines(lines) = alice.order(Order::History(wish)) else {
        panic!("no lines");
    };
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn data_and_typing_are_told() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (alice, real) = (world.present("alice"), world.account("agent2"));
    let json = "{\"body\": \"see\", \"more\": [1, \"<x>\"]}";
    let message = Outgoing {
        data: Some(json.to_owned()),
        ..words("see")
    };
    let to = real.bare();
    alice.order(Order::Message { to, message });
    let data = real.wait("data", |event| match event {
        UserEvent::Chat(_, said) if said.body == "see" => said.data.clone(),
        _ => None,
    });
    assert_eq!(data, json);
    let message = Outgoing {
        data: Some("{}".to_owned()),
        ..Outgoing::default()
    };
    let to = alice.bare();
    real.order(Order::Message { to, message });
    alice.wait("data alone", |event| match event {
        UserEvent::Notify(said) => (said.data.as_deref() == Some("{}")).then_some(()),
        _ => None,
    });
    let state = ChatState::Composing;
    let to = alice.bare();
    real.order(Order::ChatState { to, state });
    alice.wait("typing", |event| match event {
        UserEvent::ChatState { state, .. } => (*state == ChatState::Composing).then_some(()),
        _ => None,
    });
    let nothing = Order::Message {
        to: alice.bare(),
        message: Outgoing::default(),
    };
    assert_eq!(real.attempt(nothing), Err(UserError::Empty));
    let nobody = Order::Message {
        to: "a b@c".into(),
        message: words("x"),
    };
    assert!(matches!(
        real.attempt(nobody),
        Err(UserError::BadAddress(_))
    ));
    let large = Order::Message {
        to: alice.bare(),
        message: words(&"x".repeat(300_000)),
    };
    assert_eq!(real.attempt(large), Err(UserError::TooLarge));
}

#[test]
fn what_nobody_takes_comes_back() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let alice = world.present("alice");
    for nobody in [
        format!("nobody@{COMPONENT}"),
        "nobody@example.test".to_owned(),
    ] {
        alice.say(&nobody, "anybody there?");
        alice.wait("an error", |event| match event {
            UserEvent::Chat(kind, said) if kind.word() == "error" => {
                (said.from == nobody && said.error.is_some()).then_some(())
            }
            _ => None,
        });
    }
    // A room that still counts a session which is gone puts it out upon this.
    let stranger = People::start().log_in("stranger", server.ports());
    let gone = format!("{}/gone", alice.bare());
    stranger.raw(&format!(
        "<message type='groupchat' id='g' to='{gone}'><body>x</body></message>"
    ));
    stranger.wait("an error", |e| {
        e.kind() == "message" && e.get("type") == "error" && e.get("from") == gone
    });
}

#[test]
fn sessions_of_one_user_are_shown_the_same() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (desk, phone) = (world.user("alice", "desk"), world.user("alice", "phone"));
    desk.show(Show::Available);
    phone.show(Show::Away);
    desk.sees(&phone.jid(), Show::Away);
    phone.sees(&desk.jid(), Show::Available);
    let stranger = People::start().log_in("agent1", server.ports());
    stranger.show("available");
    stranger.say(&desk.bare(), "to all");
    desk.hears(stranger.full_jid(), "to all");
    phone.hears(stranger.full_jid(), "to all");
    desk.say(&jid("agent1"), "from the desk");
    phone.wait("a copy", |event| match event {
        UserEvent::Chat(_, said) => (said.own && said.body == "from the desk").then_some(()),
        _ => None,
    });
    stranger.say(&desk.jid(), "to the desk");
    phone.hears(stranger.full_jid(), "to the desk");
    let Done::Lines(lines) = phone.order(Order::History(HistoryWish::default())) else {
        panic!("no lines");
    };
    assert_eq!(lines.len(), 3, "each line once: {lines:?}");
}

#[test]
fn every_address_answers_a_stranger() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let alice = world.present("alice");
    let stranger = People::start().log_in("stranger", server.ports());
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    for address in [alice.jid(), alice.bare()] {
        assert!(stranger.ask("get", &address, ping).is_ok(), "{address}");
        assert!(stranger.ask("get", &address, info).is_ok(), "{address}");
        let version = stranger.ask("get", &address, "<query xmlns='jabber:iq:version'/>");
        assert!(version.expect("a version").contains("Warmline"));
        let odd = stranger.ask("set", &address, "<odd xmlns='urn:odd'/>");
        assert_eq!(odd, Err("service-unavailable".into()));
        let roster = "<query xmlns='jabber:iq:roster'><item jid='evil@x'/></query>";
        assert!(stranger.ask("set", &address, roster).is_err());
        let offer = "<offer xmlns='http://jabber.org/protocol/workgroup' id='1' jid='v@x'/>";
        assert!(stranger.ask("set", &address, offer).is_err());
    }
    let gone = format!("{}/gone", alice.bare());
    assert_eq!(
        stranger.ask("get", &gone, ping),
        Err("service-unavailable".into())
    );
    assert_eq!(alice.order(Order::Contacts), Done::Contacts(Vec::new()));
}
