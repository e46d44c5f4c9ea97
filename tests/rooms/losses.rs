//! What others may do to a room and to our occupants in it.

use crate::seat::{Seat, now};
use crate::stories::{close_order, reflection, with_agent};
use crate::support::xmpp::{COMPONENT, Server, workgroup};
use minidom::Element;
use warmline::bridge::RoomEvent;
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{Build, element, iq, presence};

fn unavailable(seat: &mut Seat) {
    seat.until("Unavailable", |event| {
        matches!(event, RoomEvent::Unavailable).then_some(())
    });
}

fn owner_does(seat: &mut Seat, payload: Element) {
    let from = format!("{}/support", workgroup("support"));
    let room = seat.current_room();
    seat.transmit(&iq("set", "by-hand", (&from, &room), payload));
}

/// Somebody destroys the room: it is made anew, under another name where the server keeps the
/// old one closed.
pub fn destroyed_by_somebody(server: &dyn Server, name_again: bool) {
    let (mut seat, mut ana) = with_agent(server, "ruined");
    let destroy = element("destroy", ns::MUC_OWNER);
    owner_does(&mut seat, element("query", ns::MUC_OWNER).and(destroy));
    unavailable(&mut seat);
    assert_eq!(seat.until_ready(), (true, vec![]));
    let room = seat.current_room();
    assert_eq!(room == seat.room(), name_again, "{room}");
    ana.enter(&room, "Ana");
    seat.until("Entered", |event| {
        matches!(event, RoomEvent::Entered { .. }).then_some(())
    });
    ana.say(&room, "a1", "new walls");
    seat.until("Spoken", |event| {
        matches!(event, RoomEvent::Spoken(_)).then_some(())
    });
    seat.say("m1", true, "indeed");
    reflection(&mut seat, "m1");
    // Found again by somebody who knows only the conversation.
    seat.reconnect(server);
    seat.open(&["agent1"], Some(now()));
    let (fresh, _) = seat.until_ready();
    assert!(!fresh);
    assert_eq!(seat.current_room(), room);
    seat.reconnect(server);
    seat.order(close_order("over"));
    seat.until("Gone", |event| {
        matches!(event, RoomEvent::Gone).then_some(())
    });
}

/// One of our occupants is put out: it comes back, and what was said meanwhile is told.
pub fn put_out(server: &dyn Server, nick: &str) {
    let (mut seat, mut ana) = with_agent(server, "kicked");
    let room = seat.room();
    let pseudonym = seat.conversation.pseudonym();
    let nick = if nick.is_empty() { &pseudonym } else { nick };
    let item = element("item", ns::MUC_ADMIN)
        .with("nick", nick)
        .with("role", "none");
    owner_does(&mut seat, element("query", ns::MUC_ADMIN).and(item));
    unavailable(&mut seat);
    ana.say(&room, "a1", "where did you go?");
    ana.until_said("where did you go?");
    let text = seat.until("Spoken", |event| match event {
        RoomEvent::Spoken(spoken) => Some(spoken.words.text.clone()),
        _ => None,
    });
    assert_eq!(text, "where did you go?");
    let (fresh, inside) = seat.until_ready();
    assert_eq!((fresh, inside.len()), (false, 1));
    seat.say("m1", true, "back");
    reflection(&mut seat, "m1");
}

/// A room is closed by somebody who was not in it; closing it again is no harm.
pub fn closed_from_outside(server: &dyn Server) {
    let (mut seat, _ana) = with_agent(server, "outside");
    for _ in 0..2 {
        seat.reconnect(server);
        seat.order(close_order("over"));
        seat.until("Gone", |event| {
            matches!(event, RoomEvent::Gone).then_some(())
        });
    }
}

/// Repeated orders change nothing; a line on its way is not said twice.
pub fn orders_are_repeated(server: &dyn Server) {
    let (mut seat, mut ana) = with_agent(server, "again");
    seat.say("m1", true, "once");
    seat.open(&["agent1", "agent2"], Some(now()));
    seat.say("m1", true, "once");
    let (fresh, inside) = seat.until_ready();
    assert_eq!((fresh, inside.len()), (false, 1));
    reflection(&mut seat, "m1");
    seat.say("m2", true, "twice");
    reflection(&mut seat, "m2");
    ana.until_said("twice");
    let once = ana
        .seen
        .iter()
        .filter(|s| crate::person::said(s, "once").is_some());
    assert_eq!(once.count(), 1);
}

/// Somebody sits in the room under our names: we take others.
pub fn names_are_taken(server: &dyn Server) {
    let (mut seat, mut ana) = with_agent(server, "names");
    let room = seat.room();
    let pseudonym = seat.conversation.pseudonym();
    let desk = format!("{}/support", workgroup("support"));
    let visitor = format!("v-names@{COMPONENT}/names");
    for (own, nick) in [(desk, "support"), (visitor, &pseudonym)] {
        let occupant = format!("{room}/{nick}");
        seat.transmit(&presence(Some("unavailable"), (&own, &occupant)));
        ana.until("an empty chair", |s| left(s, nick));
    }
    seat.rooms.link_lost();
    ana.enter(&room, &pseudonym);
    ana.until("a changed nickname", |s| {
        let fits = s.name() == "presence" && attr_is(s, "from", &format!("{room}/{pseudonym}"));
        (fits && attr_is(s, "type", "")).then_some(())
    });
    seat.told.clear();
    seat.open(&["agent1"], None);
    let (_, inside) = seat.until_ready();
    assert_eq!(inside.len(), 1);
    ana.say(&room, "a1", "I am Ana");
    seat.until("Spoken", |event| {
        matches!(event, RoomEvent::Spoken(_)).then_some(())
    });
    seat.say("m1", true, "and I the visitor");
    reflection(&mut seat, "m1");
    let shown = ana.until_said("and I the visitor");
    assert!(attr_is(&shown, "from", &format!("{room}/{pseudonym}-2")));
}

fn left(stanza: &Element, nick: &str) -> Option<()> {
    let from = warmline::xmpp::stanza::from(stanza)?;
    let fits = from.resource.as_deref() == Some(nick) && attr_is(stanza, "type", "unavailable");
    fits.then_some(())
}

fn attr_is(stanza: &Element, name: &str, value: &str) -> bool {
    warmline::xmpp::stanza::attr(stanza, name).unwrap_or_default() == value
}
