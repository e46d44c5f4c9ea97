//! Links can be neither read, guessed, changed nor used for ever.

use super::support::origin::{Origin as Server, file};
use super::support::wait;
use super::world::{PNG, Setup, World, path, refused};
use reqwest::header::AUTHORIZATION;
use std::collections::HashSet;
use std::time::Duration;
use url::Url;
use warmline::config::Secret;
use warmline::media::{BadLink, LinkError, MediaKey, MediaLinks, Origin};
use warmline::store;

fn picture() -> Server {
    Server::start(|_| file("image/png", PNG))
}

#[test]
fn a_link_shows_nothing_of_what_it_stands_for() {
    let world = World::new();
    let media = Origin::at("https://platform.example/254700000001/secret-path?token=hush")
        .kind("image/png")
        .header(AUTHORIZATION, "Bearer another-secret");
    let link = world.links.link(&media).unwrap();
    assert!(
        link.starts_with("https://help.example.org/warm/media/"),
        "{link}"
    );
    assert!(
        link.ends_with("/image.png"),
        "no name is taken from the address: {link}"
    );
    let shown = format!("{link} {media:?} {:?}", world.links);
    for word in [
        "platform",
        "2547",
        "secret",
        "hush",
        "Bearer",
        "png?",
        "thirty-two",
    ] {
        assert!(!shown.contains(word), "{word} in {shown}");
    }
    let links: HashSet<_> = (0..100)
        .map(|_| world.links.link(&media).unwrap())
        .collect();
    assert_eq!(
        links.len(),
        100,
        "no link tells that it is another one's media"
    );
}

#[test]
fn a_changed_link_leads_nowhere() {
    let origin = picture();
    let world = World::new();
    let path = world.path(&Origin::at(origin.url("/")).kind("image/png").name("a.png"));
    assert_eq!(world.get(&path).status, 200);
    let sealed = path.split('/').nth(2).unwrap();
    let mut wrong = vec![
        path.replace("a.png", "b.png"),
        path.replace("a.png", "a.png.html"),
        format!("/media/{}/a.png", &sealed[..sealed.len() - 1]),
        format!("/media/{sealed}A/a.png"),
        "/media/AAAA/a.png".to_owned(),
        format!("/media/{}/a.png", "A".repeat(6000)),
        "/media/%00/a.png".to_owned(),
        "/media/%ff/a.png".to_owned(),
        "/media/!!/a.png".to_owned(),
    ];
    // Every place in it counts.
    for at in 0..sealed.len() {
        let other = if sealed.as_bytes()[at] == b'Q' {
            "R"
        } else {
            "Q"
        };
        let changed = format!("{}{other}{}", &sealed[..at], &sealed[at + 1..]);
        wrong.push(format!("/media/{changed}/a.png"));
    }
    for path in &wrong {
        assert_eq!(world.get(path).status, 404, "{path}");
    }
    for path in [
        format!("/media/{sealed}"),
        format!("/media/{sealed}/"),
        "/media/".into(),
    ] {
        assert_eq!(world.get(&path).status, 404, "{path}");
    }
    let reply = world.get(&wrong[0]);
    assert_eq!(refused(&reply, sealed), (404, "not a link of ours".into()));
    assert_eq!(origin.seen().len(), 1, "nobody is called for a forged link");
}

#[test]
fn a_link_under_another_key_leads_nowhere() {
    let origin = picture();
    let world = World::new();
    let setup = Setup {
        key: "a-key-of-thirty-two-letters-or-sp",
        ..Setup::default()
    };
    let other = World::with(setup);
    let path = other.path(&Origin::at(origin.url("/")));
    assert_eq!(other.get(&path).status, 200);
    assert_eq!(world.get(&path).status, 404);
}

#[test]
fn a_link_expires() {
    let origin = picture();
    let setup = Setup {
        ttl: Duration::from_secs(2),
        ..Setup::default()
    };
    let world = World::with(setup);
    let path = world.path(&Origin::at(origin.url("/hush")));
    assert_eq!(world.get(&path).status, 200);
    wait::until("the link has expired", wait::SOON, || {
        (world.get(&path).status == 410).then_some(())
    });
    let calls = origin.seen().len();
    let (status, text) = refused(&world.get(&path), "hush");
    assert_eq!((status, text.as_str()), (410, "the link has expired"));
    assert_eq!(
        origin.seen().len(),
        calls,
        "nobody is called for an expired link"
    );
}

#[test]
fn only_addresses_of_the_web_become_links() {
    let links = World::new().links.clone();
    for url in [
        "",
        "x",
        "file:///etc/passwd",
        "data:text/html,x",
        "ftp://h/x",
        "/media/x",
    ] {
        assert_eq!(
            links.link(&Origin::at(url)),
            Err(LinkError::NoAddress),
            "{url}"
        );
    }
    let long = Origin::at(format!("https://h/{}", "x".repeat(6000)));
    assert_eq!(links.link(&long), Err(LinkError::TooLong));
    let split = Origin::at("https://h/").header(AUTHORIZATION, "x\r\nX-Evil: 1");
    assert_eq!(links.link(&split), Err(LinkError::BadHeader));
    let own = links.link(&Origin::at("https://h/")).unwrap();
    assert_eq!(links.link(&Origin::at(&own)), Ok(own));
}

#[test]
fn a_link_holds_all_that_is_needed() {
    let links = World::new().links.clone();
    let media = Origin::at("https://h/ü?a=b#c")
        .kind("audio/ogg; codecs=opus")
        .name("note.ogg")
        .header(AUTHORIZATION, "Bearer hush");
    let path = path(&links, &media);
    let sealed = path.split('/').nth(2).unwrap();
    assert_eq!(links.open(sealed, "note.ogg"), Ok(media));
    assert_eq!(links.open(sealed, "Note.ogg"), Err(BadLink::Forged));
}

#[tokio::test]
async fn the_store_keeps_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("embedded:{}", folder.path().display());
    let first = {
        let store = store::open(&warmline::app::place_of(&url).unwrap())
            .await
            .unwrap();
        let first = MediaKey::kept(store.as_ref()).await.unwrap();
        assert_eq!(MediaKey::kept(store.as_ref()).await.unwrap(), first);
        first
    };
    let store = store::open(&warmline::app::place_of(&url).unwrap())
        .await
        .unwrap();
    let again = MediaKey::kept(store.as_ref()).await.unwrap();
    assert_eq!(again, first);
    let elsewhere = tempfile::tempdir().unwrap();
    let url = format!("embedded:{}", elsewhere.path().display());
    let store = store::open(&warmline::app::place_of(&url).unwrap())
        .await
        .unwrap();
    let other = MediaKey::kept(store.as_ref()).await.unwrap();
    assert_ne!(other, first, "each installation has its own");
    assert_ne!(
        MediaKey::from_secret(&Secret::new("x")),
        MediaKey::from_secret(&Secret::new("y"))
    );
    let public = Url::parse("https://help.example.org").unwrap();
    let links = MediaLinks::new(first, &public, Duration::from_secs(60));
    let link = links.link(&Origin::at("https://h/")).unwrap();
    assert!(
        link.starts_with("https://help.example.org/media/"),
        "{link}"
    );
}
