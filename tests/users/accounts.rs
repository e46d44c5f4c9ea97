//! Real users: passwords, archive, copies, sessions that end.

use crate::support::prosody::Prosody;
use crate::support::wait;
use crate::support::xmpp::{DOMAIN, Options, PASSWORD, Server};
use crate::world::{World, account};
use std::time::Instant;
use warmline::users::{
    Done, HistoryWish, Login, LoginError, Order, Password, UserError, UserEvent,
};

#[test]
fn a_wrong_password_is_told_at_once_and_never_tried_again() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let begin = Instant::now();
    let wrong = world.login(account("agent1", "wrong")).err();
    assert_eq!(wrong, Some(LoginError::WrongPassword));
    assert!(begin.elapsed() < wait::SOON / 2, "{:?}", begin.elapsed());
    assert_eq!(
        world.check("agent1", "wrong"),
        Err(LoginError::WrongPassword)
    );
    assert_eq!(world.check("agent1", PASSWORD), Ok(()));
    assert_eq!(
        world.check("nobody", PASSWORD),
        Err(LoginError::WrongPassword)
    );
    let attempts = server.log().matches("not-authorized").count();
    let elsewhere = Login::Account {
        jid: "agent1@elsewhere.example".into(),
        password: Password::new(PASSWORD),
        resource: None,
    };
    assert_eq!(world.login(elsewhere).err(), Some(LoginError::OtherServer));
    for name in ["support", "v-abc", "A B", "", "x@y"] {
        let login = Login::Bridge {
            name: name.into(),
            resource: None,
        };
        assert_eq!(
            world.login(login).err(),
            Some(LoginError::BadName),
            "{name}"
        );
    }
    assert_eq!(server.log().matches("not-authorized").count(), attempts);
    assert!(!format!("{:?}", account("agent1", PASSWORD)).contains(PASSWORD));
}

#[test]
fn the_archive_of_the_account_is_read() {
    let server = Prosody::start_with(&Options {
        host_modules: "\"mam\"".into(),
        ..Options::default()
    });
    let world = World::start(server.ports());
    let (one, other) = (world.account("agent1"), world.account("agent2"));
    for number in 0..120 {
        one.say(&other.bare(), &format!("line {number}"));
    }
    other.hears(&one.bare(), "line 119");
    let wish = HistoryWish {
        with: Some(one.bare()),
        limit: 110,
        ..HistoryWish::default()
    };
    let Done::Lines(lines) = other.order(Order::History(wish)) else {
        panic!("no lines");
    };
    assert_eq!(lines.len(), 110);
    assert_eq!(lines[0].body, "line 10");
    assert_eq!(lines[109].body, "line 119");
    let wish = HistoryWish {
        keywords: vec!["LINE 7".into()],
        ..HistoryWish::default()
    };
    let Done::Lines(lines) = other.order(Order::History(wish)) else {
        panic!("no lines");
    };
    assert_eq!(lines.len(), 11, "7 and 70 to 79");
}

#[test]
fn without_an_archive_it_says_so() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let one = world.account("agent1");
    let history = one.attempt(Order::History(HistoryWish::default()));
    assert!(
        matches!(history, Err(UserError::Unsupported(_))),
        "{history:?}"
    );
    let search = one.attempt(Order::SearchUsers("a".into()));
    assert!(
        matches!(search, Err(UserError::Unsupported(_))),
        "{search:?}"
    );
    one.order(Order::SetProperty {
        name: "colour".into(),
        value: "blue".into(),
    });
    let Done::Properties(all) = one.order(Order::Properties) else {
        panic!("no properties");
    };
    assert_eq!(all.len(), 1);
    let other = world.account("agent2");
    assert_eq!(other.order(Order::Properties), Done::Properties([].into()));
    one.order(Order::RemoveProperty("colour".into()));
    assert_eq!(one.order(Order::Properties), Done::Properties([].into()));
}

#[test]
fn copies_show_what_the_same_user_says_elsewhere() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (desk, phone) = (world.account("agent1"), world.account("agent1"));
    let other = world.account("agent2");
    assert_ne!(desk.jid(), phone.jid());
    desk.say(&other.bare(), "from the desk");
    phone.wait("a copy", |event| match event {
        UserEvent::Chat(_, said) => (said.own && said.body == "from the desk").then_some(()),
        _ => None,
    });
    other.say(&desk.jid(), "to the desk");
    phone.hears(&other.jid(), "to the desk");
    desk.close();
    desk.wait("the end", |event| {
        matches!(event, UserEvent::Ended(_)).then_some(())
    });
    assert_eq!(desk.attempt(Order::Contacts), Err(UserError::Ended));
    assert!(desk.jid().ends_with(desk.jid().split('/').nth(1).unwrap()));
    assert!(desk.jid().contains(DOMAIN));
}
