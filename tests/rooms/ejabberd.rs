//! The stories on a real ejabberd.

use crate::support::ejabberd::Ejabberd;
use crate::support::xmpp::{Options, workgroup};
use crate::{losses, missed, stories};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, child};

#[test]
fn an_ordinary_life() {
    let server = Ejabberd::start();
    stories::from_the_invitation_to_the_end(&server);
    stories::one_agent_at_two_clients(&server);
    stories::declined_and_whispered(&server);
    losses::orders_are_repeated(&server);
    stories::nothing_is_left(&server);
    stories::invited_early(&server);
    // ejabberd drops what Fastpath adds, and names the occupant's full address.
    let message = stories::fastpath_invitation(&server);
    assert!(child(&message, "session", ns::JIVE_WORKGROUP).is_none());
    let x = child(&message, "x", ns::MUC_USER).expect("an invitation");
    let invite = child(x, "invite", ns::MUC_USER).expect("an invitation");
    let occupant = format!("{}/support", workgroup("support"));
    assert_eq!(attr(invite, "from"), Some(occupant.as_str()));
}

#[test]
fn what_was_missed_is_told() {
    let mut server = Ejabberd::start();
    missed::lines_are_told_once_in_order(&server, 400);
    missed::nothing_was_known(&server);
    missed::the_server_restarts(&mut server);
}

#[test]
fn without_an_archive_the_history_tells() {
    let server = Ejabberd::start_with(&Options {
        room_archive: false,
        ..Options::default()
    });
    missed::lines_are_told_once_in_order(&server, 40);
    missed::nothing_was_known(&server);
}

#[test]
fn what_others_do() {
    let server = Ejabberd::start();
    losses::destroyed_by_somebody(&server, true);
    // The owner's occupant cannot be put out here.
    losses::put_out(&server, "");
    losses::closed_from_outside(&server);
    losses::names_are_taken(&server);
}
