//! The flow that runs when a talk is over.

use warmline::outbox::{Trouble, Verdict};

use super::carrying::{Scene, again, owed};
use super::support::after_talk;
use super::support::bot::Answer;
use super::support::wait;
use super::support::weni::id_of;
use super::world::World;

#[test]
fn after_the_talk_the_flow_is_told_all_and_its_token_holds_nothing_else_back() {
    const CONTACT: &str = "b8a9d1d4-0d0a-47a4-9a54-1f8d0a6c9c33";
    let workspace = after_talk::workspace();
    let scene = Scene::with(&after_talk::keys(&workspace));
    for (member, whom) in [("contacts", CONTACT), ("urns", "whatsapp:5585911112222")] {
        let over = owed(after_talk::ended(Some(whom)));
        assert_eq!(scene.carry(&over, 0), Verdict::Done);
        let call = workspace.callbacks().pop().expect("a call");
        after_talk::starts_for(&call, (member, whom));
        after_talk::are_told(&call.body["params"], ("c1", 405));
    }
    assert!(
        scene.mailroom.callbacks().is_empty(),
        "it is none of mailroom's"
    );
    workspace.answer(Answer::error(401));
    let over = owed(after_talk::ended(Some(CONTACT)));
    assert_eq!(scene.carry(&over, 0), again(180, Trouble::Status(401)));
    // Nobody wants it, or nobody knows whom to start it for.
    let without = Scene::new();
    assert_eq!(without.carry(&over, 0), Verdict::Done);
    assert_eq!(
        scene.carry(&owed(after_talk::ended(None)), 0),
        Verdict::Done
    );
    assert_eq!(workspace.callbacks().len(), 3);
}

#[test]
fn after_every_end_it_is_started_once_also_of_a_ticket_that_was_opened_again() {
    let workspace = after_talk::workspace();
    let world = World::with(&after_talk::keys(&workspace));
    let ticket = id_of("after");
    assert_eq!(world.weni.open(&ticket).status, 201);
    world.ends(&ticket);
    workspace.wait_for(1, wait::SOON);
    wait::until("the ticket is open again", wait::SOON, || {
        (world.weni.tell(&ticket, "reopen").status == 200).then_some(())
    });
    // Mailroom's own end is an end, too, though it is not told of it.
    assert_eq!(world.weni.tell(&ticket, "close").status, 200);
    assert_eq!(world.weni.tell(&ticket, "close").status, 409);
    workspace.wait_for(2, wait::SOON);
    let world = world.restart();
    assert_eq!(world.weni.open(&ticket).status, 201);
    // The answer to the last one may have died with the program before it was noted.
    let mut starts = workspace.callbacks();
    starts.dedup_by_key(|start| start.header("idempotency-key").map(str::to_owned));
    assert_eq!(starts.len(), 2);
    for (start, by) in starts.iter().zip(["platform", "visitor"]) {
        after_talk::starts_for(start, ("contacts", &id_of("contact")));
        let params = &start.body["params"];
        assert_eq!(params["closed_by"], by);
        assert_eq!(params["counselor_pseudonym"], "", "nobody came");
        assert!(params["waiting_time"].is_null() && params["duration"].is_u64());
    }
}
