//! Which rooms users are told of, and what, on a real server.

use serde_json::Value;

use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, Web, with_chat_api};
use super::support::xmpp::{MUC, Server, jid};

const FORM: &str = "http://jabber.org/protocol/muc#roomconfig";

fn rooms(web: &Web, query: &str) -> Vec<Value> {
    let told = web.does("GET", &format!("/rooms?servicename=conference{query}"), "");
    let told = told.json();
    told["chatRoom"].as_array().expect("a list").clone()
}

fn is_told(web: &Web, query: &str, name: &str) -> usize {
    let all = rooms(web, query);
    all.iter().filter(|one| one["roomName"] == name).count()
}

/// What an owner sets.
fn configure(web: &Web, room: &str, fields: &[(&str, &str)]) {
    let fields = [("FORM_TYPE", FORM)].iter().chain(fields);
    let fields: String = fields
        .map(|(var, value)| format!("<field var='{var}'><value>{value}</value></field>"))
        .collect();
    web.does(
        "POST",
        "/xmpp",
        &format!(
            "<iq type='set' id='form' to='{room}@{MUC}'><query \
             xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>\
             {fields}</x></query></iq>"
        ),
    );
}

fn affiliate(web: &Web, room: &str, (whom, affiliation): (&str, &str)) {
    web.does(
        "POST",
        "/xmpp",
        &format!(
            "<iq type='set' id='{affiliation}' to='{room}@{MUC}'><query \
             xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='{affiliation}' \
             jid='{whom}'/></query></iq>"
        ),
    );
}

/// Addresses that one room tells of an affiliation.
fn affiliated(web: &Web, room: &str, (outer, inner): (&str, &str)) -> Vec<String> {
    let told = web
        .does("GET", &format!("/rooms/{room}?expandGroups=true"), "")
        .json();
    let all = told[outer][inner].as_array().expect("a list");
    all.iter()
        .map(|jid| jid.as_str().expect("text").to_owned())
        .collect()
}

fn story(kind: Kind) {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent3")]);
    let warmline = Warmline::start(&config);
    let log_in = |name, family| Web::log_in(warmline.address(), name, (family, kind));
    let (ana, ben) = (
        log_in("agent1", Family::Source),
        log_in("agent2", Family::Readme),
    );
    ana.does("PUT", "/rooms/secret", "");
    assert_eq!(is_told(&ana, "", "secret"), 0, "the service hides it");
    assert_eq!(is_told(&ana, "&type=public", "secret"), 0);
    let own = rooms(&ana, "&type=all&search=SECR");
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!(
        (&own[0]["publicRoom"], &own[0]["persistent"]),
        (&false.into(), &false.into())
    );
    assert_eq!(
        is_told(&ben, "&type=all", "secret"),
        0,
        "who is not in it is not told"
    );
    assert!(rooms(&ana, "&type=all&search=other").is_empty());
    who_may_see(&ana, &ben);
    configure(&ana, "secret", &[("muc#roomconfig_publicroom", "1")]);
    wait::until("the room in the list", wait::SOON, || {
        (is_told(&ben, "", "secret") == 1).then_some(())
    });
    assert_eq!(is_told(&ana, "&type=all", "secret"), 1, "once");
    ana.does("DELETE", "/rooms/secret", "");
    wait::until("an empty room is gone", wait::SOON, || {
        (is_told(&ana, "&type=all", "secret") == 0).then_some(())
    });
}

/// The owner sees all; others nothing, until they are members of a room that hides nobody.
fn who_may_see(ana: &Web, ben: &Web) {
    let boss = "boss@example.test";
    affiliate(ana, "secret", (boss, "admin"));
    affiliate(ana, "secret", ("mallory@evil.test", "outcast"));
    affiliate(ana, "secret", (&ben.jid(), "member"));
    wait::until("the member", wait::SOON, || {
        (affiliated(ana, "secret", ("members", "member")) == [ben.jid()]).then_some(())
    });
    assert_eq!(affiliated(ana, "secret", ("owners", "owner")), [ana.jid()]);
    assert_eq!(affiliated(ana, "secret", ("admins", "admin")), [boss]);
    assert_eq!(
        affiliated(ana, "secret", ("outcasts", "outcast")),
        ["mallory@evil.test"]
    );
    for lists in [
        ("owners", "owner"),
        ("members", "member"),
        ("outcasts", "outcast"),
    ] {
        assert!(affiliated(ben, "secret", lists).is_empty(), "{lists:?}");
    }
    let shown = [
        ("muc#roomconfig_membersonly", "1"),
        ("muc#roomconfig_whois", "anyone"),
    ];
    configure(ana, "secret", &shown);
    wait::until("members see members", wait::SOON, || {
        (affiliated(ben, "secret", ("owners", "owner")) == [ana.jid()]).then_some(())
    });
    assert_eq!(
        affiliated(ben, "secret", ("members", "member")),
        [ben.jid()]
    );
}

#[test]
fn rooms_that_users_of_our_own_domain_are_told_of() {
    story(Kind::Bridge);
}

#[test]
fn rooms_that_users_of_the_server_are_told_of() {
    story(Kind::Account);
}
