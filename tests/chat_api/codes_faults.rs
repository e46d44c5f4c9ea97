//! What somebody tries who has the password of an enrolled user, and not the phone; and races.

use std::sync::atomic::Ordering;

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use warmline::store::Table;

use super::codes::{CAROL, ROBIN, contacts, enrolled, login, offered};
use super::world::{Reply, World, agreeable, basic, settings};

#[tokio::test(flavor = "multi_thread")]
async fn of_logins_at_once_with_one_code_one_counts() {
    for who in [CAROL, ROBIN] {
        let world = World::new().await;
        let phone = offered(&world, who).await;
        for code in [phone.code(), phone.next()] {
            let all = (0..4).map(|_| login(&world, who, Some(&code)));
            let replies = join_all(all).await;
            let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 401, 401, 401], "{who:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_are_counted_as_wrong_passwords_are() {
    let world = World::new().await;
    // One attempt more for the password itself.
    let phone = enrolled(&world, CAROL).await;
    let wrong = phone.wrong();
    let mut statuses = Vec::new();
    for number in 0..19 {
        // Fewer codes than one user may try.
        let code = (number % 3 == 0).then_some(wrong.as_str());
        statuses.push(login(&world, CAROL, code).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 18);
    let last = login(&world, CAROL, Some(&phone.next())).await;
    assert_eq!(last.status, 429, "also with a right one");
    assert!(last.header("retry-after").parse::<u64>().unwrap() > 0);
    let other = contacts(&world, ("nobody", "guess")).await;
    assert_eq!(other, 429, "for passwords, too");
}

/// Who has the password and a thousand addresses.
#[tokio::test(flavor = "multi_thread")]
async fn one_user_s_codes_are_not_guessed_from_many_addresses() {
    let mut settings = settings();
    settings.proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let world = World::with(settings, agreeable).await;
    let phone = enrolled(&world, CAROL).await;
    let wrong = phone.wrong();
    let mut statuses = Vec::new();
    for number in 0..12 {
        let request = world.request(Method::POST, &format!("/chat/carol/login?totp={wrong}"));
        let request = request.header("Authorization", basic(CAROL));
        let request = request.header("X-Forwarded-For", format!("192.0.2.{number}"));
        statuses.push(Reply::of(request).await.status);
    }
    let refused = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!(refused, 9, "ten tries with the first one: {statuses:?}");
    assert_eq!(statuses[9..], [429, 429, 429]);
    assert_eq!(contacts(&world, CAROL).await, 200, "her session goes on");
}

/// The server would know the user by all of them (RFC 7622).
#[tokio::test(flavor = "multi_thread")]
async fn another_spelling_is_the_same_user() {
    let spellings = [
        ("ROBIN", ROBIN.1),
        ("robin@acme.example", ROBIN.1),
        ("\u{ff52}obin", ROBIN.1),
        ("\u{ff52}obin@acme.example", ROBIN.1),
        ("ro\u{ad}bin", ROBIN.1),
        ("robin@ACME.example", ROBIN.1),
        ("robin@acme.example.", ROBIN.1),
        ("robin@acme.example..", ROBIN.1),
        ("robin@\u{ff41}cme.example", ROBIN.1),
        ("carol@workgroup.acme.example", CAROL.1),
        ("\u{ff43}arol", CAROL.1),
        ("\u{ff43}arol@workgroup.acme.example", CAROL.1),
        ("carol@workgroup.acme.example.", CAROL.1),
    ];
    for spelling in spellings {
        let world = World::new().await;
        let who = if spelling.1 == ROBIN.1 { ROBIN } else { CAROL };
        enrolled(&world, who).await;
        assert_eq!(world.user(who, "POST", "/chat/logoff").await.status, 200);
        let logins = world.players.logins.load(Ordering::SeqCst);
        let reply = world.user(spelling, "GET", "/chat/contacts").await;
        assert_eq!(reply.status, 401, "{spelling:?}: {}", reply.text);
        let request = world.request(Method::POST, "/chat/x/login");
        let request = request.header("Authorization", basic(spelling));
        let reply = Reply::of(request.body("{}")).await;
        assert!(
            [401, 403].contains(&reply.status),
            "{spelling:?}: {}",
            reply.text
        );
        assert_eq!(world.players.logins.load(Ordering::SeqCst), logins);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_user_deletes_the_secret() {
    let world = World::new().await;
    let dora = ("dora", "a password of dora's");
    let made = json!({"username": dora.0, "password": dora.1}).to_string();
    let users = "/restapi/v1/users";
    assert_eq!(world.master("POST", users, &made).await.status, 201);
    enrolled(&world, dora).await;
    assert_eq!(world.store.load(Table::Enrolment).await.unwrap().len(), 1);
    let gone = world.master("DELETE", &format!("{users}/dora"), "").await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    assert!(world.store.load(Table::Enrolment).await.unwrap().is_empty());
    assert_eq!(world.master("POST", users, &made).await.status, 201);
    assert_eq!(
        contacts(&world, dora).await,
        200,
        "somebody else has the name"
    );
}

/// Whoever is named in the query: it is the caller's own enrolment, or nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_begins_or_ends_the_codes_of_somebody_else() {
    let world = World::new().await;
    let stream = world.user(CAROL, "POST", "/chat/carol/login").await.text;
    let phone = offered(&world, CAROL).await;
    for method in ["GET", "DELETE"] {
        let path = format!("/chat/enroll?streamid={stream}");
        assert_eq!(world.user(ROBIN, method, &path).await.status, 403);
        let reply = world
            .user(ROBIN, method, "/chat/enroll?username=carol")
            .await;
        assert_eq!(reply.status, 200, "his own");
        let reply = world
            .master(method, "/chat/enroll?username=carol", "")
            .await;
        assert_eq!(reply.status, 400, "{}", reply.text);
    }
    assert_eq!(login(&world, CAROL, Some(&phone.code())).await.status, 200);
}
