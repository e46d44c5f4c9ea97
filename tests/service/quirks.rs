//! What the real Fastpath plugin does to a visitor's client, and what becomes of the visitor.

use std::time::Duration;

use super::plugin::{Plugin, ROOMS, attr};
use super::support::agents::People;
use super::support::wait;
use super::support::xmpp::Server;

const OPEN: &str = "on_request_timeout = \"keep\"";

fn start() -> Plugin {
    Plugin::start(|config| config.channel = OPEN.into())
}

/// Agents are waited for a short while only.
fn impatient() -> Plugin {
    Plugin::start(|config| {
        config
            .workgroup
            .push_str("\nagent_return = \"2s\"\njoin_timeout = \"2s\"");
        config.channel = OPEN.into();
    })
}

#[test]
fn a_talk_with_all_its_repetitions_and_a_transfer_that_kicks_first() {
    let mut plugin = impatient();
    let ticket = plugin.open("1");
    let join = plugin.asked("<join-queue");
    for part in [
        "type='submit'",
        "var='username'",
        "var='question'",
        "name='userID'",
    ] {
        assert!(join.contains(part), "{part} in {join}");
    }
    let visitor = attr(&join, "from");
    plugin.place(&visitor, "th2qwo4", 2);
    plugin.result(&join);
    plugin.place(&visitor, "th2qwo4", 1);
    assert_eq!(plugin.rapidpro.message("1", "It is burning").status, 201);
    plugin.invites(&visitor, "th2qwo4");
    plugin.invites(&visitor, "th2qwo4");
    // After the invitation it means nothing.
    plugin.place(&visitor, "th2qwo4", 1);
    let own = plugin.enters(&visitor, &["agent1"]);
    assert!(own.starts_with(&format!("th2qwo4@{ROOMS}/Visitor-")));
    plugin.hears("It is burning");
    let (ana, ben) = (
        format!("th2qwo4@{ROOMS}/agent1"),
        format!("th2qwo4@{ROOMS}/agent3"),
    );
    plugin.says(&visitor, &ana, "Hello, how can I help?");
    plugin.told("Hello, how can I help?");
    plugin.kicked(&visitor, &ana);
    plugin.kicked(&visitor, &ana);
    plugin.occupant(&visitor, &ben, "");
    plugin.says(&visitor, &ben, "Sales here");
    plugin.told("Sales here");
    assert_eq!(plugin.rapidpro.message("1", "Still burning").status, 201);
    plugin.hears("Still burning");
    // Late and twice.
    plugin.invites(&visitor, "th2qwo4");
    plugin.place(&visitor, "th2qwo4", 1);
    plugin.leaves(&visitor, &ben);
    plugin.in_rooms("type='unavailable'");
    plugin.closed();
    let words = plugin.bot.taken().into_iter();
    let words = words.filter(|c| c.kind() == "agent-message" && c.body["ticketID"] == ticket.id);
    assert_eq!(words.count(), 2);
}

#[test]
fn a_room_that_was_gone_is_left_and_the_line_joined_again_with_the_first_words_kept() {
    let mut plugin = start();
    plugin.open("1");
    assert_eq!(plugin.rapidpro.message("1", "first words").status, 201);
    let visitor = plugin.joins("3vaipe28");
    plugin.invites(&visitor, "3vaipe28");
    let occupant = plugin.enters_nothing(&visitor);
    let left = plugin.in_rooms("type='unavailable'");
    assert_eq!(attr(&left, "to"), occupant);
    assert_eq!(
        plugin.joins("hrkkgq29"),
        visitor,
        "one JID from first to last"
    );
    plugin.invites(&visitor, "hrkkgq29");
    plugin.enters(&visitor, &["agent1"]);
    plugin.hears("first words");
}

#[test]
fn an_agent_who_accepts_and_never_comes_is_not_waited_for() {
    let mut plugin = impatient();
    plugin.open("1");
    let visitor = plugin.joins("acc1");
    plugin.invites(&visitor, "acc1");
    plugin.enters(&visitor, &[]);
    let left = plugin.in_rooms("type='unavailable'");
    assert!(attr(&left, "to").starts_with("acc1@"));
    plugin.joins("acc2");
}

#[test]
fn what_the_plugin_refuses_is_asked_again_and_when_it_opens_at_once() {
    let mut plugin = start();
    plugin.open("1");
    let join = plugin.asked("<join-queue");
    plugin.refuse(&join, ("500", "wait", "internal-server-error"));
    let join = plugin.asked("<join-queue");
    plugin.refuse(&join, ("401", "auth", "not-authorized"));
    let join = plugin.asked("<join-queue");
    plugin.shows(false);
    plugin.state = "READY";
    plugin.refuse(&join, ("503", "cancel", "service-unavailable"));
    plugin.not_asked("<join-queue", Duration::from_secs(3));
    plugin.state = "OPEN";
    plugin.shows(true);
    let visitor = plugin.joins("s1");
    // Nobody is there any more, and then somebody is.
    plugin.departs(&visitor, "agent-not-found");
    plugin.joins("s2");
    // Somebody of the workgroup wants the visitor out: that is the end.
    plugin.departs(&visitor, "departure-requested");
    plugin.closed();
}

#[test]
fn silence_is_no_answer() {
    let mut plugin = start();
    plugin.open("1");
    let join = plugin.asked("<join-queue");
    let visitor = attr(&join, "from");
    let depart = plugin.asked("<depart-queue");
    plugin.departs(&visitor, "departure-requested");
    plugin.result(&depart);
    plugin.joins("s1");
    plugin.invites(&visitor, "s1");
    plugin.enters(&visitor, &["agent1"]);
}

#[test]
fn a_kill_while_the_visitor_waits_asks_once_whether_the_place_is_still_there() {
    let mut plugin = start();
    plugin.open("1");
    let visitor = plugin.joins("s1");
    plugin.client.wait_log("in a line elsewhere");
    plugin.client.kill9();
    plugin.client.start_again();
    plugin.asked("<queue-status");
    plugin.place_by_request(&visitor, "s1");
    let answer = plugin.asked("id='612-31'");
    assert_eq!(attr(&answer, "type"), "result");
    wait::until("the place is known to be there", wait::SOON, || {
        let log = plugin.client.log();
        (log.matches("in a line elsewhere").count() == 2).then_some(())
    });
    plugin.not_asked("-queue", Duration::from_secs(2));
    // The server forgot its line (S21): neither there nor in the room of that name.
    plugin.client.kill9();
    plugin.client.start_again();
    let poll = plugin.asked("<queue-status");
    plugin.refuse(&poll, ("404", "cancel", "item-not-found"));
    let visitor = plugin.joins("s2");
    plugin.invites(&visitor, "s2");
    plugin.enters(&visitor, &["agent1"]);
}

#[test]
fn a_kill_while_they_talk_comes_back_as_the_same_and_says_again_what_was_not_shown() {
    let mut plugin = start();
    plugin.open("1");
    let visitor = plugin.joins("s1");
    plugin.invites(&visitor, "s1");
    let own = plugin.enters(&visitor, &["agent1"]);
    assert_eq!(plugin.rapidpro.message("1", "shown").status, 201);
    plugin.hears("shown");
    assert_eq!(plugin.rapidpro.message("1", "lost on the way").status, 201);
    let lost = plugin.in_rooms("lost on the way");
    plugin.client.wait_log("the wait is over");
    plugin.client.kill9();
    plugin.client.start_again();
    assert_eq!(plugin.enters(&visitor, &["agent1"]), own);
    let again = plugin.in_rooms("groupchat");
    assert!(again.contains("lost on the way"), "{again}");
    assert_eq!(attr(&again, "id"), attr(&lost, "id"));
}

#[test]
fn a_server_that_forgot_its_rooms_costs_an_agent_and_no_word() {
    let mut plugin = start();
    plugin.open("1");
    let visitor = plugin.joins("s1");
    plugin.invites(&visitor, "s1");
    let own = plugin.enters(&visitor, &["agent1"]);
    plugin.says(&visitor, &format!("s1@{ROOMS}/agent1"), "I am looking");
    plugin.told("I am looking");
    assert_eq!(
        plugin.rapidpro.message("1", "hello after restart").status,
        201
    );
    let said = plugin.in_rooms("hello after restart");
    let (id, room) = (attr(&said, "id"), attr(&said, "to"));
    plugin.rooms.say(&format!("<message type=\"error\" id=\"{id}\" to=\"{visitor}\" from=\"{room}\"><body>hello after restart</body><error code=\"404\" type=\"wait\"><recipient-unavailable xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error></message>"));
    assert_eq!(plugin.enters_nothing(&visitor), own);
    plugin.joins("s2");
    plugin.invites(&visitor, "s2");
    plugin.enters(&visitor, &["agent3"]);
    let briefing = plugin.in_rooms("groupchat");
    assert!(briefing.contains("I am looking"), "{briefing}");
    plugin.reflect(&briefing);
    plugin.hears("hello after restart");
}

#[test]
fn an_invitation_of_a_conversation_that_is_over_is_excused() {
    let mut plugin = start();
    plugin.open("1");
    let visitor = plugin.joins("s1");
    assert_eq!(plugin.rapidpro.close("1").status, 204);
    let depart = plugin.asked("<depart-queue");
    // It was too late (S10).
    plugin.refuse(&depart, ("404", "cancel", "item-not-found"));
    plugin.invites(&visitor, "s1");
    let came = plugin.in_rooms("protocol/muc'");
    let left = plugin.in_rooms("type='unavailable'");
    assert_eq!(attr(&came, "to"), attr(&left, "to"));
}

#[test]
fn strangers_invite_nobody() {
    let mut plugin = start();
    plugin.open("1");
    let visitor = plugin.joins("s1");
    let people = People::start();
    let stranger = people.log_in("stranger", plugin.server.ports());
    stranger.raw(&format!("<message to='{visitor}'><x xmlns='http://jabber.org/protocol/muc#user'><invite from='support@workgroup.example.test'><reason>Please join me for a chat.</reason></invite></x><x xmlns='jabber:x:conference' jid='trap@conference.example.test'/></message>"));
    // From beside the workgroup, in the name of somebody who is none of it.
    plugin.rooms.say(&format!("<message from=\"trap@{ROOMS}\" to=\"{visitor}\"><x xmlns=\"http://jabber.org/protocol/muc#user\"><invite from=\"stranger@example.test\"/></x></message>"));
    plugin.invites(&visitor, "s1");
    let occupant = plugin.enters(&visitor, &["agent1"]);
    assert!(occupant.starts_with("s1@"), "{occupant}");
}
