//! Who is asked, and when it is the next one's turn.

use super::stage::{Stage, accept, enter, first_offered, is_asked, offered};
use super::support::wait;
use super::support::xmpp::workgroup;
use serde_json::json;

const FASTPATH: &str = "http://jabber.org/protocol/workgroup";

#[test]
fn a_rejected_request_goes_to_the_next_agent() {
    let stage = Stage::start();
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    let (first, second, offer) = first_offered(&ana, &ben);
    assert!(!is_asked(second), "one agent at a time is asked");
    first.say(offer.get("from"), "reject");
    accept(second, &offered(second));
    assert!(!is_asked(first));
}

#[test]
fn requests_go_to_the_agents_in_turn() {
    let stage = Stage::start();
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    let mut served = Vec::new();
    for token in ["1", "2", "3", "4"] {
        stage.open(token);
        let (asked, _, offer) = first_offered(&ana, &ben);
        accept(asked, &offer);
        served.push(asked.jid().to_owned());
    }
    assert_ne!(served[0], served[1]);
    assert_eq!(served[..2], served[2..]);
}

#[test]
fn an_unanswered_offer_is_revoked_and_goes_on() {
    let stage = Stage::configured(|c| c.workgroup = "offer_timeout = \"1s\"".into());
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    let (first, second, offer) = first_offered(&ana, &ben);
    let next = offered(second);
    first.wait("word that the offer is over", |e| {
        e.kind() == "message" && e.get("from") == offer.get("from")
    });
    accept(second, &next);
    first.say(offer.get("from"), "accept");
    first.wait("a refusal of the late answer", |e| {
        e.kind() == "message" && e.get("from") == offer.get("from")
    });
    first.settle_with(&workgroup("support"));
    assert!(
        first.take_now(|e| e.kind() == "invitation").is_none(),
        "too late"
    );
}

#[test]
fn an_agent_who_vanishes_while_offered_is_passed_over_at_once() {
    let stage = Stage::configured(|c| c.workgroup = "offer_timeout = \"60s\"".into());
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    let (first, second, _) = first_offered(&ana, &ben);
    first.call("depart", json!({}));
    accept(second, &offered(second));
    let gone = "warmline_offers_total{workgroup=\"support\",outcome=\"gone\"}";
    wait::until("it is counted as what it was", wait::SOON, || {
        (stage.warmline.figure(gone) == Some(1.0)).then_some(())
    });
}

#[test]
fn a_request_waits_for_an_agent_and_meets_the_first_who_comes() {
    let stage = Stage::start();
    stage.open("1");
    let ana = stage.agent("agent1");
    offered(&ana);
}

#[test]
fn agents_who_are_away_are_not_asked() {
    let stage = Stage::start();
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    ana.show("dnd");
    ana.show_to(&workgroup("support"), "dnd");
    ana.settle_with(&workgroup("support"));
    for token in ["1", "2"] {
        stage.open(token);
        accept(&ben, &offered(&ben));
    }
    assert!(!is_asked(&ana));
}

#[test]
fn nobody_goes_above_the_maximum() {
    let stage = Stage::configured(|c| {
        c.agents = vec!["agent1".into()];
        c.workgroup = "max_chats = 1".into();
    });
    let ana = stage.agent("agent1");
    let (ticket, _) = stage.open("1");
    let room = accept(&ana, &offered(&ana));
    stage.open("2");
    assert!(!is_asked(&ana));
    ana.say_in(&room, "!close");
    offered(&ana);
    stage.bot.wait_until("the close of the first", |_| {
        (stage.closes(&ticket) == 1).then_some(())
    });
}

#[test]
fn a_fastpath_client_is_asked_the_fastpath_way() {
    let stage = Stage::start();
    let support = workgroup("support");
    let ana = stage.people.log_in("agent1", stage.server.ports());
    ana.show("available");
    ana.show_fastpath(&support, 2);
    ana.wait("notify-queue", |e| {
        e.sender() == support && e.get("xml").contains("notify-queue")
    });
    stage.open("1");
    let offer = ana.wait("an offer", |e| e.kind() == "offer");
    assert_eq!(offer.sender(), support);
    assert!(!offer.get("id").is_empty() && offer.get("id") == offer.get("session"));
    assert!(offer.get("timeout").parse::<u32>().is_ok());
    assert_eq!(offer.value("values")["question"], "Where is my parcel?");
    let answer = format!(
        "<offer-accept xmlns='{FASTPATH}' id='{}'/>",
        offer.get("id")
    );
    ana.ask("set", &support, &answer).expect("an empty result");
    let invitation = ana.wait("an invitation", |e| {
        e.kind() == "invitation" && e.value("direct") == false
    });
    assert_eq!(invitation.get("reason"), offer.get("session"));
    assert!(invitation.get("xml").contains("jabber:x:conference"));
}

#[test]
fn a_fastpath_offer_is_revoked_at_its_deadline() {
    let stage = Stage::configured(|c| c.workgroup = "offer_timeout = \"1s\"".into());
    let support = workgroup("support");
    let ana = stage.people.log_in("agent1", stage.server.ports());
    ana.show("available");
    ana.show_fastpath(&support, 2);
    stage.open("1");
    let offer = ana.wait("an offer", |e| e.kind() == "offer");
    let revoke = ana.wait("the revoke", |e| e.kind() == "revoke");
    assert_eq!(revoke.get("id"), offer.get("id"));
    assert_eq!(revoke.get("reason"), "The offer has timed out");
    let late = format!(
        "<offer-accept xmlns='{FASTPATH}' id='{}'/>",
        offer.get("id")
    );
    assert_eq!(
        ana.ask("set", &support, &late).err().as_deref(),
        Some("item-not-found")
    );
}

#[test]
fn strangers_are_neither_asked_nor_obeyed() {
    let stage = Stage::start();
    let support = workgroup("support");
    let stranger = stage.people.log_in("stranger", stage.server.ports());
    stranger.show("chat");
    stranger.subscribe(&support);
    stranger.wait("a refusal", |e| {
        e.kind() == "presence" && matches!(e.get("type"), "unsubscribed" | "error")
    });
    stranger.show_to(&support, "chat");
    let ana = stage.agent("agent1");
    stage.open("1");
    let offer = offered(&ana);
    stranger.say(&support, "accept");
    stranger.say(offer.get("from"), "accept");
    assert!(!is_asked(&stranger));
    assert!(stranger.take_now(|e| e.kind() == "invitation").is_none());
    accept(&ana, &offer);
}

#[test]
fn of_two_who_are_asked_for_two_requests_each_gets_his_own() {
    let stage = Stage::start();
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    stage.open("2");
    let (to_ana, to_ben) = (offered(&ana), offered(&ben));
    ana.say(to_ana.get("from"), "accept");
    ben.say(to_ben.get("from"), "accept");
    assert_ne!(enter(&ana), enter(&ben));
}

#[test]
fn an_agent_cannot_take_what_another_is_asked() {
    let stage = Stage::start();
    let (ana, ben) = (stage.agent("agent1"), stage.agent("agent2"));
    stage.open("1");
    let (first, second, offer) = first_offered(&ana, &ben);
    second.say(offer.get("from"), "accept");
    second.wait("a refusal", |e| {
        e.kind() == "message" && e.get("from") == offer.get("from")
    });
    accept(first, &offer);
    second.settle_with(&workgroup("support"));
    assert!(second.take_now(|e| e.kind() == "invitation").is_none());
}

#[test]
fn an_agent_whose_connection_is_cut_in_the_room_may_come_back() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let conversation = stage.conversation("1", &ana);
    ana.leave(&conversation.room);
    assert_eq!(stage.rapidpro.message("1", "are you there?").status, 201);
    ana.join(&conversation.room, "ana");
    super::support::wait::until("the words of meanwhile", super::support::wait::SOON, || {
        let heard = ana.heard(&conversation.room, "");
        heard.contains(&"are you there?".to_owned()).then_some(())
    });
}
