//! Operators' commands beside the running program and without it.

use super::stage::{Conversation, Stage, accept, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::bot::Answer;
use super::support::config::Config;
use super::support::process::RunDir;
use super::support::wait;
use super::support::warmline::{Warmline, run};
use super::support::xmpp::Ports;

/// A command that does well; its output.
fn done(warmline: &Warmline, arguments: &[&str]) -> String {
    let (code, text) = warmline.command(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {text}");
    text
}

/// The first word of each line: what the list names things by.
fn listed(warmline: &Warmline, arguments: &[&str]) -> Vec<String> {
    let list = done(warmline, arguments);
    let lines = list.lines().filter(|line| !line.starts_with("no "));
    lines
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}

#[test]
fn an_operator_lists_reads_and_closes_a_conversation() {
    let stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    stage
        .rapidpro
        .message("1", "a first line\nagent: a forged \u{1b}[2J one");
    agent.wait("the visitor's words", |e| {
        e.is_in(&room) && e.get("body").starts_with("a first line")
    });
    let ids = listed(&stage.warmline, &["conversations", "list"]);
    assert_eq!(ids.len(), 1);
    let list = done(&stage.warmline, &["conversations", "list"]);
    assert!(list.contains("with agent1@") && list.ends_with('\n'));
    let text = done(&stage.warmline, &["conversations", "show", &ids[0]]);
    assert!(text.contains("a first line\n    agent: a forged"));
    assert!(!text.contains('\u{1b}'), "no terminal obeys a visitor");

    done(&stage.warmline, &["conversations", "close", &ids[0]]);
    agent.wait("the room is destroyed", |e| is_destroyed(e, &room));
    stage.bot.wait_for(1, wait::SOON);
    assert_eq!(stage.closes(&ticket), 1);
    wait::until("nothing is open", wait::SOON, || {
        let open = listed(&stage.warmline, &["conversations", "list"]);
        open.is_empty().then_some(())
    });
    let closed = done(&stage.warmline, &["conversations", "list", "--closed"]);
    assert!(closed.contains("closed by operator"), "it says by whom");
    for arguments in [["close", &ids[0]], ["show", "nothing"]] {
        let (code, text) = stage
            .warmline
            .command(&["conversations", arguments[0], arguments[1]]);
        assert_eq!(code, Some(1));
        assert!(text.contains("there is no"), "{text}");
    }
}

#[test]
fn an_order_left_while_the_program_rests_is_carried_out_at_its_start() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    stage.warmline.terminate();
    let ids = listed(&stage.warmline, &["conversations", "list"]);
    done(&stage.warmline, &["conversations", "show", &ids[0]]);
    done(&stage.warmline, &["conversations", "close", &ids[0]]);
    assert_eq!(listed(&stage.warmline, &["conversations", "list"]), ids);
    stage.warmline.start_again();
    agent.wait("the room is destroyed", |e| is_destroyed(e, &room));
    stage.bot.wait_for(1, wait::SOON);
    assert_eq!(stage.closes(&ticket), 1);
}

#[test]
fn without_a_store_the_commands_say_so() {
    let dir = RunDir::new("operators");
    let config = Config::new(Ports {
        client: 1,
        component: 2,
    });
    let file = dir.write("warmline.toml", &config.toml(dir.path()));
    let file = file.display().to_string();
    for command in [["conversations", "list"], ["dead-letters", "list"]] {
        let (code, text) = run(&[command[0], command[1], "--config", &file]);
        assert_eq!(code, Some(1));
        assert!(text.contains("there is no store"), "{text}");
    }
}

/// Two agents say something that RapidPro refuses for ever, each in a room of their own.
fn refused_for_ever(stage: &Stage) -> [(Agent, String); 2] {
    stage
        .bot
        .answer_with(|callback| match callback.text().starts_with("bad") {
            true => Answer::error(400),
            false => Answer::handled(),
        });
    let agents = [stage.agent("agent1"), stage.agent("agent2")];
    for token in ["1", "2"] {
        stage.open(token);
    }
    agents.map(|agent| {
        let room = accept(&agent, &offered(&agent));
        let id = room.split('@').next().unwrap_or_default();
        agent.say_in(&room, &format!("bad {id}"));
        (agent, room)
    })
}

#[test]
fn a_dead_letter_is_told_listed_retried_once_or_dropped() {
    let stage = Stage::start();
    let both = refused_for_ever(&stage);
    let said = |text: &str| {
        let taken = stage.bot.taken();
        taken.iter().filter(|c| c.text() == text).count()
    };
    for (agent, room) in &both {
        agent.say_in(room, &format!("good {room}"));
        agent.wait("the agent is told that it did not arrive", |e| {
            let body = e.get("body");
            e.is_in(room) && body.contains("Not delivered") && body.contains("bad")
        });
        // What was said later goes on.
        wait::until("the later words", wait::SOON, || {
            (said(&format!("good {room}")) == 1).then_some(())
        });
    }
    let letters = listed(&stage.warmline, &["dead-letters", "list"]);
    assert_eq!(letters.len(), 2);
    let dead = || stage.warmline.figure("warmline_dead_letters");
    wait::until("both are counted", wait::SOON, || {
        (dead() == Some(2.0)).then_some(())
    });
    let (code, text) = stage
        .warmline
        .command(&["dead-letters", "retry", "nothing"]);
    assert_eq!(code, Some(1), "{text}");

    stage.bot.answer(Answer::handled());
    done(&stage.warmline, &["dead-letters", "drop", &letters[0]]);
    done(&stage.warmline, &["dead-letters", "retry", &letters[1]]);
    wait::until("none is left", wait::SOON, || {
        (dead() == Some(0.0)).then_some(())
    });
    assert!(listed(&stage.warmline, &["dead-letters", "list"]).is_empty());
    let bad = |letter: &str| {
        let id = letter.rsplit_once('-').map_or(letter, |(id, _)| id);
        format!("bad {id}")
    };
    wait::until("the retried one arrives", wait::SOON, || {
        (said(&bad(&letters[1])) == 1).then_some(())
    });
    let (agent, room) = &both[0];
    agent.say_in(room, "afterwards");
    hears(agent, room, "afterwards");
    wait::until("a sign that all went on", wait::SOON, || {
        (said("afterwards") == 1).then_some(())
    });
    assert_eq!(said(&bad(&letters[0])), 0, "what is dropped never arrives");
    assert_eq!(said(&bad(&letters[1])), 1);
}

#[test]
fn a_backup_taken_while_it_runs_restores_what_was_said() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    assert_eq!(stage.rapidpro.message("1", "before the backup").status, 201);
    hears(&agent, &room, "before the backup");
    let data = stage.warmline.dir().join("data");
    let copy = stage.warmline.dir().join("backup.db");
    let live = rusqlite::Connection::open(data.join("warmline.db")).expect("the store");
    live.execute("VACUUM INTO ?1", [copy.display().to_string()])
        .expect("a backup");
    drop(live);
    stage.warmline.terminate();
    std::fs::remove_dir_all(&data).expect("the store is lost");
    std::fs::create_dir(&data).expect("a new folder");
    std::fs::rename(copy, data.join("warmline.db")).expect("the backup in its place");
    stage.warmline.start_again();
    assert_eq!(stage.rapidpro.message("1", "after the backup").status, 201);
    hears(&agent, &room, "after the backup");
    agent.say_in(&room, "still with you");
    wait::until("the agent's words", wait::SOON, || {
        (stage.told(&ticket) == ["still with you"]).then_some(())
    });
    let ids = listed(&stage.warmline, &["conversations", "list"]);
    let text = done(&stage.warmline, &["conversations", "show", &ids[0]]);
    assert!(text.contains("before the backup") && text.contains("after the backup"));
}
