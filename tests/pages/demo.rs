//! A visitor and an agent side by side; and the page that shows every event.

use super::support::chromium::Chromium;
use super::support::config::Config;
use super::support::http::Request;
use super::support::process::RunDir;
use super::support::prosody::Prosody;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, Web, with_chat_api};
use super::support::xmpp::{Options, PASSWORD, Server, UploadDoor, jid};

/// The program with one agent of the XMPP server in the workgroup `desk`.
fn running() -> (Warmline, Prosody) {
    beside(Prosody::start())
}

fn beside(server: Prosody) -> (Warmline, Prosody) {
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent1")]);
    (Warmline::start(&config), server)
}

/// Both pages, up to where the agent is in the room.
fn in_a_conversation(warmline: &Warmline) -> Chromium {
    let page = Chromium::start();
    page.open(&format!(
        "http://{}/apps/demo/index.html",
        warmline.address()
    ));

    page.within("agent");
    page.fill("#user", "agent1");
    page.fill("#password", PASSWORD);
    page.click("#login button");
    page.shows("#status", "waiting for requests");

    page.within("visitor");
    page.fill("#workgroup", "desk");
    page.fill("#question", "Where is my \"parcel\"?");
    page.click("#ask button");
    page.shows("#status", "number 1 in the line");

    page.within("agent");
    page.shows(".offer", "Where is my \"parcel\"?");
    page.click(".offer .accept");
    page.shows("#status", "In the room");
    page.within("visitor");
    page.shows("#status", "Somebody is here.");
    page
}

#[test]
fn ask_offer_accept_chat_typing_attachment_close() {
    let (warmline, _server) = running();
    let page = in_a_conversation(&warmline);

    page.fill("#text", "Hello <b>there</b>");
    page.within("agent");
    page.shows("#state", "…");
    page.within("visitor");
    page.click("#say button");
    page.within("agent");
    page.shows("#talk", "Hello <b>there</b>");
    page.fill("#text", "How can I help?");
    page.within("visitor");
    page.shows("#state", "…");
    page.within("agent");
    page.click("#say button");
    page.shows("#talk .mine", "How can I help?");
    page.within("visitor");
    page.shows("#talk .theirs", "How can I help?");

    let dir = RunDir::new("files");
    page.choose("#file", &dir.write("parcel.png", "not much of a picture"));
    page.click("#upload button");
    page.shows("#status", "send the file's web address instead");
    assert_eq!(
        page.texts("#upload[hidden]").len(),
        1,
        "the way by link is left"
    );
    page.fill("#url", "https://files.example.test/parcel.png");
    page.click("#attach button");
    page.within("agent");
    page.shows("#talk", "https://files.example.test/parcel.png");

    page.click("#close");
    page.shows("#status", "The conversation is over.");
    page.within("visitor");
    page.shows("#status", "The conversation is over.");
    assert_eq!(
        page.hosts(),
        [warmline.address().to_string()],
        "nobody else is asked"
    );
}

/// The visitor's page is loaded again in the middle of the talk: it goes on where it was, in order, and
/// after the end it is as new.
#[test]
fn a_page_that_is_loaded_again_goes_on() {
    let (warmline, _server) = running();
    let page = in_a_conversation(&warmline);
    let say = |side: &str, text: &str| {
        page.within(side);
        page.fill("#text", text);
        page.click("#say button");
        page.shows("#talk .mine", text);
    };
    for (side, text) in [("visitor", "one"), ("agent", "two"), ("visitor", "three")] {
        say(side, text);
        for other in ["visitor", "agent"] {
            page.within(other);
            page.shows("#talk", text);
        }
    }
    page.within("visitor");
    page.run("location.reload()", &serde_json::json!([]));
    page.within("visitor");
    page.shows("#status", "Somebody is here.");
    page.shows("#talk", "two");
    let lines = ["Somebody is here.", "one", "agent1: two", "three"];
    assert_eq!(page.texts("#talk li"), lines);
    say("visitor", "four");
    page.within("agent");
    page.shows("#talk", "four");
    page.click("#close");
    page.within("visitor");
    page.shows("#status", "The conversation is over.");
    page.run("location.reload()", &serde_json::json!([]));
    page.within("visitor");
    page.element("#ask:not([hidden])");
}

/// The browser puts files where the XMPP server keeps them, from another origin than the page's.
#[test]
fn files_of_both_sides_go_by_the_upload_service() {
    let door = UploadDoor::free();
    let service = format!("127.0.0.1:{}", door.port);
    let (warmline, _server) = beside(Prosody::start_with(&Options {
        upload: Some(door),
        ..Options::default()
    }));
    let page = in_a_conversation(&warmline);
    let dir = RunDir::new("files");
    let sides = ["visitor", "agent"];
    for (from, to) in [(sides[0], sides[1]), (sides[1], sides[0])] {
        page.within(from);
        let name = format!("{from}'s photo é.png");
        page.choose("#file", &dir.write(&name, &format!("a picture of {from}")));
        page.click("#upload button");
        page.within(to);
        let link = wait::until("a link from the other side", wait::SOON, || {
            page.texts("#talk .theirs a").into_iter().next()
        });
        assert!(link.ends_with("s%20photo%20%C3%A9.png"), "{link}");
        let path = link.split_once(&service).expect("at the service").1;
        let file = Request::new("GET", path).send(service.parse().unwrap());
        let file = file.expect("the file");
        assert_eq!(file.body, format!("a picture of {from}").as_bytes());
        assert_eq!(file.header("content-type"), Some("image/png"));
    }
    let mut asked = [warmline.address().to_string(), service];
    asked.sort();
    assert_eq!(page.hosts(), asked, "nobody else is asked");
}

#[test]
fn the_page_of_events_shows_every_event() {
    let (warmline, _server) = running();
    let address = warmline.address();
    let one = Web::log_in(address, "agent1", (Family::Source, Kind::Account));
    let ticket = one.does("POST", "/tickets", "").string("ticket");
    let page = Chromium::start();
    let path = format!("/apps/sse/index.html?username=agent1&token={ticket}");
    page.open(&format!("http://{address}{path}"));
    page.shows("#state", "connected");
    let other = Web::log_in(address, "agent2", (Family::Source, Kind::Account));
    other.does(
        "POST",
        &format!("/messages/{}", jid("agent1")),
        "a <i>word</i>",
    );
    page.shows("tr[data-event='chatapi.chat']", "a <i>word</i>");
    page.shows("tr[data-event='chatapi.xmpp']", "<message");
    one.does("POST", "/logoff", "");
    page.shows("#state", "over, or not allowed");
}

/// As a user opens it: the browser is asked for a password, here given beforehand.
#[test]
fn the_page_of_events_with_a_password() {
    let (warmline, _server) = running();
    let address = warmline.address();
    let page = Chromium::start();
    // The request for a password fills the browser's memory of them for this server.
    page.open(&format!(
        "http://agent1:{PASSWORD}@{address}/sse/agent1/none"
    ));
    page.open(&format!(
        "http://agent1:{PASSWORD}@{address}/apps/sse/index.html?username=agent1"
    ));
    page.shows("#state", "connected");
}
