//! Readers that are slow, silent, cut off, or many.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use warmline::users::{ChatKind, UserEvent, Written};

use super::patience;
use super::world::{Browser, MASTER, World};

const ALICE: &str = "alice@workgroup.acme.example";

fn chat(number: usize, length: usize) -> UserEvent {
    UserEvent::Chat(
        ChatKind::Chat,
        Written {
            id: Some(number.to_string()),
            body: "x".repeat(length),
            ..Written::default()
        },
    )
}

async fn numbers(browser: &mut Browser, until: usize) -> (Vec<usize>, u64) {
    let (mut seen, mut at) = (Vec::new(), 0);
    while let Some(event) = browser.next().await {
        at = event.id;
        if let Some(number) = event.data["id"].as_str() {
            seen.push(number.parse().unwrap());
        }
        if seen.last() == Some(&until) {
            break;
        }
    }
    (seen, at)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_gives_a_sign_of_life() {
    let world = World::new().await;
    world.login("alice").await;
    let mut browser = world.watch("alice", None).await;
    browser.read().await;
    let begun = Instant::now();
    let before = browser.comments;
    while browser.comments == before {
        assert!(browser.read().await, "the stream ended");
    }
    let pause = begun.elapsed();
    assert!((8..15).contains(&pause.as_secs()), "{pause:?}");
}

/// Everything that still comes; one that was not let go would go on for ever.
fn read_on(mut socket: TcpStream) -> Vec<u8> {
    let (mut all, mut some) = (Vec::new(), vec![0; 64 * 1024]);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        match socket.read(&mut some) {
            Ok(count) if count > 0 => all.extend_from_slice(&some[..count]),
            _ => break,
        }
    }
    all
}

/// A reader that does not read is let go, holds nobody else up meanwhile, and resumes without a loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_never_reads_is_let_go_and_resumes() {
    const EVENTS: usize = 4_000;
    let world = World::new().await;
    world.login("alice").await;
    let mut slow = TcpStream::connect(world.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let head = format!(
        "GET /sse/alice HTTP/1.1\r\nHost: {}\r\nAuthorization: {MASTER}\r\n\r\n",
        world.address
    );
    slow.write_all(head.as_bytes()).unwrap();
    let mut first = [0_u8; 1];
    slow.read_exact(&mut first).unwrap();
    let mut quick = world.watch("alice", None).await;
    let players = world.players.clone();
    // More than the system's buffers hold, and quicker than anybody reads.
    for number in 0..EVENTS {
        players.happens(ALICE, chat(number, 4_000));
    }
    let (seen, _) = numbers(&mut quick, EVENTS - 1).await;
    assert!(seen.iter().copied().eq(0..EVENTS), "{} events", seen.len());

    // Nothing is read for longer than a connection may stall.
    let begun = Instant::now();
    let enough = Duration::from_secs(45);
    let mut keeping = 0;
    while begun.elapsed() < enough {
        players.happens(ALICE, chat(EVENTS, 1));
        keeping += usize::from(quick.read().await);
    }
    assert!(keeping > 0);
    let read = tokio::task::spawn_blocking(move || read_on(slow));
    let bytes = read.await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    let mut ids = whole.lines().filter_map(|line| line.strip_prefix("id: "));
    let last: u64 = ids
        .next_back()
        .expect("some events")
        .trim()
        .parse()
        .unwrap();
    let had = whole.matches("\nevent: chatapi.chat\n").count();
    assert!(had < EVENTS, "it was not let go");
    let mut again = world.watch("alice", Some(last)).await;
    let (rest, _) = numbers(&mut again, EVENTS - 1).await;
    assert!(
        rest.iter().copied().eq(had..EVENTS),
        "from {had}: {:?}",
        rest.first()
    );
}

/// Cut off again and again while events flow: every one comes once, in order.
#[tokio::test(flavor = "multi_thread")]
async fn cut_off_again_and_again() {
    const EVENTS: usize = 300;
    let world = World::new().await;
    world.login("alice").await;
    let mut browser = world.watch("alice", None).await;
    let players = world.players.clone();
    let flow = tokio::spawn(async move {
        for number in 0..EVENTS {
            players.happens(ALICE, chat(number, 10));
            tokio::task::yield_now().await;
        }
    });
    let (mut seen, mut at) = (Vec::new(), 0);
    while seen.len() < EVENTS {
        for _ in 0..7 {
            let Some(event) = browser.next().await else {
                break;
            };
            at = event.id;
            if let Some(number) = event.data["id"].as_str() {
                seen.push(number.parse::<usize>().unwrap());
            }
            if seen.len() == EVENTS {
                break;
            }
        }
        browser = world.watch("alice", Some(at)).await;
    }
    flow.await.unwrap();
    assert!(seen.iter().copied().eq(0..EVENTS), "{} events", seen.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_readers_over_a_restart() {
    const READERS: usize = 500;
    let world = World::new().await;
    world.login("alice").await;
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(world.watch("alice", None).await);
    }
    world.players.happens(ALICE, chat(0, 10));
    let mut places = Vec::new();
    for reader in &mut readers {
        let (seen, at) = numbers(reader, 0).await;
        assert_eq!(seen, [0]);
        places.push(at);
    }
    let world = world.restart().await;
    for reader in &mut readers {
        while reader.next().await.is_some() {}
    }
    world.players.happens(ALICE, chat(1, 10));
    for at in places {
        let mut reader = world.watch("alice", Some(at)).await;
        assert_eq!(numbers(&mut reader, 1).await.0, [1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_uses_or_watches_ends() {
    let mut settings = super::world::settings();
    settings.session_idle = Duration::from_millis(1500);
    let world = World::with(settings, super::world::agreeable).await;
    let stream = world.login("alice").await;
    let path = format!("/restapi/v1/chat/{stream}/contacts");
    let mut watched = world.watch("alice", None).await;
    let begun = Instant::now();
    patience::until("some time", async || {
        begun.elapsed() > Duration::from_secs(4)
    })
    .await;
    let reply = world.master("GET", &path, "").await;
    assert_eq!(reply.status, 200, "being watched is a use");
    assert!(watched.read().await);
    drop(watched);
    patience::until("the end of the session", async || {
        !world.players.is_open(ALICE)
    })
    .await;
    let reply = world.master("GET", &path, "").await;
    assert_eq!(reply.status, 404);
}
