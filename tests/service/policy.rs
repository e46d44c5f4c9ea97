//! The rules of a workgroup and of a channel: pauses, timeouts, and what happens when nobody comes.

use super::stage::{Stage, accept, is_asked, offered};
use super::support::agents::Agent;
use super::support::bot::Callback;
use super::support::config::Config;
use super::support::event::Event;
use super::support::rapidpro::Ticket;
use super::support::wait;
use super::support::xmpp::workgroup;
use std::time::{Duration, Instant};

fn one_agent(workgroup: &str) -> impl FnOnce(&mut Config) {
    let workgroup = workgroup.to_owned();
    move |config| {
        config.agents = vec!["agent1".into()];
        config.workgroup = workgroup;
    }
}

/// The kinds and texts of all that the bot was told, in order.
fn story(stage: &Stage) -> Vec<(String, String)> {
    let told = |c: Callback| (c.kind().to_owned(), c.text().to_owned());
    stage.bot.taken().into_iter().map(told).collect()
}

#[test]
fn who_rejects_a_request_is_left_alone_with_it_for_a_while() {
    let stage = Stage::configured(one_agent("rejection_pause = \"1500ms\""));
    let ana = stage.agent("agent1");
    stage.open("1");
    let offer = offered(&ana);
    ana.say(offer.get("from"), "reject");
    let rejected = Instant::now();
    assert!(!is_asked(&ana));
    offered(&ana);
    let pause = rejected.elapsed();
    assert!(pause >= Duration::from_millis(1400), "{pause:?}");
}

#[test]
fn a_rejection_is_of_one_request_only() {
    let stage = Stage::configured(one_agent("rejection_pause = \"60s\""));
    let ana = stage.agent("agent1");
    stage.open("1");
    let offer = offered(&ana);
    ana.say(offer.get("from"), "reject");
    stage.open("2");
    accept(&ana, &offered(&ana));
}

#[test]
fn when_nobody_comes_the_visitor_is_told_and_the_ticket_closed() {
    let stage = Stage::configured(|c| {
        c.workgroup = "request_timeout = \"1s\"".into();
        c.channel = "[channel.texts]\nno_agent = \"All are busy, sorry.\"".into();
    });
    let (ticket, _) = stage.open("1");
    stage.bot.wait_for(2, wait::SOON);
    assert_eq!(
        story(&stage),
        [
            (
                "agent-message".to_owned(),
                "All are busy, sorry.".to_owned()
            ),
            ("close-room".to_owned(), String::new()),
        ]
    );
    assert_eq!(stage.closes(&ticket), 1);
    let ana = stage.agent("agent1");
    assert!(!is_asked(&ana), "it waits no more");
}

#[test]
fn an_offer_that_stands_when_the_wait_is_over_is_taken_back() {
    let stage = Stage::configured(one_agent(
        "request_timeout = \"1s\"\noffer_timeout = \"60s\"",
    ));
    let ana = stage.agent("agent1");
    let (ticket, _) = stage.open("1");
    let offer = offered(&ana);
    ana.wait("word that it is over", |e| {
        e.kind() == "message" && e.get("body").contains("timed out")
    });
    stage
        .bot
        .wait_until("the close", |_| (stage.closes(&ticket) == 1).then_some(()));
    ana.say(offer.get("from"), "accept");
    ana.wait("a refusal", |e| e.get("body").starts_with("No such offer"));
}

#[test]
fn a_channel_that_keeps_its_requests_tells_once_and_goes_on_waiting() {
    let stage = Stage::configured(|c| {
        c.workgroup = "request_timeout = \"1s\"".into();
        c.channel = "on_request_timeout = \"keep\"\n[channel.texts]\nno_agent = \"Wait.\"".into();
    });
    let (ticket, _) = stage.open("1");
    stage.bot.wait_for(1, wait::SOON);
    assert!(
        wait::poll(Duration::from_secs(2), || {
            (stage.bot.taken().len() > 1).then_some(())
        })
        .is_none()
    );
    assert_eq!(stage.told(&ticket), ["Wait."]);
    let ana = stage.agent("agent1");
    accept(&ana, &offered(&ana));
}

#[test]
fn a_channel_that_refuses_says_so_at_once_while_nobody_is_there() {
    let stage = Stage::configured(|c| c.channel = "when_no_agents = \"refuse\"".into());
    let ticket = Ticket::of("1");
    let refused = stage.rapidpro.open(&ticket);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.string("error"), "no agents available");
    let ana = stage.agent("agent1");
    assert_eq!(stage.rapidpro.open(&ticket).status, 201);
    offered(&ana);
}

fn offers(agent: &Agent) -> Vec<Event> {
    agent.settle_with(&workgroup("support"));
    std::iter::from_fn(|| agent.take_now(Event::is_chat_offer)).collect()
}

#[test]
fn a_workgroup_asks_several_at_once_and_each_for_one_request() {
    let stage = Stage::configured(|c| c.workgroup = "offer_timeout = \"60s\"".into());
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    for token in ["1", "2", "3", "4"] {
        stage.open(token);
    }
    let (to_ana, to_ben) = (offered(&ana), offered(&ben));
    assert!(offers(&ana).is_empty() && offers(&ben).is_empty());
    accept(&ana, &to_ana);
    accept(&ana, &offered(&ana));
    assert!(offers(&ben).is_empty(), "an open offer keeps others off");
    accept(&ben, &to_ben);
}

#[test]
fn what_the_agents_are_offered_outlives_a_crash() {
    let mut stage = Stage::configured(one_agent("offer_timeout = \"60s\""));
    let ana = stage.agent("agent1");
    for token in ["1", "2"] {
        stage.open(token);
    }
    offered(&ana);
    stage.warmline.kill9();
    stage.warmline.start_again();
    let again = offered(&ana);
    assert!(again.get("body").starts_with("Still open"));
    accept(&ana, &again);
    accept(&ana, &offered(&ana));
}
