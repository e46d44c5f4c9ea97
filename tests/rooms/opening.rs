//! How a room comes to be and is ended: typed-in stanzas, as servers were recorded to send them.

use warmline::bridge::RoomOrder;
use warmline::ids::AgentJid;

use crate::stage::{DESK, NICK, ROOM, SHAPED, Stage, error, heard, own, presence};

const ANA: &str = "agent1@example.test/spark";
const CREATED: &str = "<status code='100'/><status code='201'/>";

fn form(more: &str) -> String {
    format!(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'>\
         <field var='muc#roomconfig_persistentroom' type='boolean'><value>0</value></field>\
         {more}</x></query>"
    )
}

/// Openfire 4.2: the statuses of a new room come in another order; nothing marks the end of a
/// history.
#[test]
fn openfire_makes_a_room() {
    let mut stage = Stage::new();
    stage.open(None);
    let join = stage.sent();
    assert_eq!(join.len(), 1, "of a new room there is nothing to ask");
    assert!(
        join[0].contains(&format!("to='{ROOM}/support'")),
        "{join:?}"
    );
    assert!(join[0].contains("<history maxstanzas='0'/>"), "{join:?}");
    stage.feed(&own(DESK, "support", "owner", CREATED));
    stage.result(&form(""));
    let form = stage.sent().concat();
    assert!(
        form.contains("roomconfig_persistentroom'><value>1<"),
        "{form}"
    );
    assert!(!form.contains("membersonly"), "{form}");
    stage.result("");
    let member = stage.sent();
    let item = "<item affiliation='member' jid='v-abc@workgroup.example.test'/>";
    assert!(member[0].contains(item), "{member:?}");
    assert!(member[1].contains(&format!("to='{ROOM}/{NICK}'")));
    stage.admitted();
    assert_eq!(stage.told(), ["ready fresh=false []"]);
    assert!(stage.rooms.knows_occupant("v-abc"));
    assert!(!stage.rooms.knows_occupant("support") && !stage.rooms.knows_occupant("v-abd"));
}

/// Openfire 4.2 tells that a room is not there with the request repeated.
#[test]
fn a_room_in_which_something_was_said_is_asked_for() {
    let mut stage = Stage::new();
    stage.open(Some(stage.now));
    assert_eq!(
        stage.sent(),
        [format!(
            "<iq xmlns='jabber:client' from='{DESK}' id='wlroom-1' to='{ROOM}' type='get'>\
             <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )]
    );
    let id = stage.last_id();
    stage.feed(&format!(
        "<iq type='error' id='{id}' from='{ROOM}' to='{DESK}'>\
         <query xmlns='http://jabber.org/protocol/disco#info'></query>\
         <error code='404' type='cancel'>\
         <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    let join = stage.sent().concat();
    assert!(join.contains("<history maxstanzas='0'/>"), "{join}");
}

/// The invitation waits for nothing but the room; the order to invite finds it done.
#[test]
fn an_agent_is_asked_in_as_soon_as_there_is_a_room() {
    let mut stage = Stage::new();
    stage.open_for("agent1@example.test");
    stage.feed(&own(DESK, "support", "owner", CREATED));
    assert!(!stage.sent().concat().contains("agent1@"));
    stage.result(&form(""));
    let sent = stage.sent();
    assert_eq!(sent.len(), 4, "{sent:?}");
    assert!(sent[0].contains("muc#roomconfig"));
    assert!(sent[1].contains("affiliation='member' jid='agent1@example.test'"));
    assert!(sent[2].contains("jabber:x:conference") && !sent[2].contains("<body"));
    assert_eq!(sent[3], "invited agent1@example.test");
    // Inside before the visitor: told with the rest.
    stage.feed(&presence("Ana", ANA, ""));
    stage.feed(&format!(
        "<iq type='result' id='wlroom-2' from='{ROOM}' to='{DESK}'/>"
    ));
    stage.admitted();
    assert_eq!(stage.told(), ["ready fresh=false [Ana]"]);
}

/// Who is asked in before the room is ready may decline before it is.
#[test]
fn an_early_decline_is_told_at_once() {
    let mut stage = Stage::new();
    stage.open_for("agent1@example.test");
    stage.feed(&own(DESK, "support", "owner", CREATED));
    stage.result(&form(""));
    stage.told();
    stage.feed(
        "<message from='agent1@example.test/x' to='support@workgroup.example.test'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><decline/></x></message>",
    );
    assert_eq!(stage.told(), ["declined agent1@example.test"]);
}

/// Who is to be put out before the room is ready is no member any more when it is, unless wanted again.
#[test]
fn an_early_removal_is_carried_out_when_the_room_is_ready() {
    const NONE: &str = "affiliation='none' jid='agent1@example.test'";
    for again in [false, true] {
        let mut stage = Stage::new();
        stage.open_for("agent1@example.test");
        stage.feed(&own(DESK, "support", "owner", CREATED));
        stage.result(&form(""));
        stage.sent();
        let agent = AgentJid::parse("agent1@example.test").expect("a JID");
        stage.order(RoomOrder::Remove(agent));
        assert_eq!(stage.sent(), [""; 0]);
        if again {
            stage.open_for("agent1@example.test");
        }
        stage.feed(&format!(
            "<iq type='result' id='wlroom-2' from='{ROOM}' to='{DESK}'/>"
        ));
        stage.admitted();
        let sent = stage.sent().concat();
        assert_eq!(sent.contains(NONE), !again, "{sent}");
    }
}

#[test]
fn an_order_to_invite_is_carried_out_once_if_the_agent_was_asked_early() {
    let mut stage = Stage::new();
    stage.open_for("agent1@example.test");
    stage.feed(&own(DESK, "support", "owner", CREATED));
    stage.result(&form(""));
    stage.feed(&format!(
        "<iq type='result' id='wlroom-2' from='{ROOM}' to='{DESK}'/>"
    ));
    stage.admitted();
    stage.sent();
    stage.invite("agent1@example.test");
    assert_eq!(stage.sent(), [""; 0]);
    stage.invite("agent1@example.test");
    let sent = stage.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    // In before the order came.
    stage.feed(&presence("Ana", ANA, ""));
    stage.invite("agent1@example.test");
    assert_eq!(stage.sent(), ["invited agent1@example.test"]);
}

/// The form of one room serves for the next; where it does not, the room's own is asked for.
#[test]
fn a_form_is_asked_for_once() {
    let mut stage = Stage::new();
    stage.open_for("agent1@example.test");
    stage.feed(&own(DESK, "support", "owner", CREATED));
    stage.result(&form(""));
    stage.close();
    stage.result("");
    assert_eq!(stage.told(), ["gone"]);
    stage.sent();
    stage.open_for("agent1@example.test");
    stage.feed(&own(DESK, "support", "owner", CREATED));
    let sent = stage.sent();
    assert!(sent[1].contains("type='set'") && sent[1].contains("muc#roomconfig"));
    assert_eq!(sent.last().unwrap(), "invited agent1@example.test");
    let id = sent[1].split(" id='").nth(1).unwrap();
    let id = id.split('\'').next().unwrap();
    let refused = error("not-acceptable", "modify");
    stage.feed(&format!(
        "<iq type='error' id='{id}' from='{ROOM}' to='{DESK}'>{refused}</iq>"
    ));
    let again = stage.sent();
    assert!(
        again.len() == 1 && again[0].contains("type='get'"),
        "{again:?}"
    );
    stage.result(&form(""));
    // The agent was asked already.
    assert_eq!(stage.sent().len(), 1);
    stage.result("");
    stage.admitted();
    assert_eq!(stage.told(), ["ready fresh=false []"]);
}

/// A crash came between the making of a room and the first word in it.
#[test]
fn what_is_taken_for_new_and_is_there_is_looked_at_after_all() {
    let mut stage = Stage::new();
    stage.open_for("agent1@example.test");
    stage.sent();
    stage.feed(&own(DESK, "support", "owner", ""));
    let sent = stage.sent();
    assert!(sent[0].contains("type='unavailable'"), "{sent:?}");
    assert!(sent[1].contains("disco#info"), "{sent:?}");
    stage.feed(
        &own(DESK, "support", "owner", "").replace("<presence ", "<presence type='unavailable' "),
    );
    stage.found(SHAPED);
    assert!(stage.sent().concat().contains("maxstanzas='10000'"));
    stage.enters_room("owner", &heard("Ana", "id='a1'><body>hello?</body>"));
    let sent = stage.sent().concat();
    assert!(
        !sent.contains("jabber:x:conference"),
        "who is inside is not known yet: {sent}"
    );
    stage.admitted();
    assert_eq!(stage.told(), ["Ana: hello?", "ready fresh=false []"]);
    stage.invite("agent1@example.test");
    assert!(stage.sent().concat().contains("jabber:x:conference"));
}

/// Prosody remembers each persistent room that was destroyed, for a month, in one list which it
/// writes anew with every change of any room.
#[test]
fn a_destroyed_room_leaves_no_tombstone() {
    let ours = "<field var='{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites'/>";
    for (field, stanzas) in [(ours, 3), ("", 2)] {
        let mut stage = Stage::new();
        stage.open(None);
        stage.feed(&own(DESK, "support", "owner", CREATED));
        stage.result(&form(field));
        stage.result("");
        stage.admitted();
        stage.sent();
        stage.close();
        let sent = stage.sent();
        assert_eq!(sent.len(), stanzas, "{sent:?}");
        assert!(sent[0].contains("<body>over</body>"));
        let fleeting = sent[1].contains("persistentroom'><value>0<");
        assert_eq!(fleeting, stanzas == 3, "{sent:?}");
        assert!(sent[stanzas - 1].contains("<destroy"));
        stage.result("");
        assert_eq!(stage.told().last().unwrap(), "gone");
    }
}
