//! Refusals, silences and losses, with a clock in hand.

use crate::stage::{DESK, NICK, ROOM, SHAPED, Stage, VISITOR, bounce, error, heard, own};

#[test]
fn silence_is_answered_with_patience() {
    let mut stage = Stage::new();
    stage.open(None);
    let mut pauses = Vec::new();
    for _ in 0..7 {
        assert_eq!(stage.sent().len(), 1);
        stage.pass(10);
        assert_eq!(stage.sent().len(), 0);
        let until = stage.rooms.next_deadline().unwrap();
        let pause = until.since(stage.now).as_secs();
        pauses.push(pause);
        stage.pass(pause);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(stage.told(), ["unavailable"]);
}

#[test]
fn a_service_that_is_gone_is_asked_again() {
    let mut stage = Stage::new();
    stage.open(Some(stage.now));
    stage.refuse("remote-server-not-found", "cancel");
    assert_eq!(stage.told(), ["unavailable"]);
    stage.pass(1);
    stage.refuse("item-not-found", "cancel");
    let refused = format!(
        "<presence type='error' from='{ROOM}/support' to='{DESK}'>{}</presence>",
        error("not-allowed", "cancel")
    );
    stage.feed(&refused);
    assert_eq!(stage.told(), [""; 0]);
    stage.pass(2);
    assert!(stage.sent().pop().unwrap().contains("disco#info"));
}

/// A new room is not asked about before it is entered.
#[test]
fn a_service_that_is_gone_is_entered_again() {
    let mut stage = Stage::new();
    stage.open(None);
    stage.feed(&format!(
        "<presence type='error' from='{ROOM}/support' to='{DESK}'>{}</presence>",
        error("remote-server-not-found", "cancel")
    ));
    assert_eq!(stage.told(), ["unavailable"]);
    stage.sent();
    stage.pass(1);
    assert!(stage.sent().pop().unwrap().contains("<presence"));
}

#[test]
fn a_room_of_somebody_else_is_left_alone() {
    let mut stage = Stage::new();
    stage.open(Some(stage.now));
    stage.result("<query xmlns='http://jabber.org/protocol/disco#info'/>");
    stage.enters_room("member", "");
    assert_eq!(stage.told(), ["unavailable"]);
    let leave = stage.sent().pop().unwrap();
    assert!(leave.contains("type='unavailable'"), "{leave}");
}

/// Prosody locks a room until it is configured; whoever made it may have been killed before that.
#[test]
fn a_locked_room_is_configured_from_outside() {
    let mut stage = Stage::new();
    stage.open(Some(stage.now));
    stage.result("<query xmlns='http://jabber.org/protocol/disco#info'/>");
    stage.feed(&format!(
        "<presence type='error' from='{ROOM}/support' to='{DESK}'>{}</presence>",
        error("item-not-found", "cancel")
    ));
    assert!(stage.sent().pop().unwrap().contains("muc#owner"));
    stage.result(
        "<query xmlns='http://jabber.org/protocol/muc#owner'>\
         <x xmlns='jabber:x:data' type='form'/></query>",
    );
    stage.result("");
    assert!(stage.sent().pop().unwrap().contains("<presence"));
    stage.enters_room("owner", "");
    stage.admitted();
    assert_eq!(stage.told(), ["ready fresh=true []"]);
}

#[test]
fn lines_are_refused_for_good_for_now_or_because_we_are_outside() {
    let mut stage = Stage::ready(SHAPED, "");
    stage.told();
    stage.say("m1");
    stage.sent();
    stage.feed(&bounce(VISITOR, "m1", &error("forbidden", "auth")));
    assert_eq!(stage.told(), ["rejected m1"]);
    stage.say("m2");
    stage.sent();
    stage.feed(&bounce(
        VISITOR,
        "m2",
        &error("resource-constraint", "wait"),
    ));
    stage.say("m3");
    assert_eq!((stage.told(), stage.sent()), (vec![], vec![]));
    stage.pass(1);
    let sent = stage.sent();
    assert!(
        sent[0].contains("id='m2'") && sent[1].contains("id='m3'"),
        "{sent:?}"
    );
    // Openfire, of a room that its restart forgot.
    stage.feed(&bounce(
        VISITOR,
        "m3",
        &error("recipient-unavailable", "wait"),
    ));
    assert_eq!(stage.told(), ["unavailable"]);
    // Nothing is said until the room is ready; then the core says again what was not reflected.
    stage.say("m3");
    assert_eq!(stage.sent(), [""; 0]);
    stage.pass(1);
    assert!(stage.sent().pop().unwrap().contains("disco#info"));
}

/// A room that stood for a while is tried again at once; one that keeps breaking is not.
#[test]
fn pauses_are_short_again_after_a_steady_time() {
    let mut stage = Stage::ready(SHAPED, "");
    let mut pauses = Vec::new();
    for stood in [5, 5, 40, 5] {
        stage.pass(stood);
        stage.say("m1");
        stage.feed(&bounce(VISITOR, "m1", &error("not-acceptable", "modify")));
        let pause = stage.rooms.next_deadline().unwrap().since(stage.now);
        pauses.push(pause.as_secs());
        stage.pass(pause.as_secs());
        stage.found(SHAPED);
        stage.enters_room("owner", "");
        stage.admitted();
    }
    assert_eq!(pauses, [1, 2, 1, 2]);
}

/// However much is to be said, little of it is in the server at a time: there it would stand
/// before the agent's words, and the room would seem lost to us when its answers take longer than
/// they may.
#[test]
fn a_flood_waits_here_and_not_in_the_server() {
    let mut stage = Stage::ready(SHAPED, "");
    stage.told();
    stage.sent();
    for number in 0..100 {
        stage.say(&format!("m{number}"));
    }
    assert_eq!(stage.sent().len(), 16);
    // A room that reflects a line a second is slow, but not lost.
    for number in 0..100 {
        stage.pass(1);
        stage.feed(&heard(
            NICK,
            &format!("id='m{number}'><body>m{number}</body>"),
        ));
        assert_eq!(stage.told(), [format!("reflected m{number}")]);
        let next: Vec<_> = (number + 16..100).take(1).collect();
        let sent = stage.sent();
        assert_eq!(sent.len(), next.len());
        assert!(
            next.iter()
                .all(|next| sent[0].contains(&format!("id='m{next}'")))
        );
    }
    assert_eq!(stage.told(), [""; 0]);
}

#[test]
fn a_line_that_is_not_reflected_means_that_we_are_outside() {
    let mut stage = Stage::ready(SHAPED, "");
    stage.say("m1");
    stage.pass(15);
    stage.say("m2");
    stage.told();
    stage.feed(&heard(NICK, "id='m1'><body>m1</body>"));
    assert_eq!(stage.told(), ["reflected m1"]);
    stage.pass(19);
    assert_eq!(stage.told(), [""; 0]);
    stage.pass(1);
    assert_eq!(stage.told(), ["unavailable"]);
}

#[test]
fn a_silent_room_is_asked_whether_we_are_in_it() {
    let mut stage = Stage::ready(SHAPED, "");
    stage.told();
    stage.sent();
    stage.pass(300);
    let ping = stage.sent().concat();
    assert!(ping.contains("urn:xmpp:ping") && ping.contains(&format!("to='{ROOM}/support'")));
    let id = stage.last_id();
    let pong = |kind: &str, error: &str| {
        format!("<iq type='{kind}' id='{id}' from='{ROOM}/support' to='{DESK}'>{error}</iq>")
    };
    stage.feed(&pong("result", ""));
    stage.pass(60);
    assert_eq!((stage.told(), stage.sent()), (vec![], vec![]));
    stage.pass(240);
    assert_eq!(stage.sent().len(), 1);
    let id = stage.last_id();
    let lost = error("not-acceptable", "modify");
    stage.feed(&format!(
        "<iq type='error' id='{id}' from='{ROOM}/support' to='{DESK}'>{lost}</iq>"
    ));
    assert_eq!(stage.told(), ["unavailable"]);
}

/// Openfire's shutdown (332), and an occupant of ours whose place is lost while it was away.
#[test]
fn our_occupants_are_put_out() {
    let out = |to: &str, nick: &str| {
        own(to, nick, "owner", "<status code='332'/>")
            .replace("<presence ", "<presence type='unavailable' ")
    };
    for (to, nick) in [(DESK, "support"), (VISITOR, NICK)] {
        let mut stage = Stage::ready(SHAPED, "");
        stage.told();
        stage.feed(&out(to, nick));
        assert_eq!(stage.told(), ["unavailable"]);
        stage.pass(1);
        // The end of the earlier stay may come late.
        stage.result("<query xmlns='http://jabber.org/protocol/disco#info'/>");
        stage.feed(&out(DESK, "support"));
        assert_eq!(stage.told(), [""; 0]);
    }
}

#[test]
fn invitations_go_from_where_the_service_takes_them() {
    let mut stage = Stage::ready(SHAPED, "");
    stage.sent();
    stage.invite_spark("agent1@example.test");
    let sent = stage.sent();
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert_eq!(sent[2], "invited agent1@example.test");
    assert!(sent[0].contains("affiliation='member' jid='agent1@example.test'"));
    assert!(
        sent[1].contains("from='support@workgroup.example.test' "),
        "{}",
        sent[1]
    );
    let id = sent[1]
        .split("id='")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    let refused = error("not-acceptable", "modify");
    stage.feed(&bounce("support@workgroup.example.test", id, &refused));
    let again = stage.sent();
    assert_eq!(again.len(), 1);
    assert!(again[0].contains(&format!("from='{DESK}'")), "{again:?}");
    stage.invite_spark("agent2@example.test");
    assert!(stage.sent()[1].contains(&format!("from='{DESK}'")));
    // Who is invited directly never is by an occupant.
    stage.invite("agent3@example.test");
    let direct = &stage.sent()[1];
    assert!(direct.contains("jabber:x:conference") && direct.contains("waits for you"));
    assert!(direct.contains("from='support@workgroup.example.test' "));
    // The bounce of a direct invitation, and a decline that went straight to the inviter.
    stage.told();
    stage.feed(
        "<message type='error' id='wlroom-9' from='agent1@example.test' \
         to='support@workgroup.example.test'/>",
    );
    assert_eq!(stage.told(), [""; 0]);
    stage.feed(
        "<message from='agent2@example.test/x' to='support@workgroup.example.test'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><decline/></x></message>",
    );
    assert_eq!(stage.told(), ["declined agent2@example.test"]);
}

#[test]
fn a_room_is_entered_to_be_destroyed_where_it_must_be() {
    let mut stage = Stage::new();
    stage.close();
    assert!(stage.sent().concat().contains("<destroy"));
    stage.refuse("not-authorized", "auth");
    assert!(stage.sent().concat().contains("<presence"));
    stage.enters_room("owner", "");
    let sent = stage.sent();
    assert!(sent[0].contains("<body>over</body>"), "{sent:?}");
    assert!(sent[1].contains("<reason>over</reason>"), "{sent:?}");
    stage.result("");
    assert_eq!(stage.told(), ["gone"]);
    assert!(!stage.rooms.knows_occupant("v-abc"));

    // Not ours any more: left, and nothing more to do.
    stage.close();
    stage.refuse("forbidden", "auth");
    stage.enters_room("member", "");
    stage.refuse("forbidden", "auth");
    assert_eq!(stage.told(), ["gone"]);
    let leaves = stage
        .sent()
        .iter()
        .filter(|s| s.contains("'unavailable'"))
        .count();
    assert_eq!(leaves, 2);
}

#[test]
fn a_destruction_is_tried_until_it_is_answered() {
    let mut stage = Stage::ready(SHAPED, "");
    stage.close();
    stage.told();
    stage.pass(10);
    stage.sent();
    stage.pass(1);
    assert!(stage.sent().concat().contains("<destroy"));
    // Repeated orders do not disturb it, nor does anything that is said.
    stage.close();
    stage.open(None);
    stage.say("m1");
    stage.feed(&heard("Ana", "id='a1'><body>wait</body>"));
    assert_eq!(stage.sent(), [""; 0]);
    stage.refuse("item-not-found", "cancel");
    assert_eq!(stage.told(), ["gone"]);
}
