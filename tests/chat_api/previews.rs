//! Previews of links: who may ask for one, what is fetched and what is not.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::json;
use url::Host;
use warmline::chat_api::previews;
use warmline::outbox::{AllowedHost, Fetcher};

use super::ask::ask;
use super::players::{PASSWORD, Players};
use super::support::origin::{Act, Origin, file, head, redirect};
use super::world::{CAROLS, Reply, World, agreeable, basic, settings};

const PAGE: &str = "<!doctype html><title>Plain</title><meta property='og:title' content='Grüße &amp; more'>\
     <meta property='og:image' content='/pic.png'><meta name=description content='What it is about.'>";

/// A world that may call public addresses, and these of this machine.
async fn guarded(but: &[SocketAddr]) -> World {
    let mut fetching = previews::fetching(false);
    let hosts = but.iter().map(|address| AllowedHost {
        host: Host::parse(&address.ip().to_string()).unwrap(),
        port: Some(address.port()),
    });
    fetching.allow_hosts = hosts.collect();
    let mut players = Players::new();
    players.pages = Some(Fetcher::new(&fetching).unwrap());
    let dir = Arc::new(tempfile::tempdir().unwrap());
    World::on(dir, settings(), (agreeable, players)).await
}

fn path(url: &str) -> String {
    let encoded = URL_SAFE_NO_PAD.encode(url);
    format!("/restapi/v1/ask/previewlink/3/{encoded}")
}

async fn preview(world: &World, url: &str) -> Reply {
    world.master("GET", &path(url), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_tells_of_itself() {
    let page = Origin::start(|seen| match seen.path.as_str() {
        "/old" => redirect("/news/today"),
        _ => file("text/html; charset=utf-8", PAGE.as_bytes()),
    });
    let world = guarded(&[page.address()]).await;
    let reply = preview(&world, &page.url("/old")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let expected = json!({
        "title": "Grüße & more", "image": page.url("/pic.png"),
        "descriptionShort": "What it is about.",
    });
    assert_eq!(reply.json(), expected);
    let seen = page.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].header("cookie"), None);
    assert_eq!(
        seen[1].header("authorization"),
        None,
        "nobody's credentials"
    );
    // As browsers' own function writes it, with what stands in no path encoded.
    let usual = STANDARD.encode(page.url("/~?>>?"));
    let usual = usual.replace('/', "%2F").replace('=', "%3D");
    let reply = world
        .master("GET", &format!("/ask/previewlink/3/{usual}"), "")
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_network_is_not_looked_into() {
    let inside = Origin::start(|_| file("text/html", PAGE.as_bytes()));
    let port = inside.address().port();
    let targets = [
        inside.url("/hush"),
        format!("http://localhost:{port}/hush"),
        format!("http://127.1:{port}/hush"),
        format!("http://[::ffff:127.0.0.1]:{port}/hush"),
        format!("http://2130706433:{port}/hush"),
        "http://169.254.169.254/latest/hush".to_owned(),
        "http://10.0.0.1/hush".to_owned(),
        "http://[fd00::1]/hush".to_owned(),
    ];
    let named: Arc<Vec<String>> = Arc::new(targets.to_vec());
    let outside = Origin::start(move |seen| {
        let number: usize = seen.path.trim_start_matches('/').parse().unwrap();
        redirect(&named[number])
    });
    let world = guarded(&[outside.address()]).await;
    for (number, target) in targets.iter().enumerate() {
        for url in [target.clone(), outside.url(&format!("/{number}"))] {
            let reply = preview(&world, &url).await;
            assert_eq!(reply.status, 403, "{url}: {}", reply.text);
            assert_eq!(
                reply.json()["message"],
                "this address may not be fetched from here"
            );
        }
    }
    assert_eq!(inside.seen().len(), 0, "nobody called");
    let picture = format!(
        "<meta property=og:image content='{}'><title>T</title>",
        inside.url("/x")
    );
    let page = Origin::start(move |_| file("text/html", picture.as_bytes()));
    let world = guarded(&[page.address()]).await;
    let reply = preview(&world, &page.url("/")).await;
    assert_eq!(
        reply.json(),
        json!({"title": "T"}),
        "nor is anybody sent there for a picture"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_none() {
    let origin = Origin::start(|seen| match seen.path.as_str() {
        "/picture" => file("image/png", b"\x89PNG"),
        "/json" => file("application/json", b"{\"a\": \"<title>x</title>\"}"),
        "/nothing" => vec![head(200, &["Content-Length: 0"])],
        "/gone" => vec![head(404, &["Content-Length: 0"])],
        "/secret" => vec![head(401, &["Content-Length: 0"])],
        "/broken" => vec![head(500, &["Content-Length: 0"])],
        "/lost" => redirect("http://[::1"),
        "/again" => redirect("/again"),
        "/cut" => vec![head(
            200,
            &["Content-Type: text/html", "Content-Length: 100"],
        )],
        _ => Vec::new(),
    });
    let world = guarded(&[origin.address()]).await;
    for (at, status) in [
        ("/picture", 404),
        ("/json", 404),
        ("/nothing", 404),
        ("/gone", 404),
        ("/secret", 502),
        ("/broken", 502),
        ("/lost", 502),
        ("/again", 502),
        ("/cut", 502),
        ("/closed", 502),
    ] {
        let reply = preview(&world, &origin.url(at)).await;
        assert_eq!(reply.status, status, "{at}: {}", reply.text);
        assert!(reply.json()["message"].is_string(), "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_and_silent_pages_are_given_up() {
    let origin = Origin::start(|seen| match seen.path.as_str() {
        "/endless" => {
            let page = format!("{PAGE}<body>");
            let head = head(200, &["Content-Type: text/html"]);
            vec![head, Act::Send(page.into_bytes()), Act::Pour]
        }
        _ => vec![head(200, &["Content-Type: text/html"]), Act::Hang],
    });
    let world = guarded(&[origin.address()]).await;
    let endless = preview(&world, &origin.url("/endless")).await;
    assert_eq!(endless.status, 200, "{}", endless.text);
    assert_eq!(endless.json()["title"], "Grüße & more");
    super::patience::until("the endless page is hung up on", async || {
        origin.open() == 0
    })
    .await;
    // What the sockets hold between us comes on top of the limit.
    assert!(origin.poured() < 16 * 1024 * 1024, "{}", origin.poured());
    let silent = preview(&world, &origin.url("/silent")).await;
    assert_eq!(silent.status, 504, "{}", silent.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_looked_at_before_anybody_is_called() {
    let world = guarded(&[]).await;
    let bad = |text: &str| format!("/ask/previewlink/3/{text}");
    for path in [
        bad("%21%21"),
        bad("a"),
        bad("_w"),
        path("ftp://example.org/"),
        path("file:///etc/passwd"),
        path("gopher://x.example/"),
        path("example.org"),
        path("http://"),
        path("https://user:secret@example.org/"),
        path(&format!("https://example.org/{}", "x".repeat(5_000))),
    ] {
        let reply = world.master("GET", &path, "").await;
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 400, "{path}: {message}");
        assert!(
            message.starts_with("the parameter url is wrong: "),
            "{message}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_known_asks_and_not_too_often() {
    let page = Origin::start(|_| file("text/html", PAGE.as_bytes()));
    let world = guarded(&[page.address()]).await;
    let path = path(&page.url("/"));
    let token = ask(&world, "").await.json()["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let get = async |authorization: &str| {
        let request = world.request(Method::GET, &path);
        let request = match authorization {
            "" => request,
            header => request.header("Authorization", header),
        };
        Reply::of(request).await.status
    };
    for refused in ["", "Bearer nonsense", "nonsense"] {
        assert_eq!(get(refused).await, 401, "{refused}");
    }
    assert_eq!(page.seen().len(), 0);
    for user in [("carol", CAROLS), ("robin", PASSWORD)] {
        assert_eq!(get(&basic(user)).await, 200);
    }
    for _ in 0..30 {
        assert_eq!(get(&bearer).await, 200);
    }
    assert_eq!(get(&bearer).await, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_unless_it_is_wanted() {
    let world = World::new().await;
    let reply = preview(&world, "https://example.org/").await;
    assert_eq!(reply.status, 501);
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("link_previews"), "{message}");
}
