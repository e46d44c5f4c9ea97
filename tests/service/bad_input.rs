//! What visitors, agents and strangers may get wrong in Fastpath, through a real server: each is
//! answered as the reference says, the link stays, and the next visitor is served as ever.

use super::bridge::{BRIDGE, Bridge};
use super::stage::{Stage, hears, offered};
use super::support::agents::Agent;
use super::support::prosody::Prosody;
use super::support::wait::SOON;
use super::support::xmpp::{COMPONENT, Options, jid, workgroup};

const W: &str = "http://jabber.org/protocol/workgroup";
const J: &str = "http://jivesoftware.com/protocol/workgroup";

fn stage() -> Stage {
    let options = Options {
        components: vec![BRIDGE.to_owned()],
        ..Options::default()
    };
    Stage::with(Box::new(Prosody::start_with(&options)), |_| {})
}

fn form(fields: &str) -> String {
    format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>")
}

/// A visitor is served from the join to the end of the room.
fn serves_as_ever(stage: &Stage, bridge: &mut Bridge, ana: &Agent) {
    let connects = "warmline_xmpp_connects_total";
    assert_eq!(
        stage.warmline.figure(connects),
        Some(1.0),
        "the link stayed"
    );
    let vera = format!("fresh@{BRIDGE}/web");
    let session = bridge.join(
        &vera,
        &form("<field var='question'><value>Fire!</value></field>"),
    );
    let offer = ana.wait("an offer", |e| {
        e.is_chat_offer() && e.get("body").contains("Fire!")
    });
    ana.say(offer.get("from"), "accept");
    let invited = format!("from='{session}@conference.example.test'");
    loop {
        let stanza = bridge
            .raw
            .stanza(SOON)
            .expect("an invitation")
            .replace('"', "'");
        if stanza.starts_with("<message") && stanza.contains(&invited) {
            break;
        }
    }
    let room = format!("{session}@conference.example.test");
    let enter = "<x xmlns='http://jabber.org/protocol/muc'/>";
    bridge.raw.say(&format!(
        "<presence from='{vera}' to='{room}/Vera'>{enter}</presence>"
    ));
    ana.join(&room, "Ana");
    ana.wait("the visitor", |e| e.get("from") == format!("{room}/Vera"));
    bridge.raw.say(&format!(
        "<message type='groupchat' from='{vera}' to='{room}'><body>it burns</body></message>"
    ));
    hears(ana, &room, "it burns");
    bridge.raw.say(&format!(
        "<presence type='unavailable' from='{vera}' to='{room}/Vera'/>"
    ));
    ana.wait("the end", |e| super::stage::is_destroyed(e, &room));
}

/// Everything that only agents and supervisors may is refused.
fn is_refused_everything(bridge: &mut Bridge, forged: &str, session: &str) {
    let status = format!("<agent-status xmlns='{W}' jid='{}'/>", jid("agent1"));
    let shown = bridge.shows(forged, &status);
    assert!(shown.contains("<not-authorized "), "{forged}: {shown}");
    let named = format!("id='{session}' jid='v-{session}@{COMPONENT}/{session}'");
    let ana = jid("agent1");
    let session = format!("<session xmlns='{J}' id='{session}'/>");
    for (payload, condition) in [
        (
            format!("<offer-accept xmlns='{W}' {named}/>"),
            "item-not-found",
        ),
        (
            format!("<offer-reject xmlns='{W}' {named}/>"),
            "item-not-found",
        ),
        (format!("<offer-accept xmlns='{W}'/>"), "item-not-found"),
        (
            format!("<monitor xmlns='{J}'><makeOwner sessionID='x'/></monitor>"),
            "forbidden",
        ),
        (
            format!(
                "<transfer xmlns='{W}' type='user'>{session}<invitee>{forged}</invitee></transfer>"
            ),
            "item-not-found",
        ),
    ] {
        bridge.refused(forged, ("set", &payload), condition);
    }
    for (payload, condition) in [
        (
            format!("<agent-status-request xmlns='{W}'/>"),
            "item-not-found",
        ),
        (
            format!("<agent-info xmlns='{J}'><jid>{ana}</jid></agent-info>"),
            "item-not-found",
        ),
        (
            format!("<workgroups xmlns='{W}' jid='{ana}'/>"),
            "not-authorized",
        ),
        (
            format!("<transcripts xmlns='{W}' userID='v1@{BRIDGE}'/>"),
            "not-authorized",
        ),
        (
            format!("<occupants-info xmlns='{J}' roomID='x'/>"),
            "not-authorized",
        ),
    ] {
        bridge.refused(forged, ("get", &payload), condition);
    }
}

#[test]
fn whoever_only_looks_like_an_agent_is_none() {
    let stage = stage();
    let ana = stage.agent("agent1");
    let mut bridge = Bridge::connect(&stage);
    let session = bridge.join(&format!("v1@{BRIDGE}/web"), &form(""));
    offered(&ana);
    for forged in [
        format!("agent1@{BRIDGE}/spark"),
        format!("agent1\\40example.test@{BRIDGE}/spark"),
        format!("v-{session}@{BRIDGE}/{session}"),
        format!("support@{BRIDGE}/support"),
    ] {
        is_refused_everything(&mut bridge, &forged, &session);
    }
    // The offer still is ana's alone.
    ana.say(&workgroup("support"), "accept");
    ana.wait("an invitation", |e| e.kind() == "invitation");
    serves_as_ever(&stage, &mut bridge, &ana);
}

#[test]
fn odd_joins_are_taken_once_and_only_their_owner_ends_them() {
    let stage = stage();
    let ana = stage.agent("agent1");
    let mut bridge = Bridge::connect(&stage);
    let many: String = (0..1_000)
        .map(|n| format!("<field var='f{n}'><value>x</value></field>"))
        .collect();
    let nested = "<field var='a'>".repeat(30) + &"</field>".repeat(30);
    for (place, inside) in [
        String::new(),
        "<queue-notifications/>".to_owned(),
        form(&many),
        form("<field><value>nameless</value></field><field var=''><value>x</value></field>"),
        form(&nested),
        form("just text"),
        form("<field var='question'/>") + &form("<field var='question'><value>b</value></field>"),
        format!("<user xmlns='{J}'/><metadata xmlns='{J}'><value>x</value></metadata>"),
        "<x xmlns='jabber:x:data' type='cancel'/>".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let vera = format!("odd{place}@{BRIDGE}/web");
        let session = bridge.join(&vera, inside);
        assert_eq!(
            bridge.join(&vera, inside),
            session,
            "twice the same: {inside}"
        );
        for other in [
            format!("odd{place}@{BRIDGE}/other"),
            format!("odd{place}@{BRIDGE}"),
            format!("mallory@{BRIDGE}/web"),
        ] {
            let depart = format!("<depart-queue xmlns='{W}'><jid>{vera}</jid></depart-queue>");
            bridge.refused(&other, ("set", &depart), "item-not-found");
        }
        let (place, _) = bridge.ask(&vera, ("get", &format!("<queue-status xmlns='{W}'/>")));
        assert!(
            place.contains("<position>1</position>"),
            "still there: {place}"
        );
        bridge.depart(&vera);
        let depart = format!("<depart-queue xmlns='{W}'/>");
        bridge.refused(&vera, ("set", &depart), "item-not-found");
    }
    while ana.take_now(|e| e.is_chat_offer()).is_some() {}
    serves_as_ever(&stage, &mut bridge, &ana);
}

#[test]
fn late_double_and_foreign_accepts_find_nothing() {
    let stage = stage();
    let spark = |account: &str| {
        let agent = stage
            .people
            .log_in_as(account, "spark", stage.server.ports());
        agent.show("available");
        agent.show_fastpath(&workgroup("support"), 4);
        agent.wait("the line", |e| e.get("from").ends_with("/Default Queue"));
        agent
    };
    let (ana, ben) = (spark("agent1"), spark("agent2"));
    let mut bridge = Bridge::connect(&stage);
    let vera = format!("v1@{BRIDGE}/web");
    let accept = |agent: &Agent, id: &str| {
        let payload = format!("<offer-accept xmlns='{W}' id='{id}'/>");
        agent.ask("set", &workgroup("support"), &payload)
    };
    let not_found = Some("item-not-found".to_owned());
    let first = bridge.join(&vera, &form(""));
    let offer = ana.wait("an offer", |e| e.kind() == "offer");
    assert_eq!(accept(&ben, &first).err(), not_found, "a colleague's");
    bridge.depart(&vera);
    ana.wait("the revoke", |e| e.kind() == "revoke");
    assert_eq!(accept(&ana, offer.get("id")).err(), not_found, "revoked");
    let second = bridge.join(&vera, &form(""));
    assert_ne!(first, second);
    let (asked, other) = match ben.take_now(|e| e.kind() == "offer") {
        Some(_) => (&ben, &ana),
        None => {
            let (one, two, _) = whose(&ana, &ben);
            (one, two)
        }
    };
    accept(asked, &second).expect("an empty result");
    assert_eq!(accept(asked, &second).err(), not_found, "twice");
    assert_eq!(
        accept(other, &second).err(),
        not_found,
        "the colleague's again"
    );
    asked.wait("an invitation", |e| e.kind() == "invitation");
    assert!(other.take_now(|e| e.kind() == "invitation").is_none());
}

/// Who of the two is offered something first, the other one, and what.
fn whose<'a>(
    one: &'a Agent,
    other: &'a Agent,
) -> (&'a Agent, &'a Agent, super::support::event::Event) {
    super::support::wait::until("an offer to one of two", SOON, || {
        let to_one = one.take_now(|e| e.kind() == "offer");
        let to_one = to_one.map(|offer| (one, other, offer));
        to_one.or_else(|| {
            let offer = other.take_now(|e| e.kind() == "offer")?;
            Some((other, one, offer))
        })
    })
}

/// Elements that somebody may send to a workgroup.
const NAMES: &str = "join-queue depart-queue queue-status offer-accept offer-reject \
    transfer invite agent-status agent-status-request agent-info \
    workgroups monitor macros chat-notes transcript \
    transcripts transcript-search chat-sessions occupants-info workgroup-form \
    chat-settings send-email offer offer-revoke no-such-element";

/// What everybody may ask for.
fn open_to_all(name: &str) -> bool {
    ["workgroup-form", "chat-settings", "monitor"].contains(&name)
}

/// What is no request at all, or two in one.
fn odd_stanzas(bridge: &mut Bridge, stranger: &str) {
    bridge.is_alive();
    for odd in [
        "<iq type='fly' id='x' from='F' to='T'><join-queue xmlns='W'/></iq>",
        "<iq type='set' id='x' from='F' to='T'/>",
        "<iq type='set' id='x' from='F' to='T'><join-queue xmlns='W'/><join-queue xmlns='W'/></iq>",
        "<iq type='result' id='x' from='F' to='T'><join-queue xmlns='W'/></iq>",
        "<presence type='fly' from='F' to='T'><agent-status xmlns='W'/></presence>",
        "<presence from='F' to='T'><priority>1e9</priority><show>dancing</show></presence>",
        "<message type='fly' from='F' to='T'><join-queue xmlns='W'/></message>",
        "<message type='groupchat' from='F' to='T'><body>accept</body></message>",
        "<message from='F' to='T'><offer-accept xmlns='W'/><body/></message>",
    ] {
        let odd = odd.replace("'F'", &format!("'{stranger}'"));
        let odd = odd.replace("'T'", &format!("'{}'", workgroup("support")));
        bridge.raw.say(&odd.replace("'W'", &format!("'{W}'")));
        bridge.is_alive();
    }
}

#[test]
fn xml_that_no_schema_knows_is_answered_and_harms_nobody() {
    let stage = stage();
    let ana = stage.agent("agent1");
    let mut bridge = Bridge::connect(&stage);
    let deep = "<a>".repeat(40) + "x" + &"</a>".repeat(40);
    let attributes: String = (0..200).map(|n| format!(" a{n}='x'")).collect();
    let insides = [
        String::new(),
        "text &amp; text".to_owned(),
        deep,
        "<join-queue/><depart-queue/>".to_owned(),
        format!("<session xmlns='{J}' id='%s'/><invitee>@@@</invitee>"),
        "<x xmlns='jabber:x:data' type='what'><field var='\u{202e}'><value/></field></x>"
            .to_owned(),
    ];
    let stranger = format!("odd@{BRIDGE}/web");
    for name in NAMES.split(' ') {
        for namespace in [W, J, "urn:unknown", ""] {
            for inside in &insides {
                for kind in ["get", "set"] {
                    let open = format!("<{name} xmlns='{namespace}'{attributes}>");
                    let payload = format!("{open}{inside}</{name}>");
                    // Whatever it is: one answer.
                    let (answer, _) = bridge.ask(&stranger, (kind, &payload));
                    let joins = name == "join-queue" && kind == "set";
                    if joins && [W, J].contains(&namespace) {
                        bridge.depart(&stranger);
                    } else if !open_to_all(name) || kind == "set" {
                        assert!(answer.contains("type='error'"), "{payload}: {answer}");
                    }
                }
            }
        }
    }
    odd_stanzas(&mut bridge, &stranger);
    while ana.take_now(|e| e.is_chat_offer()).is_some() {}
    serves_as_ever(&stage, &mut bridge, &ana);
}
