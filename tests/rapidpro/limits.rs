//! Wrong, odd and oversized calls: always JSON, never a redirect, and the server goes on.

use super::settings::settings;
use super::world::{CLOSE, MESSAGE, SECRET, TICKET, World, agreeable, request, request_to};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_slash_at_the_end_is_no_redirect() {
    let world = World::new();
    let mut connection = world.connect().await;
    for (method, endpoint, body, status) in [
        ("GET", "secret.check/", "", 200),
        ("GET", "settings/", "", 200),
        ("GET", "room/", TICKET, 201),
        ("GET", "room.close/", CLOSE, 204),
        ("POST", "visitor-message/", MESSAGE, 201),
    ] {
        let answer = connection.exchange(request(method, endpoint, body)).await;
        assert_eq!(answer.status, status, "{endpoint}");
    }
}

#[tokio::test]
async fn wrong_methods_and_paths() {
    let world = World::new();
    for (method, endpoint, allowed) in [
        ("DELETE", "room", "GET, POST"),
        ("PUT", "room.close", "GET, POST"),
        ("GET", "visitor-message", "POST"),
        ("POST", "settings", "GET, PUT"),
        ("POST", "secret.check/", "GET"),
    ] {
        let mut connection = world.connect().await;
        let answer = connection.exchange(request(method, endpoint, "{}")).await;
        assert_eq!(answer.status, 405, "{method} {endpoint}");
        assert_eq!(answer.header("allow"), Some(allowed));
        answer.error();
    }
    for path in [
        "/",
        "/nothing",
        "/api/apps/public",
        "/api/apps/public/",
        "/api/apps/public/x",
        "/api/apps/public/684202ed-1461-4983-9ea7-fde74b15026c",
        "/api/apps/public/684202ed-1461-4983-9ea7-fde74b15026c/rooms",
        "/api/apps/public/684202ed-1461-4983-9ea7-fde74b15026c/room//",
        "/api/apps/public/00000000-0000-4000-8000-000000000000/room",
        "/api/apps/public/%ff%00/room",
    ] {
        let mut connection = world.connect().await;
        let answer = connection.exchange(request_to("GET", path, TICKET)).await;
        assert_eq!(answer.status, 404, "{path}");
        answer.error();
    }
}

#[tokio::test]
async fn the_checks_come_in_the_app_s_order() {
    let mut unset = settings();
    unset.id = warmline::ids::ChannelId::new("unset");
    unset.app_id = "00000000-0000-4000-8000-000000000001".into();
    unset.secret = warmline::channels::Secret::new("");
    let mut world = World::with(vec![settings(), unset], agreeable);
    let broken = text(request("GET", "room", "{"));
    let json = "Content-Type: application/json\r\n";
    let token = format!("Authorization: Token {SECRET}\r\n");
    let plain = broken.replace("application/json", "text/plain");
    let cases = [
        (plain.replace(&token, ""), 400, "Content-Type"),
        (broken.replace(json, ""), 400, "Content-Type"),
        (broken.replace(&token, ""), 403, "wrong secret"),
        (broken.replace("Token ", "token "), 403, "wrong secret"),
        (broken.replace("Token ", "Token  "), 403, "wrong secret"),
        (broken.replace("Token ", "Bearer "), 403, "wrong secret"),
        (broken.replace(SECRET, &SECRET[1..]), 403, "wrong secret"),
        (broken.replace("XYZ", "XYz"), 403, "wrong secret"),
        (broken.replace("XYZ", "XY\u{e9}"), 403, "wrong secret"),
        (broken.clone(), 400, "line 1 column 1"),
        (
            broken
                .replace(
                    "684202ed-1461-4983-9ea7-fde74b15026c",
                    "00000000-0000-4000-8000-000000000001",
                )
                .replace(SECRET, ""),
            403,
            "no secret is configured",
        ),
    ];
    for (call, status, named) in cases {
        let answer = world.connect().await.exchange(call.as_bytes()).await;
        assert_eq!(answer.status, status, "{named}");
        assert!(answer.error().contains(named), "{}", answer.error());
    }
    // No content type is asked for where there is no body.
    let check = text(request("GET", "secret.check", "")).replace(json, "");
    let check = world.connect().await.exchange(check.as_bytes()).await;
    assert_eq!(check.status, 200);
    assert!(world.asked.try_recv().is_err());
}

#[tokio::test]
async fn a_charset_is_no_obstacle() {
    let world = World::new();
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
    ] {
        let call = text(request("GET", "room", TICKET)).replace("application/json", kind);
        let answer = world.connect().await.exchange(call.as_bytes()).await;
        assert_eq!(answer.status, 201);
    }
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_told_by_place() {
    let world = World::new();
    let mut call = request("POST", "visitor-message", r#"{"text":"??"}"#);
    let place = call.windows(2).rposition(|pair| pair == b"??").unwrap();
    call[place] = 0xff;
    let answer = world.connect().await.exchange(&call).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().contains("line 1 column"));
}

#[tokio::test]
async fn a_large_body_is_413_and_the_largest_is_taken() {
    let mut world = World::new();
    let message = |size: usize| {
        let frame = r#"{"visitor":{"token":"1"},"text":""}"#.len();
        let text = "x".repeat(size - frame);
        format!(r#"{{"visitor":{{"token":"1"}},"text":"{text}"}}"#)
    };
    const MIB: usize = 1024 * 1024;
    for (size, status) in [(MIB, 201), (MIB + 1, 413), (2 * MIB, 413), (20 * MIB, 413)] {
        let call = request("POST", "visitor-message", &message(size));
        let answer = world.connect().await.exchange(&call).await;
        assert_eq!(answer.status, status, "{size}");
        if status == 413 {
            assert_eq!(answer.error(), "the body is larger than 1 MiB");
        }
    }
    assert!(matches!(
        world.input().await,
        warmline::bridge::Input::Said(_)
    ));
    assert!(world.asked.try_recv().is_err());
}

#[tokio::test]
async fn a_body_in_chunks_and_in_pieces_is_one_body() {
    let world = World::new();
    let mut connection = world.connect().await;
    let length = format!("Content-Length: {}\r\n", CLOSE.len());
    let head = text(request("GET", "room.close", CLOSE));
    let head = head.replace(&length, "Transfer-Encoding: chunked\r\n");
    let head = head.strip_suffix(CLOSE).unwrap();
    connection.send(head.as_bytes()).await;
    for piece in CLOSE.as_bytes().chunks(5) {
        let size = format!("{:x}\r\n", piece.len());
        connection.send(size.as_bytes()).await;
        connection.send(piece).await;
        connection.send(b"\r\n").await;
        tokio::task::yield_now().await;
    }
    let answer = connection.exchange(b"0\r\n\r\n").await;
    assert_eq!(answer.status, 204);
    let next = connection.exchange(request("GET", "room.close", CLOSE));
    assert_eq!(next.await.status, 204);
}

#[tokio::test]
async fn calls_in_one_go_are_answered_in_order() {
    let world = World::new();
    let mut connection = world.connect().await;
    let calls = [
        request("GET", "room", TICKET),
        request("POST", "visitor-message", MESSAGE),
        request("GET", "room.close", CLOSE),
    ];
    connection.send(&calls.concat()).await;
    for status in [201, 201, 204] {
        assert_eq!(connection.answer().await.status, status);
    }
}
