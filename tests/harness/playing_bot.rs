//! The bot records what comes, answers as told, and can go away and come back.

use super::support::bot::{Answer, HttpBot};
use super::support::http::{Reply, Request};
use super::support::process::RunDir;
use super::support::wait;
use std::time::Duration;

fn post(bot: &HttpBot, text: &str) -> std::io::Result<Reply> {
    let body = serde_json::json!({"type": "agent-message", "data": {"text": text}});
    let address = bot
        .url("")
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    Request::new("POST", "/hook")
        .header("X-Test", "yes")
        .json(body.to_string())
        .send(address)
}

#[test]
fn the_bot_records_callbacks_and_its_answer_can_be_switched() {
    let bot = HttpBot::start();
    assert_eq!(post(&bot, "one").expect("an answer").status, 200);
    bot.answer(Answer::error(503));
    assert_eq!(post(&bot, "two").expect("an answer").status, 503);
    bot.answer_with(|c| {
        if c.text() == "three" {
            Answer::handled()
        } else {
            Answer::error(404)
        }
    });
    assert_eq!(
        post(&bot, "three").expect("an answer").string("status"),
        "handled"
    );
    assert_eq!(post(&bot, "four").expect("an answer").status, 404);

    let taken = bot.wait_for(2, wait::SOON);
    assert_eq!(
        taken.iter().map(|c| c.text()).collect::<Vec<_>>(),
        ["one", "three"]
    );
    assert_eq!(bot.callbacks().len(), 4);
    assert_eq!(taken[0].header("x-test"), Some("yes"));
    assert_eq!(
        (taken[0].method.as_str(), taken[0].path.as_str()),
        ("POST", "/hook")
    );
    assert_eq!(taken[0].kind(), "agent-message");
}

#[test]
fn the_bot_goes_away_and_comes_back_on_the_same_port() {
    let mut bot = HttpBot::start();
    let kept = std::net::TcpStream::connect(bot.url("").trim_start_matches("http://"))
        .expect("a connection");
    post(&bot, "before").expect("an answer");
    bot.refuse();
    assert!(post(&bot, "while away").is_err());
    let mut end = [0; 1];
    let read = std::io::Read::read(&mut &kept, &mut end);
    assert!(matches!(read, Ok(0) | Err(_)), "open connections are cut");
    bot.accept_again();
    post(&bot, "after").expect("an answer");
    assert_eq!(bot.wait_for(2, wait::SOON).len(), 2);
}

#[test]
fn the_bot_thinks_as_long_as_it_is_told() {
    let bot = HttpBot::start();
    bot.answer(Answer::handled().after(Duration::from_millis(200)));
    let start = std::time::Instant::now();
    post(&bot, "slow").expect("an answer");
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[test]
fn several_requests_share_one_connection() {
    let bot = HttpBot::start();
    let stream = std::net::TcpStream::connect(bot.url("").trim_start_matches("http://"))
        .expect("a connection");
    let mut stream = std::io::BufReader::new(stream);
    for _ in 0..3 {
        let reply = Request::new("GET", "/room")
            .json("{}")
            .send_over(&mut stream)
            .expect("an answer");
        assert_eq!(reply.status, 200);
    }
    assert_eq!(bot.callbacks().len(), 3);
    assert_eq!(bot.callbacks()[2].method, "GET");
}

#[test]
fn a_run_directory_goes_with_its_test() {
    let dir = RunDir::new("short");
    let path = dir.path().to_owned();
    dir.write("sub/file", "content");
    assert!(path.join("sub/file").exists());
    drop(dir);
    assert!(!path.exists());
}
