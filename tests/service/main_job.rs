//! The main job: a ticket becomes a conversation with an agent, and ends from either side.

use super::stage::{Conversation, Stage, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::ejabberd::Ejabberd;
use super::support::event::Event;
use super::support::rapidpro::{SECRET, Spelling, Ticket};
use super::support::wait;
use super::support::xmpp::{DOMAIN, workgroup};

/// Words go both ways; the visitor has a pseudonym, and nobody learns what is not theirs.
fn talk(stage: &Stage, agent: &Agent, conversation: &Conversation) {
    let Conversation { ticket, room } = conversation;
    let reply = stage
        .rapidpro
        .message(&ticket.token, "Hello from the visitor");
    assert_eq!(reply.status, 201);
    assert!(!reply.string("id").is_empty());
    let heard = hears(agent, room, "Hello from the visitor");
    assert!(!heard.nick().is_empty() && heard.nick() != ticket.token);

    agent.say_in(room, "Hello from the agent");
    let callbacks = stage.bot.wait_for(1, wait::SOON);
    let callback = &callbacks[0];
    assert_eq!(
        (callback.method.as_str(), callback.path.as_str()),
        ("POST", "/callback")
    );
    assert_eq!(
        callback.header("authorization"),
        Some(format!("Token {SECRET}").as_str())
    );
    assert_eq!(callback.header("content-type"), Some("application/json"));
    assert_eq!(callback.kind(), "agent-message");
    assert_eq!(callback.body["ticketID"], ticket.id);
    assert_eq!(callback.body["visitor"]["token"], ticket.token);
    assert_eq!(callback.text(), "Hello from the agent");
    assert!(
        !callback.body.to_string().contains(DOMAIN),
        "no JID reaches the visitor"
    );
}

/// The agent closes; the bot is told exactly once, also over a restart, and the room goes.
fn close_by_agent(stage: &mut Stage, agent: &Agent, conversation: &Conversation) {
    let Conversation { ticket, room } = conversation;
    agent.say_in(room, "!close");
    agent.wait("the room is destroyed", |e| is_destroyed(e, room));
    stage.bot.wait_for(2, wait::SOON);
    stage.warmline.terminate();
    stage.warmline.start_again();
    assert_eq!(stage.closes(ticket), 1);
    assert_eq!(
        stage.told(ticket),
        ["Hello from the agent"],
        "commands are not for the visitor"
    );
}

pub fn whole_story(mut stage: Stage) {
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1234567", &agent);
    agent.wait("the question stands in the room", |e| {
        e.is_in(&conversation.room) && e.get("body").contains("Where is my parcel?")
    });
    talk(&stage, &agent, &conversation);
    close_by_agent(&mut stage, &agent, &conversation);
}

#[test]
fn a_ticket_becomes_a_conversation_and_the_agent_closes_it() {
    whole_story(Stage::start());
}

#[test]
fn the_same_beside_ejabberd() {
    whole_story(Stage::with(Box::new(Ejabberd::start()), |_| {}));
}

#[test]
fn the_offer_names_the_visitor_and_the_question_but_not_the_token() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let ticket = Ticket::of("987654321");
    stage.rapidpro.open(&ticket);
    let offer = offered(&agent);
    assert!(offer.get("body").contains("Where is my parcel?"));
    assert!(offer.has("responses", "reject"));
    let everything: String = agent
        .events()
        .iter()
        .map(|e| e.get("xml").to_owned())
        .collect();
    assert!(
        !everything.contains("987654321"),
        "the visitor's token stays with us"
    );
}

#[test]
fn rapidpro_closes_and_is_not_called_back_for_it() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("55", &agent);
    assert_eq!(stage.rapidpro.close("55").status, 204);
    agent.wait("the room is destroyed", |e| is_destroyed(e, &room));
    assert_eq!(
        stage.rapidpro.close("55").status,
        204,
        "closing again is no error"
    );
    let late = stage.rapidpro.message("55", "too late");
    assert_eq!(late.status, 201, "a message after the close is kept");
    stage.warmline.terminate();
    stage.warmline.start_again();
    assert_eq!(stage.closes(&ticket), 0);
}

#[test]
fn the_same_ticket_again_is_the_same_conversation() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let (ticket, id) = stage.open("77");
    let again = stage.rapidpro.open(&ticket);
    assert_eq!((again.status, again.string("id")), (201, id));
    let offer = offered(&agent);
    super::stage::accept(&agent, &offer);
    let third = stage.rapidpro.call("POST", "room", &ticket.body());
    assert_eq!(third.status, 201, "POST works as GET does");
    agent.settle_with(&workgroup("support"));
    assert!(
        agent.take_now(Event::is_chat_offer).is_none(),
        "asked only once"
    );
}

#[test]
fn the_older_document_s_spelling_works_too() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let ticket = Ticket {
        spelling: Spelling::Old,
        ..Ticket::of("78")
    };
    assert_eq!(stage.rapidpro.open(&ticket).status, 201);
    offered(&agent);
}

#[test]
fn a_visitor_without_a_name_gets_a_pseudonym() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let ticket = Ticket {
        name: None,
        ..Ticket::of("79")
    };
    assert_eq!(stage.rapidpro.open(&ticket).status, 201);
    let room = super::stage::accept(&agent, &offered(&agent));
    stage.rapidpro.message("79", "who am I?");
    assert!(!hears(&agent, &room, "who am I?").nick().is_empty());
}

#[test]
fn attachments_and_corrections_arrive_on_the_other_side() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("80", &agent);
    let url = "https://files.example.test/receipt.png";
    assert_eq!(
        stage.rapidpro.attachment("80", "image/png", url).status,
        201
    );
    agent.wait("the visitor's file", |e| {
        e.is_in(&room) && e.get("url") == url
    });

    let id = agent.say_in(&room, "on Mondya");
    agent.call(
        "correct",
        serde_json::json!({"to": room, "old_id": id, "text": "on Monday"}),
    );
    let texts = wait::until("the correction", wait::SOON, || {
        Some(stage.told(&ticket)).filter(|told| told.len() >= 2)
    });
    assert_eq!(texts[0], "on Mondya");
    assert!(texts[1].contains("on Monday"));

    agent.call(
        "link",
        serde_json::json!({"to": room, "url": "https://files.example.test/form.pdf"}),
    );
    stage.bot.wait_until("the agent's file", |callbacks| {
        let texts: Vec<String> = callbacks
            .iter()
            .map(|c| c.body["data"].to_string())
            .collect();
        texts
            .iter()
            .any(|data| data.contains("form.pdf"))
            .then_some(())
    });
}

#[test]
fn what_the_visitor_wrote_before_the_agent_came_stands_in_the_room() {
    let stage = Stage::start();
    let (ticket, _) = stage.open("81");
    for text in ["first", "second", "third"] {
        assert_eq!(stage.rapidpro.message(&ticket.token, text).status, 201);
    }
    let agent = stage.agent("agent1");
    let room = super::stage::accept(&agent, &offered(&agent));
    let heard = wait::until("the earlier words", wait::SOON, || {
        let all = agent.heard(&room, "").join("\n");
        all.contains("third").then_some(all)
    });
    let at = |text: &str| heard.find(text).unwrap_or(usize::MAX);
    assert!(at("first") < at("second") && at("second") < at("third"));
    assert!(at("first") != usize::MAX);
}
