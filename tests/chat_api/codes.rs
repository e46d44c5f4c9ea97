//! One-time codes: begun, needed, used up, ended, taken off; over restarts, for users of both kinds.

use base64::Engine as _;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use totp_rs::Totp;
use warmline::store::Table;

use super::credentials::{filled, routes};
use super::players::PASSWORD;
use super::world::{Browser, CAROLS, Reply, World, basic};

pub const CAROL: (&str, &str) = ("carol", CAROLS);
pub const ROBIN: (&str, &str) = ("robin", PASSWORD);

/// The step that an authenticator is in, moved by some.
fn at(moved: i64) -> u64 {
    let now = jiff::Timestamp::now().as_second() / 30 + moved;
    u64::try_from(now).unwrap() * 30
}

/// An authenticator.
pub struct Phone(Totp);

impl Phone {
    /// One that has read the QR code.
    pub fn of(told: &serde_json::Value) -> Self {
        Self(Totp::from_url(told["uri"].as_str().unwrap()).unwrap())
    }

    /// The code of now.
    pub fn code(&self) -> String {
        self.0.generate(at(0)).to_string()
    }

    /// The next one, which is good already.
    pub fn next(&self) -> String {
        self.0.generate(at(1)).to_string()
    }

    /// One that is no code around now.
    pub fn wrong(&self) -> String {
        let near = (-2..=2).map(|moved| self.0.generate(at(moved)).to_string());
        let near: Vec<String> = near.collect();
        let all = (0..6).map(|number| format!("{:06}", number * 111_111));
        all.into_iter().find(|code| !near.contains(code)).unwrap()
    }
}

pub async fn offered(world: &World, who: (&str, &str)) -> Phone {
    let request = world.request(Method::GET, "/restapi/v1/chat/enroll");
    let request = request.header(AUTHORIZATION, basic(who));
    let reply = Reply::of(request.header(ACCEPT, "application/json")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    Phone::of(&reply.json())
}

pub async fn login(world: &World, who: (&str, &str), code: Option<&str>) -> Reply {
    let query = code.map_or_else(String::new, |code| format!("?totp={code}"));
    let path = format!("/chat/{}/login{query}", who.0);
    world.user(who, "POST", &path).await
}

/// Enrols a user, with a session and the code of now.
pub async fn enrolled(world: &World, who: (&str, &str)) -> Phone {
    let phone = offered(world, who).await;
    let reply = login(world, who, Some(&phone.code())).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    phone
}

async fn off(world: &World, who: (&str, &str)) {
    assert_eq!(world.user(who, "POST", "/chat/logoff").await.status, 200);
}

pub async fn contacts(world: &World, who: (&str, &str)) -> u16 {
    world.user(who, "GET", "/chat/contacts").await.status
}

fn says(reply: &Reply, status: u16, words: &str) {
    assert_eq!(reply.status, status, "{}", reply.text);
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(words), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_holds_the_secret_and_nobody_else_is_sent_it() {
    let world = World::new().await;
    let plain = world.user(CAROL, "GET", "/chat/enroll").await;
    assert_eq!(plain.status, 200);
    assert_eq!(plain.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(plain.header("cache-control"), "no-store");
    let image = plain.text.strip_prefix("data:image/svg+xml;base64,");
    let image = base64::engine::general_purpose::STANDARD.decode(image.unwrap());
    let image = String::from_utf8(image.unwrap()).unwrap();
    assert!(
        image.contains("<svg ") && !image.contains("href"),
        "{image}"
    );
    let request = world.request(Method::GET, "/chat/enroll");
    let request = request.header(AUTHORIZATION, basic(CAROL));
    let reply = Reply::of(request.header(ACCEPT, "application/json")).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let told = reply.json();
    assert!(told["url"].as_str().unwrap().starts_with("data:image/svg"));
    assert_ne!(told["url"], plain.text.as_str(), "each time another one");
    let uri = told["uri"].as_str().unwrap();
    let secret = told["secret"].as_str().unwrap();
    let expected = "otpauth://totp/Helpline:carol%40workgroup.acme.example?";
    assert!(uri.starts_with(expected), "{uri}");
    assert!(uri.contains(&format!("secret={secret}")) && secret.len() == 32);
    let stream = login(&world, CAROL, Some(&Phone::of(&told).code()))
        .await
        .text;
    for path in [
        "/restapi/v1/users".to_owned(),
        "/restapi/v1/users/carol".to_owned(),
        format!("/chat/{stream}/users?search=*"),
    ] {
        let reply = world.master("GET", &path, "").await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.text.contains(secret), "{path}");
    }
    let rows = world.store.load(Table::Property).await.unwrap();
    assert!(rows.is_empty(), "it is no property");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_finished_enrolment_locks_nobody_out() {
    let world = World::new().await;
    for who in [CAROL, ROBIN] {
        says(
            &login(&world, who, Some("123456")).await,
            400,
            "no one-time codes",
        );
        let first = offered(&world, who).await;
        assert_eq!(contacts(&world, who).await, 200);
        assert_eq!(login(&world, who, None).await.status, 200);
        says(
            &login(&world, who, Some(&first.wrong())).await,
            401,
            "wrong",
        );
        let second = offered(&world, who).await;
        says(&login(&world, who, Some(&first.code())).await, 401, "wrong");
        assert_eq!(login(&world, who, None).await.status, 200);
        off(&world, who).await;
        assert_eq!(contacts(&world, who).await, 200);
        let code = login(&world, who, Some(&second.code())).await;
        assert_eq!(code.status, 200, "{}", code.text);
        says(&login(&world, who, None).await, 401, "is needed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_enrolled_needs_a_code_at_each_login_and_each_code_once() {
    for (who, kind) in [(CAROL, "bridge"), (ROBIN, "c2s")] {
        let world = World::new().await;
        let phone = offered(&world, who).await;
        let (now, next) = (phone.code(), phone.next());
        let first = login(&world, who, Some(&now)).await;
        assert_eq!((first.status, first.header("x-session-kind")), (200, kind));
        says(&login(&world, who, None).await, 401, "is needed");
        says(&login(&world, who, Some(&now)).await, 401, "used already");
        says(
            &login(&world, who, Some(&phone.wrong())).await,
            401,
            "wrong",
        );
        assert_eq!(
            contacts(&world, who).await,
            200,
            "with the session that is open"
        );
        let again = login(&world, who, Some(&next)).await;
        assert_eq!((again.status, &again.text), (200, &first.text));
        // In the body as well, with and without the master secret.
        let path = format!("/chat/{}/login", who.0);
        let body = world.request(Method::POST, &path).body(who.1);
        says(&Reply::of(body).await, 401, "is needed");
        says(&world.master("POST", &path, who.1).await, 401, "is needed");
        off(&world, who).await;
        says(
            &world.user(who, "GET", "/chat/contacts").await,
            401,
            "log in with one",
        );
        says(&login(&world, who, Some(&next)).await, 401, "used already");
        assert_eq!(contacts(&world, (who.0, "wrong")).await, 401);
    }
}

/// Every route of the document, without a session that was logged in with a code.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_alone_does_nothing() {
    let world = World::new().await;
    let all = routes(&world).await;
    for who in [CAROL, ROBIN] {
        enrolled(&world, who).await;
        off(&world, who).await;
        let before = world.players.orders.lock().unwrap().len();
        let logins = world
            .players
            .logins
            .load(std::sync::atomic::Ordering::SeqCst);
        for (method, path) in &all {
            if path.ends_with("/login") {
                continue;
            }
            let target = filled(path, "ofchat-00000000000000000000000000000000");
            let target = target.replace("alice", who.0);
            let reply = world.user(who, method, &target).await;
            says(&reply, 401, "log in with one first");
            let challenge = reply.header("www-authenticate");
            assert_eq!(challenge, "", "a password is no help: {method} {path}");
        }
        assert_eq!(world.players.orders.lock().unwrap().len(), before);
        let after = world
            .players
            .logins
            .load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(after, logins, "no session was opened");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_and_begun_anew_only_with_a_session() {
    for who in [CAROL, ROBIN] {
        let world = World::new().await;
        let old = enrolled(&world, who).await;
        let next = old.next();
        off(&world, who).await;
        for method in ["GET", "DELETE"] {
            let reply = world.user(who, method, "/chat/enroll").await;
            says(&reply, 401, "log in with one first");
        }
        let in_again = login(&world, who, Some(&next)).await;
        assert_eq!(in_again.status, 200, "{}", in_again.text);
        // A new one that is never confirmed leaves the old one in force.
        let new = offered(&world, who).await;
        says(&login(&world, who, None).await, 401, "is needed");
        says(&login(&world, who, Some(&next)).await, 401, "used");
        assert_eq!(login(&world, who, Some(&new.code())).await.status, 200);
        assert_eq!(world.user(who, "DELETE", "/chat/enroll").await.status, 200);
        assert_eq!(world.user(who, "DELETE", "/chat/enroll").await.status, 200);
        off(&world, who).await;
        assert_eq!(contacts(&world, who).await, 200);
        assert_eq!(login(&world, who, None).await.status, 200);
        let rows = world.store.load(Table::Enrolment).await.unwrap();
        assert!(rows.is_empty(), "nothing is kept of it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_secret_is_as_before_and_takes_codes_off() {
    let world = World::new().await;
    enrolled(&world, CAROL).await;
    enrolled(&world, ROBIN).await;
    off(&world, CAROL).await;
    world.login("carol").await;
    let by_name = world.master("GET", "/chat/contacts?username=carol", "");
    assert_eq!(by_name.await.status, 200);
    for path in [
        "/chat/contacts",
        "/chat/enroll",
        "/sse/carol",
        "/ask/workgroups",
    ] {
        let reply = world.user(CAROL, "GET", path).await;
        assert_eq!(reply.status, 401, "no code was shown: {path}");
    }
    let of = |name: &str| format!("/restapi/v1/users/{name}/enroll");
    for who in [ROBIN, ("dora", PASSWORD)] {
        let reply = world.user(who, "DELETE", &of("carol")).await;
        assert_eq!(reply.status, 403, "{who:?}");
    }
    let bare = world.master("DELETE", "/users/carol/enroll", "").await;
    assert_eq!(bare.status, 404, "only below a prefix");
    assert_eq!(contacts(&world, CAROL).await, 401);
    for name in ["carol", "robin@acme.example"] {
        assert_eq!(world.master("DELETE", &of(name), "").await.status, 200);
        says(
            &world.master("DELETE", &of(name), "").await,
            404,
            "no one-time",
        );
    }
    for who in [CAROL, ROBIN] {
        assert_eq!(login(&world, who, None).await.status, 200);
        assert_eq!(contacts(&world, who).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_restart_sessions_of_our_own_users_count_and_used_codes_do_not() {
    let world = World::new().await;
    let (hers, his) = (offered(&world, CAROL).await, offered(&world, ROBIN).await);
    let (her_code, his_code) = (hers.code(), his.code());
    assert_eq!(login(&world, CAROL, Some(&her_code)).await.status, 200);
    assert_eq!(login(&world, ROBIN, Some(&his_code)).await.status, 200);
    let world = world.restart().await;
    assert_eq!(contacts(&world, CAROL).await, 200, "her session lives on");
    assert_eq!(contacts(&world, ROBIN).await, 401, "his was the server's");
    says(&login(&world, CAROL, Some(&her_code)).await, 401, "used");
    says(&login(&world, ROBIN, Some(&his_code)).await, 401, "used");
    says(&login(&world, ROBIN, None).await, 401, "is needed");
    assert_eq!(login(&world, ROBIN, Some(&his.next())).await.status, 200);
    assert_eq!(contacts(&world, ROBIN).await, 200);
    // With the second stream id that a session has after a restart, too.
    world.login("carol").await;
    let world = world.restart().await;
    assert_eq!(contacts(&world, CAROL).await, 200);
    off(&world, CAROL).await;
    let world = world.restart().await;
    assert_eq!(contacts(&world, CAROL).await, 401);
    world.login("carol").await;
    let world = world.restart().await;
    assert_eq!(contacts(&world, CAROL).await, 401, "nobody showed a code");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_and_cookies_count_while_the_session_is_open() {
    let world = World::new().await;
    // Given before she was enrolled.
    let given = world.user(CAROL, "POST", "/chat/tickets").await.json();
    let early = format!("/sse/carol?token={}", given["ticket"].as_str().unwrap());
    let phone = enrolled(&world, CAROL).await;
    let browser = Browser::open(world.request(Method::GET, &early)).await;
    let cookie = browser.response.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    drop(browser);
    let with_cookie = || {
        let request = world.request(Method::GET, "/sse/carol");
        request.header("Cookie", &cookie)
    };
    off(&world, CAROL).await;
    let ended = Reply::of(world.request(Method::GET, &early)).await;
    says(&ended, 401, "log in with one first");
    assert_eq!(ended.header("www-authenticate"), "");
    says(
        &Reply::of(with_cookie()).await,
        401,
        "log in with one first",
    );
    assert_eq!(login(&world, CAROL, Some(&phone.next())).await.status, 200);
    Browser::open(with_cookie()).await;
    let by_password = world.request(Method::GET, "/sse/carol");
    Browser::open(by_password.header(AUTHORIZATION, basic(CAROL))).await;
}
