//! Addresses that may not be called, and origins that send us there.

use super::support::origin::{Origin as Server, file, head, redirect};
use super::world::{PNG, Setup, World, refused};
use warmline::media::Origin;

fn picture() -> Server {
    Server::start(|_| file("image/png", PNG))
}

#[test]
fn private_addresses_are_forbidden_and_not_named() {
    let inside = picture();
    let world = World::with(Setup::default().guarded(&[]));
    let port = inside.address().port();
    for url in [
        inside.url("/hush"),
        format!("http://localhost:{port}/hush"),
        format!("http://127.1:{port}/hush"),
        format!("http://[::ffff:127.0.0.1]:{port}/hush"),
        format!("http://2130706433:{port}/hush"),
        "http://169.254.169.254/latest/hush".to_owned(),
        "http://10.0.0.1/hush".to_owned(),
        "http://[fd00::1]/hush".to_owned(),
    ] {
        let reply = world.open(&Origin::at(&url));
        let (status, text) = refused(&reply, "hush");
        assert_eq!(
            (status, text.as_str()),
            (403, "the media may not be fetched"),
            "{url}"
        );
    }
    assert_eq!(inside.seen().len(), 0, "nobody called");
}

#[test]
fn a_host_that_is_allowed_is_called_and_no_other_port_of_it() {
    let (upload, database) = (picture(), picture());
    let world = World::with(Setup::default().guarded(&[upload.address()]));
    let reply = world.open(&Origin::at(upload.url("/slot/1")));
    assert_eq!((reply.status, reply.body.as_slice()), (200, PNG));
    assert_eq!(world.open(&Origin::at(database.url("/"))).status, 403);
    assert_eq!(database.seen().len(), 0);
}

#[test]
fn a_redirect_into_the_own_network_is_not_followed() {
    let inside = picture();
    let port = inside.address().port();
    let targets = [
        inside.url("/hush"),
        format!("http://localhost:{port}/hush"),
        format!("//127.0.0.1:{port}/hush"),
        "http://169.254.169.254/hush".to_owned(),
        "file:///etc/hush".to_owned(),
        "gopher://example.org/hush".to_owned(),
    ];
    for to in targets {
        let sending = to.clone();
        let outside = Server::start(move |seen| match seen.path.as_str() {
            // Not at once, but after a step that is fine.
            "/start" => redirect("/next"),
            _ => redirect(&sending),
        });
        let world = World::with(Setup::default().guarded(&[outside.address()]));
        let reply = world.open(&Origin::at(outside.url("/start")));
        assert_eq!(refused(&reply, "hush").0, 403, "{to}");
        assert_eq!(outside.seen().len(), 2);
    }
    assert_eq!(inside.seen().len(), 0, "nobody called");
}

#[test]
fn redirects_that_never_end_are_given_up() {
    let origin = Server::start(|seen| {
        let step: u32 = seen.path.trim_start_matches("/hush").parse().unwrap_or(0);
        redirect(&format!("/hush{}", step + 1))
    });
    let world = World::new();
    let reply = world.open(&Origin::at(origin.url("/hush0")));
    assert_eq!(refused(&reply, "hush").0, 502);
    assert_eq!(origin.seen().len(), 6, "the first address and five more");
    let origin = Server::start(|_| redirect("/same"));
    assert_eq!(world.open(&Origin::at(origin.url("/same"))).status, 502);
}

#[test]
fn five_redirects_are_followed() {
    let origin = Server::start(|seen| match seen.path.as_str() {
        "/5" => file("image/png", PNG),
        path => {
            let step: u32 = path.trim_start_matches('/').parse().unwrap();
            redirect(&format!("/{}", step + 1))
        }
    });
    assert_eq!(World::new().open(&Origin::at(origin.url("/0"))).status, 200);
}

#[test]
fn an_origin_that_refuses_is_said_to() {
    for status in [201, 204, 302, 400, 401, 403, 404, 416, 429, 500, 503] {
        let origin = Server::start(move |_| vec![head(status, &["Content-Length: 0"])]);
        let reply = World::new().open(&Origin::at(origin.url("/hush")));
        let (told, text) = refused(&reply, "hush");
        assert_eq!(told, 502, "{status}");
        assert_eq!(text, "the media cannot be had from its origin");
    }
    let coded = Server::start(|_| {
        let lines = ["Content-Type: image/png", "Content-Encoding: gzip"];
        vec![head(200, &lines)]
    });
    assert_eq!(World::new().open(&Origin::at(coded.url("/"))).status, 502);
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let nobody = format!("http://127.0.0.1:{port}/hush");
    assert_eq!(
        refused(&World::new().open(&Origin::at(nobody)), "hush").0,
        502
    );
    let unknown = Origin::at("http://hush.invalid/");
    assert_eq!(refused(&World::new().open(&unknown), "hush").0, 502);
}
