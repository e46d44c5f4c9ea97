//! Tickets that are opened again, and what is owed of them meanwhile.

use std::time::Duration;

use warmline::bridge::{Answer, Input, Reopening};
use warmline::ids::ConversationId;

use super::support::bot::Answer as Answering;
use super::support::weni::id_of;
use super::world::{World, settings, taken};

#[test]
fn a_ticket_goes_on_under_its_id_and_what_was_said_goes_with_it() {
    let world = World::new();
    let ticket = id_of("ticket");
    world.weni.open(&ticket);
    world.weni.says(&ticket, "first");
    assert_eq!(world.weni.tell(&ticket, "close").status, 200);
    let world = world.restart();
    let reply = world.weni.tell(&ticket, "reopen");
    assert_eq!((reply.status, reply.string("status")), (200, "open".into()));
    assert_eq!(world.weni.says(&ticket, "second").status, 200);
    // What was said before the end is not said again, however late it is repeated.
    world.weni.says(&ticket, "first");
    let world = world.restart();
    assert_eq!(world.weni.says(&ticket, "third").status, 200);
    assert_eq!(world.weni.tell(&ticket, "close").status, 200);
    let said: Vec<String> = world
        .lines()
        .into_iter()
        .map(|line| line.words.text)
        .collect();
    let said: Vec<&str> = said
        .iter()
        .map(String::as_str)
        .filter(|t| !t.is_empty())
        .collect();
    assert_eq!(
        said,
        ["first", "The ticket was opened again.", "second", "third"]
    );
}

/// What comes now must not overtake what mailroom has not been told yet.
#[test]
fn it_waits_for_what_is_owed_and_else_asks_to_come_again() {
    let world = World::new();
    let ticket = id_of("ticket");
    world.weni.open(&ticket);
    world.mailroom.answer(Answering::error(503));
    world.ends(&ticket);
    let reply = world.weni.tell(&ticket, "reopen");
    assert_eq!((reply.status, reply.body.len()), (503, 0), "an empty body");
    assert_eq!(reply.header("retry-after"), Some("3"));
    world
        .mailroom
        .answer(taken("x").after(Duration::from_millis(300)));
    assert_eq!(world.weni.tell(&ticket, "reopen").status, 200);
    let told = world.told(1);
    assert!(told[0].path.ends_with("/tickets/close"));
}

#[test]
fn what_our_side_opens_again_mailroom_is_told_first() {
    let world = World::new();
    let ticket = id_of("ticket");
    world.weni.open(&ticket);
    assert_eq!(world.weni.tell(&ticket, "close").status, 200);
    // The mark of mailroom's own end has to be gone from the lane.
    let opened = super::support::wait::until("opened again", super::support::wait::SOON, || {
        let answer = world.ask(Input::Reopen(Box::new(Reopening {
            conversation: ConversationId::new("again"),
            visitor: settings("").visitor(&ticket),
            key: None,
            hurry: true,
            by_platform: false,
            wait_ends: false,
            earlier: Vec::new(),
        })));
        matches!(answer, Answer::Opened { .. }).then_some(answer)
    });
    assert!(matches!(opened, Answer::Opened { again: false, .. }));
    let told = world.told(1);
    assert!(
        told[0].path.ends_with("/tickets/reopen"),
        "{}",
        told[0].path
    );
    assert_eq!(told[0].body["external_id"], ticket.as_str());
    assert_eq!(told[0].body["reopened_by"]["type"], "system");
}
