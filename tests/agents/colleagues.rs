//! Agents at Fastpath clients see how their colleagues are (capture S02, S23).

use minidom::Element;
use warmline::ids::ConversationId;
use warmline::xmpp::agents::AgentsSettings;
use warmline::xmpp::stanza::attr;

use crate::desk::{DOMAIN, Desk, SUPPORT, assert_sent, jid};
use std::time::Duration;
use warmline::bridge::{Input, RoomEvent};

const W: &str = "http://jabber.org/protocol/workgroup";
const J: &str = "http://jivesoftware.com/protocol/workgroup";
const ANA: &str = "agent1@example.test/spark";
const BEN: &str = "agent2@example.test/spark";

/// A desk whose server lets it speak in its users' names.
fn desk() -> Desk {
    let mut desk = Desk::new();
    let settings = AgentsSettings {
        speaks_for_agents: true,
        ..desk.settings()
    };
    desk.agents.set(settings);
    desk
}

fn asks(desk: &mut Desk, who: &str) -> Vec<Element> {
    let mut sent = desk.comes(&format!(
        "<iq type='get' id='as1' from='{who}' to='{SUPPORT}'>\
         <agent-status-request xmlns='{W}'/></iq>"
    ));
    assert_eq!(
        attr(&sent.remove(0), "type"),
        Some("result"),
        "the list first"
    );
    sent
}

fn status(from: &str, to: &str, more: &str, chats: &str) -> String {
    format!(
        "<presence from='{from}' to='{to}'>{more}<agent-status xmlns='{W}' jid='{SUPPORT}'>\
         <max-chats>2</max-chats><current-chats xmlns='{J}'>{chats}</current-chats></agent-status>\
         </presence>"
    )
}

/// What was sent to one client in a colleague's name.
fn in_names(sent: &[Element], to: &str) -> Vec<Element> {
    let named = |one: &&Element| {
        let from = attr(one, "from").unwrap_or_default();
        attr(one, "to") == Some(to) && !from.ends_with(DOMAIN) && !from.contains("workgroup.")
    };
    sent.iter().filter(named).cloned().collect()
}

#[test]
fn who_asked_is_told_how_colleagues_are_and_what_changes() {
    let mut desk = desk();
    desk.spark(ANA);
    assert_sent(&asks(&mut desk, ANA), &[]);
    let sent = desk.comes(&format!(
        "<presence from='{BEN}' to='{SUPPORT}'><show>away</show><status>brb</status>\
         <agent-status xmlns='{W}'><max-chats>2</max-chats></agent-status></presence>"
    ));
    let away = "<show>away</show><status>brb</status>";
    assert_sent(&in_names(&sent, ANA), &[&status(BEN, ANA, away, "")]);
    // Who asks later is told at once; nobody is told of oneself.
    assert_sent(&asks(&mut desk, BEN), &[&status(ANA, BEN, "", "")]);
    // At most once a second.
    let sent = desk.comes(&format!(
        "<presence from='{BEN}' to='{SUPPORT}'><show>dnd</show></presence>"
    ));
    assert_sent(&in_names(&sent, ANA), &[]);
    let sent = desk.later(Duration::from_secs(1));
    assert_sent(
        &in_names(&sent, ANA),
        &[&status(BEN, ANA, "<show>dnd</show>", "")],
    );
    desk.later(Duration::from_secs(1));
    let sent = desk.comes(&format!(
        "<presence from='{BEN}' to='{SUPPORT}' type='unavailable'/>"
    ));
    let gone = status(BEN, ANA, "", "").replacen("to=", "type='unavailable' to=", 1);
    assert_sent(&in_names(&sent, ANA), &[&gone]);
    // Who is gone wants to know no more.
    desk.later(Duration::from_secs(1));
    desk.comes(&format!(
        "<presence from='{ANA}' to='{SUPPORT}' type='unavailable'/>"
    ));
    let sent = desk.spark(BEN);
    assert_sent(&in_names(&sent, ANA), &[]);
}

#[test]
fn what_colleagues_have_to_do_is_told_when_they_come_into_the_room() {
    let mut desk = desk();
    desk.spark(ANA);
    desk.spark(BEN);
    asks(&mut desk, BEN);
    desk.visitor("aaaabbbbccccdddd");
    let room = |event| Input::Room {
        conversation: ConversationId::new("aaaabbbbccccdddd"),
        event,
    };
    desk.comes(&format!(
        "<iq type='set' id='a' from='{ANA}' to='{SUPPORT}'><offer-accept xmlns='{W}' \
         id='aaaabbbbccccdddd'/></iq>"
    ));
    desk.input(room(RoomEvent::Ready {
        fresh: false,
        inside: Vec::new(),
    }));
    desk.later(Duration::from_secs(1));
    desk.later(Duration::from_secs(1));
    let entered = desk.input(room(RoomEvent::Entered {
        agent: jid("agent1@example.test"),
        nick: "Ana".into(),
    }));
    let told = in_names(&entered, BEN);
    let [told] = told.as_slice() else {
        panic!("{told:?}");
    };
    let text = String::from(told);
    let chats = [
        "sessionID='aaaabbbbccccdddd'",
        "userID='v-aaaabbbbccccdddd@workgroup.example.test'",
        "question='My printer is on fire'",
        "email='vera@example.net'",
        "startTime='20261121T04:00:00'",
    ];
    for part in chats {
        let part = part.replace('\'', "\"");
        assert!(text.replace('\'', "\"").contains(&part), "{part}: {text}");
    }
    desk.later(Duration::from_secs(1));
    desk.later(Duration::from_secs(1));
    let left = desk.input(room(RoomEvent::Left {
        agent: jid("agent1@example.test"),
    }));
    assert_sent(&in_names(&left, BEN), &[&status(ANA, BEN, "", "")]);
}

#[test]
fn nothing_is_said_in_users_names_where_the_server_may_not_let_us() {
    let mut desk = Desk::new();
    desk.spark(ANA);
    asks(&mut desk, ANA);
    let sent = desk.spark(BEN);
    assert_sent(&in_names(&sent, ANA), &[]);
    assert_sent(&asks(&mut desk, BEN), &[]);
}

#[test]
fn only_who_serves_is_shown_colleagues() {
    let mut desk = desk();
    desk.spark(ANA);
    for stranger in ["mallory@example.test/x", "agent3@example.test/x"] {
        let sent = desk.comes(&format!(
            "<iq type='get' id='as1' from='{stranger}' to='{SUPPORT}'>\
             <agent-status-request xmlns='{W}'/></iq>"
        ));
        assert_eq!(sent.len(), 1);
        assert_eq!(attr(&sent[0], "type"), Some("error"));
    }
}
