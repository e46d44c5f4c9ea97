//! Where users are asked whether somebody may see them: requests reach the user, wait for an answer,
//! and outlive restarts; so do the contacts.

use crate::contacts::contact;
use crate::person::Person;
use crate::support::agents::{Agent, People};
use crate::support::prosody::Prosody;
use crate::support::wait;
use crate::support::xmpp::{COMPONENT, Server, jid};
use crate::world::World;
use warmline::users::{
    ContactWish, Done, Order, PresenceKind, Show, Subscription, UserError, UserEvent,
};

fn requests(person: &Person) -> Vec<(String, Option<String>)> {
    let Done::Requests(all) = person.order(Order::Requests) else {
        panic!("no requests");
    };
    all.into_iter().map(|one| (one.jid, one.words)).collect()
}

/// Waits until the user is told that somebody asks.
fn asked(person: &Person, by: &str) {
    person.wait(&format!("a request of {by}"), |event| match event {
        UserEvent::Presence { from, kind, .. } => {
            (*kind == PresenceKind::Subscribe && from.starts_with(by)).then_some(())
        }
        _ => None,
    });
}

fn add(jid: &str, (see, show): (Option<bool>, Option<bool>)) -> Order {
    Order::AddContact(ContactWish {
        jid: jid.to_owned(),
        see,
        show,
        ..ContactWish::default()
    })
}

fn becomes(person: &Person, jid: &str, subscription: Subscription) {
    wait::until("the subscription", wait::SOON, || {
        contact(person, jid).filter(|contact| contact.subscription == subscription)
    });
}

fn is_shown(stranger: &Agent, person: &Person) -> bool {
    stranger.settle_with(&person.bare());
    let shown = |e: &crate::support::event::Event| {
        e.kind() == "presence" && e.sender() == person.bare() && e.get("type") == "available"
    };
    stranger.take_now(shown).is_some()
}

#[test]
fn a_request_waits_for_the_user_s_answer_over_a_kill() {
    let server = Prosody::start();
    let world = World::asking(server.ports());
    let alice = world.present("alice");
    let people = People::start();
    let stranger = people.log_in("agent1", server.ports());
    stranger.show("available");
    let words = "<status>May I?</status>";
    let request = format!(
        "<presence type='subscribe' to='{}'>{words}</presence>",
        alice.bare()
    );
    stranger.raw(&request);
    asked(&alice, &jid("agent1"));
    assert!(!is_shown(&stranger, &alice), "she has not answered");
    // Asked again, she is not told again.
    stranger.raw(&request);
    stranger.settle_with(&alice.bare());
    let expected = [(jid("agent1"), Some("May I?".to_owned()))];
    assert_eq!(requests(&alice), expected);
    assert_eq!(contact(&alice, &jid("agent1")), None, "not in her list");
    let told = alice.events().into_iter().filter(|event| {
        matches!(event, UserEvent::Presence { kind, .. } if *kind == PresenceKind::Subscribe)
    });
    assert_eq!(told.count(), 1);
    let world = world.kill();
    let alice = world.user("alice", "web");
    asked(&alice, &jid("agent1"));
    assert_eq!(requests(&alice), expected);
    alice.order(add(&jid("agent1"), (Some(false), Some(true))));
    stranger.wait("her answer", |e| {
        e.kind() == "presence" && e.sender() == alice.bare() && e.get("type") == "subscribed"
    });
    stranger.wait("her presence", |e| {
        e.kind() == "presence" && e.sender() == alice.bare() && e.get("type") == "available"
    });
    assert_eq!(requests(&alice), []);
    becomes(&alice, &jid("agent1"), Subscription::From);
    let world = world.restart();
    let alice = world.user("alice", "web");
    becomes(&alice, &jid("agent1"), Subscription::From);
    assert_eq!(requests(&alice), []);
    stranger.wait("her presence again", |e| {
        e.kind() == "presence" && e.sender() == alice.bare() && e.get("type") == "available"
    });
}

#[test]
fn who_is_refused_sees_nothing_and_who_withdraws_waits_no_more() {
    let server = Prosody::start();
    let world = World::asking(server.ports());
    let alice = world.present("alice");
    let people = People::start();
    let [one, other] = ["agent1", "agent2"].map(|name| people.log_in(name, server.ports()));
    for stranger in [&one, &other] {
        stranger.show("available");
        stranger.subscribe(&alice.bare());
    }
    asked(&alice, &jid("agent1"));
    asked(&alice, &jid("agent2"));
    alice.order(Order::RemoveContact(jid("agent1")));
    one.wait("her refusal", |e| {
        e.kind() == "presence" && e.sender() == alice.bare() && e.get("type") == "unsubscribed"
    });
    other.raw(&format!(
        "<presence type='unsubscribe' to='{}'/>",
        alice.bare()
    ));
    wait::until("nobody waits", wait::SOON, || {
        requests(&alice).is_empty().then_some(())
    });
    assert!(!is_shown(&one, &alice) && !is_shown(&other, &alice));
    let nobody = alice.attempt(Order::RemoveContact(jid("agent1")));
    assert_eq!(nobody, Err(UserError::NoContact));
    let world = world.kill();
    let alice = world.user("alice", "web");
    assert_eq!(requests(&alice), []);
    // The one who was refused may ask again.
    one.subscribe(&alice.bare());
    asked(&alice, &jid("agent1"));
}

#[test]
fn two_of_our_own_who_add_each_other_see_each_other() {
    let server = Prosody::start();
    let world = World::asking(server.ports());
    let (alice, bob) = (world.present("alice"), world.present("bob"));
    alice.order(add(&bob.bare(), (None, None)));
    asked(&bob, &alice.bare());
    becomes(&alice, &bob.bare(), Subscription::None);
    assert!(contact(&alice, &bob.bare()).is_some_and(|contact| contact.asked));
    // She let him in beforehand, so that his asking needs no answer.
    bob.order(add(&alice.bare(), (None, None)));
    becomes(&alice, &bob.bare(), Subscription::Both);
    becomes(&bob, &alice.bare(), Subscription::Both);
    alice.sees(&bob.jid(), Show::Available);
    bob.sees(&alice.jid(), Show::Available);
    assert_eq!(requests(&alice), []);
    assert_eq!(requests(&bob), []);
    let world = world.kill();
    let (alice, bob) = (world.user("alice", "web"), world.user("bob", "web"));
    becomes(&alice, &bob.bare(), Subscription::Both);
    alice.sees(&bob.jid(), Show::Available);
}

#[test]
fn a_real_user_is_asked_too() {
    let server = Prosody::start();
    let world = World::asking(server.ports());
    let real = world.account("agent2");
    let stranger = People::start().log_in("agent1", server.ports());
    stranger.show("available");
    stranger.subscribe(&real.bare());
    asked(&real, &jid("agent1"));
    assert!(!is_shown(&stranger, &real));
    let waiting: Vec<_> = requests(&real).into_iter().map(|(jid, _)| jid).collect();
    assert_eq!(waiting, [jid("agent1")]);
    // The server keeps it for the next session.
    real.close();
    let real = world.account("agent2");
    asked(&real, &jid("agent1"));
    real.order(add(&jid("agent1"), (Some(false), Some(true))));
    stranger.wait("the presence", |e| {
        e.kind() == "presence" && e.sender() == real.bare() && e.get("type") == "available"
    });
    assert_eq!(requests(&real), []);
    assert!(!real.bare().ends_with(COMPONENT));
}

/// The workgroup that a user of ours serves needs no answer: else no request would reach the user.
#[test]
fn agents_of_our_own_domain_are_seen_by_their_workgroup() {
    let server = Prosody::start();
    let world = World::asking_with_agents(server.ports(), &[&format!("alice@{COMPONENT}")]);
    let alice = world.present("alice");
    let workgroup = format!("support@{COMPONENT}");
    // The workgroup asks back whoever asks it.
    alice.order(add(&workgroup, (Some(true), Some(false))));
    becomes(&alice, &workgroup, Subscription::Both);
    assert_eq!(requests(&alice), []);
    let Done::Workgroups(all) = alice.order(Order::Workgroups) else {
        panic!("no workgroups");
    };
    assert_eq!(all, [workgroup]);
}
