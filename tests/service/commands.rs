//! What operators see: commands, signals, health, and a log that keeps secrets.

use super::stage::{Conversation, Stage, hears};
use super::support::config::Config;
use super::support::process::RunDir;
use super::support::rapidpro::SECRET;
use super::support::wait;
use super::support::warmline::run;
use super::support::xmpp::{self, Ports};

fn check(config: &str) -> (Option<i32>, String) {
    let dir = RunDir::new("check");
    let file = dir.write("warmline.toml", config);
    run(&["check", "--config", &file.display().to_string()])
}

fn config() -> Config {
    Config::new(Ports {
        client: 1,
        component: 2,
    })
}

#[test]
fn check_accepts_a_good_configuration_without_any_server() {
    let dir = RunDir::new("check");
    let (code, text) = check(&config().toml(dir.path()));
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn check_tells_every_problem_in_one_go_by_its_key() {
    let dir = RunDir::new("check");
    let bad = Config {
        listen: "nonsense".into(),
        workgroup: "offer_timeout = \"soon\"\ncolour = \"red\"".into(),
        outbound: "timeout = \"-1s\"".into(),
        ..config()
    };
    let toml = bad
        .toml(dir.path())
        .replace("workgroup = \"support\"", "workgroup = \"nowhere\"");
    let (code, text) = check(&toml);
    assert_eq!(code, Some(2), "{text}");
    for key in ["listen", "offer_timeout", "colour", "timeout", "workgroup"] {
        assert!(text.contains(key), "{key} is not named in: {text}");
    }
}

#[test]
fn the_printed_default_is_a_configuration_with_every_section() {
    let (code, text) = run(&["config"]);
    assert_eq!(code, Some(0));
    for section in [
        "[http]",
        "[xmpp]",
        "[store]",
        "[outbound]",
        "[context]",
        "[[workgroup]]",
        "[[channel]]",
    ] {
        assert!(text.contains(section), "{section}");
    }
}

#[test]
fn health_readiness_and_metrics_are_told() {
    let stage = Stage::start();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(stage.warmline.get(path).status, 200, "{path}");
    }
    assert_eq!(stage.warmline.get("/nothing").status, 404);
}

#[test]
fn it_ends_in_order_although_the_server_is_away() {
    let mut stage = Stage::start();
    stage.server.kill();
    wait::until("not ready", wait::SOON, || {
        (stage.warmline.get("/readyz").status == 503).then_some(())
    });
    stage.warmline.terminate();
}

#[test]
fn the_log_holds_no_words_tokens_or_secrets() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("254700000001", &agent);
    stage
        .rapidpro
        .message("254700000001", "words of the visitor");
    hears(&agent, &room, "words of the visitor");
    agent.say_in(&room, "words of the agent");
    stage.bot.wait_for(1, wait::SOON);
    agent.say_in(&room, "!close");
    stage.bot.wait_for(2, wait::SOON);
    stage.warmline.terminate();
    let log = stage.warmline.log();
    let private = [
        "words of the",
        "254700000001",
        "Where is my parcel",
        SECRET,
        xmpp::SECRET,
    ];
    for (number, word) in private.iter().enumerate() {
        assert!(
            !log.contains(word),
            "the log holds private word number {number}"
        );
    }
}
