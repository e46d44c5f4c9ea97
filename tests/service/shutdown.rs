//! SIGTERM in the middle of everything: an orderly end, and afterwards nothing is lost or double.

use super::faults::words_flow_while;
use super::stage::{Conversation, Stage, hears};
use super::support::http::Request;
use super::support::wait;
use super::support::warmline::Warmline;
use std::io::{BufReader, Write};
use std::net::TcpStream;

#[test]
fn a_stop_while_words_flow_both_ways_loses_and_doubles_nothing() {
    words_flow_while(100, [20, 60], Warmline::terminate);
}

#[test]
fn open_connections_and_half_requests_do_not_hold_the_end_up() {
    let mut stage = Stage::start();
    let mut idle = Vec::new();
    for _ in 0..20 {
        let stream = TcpStream::connect(stage.warmline.address()).expect("a connection");
        let mut stream = BufReader::new(stream);
        let reply = Request::new("GET", "/healthz").send_over(&mut stream);
        assert_eq!(reply.expect("an answer").status, 200);
        idle.push(stream);
    }
    let mut half = TcpStream::connect(stage.warmline.address()).expect("a connection");
    half.write_all(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        .expect("half a request");
    stage.warmline.terminate();
}

#[test]
fn a_slow_rapidpro_does_not_hold_the_end_up_and_is_told_once_more_with_the_same_key() {
    let mut stage = Stage::start();
    let agent = stage.agent("agent1");
    let Conversation { ticket, room } = stage.conversation("1", &agent);
    let slow = super::support::bot::Answer::handled().after(std::time::Duration::from_secs(8));
    stage.bot.answer(slow);
    agent.say_in(&room, "slowly");
    stage
        .bot
        .wait_until("the call arrives", |all| (!all.is_empty()).then_some(()));
    stage.warmline.terminate();
    stage.bot.answer(super::support::bot::Answer::handled());
    stage.warmline.start_again();
    agent.say_in(&room, "quickly");
    hears(&agent, &room, "quickly");
    wait::until("both arrive", wait::SOON, || {
        (stage.told(&ticket).len() == 2).then_some(())
    });
    assert_eq!(stage.told(&ticket), ["slowly", "quickly"]);
}
