//! Ad-hoc commands on a workgroup.

use minidom::Element;
use warmline::ids::ConversationId;
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, child, error_of};

use crate::desk::{Desk, SUPPORT, assert_sent, to};

const C: &str = "http://jabber.org/protocol/commands";
const ANA: &str = "agent1@example.test/gajim";
const ONE: &str = "aaaabbbbccccdddd";
const TWO: &str = "eeeeffffgggghhhh";

fn gives(desk: &mut Desk, from: &str, command: &str) -> Element {
    let sent = desk.comes(&format!(
        "<iq type='set' id='c1' from='{from}' to='{SUPPORT}'><command xmlns='{C}' {command}</iq>"
    ));
    let replies = to(&sent, "iq", from);
    assert_eq!(replies.len(), 1, "{sent:?}");
    assert_eq!(attr(replies[0], "id"), Some("c1"));
    replies[0].clone()
}

fn command(reply: &Element) -> &Element {
    child(reply, "command", ns::COMMANDS).unwrap_or_else(|| panic!("{}", String::from(reply)))
}

/// (status, kind of note, note)
fn outcome(reply: &Element) -> (String, String, String) {
    let command = command(reply);
    assert!(attr(command, "sessionid").is_some());
    let note = child(command, "note", ns::COMMANDS);
    let kind = note.and_then(|note| attr(note, "type")).unwrap_or("");
    (
        attr(command, "status").unwrap().to_owned(),
        kind.to_owned(),
        note.map(Element::text).unwrap_or_default(),
    )
}

fn items(from: &str) -> String {
    format!(
        "<iq type='get' id='i' from='{from}' to='{SUPPORT}'>\
         <query xmlns='http://jabber.org/protocol/disco#items' node='{C}'/></iq>"
    )
}

#[test]
fn agents_and_only_they_see_the_commands() {
    let mut desk = Desk::new();
    let sent = desk.comes(&items(ANA));
    let all = [
        "accept",
        "reject",
        "pause",
        "resume",
        "my-conversations",
        "close",
    ];
    let list = child(&sent[0], "query", ns::DISCO_ITEMS).unwrap();
    let nodes: Vec<&str> = list
        .children()
        .filter_map(|item| attr(item, "node"))
        .collect();
    assert_eq!(nodes, all);
    assert!(
        list.children()
            .all(|item| attr(item, "jid") == Some(SUPPORT))
    );
    let stranger = "mallory@example.test/x";
    assert_eq!(
        error_of(&desk.comes(&items(stranger))[0]).unwrap().0,
        "forbidden"
    );
    for node in all {
        let reply = gives(
            &mut desk,
            stranger,
            &format!("node='{node}' action='execute'/>"),
        );
        assert_eq!(error_of(&reply).unwrap().0, "forbidden");
        let info = format!(
            "<iq type='get' id='i' from='{ANA}' to='{SUPPORT}'>\
             <query xmlns='http://jabber.org/protocol/disco#info' node='{node}'/></iq>"
        );
        let text = String::from(&desk.comes(&info)[0]);
        assert!(text.contains("type='command-node'"), "{text}");
    }
    assert_eq!(
        desk.heard("Offer") + desk.heard("Paused") + desk.heard("Closed"),
        0
    );
}

#[test]
fn an_offer_is_accepted_or_rejected() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    let none = gives(&mut desk, ANA, "node='accept'/>");
    assert_eq!(outcome(&none).1, "error");
    desk.visitor(ONE);
    let done = gives(&mut desk, ANA, "node='accept' action='execute'/>");
    let (status, kind, _) = outcome(&done);
    assert_eq!((status.as_str(), kind.as_str()), ("completed", "info"));
    assert!(!desk.rooms.is_empty());
    desk.visitor(TWO);
    assert_eq!(outcome(&gives(&mut desk, ANA, "node='reject'/>")).1, "info");
    assert_eq!(
        outcome(&gives(&mut desk, ANA, "node='reject'/>")).1,
        "error"
    );
}

#[test]
fn offers_stop_and_start() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    assert_eq!(outcome(&gives(&mut desk, ANA, "node='pause'/>")).1, "info");
    assert_sent(&desk.visitor(ONE), &[]);
    gives(&mut desk, ANA, "node='resume'/>");
    assert_eq!(outcome(&gives(&mut desk, ANA, "node='accept'/>")).1, "info");
}

fn with_two_conversations() -> Desk {
    let mut desk = Desk::new();
    desk.plain(ANA);
    for id in [ONE, TWO] {
        desk.visitor(id);
        desk.says(ANA, "accept");
    }
    desk
}

#[test]
fn conversations_are_listed() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    let none = gives(&mut desk, ANA, "node='my-conversations'/>");
    assert_eq!(outcome(&none).1, "info");
    let mut desk = with_two_conversations();
    let reply = gives(&mut desk, ANA, "node='my-conversations'/>");
    assert_eq!(outcome(&reply).0, "completed");
    let form = child(command(&reply), "x", ns::DATA_FORMS).unwrap();
    assert_eq!(attr(form, "type"), Some("result"));
    let text = String::from(form);
    for id in [ONE, TWO] {
        assert!(text.contains(id) && text.contains(&ConversationId::new(id).pseudonym()));
    }
    assert_eq!(text.matches("<item>").count(), 2);
}

#[test]
fn the_only_conversation_is_closed_at_once() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    let none = outcome(&gives(&mut desk, ANA, "node='close'/>"));
    assert_eq!(none.1, "error");
    desk.visitor(ONE);
    assert_eq!(
        outcome(&gives(&mut desk, ANA, "node='close'/>")).1,
        "error",
        "only an offer"
    );
    desk.says(ANA, "accept");
    assert_eq!(outcome(&gives(&mut desk, ANA, "node='close'/>")).1, "info");
    assert_eq!(
        desk.bridge
            .dispatch()
            .chats_of(&crate::desk::jid(ANA))
            .len(),
        0
    );
}

#[test]
fn of_several_conversations_one_is_chosen() {
    let mut desk = with_two_conversations();
    let reply = gives(&mut desk, ANA, "node='close' action='execute'/>");
    assert_eq!(outcome(&reply).0, "executing");
    let form = command(&reply);
    assert!(child(form, "actions", ns::COMMANDS).is_some());
    let text = String::from(form);
    assert!(
        text.contains("type='list-single'") && text.contains("var='conversation'"),
        "{text}"
    );
    assert_eq!(text.matches("<option").count(), 2);
    let session = attr(form, "sessionid").unwrap().to_owned();
    let mut submit = |action: &str, value: &str| {
        let command = format!(
            "node='close' sessionid='{session}' {action}><x xmlns='jabber:x:data' type='submit'>\
             <field var='conversation'>{value}</field></x></command>"
        );
        gives(&mut desk, ANA, &command)
    };
    let empty = submit("action='complete'", "");
    assert!(String::from(&empty).contains("<bad-payload "));
    let wrong = submit("action='complete'", "<value>nosuch</value>");
    assert_eq!(outcome(&wrong).1, "error");
    let done = submit("action='complete'", &format!("<value>{TWO}</value>"));
    assert_eq!(outcome(&done).1, "info");
    assert_eq!(attr(command(&done), "sessionid"), Some(session.as_str()));
    let again = submit("", &format!("<value>{TWO}</value>"));
    assert_eq!(outcome(&again).1, "error");
    let left = desk.bridge.dispatch().chats_of(&crate::desk::jid(ANA));
    assert_eq!(left, [ConversationId::new(ONE)]);
}

#[test]
fn commands_are_cancelled_and_wrong_ones_refused() {
    let mut desk = with_two_conversations();
    let before = desk.inputs.len();
    let cancel = gives(
        &mut desk,
        ANA,
        "node='close' sessionid='s' action='cancel'/>",
    );
    assert_eq!(outcome(&cancel).0, "canceled");
    assert_eq!(attr(command(&cancel), "sessionid"), Some("s"));
    for action in ["prev", "next", "explode"] {
        let reply = gives(
            &mut desk,
            ANA,
            &format!("node='accept' action='{action}'/>"),
        );
        assert_eq!(error_of(&reply).unwrap().0, "bad-request");
        assert!(String::from(&reply).contains("<bad-action "), "{action}");
    }
    for node in ["node='explode'/>", "/>"] {
        let reply = gives(&mut desk, ANA, node);
        assert_eq!(error_of(&reply).unwrap().0, "item-not-found");
    }
    assert_eq!(desk.inputs.len(), before);
}

#[test]
fn what_could_not_be_stored_may_be_tried_again() {
    let mut desk = with_two_conversations();
    desk.store_is_down = true;
    for node in [
        "accept",
        "reject",
        "pause",
        "resume",
        "my-conversations",
        "close",
    ] {
        let reply = gives(&mut desk, ANA, &format!("node='{node}'/>"));
        assert_eq!(
            error_of(&reply),
            Some(("internal-server-error".into(), true))
        );
    }
}
