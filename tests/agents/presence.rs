//! Agents come and go; others learn whether a workgroup is open (capture S02).

use warmline::bridge::AgentOrder;
use warmline::ids::WorkgroupName;

use warmline::xmpp::stanza::attr;

use crate::desk::{Desk, SUPPORT, assert_sent, jid, to, without_id, xml};
use std::time::Duration;

const JIVE: &str = "http://jivesoftware.com/protocol/workgroup";
const NOT_AUTHORIZED: &str = "<error code='401' type='auth'><not-authorized \
    xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

fn shown(kind: &str, to: &str) -> String {
    format!(
        "<presence from='{SUPPORT}' to='{to}'{kind}><workgroup xmlns='{JIVE}'>\
         <lastModified>20261121T04:00:00</lastModified></workgroup></presence>"
    )
}

#[test]
fn a_configured_agent_may_subscribe_and_is_subscribed_to() {
    let mut desk = Desk::new();
    let sent = desk.comes(&format!(
        "<presence from='agent1@example.test' to='{SUPPORT}' type='subscribe' id='s'/>"
    ));
    let here = shown("", "agent1@example.test");
    assert_sent(
        &sent,
        &[
            &format!("<presence from='{SUPPORT}' to='agent1@example.test' type='subscribed'/>"),
            &format!("<presence from='{SUPPORT}' to='agent1@example.test' type='subscribe'/>"),
            &here,
        ],
    );
    for kind in ["subscribed", "unsubscribed"] {
        let back = format!("<presence from='agent1@example.test' to='{SUPPORT}' type='{kind}'/>");
        assert_sent(&desk.comes(&back), &[]);
    }
}

#[test]
fn others_may_not_subscribe() {
    let mut desk = Desk::new();
    for stranger in ["mallory@example.test", "agent3@example.test"] {
        let asked = format!("<presence from='{stranger}' to='{SUPPORT}' type='subscribe'/>");
        let refused = format!("<presence from='{SUPPORT}' to='{stranger}' type='unsubscribed'/>");
        assert_sent(&desk.comes(&asked), &[&refused]);
    }
    let leave =
        format!("<presence from='mallory@example.test' to='{SUPPORT}' type='unsubscribe'/>");
    assert_sent(
        &desk.comes(&leave),
        &[
            &format!("<presence from='{SUPPORT}' to='mallory@example.test' type='unsubscribed'/>"),
            &format!("<presence from='{SUPPORT}' to='mallory@example.test' type='unavailable'/>"),
        ],
    );
}

#[test]
fn presence_says_whether_an_agent_can_be_asked() {
    let mut desk = Desk::new();
    desk.visitor("aaaabbbbccccdddd");
    for away in ["away", "xa", "dnd"] {
        let sent = desk.comes(&format!(
            "<presence from='agent1@example.test/gajim' to='{SUPPORT}'><show>{away}</show>\
             </presence>"
        ));
        assert_sent(&sent, &[]);
    }
    let sent = desk.comes(&format!(
        "<presence from='agent1@example.test/gajim' to='{SUPPORT}'><show>chat</show>\
         <priority>5</priority></presence>"
    ));
    assert_eq!(sent.len(), 1, "the offer");
    assert_eq!(desk.heard("shows: Some((Chat, 5))"), 1);
}

#[test]
fn an_agent_who_leaves_is_gone() {
    let mut desk = Desk::new();
    desk.plain("agent1@example.test/gajim");
    desk.comes(&format!(
        "<presence from='agent1@example.test/gajim' to='{SUPPORT}' type='unavailable'/>"
    ));
    assert_eq!(
        desk.heard("AgentGone { agent: AgentJid(agent1@example.test), resource: Some(\"gajim\") }"),
        1
    );
    desk.visitor("aaaabbbbccccdddd");
    assert!(desk.later(Duration::from_secs(1)).is_empty());
}

#[test]
fn an_account_that_shows_no_client_does_not_make_its_clients_gone() {
    let mut desk = Desk::new();
    desk.plain("agent1@example.test/gajim");
    desk.comes(&format!(
        "<presence from='agent1@example.test' to='{SUPPORT}' type='unavailable'/>"
    ));
    assert_eq!(desk.heard("AgentGone"), 0);
}

#[test]
fn a_server_that_only_knows_no_subscription_does_not_make_an_agent_gone() {
    let mut desk = Desk::new();
    desk.plain("agent1@example.test/gajim");
    for condition in ["forbidden", "not-authorized"] {
        desk.comes(&format!(
            "<presence from='agent1@example.test' to='{SUPPORT}' type='error'><error type='auth'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
        ));
    }
    assert_eq!(desk.heard("AgentGone"), 0);
    desk.comes(&format!(
        "<presence from='agent1@example.test' to='{SUPPORT}' type='error'><error type='cancel'>\
         <remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
    ));
    assert_eq!(desk.heard("AgentGone"), 1);
}

#[test]
fn strangers_learn_whether_a_workgroup_is_open_once() {
    let mut desk = Desk::new();
    let visitor = "v1@bridge.example.test/web";
    let asks = format!("<presence from='{visitor}' to='{SUPPORT}'/>");
    assert_sent(
        &desk.comes(&asks),
        &[&shown(" type='unavailable'", visitor)],
    );
    // A second one at once may be an automaton's answer to ours.
    assert_sent(&desk.comes(&asks), &[]);
    desk.plain("agent1@example.test/gajim");
    desk.now = desk.now.plus(Duration::from_secs(1));
    assert_sent(&desk.comes(&asks), &[&shown("", visitor)]);
    let probe = format!("<presence from='{visitor}' to='{SUPPORT}' type='probe'/>");
    assert_sent(&desk.comes(&probe), &[&shown("", visitor)]);
    let probe = format!("<presence from='agent1@example.test' to='{SUPPORT}' type='probe'/>");
    assert_sent(&desk.comes(&probe), &[&shown("", "agent1@example.test")]);
}

#[test]
fn two_workgroup_services_do_not_talk_for_ever() {
    let mut desk = Desk::new();
    let other = format!(
        "<presence from='help@workgroup.other.test' to='{SUPPORT}'><workgroup xmlns='{JIVE}'>\
         <lastModified>20261121T04:00:00</lastModified></workgroup></presence>"
    );
    assert_sent(&desk.comes(&other), &[]);
    let own = format!("<presence from='sales@workgroup.example.test' to='{SUPPORT}'/>");
    assert_sent(&desk.comes(&own), &[]);
}

#[test]
fn who_does_not_serve_is_refused_without_an_id() {
    let mut desk = Desk::new();
    let status = "<agent-status xmlns='http://jabber.org/protocol/workgroup'>\
        <max-chats>2</max-chats></agent-status>";
    let cases = [
        ("agent3@example.test/spark", SUPPORT, status),
        ("visitor@example.test/support", SUPPORT, ""),
        ("agent1@example.test/x", "nosuch@workgroup.example.test", ""),
        ("agent1@example.test/x", "workgroup.example.test", ""),
    ];
    for (from, to, child) in cases {
        let sent = desk.comes(&format!(
            "<presence id='p1' from='{from}' to='{to}'>{child}</presence>"
        ));
        let refused =
            format!("<presence type='error' from='{to}' to='{from}'>{NOT_AUTHORIZED}</presence>");
        assert_eq!(sent, [xml(&refused)]);
        assert_eq!(sent, [without_id(sent[0].clone())]);
    }
    assert_eq!(desk.heard("Agent"), 0);
}

#[test]
fn errors_are_never_answered() {
    let mut desk = Desk::new();
    for to in [
        SUPPORT,
        "nosuch@workgroup.example.test",
        "workgroup.example.test",
    ] {
        for name in ["presence", "message", "iq"] {
            let sent = desk.comes(&format!(
                "<{name} from='x@example.test/y' to='{to}' type='error' id='1'><body>no</body>\
                 <error type='cancel'><item-not-found \
                 xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></{name}>"
            ));
            assert_sent(&sent, &[]);
        }
    }
}

#[test]
fn after_the_link_came_back_agents_are_asked_whether_they_are_there() {
    let mut desk = Desk::new();
    let order = AgentOrder::Probe {
        workgroups: vec![WorkgroupName::new("support")],
        resources: vec!["gajim".into(), "spark".into()],
    };
    let out = desk
        .agents
        .order(desk.now, jid("agent1@example.test"), order);
    let sent = desk.carry_out(out);
    let ask = |resource| {
        format!(
            "<iq type='get' from='{SUPPORT}' to='agent1@example.test/{resource}'>\
             <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
    };
    let here = shown("", "agent1@example.test");
    assert_sent(
        &sent,
        &[
            &here,
            &format!("<presence from='{SUPPORT}' to='agent1@example.test' type='probe'/>"),
            &ask("gajim"),
            &ask("spark"),
        ],
    );
    let id = |n: usize| {
        warmline::xmpp::stanza::attr(&sent[n], "id")
            .unwrap()
            .to_owned()
    };
    desk.comes(&format!(
        "<iq type='result' id='{}' from='agent1@example.test/gajim' to='{SUPPORT}'><query \
         xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        id(2)
    ));
    assert_eq!(desk.heard("resource: \"gajim\", shows: None"), 1);
    desk.comes(&format!(
        "<iq type='error' id='{}' from='agent1@example.test/spark' to='{SUPPORT}'><error \
         type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
         </iq>",
        id(3)
    ));
    assert_eq!(desk.heard("resource: Some(\"spark\")"), 1);
}

#[test]
fn a_client_that_cannot_answer_is_there_all_the_same() {
    let mut desk = Desk::new();
    let error = |from: &str, condition: &str| {
        format!(
            "<iq type='error' id='alive-1-1' from='{from}' to='{SUPPORT}'><error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
    };
    desk.comes(&error("agent1@example.test/old", "feature-not-implemented"));
    assert_eq!(desk.heard("AgentAlive"), 1);
    desk.comes(&error(
        "mallory@example.test/old",
        "feature-not-implemented",
    ));
    assert_eq!(desk.heard("AgentAlive"), 1, "no agent");
    for condition in [
        "recipient-unavailable",
        "item-not-found",
        "remote-server-timeout",
    ] {
        desk.comes(&error("agent1@example.test/old", condition));
    }
    assert_eq!(desk.heard("AgentGone"), 3);
}

#[test]
fn a_fastpath_client_stays_one_over_a_restart() {
    let spark = "agent1@example.test/spark";
    for answers in [false, true] {
        let mut desk = Desk::new();
        desk.spark(spark);
        let asked = desk.restarts();
        if answers {
            let asked = to(&asked, "iq", spark);
            let id = attr(asked[0], "id").unwrap();
            desk.comes(&format!(
                "<iq type='result' id='{id}' from='{spark}' to='{SUPPORT}'/>"
            ));
        } else {
            // What a server sends in answer to a probe: the client's last broadcast.
            let sent = desk.plain(spark);
            assert_eq!(to(&sent, "presence", spark).len(), 2, "the line");
        }
        let offered = desk.visitor("aaaabbbbccccdddd");
        assert!(String::from(&offered[0]).contains("<offer "), "{offered:?}");
    }
}

#[test]
fn a_client_that_was_never_seen_cannot_be_found_alive() {
    let mut desk = Desk::new();
    desk.comes(&format!(
        "<iq type='result' id='alive-1-1' from='agent1@example.test/ghost' to='{SUPPORT}'/>"
    ));
    assert_eq!(desk.heard("AgentAlive"), 1);
    assert_sent(&desk.visitor("aaaabbbbccccdddd"), &[]);
}
