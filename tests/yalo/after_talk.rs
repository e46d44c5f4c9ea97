//! The flow of RapidPro that runs when a talk is over.

use std::time::Duration;

use warmline::outbox::{Trouble, Verdict};

use super::carrying::{Scene, owed};
use super::support::after_talk;
use super::support::bot::Answer;
use super::support::wait;
use super::world::World;

#[test]
fn after_the_talk_the_flow_is_told_all_and_its_token_holds_nothing_else_back() {
    let workspace = after_talk::workspace();
    let scene = Scene::with(&after_talk::keys(&workspace), "");
    for provider in ["whatsapp", "facebook"] {
        let mut over = owed(provider, after_talk::ended(None));
        over.opened_at = over.at.minus(Duration::from_secs(61));
        assert_eq!(scene.carries(&over, 0), Verdict::Done);
        let call = workspace.callbacks().pop().expect("a call");
        let whom = format!("{provider}:5217331175599");
        after_talk::starts_for(&call, ("urns", &whom));
        after_talk::are_told(&call.body["params"], ("c1", 61));
    }
    assert!(
        scene.platform.callbacks().is_empty(),
        "it is none of the platform's"
    );
    workspace.answer(Answer::error(401));
    let over = owed("whatsapp", after_talk::ended(None));
    let after = Some(Duration::from_secs(180));
    let why = Trouble::Status(401);
    assert_eq!(scene.carries(&over, 0), Verdict::Again { after, why });
    assert_eq!(Scene::new().carries(&over, 0), Verdict::Done);
}

#[test]
fn after_every_end_it_is_started_once() {
    let workspace = after_talk::workspace();
    let world = World::with(&after_talk::keys(&workspace), "");
    let connect = include_str!("../samples/yalo/connect_whatsapp.json");
    let user = "5217331175599";
    for talk in 1..=2 {
        let connect = connect.replace("1225222565", &format!("122522256{talk}"));
        assert_eq!(
            world.call("POST", "/v1/chats/connect", &connect).status,
            200
        );
        let finish = format!("/v1/chat/finish/{user}");
        assert_eq!(world.call("DELETE", &finish, "").status, 200);
        assert_eq!(world.call("DELETE", &finish, "").status, 404);
        workspace.wait_for(talk, wait::SOON);
    }
    let world = world.restart();
    assert_eq!(world.call("POST", "/v1/chats/connect", connect).status, 200);
    // The answer to the last one may have died with the program before it was noted.
    let mut starts = workspace.callbacks();
    starts.dedup_by_key(|start| start.header("idempotency-key").map(str::to_owned));
    assert_eq!(starts.len(), 2);
    for start in &starts {
        after_talk::starts_for(start, ("urns", &format!("whatsapp:{user}")));
        let params = &start.body["params"];
        assert_eq!(params["closed_by"], "platform");
        assert_eq!(params["counselor_pseudonym"], "", "nobody came");
        assert!(params["waiting_time"].is_null() && params["duration"].is_u64());
    }
    let conversation = |start: usize| &starts[start].body["params"]["conversation_id"];
    assert_ne!(conversation(0), conversation(1));
}
