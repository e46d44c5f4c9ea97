//! How Fastpath's clients are told of a line (captures S02, S05, S06).

use std::time::Duration;

use minidom::Element;
use warmline::bridge::{Answer, Input, QueueView, WaitingView};
use warmline::ids::{ConversationId, Timestamp, WorkgroupName};
use warmline::xmpp::agents::Then;
use warmline::xmpp::out::Out;

use crate::desk::{Desk, START, SUPPORT, assert_sent, jid, to};

const W: &str = "http://jabber.org/protocol/workgroup";
const SPARK: &str = "agent1@example.test/spark";

fn pair(kind: &str, queue: &str, details: &str) -> [String; 2] {
    let presence = |child: String| {
        format!("<presence from='{SUPPORT}/Default Queue' to='{SPARK}'{kind}>{child}</presence>")
    };
    [
        presence(format!("<notify-queue xmlns='{W}'>{queue}</notify-queue>")),
        presence(format!(
            "<notify-queue-details xmlns='{W}'>{details}</notify-queue-details>"
        )),
    ]
}

fn view(open: bool, waiting: &[(&str, i64)], average: u64) -> QueueView {
    QueueView {
        workgroup: WorkgroupName::new("support"),
        title: "Front desk".into(),
        open,
        closed: false,
        waiting: waiting
            .iter()
            .map(|(id, at)| WaitingView {
                conversation: ConversationId::new(*id),
                since: Timestamp(START + at),
                in_person: None,
            })
            .collect(),
        length: waiting.len(),
        oldest: waiting.iter().map(|(_, at)| Timestamp(START + at)).min(),
        average_wait: Duration::from_millis(average),
        watchers: vec![(jid("agent1@example.test"), "spark".into())],
    }
}

#[track_caller]
fn told(view: QueueView, expected: [String; 2]) {
    let mut desk = Desk::new();
    let out = desk
        .agents
        .answered(Then::PushQueue, Ok(Answer::Queue(Box::new(view))));
    assert!(desk.carry_out(out).is_empty(), "what is not answered waits");
    let sent = desk.agents.invited(&jid("agent1@example.test"));
    assert_sent(&sent, &[&expected[0], &expected[1]]);
    for stanza in &sent {
        let text = String::from(stanza);
        assert!(!text.contains("> <") && !text.contains(">\n"), "{text}");
    }
}

#[test]
fn the_line_is_told_in_integers_and_legacy_dates() {
    told(
        view(true, &[], 0),
        pair(
            "",
            "<count>0</count><time>0</time><status>open</status>",
            "",
        ),
    );
    told(
        view(true, &[("one", 191_999), ("two", 60_000)], 2_900),
        pair(
            "",
            "<count>2</count><oldest>20261121T04:01:00</oldest><time>2</time><status>open</status>",
            "<user jid='v-one@workgroup.example.test/one'><position>0</position><time>2</time>\
             <join-time>20261121T04:03:11</join-time></user>\
             <user jid='v-two@workgroup.example.test/two'><position>1</position><time>4</time>\
             <join-time>20261121T04:01:00</join-time></user>",
        ),
    );
    let closed = " type='unavailable'";
    told(
        view(false, &[("one", 0)], 0),
        pair(
            closed,
            "<count>1</count><oldest>20261121T04:00:00</oldest><time>0</time>\
             <status>active</status>",
            "<user jid='v-one@workgroup.example.test/one'><position>0</position><time>15</time>\
             <join-time>20261121T04:00:00</join-time></user>",
        ),
    );
    told(
        view(false, &[], 0),
        pair(
            closed,
            "<count>0</count><time>0</time><status>ready</status>",
            "",
        ),
    );
}

#[test]
fn a_fastpath_client_is_told_of_the_line_after_each_presence() {
    let mut desk = Desk::new();
    let expected = pair(
        "",
        "<count>0</count><time>0</time><status>open</status>",
        "",
    );
    let sent = desk.spark(SPARK);
    // In answer; the line's watchers are told a moment later.
    assert_sent(&sent[..2], &[&expected[0], &expected[1]]);
    let max = "max_chats: Some(2)";
    assert_eq!(desk.heard(max), 1);
    desk.now = desk.now.plus(Duration::from_secs(5));
    // Spark's updates carry no agent-status.
    assert_sent(&desk.plain(SPARK), &[&expected[0], &expected[1]]);
    assert_eq!(
        desk.inputs
            .iter()
            .filter(|i| i.contains("fastpath: true"))
            .count(),
        1
    );
    // Other clients are told nothing.
    let sent = desk.plain("agent2@example.test/gajim");
    assert_eq!(to(&sent, "presence", "agent2@example.test/gajim").len(), 0);
}

#[test]
fn the_most_chats_may_be_spelt_in_two_ways_but_not_wrongly() {
    let mut desk = Desk::new();
    let mut comes = |child: &str| {
        desk.comes(&format!(
            "<presence id='p' from='{SPARK}' to='{SUPPORT}'><agent-status xmlns='{W}'>{child}\
             </agent-status></presence>"
        ));
        desk.inputs
            .iter()
            .rev()
            .find(|i| i.contains("AgentSeen"))
            .cloned()
            .unwrap_or_default()
    };
    assert!(comes("<max-chats/>").contains("max_chats: None"));
    assert!(comes("<max_chats>3</max_chats>").contains("max_chats: Some(3)"));
    assert!(comes("").contains("max_chats: Some(3)"), "the last known");
    assert!(comes("<max-chats xmlns='other'> 7 </max-chats>").contains("max_chats: Some(7)"));
    assert!(comes("<max-chats>-1</max-chats>").contains("max_chats: Some(1)"));
    let before = desk.inputs.len();
    let sent = desk.comes(&format!(
        "<presence id='p' from='{SPARK}' to='{SUPPORT}'><agent-status xmlns='{W}'>\
         <max-chats>many</max-chats></agent-status></presence>"
    ));
    assert_sent(
        &sent,
        &[&format!(
            "<presence type='error' from='{SUPPORT}' to='{SPARK}'><error code='500' type='wait'>\
             <internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>\
             </presence>"
        )],
    );
    assert_eq!(desk.inputs.len(), before);
}

#[test]
fn watchers_are_told_of_news_soon_and_then_once_a_second() {
    let mut desk = Desk::new();
    desk.spark(SPARK);
    desk.later(Duration::from_secs(5));
    let shown = |sent: &[Element]| -> Vec<String> {
        to(sent, "presence", SPARK)
            .into_iter()
            .map(String::from)
            .collect()
    };
    // The offer goes first.
    assert_eq!(shown(&desk.visitor("one")), [""; 0]);
    assert_eq!(shown(&desk.later(Duration::from_millis(400))).len(), 2);
    for name in ["two", "three", "four"] {
        assert_eq!(shown(&desk.visitor(name)), [""; 0]);
    }
    let due = desk.agents.next_deadline().unwrap();
    assert_eq!(due, desk.now.plus(Duration::from_secs(1)));
    assert_eq!(shown(&desk.later(Duration::from_secs(1))), [""; 0]);
    let sent = shown(&desk.later(Duration::from_millis(400)));
    assert_eq!(sent.len(), 2);
    assert!(sent[0].contains("<count>4</count>"));
    assert_eq!(desk.agents.next_deadline(), None);
}

#[test]
fn the_link_takes_pending_news_with_it() {
    let mut desk = Desk::new();
    let support = WorkgroupName::new("support");
    let first = desk.agents.queue_changed(desk.now, &support);
    assert!(matches!(
        first.as_slice(),
        [Out::Ask(Input::QueueAsked(_), Then::PushQueue)]
    ));
    assert!(desk.agents.queue_changed(desk.now, &support).is_empty());
    desk.agents.link_lost();
    assert_eq!(desk.agents.next_deadline(), None);
}
