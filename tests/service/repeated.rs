//! What RapidPro does twice, at once, or from another place than before.

use super::stage::{Conversation, Stage, accept, hears, is_asked, offered};
use super::support::bot::HttpBot;
use super::support::rapidpro::Ticket;
use super::support::wait;

#[test]
fn the_same_ticket_eight_times_at_once_is_one_conversation() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let ticket = Ticket::of("1");
    let ids: Vec<String> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| stage.rapidpro.open(&ticket)))
            .collect();
        let answers = calls
            .into_iter()
            .map(|call| call.join().expect("an answer"));
        answers
            .map(|reply| {
                assert_eq!(reply.status, 201);
                reply.string("id")
            })
            .collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let room = accept(&agent, &offered(&agent));
    assert!(room.starts_with(&ids[0]));
    assert!(!is_asked(&agent), "once");
}

#[test]
fn equal_texts_are_as_many_as_were_said() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    // RapidPro sends no ids: nobody can know that a text is a repetition, and a person may mean it.
    for _ in 0..3 {
        assert_eq!(stage.rapidpro.message("1", "ok").status, 201);
        hears(&agent, &room, "ok");
    }
    for _ in 0..3 {
        agent.say_in(&room, "well?");
    }
    stage.bot.wait_for(3, wait::SOON);
    assert_eq!(stage.told(&ticket), ["well?"; 3]);
    let heard = agent.heard(&room, "");
    assert_eq!(heard.iter().filter(|text| *text == "ok").count(), 3);
}

#[test]
fn callbacks_follow_rapidpro_where_it_moves_also_over_a_crash() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    agent.say_in(&room, "one");
    stage.bot.wait_for(1, wait::SOON);
    // What is known to be delivered is not said again after the crash; the bot may hear of it first.
    let delivered = "warmline_deliveries_total{channel=\"tickets\",outcome=\"delivered\"}";
    wait::until("the outcome", wait::SOON, || {
        (stage.warmline.figure(delivered) >= Some(1.0)).then_some(())
    });
    let moved = HttpBot::start();
    assert_eq!(
        stage.rapidpro.put_settings(&moved.url("/elsewhere")).status,
        204
    );
    stage.warmline.kill9();
    stage.warmline.start_again();
    agent.say_in(&room, "two");
    let told = moved.wait_for(1, wait::SOON);
    assert_eq!(
        (told[0].path.as_str(), told[0].text()),
        ("/elsewhere", "two")
    );
    assert_eq!(stage.told(&ticket), ["one"]);
}
