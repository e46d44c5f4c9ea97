//! The store fails while the program runs, or is held by another one.

use super::stage::{Conversation, Stage, hears, offered};
use super::support::agents::Agent;
use super::support::ejabberd::Ejabberd;
use super::support::event::Event;
use super::support::prosody::Prosody;
use super::support::rapidpro::Ticket;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::xmpp::{Options, workgroup};
use std::process::Command;

fn fail_store(warmline: &Warmline) {
    warmline.limit_files(Some(1));
    wait::until("it is not ready, and says why", wait::SOON, || {
        let reply = warmline.get("/readyz");
        let json = reply.json();
        let store = json["reasons"][0]["part"] == "store";
        (reply.status == 503 && store).then_some(())
    });
}

fn mend_store(warmline: &Warmline) {
    warmline.limit_files(None);
    warmline.wait_ready();
}

#[test]
fn what_a_failing_store_cannot_take_is_refused_and_nothing_accepted_is_lost() {
    store_fails(&Stage::start());
}

#[test]
fn the_same_with_rooms_that_have_a_history_but_no_archive() {
    let options = Options {
        room_archive: false,
        ..Options::default()
    };
    store_fails(&Stage::with(
        Box::new(Prosody::start_with(&options)),
        |_| {},
    ));
}

#[test]
fn the_same_beside_ejabberd() {
    store_fails(&Stage::with(Box::new(Ejabberd::start()), |_| {}));
}

fn store_fails(stage: &Stage) {
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    assert_eq!(stage.rapidpro.message("1", "before").status, 201);
    hears(&agent, &room, "before");
    fail_store(&stage.warmline);
    for number in 0..5 {
        let text = format!("refused {number}");
        let reply = stage.rapidpro.message("1", &text);
        assert_eq!(reply.status, 500, "never a success");
        assert!(!reply.string("error").is_empty());
    }
    assert_eq!(stage.rapidpro.open(&Ticket::of("2")).status, 500);
    assert_eq!(stage.rapidpro.close("1").status, 500);
    assert_eq!(stage.warmline.get("/healthz").status, 200);
    // Said meanwhile in the room: nobody could refuse it, so it is found again.
    for text in ["meanwhile one", "meanwhile two"] {
        agent.say_in(&room, text);
        hears(&agent, &room, text);
    }
    mend_store(&stage.warmline);
    wait::until("the agent's words of meanwhile", wait::SOON, || {
        (stage.told(&ticket).len() >= 2).then_some(())
    });
    assert_eq!(stage.rapidpro.message("1", "after").status, 201);
    hears(&agent, &room, "after");
    agent.say_in(&room, "and on");
    wait::until("the agent's later words", wait::SOON, || {
        (stage.told(&ticket).len() >= 3).then_some(())
    });
    assert_eq!(
        stage.told(&ticket),
        ["meanwhile one", "meanwhile two", "and on"]
    );
    let heard = agent.heard(&room, "");
    assert!(!heard.iter().any(|text| text.starts_with("refused")));
    for text in ["before", "after"] {
        assert_eq!(heard.iter().filter(|heard| *heard == text).count(), 1);
    }
    assert!(stage.warmline.figure("warmline_commit_failures_total") >= Some(1.0));
}

/// The agent says something; the store fails before RapidPro has taken it.
#[test]
fn a_callback_taken_while_the_store_fails_is_not_made_twice() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    stage.bot.refuse();
    agent.say_in(&room, "once only");
    stage.warmline.wait_log("not delivered yet");
    fail_store(&stage.warmline);
    stage.bot.accept_again();
    stage.bot.wait_for(1, wait::SOON);
    mend_store(&stage.warmline);
    agent.say_in(&room, "the next");
    wait::until("the next words", wait::SOON, || {
        (stage.told(&ticket).len() >= 2).then_some(())
    });
    let taken = stage.bot.taken();
    let texts: Vec<&str> = taken.iter().map(|callback| callback.text()).collect();
    assert_eq!(texts, ["once only", "the next"]);
}

fn answers(agent: &Agent, offer: &Event, word: &str) {
    agent.say(offer.get("from"), word);
}

#[test]
fn an_offer_survives_a_failing_store_and_can_be_taken_after_it() {
    let stage = Stage::configured(|config| config.workgroup = "offer_timeout = \"60s\"".into());
    let agent = stage.agent("agent1");
    stage.open("1");
    let offer = offered(&agent);
    fail_store(&stage.warmline);
    answers(&agent, &offer, "accept");
    agent.wait("the agent is told that it did not work", |e| {
        e.kind() == "message" && e.sender() == offer.sender() && !e.is_chat_offer()
    });
    assert!(agent.take_now(|e| e.kind() == "invitation").is_none());
    mend_store(&stage.warmline);
    agent.wait("the offer is repeated", Event::is_chat_offer);
    answers(&agent, &offer, "accept");
    super::stage::enter(&agent);
}

#[test]
fn a_second_start_on_the_same_store_is_refused_and_harms_nobody() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let file = stage.warmline.dir().join("warmline.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_warmline"))
        .arg("run")
        .arg("--config")
        .arg(file)
        .current_dir(stage.warmline.dir())
        .output()
        .expect("the program");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("another process runs on the store"), "{text}");
    assert_eq!(stage.rapidpro.message("1", "still here").status, 201);
    hears(&agent, &conversation.room, "still here");
}

/// Comes on duty without waiting to be greeted.
fn comes_on_duty(stage: &Stage, account: &str) -> Agent {
    let agent = stage.people.log_in(account, stage.server.ports());
    let support = workgroup("support");
    agent.show("chat");
    agent.subscribe(&support);
    agent.show_to(&support, "chat");
    agent
}

#[test]
fn what_agents_do_while_the_store_fails_counts_afterwards() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let (ticket, _) = stage.open("1");
    let offer = offered(&ana);
    answers(&ana, &offer, "accept");
    let invitation = ana.wait("an invitation", |e| e.kind() == "invitation");
    fail_store(&stage.warmline);
    let room = invitation.get("room");
    ana.join(room, "ana");
    ana.wait("she is in", |e| {
        e.kind() == "presence" && e.sender() == room && e.has("codes", "110")
    });
    ana.say_in(room, "here I am");
    hears(&ana, room, "here I am");
    ana.show("dnd");
    let support = workgroup("support");
    ana.show_to(&support, "dnd");
    let ben = comes_on_duty(&stage, "agent2");
    mend_store(&stage.warmline);
    wait::until("her words arrive", wait::SOON, || {
        (stage.told(&ticket) == ["here I am"]).then_some(())
    });
    assert_eq!(stage.rapidpro.message("1", "at last").status, 201);
    hears(&ana, room, "at last");
    stage.open("2");
    super::stage::accept(&ben, &offered(&ben));
    assert!(ana.take_now(Event::is_chat_offer).is_none());
}

#[test]
fn a_close_said_while_the_store_fails_is_carried_out_afterwards() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    fail_store(&stage.warmline);
    agent.say_in(&room, "good bye");
    agent.say_in(&room, "!close");
    hears(&agent, &room, "!close");
    mend_store(&stage.warmline);
    agent.wait("the room is destroyed", |e| {
        super::stage::is_destroyed(e, &room)
    });
    stage.bot.wait_for(2, wait::SOON);
    assert_eq!(stage.told(&ticket), ["good bye"]);
    assert_eq!(stage.closes(&ticket), 1);
}
