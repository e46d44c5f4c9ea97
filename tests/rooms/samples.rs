//! Recorded stanzas in, wishes out.

use crate::stage::{
    ARCHIVED, DESK, NICK, ROOM, SHAPED, Stage, VISITOR, bounce, error, heard, own, presence,
};
use warmline::bridge::{RoomEvent, RoomOrder};
use warmline::ids::{AgentJid, Timestamp};
use warmline::users::ChatState;

const ANA: &str = "agent1@example.test/spark";

/// Recorded on Openfire 4.2 (a component that came back): messages without any id, with the
/// history's stamp some milliseconds after the words.
#[test]
fn openfires_messages_without_ids_keep_their_keys() {
    let keys = |stage: &mut Stage| {
        let told = std::mem::take(&mut stage.told);
        let key = |event: RoomEvent| match event {
            RoomEvent::Spoken(spoken) => Some((spoken.key, spoken.agent)),
            _ => None,
        };
        told.into_iter().filter_map(key).collect::<Vec<_>>()
    };
    let live = heard("agent1", "><body>are you back?</body>");
    let delayed = |stamp: &str| {
        heard(
            "agent1",
            &format!(
                "><body>are you back?</body><delay xmlns='urn:xmpp:delay' \
                 stamp='{stamp}' from='{ROOM}/agent1'/>"
            ),
        )
    };
    let mut before = Stage::ready(SHAPED, "");
    before.now = Timestamp(1_795_234_125_943);
    before.feed(&live);
    let there = presence("agent1", ANA, "");
    let missed = format!("{there}\n{}", delayed("2026-11-21T04:08:45.944Z"));
    let mut after = Stage::ready(SHAPED, &missed);
    let (before, after) = (keys(&mut before), keys(&mut after));
    assert_eq!(before[0].0, after[0].0);
    // The nickname tells whose words they are, for want of anything else.
    assert_eq!(after[0].1, AgentJid::parse(ANA));
    let mut other = Stage::ready(SHAPED, &delayed("2026-11-21T04:18:45.944Z"));
    assert_ne!(keys(&mut other)[0].0, after[0].0);
}

/// What is asked for on entry: what follows the last thing known, five minutes early.
#[test]
fn a_history_is_asked_for_where_there_is_no_archive() {
    let mut stage = Stage::ready(SHAPED, "");
    let joins = stage.sent().concat();
    assert!(
        joins.contains("<history since='2026-11-21T11:55:00Z'/>"),
        "{joins}"
    );
    assert!(joins.contains("maxstanzas='0'"), "the visitor's: {joins}");
    assert_eq!(stage.told(), ["ready fresh=false []"]);
    let mut stage = Stage::ready(ARCHIVED, "");
    let sent = stage.sent().concat();
    assert!(!sent.contains("since="), "{sent}");
    assert!(
        sent.contains("<value>2026-11-21T11:55:00Z</value>"),
        "{sent}"
    );
    assert_eq!(stage.told(), [""; 0]);
}

fn archived(query: &str, id: &str, message: &str) -> String {
    format!(
        "<message from='{ROOM}' to='{DESK}'><result id='{id}' xmlns='urn:xmpp:mam:2' \
         queryid='{query}'><forwarded xmlns='urn:xmpp:forward:0'>\
         <delay stamp='2026-11-21T07:25:14Z' xmlns='urn:xmpp:delay'/>\
         <message xmlns='jabber:client' type='groupchat' from='{ROOM}/{message}</message>\
         </forwarded></result></message>"
    )
}

fn fin(last: &str, complete: &str) -> String {
    format!(
        "<fin xmlns='urn:xmpp:mam:2'{complete}><set xmlns='http://jabber.org/protocol/rsm'>\
         {last}</set></fin>"
    )
}

/// Prosody's pages; a message that is heard while they come is told after them, and once.
#[test]
fn the_archive_is_told_before_what_is_heard_meanwhile() {
    let mut stage = Stage::ready(ARCHIVED, "");
    let first = stage.last_id();
    stage.feed(&archived(&first, "k1", "Ana' id='a1'><body>one</body>"));
    stage.feed(&archived(
        "another",
        "k9",
        "Ana' id='a9'><body>not asked</body>",
    ));
    let sid = |key: &str| format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{key}'/>");
    let live =
        |id: &str, key: &str| heard("Ana", &format!("id='{id}'><body>{key}</body>{}", sid(key)));
    stage.feed(&live("a3", "k3"));
    stage.feed(&live("a4", "k4"));
    stage.result(&fin("<last>k1</last>", ""));
    let page = stage.sent().pop().unwrap();
    assert!(page.contains("<after>k1</after>"), "{page}");
    let second = stage.last_id();
    stage.feed(&archived(
        &second,
        "k2",
        &format!("{NICK}' id='m1'><body>mine</body>"),
    ));
    stage.feed(&archived(&second, "k3", "Ana' id='a3'><body>k3</body>"));
    assert_eq!(stage.told(), [""; 0]);
    stage.result(&fin("<last>k3</last>", " complete='true'"));
    let expected = [
        "Ana: one",
        "reflected m1",
        "Ana: k3",
        "Ana: k4",
        "ready fresh=false []",
    ];
    assert_eq!(stage.told(), expected);
}

/// An archive that refuses is replaced by the history.
#[test]
fn a_refused_archive_is_replaced_by_the_history() {
    let mut stage = Stage::ready(ARCHIVED, "");
    stage.refuse("feature-not-implemented", "cancel");
    let join = stage.sent().pop().unwrap();
    assert!(
        join.contains("<history since='2026-11-21T11:55:00Z'/>"),
        "{join}"
    );
    stage.enters_room("owner", &heard("Ana", "id='a1'><body>one</body>"));
    stage.admitted();
    assert_eq!(stage.told(), ["Ana: one", "ready fresh=false []"]);
}

/// An agent took the visitor's nickname while we were away, and has left; the stable id tells.
#[test]
fn a_stable_id_counts_more_than_a_nickname() {
    let known = |id: &str| format!("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{id}'/>");
    let said = |id: &str, by: &str| {
        let text = format!("id='{id}'><body>{id}</body>{}", known(by));
        heard(NICK, &text)
    };
    let missed = format!("{}\n{}", said("m1", "visitor"), said("a1", "ana"));
    let mut stage = Stage::new();
    stage.open(Some(stage.now));
    stage.found(SHAPED);
    stage.enters_room("owner", &missed);
    stage.result("");
    let entry = own(VISITOR, NICK, "member", "");
    stage.feed(&entry.replace("</presence>", &format!("{}</presence>", known("visitor"))));
    let expected = ["reflected m1", "Visitor-7K2M: a1", "ready fresh=false []"];
    assert_eq!(stage.told(), expected);
}

/// Everything that is not for the visitor has its fate.
#[test]
fn what_is_no_speech() {
    let mut stage = Stage::ready(SHAPED, &presence("Ana", ANA, ""));
    stage.told();
    stage.sent();
    stage.feed_all(&format!(
        "{}\n{}\n{}\n{}\n<message type='error' id='m1' from='{ROOM}/Ana' to='{VISITOR}'/>\n\
         <message from='{ROOM}' to='{DESK}'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <status code='104'/></x></message>\n\
         <presence from='{ROOM}' to='{DESK}' id='1'/>",
        heard("Ana", "><subject>printer</subject>"),
        heard(
            "Ana",
            "><composing xmlns='http://jabber.org/protocol/chatstates'/>"
        ),
        heard(
            "Ana",
            "><body>x</body><retract xmlns='urn:xmpp:message-retract:1' id='a1'/>"
        ),
        presence("Ana", ANA, ""),
    ));
    assert_eq!((stage.told(), stage.sent()), (vec![], vec![]));
    // The visitor's own copy of what the desk heard already.
    stage.feed(&heard("Ana", "id='a1'><body>hm</body>").replace(DESK, VISITOR));
    assert_eq!(stage.told(), [""; 0]);
    stage.feed(&heard(
        "Ana",
        "id='a2'><body>I sent you an OMEMO encrypted message</body>\
         <encrypted xmlns='eu.siacs.conversations.axolotl'/>",
    ));
    assert_eq!(stage.told(), [""; 0]);
    let whisper = stage.sent().concat();
    assert!(
        whisper.contains(&format!("to='{ROOM}/Ana' type='chat'")),
        "{whisper}"
    );
    assert!(whisper.contains("cannot reach the visitor"), "{whisper}");
}

/// Openfire's kick at the end of a transfer, and a change of nickname.
#[test]
fn who_is_inside() {
    let mut stage = Stage::ready(SHAPED, &presence("Ana", ANA, ""));
    assert_eq!(stage.told(), ["ready fresh=false [Ana]"]);
    stage.feed(&format!(
        "<presence type='unavailable' from='{ROOM}/Ana' to='{DESK}'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><item jid='{ANA}' nick='Anita' \
         affiliation='member' role='participant'/><status code='303'/></x></presence>"
    ));
    stage.feed(&presence("Anita", ANA, ""));
    assert_eq!(stage.told(), [""; 0]);
    stage.feed(&format!(
        "<presence to='{DESK}' from='{ROOM}/Anita' type='unavailable'>\
         <x xmlns='http://jabber.org/protocol/muc#user'><item jid='{ANA}' affiliation='none' \
         role='none'><reason>Transfer was successful</reason>\
         <actor jid='support@workgroup.example.test' nick='support'/></item>\
         <status code='307'/></x></presence>"
    ));
    assert_eq!(stage.told(), ["left agent1@example.test"]);
    // Somebody whose address is hidden is heard, but is nobody in particular.
    let hidden = presence("Who", "", "");
    stage.feed(&hidden);
    stage.feed(&heard("Who", "id='w1'><body>boo</body>"));
    assert_eq!(stage.told(), ["Who: boo"]);
}

#[test]
fn what_is_for_somebody_else() {
    let mut stage = Stage::ready(SHAPED, "");
    for foreign in [
        format!(
            "<iq type='get' id='1' from='{ROOM}/Ana' to='{DESK}'><ping xmlns='urn:xmpp:ping'/></iq>"
        ),
        format!("<message from='ana@example.test/x' to='{DESK}'><body>accept</body></message>"),
        format!("<presence from='ana@example.test/x' to='{DESK}'/>"),
        format!(
            "<message from='other@conference.example.test' to='{DESK}'>\
             <x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b'/></x></message>"
        ),
        format!("<message from='{ROOM}/Ana' to='elsewhere.example.test' type='groupchat'/>"),
        "<message from='' to='x'/>".to_owned(),
    ] {
        stage.foreign(&foreign);
    }
    // A room that is gone or not known yet speaks to an occupant that was ours.
    let late = heard("Ana", "><body>hm</body>").replace(ROOM, "gone@conference.example.test");
    stage.feed(&late);
    stage.feed("<presence type='unavailable' from='gone@conference.example.test/x' to='support@workgroup.example.test/support'/>");
    stage.told();
    stage.rooms.link_lost();
    assert_eq!(stage.rooms.next_deadline(), None);
    stage.say("m1");
    assert_eq!(stage.told(), [""; 0]);
}

/// Typing (XEP-0085): told of others and only where it is wanted, shown once for each change.
#[test]
fn typing_is_told_and_shown_where_it_is_wanted() {
    let states = "xmlns='http://jabber.org/protocol/chatstates'";
    let composing = heard("Ana", &format!("><composing {states}/>"));
    let our_own = heard(NICK, &format!("><composing {states}/>"));
    let mut stage = Stage::ready(SHAPED, &presence("Ana", ANA, ""));
    stage.told();
    stage.feed(&composing);
    assert_eq!(stage.told(), [""; 0], "nobody wants to know");
    stage.open_to_typing();
    stage.told();
    stage.feed(&our_own);
    stage.feed(&composing);
    assert_eq!(stage.told(), ["Ana is composing"]);
    let old = "<delay xmlns='urn:xmpp:delay' stamp='2026-11-21T07:25:14Z'/>";
    stage.feed(&heard("Ana", &format!("><paused {states}/>{old}")));
    assert_eq!(stage.told(), [""; 0], "what is over is no news");
    stage.feed(&heard(
        "Ana",
        &format!("id='m1'><body>words</body><active {states}/>"),
    ));
    assert_eq!(stage.told(), ["Ana is active", "Ana: words"]);

    stage.sent();
    let typing = |stage: &mut Stage, state| {
        stage.order(RoomOrder::Typing(state));
        stage.sent().concat()
    };
    let shown = typing(&mut stage, ChatState::Composing);
    assert!(shown.contains("<composing ") && shown.contains("<no-store "));
    assert!(shown.contains(&format!("from='{VISITOR}'")) && shown.contains("type='groupchat'"));
    assert_eq!(typing(&mut stage, ChatState::Composing), "", "no news");
    stage.say("m2");
    let said = stage.sent().concat();
    assert!(said.contains("<active "), "{said}");
    assert_ne!(typing(&mut stage, ChatState::Composing), "");
    // An error for it is no trouble of the room's.
    let id = shown
        .split("id='")
        .nth(1)
        .and_then(|rest| rest.split('\'').next());
    stage.feed(&bounce(
        VISITOR,
        id.unwrap(),
        &error("not-acceptable", "modify"),
    ));
    assert_eq!(stage.told(), [""; 0]);
}
