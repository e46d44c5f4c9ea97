//! A password is changed: what was opened with the one of before ends, and nothing else.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE};
use serde_json::json;
use warmline::config::PasswordHash;

use super::world::{Browser, CAROLS, Reply, World, basic};

const USERS: &str = "/restapi/v1/users";
const DORA: (&str, &str) = ("dora", "dora's first");
const CAROL: (&str, &str) = ("carol", CAROLS);
const HER: &str = "dora@workgroup.acme.example";

async fn make_dora(world: &World) {
    let body = json!({"username": DORA.0, "password": DORA.1}).to_string();
    assert_eq!(world.master("POST", USERS, &body).await.status, 201);
}

async fn change(world: &World, name: &str, to: &str) {
    let body = json!({"password": to}).to_string();
    let reply = world.master("PUT", &format!("{USERS}/{name}"), &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

async fn by_password(world: &World, who: (&str, &str)) -> Browser {
    let request = world.request(Method::GET, &format!("/sse/{}", who.0));
    Browser::open(request.header(AUTHORIZATION, basic(who))).await
}

/// A ticket, as it is used in the path.
async fn ticket(world: &World, who: (&str, &str)) -> String {
    let given = world.user(who, "POST", "/chat/tickets").await.json();
    let ticket = given["ticket"].as_str().expect("a ticket");
    format!("/sse/{}?token={ticket}", who.0)
}

fn cookie(browser: &Browser) -> String {
    let cookie = browser.response.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn status(request: reqwest::RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

/// Reads to the end; fails the test where it does not come.
async fn ends(mut browser: Browser) {
    while browser.next().await.is_some() {}
}

async fn tells(browser: &mut Browser, body: &str) {
    loop {
        let event = browser.next().await.expect("the stream goes on");
        if event.data["body"] == body {
            return;
        }
    }
}

async fn login(world: &World, who: (&str, &str)) -> String {
    let path = format!("/chat/{}/login", who.0);
    let reply = world.user(who, "POST", &path).await;
    assert_eq!(reply.status, 200);
    reply.text
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_were_opened_with_the_old_password_end_and_no_others() {
    let world = World::new().await;
    make_dora(&world).await;
    let stream = login(&world, DORA).await;
    let mut masters = world.watch("dora", None).await;
    login(&world, CAROL).await;
    let mut carols = by_password(&world, CAROL).await;
    let old = by_password(&world, DORA).await;
    let ticketed = Browser::open(world.request(Method::GET, &ticket(&world, DORA).await)).await;
    let with_cookie = cookie(&ticketed);
    let request = world.request(Method::GET, "/sse/dora");
    let cookied = Browser::open(request.header(COOKIE, &with_cookie)).await;
    let by_stream = format!("/sse/dora?token={stream}");
    let streamed = Browser::open(world.request(Method::GET, &by_stream)).await;
    change(&world, "dora", "another").await;
    for browser in [old, ticketed, cookied, streamed] {
        ends(browser).await;
    }
    // The session, and whoever was let in otherwise, go on.
    assert!(world.players.is_open(HER));
    for (bare, browser) in [
        (HER, &mut masters),
        ("carol@workgroup.acme.example", &mut carols),
    ] {
        world
            .players
            .happens(bare, super::accounts::said("still here"));
        tells(browser, "still here").await;
    }
    // Nobody comes back with what was given for the old one.
    let request = world.request(Method::GET, "/sse/dora");
    assert_eq!(status(request.header(COOKIE, &with_cookie)).await, 401);
    assert_eq!(status(world.request(Method::GET, &by_stream)).await, 401);
    let request = world.request(Method::GET, "/sse/dora");
    assert_eq!(
        status(request.header(AUTHORIZATION, basic(DORA))).await,
        401
    );
    // The stream id still names the session, for whoever has the new password; a login gives another.
    let now = ("dora", "another");
    let path = format!("/chat/{stream}/contacts");
    assert_eq!(world.user(now, "GET", &path).await.status, 200);
    let fresh = login(&world, now).await;
    assert_ne!(fresh, stream);
    assert_eq!(login(&world, now).await, fresh, "and the same from then on");
    let mut again =
        Browser::open(world.request(Method::GET, &format!("/sse/dora?token={fresh}"))).await;
    world
        .players
        .happens(HER, super::accounts::said("and here"));
    tells(&mut again, "and here").await;
    let world = world.restart().await;
    assert_eq!(status(world.request(Method::GET, &by_stream)).await, 401);
    Browser::open(world.request(Method::GET, &format!("/sse/dora?token={fresh}"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_name_ends_nothing() {
    let world = World::new().await;
    make_dora(&world).await;
    login(&world, DORA).await;
    let mut open = by_password(&world, DORA).await;
    let body = json!({"name": "Dora D."}).to_string();
    let path = format!("{USERS}/dora");
    assert_eq!(world.master("PUT", &path, &body).await.status, 200);
    world
        .players
        .happens(HER, super::accounts::said("still here"));
    tells(&mut open, "still here").await;
}

/// The configuration's passwords are read at the start.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_for_a_password_of_the_configuration_ends_with_it() {
    let world = World::new().await;
    let stream = login(&world, CAROL).await;
    let with_cookie =
        cookie(&Browser::open(world.request(Method::GET, &ticket(&world, CAROL).await)).await);
    let come_back = |world: &World| {
        let request = world.request(Method::GET, "/sse/carol");
        status(request.header(COOKIE, &with_cookie))
    };
    let by_stream =
        |world: &World| status(world.request(Method::GET, &format!("/sse/carol?token={stream}")));
    let mut world = world.restart().await;
    assert_eq!(come_back(&world).await, 200, "the same password");
    assert_eq!(by_stream(&world).await, 200);
    let other = PasswordHash::of("carol's second").unwrap();
    world.settings.accounts.insert("carol".to_owned(), other);
    let mut world = world.restart().await;
    assert_eq!(come_back(&world).await, 401, "another one");
    assert_eq!(by_stream(&world).await, 401);
    let second = ("carol", "carol's second");
    let path = format!("/chat/{stream}/contacts");
    assert_eq!(
        world.user(second, "GET", &path).await.status,
        200,
        "the session goes on"
    );
    let given = ticket(&world, second).await;
    world.settings.accounts.clear();
    let world = world.restart().await;
    let request = world.request(Method::GET, &given);
    assert_eq!(
        Reply::of(request).await.status,
        401,
        "nobody of the configuration any more"
    );
}
