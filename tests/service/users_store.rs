//! The store fails while users talk; and the figures of users.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::support::agents::People;
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::redis::Redis;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, Visitor, Web, bare, with_chat_api};
use super::support::xmpp::{Server, jid};

fn program(server: &Prosody, redis: &Redis) -> Warmline {
    let mut config = Config::new(server.ports());
    config.store = redis.url();
    with_chat_api(&mut config, server, &[jid("agent3")]);
    Warmline::start(&config)
}

/// What became of each message.
#[derive(Default)]
struct Sent {
    taken: Vec<String>,
    refused: Vec<String>,
}

/// Posts numbered messages until it is told to stop.
fn talk(web: &Web, to: &str, (stop, counts): (&AtomicBool, &[AtomicUsize; 2])) -> Sent {
    let mut sent = Sent::default();
    let path = format!("/messages/{to}");
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let text = format!("{} {number}", web.name);
        let reply = web.chat("POST", &path, &text);
        match reply.status {
            200 => {
                sent.taken.push(text);
                counts[0].fetch_add(1, Ordering::SeqCst);
            }
            status => {
                assert_eq!(status, 503, "{}", String::from_utf8_lossy(&reply.body));
                assert_eq!(reply.json()["message"], "the store does not answer");
                assert!(reply.header("retry-after").is_some());
                sent.refused.push(text);
                counts[1].fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    sent
}

fn at_least(count: &AtomicUsize, number: usize) {
    wait::until("so many", wait::START, || {
        (count.load(Ordering::SeqCst) >= number).then_some(())
    });
}

#[test]
fn a_store_that_fails_while_users_talk_costs_nothing_that_was_taken() {
    let mut redis = Redis::start();
    let server = Prosody::start();
    let warmline = program(&server, &redis);
    let address = warmline.address();
    let alice = Web::log_in(address, "alice", (Family::Source, Kind::Bridge));
    let bob = Web::log_in(address, "bob", (Family::Readme, Kind::Bridge));
    let people = People::start();
    let stranger = people.log_in("agent1", server.ports());
    stranger.show("available");
    let (stop, counts) = (AtomicBool::new(false), Default::default());
    let (mut to_bob, mut to_alice) = (Sent::default(), Sent::default());
    std::thread::scope(|scope| {
        let [taken, refused]: &[AtomicUsize; 2] = &counts;
        let one = scope.spawn(|| talk(&alice, &bob.jid(), (&stop, &counts)));
        let other = scope.spawn(|| talk(&bob, &alice.jid(), (&stop, &counts)));
        at_least(taken, 30);
        redis.kill();
        at_least(refused, 10);
        while_it_fails(&warmline, &alice);
        stranger.say(&bob.jid(), "said meanwhile");
        redis.start_again();
        let before = taken.load(Ordering::SeqCst);
        at_least(taken, before + 30);
        stop.store(true, Ordering::SeqCst);
        to_bob = one.join().expect("alice says all");
        to_alice = other.join().expect("bob says all");
    });
    for (sent, hearer) in [(&to_bob, &bob), (&to_alice, &alice)] {
        heard_all(sent, hearer);
    }
    bob.events.wait("the stranger's words", |e| {
        e.text("body") == "said meanwhile"
    });
    // The sessions live on, with their stream ids and their streams.
    alice.does(
        "POST",
        &format!("/messages/{}", jid("agent1")),
        "still here",
    );
    stranger.wait("the words", |e| e.get("body") == "still here");
    assert_eq!(
        warmline.figure("warmline_user_sessions{kind=\"bridge\"}"),
        Some(2.0)
    );
}

/// Everything that was taken is heard once and in order. What was refused may have been on its way when
/// the store failed: it is heard once at most, and only what was.
fn heard_all(sent: &Sent, hearer: &Web) {
    let last = sent.taken.last().expect("something was taken");
    hearer
        .events
        .wait("the last one", |event| event.text("body") == last);
    let heard: Vec<String> = hearer
        .events
        .events()
        .iter()
        .filter(|event| event.name == "chatapi.chat")
        .map(|event| event.text("body").to_owned())
        .collect();
    let all: Vec<&String> = heard
        .iter()
        .filter(|text| sent.taken.contains(text))
        .collect();
    assert!(
        all.iter().copied().eq(&sent.taken),
        "{all:?}\n{:?}",
        sent.taken
    );
    for text in &sent.refused {
        let times = heard.iter().filter(|other| *other == text).count();
        assert!(times <= 1, "{text}: {times} times");
    }
    let done = sent
        .refused
        .iter()
        .filter(|text| heard.contains(text))
        .count();
    assert!(
        done <= 1,
        "{done} of {} refused ones were done",
        sent.refused.len()
    );
}

/// Every call that would change something is refused with the entity.
fn while_it_fails(warmline: &Warmline, alice: &Web) {
    for (method, path, body) in [
        ("POST", "/presence?show=dnd", ""),
        ("POST", "/contacts/friend@example.test", ""),
        ("POST", "/users/colour", "blue"),
        ("DELETE", "/users/colour", ""),
        ("PUT", "/rooms/lasting", ""),
        ("POST", "/tickets", ""),
        ("GET", "/messages", ""),
    ] {
        let reply = alice.chat(method, path, body);
        assert_eq!(reply.status, 503, "{method} {path}");
        let error = reply.json();
        assert!(
            error["ressource"].is_string() && error["exception"].is_string(),
            "{error}"
        );
    }
    assert_eq!(warmline.get("/healthz").status, 200);
}

#[test]
fn figures_tell_of_sessions_streams_and_events() {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[bare(Kind::Bridge, "alice")]);
    let warmline = Warmline::start(&config);
    let shows = |series: &str, value: f64| {
        let shown = wait::poll(wait::SOON, || {
            (warmline.figure(series) == Some(value)).then_some(())
        });
        let have = warmline.figure(series);
        shown.unwrap_or_else(|| panic!("{series} is {have:?}, not {value}"));
    };
    let sessions = |kind: &str| format!("warmline_user_sessions{{kind=\"{kind}\"}}");
    let streams = |whose: &str| format!("warmline_event_streams{{whose=\"{whose}\"}}");
    for kind in ["bridge", "c2s"] {
        shows(&sessions(kind), 0.0);
    }
    shows(&streams("user"), 0.0);
    shows("warmline_events_total", 0.0);
    let address = warmline.address();
    let alice = Web::log_in(address, "alice", (Family::Source, Kind::Bridge));
    let bob = Web::log_in(address, "bob", (Family::Readme, Kind::Bridge));
    let real = Web::log_in(address, "agent1", (Family::Source, Kind::Account));
    let visitor = Visitor::ask(address, "vera", Family::Readme);
    shows(&sessions("bridge"), 2.0);
    shows(&sessions("c2s"), 1.0);
    shows(&streams("user"), 3.0);
    shows(&streams("visitor"), 1.0);
    alice.events.kind("offerReceived");
    let before = warmline.figure("warmline_events_total").expect("a figure");
    assert!(before >= 4.0, "{before}");
    alice.does("POST", &format!("/messages/{}", bob.jid()), "hello");
    bob.events
        .wait("the words", |event| event.text("body") == "hello");
    // The stanza, and what it means.
    assert!(warmline.figure("warmline_events_total") >= Some(before + 2.0));
    for web in [&alice, &bob, &real] {
        web.does("POST", "/logoff", "");
    }
    assert_eq!(visitor.call("DELETE", "").status, 200);
    shows(&sessions("bridge"), 0.0);
    shows(&sessions("c2s"), 0.0);
    shows(&streams("user"), 0.0);
    shows(&streams("visitor"), 0.0);
}
