//! Every event of the reference's table (§2.4), with all of its keys.

use warmline::users::{
    ChatKind, ChatState, Invitation, OfferMade, PresenceKind, QueueLine, QueueState, Show,
    UserEvent, Written,
};

/// What happens, the event's name, its type, its keys.
pub type Row = (UserEvent, &'static str, &'static str, Vec<&'static str>);

const ALICE: &str = "alice@workgroup.acme.example";
const BOB: &str = "bob@acme.example/desk";
const SAID: [&str; 4] = ["to", "from", "body", "data"];
const INVITED: [&str; 6] = ["room", "inviter", "to", "from", "url", "reason"];

/// All of them.
pub fn table() -> Vec<Row> {
    [people(), rooms(), fastpath()].concat()
}

fn written() -> Written {
    Written {
        from: BOB.into(),
        to: ALICE.into(),
        body: "hello".into(),
        data: Some(r#"{"body":"hello","n":1}"#.into()),
        ..Written::default()
    }
}

fn people() -> Vec<Row> {
    let presence = UserEvent::Presence {
        from: BOB.into(),
        to: ALICE.into(),
        kind: PresenceKind::Available,
        show: Show::DoNotDisturb,
        status: Some("busy".into()),
    };
    let state = UserEvent::ChatState {
        from: BOB.into(),
        to: ALICE.into(),
        kind: ChatKind::Chat,
        state: ChatState::Composing,
    };
    let chat = |kind| UserEvent::Chat(kind, written());
    let stanza = UserEvent::Stanza("<iq/>".into());
    let seen = vec!["to", "from", "status", "show", "presenceType"];
    vec![
        (stanza, "chatapi.xmpp", "", vec!["xmpp"]),
        (presence, "chatapi.presence", "presence", seen),
        (chat(ChatKind::Chat), "chatapi.chat", "chat", SAID.to_vec()),
        (
            chat(ChatKind::Headline),
            "chatapi.chat",
            "headline",
            SAID.to_vec(),
        ),
        (state, "chatapi.chat", "chat", vec!["to", "from", "state"]),
    ]
}

fn rooms() -> Vec<Row> {
    let invitation = |direct| {
        UserEvent::Invited(Invitation {
            room: "fhrtbf7@rooms.acme.example".into(),
            inviter: "support@workgroup.acme.example".into(),
            from: "fhrtbf7@rooms.acme.example".into(),
            to: ALICE.into(),
            direct,
            ..Invitation::default()
        })
    };
    let with_password = [INVITED.as_slice(), &["password"]].concat();
    let (muc, invited) = ("chatapi.muc", "invitationReceived");
    let notify = vec!["to", "from", "data"];
    vec![
        (UserEvent::Room(written()), muc, "groupchat", SAID.to_vec()),
        (invitation(false), muc, invited, with_password),
        (invitation(true), muc, invited, INVITED.to_vec()),
        (
            UserEvent::Notify(written()),
            "chatapi.notify",
            "notify",
            notify,
        ),
    ]
}

fn fastpath() -> Vec<Row> {
    let workgroup = || "support@workgroup.acme.example".to_owned();
    let visitor = "v-1@workgroup.acme.example";
    let offer = UserEvent::Offer(OfferMade {
        workgroup: workgroup(),
        id: "fhrtbf7".into(),
        visitor: visitor.into(),
        ..OfferMade::default()
    });
    let revoked = UserEvent::OfferRevoked {
        workgroup: workgroup(),
        id: "fhrtbf7".into(),
        visitor: visitor.into(),
        reason: None,
    };
    let queue = UserEvent::Queue(QueueState {
        workgroup: workgroup(),
        status: "open".into(),
        ..QueueState::default()
    });
    let details = UserEvent::QueueDetails {
        workgroup: workgroup(),
        users: vec![QueueLine {
            visitor: visitor.into(),
            ..QueueLine::default()
        }],
    };
    let (assist, ask) = ("chatapi.assist", "chatapi.ask");
    let offered = vec!["workgroup", "id", "from", "metaData"];
    let taken = vec!["workgroup", "id", "from", "reason"];
    let line = "to from averageWaitTime userCount status oldestEntry";
    let place = "to from userid postion position timeRemaining timestamp";
    let keys = |text: &'static str| text.split(' ').collect::<Vec<_>>();
    vec![
        (offer, assist, "offerReceived", offered),
        (revoked, assist, "offerRevoked", taken),
        (queue, ask, "notify-queue", keys(line)),
        (details, ask, "notify-queue-details", keys(place)),
    ]
}
