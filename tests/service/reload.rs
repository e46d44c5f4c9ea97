//! SIGHUP: what can change without a restart does, and nothing else.

use super::stage::{Stage, accept, hears, offered};
use super::support::config::Config;
use super::support::rapidpro::Ticket;
use super::support::wait;
use super::support::xmpp::{jid, workgroup};

const RELOADED: &str = "workgroups, agents and words are reloaded";

fn reload(stage: &mut Stage, change: impl FnOnce(&mut Config)) {
    let before = stage.warmline.log().matches(RELOADED).count();
    stage.warmline.configure(change);
    stage.warmline.hang_up();
    wait::until("it is reloaded", wait::SOON, || {
        (stage.warmline.log().matches(RELOADED).count() > before).then_some(())
    });
}

#[test]
fn a_new_agent_and_new_words_count_at_once() {
    let mut stage = Stage::start();
    let support = workgroup("support");
    let cora = stage.people.log_in("agent3", stage.server.ports());
    cora.subscribe(&support);
    cora.wait("a stranger is refused", |e| {
        e.kind() == "presence" && matches!(e.get("type"), "unsubscribed" | "error")
    });
    reload(&mut stage, |config| {
        config.agents = vec!["agent3".into()];
        config.more = "[offers]\naccept_words = [\"mine\"]\n".into();
    });
    cora.subscribe(&support);
    cora.show("chat");
    cora.show_to(&support, "chat");
    cora.settle_with(&support);
    stage.open("1");
    let offer = cora.wait("an offer", |e| {
        e.kind() == "message" && e.sender() == support && e.get("body").contains("mine")
    });
    cora.say(offer.get("from"), "mine");
    super::stage::enter(&cora);
}

#[test]
fn an_agent_who_is_configured_no_more_is_asked_no_more() {
    let mut stage = Stage::start();
    let ana = stage.agent("agent1");
    reload(&mut stage, |config| config.agents = vec!["agent2".into()]);
    let ben = stage.agent("agent2");
    for token in ["1", "2"] {
        stage.open(token);
        accept(&ben, &offered(&ben));
    }
    ana.settle_with(&workgroup("support"));
    assert!(ana.take_now(|e| e.is_chat_offer()).is_none());
}

#[test]
fn a_new_workgroup_serves_at_once() {
    let mut stage = Stage::start();
    reload(&mut stage, |config| {
        config.more = "[[workgroup]]\nname = \"billing\"\ntitle = \"Billing\"\n\
                       agents = [\"agent3@example.test\"]\n"
            .into();
    });
    let billing = workgroup("billing");
    let cora = stage.people.log_in("agent3", stage.server.ports());
    cora.subscribe(&billing);
    cora.wait("the new workgroup greets", |e| {
        e.kind() == "presence" && e.sender() == billing && e.get("type") != "unsubscribed"
    });
}

/// A second workgroup, of agent2, for a department of its own.
fn with_billing(config: &mut Config) {
    config.channel = "departments = { \"Bills\" = \"billing\" }".into();
    config.more = format!(
        "[[workgroup]]\nname = \"billing\"\nagents = [\"{}\"]\n",
        jid("agent2")
    );
}

#[test]
fn a_workgroup_that_is_closed_keeps_nobody_waiting() {
    let mut stage = Stage::configured(with_billing);
    let billing = workgroup("billing");
    let ben = stage.people.log_in("agent2", stage.server.ports());
    ben.show("chat");
    ben.show_to(&billing, "chat");
    ben.settle_with(&billing);
    let to_billing = |token: &str| Ticket {
        department: Some("Bills".into()),
        ..Ticket::of(token)
    };
    let (served, waits) = (to_billing("1"), to_billing("2"));
    assert_eq!(stage.rapidpro.open(&served).status, 201);
    let room = accept(&ben, &offered(&ben));
    ben.show_to(&billing, "away");
    ben.settle_with(&billing);
    assert_eq!(stage.rapidpro.open(&waits).status, 201);
    reload(&mut stage, |config| {
        config.channel = String::new();
        config.more = String::new();
    });
    wait::until("the one who waits is told", wait::SOON, || {
        (stage.closes(&waits) == 1).then_some(())
    });
    stage.warmline.wait_log("is no longer configured");
    // The one who is served stays with the agent, to the end.
    stage.rapidpro.message("1", "are you there?");
    hears(&ben, &room, "are you there?");
    ben.say_in(&room, "to the end");
    wait::until("the agent's words", wait::SOON, || {
        (stage.told(&served) == ["to the end"]).then_some(())
    });
    ben.say_in(&room, "!close");
    wait::until("the end is told", wait::SOON, || {
        (stage.closes(&served) == 1).then_some(())
    });
}

#[test]
fn a_broken_configuration_is_refused_and_the_old_one_stays() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let broken = "[http]\nlisten = \"nonsense\"\n\n[[workgroup]]\ncolour = \"red\"\n";
    stage.warmline.write_file(broken);
    stage.warmline.hang_up();
    for problem in ["http.listen", "colour"] {
        stage.warmline.wait_log(problem);
    }
    stage
        .warmline
        .wait_log("the configuration was not reloaded");
    assert!(!stage.warmline.log().contains(RELOADED));
    stage.open("1");
    accept(&ana, &offered(&ana));
    assert_eq!(stage.warmline.get("/readyz").status, 200);
}

#[test]
fn what_takes_a_restart_is_named_each_time_until_it_comes() {
    let mut stage = Stage::start();
    for _ in 0..2 {
        reload(&mut stage, |config| {
            config.channel = "history_hours = 3".into();
            config.outbound = "retry = [\"1s\"]".into();
        });
    }
    let log = stage.warmline.log();
    for section in ["channel", "outbound"] {
        let told = format!("section=\"{section}\"");
        assert_eq!(log.matches(&told).count(), 2, "{section}");
    }
    for section in ["xmpp", "store", "log"] {
        assert!(
            !log.contains(&format!("section=\"{section}\"")),
            "{section}"
        );
    }
    assert_eq!(stage.rapidpro.open(&Ticket::of("1")).status, 201);
}
