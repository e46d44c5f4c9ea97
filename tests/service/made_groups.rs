//! Workgroups that are made, changed and deleted over the chat API, in the real program.

use serde_json::{Value, json};

use super::stage::{accept, hears, offered};
use super::support::agents::{Agent, People};
use super::support::config::Config;
use super::support::http::{Reply, Request};
use super::support::prosody::Prosody;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::web::{Family, Kind, MASTER, Visitor, Web, bare, call, with_chat_api};
use super::support::xmpp::{Server, jid, workgroup};

const ADMIN: &str = "/restapi/v1/ask/admin";

fn program(server: &Prosody) -> Warmline {
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, server, &[jid("agent3")]);
    Warmline::start(&config)
}

fn master(warmline: &Warmline, (method, path): (&str, &str), body: &str) -> Reply {
    let mut request = Request::new(method, path).header("Authorization", MASTER);
    request.body = body.as_bytes().to_vec();
    call(warmline.address(), &request)
}

fn make(warmline: &Warmline, body: &Value) -> Reply {
    master(warmline, ("POST", ADMIN), &body.to_string())
}

fn expert(warmline: &Warmline) -> Web {
    Web::log_in(warmline.address(), "expert", (Family::Source, Kind::Bridge))
}

/// Whether an agent is told of a workgroup.
fn may_serve(web: &Web, group: &str) -> bool {
    let told = web.does("GET", "/assists", "").json();
    let all = told["workgroup"].as_array().expect("a list");
    all.iter().any(|one| *one == workgroup(group))
}

fn listed(warmline: &Warmline) -> Vec<Value> {
    let told = master(warmline, ("GET", "/ask/workgroups"), "").json();
    told["workgroup"].as_array().expect("a list").clone()
}

/// An agent at an XMPP client comes on duty.
fn serves(people: &People, server: &Prosody, group: &str) -> Agent {
    let agent = people.log_in("agent1", server.ports());
    agent.show("chat");
    agent.show_to(&workgroup(group), "chat");
    agent.settle_with(&workgroup(group));
    agent
}

#[test]
fn a_workgroup_that_was_made_is_there_after_a_kill_with_both_kinds_of_agents() {
    let server = Prosody::start();
    let mut warmline = program(&server);
    drop(expert(&warmline));
    let body = json!({"name": "billing", "description": "Bills", "members": "expert,agent1"});
    let made = make(&warmline, &body);
    warmline.kill9();
    assert_eq!(made.status, 200);
    let members = [bare(Kind::Bridge, "expert"), jid("agent1")].join(",");
    assert_eq!(made.json()["members"], members);
    warmline.start_again();
    let known = listed(&warmline);
    let billing = known.iter().find(|one| one["name"] == "billing");
    assert_eq!(billing.expect("billing")["title"], "Bills");
    assert_eq!(make(&warmline, &body).status, 409);
    let web = expert(&warmline);
    assert!(may_serve(&web, "billing") && !may_serve(&web, "desk"));
    // The session goes on as it was: it did not serve there yet.
    web.does("POST", "/assists/billing", "");
    let visitor = Visitor::ask_in(warmline.address(), "vera", (Family::Readme, "billing"));
    let offer = web.events.kind("offerReceived").text("id").to_owned();
    let people = People::start();
    let agent = serves(&people, &server, "billing");
    assert_eq!(
        web.does("DELETE", &format!("/offer/{offer}"), "").status,
        200
    );
    let offer = offered(&agent);
    let room = accept(&agent, &offer);
    visitor.events.kind("offer");
    assert_eq!(visitor.call("PUT", "my bill is wrong").status, 200);
    hears(&agent, &room, "my bill is wrong");
    agent.say_in(&room, "let me see");
    visitor
        .events
        .wait("the agent's words", |e| e.text("body") == "let me see");
}

#[test]
fn members_are_replaced_and_a_deleted_workgroup_is_no_more_over_kills() {
    let server = Prosody::start();
    let mut warmline = program(&server);
    drop(expert(&warmline));
    let body = json!({"name": "billing", "members": "expert"});
    assert_eq!(make(&warmline, &body).status, 200);
    let path = format!("{ADMIN}/billing");
    // A single name, which the original lost.
    let changed = master(&warmline, ("POST", &path), "agent1");
    warmline.kill9();
    assert_eq!(
        (changed.status, changed.json()["members"].clone()),
        (200, jid("agent1").into())
    );
    warmline.start_again();
    let web = expert(&warmline);
    assert!(!may_serve(&web, "billing"));
    assert_eq!(web.chat("POST", "/assists/billing", "").status, 403);
    let people = People::start();
    let agent = serves(&people, &server, "billing");
    let _visitor = Visitor::ask_in(warmline.address(), "vera", (Family::Source, "billing"));
    let room = accept(&agent, &offered(&agent));
    let deleted = master(&warmline, ("DELETE", &path), "");
    warmline.kill9();
    assert_eq!(deleted.status, 200);
    warmline.start_again();
    assert!(listed(&warmline).iter().all(|one| one["name"] != "billing"));
    let form = json!({
        "emailAddress": "v@h.example", "userID": "vito", "workgroup": "billing", "question": "?",
    });
    let asked = master(&warmline, ("POST", "/ask"), &form.to_string());
    assert_eq!(asked.status, 404);
    assert_eq!(master(&warmline, ("DELETE", &path), "").status, 404);
    assert_eq!(master(&warmline, ("POST", &path), "agent1").status, 404);
    // Who is served stays with the agent.
    agent.say_in(&room, "still here");
    hears(&agent, &room, "still here");
}

/// No restart, no waiting: the next calls find it.
#[test]
fn a_workgroup_is_of_use_as_soon_as_the_call_is_answered() {
    let server = Prosody::start();
    let warmline = program(&server);
    let web = expert(&warmline);
    for group in ["billing", "claims", "refunds", "returns"] {
        let body = json!({"name": group, "members": "expert"});
        assert_eq!(make(&warmline, &body).status, 200);
        web.does("POST", &format!("/assists/{group}"), "");
        assert!(may_serve(&web, group), "{group}");
        let name = format!("visitor-of-{group}");
        let visitor = Visitor::ask_in(warmline.address(), &name, (Family::Readme, group));
        let offer = web.events.wait("an offer", |event| {
            event.kind() == "offerReceived" && event.text("workgroup") == workgroup(group)
        });
        web.answer(offer.text("id"), true);
        let invited = web.events.kind("invitationReceived");
        web.does("PUT", &format!("/rooms/{}", invited.text("room")), "");
        visitor.events.kind("offer");
    }
}

#[test]
fn what_cannot_be_made_or_changed_is_refused_with_the_reason() {
    let server = Prosody::start();
    let warmline = program(&server);
    drop(expert(&warmline));
    let long = "x".repeat(1_100);
    for (body, status, why) in [
        (json!({"name": "v-1"}), 400, "field name"),
        (json!({"name": "two words"}), 400, "field name"),
        (json!({"name": "a@other.example"}), 400, "field name"),
        (
            json!({"name": "a", "members": "b@@c"}),
            400,
            "field members",
        ),
        (
            json!({"name": "a", "members": "ana@"}),
            400,
            "field members",
        ),
        (
            json!({"name": "a", "description": long}),
            400,
            "field description",
        ),
        (json!({"name": "desk", "members": "agent1"}), 409, "already"),
        (
            json!({"name": "expert", "members": "agent1"}),
            409,
            "already",
        ),
    ] {
        let reply = make(&warmline, &body);
        assert_eq!(reply.status, status, "{why}");
        let message = reply.json()["message"].to_string();
        assert!(message.contains(why), "{why}: {message}");
    }
    let configured = format!("{ADMIN}/desk");
    for (method, body) in [("POST", "agent1"), ("DELETE", "")] {
        let reply = master(&warmline, (method, &configured), body);
        assert_eq!(reply.status, 409, "{method}");
        assert!(
            reply.json()["message"]
                .to_string()
                .contains("configuration")
        );
    }
    assert_eq!(listed(&warmline).len(), 2, "support and desk");
}

/// What one way has made the other one changes, and a reload leaves it.
#[test]
fn commands_over_xmpp_and_the_api_change_the_same_workgroups() {
    let server = Prosody::start();
    let mut warmline = program(&server);
    warmline.configure(|config| {
        config.more += &format!("[fastpath]\nadmins = [\"{}\"]\n", jid("supervisor"));
    });
    warmline.terminate();
    warmline.start_again();
    let body = json!({"name": "billing", "members": "agent1"});
    assert_eq!(make(&warmline, &body).status, 200);
    let people = People::start();
    let root = people.log_in("supervisor", server.ports());
    let billing = workgroup("billing");
    let gone = format!(
        "<command xmlns='http://jabber.org/protocol/commands' action='complete' \
         node='http://jabber.org/protocol/admin#delete-workgroup'><x xmlns='jabber:x:data' \
         type='submit'><field var='workgroup'><value>{billing}</value></field></x></command>"
    );
    let before = warmline.log().matches("words are reloaded").count();
    warmline.hang_up();
    wait::until("it is reloaded", wait::SOON, || {
        let now = warmline.log().matches("words are reloaded").count();
        (now > before).then_some(())
    });
    assert_eq!(listed(&warmline).len(), 3, "over a reload");
    let said = root.ask("set", super::support::xmpp::COMPONENT, &gone);
    assert!(said.is_ok_and(|said| said.contains("type=\"info\"")));
    assert_eq!(listed(&warmline).len(), 2);
    assert_eq!(
        master(&warmline, ("DELETE", &format!("{ADMIN}/billing")), "").status,
        404
    );
}
