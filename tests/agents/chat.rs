//! Offers to clients that know nothing of Fastpath, and what their users say.

use std::time::Duration;

use minidom::Element;
use warmline::bridge::AgentOrder;
use warmline::ids::{ConversationId, WorkgroupName};
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, child, child_text};

use crate::desk::{Desk, SUPPORT, assert_sent, bodies, jid, to};

const ANA: &str = "agent1@example.test/gajim";
const BEN: &str = "agent2@example.test/phone";
const ANA_BARE: &str = "agent1@example.test";
const ONE: &str = "aaaabbbbccccdddd";
const TWO: &str = "eeeeffffgggghhhh";

fn pseudonym(id: &str) -> String {
    ConversationId::new(id).pseudonym()
}

/// What the agent who spoke is told; whatever others get is left aside.
fn told(sent: &[Element], full: &str) -> String {
    let mut answers = to(sent, "message", full);
    answers.retain(|one| child(one, "response", ns::QUICK_RESPONSE).is_none());
    assert_eq!(answers.len(), 1, "{sent:?}");
    assert_eq!(attr(answers[0], "type"), Some("chat"));
    assert_eq!(attr(answers[0], "from"), Some(SUPPORT));
    warmline::xmpp::stanza::body(answers[0]).unwrap()
}

#[test]
fn an_offer_is_a_chat_message_with_words_to_tap() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    let sent = desk.visitor(ONE);
    let name = pseudonym(ONE);
    assert_sent(
        &sent,
        &[&format!(
            "<message type='chat' from='{SUPPORT}' to='{ANA}'><body>New in Front desk.\n\
             {name}: My printer is on fire\nemail: vera@example.net\n\
             20 seconds left. Answer with accept or reject.</body>\
             <thread>{ONE}</thread>\
             <response xmlns='urn:xmpp:tmp:quick-response' value='accept' label='Accept'/>\
             <response xmlns='urn:xmpp:tmp:quick-response' value='reject' label='Reject'/>\
             </message>"
        )],
    );
    assert!(attr(&sent[0], "id").is_some());
}

#[test]
fn a_long_question_does_not_make_a_long_offer() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.plain("agent2@example.test/x");
    let order = desk.visitor(ONE);
    assert_eq!(order.len(), 1);
    let mut order = AgentOrder::Offer(Box::new(crate::fastpath::offer(ONE, false)));
    if let AgentOrder::Offer(order) = &mut order {
        order.brief.question = Some("😀".repeat(100_000));
    }
    let out = desk.agents.order(desk.now, jid(ANA_BARE), order);
    let sent = desk.carry_out(out);
    assert!(String::from(&sent[0]).len() < 10_000);
    assert!(bodies(&sent)[0].contains("…\n20 seconds left."));
}

#[test]
fn an_offer_is_answered_with_a_word() {
    for word in [
        "accept",
        " Accept ",
        "YES",
        "1",
        "accept.",
        "&gt; New in\naccept",
    ] {
        let mut desk = Desk::new();
        desk.plain(ANA);
        desk.visitor(ONE);
        let sent = desk.says(ANA, word);
        assert!(told(&sent, ANA).starts_with("Accepted."), "{word}");
        assert_eq!(desk.heard("conversation: None, accept: true"), 1, "{word}");
        assert!(!desk.rooms.is_empty(), "{word}: a room is opened");
    }
    for word in ["reject", "No", "2"] {
        let mut desk = Desk::new();
        desk.plain(ANA);
        desk.plain(BEN);
        desk.visitor(ONE);
        let sent = desk.says(ANA, word);
        assert!(told(&sent, ANA).starts_with("Rejected."), "{word}");
        assert_eq!(to(&sent, "message", BEN).len(), 1, "{word}");
    }
}

/// Prosody holds back what follows a stanza that is not acknowledged: the invitation goes first.
#[test]
fn an_accept_is_confirmed_after_the_invitation() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.visitor(ONE);
    desk.no_rooms = true;
    assert_sent(&desk.says(ANA, "accept"), &[]);
    // Another agent's invitation says nothing to this one.
    assert_sent(&desk.agents.invited(&jid("agent2@example.test")), &[]);
    let sent = desk.agents.invited(&jid(ANA_BARE));
    assert!(told(&sent, ANA).starts_with("Accepted."));
    assert_sent(&desk.agents.invited(&jid(ANA_BARE)), &[]);
}

#[test]
fn an_accept_is_confirmed_though_no_room_can_be_had() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.visitor(ONE);
    desk.no_rooms = true;
    // Another client of the same agent than the one that was asked.
    let phone = "agent1@example.test/phone";
    assert_sent(&desk.says(phone, "accept"), &[]);
    assert_sent(&desk.later(Duration::from_millis(399)), &[]);
    let sent = desk.later(Duration::from_millis(1));
    assert!(told(&sent, phone).starts_with("Accepted."));
}

#[test]
fn an_answer_may_name_the_visitor() {
    let name = pseudonym(ONE);
    for named in [name.clone(), name.to_uppercase(), ONE.to_owned()] {
        let mut desk = Desk::new();
        desk.plain(ANA);
        desk.visitor(ONE);
        let told = told(&desk.says(ANA, &format!("accept {named}")), ANA);
        assert!(told.starts_with("Accepted."), "{named}");
        assert_eq!(desk.heard("accept: true"), 1);
    }
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.visitor(ONE);
    let other = format!("accept {}", pseudonym(TWO));
    assert!(told(&desk.says(ANA, &other), ANA).starts_with("No such offer"));
    assert_eq!(desk.heard("accept: true"), 0);
}

#[test]
fn a_reply_to_an_old_offer_does_not_take_the_new_one() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    let first = desk.visitor(ONE);
    let old = attr(&first[0], "id").unwrap().to_owned();
    desk.later(Duration::from_secs(20));
    desk.visitor(TWO);
    let sent = desk.comes(&format!(
        "<message from='{ANA}' to='{SUPPORT}' type='chat'><body>accept</body>\
         <reply xmlns='urn:xmpp:reply:0' id='{old}' to='{SUPPORT}'/></message>"
    ));
    assert!(told(&sent, ANA).starts_with("No such offer"));
    assert!(told(&desk.says(ANA, "accept"), ANA).starts_with("Accepted."));
}

#[test]
fn an_offer_that_is_over_is_said_to_be() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.visitor(ONE);
    let sent = desk.later(Duration::from_secs(20));
    let over = to(&sent, "message", ANA);
    let text = warmline::xmpp::stanza::body(over[0]).unwrap();
    assert!(text.contains("timed out") && text.contains(&pseudonym(ONE)));
    assert_eq!(
        child_text(over[0], "thread", ns::CLIENT).as_deref(),
        Some(ONE)
    );
    assert!(child(over[0], "response", ns::QUICK_RESPONSE).is_none());
    assert!(told(&desk.says(ANA, "accept"), ANA).starts_with("No such offer"));
    assert!(desk.rooms.is_empty());
}

#[test]
fn only_the_one_who_is_asked_can_answer() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.plain(BEN);
    desk.visitor(ONE);
    assert!(told(&desk.says(BEN, "accept"), BEN).starts_with("No such offer"));
    let named = format!("accept {}", pseudonym(ONE));
    assert!(told(&desk.says(BEN, &named), BEN).starts_with("No such offer"));
    let stranger = "mallory@example.test/x";
    assert!(told(&desk.says(stranger, "accept"), stranger).starts_with("You do not serve here"));
    assert_sent(&desk.says(stranger, "accept"), &[]);
    assert!(desk.rooms.is_empty());
    assert!(told(&desk.says(ANA, "accept"), ANA).starts_with("Accepted."));
}

#[test]
fn agents_pause_resume_and_look() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    assert!(told(&desk.says(ANA, "Pause"), ANA).starts_with("You get no more offers"));
    assert_sent(&desk.visitor(ONE), &[]);
    assert!(told(&desk.says(ANA, "mine"), ANA).starts_with("You have no conversation"));
    let sent = desk.says(ANA, "resume");
    assert_eq!(told(&sent, ANA), "You get offers again.");
    assert_eq!(
        to(&sent, "message", ANA).len(),
        2,
        "the answer and the offer"
    );
    let since = "since 2026-11-21T04:00:00Z";
    let name = pseudonym(ONE);
    assert_eq!(
        told(&desk.says(ANA, "mine"), ANA),
        format!("{name} (offered), {since}")
    );
    desk.says(ANA, "accept");
    assert_eq!(
        told(&desk.says(ANA, "mine"), ANA),
        format!("{name} (yours), {since}")
    );
}

#[test]
fn what_is_not_understood_is_helped_with_now_and_then() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.visitor(ONE);
    for (n, line) in ["help", "what?", "yes please", "accept all of them"]
        .iter()
        .enumerate()
    {
        desk.now = desk.now.plus(Duration::from_secs(10));
        assert!(
            told(&desk.says(ANA, line), ANA).starts_with("I understand:"),
            "{n}"
        );
    }
    assert_sent(&desk.says(ANA, "what?"), &[]);
    assert_eq!(desk.heard("OfferAnswered"), 0);
}

#[test]
fn strangers_are_answered_once_a_minute() {
    let mut desk = Desk::new();
    let stranger = "mallory@example.test/x";
    assert!(told(&desk.says(stranger, "hi"), stranger).starts_with("This is Front desk."));
    for seconds in [0, 30, 29] {
        desk.now = desk.now.plus(Duration::from_secs(seconds));
        assert_sent(&desk.says(stranger, "hi"), &[]);
        assert_sent(&desk.says("mallory@example.test/other", "hi"), &[]);
    }
    desk.now = desk.now.plus(Duration::from_secs(1));
    assert_eq!(desk.says(stranger, "hi").len(), 1);
    assert_eq!(desk.says("mallory2@example.test/x", "hi").len(), 1);
    // A server's announcement needs no answer, nor does anything of our own.
    assert_sent(&desk.says("example.test", "hi"), &[]);
    assert_sent(&desk.says("sales@workgroup.example.test", "hi"), &[]);
}

#[test]
fn only_words_are_answered() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.visitor(ONE);
    let body = "<body>accept</body>";
    for (kind, content) in [
        ("error", body),
        ("groupchat", body),
        ("headline", body),
        (
            "chat",
            "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
        ),
        ("chat", "<received xmlns='urn:xmpp:receipts' id='1'/>"),
        ("chat", "<body/>"),
        (
            "normal",
            "<body>accept</body><x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>",
        ),
    ] {
        let sent = desk.comes(&format!(
            "<message from='{ANA}' to='{SUPPORT}' type='{kind}' id='1'>{content}</message>"
        ));
        assert_sent(&sent, &[]);
    }
    assert_eq!(desk.heard("OfferAnswered"), 0);
    // What was kept by a server while the agent was away counts as well.
    let late = format!(
        "<message from='{ANA}' to='{SUPPORT}'>{body}<delay xmlns='urn:xmpp:delay' \
         stamp='2026-11-21T03:59:59Z'/></message>"
    );
    assert!(told(&desk.comes(&late), ANA).starts_with("Accepted."));
}

#[test]
fn a_message_to_nobody_comes_back() {
    let mut desk = Desk::new();
    for address in ["nosuch", "v-aaaabbbbccccdddd"] {
        let to = format!("{address}@workgroup.example.test");
        let sent = desk.comes(&format!(
            "<message from='{ANA}' to='{to}' type='chat'><body>hello</body></message>"
        ));
        assert_sent(
            &sent,
            &[&format!(
                "<message type='error' from='{to}' to='{ANA}'><error code='401' type='auth'>\
                 <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
            )],
        );
        let room = format!(
            "<message from='r@muc.example.test/n' to='{to}' type='groupchat'><body>x</body></message>"
        );
        assert_sent(&desk.comes(&room), &[]);
    }
}

#[test]
fn nothing_is_said_to_be_done_before_it_is_stored() {
    let mut desk = Desk::new();
    desk.plain(ANA);
    desk.visitor(ONE);
    desk.store_is_down = true;
    let name = pseudonym(ONE);
    for line in [
        "accept",
        "reject",
        "pause",
        "mine",
        &format!("accept {name}"),
    ] {
        let told = told(&desk.says(ANA, line), ANA);
        assert!(told.starts_with("This could not be stored"), "{line}");
    }
}

#[test]
fn a_sentence_for_an_agent_is_a_message() {
    let mut desk = Desk::new();
    let order = AgentOrder::Tell {
        workgroup: WorkgroupName::new("support"),
        text: "a < b & c".into(),
    };
    let out = desk.agents.order(desk.now, jid(ANA_BARE), order);
    assert_sent(
        &desk.carry_out(out),
        &[&format!(
            "<message type='chat' from='{SUPPORT}' to='{ANA_BARE}'><body>a &lt; b &amp; c</body>\
             </message>"
        )],
    );
}
