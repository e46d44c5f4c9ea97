//! Sessions over restarts, and their ends.

use warmline::users::{EndReason, Order, UserEvent};

use super::patience;
use super::players::PASSWORD;
use super::world::World;

const ALICE: &str = "alice@workgroup.acme.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_id_of_our_own_domain_is_good_after_a_restart() {
    let world = World::new().await;
    let stream = world.login("alice").await;
    let off = world.login("bob").await;
    world
        .master("POST", &format!("/chat/{off}/logoff"), "")
        .await;
    let world = world.restart().await;
    let path = format!("/restapi/v1/chat/{stream}/contacts");
    assert_eq!(world.master("GET", &path, "").await.status, 200);
    let last = world.players.orders.lock().unwrap().last().cloned();
    assert_eq!(last, Some((ALICE.to_owned(), Order::Contacts)));
    let path = format!("/restapi/v1/chat/{off}/contacts");
    assert_eq!(
        world.master("GET", &path, "").await.status,
        404,
        "who logged off stays off"
    );
}

/// It is taken up by its resource, so that presence, rooms and workgroups are as they were: whoever
/// was away or had stopped to serve is not shown as free.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_as_it_was() {
    let world = World::new().await;
    world.login("alice").await;
    world.login("bob").await;
    let before = world.players.jid_of(ALICE);
    world.players.orders.lock().unwrap().clear();
    let world = world.restart().await;
    assert_eq!(world.players.jid_of(ALICE), before);
    world.login("alice").await;
    assert_eq!(world.players.jid_of(ALICE), before);
    assert_eq!(*world.players.orders.lock().unwrap(), []);
    // A new session after that is a new one.
    let stream = world.login("alice").await;
    let off = format!("/chat/{stream}/logoff");
    assert_eq!(world.master("POST", &off, "").await.status, 200);
    world.login("alice").await;
    assert_ne!(world.players.jid_of(ALICE), before);
    let orders = world.players.orders.lock().unwrap();
    let shown = |(_, order): &(String, Order)| matches!(order, Order::Presence { .. });
    assert!(orders.iter().any(shown), "{orders:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_server_ends_is_gone() {
    let world = World::new().await;
    let robin = ("robin", PASSWORD);
    let login = world.user(robin, "POST", "/chat/robin/login").await;
    let path = format!("/chat/{}/contacts", login.text);
    assert_eq!(world.user(robin, "GET", &path).await.status, 200);
    let ended = UserEvent::Ended(EndReason::Replaced);
    world.players.happens("robin@acme.example", ended);
    patience::until("the end", async || {
        world.user(robin, "GET", &path).await.status == 404
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_logins_at_once_are_one_session() {
    let world = World::new().await;
    let logins = (0..20).map(|_| world.login("alice"));
    let streams = futures::future::join_all(logins).await;
    assert!(streams.iter().all(|stream| *stream == streams[0]));
    let count = world
        .players
        .logins
        .load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(count, 1);
}
