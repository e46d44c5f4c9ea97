//! Who counts as an agent on duty: by which presence, of which client, and over every restart.

use super::stage::{Stage, accept, is_asked, offered};
use super::support::agents::Agent;
use super::support::event::Event;
use super::support::wait;
use super::support::xmpp::workgroup;
use serde_json::json;
use std::time::Duration;

/// A restart of either program, and what follows from it.
const REPAIR: Duration = Duration::from_secs(30);

/// A client of agent1 that is online and has told the workgroup nothing yet.
fn client(stage: &Stage, resource: &str) -> Agent {
    stage
        .people
        .log_in_as("agent1", resource, stage.server.ports())
}

/// Waits until so many agents count as being there: from then on a crash does not make them forgotten.
fn are_there(stage: &Stage, agents: f64) {
    let series = "warmline_agents_available{workgroup=\"support\"}";
    wait::until("agents are there", wait::SOON, || {
        (stage.warmline.figure(series) == Some(agents)).then_some(())
    });
}

fn is_unavailable_here(agent: &Agent, show: &str) {
    agent.show_to(&workgroup("support"), show);
    assert!(!is_asked(agent), "asked although {show}");
}

#[test]
fn only_those_who_say_that_they_are_there_are_asked() {
    let stage = Stage::start();
    let ana = client(&stage, "desk");
    ana.show("available");
    stage.open("1");
    for show in ["away", "xa", "dnd", "unavailable"] {
        is_unavailable_here(&ana, show);
    }
    ana.show_to(&workgroup("support"), "available");
    offered(&ana);
}

#[test]
fn an_agent_who_goes_away_with_an_offer_keeps_it_but_gets_no_other() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    stage.open("1");
    let offer = offered(&ana);
    is_unavailable_here(&ana, "away");
    accept(&ana, &offer);
    stage.open("2");
    assert!(!is_asked(&ana));
}

#[test]
fn of_several_clients_the_best_one_is_asked() {
    let stage = Stage::start();
    let support = workgroup("support");
    let desk = client(&stage, "desk");
    let phone = client(&stage, "phone");
    desk.raw("<presence><show>away</show><priority>9</priority></presence>");
    phone.raw("<presence><priority>1</priority></presence>");
    desk.show_to(&support, "away");
    phone.show_to(&support, "available");
    let (ticket, _) = stage.open("1");
    let offer = offered(&phone);
    assert!(!is_asked(&desk), "the better client alone is asked");
    phone.say(offer.get("from"), "reject");
    stage.rapidpro.close(&ticket.token);

    phone.show_to(&support, "dnd");
    phone.settle_with(&support);
    stage.open("2");
    assert!(!is_asked(&phone) && !is_asked(&desk));
    desk.show_to(&support, "chat");
    offered(&desk);
}

#[test]
fn when_the_client_that_was_asked_goes_the_other_one_is_asked() {
    let stage = Stage::start();
    let support = workgroup("support");
    let (desk, phone) = (client(&stage, "desk"), client(&stage, "phone"));
    desk.show("available");
    phone.show("available");
    desk.show_to(&support, "available");
    phone.show_to(&support, "chat");
    phone.settle_with(&support);
    stage.open("1");
    offered(&phone);
    phone.call("depart", json!({}));
    accept(&desk, &offered(&desk));
}

#[test]
fn a_subscription_of_an_agent_is_granted_and_answered_with_one() {
    let stage = Stage::start();
    let support = workgroup("support");
    let ana = client(&stage, "desk");
    ana.show("available");
    ana.subscribe(&support);
    for kind in ["subscribed", "subscribe"] {
        ana.wait(kind, |e| {
            e.kind() == "presence" && e.sender() == support && e.get("type") == kind
        });
    }
    ana.wait("the workgroup is seen online", |e| {
        e.kind() == "presence" && e.sender() == support && e.get("type") == "available"
    });
}

#[test]
fn an_agent_known_by_the_roster_alone_is_asked_also_after_a_crash() {
    let mut stage = Stage::start();
    let support = workgroup("support");
    let ana = client(&stage, "desk");
    ana.show("available");
    ana.subscribe(&support);
    stage.open("1");
    accept(&ana, &offered(&ana));

    ana.show("dnd");
    ana.settle_with(&support);
    stage.open("2");
    assert!(
        !is_asked(&ana),
        "presence to all is presence to the workgroup"
    );
    stage.warmline.kill9();
    stage.warmline.start_again();
    assert!(!is_asked(&ana), "still not to be disturbed");
    ana.show("available");
    offered(&ana);
}

#[test]
fn an_agent_known_by_directed_presence_alone_is_asked_after_a_crash_without_doing_anything() {
    let mut stage = Stage::start();
    let ana = client(&stage, "desk");
    ana.show("available");
    ana.show_to(&workgroup("support"), "available");
    are_there(&stage, 1.0);
    stage.warmline.kill9();
    stage.warmline.start_again();
    stage.open("1");
    accept(&ana, &offered(&ana));
}

#[test]
fn an_agent_who_is_seen_by_the_workgroup_only_is_asked() {
    let stage = Stage::start();
    let ana = client(&stage, "desk");
    ana.show_to(&workgroup("support"), "available");
    stage.open("1");
    accept(&ana, &offered(&ana));
}

#[test]
fn an_agent_who_left_while_the_program_was_away_is_not_asked() {
    let mut stage = Stage::start();
    let ana = client(&stage, "desk");
    let ben = stage.agent("agent2");
    ana.show("available");
    ana.show_to(&workgroup("support"), "chat");
    are_there(&stage, 2.0);
    stage.warmline.kill9();
    ana.call("depart", json!({}));
    stage.warmline.start_again();
    for token in ["1", "2"] {
        stage.open(token);
        accept(&ben, &offered(&ben));
    }
}

#[test]
fn agents_who_come_back_after_the_servers_restart_are_asked() {
    let mut stage = Stage::start();
    let ana = client(&stage, "desk");
    ana.show("available");
    ana.show_to(&workgroup("support"), "available");
    ana.settle_with(&workgroup("support"));
    ana.wait("online", |e| e.kind() == "online");
    stage.server.restart();
    stage.warmline.wait_ready();
    ana.wait_within("online again", REPAIR, |e| e.kind() == "online");
    stage.open("1");
    let offer = ana.wait_within("an offer", REPAIR, Event::is_chat_offer);
    accept(&ana, &offer);
}
