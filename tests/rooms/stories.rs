//! The ordinary life of a room, on whichever server it is.

use crate::person::{Person, said};
use crate::seat::{Seat, agent};
use crate::support::xmpp::{Server, jid, workgroup};
use minidom::Element;
use warmline::bridge::{RoomEvent, RoomOrder};
use warmline::conversation::{Attachment, Words};
use warmline::ids::{ConversationId, MessageId, WorkgroupName};
use warmline::workgroup::Contact;
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{attr, child, child_text};

pub fn close_order(why: &str) -> RoomOrder {
    RoomOrder::Close {
        workgroup: WorkgroupName::new("support"),
        why: why.to_owned(),
    }
}

/// A room that is ready, with the agent in it as `Ana`.
pub fn with_agent(server: &dyn Server, conversation: &str) -> (Seat, Person) {
    let mut seat = Seat::connect(server, conversation);
    let mut ana = Person::login(server, "agent1");
    seat.open(&["agent1"], None);
    assert_eq!(seat.until_ready(), (false, vec![]));
    ana.enter(&seat.room(), "Ana");
    seat.until("Entered", |event| match event {
        RoomEvent::Entered { agent, nick } => {
            assert_eq!(
                (agent.as_str(), nick.as_str()),
                ("agent1@example.test", "Ana")
            );
            Some(())
        }
        _ => None,
    });
    ana.until("the own entry", |stanza| {
        let me = attr(stanza, "from").is_some_and(|from| from.ends_with("/Ana"));
        (stanza.name() == "presence" && me).then_some(())
    });
    (seat, ana)
}

fn mediated(stanza: &Element) -> Option<Element> {
    let invite = child(child(stanza, "x", ns::MUC_USER)?, "invite", ns::MUC_USER)?;
    Some(invite.clone())
}

fn direct(stanza: &Element) -> Option<Element> {
    let fits = attr(stanza, "from") == Some(workgroup("support").as_str());
    child(stanza, "x", ns::DIRECT_INVITE)
        .filter(|_| fits)
        .cloned()
}

/// The agent is invited before the room is ready, and not again when it is; the door is open.
pub fn invited_early(server: &dyn Server) {
    let mut ana = Person::login(server, "agent1");
    let mut seat = Seat::connect(server, "early1");
    // The second room is made with the form of the first.
    for conversation in ["early1", "early2"] {
        seat.conversation = ConversationId::new(conversation);
        seat.open_for("agent1");
        let invited = seat.meanwhile("a direct invitation", || ana.look(direct));
        assert_eq!(attr(&invited, "jid"), Some(seat.room().as_str()));
        ana.enter(&seat.room(), "Ana");
        seat.until_ready();
        seat.invite("agent1");
        seat.say("m1", true, "Hello?");
        reflection(&mut seat, "m1");
        seat.meanwhile("the visitor's words", || ana.look(|s| said(s, "Hello?")));
        let again = ana.seen.iter().filter(|s| direct(s).is_some()).count();
        assert_eq!(again, 1, "{conversation}");
        assert!(!ana.seen.iter().any(|s| mediated(s).is_some()), "once");
        seat.order(close_order("over"));
        seat.until("Gone", |event| {
            matches!(event, RoomEvent::Gone).then_some(())
        });
        ana.until_said("over");
        ana.seen.clear();
    }
}

/// Nothing is left of a room that was closed: its name can be used again.
pub fn nothing_is_left(server: &dyn Server) {
    let (mut seat, _ana) = with_agent(server, "fleeting");
    seat.order(close_order("over"));
    seat.until("Gone", |event| {
        matches!(event, RoomEvent::Gone).then_some(())
    });
    seat.open(&["agent1"], None);
    assert_eq!(seat.until_ready(), (false, vec![]));
    assert_eq!(seat.current_room(), seat.room());
}

/// Invited, entered, talked, left, closed.
pub fn from_the_invitation_to_the_end(server: &dyn Server) {
    let mut seat = Seat::connect(server, "story1");
    let mut ana = Person::login(server, "agent1");
    seat.open(&["agent1"], None);
    assert_eq!(seat.until_ready(), (false, vec![]));
    seat.invite("agent1");
    let direct = seat.meanwhile("a direct invitation", || ana.look(direct));
    assert_eq!(attr(&direct, "jid"), Some(seat.room().as_str()));
    let reason = attr(&direct, "reason").expect("a reason");
    assert!(reason.ends_with("waits for you"), "{reason}");

    ana.enter(&seat.room(), "Ana");
    seat.until("Entered", |event| {
        matches!(event, RoomEvent::Entered { .. }).then_some(())
    });
    talk(&mut seat, &mut ana);

    let room = seat.room();
    ana.send(&format!("<presence type='unavailable' to='{room}/Ana'/>"));
    let left = seat.until("Left", |event| match event {
        RoomEvent::Left { agent } => Some(agent.clone()),
        _ => None,
    });
    assert_eq!(left, agent("agent1"));
    ana.enter(&room, "Ana");
    seat.until("Entered", |event| {
        matches!(event, RoomEvent::Entered { .. }).then_some(())
    });
    seat.order(close_order("All done."));
    seat.until("Gone", |event| {
        matches!(event, RoomEvent::Gone).then_some(())
    });
    ana.until_said("All done.");
    let reason = ana.until("the end of the room", |stanza| {
        let x = child(stanza, "x", ns::MUC_USER)?;
        child_text(child(x, "destroy", ns::MUC_USER)?, "reason", ns::MUC_USER)
    });
    assert_eq!(reason, "All done.");
    assert_eq!(seat.rooms.next_deadline(), None);
}

fn talk(seat: &mut Seat, ana: &mut Person) {
    let room = seat.room();
    seat.say("m1", true, "It is burning ☂");
    let key = reflection(seat, "m1");
    assert!(!key.is_empty());
    seat.meanwhile("the visitor's words", || {
        ana.look(|s| said(s, "It is burning ☂"))
    });
    ana.say(&room, "a1", "Where?");
    let spoken = seat.until("Spoken", |event| match event {
        RoomEvent::Spoken(spoken) => Some(spoken.clone()),
        _ => None,
    });
    assert_eq!(spoken.words, Words::text("Where?"));
    assert_eq!(spoken.agent, Some(agent("agent1")));
    assert_eq!(spoken.nick, "Ana");
    assert_eq!(spoken.id, Some(MessageId::new("a1")));
    let url = "https://files.example/a.png";
    seat.order(RoomOrder::Say {
        id: MessageId::new("m2"),
        as_visitor: true,
        words: Words {
            text: "Look".into(),
            attachments: vec![Attachment {
                kind: "image/png".into(),
                url: url.into(),
            }],
            corrects: None,
        },
    });
    reflection(seat, "m2");
    let picture = ana.until_said(url);
    let oob = child(&picture, "x", ns::OOB).expect("a link");
    assert_eq!(child_text(oob, "url", ns::OOB).as_deref(), Some(url));
    ana.until_said("Look");
}

/// Waits until the room reflects a line; its key.
pub fn reflection(seat: &mut Seat, line: &str) -> String {
    seat.until(line, |event| match event {
        RoomEvent::Reflected { id, key } if id.as_str() == line => Some(key.clone()),
        _ => None,
    })
}

/// Two clients of one agent are one agent; another nickname is no leaving; who is put out has left.
pub fn one_agent_at_two_clients(server: &dyn Server) {
    let (mut seat, mut ana) = with_agent(server, "twice");
    let room = seat.room();
    let mut phone = Person::login_as(server, "agent1", "phone");
    phone.enter(&room, "Ana's phone");
    seat.meanwhile("both", || {
        phone.read();
        ana.look(|s| attr(s, "from").filter(|f| f.ends_with("phone")).map(|_| ()))
    });
    ana.enter(&room, "Anita");
    ana.until("another nickname", |s| {
        attr(s, "from")
            .filter(|from| from.ends_with("/Anita"))
            .map(|_| ())
    });
    phone.send(&format!(
        "<presence type='unavailable' to='{room}/Ana&apos;s phone'/>"
    ));
    ana.say(&room, "a1", "still here");
    let spoken = seat.until("Spoken", |event| match event {
        RoomEvent::Entered { .. } | RoomEvent::Left { .. } => panic!("{event:?}"),
        RoomEvent::Spoken(spoken) => Some(spoken.clone()),
        _ => None,
    });
    assert_eq!(
        (spoken.nick.as_str(), spoken.agent),
        ("Anita", Some(agent("agent1")))
    );
    seat.order(RoomOrder::Remove(agent("agent1")));
    seat.until("Left", |event| {
        matches!(event, RoomEvent::Left { .. }).then_some(())
    });
    // She is put out first and no member next: who came between the two would be let in.
    seat.settle();
    ana.seen.clear();
    ana.enter(&room, "Ana");
    ana.until("a closed door", |s| {
        (s.name() == "presence" && attr(s, "type") == Some("error")).then_some(())
    });
    let stranger = seat
        .told
        .iter()
        .any(|e| matches!(e, RoomEvent::Entered { .. }));
    assert!(!stranger, "{:?}", seat.told);
}

/// A decline is heard; whispers arrive; a private command is taken, other private words are not.
pub fn declined_and_whispered(server: &dyn Server) {
    let (mut seat, mut ana) = with_agent(server, "private");
    let room = seat.room();
    let mut ben = Person::login(server, "agent2");
    seat.invite("agent2");
    seat.meanwhile("an invitation", || ben.look(direct));
    let inviter = workgroup("support");
    ben.send(&format!(
        "<message to='{room}'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <decline to='{inviter}'><reason>busy</reason></decline></x></message>"
    ));
    let declined = seat.until("Declined", |event| match event {
        RoomEvent::Declined { agent } => Some(agent.clone()),
        _ => None,
    });
    assert_eq!(declined, agent("agent2"));

    seat.order(RoomOrder::Whisper {
        nick: "Ana".into(),
        text: "only for you".into(),
    });
    let whisper = seat.meanwhile("a whisper", || ana.look(|s| said(s, "only for you")));
    assert_eq!(attr(&whisper, "type"), Some("chat"));
    let private = |to: &str, text: &str| {
        format!(
            "<message type='chat' to='{room}/{to}' id='p-{}'><body>{text}</body>\
             <x xmlns='http://jabber.org/protocol/muc#user'/></message>",
            text.len()
        )
    };
    let visitor = seat.conversation.pseudonym();
    ana.send(&private(&visitor, "psst"));
    ana.send(&private(&visitor, "psst, again"));
    ana.send(&private("support", "!note seems upset"));
    let note = seat.until("Spoken", |event| match event {
        RoomEvent::Spoken(spoken) => Some(spoken.clone()),
        _ => None,
    });
    assert_eq!(note.words, Words::text("!note seems upset"));
    assert_eq!(note.agent, Some(agent("agent1")));
    let hints = |s: &Element| {
        let text = child_text(s, "body", ns::CLIENT)?;
        text.starts_with("Private messages do not").then_some(())
    };
    seat.meanwhile("a hint", || ana.look(hints));
    ana.say(&room, "a1", "fine");
    seat.until("Spoken", |event| {
        matches!(event, RoomEvent::Spoken(_)).then_some(())
    });
    ana.until_said("fine");
    assert_eq!(ana.seen.iter().filter(|s| hints(s).is_some()).count(), 1);
}

/// A client that speaks Fastpath is invited as Openfire's Fastpath does it.
pub fn fastpath_invitation(server: &dyn Server) -> Element {
    let mut seat = Seat::connect(server, "spark");
    let mut ana = Person::login(server, "agent1");
    seat.open(&["agent1"], None);
    seat.until_ready();
    let client = Contact {
        resource: "desk".into(),
        fastpath: true,
    };
    seat.invite_client("agent1", Some(client));
    let message = seat.meanwhile("an invitation", || {
        ana.look(|s| mediated(s).map(|_| s.clone()))
    });
    let invite = mediated(&message).expect("seen");
    let reason = child_text(&invite, "reason", ns::MUC_USER);
    assert_eq!(reason.as_deref(), Some("spark"));
    let room = child(&message, "x", ns::DIRECT_INVITE).expect("the room's address");
    assert_eq!(attr(room, "jid"), Some(seat.room().as_str()));
    let full = format!("{}/desk", jid("agent1"));
    assert_eq!(attr(&message, "to"), Some(full.as_str()));
    message
}
