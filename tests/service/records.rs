//! What agents at Fastpath clients look up, note, keep and hand over, through a real server.

use super::stage::{Conversation, Stage, is_destroyed};
use super::support::agents::Agent;
use super::support::wait;
use super::support::xmpp::{COMPONENT, jid, workgroup};

const W: &str = "http://jabber.org/protocol/workgroup";
const J: &str = "http://jivesoftware.com/protocol/workgroup";

fn get(agent: &Agent, payload: &str) -> Result<String, String> {
    agent.ask("get", &workgroup("support"), payload)
}

fn set(agent: &Agent, payload: &str) -> Result<String, String> {
    agent.ask("set", &workgroup("support"), payload)
}

fn session(room: &str) -> String {
    room.split('@').next().unwrap_or_default().to_owned()
}

/// A conversation that is over, in which both sides said something; its id.
fn over(stage: &Stage, agent: &Agent) -> String {
    let Conversation { ticket, room } = stage.conversation("1", agent);
    stage.rapidpro.message("1", "my parcel is lost");
    super::stage::hears(agent, &room, "my parcel is lost");
    agent.say_in(&room, "I look for it");
    wait::until("the words are told", wait::SOON, || {
        (stage.told(&ticket) == ["I look for it"]).then_some(())
    });
    stage.rapidpro.close("1");
    agent.wait("the end", |e| is_destroyed(e, &room));
    session(&room)
}

#[test]
fn what_was_said_is_found_by_those_who_serve_there_and_by_nobody_else() {
    let stage = Stage::configured(|config| {
        config.workgroup = format!("supervisors = [\"{}\"]", jid("supervisor"));
    });
    let ana = stage.agent("agent1");
    let id = over(&stage, &ana);
    let supervisor = stage.people.log_in("supervisor", stage.server.ports());
    let stranger = stage.people.log_in("stranger", stage.server.ports());
    let transcript = format!("<transcript xmlns='{W}' sessionID='{id}'/>");
    let user = format!("<transcripts xmlns='{W}' userID='v-{id}@{COMPONENT}'/>");
    let mine = format!(
        "<chat-sessions xmlns='{J}' agentJID='{}' maxSessions='10' startDate='0'/>",
        ana.jid()
    );
    let search = |text: &str| {
        format!(
            "<transcript-search xmlns='{J}'><x xmlns='jabber:x:data' type='submit'>\
             <field var='queryString'><value>{text}</value></field></x></transcript-search>"
        )
    };
    for person in [&ana, &supervisor] {
        let said = get(person, &transcript).expect("a transcript");
        for part in ["my parcel is lost", "I look for it", "jabber:x:delay", J] {
            assert!(said.contains(part), "{part} in {said}");
        }
        let list = get(person, &user).expect("a list");
        assert!(list.contains(&id) && list.contains("leftTime"), "{list}");
        let list = get(person, &mine).expect("a list");
        assert!(list.contains(&id) && list.contains("duration"), "{list}");
        let found = person
            .ask("get", COMPONENT, &search("PARCEL is"))
            .expect("a result");
        assert!(found.contains(&id) && found.contains("reported"), "{found}");
        let nothing = person
            .ask("get", COMPONENT, &search("elephant"))
            .expect("a result");
        assert!(!nothing.contains(&id), "{nothing}");
        let form = person.ask(
            "get",
            COMPONENT,
            &format!("<transcript-search xmlns='{J}'/>"),
        );
        assert!(form.expect("a form").contains("queryString"));
    }
    refused(&ana, &stranger, &id);
    for asked in [transcript, user, mine, search("parcel")] {
        let answer = stranger.ask("get", &workgroup("support"), &asked);
        assert_eq!(answer.err().as_deref(), Some("not-authorized"), "{asked}");
    }
}

fn refused(ana: &Agent, stranger: &Agent, id: &str) {
    let about = format!("<chat-metadata xmlns='{J}'><sessionID>{id}</sessionID></chat-metadata>");
    assert!(get(ana, &about).expect("what is known").contains("userID"));
    assert_eq!(
        get(stranger, &about).err().as_deref(),
        Some("not-authorized")
    );
    let none = format!("<transcript xmlns='{W}' sessionID='nosuch'/>");
    assert_eq!(get(ana, &none).err().as_deref(), Some("item-not-found"));
    let bad = format!(
        "<chat-sessions xmlns='{J}' agentJID='{}' maxSessions='x'/>",
        ana.jid()
    );
    assert_eq!(
        get(ana, &bad).err().as_deref(),
        Some("internal-server-error")
    );
}

#[test]
fn notes_and_ready_answers_outlive_a_kill() {
    let mut stage = Stage::configured(|config| {
        config.workgroup = "macros = { \"Hi <you>\" = \"Good day & welcome\" }".into();
    });
    let ana = stage.agent("agent1");
    let id = over(&stage, &ana);
    let asked = format!("<chat-notes xmlns='{J}'><sessionID>{id}</sessionID></chat-notes>");
    assert_eq!(get(&ana, &asked).err().as_deref(), Some("item-not-found"));
    let note = |text: &str| {
        format!(
            "<chat-notes xmlns='{J}'><sessionID>{id}</sessionID><notes>{text}</notes></chat-notes>"
        )
    };
    for text in ["first", "call back on Monday"] {
        set(&ana, &note(text)).expect("an empty result");
    }
    let mine = format!("<macros xmlns='{J}'><personal>true</personal></macros>");
    assert_eq!(get(&ana, &mine).err().as_deref(), Some("item-not-found"));
    let keep = format!(
        "<macros xmlns='{J}'><personal>true</personal>\
         <personalMacro>&lt;macrogroup/&gt;</personalMacro></macros>"
    );
    set(&ana, &keep).expect("an empty result");
    stage.warmline.kill9();
    stage.warmline.start_again();
    let note = wait::until("Warmline answers again", wait::SOON, || {
        get(&ana, &asked).ok()
    });
    assert!(note.contains("text>call back on Monday<"), "{note}");
    let kept = get(&ana, &mine).expect("what was kept");
    assert!(kept.contains("&lt;macrogroup/&gt;"), "{kept}");
    let shared = get(&ana, &format!("<macros xmlns='{J}'/>")).expect("those of all");
    assert!(
        shared.contains("&lt;title&gt;Hi &amp;lt;you&amp;gt;"),
        "{shared}"
    );
    let stranger = stage.people.log_in("stranger", stage.server.ports());
    for refused in [
        get(&stranger, &mine),
        get(&stranger, &asked),
        set(&stranger, &keep),
    ] {
        assert_eq!(refused.err().as_deref(), Some("item-not-found"));
    }
}

fn hand(kind: &str, how: (&str, &str), id: &str) -> String {
    format!(
        "<{kind} xmlns='{W}' type='{}'><session xmlns='{J}' id='{id}'/><invitee>{}</invitee>\
         <reason>Needs billing</reason></{kind}>",
        how.0, how.1
    )
}

fn spark(stage: &Stage, account: &str) -> Agent {
    let agent = stage
        .people
        .log_in_as(account, "spark", stage.server.ports());
    agent.show("available");
    agent.show_fastpath(&workgroup("support"), 4);
    agent.wait("the line", |e| e.get("from").ends_with("/Default Queue"));
    agent
}

#[test]
fn a_transfer_by_fastpath_leads_to_an_offer_a_kick_and_the_next_agent() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("1", &ana);
    let ben = spark(&stage, "agent2");
    let id = session(&room);
    set(&ana, &hand("transfer", ("user", &jid("agent2")), &id)).expect("an empty result");
    let offer = ben.wait("an offer", |e| e.kind() == "offer");
    let xml = offer.get("xml");
    for part in [
        ":transfer ",
        "type=\"user\"",
        "Needs billing",
        &room,
        ana.jid(),
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    let accept = format!("<offer-accept xmlns='{W}' id='{id}'/>");
    set(&ben, &accept).expect("an empty result");
    ben.wait("an invitation", |e| {
        e.kind() == "invitation" && e.get("reason") == id
    });
    ben.join(&room, "ben");
    let kicked = ana.wait("the kick", |e| {
        e.kind() == "presence" && e.sender() == room && e.has("codes", "307")
    });
    assert!(
        kicked.get("xml").contains("Transfer was successful"),
        "{}",
        kicked.get("xml")
    );
}

#[test]
fn an_invitation_by_fastpath_brings_a_second_agent_and_puts_nobody_out() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("1", &ana);
    let ben = spark(&stage, "agent2");
    let id = session(&room);
    set(
        &ana,
        &hand("invite", ("workgroup", &workgroup("support")), &id),
    )
    .expect("an empty result");
    let offer = ben.wait("an offer", |e| e.kind() == "offer");
    assert!(
        offer.get("xml").contains(":invite "),
        "{}",
        offer.get("xml")
    );
    set(&ben, &format!("<offer-accept xmlns='{W}' id='{id}'/>")).expect("an empty result");
    ben.wait("an invitation", |e| {
        e.kind() == "invitation" && e.get("reason") == id
    });
    ben.join(&room, "ben");
    ben.wait("to be inside", |e| {
        e.kind() == "presence" && e.sender() == room && e.has("codes", "110")
    });
    ana.say_in(&room, "welcome");
    super::stage::hears(&ben, &room, "welcome");
    let inside = get(
        &ana,
        &format!("<occupants-info xmlns='{J}' roomID='{id}'/>"),
    );
    let inside = inside.expect("who is inside");
    for part in [ana.jid(), ben.jid(), "nickname>ben<", "joined>20"] {
        assert!(inside.contains(part), "{part} in {inside}");
    }
}

#[test]
fn hand_overs_to_nobody_oneself_and_nowhere_are_told_and_change_nothing() {
    let stage = Stage::start();
    let ana = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("1", &ana);
    let id = session(&room);
    for (kind, how, text) in [
        (
            "transfer",
            ("user", jid("nobody")),
            "Agent or user failed to join the room.",
        ),
        (
            "transfer",
            ("user", jid("agent1")),
            "Agent or user failed to join the room.",
        ),
        (
            "invite",
            ("user", jid("agent1")),
            "Agent or user failed to join the room.",
        ),
        (
            "transfer",
            ("workgroup", workgroup("nosuch")),
            "Specified workgroup was not found.",
        ),
        (
            "invite",
            ("queue", "nonsense@elsewhere.test/x".to_owned()),
            "Specified queue was not found.",
        ),
        (
            "transfer",
            ("queue", format!("{}/No Queue", workgroup("support"))),
            "Specified queue was not found.",
        ),
    ] {
        set(&ana, &hand(kind, (how.0, &how.1), &id)).expect("an empty result");
        ana.wait(text, |e| {
            e.get("type") == "error" && e.get("xml").contains(text)
        });
    }
    let unknown = set(&ana, &hand("transfer", ("user", &jid("agent2")), "nosuch"));
    assert_eq!(unknown.err().as_deref(), Some("item-not-found"));
    let ben = stage.agent("agent2");
    let foreign = set(&ben, &hand("transfer", ("user", &jid("agent2")), &id));
    assert_eq!(
        foreign.err().as_deref(),
        Some("item-not-found"),
        "not ben's to give"
    );
    let bare = set(&ana, &format!("<transfer xmlns='{W}'/>"));
    assert_eq!(bare.err().as_deref(), Some("internal-server-error"));
    ana.say_in(&room, "still here");
    super::stage::hears(&ana, &room, "still here");
}

#[test]
fn a_supervisor_becomes_an_owner_and_nobody_else_does() {
    let stage = Stage::configured(|config| {
        config.workgroup = format!("supervisors = [\"{}\"]", jid("supervisor"));
    });
    let ana = stage.agent("agent1");
    let Conversation { room, .. } = stage.conversation("1", &ana);
    let supervisor = stage.people.log_in("supervisor", stage.server.ports());
    let is = format!("<monitor xmlns='{J}'/>");
    assert!(get(&supervisor, &is).expect("an answer").contains("true"));
    assert!(get(&ana, &is).expect("an answer").contains("false"));
    let own = |id: &str| format!("<monitor xmlns='{J}'><makeOwner sessionID='{id}'/></monitor>");
    let id = session(&room);
    assert_eq!(set(&ana, &own(&id)).err().as_deref(), Some("forbidden"));
    assert_eq!(
        set(&supervisor, &own("nosuch")).err().as_deref(),
        Some("item-not-found")
    );
    set(&supervisor, &own(&id)).expect("an empty result");
    supervisor.join(&room, "boss");
    supervisor.wait("to enter as an owner", |e| {
        e.kind() == "presence"
            && e.sender() == room
            && e.get("xml").contains("affiliation=\"owner\"")
            && e.nick() == "boss"
    });
}
