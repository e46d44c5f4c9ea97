//! The same stories on a Redis; and what is peculiar to it.

use super::faults::{complete, numbered, post_all, say_all, wait_for_all};
use super::main_job::whole_story;
use super::stage::{Conversation, Stage, hears};
use super::support::agents::Agent;
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::rapidpro::Ticket;
use super::support::redis::Redis;
use super::support::wait;
use super::support::warmline::{Warmline, run};
use super::support::xmpp::Server;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

fn stage_on(redis: &Redis) -> Stage {
    Stage::configured(|config| config.store = redis.url())
}

/// The reason for which it is not ready, if the store is one.
fn store_reason(warmline: &Warmline) -> Option<String> {
    let reply = warmline.get("/readyz");
    let json = reply.json();
    let mut reasons = json["reasons"].as_array()?.iter();
    let reason = reasons.find(|reason| reason["part"] == "store")?;
    Some(reason["reason"].as_str()?.to_owned())
}

fn unready(warmline: &Warmline, why: &str) {
    wait::until(why, wait::SOON, || {
        store_reason(warmline)?.contains(why).then_some(())
    });
}

#[test]
fn a_ticket_becomes_a_conversation_and_the_agent_closes_it() {
    let redis = Redis::start();
    whole_story(stage_on(&redis));
}

#[test]
fn redis_restarted_while_words_flow_both_ways_loses_and_doubles_nothing() {
    let mut redis = Redis::start();
    let stage = stage_on(&redis);
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let (visitor, replies) = (numbered("visitor", 150), numbered("agent", 150));
    let rapidpro = stage.rapidpro.clone();
    std::thread::scope(|scope| {
        let posting = scope.spawn(|| post_all(&rapidpro, "1", &visitor));
        let saying = scope.spawn(|| say_all(&agent, &conversation.room, &replies));
        for (milestone, abruptly) in [(30, false), (80, true)] {
            wait::until("words flow", wait::START, || {
                (stage.bot.taken().len() >= milestone).then_some(())
            });
            if abruptly {
                redis.kill();
            } else {
                redis.stop();
            }
            unready(&stage.warmline, "Redis");
            assert_eq!(stage.rapidpro.message("1", "refused").status, 500);
            redis.start_again();
            stage.warmline.wait_ready();
        }
        saying.join().expect("the agent says all");
        posting.join().expect("the bot posts all");
    });
    wait_for_all(&stage, &conversation, &agent, [&visitor, &replies]);
    complete(&agent.heard(&conversation.room, ""), &visitor);
    assert_eq!(stage.told(&conversation.ticket), replies);
    let heard = agent.heard(&conversation.room, "");
    assert!(!heard.iter().any(|text| text == "refused"));
}

#[test]
fn a_redis_that_comes_back_empty_is_not_taken_for_the_store() {
    let mut redis = Redis::start();
    let mut stage = stage_on(&redis);
    let agent = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("1", &agent);
    assert_eq!(stage.rapidpro.message("1", "before").status, 201);
    hears(&agent, &room, "before");
    redis.kill();
    redis.replace_data(None);
    redis.start_again();
    unready(&stage.warmline, "EMPTY");
    stage.warmline.wait_log("the store has come back EMPTY");
    for _ in 0..3 {
        assert_eq!(stage.rapidpro.message("1", "refused").status, 500);
        assert_eq!(stage.rapidpro.open(&Ticket::of("2")).status, 500);
    }
    assert_eq!(redis.ask::<i64>(&["DBSIZE"]), 0, "it writes nothing there");
    // The operator accepts the loss.
    stage.warmline.terminate();
    stage.warmline.start_again();
    stage.open("2");
}

#[test]
fn a_redis_that_comes_back_older_is_told_and_gone_on_with() {
    let mut redis = Redis::start();
    let stage = stage_on(&redis);
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    assert_eq!(stage.rapidpro.message("1", "before").status, 201);
    hears(&agent, &room, "before");
    let data = redis.copy_data();
    assert_eq!(stage.rapidpro.message("1", "lost").status, 201);
    hears(&agent, &room, "lost");
    redis.kill();
    redis.replace_data(Some(&data));
    redis.start_again();
    stage.warmline.wait_log("the store has come back OLDER");
    stage.warmline.wait_ready();
    // It may have been ready still. Who is refused is to try again, and nothing was done.
    wait::until("the visitor's word is taken", wait::SOON, || {
        (stage.rapidpro.message("1", "after").status == 201).then_some(())
    });
    hears(&agent, &room, "after");
    agent.say_in(&room, "and back");
    wait::until("the agent's words", wait::SOON, || {
        (stage.told(&ticket) == ["and back"]).then_some(())
    });
}

#[test]
fn a_killed_program_is_back_within_seconds_and_says_what_it_waits_for() {
    let redis = Redis::start();
    let mut stage = stage_on(&redis);
    let agent = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("1", &agent);
    assert_eq!(stage.rapidpro.message("1", "before").status, 201);
    stage.warmline.kill9();
    let begun = Instant::now();
    stage.warmline.start_again();
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    stage
        .warmline
        .wait_log("waiting up to 5 s for its lease to run out");
    assert_eq!(stage.rapidpro.message("1", "after").status, 201);
    hears(&agent, &room, "after");
}

#[test]
fn a_second_start_is_refused_and_harms_nobody() {
    let redis = Redis::start();
    let stage = stage_on(&redis);
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let file = stage.warmline.dir().join("warmline.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_warmline"))
        .arg("run")
        .arg("--config")
        .arg(file)
        .output()
        .expect("the program");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("another process runs on the store"), "{text}");
    assert_eq!(stage.rapidpro.message("1", "still here").status, 201);
    hears(&agent, &conversation.room, "still here");
}

/// Another one, which stands by as long as the stage's program has the store.
fn standby(stage: &Stage, redis: &Redis) -> JoinHandle<Warmline> {
    let mut config = Config::new(stage.server.ports());
    config.store = format!("{}\"\nstandby = true\npartition = \"default", redis.url());
    let standby = std::thread::spawn(move || Warmline::start_unready(&config));
    wait::until("it stands by", wait::SOON, || {
        // Both of them, and whoever asks.
        let connected: String = redis.ask(&["CLIENT", "LIST"]);
        (connected.lines().count() >= 3).then_some(())
    });
    standby
}

/// The conversation goes on with the second one.
fn goes_on(second: &Warmline, stage: &Stage, agent: &Agent, conversation: &Conversation) {
    let Conversation { ticket, room } = conversation;
    second.wait_ready();
    assert_eq!(second.rapidpro().message("1", "to the second").status, 201);
    hears(agent, room, "to the second");
    agent.say_in(room, "from the second");
    wait::until("the agent's words", wait::SOON, || {
        (stage.told(ticket) == ["from the second"]).then_some(())
    });
}

#[test]
fn who_has_lost_the_store_stops_and_says_so() {
    let redis = Redis::start();
    let mut stage = stage_on(&redis);
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let standby = standby(&stage, &redis);
    stage.warmline.signal("STOP");
    let second = standby.join().expect("it starts");
    stage.warmline.signal("CONT");
    assert_eq!(stage.warmline.wait_end(), Some(1));
    let log = stage.warmline.log();
    assert!(
        log.contains("another process has taken the store over"),
        "{log}"
    );
    goes_on(&second, &stage, &agent, &conversation);
}

#[test]
fn a_standby_takes_over_from_a_killed_program() {
    let redis = Redis::start();
    let mut stage = stage_on(&redis);
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    let standby = standby(&stage, &redis);
    assert_eq!(stage.rapidpro.message("1", "to the first").status, 201);
    hears(&agent, &conversation.room, "to the first");
    stage.warmline.kill9();
    let begun = Instant::now();
    let second = standby.join().expect("it starts");
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    second.wait_log("standing by");
    goes_on(&second, &stage, &agent, &conversation);
}

#[test]
fn a_conversation_moves_to_redis_and_back_with_the_store() {
    let redis = Redis::start();
    let mut stage = Stage::with(Box::new(Prosody::start()), |_| {});
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    assert_eq!(stage.rapidpro.message("1", "embedded").status, 201);
    hears(&agent, &room, "embedded");
    let embedded = format!("embedded:{}", stage.warmline.dir().join("data").display());
    let migrate = ["store", "migrate", &embedded, &redis.url()];
    let (code, text) = stage.warmline.command(&migrate);
    assert_eq!(code, Some(1), "while it runs: {text}");
    assert!(text.contains("another process runs on the store"), "{text}");
    for (from, to, said) in [
        (embedded.clone(), redis.url(), "on Redis"),
        (redis.url(), format!("{embedded}-2"), "embedded again"),
    ] {
        stage.warmline.terminate();
        let (code, text) = stage.warmline.command(&["store", "migrate", &from, &to]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains(" rows are in "), "{text}");
        let again = stage.warmline.command(&["store", "migrate", &from, &to]);
        assert_eq!(again.0, Some(1), "{}", again.1);
        assert!(again.1.contains("is not empty"), "{}", again.1);
        stage.warmline.configure(|config| config.store = to);
        stage.warmline.start_again();
        assert_eq!(stage.rapidpro.message("1", said).status, 201);
        hears(&agent, &room, said);
        agent.say_in(&room, said);
        wait::until("the agent's words", wait::SOON, || {
            stage
                .told(&ticket)
                .iter()
                .any(|told| told == said)
                .then_some(())
        });
    }
    assert_eq!(stage.told(&ticket), ["on Redis", "embedded again"]);
    let wrong = run(&["store", "migrate", "redis://:hunter2@a,b", "embedded:x"]);
    assert_eq!(wrong.0, Some(2), "{}", wrong.1);
}

#[test]
fn what_redis_puts_at_risk_is_told_at_the_start() {
    let server = Prosody::start();
    let told = |settings: &[&str]| {
        let redis = Redis::with(settings);
        let mut config = Config::new(server.ports());
        config.store = redis.url();
        let mut warmline = Warmline::start(&config);
        warmline.terminate();
        warmline.log()
    };
    let log = told(&[]);
    assert!(
        !log.contains("set append") && !log.contains("not known"),
        "{log}"
    );
    let risky = [
        "--appendfsync",
        "everysec",
        "--maxmemory-policy",
        "allkeys-lru",
    ];
    let log = told(&risky);
    assert!(log.contains("set appendfsync always"), "{log}");
    assert!(log.contains("set maxmemory-policy noeviction"), "{log}");
    let log = told(&["--no-appendfsync-on-rewrite", "yes"]);
    assert!(log.contains("set no-appendfsync-on-rewrite no"), "{log}");
    let log = told(&["--appendonly", "no"]);
    assert!(log.contains("set appendonly yes"), "{log}");
    let log = told(&["--rename-command", "CONFIG", ""]);
    assert!(
        log.contains("whether it keeps what is accepted is not known"),
        "{log}"
    );
}

#[test]
fn operators_commands_work_beside_it() {
    let redis = Redis::start();
    let stage = stage_on(&redis);
    let agent = stage.agent("agent1");
    let Conversation { ticket, .. } = stage.conversation("1", &agent);
    let (code, list) = stage.warmline.command(&["conversations", "list"]);
    assert_eq!(code, Some(0), "{list}");
    let id = list.split(' ').next().expect("an id");
    let (code, text) = stage.warmline.command(&["conversations", "close", id]);
    assert_eq!(code, Some(0), "{text}");
    wait::until("it is closed", wait::SOON, || {
        (stage.closes(&ticket) == 1).then_some(())
    });
}
