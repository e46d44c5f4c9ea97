//! Visitors at XMPP clients of their own (captures S01, S06, S07, S08).

use std::time::Duration;

use minidom::Element;
use warmline::bridge::{Effect, Input};
use warmline::ids::{ConversationId, WorkgroupName};
use warmline::xmpp::agents::{AgentsSettings, Face, Field, Offline, Served, Setting};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, child, error_of};

use crate::desk::{DOMAIN, Desk, SUPPORT, assert_sent, jid, to};

const W: &str = "http://jabber.org/protocol/workgroup";
const J: &str = "http://jivesoftware.com/protocol/workgroup";
const VERA: &str = "v1@bridge.example.test/web";
const WILL: &str = "v2@bridge.example.test/web";
const AGENT: &str = "agent1@example.test/gajim";

fn form() -> String {
    let field =
        |var: &str, value: &str| format!("<field var='{var}'><value>{value}</value></field>");
    format!(
        "<queue-notifications/><x xmlns='jabber:x:data' type='submit'>{}{}{}</x>",
        field("username", "Vera Visitor"),
        field("email", "vera@example.net"),
        field("question", "My printer is on fire")
    )
}

fn asks(desk: &mut Desk, from: &str, kind: &str, payload: &str) -> Vec<Element> {
    desk.comes(&format!(
        "<iq type='{kind}' id='j1' from='{from}' to='{SUPPORT}'>{payload}</iq>"
    ))
}

fn joins(desk: &mut Desk, from: &str, inside: &str) -> Vec<Element> {
    // Of two who come at the same moment either may be first.
    desk.now = desk.now.plus(Duration::from_secs(1));
    let join = format!("<join-queue xmlns='{W}'>{inside}</join-queue>");
    let sent = asks(desk, from, "set", &join);
    sent.into_iter()
        .filter(|s| attr(s, "to") == Some(from))
        .collect()
}

fn session(desk: &Desk, place: usize) -> String {
    let mut line = desk.bridge.dispatch().line(&support());
    let (id, _) = line.nth(place).expect("so many wait");
    id.to_string()
}

fn support() -> WorkgroupName {
    WorkgroupName::new("support")
}

fn status(to: &str, session: &str, place: u32) -> String {
    let time = 15 * place;
    format!(
        "<message from='{SUPPORT}' to='{to}'><queue-status xmlns='{W}'><time>{time}</time>\
         <position>{place}</position><session xmlns='{J}' id='{session}' \
         workgroup='{SUPPORT}'/></queue-status></message>"
    )
}

fn condition(sent: &[Element]) -> String {
    assert_eq!(sent.len(), 1, "{sent:?}");
    error_of(&sent[0]).map(|(name, _)| name).unwrap_or_default()
}

#[test]
fn a_visitor_is_told_the_place_and_then_that_it_is_so() {
    let mut desk = Desk::new();
    assert_eq!(
        condition(&joins(&mut desk, VERA, &form())),
        "service-unavailable"
    );
    desk.plain(AGENT);
    let sent = joins(&mut desk, VERA, &form());
    let id = session(&desk, 0);
    assert_sent(
        &sent,
        &[
            &status(VERA, &id, 1),
            &format!("<iq type='result' from='{SUPPORT}' to='{VERA}'/>"),
        ],
    );
    // Twice is once: the same request is told again.
    let again = joins(&mut desk, VERA, &form());
    assert_sent(&again[..1], &[&status(VERA, &id, 1)]);
    assert_eq!(again.len(), 2);
    let sent = joins(&mut desk, WILL, "");
    let second = session(&desk, 1);
    assert_sent(&sent[..1], &[&status(WILL, &second, 2)]);
}

#[test]
fn whoever_polls_is_answered_and_who_waits_not_is_told_so() {
    let mut desk = Desk::new();
    desk.plain(AGENT);
    let poll = format!("<queue-status xmlns='{W}'/>");
    assert_eq!(
        condition(&asks(&mut desk, VERA, "get", &poll)),
        "item-not-found"
    );
    joins(&mut desk, VERA, &form());
    let id = session(&desk, 0);
    assert_sent(
        &asks(&mut desk, VERA, "get", &poll),
        &[&format!(
            "<iq type='result' from='{SUPPORT}' to='{VERA}'><queue-status xmlns='{W}'>\
             <time>15</time><position>1</position><session xmlns='{J}' id='{id}' \
             workgroup='{SUPPORT}'/></queue-status></iq>"
        )],
    );
    // The full JID counts.
    let other = "v1@bridge.example.test/other";
    assert_eq!(
        condition(&asks(&mut desk, other, "get", &poll)),
        "item-not-found"
    );
}

#[test]
fn who_departs_is_told_so_and_those_behind_move_up() {
    let mut desk = Desk::new();
    desk.plain(AGENT);
    for visitor in [VERA, WILL] {
        joins(&mut desk, visitor, &form());
    }
    let behind = session(&desk, 1);
    let depart = format!("<depart-queue xmlns='{W}'/>");
    assert_eq!(
        condition(&asks(&mut desk, "v1@bridge.example.test", "set", &depart)),
        "item-not-found"
    );
    let mut sent = asks(&mut desk, VERA, "set", &depart);
    sent.extend(desk.later(Duration::from_millis(1_400)));
    let told: Vec<Element> = to(&sent, "message", VERA)
        .into_iter()
        .chain(to(&sent, "iq", VERA))
        .cloned()
        .collect();
    assert_sent(
        &told,
        &[
            &format!(
                "<message from='{SUPPORT}' to='{VERA}'><depart-queue xmlns='{W}'>\
                 <departure-requested/></depart-queue></message>"
            ),
            &format!("<iq type='result' from='{SUPPORT}' to='{VERA}'/>"),
        ],
    );
    let moved: Vec<Element> = to(&sent, "message", WILL).into_iter().cloned().collect();
    assert_sent(&moved, &[&status(WILL, &behind, 1)]);
    assert_eq!(
        condition(&asks(&mut desk, VERA, "set", &depart)),
        "item-not-found"
    );
}

#[test]
fn a_client_that_takes_its_presence_back_is_asked_and_leaves_only_when_it_is_gone() {
    let mut desk = Desk::new();
    desk.plain(AGENT);
    let leave = format!("<presence type='unavailable' from='{VERA}' to='{SUPPORT}'/>");
    assert!(
        desk.comes(&leave).is_empty(),
        "who does not wait is nobody's business"
    );
    joins(&mut desk, VERA, &form());
    let asked = desk.comes(&leave);
    let id = attr(&asked[0], "id").unwrap().to_owned();
    desk.comes(&format!(
        "<iq type='result' id='{id}' from='{VERA}' to='{SUPPORT}'/>"
    ));
    assert_eq!(desk.heard("Departed"), 0);
    let asked = desk.comes(&leave);
    let id = attr(&asked[0], "id").unwrap().to_owned();
    desk.comes(&format!(
        "<iq type='error' id='{id}' from='{VERA}' to='{SUPPORT}'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    ));
    assert_eq!(desk.heard("Departed"), 1);
    assert_eq!(desk.bridge.conversations().count(), 0);
}

#[test]
fn agents_are_shown_what_the_visitor_wrote() {
    let mut desk = Desk::new();
    desk.spark("agent1@example.test/spark");
    let join = format!("<join-queue xmlns='{W}'>{}</join-queue>", form());
    let sent = asks(&mut desk, VERA, "set", &join);
    let offers = to(&sent, "iq", "agent1@example.test/spark");
    let text = String::from(offers[0]);
    for part in [
        "name='username'>Vera Visitor<",
        "name='question'>My printer is on fire<",
        "name='email'>vera@example.net<",
        "name='userID'>v-",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        !text.contains("bridge.example.test"),
        "no JID of the visitor: {text}"
    );
}

#[test]
fn strange_joins_harm_nobody() {
    let mut desk = Desk::new();
    desk.plain(AGENT);
    for from in ["bridge.example.test", "v-x@workgroup.example.test/x"] {
        let sent = joins(&mut desk, from, &form());
        assert_eq!(condition(&sent), "not-allowed", "{from}");
    }
    let many: String = (0..1_000)
        .map(|n| {
            format!("<field var='f{n}'><value>x</value></field><field><value>y</value></field>")
        })
        .collect();
    let many = format!("<x xmlns='jabber:x:data'>{many}</x><x xmlns='urn:other'><a/></x>");
    let sent = joins(&mut desk, VERA, &many);
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!(
        desk.bridge
            .conversations()
            .next()
            .unwrap()
            .brief
            .facts
            .len(),
        100
    );
    desk.store_is_down = true;
    assert_eq!(
        condition(&joins(&mut desk, WILL, "")),
        "resource-constraint"
    );
}

#[test]
fn nobody_is_asked_to_help_oneself() {
    let mut desk = Desk::new();
    desk.plain(AGENT);
    joins(&mut desk, "agent1@example.test/web", &form());
    assert!(
        desk.bridge
            .dispatch()
            .offer_of(&jid("agent1@example.test"))
            .is_none()
    );
    desk.plain("agent2@example.test/gajim");
    assert!(
        desk.bridge
            .dispatch()
            .offer_of(&jid("agent2@example.test"))
            .is_some()
    );
}

#[test]
fn the_end_of_the_wait_is_owed_to_the_visitor_with_its_reason() {
    let mut desk = Desk::new();
    desk.plain(AGENT);
    joins(&mut desk, VERA, &form());
    let mut owed = Vec::new();
    for _ in 0..40 {
        desk.now = desk.now.plus(Duration::from_secs(10));
        for effect in desk.bridge.step(desk.now, Input::Tick) {
            if let Effect::Deliver(delivery) = effect {
                owed.push(format!("{:?}", delivery.what));
            }
        }
    }
    assert_eq!(owed, ["Closed(NobodyCame)"]);
}

fn faced() -> Face {
    let text = |key: &str, kind: u8| Setting {
        key: key.into(),
        value: format!("the {key}"),
        kind,
    };
    Face {
        form: vec![Field {
            name: "topic".into(),
            label: "Topic".into(),
            kind: "list-single".into(),
            required: true,
            options: vec!["bills".into()],
        }],
        settings: vec![text("queue_title_text", 1), text("logo", 0)],
        offline: Some(Offline::Page("https://acme.example/later".into())),
        sounds: Some(("out".into(), "in".into())),
        auth_required: true,
        ..Face::default()
    }
}

fn asked(face: Face, element: &str) -> Element {
    let mut desk = Desk::new();
    let mut settings = AgentsSettings::new(DOMAIN, Default::default());
    let served = Served {
        title: "Front desk".into(),
        face,
        ..Served::default()
    };
    settings.workgroups.insert(support(), served);
    desk.agents.set(settings);
    let sent = asks(&mut desk, VERA, "get", element);
    assert_eq!(sent.len(), 1);
    sent[0].clone()
}

#[test]
fn settings_are_told_as_they_are_configured() {
    let told = |asked: &Element| String::from(asked.children().next().unwrap());
    let get = |what: &str| asked(faced(), &format!("<{what} xmlns='{J}'/>"));
    let has = |what: &str, parts: &[&str]| {
        let text = told(&get(what));
        for part in parts {
            assert!(text.contains(part), "{part} in {text}");
        }
    };
    has(
        "workgroup-form",
        &[
            "type='form'",
            "var='topic'",
            "<option label='bills'>",
            "<required/>",
        ],
    );
    has(
        "chat-settings",
        &["<key>logo</key>", "<type>0</type>", "the queue_title_text"],
    );
    has(
        "offline-settings",
        &["<redirectPage>https://acme.example/later</redirectPage>"],
    );
    has(
        "workgroup-properties",
        &["<authRequired>true</authRequired>"],
    );
    has(
        "sound-settings",
        &["<outgoingSound>out</outgoingSound><incomingSound>in<"],
    );
    let logo = asked(faced(), &format!("<chat-settings xmlns='{J}' key='logo'/>"));
    assert_eq!(told(&logo).matches("chat-setting>").count(), 2);
    let texts = asked(faced(), &format!("<chat-settings xmlns='{J}' type='1'/>"));
    assert!(!told(&texts).contains("logo"));
    for (what, expected) in [
        ("offline-settings", "item-not-found"),
        ("sound-settings", "item-not-found"),
        ("chat-settings key='nosuch'", "item-not-found"),
    ] {
        let refused = asked(Face::default(), &format!("<{what} xmlns='{J}'/>"));
        assert_eq!(error_of(&refused).unwrap().0, expected, "{what}");
    }
    let form = asked(Face::default(), &format!("<workgroup-form xmlns='{J}'/>"));
    assert!(child(&form, "workgroup-form", ns::JIVE_WORKGROUP).is_some());
}

#[test]
fn a_workgroup_may_take_no_visitors_of_xmpp() {
    let closed = Face {
        visitors: false,
        ..Face::default()
    };
    let mut desk = Desk::new();
    let mut settings = AgentsSettings::new(DOMAIN, Default::default());
    let served = Served {
        face: closed,
        ..Served::default()
    };
    settings.workgroups.insert(support(), served);
    desk.agents.set(settings);
    assert_eq!(
        condition(&joins(&mut desk, VERA, "")),
        "service-unavailable"
    );
    assert_eq!(
        desk.bridge.dispatch().request(&ConversationId::new("x")),
        None
    );
}
