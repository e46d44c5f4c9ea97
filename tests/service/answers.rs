//! How an agent at any client answers an offer and says what else is wanted of a workgroup.

use super::stage::{Stage, accept, enter, first_offered, is_asked, offered};
use super::support::agents::Agent;
use super::support::event::Event;
use super::support::wait;
use super::support::xmpp::workgroup;
use serde_json::{Value, json};

fn support() -> String {
    workgroup("support")
}

/// What the workgroup says next, other than an offer.
fn hears_desk(agent: &Agent, part: &str) -> Event {
    agent.wait("word from the workgroup", |e| {
        e.kind() == "message" && e.sender() == support() && e.get("body").contains(part)
    })
}

/// One ad-hoc command, given by slixmpp's own plugin.
fn command(agent: &Agent, node: &str) -> (String, String) {
    let done = agent.call("run_command", json!({"to": support(), "node": node}));
    let text = |key: &str| done[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("note"))
}

#[test]
fn a_tap_on_a_quick_response_answers_the_offer() {
    let stage = Stage::start();
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    let (first, second, offer) = first_offered(&ana, &ben);
    let taps = offer.value("responses").as_array().cloned();
    let taps = taps.unwrap_or_default();
    assert_eq!(taps.len(), 2, "one to accept, one to reject");
    let tap = |agent: &Agent, value: &Value| {
        agent.say(offer.get("from"), value.as_str().unwrap_or_default());
    };
    tap(first, &taps[1]);
    hears_desk(first, "Rejected");
    offered(second);
    tap(second, &taps[0]);
    enter(second);
}

#[test]
fn an_offer_is_answered_by_a_number() {
    let stage = Stage::start();
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    let (first, second, offer) = first_offered(&ana, &ben);
    first.say(offer.get("from"), "2");
    let next = offered(second);
    second.say(next.get("from"), "1");
    enter(second);
}

#[test]
fn the_words_of_an_answer_are_configurable() {
    let stage = Stage::configured(|c| {
        c.agents = vec!["agent1".into()];
        c.more = "[offers]\naccept_words = [\"ndiyo\"]\nreject_words = [\"hapana\"]".into();
        c.workgroup = "rejection_pause = \"500ms\"".into();
    });
    let ana = stage.agent("agent1");
    stage.open("1");
    let asked = |e: &Event| e.has("responses", "ndiyo") && e.has("responses", "hapana");
    let offer = ana.wait("an offer in the configured words", asked);
    assert!(offer.get("body").contains("ndiyo"));
    ana.say(&support(), "accept");
    hears_desk(&ana, "I understand: ndiyo");
    ana.say(&support(), "Hapana!");
    hears_desk(&ana, "Rejected");
    ana.wait("the offer once more", asked);
    ana.say(&support(), "NDIYO");
    enter(&ana);
}

#[test]
fn all_commands_are_found_and_each_does_what_it_says() {
    let stage = Stage::configured(|c| {
        c.agents = vec!["agent1".into()];
        c.workgroup = "rejection_pause = \"500ms\"".into();
    });
    let ana = stage.agent("agent1");
    let nodes = ana.call("list_commands", json!({"to": support()}));
    for node in [
        "accept",
        "reject",
        "pause",
        "resume",
        "my-conversations",
        "close",
    ] {
        let nodes = nodes.as_array().cloned().unwrap_or_default();
        assert!(nodes.contains(&json!(node)), "{node}");
    }
    stage.open("1");
    offered(&ana);
    assert!(command(&ana, "reject").1.starts_with("Rejected"));
    assert!(command(&ana, "pause").1.starts_with("You get no more"));
    assert!(command(&ana, "accept").1.starts_with("No such offer"));
    assert!(!is_asked(&ana));
    assert!(command(&ana, "resume").1.starts_with("You get offers"));
    offered(&ana);
    assert_eq!(command(&ana, "accept").0, "completed");
    enter(&ana);
}

#[test]
fn a_pause_stops_offers_until_the_agent_resumes_also_over_a_crash() {
    let mut stage = Stage::configured(|c| c.agents = vec!["agent1".into()]);
    let ana = stage.agent("agent1");
    ana.say(&support(), "pause");
    hears_desk(&ana, "no more offers");
    stage.open("1");
    assert!(!is_asked(&ana));
    stage.warmline.kill9();
    stage.warmline.start_again();
    assert!(!is_asked(&ana));
    ana.say(&support(), "resume");
    accept(&ana, &offered(&ana));
}

#[test]
fn an_agent_sees_and_closes_the_own_conversations_from_outside_their_rooms() {
    let stage = Stage::configured(|c| c.agents = vec!["agent1".into()]);
    let ana = stage.agent("agent1");
    assert!(command(&ana, "close").1.contains("no conversation"));
    let one = stage.conversation("1", &ana);
    let two = stage.conversation("2", &ana);
    let mine = ana.call(
        "command",
        json!({"to": support(), "node": "my-conversations"}),
    );
    let shown = mine["xml"].as_str().unwrap_or_default();
    for room in [&one.room, &two.room] {
        let id = room.split('@').next().unwrap_or_default();
        assert!(shown.contains(id), "both conversations are shown");
    }
    let which = ana.call("command", json!({"to": support(), "node": "close"}));
    assert_eq!(which["status"], "executing", "which one?");
    let options = which["options"]["conversation"].as_array().cloned();
    assert_eq!(options.map(|all| all.len()), Some(2));
    let id = two.room.split('@').next().unwrap_or_default();
    let choice = json!({
        "to": support(), "node": "close", "action": "complete",
        "session": which["session"], "fields": {"conversation": id},
    });
    assert_eq!(ana.call("command", choice)["status"], "completed");
    stage.bot.wait_until("the close of the second", |_| {
        (stage.closes(&two.ticket) == 1).then_some(())
    });
    assert_eq!(command(&ana, "close").0, "completed", "the only one left");
    stage.bot.wait_until("the close of the first", |_| {
        (stage.closes(&one.ticket) == 1).then_some(())
    });
}

#[test]
fn nobody_else_gives_commands() {
    let stage = Stage::start();
    let stranger = stage.people.log_in("stranger", stage.server.ports());
    stranger.show("chat");
    let ana = stage.agent("agent1");
    stage.open("1");
    let offer = offered(&ana);
    for node in ["accept", "pause", "close"] {
        let refused = stranger.attempt("run_command", json!({"to": support(), "node": node}));
        assert_eq!(refused.err().as_deref(), Some("forbidden"), "{node}");
    }
    stranger.say(offer.get("from"), "accept");
    let told = stranger.wait("the stranger is told", |e| {
        e.kind() == "message" && e.sender() == support()
    });
    assert!(told.get("body").contains("nothing was changed"));
    accept(&ana, &offer);
}

#[test]
fn who_declines_the_invitation_is_followed_by_the_next() {
    let stage = Stage::start();
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    let (first, second, offer) = first_offered(&ana, &ben);
    first.say(offer.get("from"), "accept");
    let invitation = first.wait("the room's invitation", |e| {
        e.kind() == "invitation" && e.value("direct") == true
    });
    let to = invitation.get("from");
    first.call("decline", json!({"room": invitation.get("room"), "to": to}));
    accept(second, &offered(second));
    assert!(!is_asked(first));
    assert!(
        stage.bot.taken().is_empty(),
        "the visitor hears nothing of it"
    );
}

#[test]
fn an_offer_is_answered_once() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let (ticket, _) = stage.open("1");
    let room = accept(&ana, &offered(&ana));
    hears_desk(&ana, "Accepted");
    for late in ["accept", "reject"] {
        ana.say(&support(), late);
        hears_desk(&ana, "No such offer");
    }
    ana.say_in(&room, "still here");
    stage.bot.wait_for(1, wait::SOON);
    assert_eq!(stage.told(&ticket), ["still here"]);
}

#[test]
fn of_two_clients_that_race_for_an_offer_one_is_told_that_it_was_too_late() {
    let stage = Stage::configured(|c| c.agents = vec!["agent1".into()]);
    let desk = stage.agent("agent1");
    let phone = stage
        .people
        .log_in_as("agent1", "phone", stage.server.ports());
    phone.show("away");
    stage.open("1");
    offered(&desk);
    std::thread::scope(|scope| {
        scope.spawn(|| desk.say(&support(), "accept"));
        scope.spawn(|| phone.say(&support(), "accept"));
    });
    let answers = [&desk, &phone].map(|agent| {
        let answer = agent.wait("an answer", |e| {
            // The invitation comes from there as well.
            let says = e.kind() == "message" && !e.get("body").is_empty();
            says && e.sender() == support() && !e.is_chat_offer()
        });
        answer.get("body").starts_with("Accepted")
    });
    assert_ne!(answers[0], answers[1]);
}

#[test]
fn the_visitors_close_takes_the_offer_back() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    stage.open("1");
    let offer = offered(&ana);
    assert_eq!(stage.rapidpro.close("1").status, 204);
    hears_desk(&ana, "is over");
    ana.say(offer.get("from"), "accept");
    hears_desk(&ana, "No such offer");
    stage.open("2");
    accept(&ana, &offered(&ana));
}
