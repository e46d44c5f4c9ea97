//! How much, how long, how many.

use super::support::http::Request;
use super::support::origin::{Act, Origin as Server, file, head};
use super::support::wait;
use super::world::{PNG, Setup, World, refused};
use std::io::Read;
use std::time::{Duration, Instant};
use warmline::media::Origin;

const LIMIT: u64 = 1 << 20;

fn limited() -> World {
    let mut setup = Setup::default();
    setup.limits.max_size = LIMIT;
    World::with(setup)
}

fn hasty(change: impl FnOnce(&mut Setup)) -> World {
    let mut setup = Setup::default();
    change(&mut setup);
    World::with(setup)
}

#[test]
fn what_is_too_large_by_its_own_word_is_refused_at_once() {
    for (length, status) in [(LIMIT, 200), (LIMIT + 1, 502), (u64::MAX / 2, 502)] {
        let origin = Server::start(move |_| {
            let length_line = format!("Content-Length: {length}");
            let body = vec![b'x'; length.min(LIMIT) as usize];
            vec![head(200, &[&length_line]), Act::Send(body)]
        });
        let reply = limited().open(&Origin::at(origin.url("/hush")));
        assert_eq!(reply.status, status, "{length}");
        if status == 502 {
            let text = refused(&reply, "hush").1;
            assert_eq!(text, "the media is larger than is passed on here");
        }
    }
}

/// A body that the client can tell to have broken off.
fn breaks_off(world: &World, origin: &Server) -> Vec<u8> {
    let (status, headers, mut stream) =
        world.begin("GET", &world.path(&Origin::at(origin.url("/"))));
    assert_eq!(status, 200, "{headers:?}");
    let mut body = Vec::new();
    let end = stream.read_to_end(&mut body);
    assert!(
        !body.ends_with(b"0\r\n\r\n"),
        "a broken body has no end: {end:?}"
    );
    body
}

#[test]
fn media_that_never_ends_is_cut_at_the_limit() {
    let origin = Server::start(|_| vec![head(200, &[]), Act::Pour]);
    let body = breaks_off(&limited(), &origin);
    assert!(
        body.len() as u64 <= LIMIT + LIMIT / 8,
        "{} bytes",
        body.len()
    );
    wait::until("the origin is left", wait::SOON, || {
        (origin.open() == 0).then_some(())
    });
}

#[test]
fn a_lie_about_the_length_is_no_whole_body() {
    let short = Server::start(|_| {
        vec![
            head(200, &["Content-Length: 90000"]),
            Act::Send(vec![b'x'; 5000]),
        ]
    });
    let world = limited();
    let got = Request::new("GET", &world.path(&Origin::at(short.url("/")))).send(world.address);
    assert!(
        got.is_err(),
        "a body that is too short is not passed on as whole"
    );
    let long = Server::start(|_| vec![head(200, &["Content-Length: 5000"]), Act::Pour]);
    let reply = world.open(&Origin::at(long.url("/")));
    assert_eq!((reply.status, reply.body.len()), (200, 5000));
    let broken = Server::start(|_| {
        let chunks = head(200, &["Transfer-Encoding: chunked"]);
        vec![
            chunks,
            Act::Send(b"400\r\n".to_vec()),
            Act::Send(vec![b'x'; 1024]),
        ]
    });
    breaks_off(&world, &broken);
}

#[test]
fn an_origin_that_says_nothing_is_given_up() {
    for acts in [
        vec![Act::Hang],
        vec![head(200, &["Content-Length: 9"]), Act::Hang],
        vec![head(200, &[]), Act::Send(vec![b'x'; 100]), Act::Hang],
    ] {
        let origin = Server::start(move |_| acts.clone());
        let world = hasty(|setup| {
            setup.fetch.silence = Duration::from_millis(300);
            setup.limits.first_byte = Duration::from_millis(300);
        });
        let began = Instant::now();
        let reply = world.open(&Origin::at(origin.url("/hush")));
        let (status, text) = refused(&reply, "hush");
        assert_eq!(status, 504, "{text}");
        assert!(began.elapsed() < wait::SOON);
    }
}

#[test]
fn first_bytes_that_drip_are_given_up() {
    let origin = Server::start(|_| {
        let drip = vec![
            Act::Send(b"x".to_vec()),
            Act::Pause(Duration::from_millis(50)),
        ];
        [vec![head(200, &[])], vec![drip; 1000].concat()].concat()
    });
    let world = hasty(|setup| setup.limits.first_byte = Duration::from_millis(500));
    assert_eq!(world.open(&Origin::at(origin.url("/"))).status, 504);
}

#[test]
fn a_body_that_falls_silent_is_cut() {
    let origin = Server::start(|_| vec![head(200, &[]), Act::Send(vec![b'x'; 4000]), Act::Hang]);
    let world = hasty(|setup| setup.fetch.silence = Duration::from_millis(300));
    breaks_off(&world, &origin);
}

#[test]
fn a_body_that_drips_is_cut_when_its_time_is_over() {
    let origin = Server::start(|_| {
        let drip = vec![
            Act::Send(vec![b'x'; 600]),
            Act::Pause(Duration::from_millis(50)),
        ];
        [vec![head(200, &[])], vec![drip; 1000].concat()].concat()
    });
    let world = hasty(|setup| setup.limits.whole = Duration::from_millis(700));
    let began = Instant::now();
    breaks_off(&world, &origin);
    assert!(
        began.elapsed() < wait::SOON,
        "not the 50 s that all of it takes"
    );
}

#[test]
fn a_client_who_does_not_read_costs_neither_memory_nor_a_place() {
    let origin = Server::start(|seen| match seen.path.as_str() {
        "/pour" => vec![head(200, &[]), Act::Pour],
        _ => file("image/png", PNG),
    });
    let world = hasty(|setup| {
        setup.limits.max_size = u64::MAX;
        setup.limits.max_fetches = 1;
        setup.limits.whole = Duration::from_secs(2);
    });
    let pouring = world.path(&Origin::at(origin.url("/pour")));
    let (status, _, unread) = world.begin("GET", &pouring);
    assert_eq!(status, 200);
    let busy = world.open(&Origin::at(origin.url("/x")));
    assert_eq!(
        refused(&busy, "pour"),
        (503, "too many media at once".into())
    );
    assert_eq!(busy.header("retry-after"), Some("5"));
    wait::until("the place is free again", wait::SOON, || {
        (world.open(&Origin::at(origin.url("/x"))).status == 200).then_some(())
    });
    // What the sockets of the two connections hold; at full speed it would be gigabytes.
    let poured = origin.poured() >> 20;
    assert!(
        poured < 64,
        "{poured} MiB were taken for a client who reads nothing"
    );
    drop(unread);
}

#[test]
fn a_client_who_leaves_ends_the_fetch() {
    let origin = Server::start(|seen| match seen.path.as_str() {
        "/pour" => vec![head(200, &[]), Act::Pour],
        _ => file("image/png", PNG),
    });
    let world = hasty(|setup| {
        setup.limits.max_size = u64::MAX;
        setup.limits.max_fetches = 1;
    });
    let (status, _, stream) = world.begin("GET", &world.path(&Origin::at(origin.url("/pour"))));
    assert_eq!(status, 200);
    assert_eq!(world.open(&Origin::at(origin.url("/x"))).status, 503);
    drop(stream);
    wait::until("the place is free again", wait::SOON, || {
        (world.open(&Origin::at(origin.url("/x"))).status == 200).then_some(())
    });
    wait::until("the origin is left", wait::SOON, || {
        (origin.open() == 0).then_some(())
    });
}
