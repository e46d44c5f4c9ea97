//! Offers to Fastpath's clients and their answers (captures S03 to S06).

use std::time::Duration;

use minidom::Element;
use warmline::bridge::{AgentOrder, OfferOrder, RevokeReason};
use warmline::conversation::Brief;
use warmline::ids::{ConversationId, Timestamp, WorkgroupName};
use warmline::workgroup::Contact;
use warmline::xmpp::stanza::attr;

use crate::desk::{DOMAIN, Desk, START, SUPPORT, assert_sent, jid, to};

const W: &str = "http://jabber.org/protocol/workgroup";
const J: &str = "http://jivesoftware.com/protocol/workgroup";
const SPARK: &str = "agent1@example.test/spark";
const SID: &str = "2xfxpb9";
const NOT_FOUND: &str = "<error code='404' type='cancel'><item-not-found \
    xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

pub fn offer(id: &str, fastpath: bool) -> OfferOrder {
    OfferOrder {
        conversation: ConversationId::new(id),
        workgroup: WorkgroupName::new("support"),
        pseudonym: "Visitor-7K2M".into(),
        brief: Brief {
            question: Some("My printer is on fire".into()),
            facts: vec![
                ("email".into(), "vera@example.net".into()),
                ("userID".into(), "a token".into()),
                ("ignore".into(), "agent1".into()),
                ("a 'quoted' <label>".into(), "1 & 2".into()),
                (" ".into(), "nameless".into()),
            ],
        },
        until: Timestamp(START + 20_000),
        to: Contact {
            resource: "spark".into(),
            fastpath,
        },
        left: Duration::from_secs(20),
        in_person: false,
        handed: None,
        again: false,
    }
}

fn ordered(order: AgentOrder) -> Vec<Element> {
    let mut desk = Desk::new();
    let out = desk
        .agents
        .order(desk.now, jid("agent1@example.test"), order);
    desk.carry_out(out)
}

fn session() -> String {
    format!("<session xmlns='{J}' id='{SID}' workgroup='{SUPPORT}'/>")
}

#[test]
fn an_offer_has_all_that_spark_and_pade_need() {
    let sent = ordered(AgentOrder::Offer(Box::new(offer(SID, true))));
    let session = session();
    assert_sent(
        &sent,
        &[&format!(
            "<iq type='set' from='{SUPPORT}' to='{SPARK}'><offer xmlns='{W}' id='{SID}' \
             jid='v-{SID}@{DOMAIN}/{SID}'><metadata xmlns='{J}'>\
             <value name='username'>Visitor-7K2M</value>\
             <value name='userID'>v-{SID}@{DOMAIN}</value>\
             <value name='question'>My printer is on fire</value>\
             <value name='email'>vera@example.net</value>\
             <value name='a &apos;quoted&apos; &lt;label&gt;'>1 &amp; 2</value></metadata>\
             <timeout>20</timeout>{session}<user-request/></offer></iq>"
        )],
    );
    let text = String::from(&sent[0]);
    assert_eq!(
        text.matches("<value name=").count(),
        text.matches("<value").count()
    );
    assert!(!text.contains("> <") && !text.contains(">\n"), "{text}");
}

#[test]
fn an_offer_has_at_least_a_second_left() {
    for (left, shown) in [(0, "1"), (999, "1"), (1_999, "1"), (15_000, "15")] {
        let mut order = offer(SID, true);
        order.left = Duration::from_millis(left);
        let sent = ordered(AgentOrder::Offer(Box::new(order)));
        let text = String::from(&sent[0]);
        assert!(
            text.contains(&format!("<timeout>{shown}</timeout>")),
            "{text}"
        );
    }
}

#[test]
fn a_revoke_says_why() {
    for (why, text) in [
        (RevokeReason::TimedOut, "The offer has timed out"),
        (RevokeReason::Closed, "User canceled"),
        (RevokeReason::AgentGone, "The offer goes to somebody else"),
    ] {
        let sent = ordered(AgentOrder::Revoke {
            conversation: ConversationId::new(SID),
            workgroup: WorkgroupName::new("support"),
            to: offer(SID, true).to,
            why,
        });
        let session = session();
        assert_sent(
            &sent,
            &[&format!(
                "<iq type='set' from='{SUPPORT}' to='{SPARK}'><offer-revoke xmlns='{W}' \
                 id='{SID}' jid='v-{SID}@{DOMAIN}/{SID}'><reason>{text}</reason>{session}\
                 </offer-revoke></iq>"
            )],
        );
    }
}

fn answers(desk: &mut Desk, from: &str, element: &str) -> Vec<Element> {
    desk.comes(&format!(
        "<iq type='set' id='acc1' from='{from}' to='{SUPPORT}'>{element}</iq>"
    ))
}

fn done(from: &str) -> String {
    format!("<iq type='result' id='acc1' from='{SUPPORT}' to='{from}'/>")
}

fn not_found(from: &str, element: &str) -> String {
    format!("<iq type='error' id='acc1' from='{SUPPORT}' to='{from}'>{element}{NOT_FOUND}</iq>")
}

fn replies(sent: &[Element], from: &str) -> Vec<Element> {
    to(sent, "iq", from)
        .into_iter()
        .filter(|iq| attr(iq, "id") == Some("acc1"))
        .cloned()
        .collect()
}

#[test]
fn an_offer_can_be_named_by_its_id_by_the_visitor_or_not_at_all() {
    let visitor = format!("v-{SID}@{DOMAIN}/{SID}");
    for name in [
        format!("id='{SID}'"),
        format!("jid='{visitor}'"),
        format!("id='{SID}' jid='{visitor}'"),
        format!("id='{SID}' jid='somebody@else.test'"),
        String::new(),
    ] {
        for ns in [W, J] {
            let mut desk = Desk::new();
            desk.spark(SPARK);
            let offered = desk.visitor(SID);
            assert!(String::from(&offered[0]).contains("<offer "), "{offered:?}");
            let accept = format!("<offer-accept xmlns='{ns}' {name}/>");
            let sent = answers(&mut desk, SPARK, &accept);
            assert_sent(&replies(&sent, SPARK), &[&done(SPARK)]);
            assert!(!desk.rooms.is_empty(), "{name}");
        }
    }
}

#[test]
fn a_late_answer_finds_nothing() {
    let mut desk = Desk::new();
    desk.spark(SPARK);
    desk.visitor(SID);
    desk.later(Duration::from_secs(20));
    for kind in ["accept", "reject"] {
        let element =
            format!("<offer-{kind} xmlns='{W}' id='{SID}' jid='v-{SID}@{DOMAIN}/{SID}'/>");
        let sent = answers(&mut desk, SPARK, &element);
        assert_sent(&sent, &[&not_found(SPARK, &element)]);
        let foreign = format!("<offer-{kind} xmlns='{W}' jid='v1@bridge.example.test/web'/>");
        let sent = answers(&mut desk, SPARK, &foreign);
        assert_sent(&sent, &[&not_found(SPARK, &foreign)]);
        let unnamed = format!("<offer-{kind} xmlns='{W}'/>");
        assert_sent(&answers(&mut desk, SPARK, &unnamed), &[&done(SPARK)]);
    }
    assert!(desk.rooms.is_empty());
}

#[test]
fn only_who_was_asked_can_accept() {
    let mut desk = Desk::new();
    desk.spark(SPARK);
    desk.spark("agent2@example.test/spark");
    desk.visitor(SID);
    let accept = format!("<offer-accept xmlns='{W}' id='{SID}'/>");
    for other in ["agent2@example.test/spark", "mallory@example.test/spark"] {
        let sent = answers(&mut desk, other, &accept);
        assert_sent(&sent, &[&not_found(other, &accept)]);
    }
    assert!(desk.rooms.is_empty());
    let sent = answers(&mut desk, SPARK, &accept);
    assert_sent(&replies(&sent, SPARK), &[&done(SPARK)]);
}

#[test]
fn a_rejected_offer_goes_to_the_next() {
    let mut desk = Desk::new();
    desk.spark(SPARK);
    desk.spark("agent2@example.test/spark");
    desk.visitor(SID);
    let sent = answers(
        &mut desk,
        SPARK,
        &format!("<offer-reject xmlns='{W}' id='{SID}'/>"),
    );
    assert_sent(&replies(&sent, SPARK), &[&done(SPARK)]);
    let next = to(&sent, "iq", "agent2@example.test/spark");
    assert!(String::from(next[0]).contains("<offer "));
    // An agent who rejected gets no revoke.
    assert!(
        !sent
            .iter()
            .any(|s| String::from(s).contains("offer-revoke"))
    );
}

#[test]
fn a_client_that_answers_an_offer_with_an_error_has_not_rejected_it() {
    let mut desk = Desk::new();
    desk.spark(SPARK);
    let offered = desk.visitor(SID);
    let id = attr(&offered[0], "id").unwrap();
    for kind in ["error", "result"] {
        let sent = desk.comes(&format!(
            "<iq type='{kind}' id='{id}' from='{SPARK}' to='{SUPPORT}'><error type='cancel'>\
             <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ));
        assert_sent(&sent, &[]);
    }
    assert_eq!(desk.heard("OfferAnswered") + desk.heard("AgentGone"), 0);
}

#[test]
fn an_answer_that_could_not_be_stored_may_be_given_again() {
    let mut desk = Desk::new();
    desk.spark(SPARK);
    desk.visitor(SID);
    let accept = format!("<offer-accept xmlns='{W}' id='{SID}'/>");
    desk.store_is_down = true;
    let sent = answers(&mut desk, SPARK, &accept);
    assert_sent(
        &sent,
        &[&format!(
            "<iq type='error' id='acc1' from='{SUPPORT}' to='{SPARK}'>{accept}<error code='500' \
             type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             </error></iq>"
        )],
    );
    desk.store_is_down = false;
    let sent = answers(&mut desk, SPARK, &accept);
    assert_sent(&replies(&sent, SPARK), &[&done(SPARK)]);
}

#[test]
fn agents_see_their_workgroups_and_their_colleagues() {
    let mut desk = Desk::new();
    let ask = |from: &str, jid: &str| {
        format!(
            "<iq type='get' id='w' from='{from}' to='{DOMAIN}'><workgroups xmlns='{W}'{jid}/></iq>"
        )
    };
    let sent = desk.comes(&ask(SPARK, " jid='agent1@example.test/spark'"));
    assert_sent(
        &sent,
        &[&format!(
            "<iq type='result' id='w' from='{DOMAIN}' to='{SPARK}'><workgroups xmlns='{W}' \
             jid='agent1@example.test'><workgroup jid='{SUPPORT}'/></workgroups></iq>"
        )],
    );
    for (from, jid, condition) in [
        (
            "mallory@example.test/x",
            " jid='agent1@example.test'",
            "not-authorized",
        ),
        (SPARK, " jid='mallory@example.test'", "item-not-found"),
        (SPARK, " jid='nonsense'", "item-not-found"),
        (SPARK, "", "bad-request"),
    ] {
        let sent = desk.comes(&ask(from, jid));
        assert_eq!(
            warmline::xmpp::stanza::error_of(&sent[0]).unwrap().0,
            condition
        );
    }
    let colleagues = |from: &str| {
        format!(
            "<iq type='get' id='as1' from='{from}' to='{SUPPORT}'>\
             <agent-status-request xmlns='{W}'/></iq>"
        )
    };
    assert_sent(
        &desk.comes(&colleagues(SPARK)),
        &[&format!(
            "<iq type='result' id='as1' from='{SUPPORT}' to='{SPARK}'><agent-status-request \
             xmlns='{W}'><agent jid='agent2@example.test'><name xmlns='{J}'>agent2</name></agent>\
             </agent-status-request></iq>"
        )],
    );
    let sent = desk.comes(&colleagues("agent3@example.test/x"));
    assert_eq!(
        warmline::xmpp::stanza::error_of(&sent[0]).unwrap().0,
        "item-not-found"
    );
}
