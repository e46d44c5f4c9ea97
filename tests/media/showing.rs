//! What a client gets: the bytes, a type that can do no harm, a name.

use super::support::http::{Reply, Request, find};
use super::support::origin::{self, Act, Seen, file, head};
use super::world::{PNG, World, refused};
use reqwest::header::AUTHORIZATION;
use std::io::Read;
use warmline::media::Origin;

fn disposition(reply: &Reply) -> &str {
    reply.header("content-disposition").expect("a name")
}

fn serving(kind: &'static str, body: &[u8]) -> origin::Origin {
    let body = body.to_vec();
    origin::Origin::start(move |_| file(kind, &body))
}

#[test]
fn a_picture_is_shown_and_nothing_in_it_may_run() {
    let origin = serving("image/png", PNG);
    let world = World::new();
    let media = Origin::at(origin.url("/bot/media/1?token=hush"))
        .kind("image/png")
        .name("house.png");
    let reply = world.open(&media);
    assert_eq!((reply.status, reply.body.as_slice()), (200, PNG));
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "29"),
        ("content-disposition", "inline; filename=\"house.png\""),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'",
        ),
        ("cache-control", "private"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    let seen = origin.seen();
    assert_eq!(seen[0].path, "/bot/media/1?token=hush");
    assert_eq!(seen[0].header("accept-encoding"), Some("identity"));
}

#[test]
fn five_mebibytes_arrive_whole() {
    let body: Vec<u8> = PNG.iter().copied().cycle().take(5 << 20).collect();
    let origin = serving("image/png", &body);
    let world = World::new();
    let reply = world.open(&Origin::at(origin.url("/x")).kind("image/png"));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-length"), Some("5242880"));
    assert!(reply.body == body, "{} bytes", reply.body.len());
}

#[test]
fn a_body_of_unknown_length_arrives_whole() {
    let origin = origin::Origin::start(|_| {
        let chunks = "4\r\n%PDF\r\n5\r\n-1.7\n\r\n0\r\n\r\n";
        let kind = head(
            200,
            &[
                "Content-Type: application/pdf",
                "Transfer-Encoding: chunked",
            ],
        );
        vec![kind, Act::Send(chunks.into())]
    });
    let reply = World::new().open(&Origin::at(origin.url("/x")));
    assert_eq!(reply.header("content-type"), Some("application/pdf"));
    let saved = reply.header("content-disposition").unwrap_or_default();
    assert!(saved.starts_with("attachment"), "{saved}");
    assert_eq!(reply.body, b"%PDF-1.7\n");
}

#[test]
fn what_is_not_shown_is_saved() {
    for (kind, told, body) in [
        ("text/html", "", &b"<html><script>alert(1)</script>"[..]),
        ("image/svg+xml", "", b"<svg onload='alert(1)'/>"),
        (
            "image/svg+xml",
            "image/svg+xml",
            b"<svg onload='alert(1)'/>",
        ),
        ("application/zip", "application/zip", b"PK\x03\x04"),
        ("text/plain", "text/plain", b"words"),
        ("image/png", "image/png", b"no picture at all"),
        ("image/png", "image/png", b"%PDF-1.7\n"),
        ("image/jpeg", "image/jpeg", b"MZ\x90\0"),
    ] {
        let origin = serving(kind, body);
        let mut media = Origin::at(origin.url("/x")).name("it.html");
        if !told.is_empty() {
            media = media.kind(told);
        }
        let reply = World::new().open(&media);
        assert_eq!((reply.status, reply.body.as_slice()), (200, body), "{kind}");
        let shown = reply.header("content-type");
        assert_eq!(shown, Some("application/octet-stream"), "{kind}");
        let name = disposition(&reply);
        assert!(name.starts_with("attachment; filename="), "{kind}: {name}");
    }
}

#[test]
fn a_page_in_the_guise_of_a_picture_is_refused() {
    for (kind, body) in [
        ("image/png", &b"\xef\xbb\xbf\n <!doctype html><script>"[..]),
        ("text/html", b"<html>your session has expired</html>"),
        ("image/png", b"<?xml version='1.0'?><svg/>"),
    ] {
        let origin = serving(kind, body);
        let reply = World::new().open(&Origin::at(origin.url("/hush")).kind("image/png"));
        let (status, text) = refused(&reply, "hush");
        assert_eq!(status, 502);
        assert_eq!(text, "the media is not what it is said to be");
    }
}

#[test]
fn names_are_kept_as_far_as_they_are_safe() {
    let origin = serving("image/png", PNG);
    let world = World::new();
    for (name, shown) in [
        (
            "a \"quoted\"\r\nX-Evil: 1;.png",
            "inline; filename=\"a _quoted_X-Evil_ 1_.png\"",
        ),
        (
            "\u{1f600} grüße.png",
            "inline; filename=\"_ gr__e.png\"; filename*=UTF-8''%F0%9F%98%80%20gr%C3%BC%C3%9Fe.png",
        ),
        ("../../../etc/passwd", "inline; filename=\"passwd.png\""),
        (
            "..\\..\\%2e%2e%2f\0x.png",
            "inline; filename=\"_2e_2e_2fx.png\"",
        ),
        ("gpj.\u{202e}exe", "inline; filename=\"gpj.exe.png\""),
        ("", "inline; filename=\"image.png\""),
    ] {
        let reply = world.open(&Origin::at(origin.url("/x")).kind("image/png").name(name));
        assert_eq!(reply.status, 200, "{name:?}");
        assert_eq!(disposition(&reply), shown, "{name:?}");
        assert_eq!(reply.header("x-evil"), None);
    }
}

#[test]
fn a_head_is_that_of_the_whole_without_its_body() {
    let origin = serving("image/png", PNG);
    let world = World::new();
    let path = world.path(&Origin::at(origin.url("/x")).kind("image/png").name("y"));
    let whole = world.get(&path);
    let (status, headers, mut rest) = world.begin("HEAD", &path);
    assert_eq!(status, 200);
    let told = |headers: &[(String, String)]| {
        let mut told: Vec<_> = headers.to_vec();
        told.retain(|(name, _)| name != "date");
        told.sort();
        told
    };
    assert_eq!(told(&headers), told(&whole.headers));
    let mut body = Vec::new();
    rest.read_to_end(&mut body).unwrap();
    assert_eq!(body, b"", "a HEAD has no body");
    assert_eq!(world.begin("HEAD", "/media/x/y").0, 404);
    let posted = Request::new("POST", &path).send(world.address).unwrap();
    assert_eq!(
        (posted.status, posted.header("allow")),
        (405, Some("GET, HEAD"))
    );
}

/// A film of 1000 bytes that gives out parts.
fn film(seen: &Seen) -> Vec<Act> {
    let all: Vec<u8> = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
        .iter()
        .copied()
        .chain((0..976_u32).map(|n| n as u8))
        .collect();
    let kind = "Content-Type: video/mp4";
    let part = seen.header("range").and_then(|range| {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().unwrap_or(999).min(999)))
    });
    match part {
        None => {
            let lines = [kind, "Accept-Ranges: bytes", "Content-Length: 1000"];
            vec![head(200, &lines), Act::Send(all)]
        }
        Some((first, _)) if first >= 1000 => {
            vec![head(
                416,
                &["Content-Range: bytes */1000", "Content-Length: 0"],
            )]
        }
        Some((first, last)) => {
            let range: &str = &format!("Content-Range: bytes {first}-{last}/1000");
            let length: &str = &format!("Content-Length: {}", last - first + 1);
            vec![
                head(206, &[kind, "Accept-Ranges: bytes", range, length]),
                Act::Send(all[first..=last].to_vec()),
            ]
        }
    }
}

#[test]
fn parts_of_a_film_are_passed_on() {
    let origin = origin::Origin::start(film);
    let world = World::new();
    let path = world.path(&Origin::at(origin.url("/x")).kind("video/mp4"));
    let ask = |range: &str| {
        let request = Request::new("GET", &path).header("Range", range);
        request.send(world.address).unwrap()
    };
    let whole = world.get(&path);
    assert_eq!((whole.status, whole.body.len()), (200, 1000));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    for (range, first, last) in [
        ("bytes=0-1", 0, 1),
        ("bytes=0-", 0, 999),
        ("bytes=500-599", 500, 599),
        ("bytes=990-5000", 990, 999),
    ] {
        let part = ask(range);
        assert_eq!(part.status, 206, "{range}");
        assert!(part.body == whole.body[first..=last], "{range}");
        let told = format!("bytes {first}-{last}/1000");
        assert_eq!(part.header("content-range"), Some(told.as_str()));
        assert_eq!(part.header("content-type"), Some("video/mp4"));
        assert_eq!(part.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(ask("bytes=1000-").status, 416);
    for odd in [
        "bytes=-5",
        "bytes=0-1,5-6",
        "bytes=9-5",
        "lines=0-1",
        "bytes=+1-2",
    ] {
        assert_eq!((ask(odd).status, ask(odd).body.len()), (200, 1000), "{odd}");
    }
    let conditional = Request::new("GET", &path)
        .header("Range", "bytes=0-1")
        .header("If-Range", "\"an etag of before\"");
    assert_eq!(conditional.send(world.address).unwrap().status, 200);
}

#[test]
fn an_origin_that_answers_another_part_is_refused() {
    for range in [
        "Content-Range: bytes 0-4/1000",
        "Content-Range: bytes 7-4/1000",
        "Content-Range: bytes 5-90000/1000",
        "Content-Range: bytes */1000",
        "X-None: 1",
    ] {
        let origin = origin::Origin::start(move |_| {
            let lines = ["Content-Type: video/mp4", range, "Content-Length: 5"];
            vec![head(206, &lines), Act::Send(b"12345".to_vec())]
        });
        let world = World::new();
        let path = world.path(&Origin::at(origin.url("/x")).kind("video/mp4"));
        let asked = Request::new("GET", &path).header("Range", "bytes=5-9");
        assert_eq!(asked.send(world.address).unwrap().status, 502, "{range}");
        assert_eq!(world.get(&path).status, 502, "a part that nobody asked for");
    }
}

#[test]
fn a_platforms_token_goes_to_its_own_host_only() {
    let other = serving("image/png", PNG);
    let to = other.url("/elsewhere");
    let origin = origin::Origin::start(move |seen| match seen.path.as_str() {
        "/away" => origin::redirect(&to),
        "/near" => origin::redirect("/here"),
        _ => file("image/png", PNG),
    });
    let world = World::new();
    for path in ["/near", "/away"] {
        let media = Origin::at(origin.url(path)).header(AUTHORIZATION, "Bearer hush");
        assert_eq!(world.open(&media).status, 200, "{path}");
    }
    let seen = origin.seen();
    let tokens: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("authorization"))
        .collect();
    assert_eq!(tokens, [Some("Bearer hush"); 3]);
    assert_eq!(other.seen()[0].header("authorization"), None);
}

#[test]
fn what_an_origin_says_besides_is_not_passed_on() {
    let origin = origin::Origin::start(|_| {
        let lines = [
            "Content-Type: image/png",
            "Set-Cookie: a=b",
            "Location: /x",
            "Content-Disposition: inline; filename=evil.html",
            "Access-Control-Allow-Origin: *",
            "Content-Length: 29",
        ];
        vec![head(200, &lines), Act::Send(PNG.to_vec())]
    });
    let reply = World::new().open(&Origin::at(origin.url("/x")).name("n"));
    assert_eq!(reply.status, 200);
    for name in ["set-cookie", "location", "access-control-allow-origin"] {
        assert_eq!(find(&reply.headers, name), None);
    }
    assert_eq!(disposition(&reply), "inline; filename=\"n\"");
}
