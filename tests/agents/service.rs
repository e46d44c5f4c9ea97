//! What every address of the component answers (capture S01).

use std::time::Duration;

use minidom::Element;
use warmline::ids::ConversationId;
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, child, child_text, error_of};

use crate::desk::{DOMAIN, Desk, SUPPORT, assert_sent, xml};

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const ASKER: &str = "v1@bridge.example.test/web";
const VISITOR: &str = "v-aaaabbbbccccdddd@workgroup.example.test/aaaabbbbccccdddd";

fn ask(desk: &mut Desk, kind: &str, to: &str, payload: &str) -> Element {
    let sent = desk.comes(&format!(
        "<iq type='{kind}' id='q1' from='{ASKER}' to='{to}'>{payload}</iq>"
    ));
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(attr(&sent[0], "id"), Some("q1"));
    assert_eq!(attr(&sent[0], "from"), Some(to));
    assert_eq!(attr(&sent[0], "to"), Some(ASKER));
    sent[0].clone()
}

fn features(reply: &Element) -> Vec<String> {
    let query = child(reply, "query", ns::DISCO_INFO).unwrap();
    let vars = query.children().filter(|c| c.name() == "feature");
    vars.filter_map(|f| attr(f, "var").map(str::to_owned))
        .collect()
}

fn condition(reply: &Element) -> String {
    error_of(reply)
        .unwrap_or_else(|| panic!("{}", String::from(reply)))
        .0
}

#[test]
fn the_service_lists_its_workgroups() {
    let mut desk = Desk::new();
    let reply = ask(
        &mut desk,
        "get",
        DOMAIN,
        &format!("<query xmlns='{ITEMS}'/>"),
    );
    assert_sent(
        &[reply],
        &[&format!(
            "<iq type='result' from='{DOMAIN}' to='{ASKER}'><query xmlns='{ITEMS}'>\
             <item jid='sales@{DOMAIN}' name='sales'/><item jid='{SUPPORT}' name='support'/>\
             </query></iq>"
        )],
    );
    let reply = ask(
        &mut desk,
        "get",
        DOMAIN,
        &format!("<query xmlns='{INFO}'/>"),
    );
    let text = String::from(&reply);
    for part in [
        "category='collaboration'",
        "type='workgroup'",
        "name='Warmline'",
    ] {
        assert!(text.contains(part), "{text}");
    }
    for feature in [
        ns::WORKGROUP,
        ns::DISCO_INFO,
        ns::VERSION,
        ns::COMMANDS,
        ns::PING,
    ] {
        assert!(features(&reply).iter().any(|f| f == feature), "{feature}");
    }
    let node = format!("<query xmlns='{INFO}' node='http://jabber.org/protocol/commands'/>");
    assert_eq!(
        features(&ask(&mut desk, "get", DOMAIN, &node)),
        [ns::DISCO_INFO, ns::COMMANDS]
    );
    let node = format!("<query xmlns='{INFO}' node='x'/>");
    assert_eq!(
        condition(&ask(&mut desk, "get", DOMAIN, &node)),
        "item-not-found"
    );
    let node = format!("<query xmlns='{ITEMS}' node='x'/>");
    assert_eq!(
        condition(&ask(&mut desk, "get", DOMAIN, &node)),
        "service-unavailable"
    );
}

#[test]
fn a_workgroup_says_whether_it_is_open() {
    let mut desk = Desk::new();
    let query = format!("<query xmlns='{INFO}'/>");
    let form = |status: &str| {
        let text = format!(
            "<x><field var='FORM_TYPE' type='hidden'>\
             <value>http://jabber.org/protocol/workgroup#workgroupinfo</value></field>\
             <field var='workgroup#description' label='Description'><value>Front desk</value>\
             </field><field var='workgroup#online' label='Status'><value>{status}</value>\
             </field></x>"
        );
        let text = String::from(&xml(&text)).replace("jabber:client", ns::DATA_FORMS);
        text.replacen("<x ", "<x type='result' ", 1)
            .parse::<Element>()
            .unwrap()
    };
    let told = |reply: &Element| {
        let query = child(reply, "query", ns::DISCO_INFO).unwrap();
        child(query, "x", ns::DATA_FORMS).unwrap().clone()
    };
    assert_eq!(told(&ask(&mut desk, "get", SUPPORT, &query)), form("READY"));
    desk.plain("agent1@example.test/gajim");
    let reply = ask(&mut desk, "get", SUPPORT, &query);
    assert_eq!(told(&reply), form("OPEN"));
    // Openfire's own does not list it on single workgroups either.
    assert!(!features(&reply).contains(&ns::WORKGROUP.to_owned()));
    desk.store_is_down = true;
    let reply = ask(&mut desk, "get", SUPPORT, &query);
    assert_eq!(error_of(&reply), Some(("resource-constraint".into(), true)));
}

#[test]
fn a_visitor_is_known_by_the_pseudonym() {
    let mut desk = Desk::new();
    let name = ConversationId::new("aaaabbbbccccdddd").pseudonym();
    let reply = ask(
        &mut desk,
        "get",
        VISITOR,
        &format!("<query xmlns='{INFO}'/>"),
    );
    assert!(String::from(&reply).contains(&format!("name='{name}'")));
    assert!(features(&reply).contains(&ns::CHAT_STATES.to_owned()));
    let reply = ask(&mut desk, "get", VISITOR, "<vCard xmlns='vcard-temp'/>");
    let card = child(&reply, "vCard", ns::VCARD).unwrap();
    assert_eq!(child_text(card, "FN", ns::VCARD), Some(name));
}

#[test]
fn every_address_is_there_and_tells_its_software_and_time() {
    let mut desk = Desk::new();
    desk.later(Duration::from_secs(90));
    let bare = VISITOR.split('/').next().unwrap();
    let full = format!("{SUPPORT}/support");
    for to in [DOMAIN, SUPPORT, &full, VISITOR, bare] {
        let pong = ask(&mut desk, "get", to, "<ping xmlns='urn:xmpp:ping'/>");
        assert_eq!(attr(&pong, "type"), Some("result"));
        assert_eq!(pong.children().count(), 0);
        let reply = ask(&mut desk, "get", to, "<query xmlns='jabber:iq:version'/>");
        let version = child(&reply, "query", ns::VERSION).unwrap();
        assert_eq!(
            child_text(version, "name", ns::VERSION).as_deref(),
            Some("Warmline")
        );
        assert!(child_text(version, "version", ns::VERSION).is_some());
        let reply = ask(&mut desk, "get", to, "<query xmlns='jabber:iq:last'/>");
        let last = child(&reply, "query", ns::LAST).unwrap();
        assert_eq!(attr(last, "seconds"), Some("90"));
        let reply = ask(&mut desk, "get", to, "<time xmlns='urn:xmpp:time'/>");
        let time = child(&reply, "time", ns::TIME).unwrap();
        assert_eq!(
            child_text(time, "utc", ns::TIME).as_deref(),
            Some("2026-11-21T04:01:30Z")
        );
    }
    let reply = ask(&mut desk, "get", SUPPORT, "<vCard xmlns='vcard-temp'/>");
    assert_sent(
        &[reply],
        &[&format!(
            "<iq type='result' from='{SUPPORT}' to='{ASKER}'><vCard xmlns='vcard-temp'>\
             <FN>Front desk</FN><NICKNAME>Front desk</NICKNAME><JABBERID>{SUPPORT}</JABBERID>\
             </vCard></iq>"
        )],
    );
}

#[test]
fn what_nobody_knows_is_refused_by_its_place() {
    let mut desk = Desk::new();
    let nobody = "nosuch@workgroup.example.test";
    let unknown = "<something xmlns='urn:unknown'/>";
    let info = format!("<query xmlns='{INFO}'/>");
    let items = format!("<query xmlns='{ITEMS}'/>");
    let w = |name: &str| format!("<{name} xmlns='{}'/>", ns::WORKGROUP);
    let j = |name: &str| format!("<{name} xmlns='{}'/>", ns::JIVE_WORKGROUP);
    for (kind, to, payload, expected) in [
        ("get", DOMAIN, unknown, "service-unavailable"),
        ("set", SUPPORT, unknown, "service-unavailable"),
        ("set", VISITOR, unknown, "service-unavailable"),
        ("get", nobody, unknown, "not-authorized"),
        ("get", nobody, &info, "item-not-found"),
        ("get", nobody, &items, "item-not-found"),
        ("set", SUPPORT, &w("join-queue"), "service-unavailable"),
        ("set", nobody, &w("join-queue"), "not-authorized"),
        ("get", SUPPORT, &w("join-queue"), "bad-request"),
        ("get", SUPPORT, &w("queue-status"), "item-not-found"),
        ("set", SUPPORT, &w("depart-queue"), "item-not-found"),
        ("get", SUPPORT, &j("offline-settings"), "item-not-found"),
        ("get", SUPPORT, &j("macros"), "item-not-found"),
        ("set", SUPPORT, &w("something"), "bad-request"),
        ("get", SUPPORT, &j("tracker"), "bad-request"),
        (
            "set",
            SUPPORT,
            "<query xmlns='jabber:iq:version'/>",
            "service-unavailable",
        ),
        (
            "set",
            DOMAIN,
            "<command xmlns='http://jabber.org/protocol/commands' node='x'/>",
            "item-not-found",
        ),
        ("get", SUPPORT, "", "bad-request"),
        (
            "get",
            SUPPORT,
            "<a xmlns='b'/><c xmlns='d'/>",
            "bad-request",
        ),
        ("gets", SUPPORT, unknown, "bad-request"),
    ] {
        let reply = ask(&mut desk, kind, to, payload);
        assert_eq!(condition(&reply), expected, "{kind} {payload} to {to}");
    }
}

#[test]
fn spark_gets_the_form_without_which_it_shows_no_buttons() {
    let mut desk = Desk::new();
    let form = format!("<workgroup-form xmlns='{}'/>", ns::JIVE_WORKGROUP);
    let reply = ask(&mut desk, "get", SUPPORT, &form);
    let form = child(&reply, "workgroup-form", ns::JIVE_WORKGROUP).unwrap();
    let x = child(form, "x", ns::DATA_FORMS).unwrap();
    assert_eq!(attr(x, "type"), Some("form"));
    let vars: Vec<&str> = x
        .children()
        .filter_map(|field| attr(field, "var"))
        .collect();
    assert_eq!(vars, ["username", "email", "question"]);
}

#[test]
fn a_huge_request_is_not_sent_back() {
    let mut desk = Desk::new();
    let payload = format!(
        "<something xmlns='urn:unknown'>{}</something>",
        "x".repeat(400_000)
    );
    let reply = ask(&mut desk, "set", SUPPORT, &payload);
    assert_eq!(condition(&reply), "service-unavailable");
    assert!(String::from(&reply).len() < 1_000);
}
