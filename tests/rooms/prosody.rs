//! The stories on a real Prosody.

use crate::support::prosody::Prosody;
use crate::support::xmpp::{Options, workgroup};
use crate::{losses, missed, stories};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, child};

fn without_archive() -> Prosody {
    Prosody::start_with(&Options {
        room_archive: false,
        ..Options::default()
    })
}

#[test]
fn an_ordinary_life() {
    let server = Prosody::start();
    stories::from_the_invitation_to_the_end(&server);
    stories::one_agent_at_two_clients(&server);
    stories::declined_and_whispered(&server);
    losses::orders_are_repeated(&server);
    stories::nothing_is_left(&server);
}

#[test]
fn an_agent_is_invited_early() {
    stories::invited_early(&Prosody::start());
}

#[test]
fn fastpath_clients_are_invited_as_they_expect() {
    let server = Prosody::start();
    let message = stories::fastpath_invitation(&server);
    let x = child(&message, "x", ns::MUC_USER).expect("an invitation");
    let invite = child(x, "invite", ns::MUC_USER).expect("an invitation");
    assert_eq!(attr(invite, "from"), Some(workgroup("support").as_str()));
    let session = child(&message, "session", ns::JIVE_WORKGROUP).expect("a session");
    assert_eq!(attr(session, "id"), Some("spark"));
    assert!(child(&message, "offer", ns::WORKGROUP).is_some());
}

#[test]
fn what_was_missed_is_told() {
    let server = Prosody::start();
    missed::lines_are_told_once_in_order(&server, 3);
    missed::nothing_was_known(&server);
}

#[test]
fn four_hundred_missed_lines_come_back_page_by_page() {
    missed::lines_are_told_once_in_order(&Prosody::start(), 400);
}

#[test]
fn without_an_archive_the_history_tells() {
    let server = without_archive();
    missed::lines_are_told_once_in_order(&server, 40);
    missed::nothing_was_known(&server);
}

#[test]
fn a_restart_keeps_the_room() {
    missed::the_server_restarts(&mut Prosody::start());
}

#[test]
fn what_others_do() {
    let server = Prosody::start();
    // Prosody keeps the name of a destroyed room closed.
    losses::destroyed_by_somebody(&server, false);
    losses::put_out(&server, "support");
    losses::closed_from_outside(&server);
    losses::names_are_taken(&server);
}

#[test]
fn a_visitor_who_is_put_out_comes_back() {
    losses::put_out(&Prosody::start(), "");
}
