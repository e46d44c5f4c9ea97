//! How real users come in: TLS, mechanisms, cut wires, passwords that change.

use crate::person::Person;
use crate::proxy::Proxy;
use crate::support::process::free_port;
use crate::support::prosody::Prosody;
use crate::support::tls::Certificates;
use crate::support::xmpp::{ClientTls, Options, Server, jid};
use crate::world::{World, account, door};
use std::path::PathBuf;
use warmline::users::{EndReason, LoginError, Order, Show, UserEvent};
use warmline::xmpp::c2s::{DoorSettings, Protection};

fn protected(port: u16, protection: Protection, ca_file: PathBuf) -> DoorSettings {
    DoorSettings {
        protection,
        ca_file: Some(ca_file),
        ..door(port)
    }
}

#[test]
fn passwords_go_over_tls_that_is_vouched_for() {
    let certificates = Certificates::make();
    let tls = ClientTls {
        certificate: certificates.file("server.pem"),
        key: certificates.file("server.key"),
        direct_port: free_port(),
    };
    let direct = tls.direct_port;
    let server = Prosody::start_with(&Options {
        tls: Some(tls),
        ..Options::default()
    });
    let client = server.ports().client;
    let ca = certificates.file("ca.pem");
    for (port, protection) in [(client, Protection::StartTls), (direct, Protection::Direct)] {
        let world = World::through(server.ports(), protected(port, protection, ca.clone()));
        let wrong = world.login(account("agent1", "wrong")).err();
        assert_eq!(wrong, Some(LoginError::WrongPassword), "{}", server.log());
        let (one, other) = (world.account("agent1"), world.account("agent2"));
        one.say(&other.bare(), "over TLS");
        other.hears(&one.jid(), "over TLS");
    }
    let strangers = Certificates::make().file("ca.pem");
    let door = protected(client, Protection::StartTls, strangers);
    let world = World::through(server.ports(), door);
    let refused = world.login(account("agent1", "any")).err();
    assert_eq!(refused, Some(LoginError::Certificate));
}

#[test]
fn a_password_is_not_given_to_a_server_without_tls() {
    let scram_less = "disable_sasl_mechanisms = { \"SCRAM-SHA-1\"; \"SCRAM-SHA-256\" }";
    let server = Prosody::start_tuned(&Options::default(), scram_less);
    let world = World::start(server.ports());
    let refused = world.login(account("agent1", crate::support::xmpp::PASSWORD));
    assert_eq!(refused.err(), Some(LoginError::Unsafe));
    let ca = Certificates::make().file("ca.pem");
    let door = protected(server.ports().client, Protection::StartTls, ca);
    let world = world.restart_through(door);
    let refused = world.login(account("agent1", "any")).err();
    assert_eq!(refused, Some(LoginError::Unsafe));
    let nobody = DoorSettings {
        address: format!("127.0.0.1:{}", free_port()),
        ..crate::world::door(1)
    };
    let world = world.restart_through(nobody);
    let refused = world.login(account("agent1", "any")).err();
    assert_eq!(refused, Some(LoginError::Unreachable));
}

fn back(person: &Person) -> bool {
    person.wait("the return", |event| match event {
        UserEvent::Back { resumed, .. } => Some(*resumed),
        _ => None,
    })
}

#[test]
fn a_cut_wire_loses_nothing() {
    let server = Prosody::start();
    let proxy = Proxy::to(server.ports().client);
    let world = World::through(server.ports(), door(proxy.port));
    let (real, alice) = (world.account("agent1"), world.present("alice"));
    let room = crate::rooms::room("desk");
    alice.join(&room);
    real.join(&room);
    let before = real.jid();
    for round in 0..3 {
        proxy.cut();
        alice.post(&room, &format!("in the room {round}"));
        alice.say(&before, &format!("privately {round}"));
        assert!(back(&real), "resumed");
        real.hears(&room, &format!("in the room {round}"));
        real.hears(&alice.jid(), &format!("privately {round}"));
        real.post(&room, &format!("here {round}"));
        alice.hears(&room, &format!("here {round}"));
    }
    assert_eq!(real.jid(), before);
    assert_eq!(real.count("privately 0"), 1);
    assert_eq!(real.count("in the room 2"), 1);
}

#[test]
fn a_password_that_changed_ends_the_session_at_the_next_reconnect() {
    let mut server = Prosody::start();
    let world = World::start(server.ports());
    let real = world.account("agent1");
    server.stop();
    server.set_password("agent1", "another one");
    server.start_again();
    let why = real.wait("the end", |event| match event {
        UserEvent::Ended(why) => Some(*why),
        _ => None,
    });
    assert_eq!(why, EndReason::WrongPassword);
    let tries = server.log().matches("agent1").count();
    assert!(real.attempt(Order::Contacts).is_err());
    let again = world
        .login(account("agent1", "another one"))
        .expect("a session");
    again.show(Show::Available);
    assert!(again.bare() == jid("agent1") && tries < 5);
}
