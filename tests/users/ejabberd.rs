//! The same on ejabberd, where it may differ.

use crate::contacts::contact;
use crate::rooms::everybody_talks;
use crate::support::agents::People;
use crate::support::ejabberd::Ejabberd;
use crate::support::wait;
use crate::support::xmpp::{Server, jid};
use crate::world::World;
use warmline::users::{ContactWish, Done, HistoryWish, Order, Show, Subscription};

#[test]
fn people_of_both_kinds_live_on_ejabberd() {
    let server = Ejabberd::start();
    let world = World::start(server.ports());
    let (alice, real) = (world.present("alice"), world.account("agent2"));
    let stranger = People::start().log_in("agent1", server.ports());
    stranger.show("available");
    everybody_talks(&alice, &stranger, "one");
    everybody_talks(&real, &stranger, "two");
    real.order(Order::AddContact(ContactWish {
        jid: alice.bare(),
        ..ContactWish::default()
    }));
    real.sees(&alice.jid(), Show::Available);
    alice.order(Order::AddContact(ContactWish {
        jid: real.bare(),
        ..ContactWish::default()
    }));
    wait::until("both", wait::SOON, || {
        let real = contact(&real, &alice.bare())?;
        (real.subscription == Subscription::Both).then_some(())
    });
    alice.say(&jid("agent1"), "hello");
    stranger.wait("her words", |e| e.get("body") == "hello");
    stranger.say(&alice.bare(), "hello too");
    alice.hears("agent1@", "hello too");
    real.say(&alice.bare(), "from a real user");
    alice.hears(&real.jid(), "from a real user");
    let wish = HistoryWish {
        with: Some(alice.bare()),
        ..HistoryWish::default()
    };
    match real.attempt(Order::History(wish)) {
        Ok(Done::Lines(lines)) => assert_eq!(lines.len(), 1, "{lines:?}"),
        other => panic!("{other:?}"),
    }
}
