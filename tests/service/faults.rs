//! Kills, restarts and outages of each part: everything accepted arrives, in order, once.

use super::stage::{Conversation, REPAIR, Stage, hears};
use super::support::agents::Agent;
use super::support::bot::{Answer, Callback};
use super::support::rapidpro::RapidPro;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::xmpp::Server;
use std::sync::atomic::{AtomicBool, Ordering};

pub fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}-{n}")).collect()
}

/// Posts a visitor's messages one after the other. A call that got no answer is repeated with its
/// key: whether the first one was taken cannot be known from outside.
pub fn post_all(rapidpro: &RapidPro, token: &str, texts: &[String]) {
    for text in texts {
        let body = serde_json::json!({"visitor": {"token": token}, "text": text}).to_string();
        let request = rapidpro
            .request("POST", "visitor-message")
            .header("Idempotency-Key", &format!("{token}-{text}"))
            .json(body);
        wait::until("the program takes the message", REPAIR, || {
            let reply = request.send(rapidpro.address).ok()?;
            (reply.status < 500).then(|| assert_eq!(reply.status, 201))
        });
    }
}

/// The agent says all of it, each when the room has told the one before.
pub fn say_all(agent: &Agent, room: &str, texts: &[String]) {
    for text in texts {
        let id = agent.say_in(room, text);
        agent.wait("the room reflects the agent's words", |e| {
            e.is_in(room) && e.get("id") == id
        });
    }
}

/// All of `said` arrived, each once, in order.
pub fn complete(got: &[String], said: &[String]) {
    let known: Vec<&String> = got.iter().filter(|text| said.contains(text)).collect();
    assert_eq!(
        known,
        said.iter().collect::<Vec<_>>(),
        "each once, in order"
    );
}

pub fn wait_for_all(
    stage: &Stage,
    conversation: &Conversation,
    agent: &Agent,
    texts: [&[String]; 2],
) {
    let [visitor, replies] = texts;
    let last = visitor.last().expect("something was accepted");
    wait::until("the visitor's last words in the room", REPAIR, || {
        agent
            .heard(&conversation.room, "")
            .contains(last)
            .then_some(())
    });
    let last = replies.last().expect("something was said");
    wait::until("the agent's last words at the bot", REPAIR, || {
        stage
            .told(&conversation.ticket)
            .contains(last)
            .then_some(())
    });
}

/// So many words flow each way; the program is struck when the bot has taken so many calls, and
/// comes back. All arrive, each once, in order.
pub fn words_flow_while(count: usize, milestones: [usize; 2], strike: fn(&mut Warmline)) {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let (visitor, replies) = (numbered("visitor", count), numbered("agent", count));
    let rapidpro = stage.rapidpro.clone();
    std::thread::scope(|scope| {
        let posting = scope.spawn(|| post_all(&rapidpro, "1", &visitor));
        let saying = scope.spawn(|| say_all(&agent, &conversation.room, &replies));
        for milestone in milestones {
            wait::until("words flow", REPAIR, || {
                (stage.bot.taken().len() >= milestone).then_some(())
            });
            strike(&mut stage.warmline);
            stage.warmline.start_again();
        }
        saying.join().expect("the agent says all");
        posting.join().expect("the bot posts all");
    });
    wait_for_all(&stage, &conversation, &agent, [&visitor, &replies]);
    complete(&agent.heard(&conversation.room, ""), &visitor);
    assert_eq!(stage.told(&conversation.ticket), replies);
}

#[test]
fn a_kill_while_words_flow_both_ways_loses_and_doubles_nothing() {
    words_flow_while(200, [40, 120], Warmline::kill9);
}

#[test]
fn a_kill_while_a_request_waits_and_while_it_is_offered_loses_no_request() {
    let mut stage = Stage::start();
    stage.open("1");
    stage.warmline.kill9();
    stage.warmline.start_again();
    let agent = stage.agent("agent1");
    let offer = super::stage::offered(&agent);
    stage.warmline.kill9();
    stage.warmline.start_again();
    super::stage::accept(&agent, &offer);
}

/// The same conversation goes on after the server's restart or crash.
fn server_fails(fail: impl FnOnce(&mut dyn Server)) {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let Conversation { ticket, room } = &conversation;
    let before = numbered("before", 10);
    post_all(&stage.rapidpro, "1", &before);
    hears(&agent, room, "before-9");
    agent.say_in(room, "before the fault");
    stage.bot.wait_for(1, wait::SOON);

    fail(stage.server.as_mut());
    let during = numbered("during", 10);
    post_all(&stage.rapidpro, "1", &during);
    stage.server.start_again();
    agent.wait_within("the agent is back in the room", REPAIR, |e| {
        e.kind() == "presence" && e.sender() == room && e.has("codes", "110")
    });
    let all = [before, during].concat();
    wait::until("the words of meanwhile", REPAIR, || {
        agent
            .heard(room, "")
            .contains(&"during-9".to_owned())
            .then_some(())
    });
    complete(&agent.heard(room, ""), &all);
    agent.say_in(room, "after the fault");
    wait::until("the agent's words after it", REPAIR, || {
        (stage.told(ticket).len() >= 2).then_some(())
    });
    assert_eq!(stage.told(ticket), ["before the fault", "after the fault"]);
}

#[test]
fn the_server_restarts_in_the_middle_of_a_conversation() {
    server_fails(|server| server.stop());
}

#[test]
fn the_server_crashes_in_the_middle_of_a_conversation() {
    server_fails(|server| server.kill());
}

#[test]
fn rapidpro_is_down_then_ill_then_well_and_gets_every_callback_once_in_order() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let Conversation { ticket, room } = &conversation;
    let texts = numbered("agent", 30);
    say_all(&agent, room, &texts[..10]);
    wait::until("the first ten", wait::SOON, || {
        (stage.told(ticket).len() == 10).then_some(())
    });
    stage.bot.refuse();
    say_all(&agent, room, &texts[10..20]);
    stage.bot.answer(Answer::error(503));
    stage.bot.accept_again();
    stage.bot.wait_until("it is tried again", |all| {
        all.iter().any(|c| c.answered == 503).then_some(())
    });
    say_all(&agent, room, &texts[20..]);
    agent.say_in(room, "!close");
    stage.bot.answer(Answer::handled());
    wait::until("the close", REPAIR, || {
        (stage.closes(ticket) == 1).then_some(())
    });
    assert_eq!(stage.told(ticket), texts);
    let last = stage.bot.taken().pop();
    assert_eq!(
        last.as_ref().map(Callback::kind),
        Some("close-room"),
        "the close comes last"
    );
}

#[test]
fn a_young_ticket_that_rapidpro_does_not_know_yet_is_tried_again() {
    let stage = Stage::start();
    let known = std::sync::Arc::new(AtomicBool::new(false));
    let is_known = known.clone();
    stage
        .bot
        .answer_with(move |_| match is_known.load(Ordering::SeqCst) {
            true => Answer::handled(),
            false => Answer::error(404),
        });
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    agent.say_in(&conversation.room, "a quick greeting");
    stage
        .bot
        .wait_until("two refusals", |all| (all.len() >= 2).then_some(()));
    known.store(true, Ordering::SeqCst);
    stage.bot.wait_for(1, REPAIR);
    assert_eq!(stage.told(&conversation.ticket), ["a quick greeting"]);
}

#[test]
fn words_are_accepted_while_the_xmpp_server_is_away() {
    let mut stage = Stage::start();
    stage.server.kill();
    wait::until("not ready", wait::SOON, || {
        (stage.warmline.get("/readyz").status == 503).then_some(())
    });
    assert_eq!(stage.warmline.get("/healthz").status, 200);
    let (ticket, _) = stage.open("1");
    assert_eq!(
        stage
            .rapidpro
            .message(&ticket.token, "anybody there?")
            .status,
        201
    );
    stage.server.start_again();
    stage.warmline.wait_ready();
    let agent = stage.agent("agent1");
    super::stage::offered(&agent);
}
