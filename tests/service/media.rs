//! Links to media through the real program: its key, its limits, its restart, its log.

use super::support::config::Config;
use super::support::http::{Reply, Request, read_head};
use super::support::origin::{Act, Origin as Server, file, head};
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::xmpp::Ports;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tokio::runtime::Runtime;
use url::Url;
use warmline::config::Secret;
use warmline::media::{MediaKey, MediaLinks, Origin};
use warmline::store;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
const PUBLIC: &str = "https://help.example.org";
const SECRET: &str = "the-operators-own-key-of-32-letters-and-more";

/// A program that may call this origin of its own network and no other; no XMPP server.
fn program(allowed: SocketAddr, media: &str) -> Warmline {
    let mut config = Config::new(Ports::free());
    config.guarded = true;
    config.http = format!("public_url = \"{PUBLIC}\"");
    config.more =
        format!("[media]\nallow_hosts = [\"{allowed}\"]\n{media}\n[log]\nlevel = \"debug\"\n");
    Warmline::start_unready(&config)
}

/// Links under the key that the program keeps in its store.
fn links(warmline: &Warmline) -> MediaLinks {
    let url = format!("embedded:{}", warmline.dir().join("data").display());
    let key = Runtime::new().expect("a runtime").block_on(async {
        let store = store::peek(&warmline::app::place_of(&url).expect("a place"))
            .await
            .expect("the store");
        MediaKey::kept(store.as_ref()).await.expect("the key")
    });
    links_under(key)
}

fn links_under(key: MediaKey) -> MediaLinks {
    let public = Url::parse(PUBLIC).expect("an address");
    MediaLinks::new(key, &public, Duration::from_secs(600))
}

fn path(links: &MediaLinks, origin: &Origin) -> String {
    let link = links.link(origin).expect("a link");
    link.strip_prefix(PUBLIC).expect("below us").to_owned()
}

fn open(warmline: &Warmline, path: &str) -> Reply {
    let reply = Request::new("GET", path).send(warmline.address());
    reply.expect("an answer")
}

#[test]
fn a_link_outlives_a_crash_of_the_program() {
    let origin = Server::start(|_| file("image/png", PNG));
    let mut warmline = program(origin.address(), "");
    let path = path(
        &links(&warmline),
        &Origin::at(origin.url("/1")).name("a.png"),
    );
    let reply = open(&warmline, &path);
    assert_eq!((reply.status, reply.body.as_slice()), (200, PNG));
    warmline.kill9();
    warmline.start_again_unready();
    let again = open(&warmline, &path);
    assert_eq!((again.status, again.body.as_slice()), (200, PNG));
    let passed = "warmline_media_total{outcome=\"passed\"}";
    wait::until("it is counted", wait::SOON, || {
        (warmline.figure(passed) == Some(1.0)).then_some(())
    });
}

#[test]
fn media_on_its_way_does_not_hold_up_a_stop() {
    let origin = Server::start(|_| vec![head(200, &[]), Act::Send(vec![b'x'; 4000]), Act::Hang]);
    let mut warmline = program(origin.address(), "");
    let path = path(&links(&warmline), &Origin::at(origin.url("/1")));
    let mut stream = TcpStream::connect(warmline.address()).expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut reader = BufReader::new(&stream);
    let begun = read_head(&mut reader).expect("an answer").expect("a head");
    assert_eq!(begun.0, "HTTP/1.1 200 OK");
    warmline.terminate();
}

#[test]
fn what_is_configured_counts() {
    let (upload, other) = (
        Server::start(|seen| match seen.path.as_str() {
            "/large" => file("image/png", &PNG.repeat(100)),
            _ => file("image/png", PNG),
        }),
        Server::start(|_| file("image/png", PNG)),
    );
    let media = format!("key = \"{SECRET}\"\nmax_size = \"1KiB\"");
    let warmline = program(upload.address(), &media);
    let links = links_under(MediaKey::from_secret(&Secret::new(SECRET)));
    let status = |origin: &Origin| open(&warmline, &path(&links, origin)).status;
    assert_eq!(status(&Origin::at(upload.url("/small"))), 200);
    assert_eq!(status(&Origin::at(upload.url("/large"))), 502);
    assert_eq!(status(&Origin::at(other.url("/small"))), 403);
    assert_eq!(other.seen().len(), 0);
    let figure =
        |outcome| warmline.figure(&format!("warmline_media_total{{outcome=\"{outcome}\"}}"));
    assert_eq!(figure("too_large"), Some(1.0));
    assert_eq!(figure("forbidden"), Some(1.0));
    wait::until("the whole one is counted", wait::SOON, || {
        (figure("passed") == Some(1.0)).then_some(())
    });
}

#[test]
fn nothing_of_a_link_is_logged() {
    let origin = Server::start(|seen| match seen.path.as_str() {
        "/good-254700000001?token=hush-hush" => file("image/png", PNG),
        _ => vec![head(500, &["Content-Length: 0"])],
    });
    let warmline = program(origin.address(), "");
    let links = links(&warmline);
    let media = |url: String| {
        let origin = Origin::at(url).name("visitors-name.png");
        path(
            &links,
            &origin.header(reqwest::header::AUTHORIZATION, "Bearer hush-hush"),
        )
    };
    let good = media(origin.url("/good-254700000001?token=hush-hush"));
    assert_eq!(open(&warmline, &good).status, 200);
    let bad = media(origin.url("/bad-254700000001?token=hush-hush"));
    assert_eq!(open(&warmline, &bad).status, 502);
    let forbidden = media("http://10.9.8.7/254700000001?token=hush-hush".into());
    assert_eq!(open(&warmline, &forbidden).status, 403);
    let forged = good.replace("visitors-name", "another-name");
    assert_eq!(open(&warmline, &forged).status, 404);
    warmline.wait_log("not a link of ours");
    let log = warmline.log();
    let address = origin.address().to_string();
    let sealed = good.split('/').nth(2).expect("a sealed part");
    let words = [
        "254700000001",
        "hush",
        "10.9.8.7",
        "-name",
        sealed,
        &address,
    ];
    for word in words {
        assert!(!log.contains(word), "{word} in the log: {log}");
    }
}

#[test]
fn without_a_public_address_there_is_no_route() {
    let config = Config::new(Ports::free());
    let warmline = Warmline::start_unready(&config);
    let reply = open(&warmline, "/media/x/y");
    assert_eq!(
        (reply.status, reply.string("error").as_str()),
        (404, "no such path")
    );
}
