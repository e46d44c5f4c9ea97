//! A store that fails for long is owed so much and no more.

use std::collections::BTreeSet;

use super::support::agents::{Agent, People};
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::raw::Raw;
use super::support::redis::Redis;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, Web, with_chat_api};
use super::support::xmpp::{MUC, Server, jid};

/// The bound, and what one round may add to it.
const MOST: f64 = 32.0 * 1024.0 * 1024.0;
const ROUND: f64 = 2.0 * 1024.0 * 1024.0;
/// Bytes of one message.
const LARGE: usize = 100_000;
const OWED: &str = "warmline_users_owed_bytes";
const REFUSED: &str = "warmline_stanzas_refused_total{reason=\"store\"}";

fn program(server: &Prosody, redis: &Redis) -> Warmline {
    let mut config = Config::new(server.ports());
    config.store = redis.url();
    with_chat_api(&mut config, server, &[jid("agent3")]);
    Warmline::start(&config)
}

/// Bob is in a room with a friend, whose presence he sees.
fn together(bob: &Web, friend: &Agent) -> String {
    let room = format!("lobby@{MUC}");
    friend.show("available");
    bob.does("PUT", "/rooms/lobby", "");
    friend.join(&room, "friend");
    bob.does("POST", &format!("/contacts/{}", friend.jid()), "");
    sees(bob, "available");
    friend.say_in(&room, "said before");
    hears(bob, "said before");
    room
}

fn sees(bob: &Web, show: &str) {
    wait::until("the friend is seen so", wait::START, || {
        let contacts = bob.does("GET", "/contacts", "").json();
        (contacts["rosterItem"][0]["show"] == show).then_some(())
    });
}

fn hears(bob: &Web, body: &str) {
    bob.events
        .wait("the words", |event| event.text("body") == body);
}

/// Sends large messages until the program takes no more; how many.
fn flood(warmline: &Warmline, stranger: &mut Raw, to: &str) -> usize {
    let text = "x".repeat(LARGE);
    for number in 0..400 {
        stranger.say(&format!(
            "<message type='chat' to='{to}' id='m{number}'><body>{number} {text}</body></message>"
        ));
        let refused = || warmline.figure(REFUSED).is_some_and(|count| count > 0.0);
        if number % 10 == 9 && refused() {
            return number + 1;
        }
    }
    panic!("all of it was taken");
}

/// The numbers of the messages that were refused, when the answer to a request is there.
fn refused(stranger: &mut Raw, to: &str) -> BTreeSet<usize> {
    stranger.say(&format!(
        "<iq type='get' to='{to}' id='last'><ping xmlns='urn:xmpp:ping'/></iq>"
    ));
    let mut refused = BTreeSet::new();
    loop {
        let stanza = stranger.stanza(wait::START).expect("an answer");
        let stanza = stanza.replace('"', "'");
        if stanza.contains("type='error'") {
            assert!(stanza.contains("resource-constraint") && stanza.contains("type='wait'"));
        }
        if stanza.contains("id='last'") {
            assert!(
                stanza.contains("resource-constraint"),
                "no more of anything"
            );
            return refused;
        }
        if let Some((_, rest)) = stanza.split_once("id='m") {
            let number = rest.split('\'').next().expect("an id");
            refused.insert(number.parse().expect("a number"));
        }
    }
}

#[test]
fn a_store_that_fails_for_long_is_owed_so_much_and_nothing_that_was_taken_is_lost() {
    let mut redis = Redis::start();
    let server = Prosody::start();
    let warmline = program(&server, &redis);
    let bob = Web::log_in(warmline.address(), "bob", (Family::Source, Kind::Bridge));
    let people = People::start();
    let friend = people.log_in("agent2", server.ports());
    let room = together(&bob, &friend);
    let mut stranger = Raw::log_in("agent1", server.ports());
    assert_eq!(warmline.figure(OWED), Some(0.0));
    redis.kill();
    wait::until("it is noticed", wait::START, || {
        (bob.chat("POST", "/presence?show=away", "").status == 503).then_some(())
    });
    let sent = flood(&warmline, &mut stranger, &bob.jid());
    let refused = refused(&mut stranger, &bob.jid());
    assert!(!refused.is_empty() && refused.len() < sent);
    let owed = wait::until("it is told how much is owed", wait::SOON, || {
        warmline.figure(OWED).filter(|owed| *owed >= MOST)
    });
    assert!(owed < MOST + ROUND, "{owed} bytes");
    // Nobody is told that these are not taken: they are looked for when the store is back.
    friend.say_in(&room, "said meanwhile");
    friend.show("dnd");
    friend.settle_with(&room);
    assert_eq!(warmline.get("/healthz").status, 200);
    redis.start_again();
    hears(&bob, "said meanwhile");
    sees(&bob, "dnd");
    stranger.say(&format!(
        "<message type='chat' to='{}'><body>the last</body></message>",
        bob.jid()
    ));
    hears(&bob, "the last");
    heard_all(&bob, (sent, &refused));
    wait::until("nothing is owed", wait::SOON, || {
        (warmline.figure(OWED) == Some(0.0)).then_some(())
    });
    let put_out = friend.take_now(|event| {
        event.kind() == "presence" && event.nick() == "bob" && event.get("type") == "unavailable"
    });
    assert!(put_out.is_none(), "the room knows nothing of it");
    bob.does("POST", "/rooms/lobby", "still here");
    friend.wait("his words", |event| event.get("body") == "still here");
}

/// All that was not refused, each once and in order, and nothing else.
fn heard_all(bob: &Web, (sent, refused): (usize, &BTreeSet<usize>)) {
    let taken: Vec<String> = (0..sent)
        .filter(|number| !refused.contains(number))
        .map(|number| number.to_string())
        .collect();
    let events = bob.events.events().into_iter();
    let heard: Vec<String> = events
        .filter(|event| event.name == "chatapi.chat" && event.text("body").len() > LARGE)
        .map(|event| {
            event
                .text("body")
                .split(' ')
                .next()
                .unwrap_or("")
                .to_owned()
        })
        .collect();
    assert_eq!(heard, taken);
    let meanwhile = bob.events.events().into_iter();
    let meanwhile = meanwhile
        .filter(|event| event.name == "chatapi.muc" && event.text("body") == "said meanwhile");
    assert_eq!(meanwhile.count(), 1, "once");
}
