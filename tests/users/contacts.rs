//! Who sees whom: subscriptions both ways, presence, contact lists that last.

use crate::person::Person;
use crate::support::agents::People;
use crate::support::prosody::Prosody;
use crate::support::wait;
use crate::support::xmpp::{Server, jid};
use crate::world::World;
use warmline::users::{Contact, ContactWish, Done, Order, Show, Subscription, UserError};

pub fn contact(person: &Person, jid: &str) -> Option<Contact> {
    let Done::Contacts(all) = person.order(Order::Contacts) else {
        panic!("no contacts");
    };
    all.into_iter().find(|contact| contact.jid == jid)
}

fn becomes(person: &Person, jid: &str, subscription: Subscription) -> Contact {
    wait::until("the subscription", wait::SOON, || {
        contact(person, jid).filter(|contact| contact.subscription == subscription)
    })
}

fn wish(jid: &str) -> ContactWish {
    ContactWish {
        jid: jid.to_owned(),
        nickname: Some("Friend <1>".into()),
        groups: Some(vec!["Work".into()]),
        ..ContactWish::default()
    }
}

#[test]
fn two_of_our_own_see_each_other() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (alice, bob) = (world.present("alice"), world.present("bob"));
    alice.order(Order::AddContact(wish(&bob.bare())));
    alice.sees(&bob.jid(), Show::Available);
    let known = becomes(&alice, &bob.bare(), Subscription::To);
    assert_eq!(known.nickname.as_deref(), Some("Friend <1>"));
    assert_eq!(known.groups, ["Work"]);
    bob.order(Order::AddContact(wish(&alice.bare())));
    becomes(&bob, &alice.bare(), Subscription::Both);
    becomes(&alice, &bob.bare(), Subscription::Both);
    alice.show(Show::DoNotDisturb);
    bob.sees(&alice.jid(), Show::DoNotDisturb);
    let seen = contact(&bob, &alice.bare()).expect("a contact");
    assert_eq!(seen.show, Some(Show::DoNotDisturb));
    assert_eq!(seen.status.as_deref(), Some("hello"));
    let again = Order::AddContact(wish(&bob.bare()));
    assert_eq!(alice.attempt(again), Err(UserError::Exists));
    alice.show(Show::Offline);
    bob.sees(&alice.jid(), Show::Offline);
    assert_eq!(contact(&bob, &alice.bare()).expect("a contact").show, None);
    alice.order(Order::RemoveContact(bob.bare()));
    assert_eq!(contact(&alice, &bob.bare()), None);
    becomes(&bob, &alice.bare(), Subscription::None);
    let gone = Order::RemoveContact(bob.bare());
    assert_eq!(alice.attempt(gone), Err(UserError::NoContact));
}

#[test]
fn a_client_and_a_user_see_each_other() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let alice = world.present("alice");
    let stranger = People::start().log_in("agent1", server.ports());
    stranger.show("chat");
    // The stranger asks: the user is shown at once, and is asked nothing.
    stranger.subscribe(&alice.bare());
    stranger.wait("her presence", |e| {
        e.kind() == "presence" && e.get("from") == alice.jid() && e.get("type") == "available"
    });
    assert_eq!(
        contact(&alice, &jid("agent1")),
        None,
        "not in the list unasked"
    );
    // She asks too: the stranger's client approves by itself or by this.
    alice.order(Order::AddContact(wish(&jid("agent1"))));
    stranger.raw(&format!(
        "<presence type='subscribed' to='{}'/>",
        alice.bare()
    ));
    alice.sees(stranger.full_jid(), Show::Chat);
    becomes(&alice, &jid("agent1"), Subscription::Both);
    alice.show(Show::Away);
    stranger.wait("her being away", |e| {
        e.get("from") == alice.jid() && e.get("show") == "away"
    });
    stranger.show("unavailable");
    alice.sees(stranger.full_jid(), Show::Offline);
    // Whoever logs in again is shown to those who were there, and shown them.
    stranger.show("available");
    alice.sees(stranger.full_jid(), Show::Available);
    stranger.wait("her presence again", |e| {
        e.get("from") == alice.jid() && e.get("show") == "away"
    });
    let hide = ContactWish {
        jid: jid("agent1"),
        show: Some(false),
        ..ContactWish::default()
    };
    alice.order(Order::UpdateContact(hide));
    becomes(&alice, &jid("agent1"), Subscription::To);
    stranger.wait("her hiding", |e| {
        e.get("from") == alice.jid() && e.get("type") == "unavailable"
    });
}

#[test]
fn a_real_user_and_one_of_ours_see_each_other() {
    let server = Prosody::start();
    let world = World::start(server.ports());
    let (alice, real) = (world.present("alice"), world.account("agent2"));
    real.order(Order::AddContact(wish(&alice.bare())));
    real.sees(&alice.jid(), Show::Available);
    let known = becomes(&real, &alice.bare(), Subscription::To);
    assert_eq!(known.groups, ["Work"]);
    alice.order(Order::AddContact(wish(&real.bare())));
    becomes(&alice, &real.bare(), Subscription::Both);
    becomes(&real, &alice.bare(), Subscription::Both);
    alice.sees(&real.jid(), Show::Available);
    real.show(Show::ExtendedAway);
    alice.sees(&real.jid(), Show::ExtendedAway);
    real.close();
    alice.sees(&real.jid(), Show::Offline);
    let hidden = Order::AddContact(ContactWish {
        jid: format!("{}/web", alice.bare()),
        ..ContactWish::default()
    });
    assert!(matches!(
        alice.attempt(hidden),
        Err(UserError::BadAddress(_))
    ));
}
