//! What was said while we were away.

use crate::seat::{Seat, now};
use crate::stories::{reflection, with_agent};
use crate::support::xmpp::Server;
use std::collections::BTreeSet;
use std::time::Duration;
use warmline::bridge::RoomEvent;

/// While the connection was cut, `count` lines were said: they are told once, in order, before
/// `Ready`, under the keys that they have live; so is a line of ours that was not seen reflected.
pub fn lines_are_told_once_in_order(server: &dyn Server, count: usize) {
    let (mut seat, mut ana) = with_agent(server, &format!("missed{count}"));
    let room = seat.room();
    ana.say(&room, "before", "before");
    let live = seat.until("Spoken", |event| match event {
        RoomEvent::Spoken(spoken) => Some(spoken.key.clone()),
        _ => None,
    });
    let since = now();
    let mine = {
        seat.say("mine", true, "mine");
        reflection(&mut seat, "mine")
    };
    // Reaches the room, but what the room says to it does not reach us.
    seat.say("unseen", true, "unseen");
    ana.until_said("unseen");
    seat.cut();
    for number in 0..count {
        ana.say(&room, &format!("l{number}"), &format!("line {number}"));
    }
    ana.until_said(&format!("line {}", count - 1));
    seat.reconnect(server);
    seat.open(&["agent1"], Some(since));
    let told = until_ready_collecting(&mut seat);
    check(&told, count, (&live, &mine));
    ana.say(&room, "after", "after");
    let after = seat.until("Spoken", |event| match event {
        RoomEvent::Spoken(spoken) => Some(spoken.words.text.clone()),
        _ => None,
    });
    assert_eq!(after, "after");
}

fn until_ready_collecting(seat: &mut Seat) -> Vec<RoomEvent> {
    let mut told = Vec::new();
    let deadline = now().plus(Duration::from_secs(60));
    while !told.iter().any(|e| matches!(e, RoomEvent::Ready { .. })) {
        assert!(now() < deadline, "not ready: {} told", told.len());
        seat.turn();
        told.append(&mut seat.told);
    }
    told
}

fn check(told: &[RoomEvent], count: usize, (live, mine): (&str, &str)) {
    let mut texts = Vec::new();
    let mut keys = BTreeSet::new();
    let mut reflected = Vec::new();
    for event in told {
        match event {
            RoomEvent::Spoken(spoken) => {
                assert!(keys.insert(spoken.key.clone()), "twice: {}", spoken.key);
                texts.push(spoken.words.text.clone());
            }
            RoomEvent::Reflected { id, key } => reflected.push((id.as_str(), key.as_str())),
            RoomEvent::Ready { fresh, inside } => {
                assert!(!fresh);
                assert_eq!(inside.len(), 1);
            }
            other => panic!("not expected: {other:?}"),
        }
    }
    let mut expected: Vec<String> = vec!["before".into()];
    expected.extend((0..count).map(|number| format!("line {number}")));
    assert_eq!(texts, expected);
    assert!(keys.contains(live), "a live key is not the archive's");
    assert_eq!(reflected[0], ("mine", mine));
    assert_eq!(reflected[1].0, "unseen");
    assert_eq!(reflected.len(), 2);
}

/// A room that exists though nothing is known of it is read from its beginning.
pub fn nothing_was_known(server: &dyn Server) {
    let (mut seat, mut ana) = with_agent(server, "unknown");
    let room = seat.room();
    seat.cut();
    ana.say(&room, "first", "hello?");
    ana.until_said("hello?");
    seat.reconnect(server);
    seat.open(&["agent1"], None);
    let told = until_ready_collecting(&mut seat);
    assert!(
        matches!(&told[0], RoomEvent::Spoken(s) if s.words.text == "hello?"),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
}

/// The server goes down and comes back; the room is still there, and so is what was said.
pub fn the_server_restarts(server: &mut dyn Server) {
    let (mut seat, mut ana) = with_agent(server, "restarted");
    let room = seat.room();
    ana.say(&room, "a1", "one");
    seat.until("Spoken", |event| {
        matches!(event, RoomEvent::Spoken(_)).then_some(())
    });
    let since = now();
    server.stop();
    server.start_again();
    seat.reconnect(server);
    seat.open(&["agent1"], Some(since));
    let told = until_ready_collecting(&mut seat);
    let Some(RoomEvent::Ready { fresh, inside }) = told.last() else {
        panic!("{told:?}");
    };
    assert_eq!((*fresh, inside.len()), (false, 0));
    let spoken = told.iter().filter(|e| matches!(e, RoomEvent::Spoken(_)));
    assert_eq!(spoken.count(), 1);
    let mut ana = crate::person::Person::login(server, "agent1");
    ana.enter(&room, "Ana");
    seat.until("Entered", |event| {
        matches!(event, RoomEvent::Entered { .. }).then_some(())
    });
    seat.say("m1", true, "again");
    reflection(&mut seat, "m1");
    ana.until_said("again");
}
