//! Raw stanzas over HTTP, from users of both kinds, through a real server.

use super::support::agents::{Agent, People};
use super::support::config::Config;
use super::support::http::Request;
use super::support::prosody::Prosody;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, Web, authorization, call, with_chat_api};
use super::support::xmpp::{Server, jid};

type Bad = (&'static str, String);

/// What is no stanza of one's own, by what is wrong with it.
fn bad() -> Vec<Bad> {
    [not_one(), not_plain(), not_a_stanza(), too_much()].concat()
}

/// To somebody, with this in it.
fn with(inner: &str) -> String {
    format!("<message to='{}'>{inner}</message>", jid("agent1"))
}

fn not_one() -> Vec<Bad> {
    let one = with("<body>1</body>");
    vec![
        ("nothing", String::new()),
        ("words", "hello".into()),
        ("two", format!("{one}{one}")),
        ("words behind", format!("{one}hello")),
        ("the stream's end", "</stream:stream>".into()),
        ("the stream's end behind", format!("{one}</stream:stream>")),
        (
            "the stream's end within",
            "<message></stream:stream>".into(),
        ),
        ("not closed", one.replace("</message>", "")),
        (
            "wrongly nested",
            one.replace("</body></message>", "</message></body>"),
        ),
    ]
}

fn not_plain() -> Vec<Bad> {
    let entities = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>";
    vec![
        (
            "a document type",
            format!("{entities}{}", with("<body>&b;</body>")),
        ),
        (
            "a declaration",
            format!("<?xml version='1.0'?>{}", with("")),
        ),
        ("an instruction", with("<?php x ?>")),
        ("a comment", with("<!-- x -->")),
        ("an unknown entity", with("<body>&nbsp;</body>")),
        ("a control character", with("<body>\u{1}</body>")),
        (
            "an attribute twice",
            with("").replace("to=", "to='x@y' to="),
        ),
        ("a prefix from nowhere", with("<x:y/>")),
    ]
}

fn not_a_stanza() -> Vec<Bad> {
    let stream =
        "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'>";
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    vec![
        ("another stream", stream.into()),
        (
            "another namespace",
            with("").replace("to=", "xmlns='jabber:server' to="),
        ),
        ("no stanza", "<handshake>abc</handshake>".into()),
        ("stream management", "<r xmlns='urn:xmpp:sm:3'/>".into()),
        (
            "a request without id",
            format!("<iq type='get' to='{}'>{ping}</iq>", jid("agent1")),
        ),
        (
            "no address",
            "<message to='@/'><body>x</body></message>".into(),
        ),
    ]
}

fn too_much() -> Vec<Bad> {
    let deep = |levels: usize| with(&["<a>".repeat(levels), "</a>".repeat(levels)].concat());
    vec![
        ("ten thousand levels", deep(10_000)),
        ("four thousand levels", deep(4_000)),
        ("a hundred levels", deep(100)),
        (
            "too large",
            with(&format!("<body>{}</body>", "x".repeat(70_000))),
        ),
    ]
}

#[test]
fn a_user_of_our_own_domain_types_one_stanza_of_the_own_or_is_told_so() {
    typing(Kind::Bridge);
}

#[test]
fn a_user_of_the_server_types_one_stanza_of_the_own_or_is_told_so() {
    typing(Kind::Account);
}

fn typing(kind: Kind) {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent3")]);
    let warmline = Warmline::start(&config);
    let people = People::start();
    let stranger = people.log_in("agent1", server.ports());
    stranger.show("available");
    let web = Web::log_in(warmline.address(), "agent2", (Family::Source, kind));
    for (what, xml) in bad() {
        let reply = web.chat("POST", "/xmpp", &xml);
        assert_eq!(reply.status, 400, "{what}");
        let error = reply.json();
        assert_eq!(error["exception"], "IllegalArgumentException", "{what}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{what}"
        );
        assert_eq!(error["resource"], error["ressource"], "{what}");
    }
    let mut request = Request::new("POST", &format!("/chat/{}/xmpp", web.stream));
    request = request.header("Authorization", &authorization(kind, "agent2"));
    request.body = vec![b'<', 0xff, 0xfe];
    assert_eq!(call(warmline.address(), &request).status, 400, "not UTF-8");
    forged(&web, &stranger);
    strangers(&warmline, &web);
    lives(&web, &stranger);
    assert_eq!(warmline.figure("warmline_xmpp_connects_total"), Some(1.0));
    let cut = |event: &super::support::browser::Event| ["lost", "back"].contains(&event.kind());
    assert!(web.events.take(cut).is_none(), "the session was cut off");
}

/// Whatever `from` says, it comes from the session.
fn forged(web: &Web, stranger: &Agent) {
    let to = stranger.full_jid();
    for from in [
        "supervisor@example.test/x",
        "",
        "example.test",
        "conference.example.test/a",
    ] {
        let text = format!("as {from:?}");
        let xml = format!(
            "<message from='{from}' to='{to}' type='chat'><body>{}</body></message>",
            text.replace('"', "&quot;")
        );
        web.does("POST", "/xmpp", &xml);
        let heard = stranger.wait("the words", |e| e.get("body") == text);
        let sender = heard.get("from");
        assert!(
            sender.starts_with(&format!("{}/", web.jid())),
            "{sender} for {from:?}"
        );
    }
    // And nobody's contacts are changed through it.
    let roster = "<iq type='set' id='r1' from='agent1@example.test'><query xmlns='jabber:iq:roster'>\
                  <item jid='evil@example.test' name='Evil'/></query></iq>";
    web.does("POST", "/xmpp", roster);
    wait::until("it was one's own", wait::SOON, || {
        let mine = web.does("GET", "/contacts", "").json().to_string();
        mine.contains("evil@example.test").then_some(())
    });
    let others = stranger.ask("get", &jid("agent1"), "<query xmlns='jabber:iq:roster'/>");
    assert!(!format!("{others:?}").contains("evil"), "{others:?}");
}

/// The same route without, with wrong, and with somebody else's credentials.
fn strangers(warmline: &Warmline, web: &Web) {
    let xml = format!(
        "<message to='{}'><body>stolen</body></message>",
        jid("agent1")
    );
    let posted = |path: &str, header: Option<&str>| {
        let mut request = Request::new("POST", path);
        if let Some(header) = header {
            request = request.header("Authorization", header);
        }
        request.body = xml.clone().into_bytes();
        call(warmline.address(), &request).status
    };
    let path = format!("/rest/api/restapi/v1/chat/{}/xmpp", web.stream);
    let guessed = "/restapi/v1/chat/ofchat-00000000000000000000000000000001/xmpp";
    let other = authorization(Kind::Account, "agent3");
    assert_eq!(posted(&path, None), 401);
    assert_eq!(posted(&path, Some("Basic YWdlbnQyOndyb25n")), 401);
    assert_eq!(posted(&path, Some("Bearer nonsense")), 403);
    assert_eq!(posted(&path, Some(&other)), 403);
    assert_eq!(posted(guessed, Some(&other)), 404);
    let by_query = format!("/restapi/v1/chat/xmpp?streamid={}", web.stream);
    assert_eq!(posted(&by_query, Some(&other)), 403);
}

/// The session still speaks and hears, and nothing of what was refused went out.
fn lives(web: &Web, stranger: &Agent) {
    web.does(
        "POST",
        &format!("/messages/{}", jid("agent1")),
        "still here",
    );
    let heard = stranger.wait("the words", |e| e.get("body") == "still here");
    stranger.say(heard.get("from"), "me too");
    web.events
        .wait("the answer", |event| event.text("body") == "me too");
    let stolen = |body: &str| ["stolen", "1", "x"].contains(&body);
    assert!(!stranger.events().iter().any(|e| stolen(e.get("body"))));
}
