//! Visitors who sit at XMPP clients themselves: nothing is said for them, nothing of the desk is
//! said before them, and the conversation is over when they go.

use warmline::bridge::{Answer, Input, Opening, PlaceView, Refusal, RoomEvent, Spoken};
use warmline::conversation::{Author, Manners, Words};
use warmline::ids::{AgentJid, ConversationId, WorkgroupName};

use super::story::{Story, agent, conversation, opening, visitor};

fn vera() -> AgentJid {
    AgentJid::parse("vera@acme.example").unwrap()
}

fn wish(id: &str) -> Opening {
    Opening {
        ticket: None,
        wait_ends: true,
        manners: Manners {
            own_client: Some("vera@acme.example/app".into()),
            ..Manners::default()
        },
        ..opening(id)
    }
}

fn room(story: &mut Story, event: RoomEvent) {
    let conversation = conversation("t1");
    story.step(Input::Room {
        conversation,
        event,
    });
}

fn ready(story: &mut Story, inside: &[(AgentJid, &str)]) {
    let inside = inside
        .iter()
        .map(|(who, nick)| (who.clone(), (*nick).to_owned()));
    let inside = inside.collect();
    room(
        story,
        RoomEvent::Ready {
            fresh: false,
            inside,
        },
    );
}

fn enters(story: &mut Story, who: AgentJid, nick: &str) {
    let nick = nick.to_owned();
    room(story, RoomEvent::Entered { agent: who, nick });
}

/// Vera waits, ana accepts, the room is there and both are in it.
fn both_inside() -> Story {
    let mut story = Story::new();
    story.online(&["ana"]).step(Input::Open(wish("t1")));
    story.accepts("ana", "t1");
    ready(&mut story, &[]);
    enters(&mut story, agent("ana"), "ana");
    enters(&mut story, vera(), "vera");
    story
}

fn ended(story: &Story) -> bool {
    story.seen().iter().any(|what| what == "room t1 destroy")
}

#[test]
fn the_place_is_told_while_nobody_took_the_visitor() {
    let mut story = Story::new();
    story.step(Input::Open(wish("t1")));
    let place = PlaceView {
        conversation: ConversationId::new("t1"),
        line: WorkgroupName::new("support"),
        place: 1,
        usual_wait: None,
    };
    story
        .step(Input::PlaceAsked(visitor("t1")))
        .answered(&Answer::Place(place));
    story.online(&["ana"]).accepts("ana", "t1");
    let refused = Answer::Refused(Refusal::UnknownVisitor);
    story
        .step(Input::PlaceAsked(visitor("t1")))
        .answered(&refused);
    story
        .step(Input::Departed(visitor("t1")))
        .answered(&refused);
}

#[test]
fn who_departs_takes_the_offer_along_and_nothing_is_delivered() {
    let mut story = Story::new();
    story.online(&["ana"]).step(Input::Open(wish("t1")));
    story.step(Input::Departed(visitor("t1")));
    story.then(&["revoke ana t1 for support: Closed"]);
}

#[test]
fn whoever_waits_in_vain_is_told_so() {
    let mut story = Story::new();
    story.step(Input::Open(wish("t1"))).wait(240);
    story.then(&["deliver t1 closed by NobodyCame"]);
}

#[test]
fn the_briefing_and_all_words_of_the_desk_are_for_the_agent_alone() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).step(Input::Open(wish("t1")));
    story.accepts("ana", "t1");
    ready(&mut story, &[]);
    enters(&mut story, vera(), "vera");
    assert!(story.seen().is_empty(), "{:?}", story.seen());
    enters(&mut story, agent("ana"), "ana");
    let seen = story.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].starts_with("room t1 to ana: Visitor-"), "{seen:?}");
    story.writes("ana", "t1", "!transfer ben");
    story.wait(240);
    let seen = story.seen();
    assert!(
        seen.iter()
            .any(|what| what.starts_with("room t1 to ana: Nobody")),
        "{seen:?}"
    );
    assert!(!seen.iter().any(|what| what.contains("desk")), "{seen:?}");
}

#[test]
fn what_is_said_in_the_room_is_kept_and_neither_repeated_nor_delivered() {
    let mut story = both_inside();
    story.writes("vera", "t1", "!close it burns");
    story.then(&[]);
    story.writes("ana", "t1", "Use water.");
    story.then(&[]);
    let said = |author: &Author| matches!(author, Author::Visitor | Author::Agent { .. });
    let kept = story.bridge.conversations().next().unwrap();
    let kept: Vec<&str> = kept
        .lines
        .iter()
        .filter(|line| said(&line.author))
        .map(|line| line.words.text.as_str())
        .collect();
    assert_eq!(kept, ["!close it burns", "Use water."]);
    // Also after a restart, and when the room is made anew.
    story.restart().step(Input::LinkUp);
    ready(&mut story, &[(agent("ana"), "ana"), (vera(), "vera")]);
    assert!(
        !story.seen().iter().any(|what| what.contains("burns")),
        "{:?}",
        story.seen()
    );
}

#[test]
fn the_conversation_ends_when_the_visitor_leaves_or_declines() {
    let mut story = both_inside();
    room(&mut story, RoomEvent::Left { agent: vera() });
    assert!(ended(&story), "{:?}", story.seen());
    let mut story = Story::new();
    story.online(&["ana"]).step(Input::Open(wish("t1")));
    story.accepts("ana", "t1");
    ready(&mut story, &[]);
    room(&mut story, RoomEvent::Declined { agent: vera() });
    assert!(ended(&story), "{:?}", story.seen());
}

#[test]
fn a_visitor_who_was_cut_off_is_waited_for() {
    let mut story = both_inside();
    story.step(Input::LinkDown).step(Input::LinkUp);
    ready(&mut story, &[(agent("ana"), "ana")]);
    story.wait(59);
    assert!(!ended(&story));
    enters(&mut story, vera(), "vera");
    story.wait(60);
    assert!(!ended(&story));
    story.step(Input::LinkDown).step(Input::LinkUp);
    ready(&mut story, &[(agent("ana"), "ana")]);
    story.wait(60);
    assert!(ended(&story), "{:?}", story.seen());
}

#[test]
fn a_visitor_whose_agent_is_lost_is_told_and_is_first_in_line_again() {
    let mut story = both_inside();
    story.online(&["ben"]);
    room(
        &mut story,
        RoomEvent::Left {
            agent: agent("ana"),
        },
    );
    story.wait(60);
    let seen = story.seen();
    assert!(
        seen.iter()
            .any(|what| what.starts_with("room t1 to vera: The connection")),
        "{seen:?}"
    );
    assert!(
        seen.iter().any(|what| what.starts_with("ask ben t1")),
        "{seen:?}"
    );
    // In the room, and not in a line that could be left by a request.
    story
        .step(Input::Departed(visitor("t1")))
        .answered(&Answer::Refused(Refusal::UnknownVisitor));
    story.wait(600);
    assert!(
        story
            .bridge
            .conversations()
            .all(|one| one.agent().is_none())
    );
    let (past, _) = story
        .kept
        .past
        .values()
        .next()
        .expect("nobody sits in an empty room for ever");
    assert!(past.contains("nobody_came"), "{past}");
}

#[test]
fn an_agent_to_whom_nobody_came_is_not_replaced() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).step(Input::Open(wish("t1")));
    story.accepts("ana", "t1");
    ready(&mut story, &[]);
    enters(&mut story, agent("ana"), "ana");
    room(
        &mut story,
        RoomEvent::Left {
            agent: agent("ana"),
        },
    );
    story.wait(60);
    assert!(ended(&story), "{:?}", story.seen());
    assert!(!story.seen().iter().any(|what| what.starts_with("ask ben")));
}

#[test]
fn words_that_only_a_nickname_comes_with_are_carried_out_for_known_agents_alone() {
    let mut story = both_inside();
    let mut says = |nick: &str, key: &str| {
        let spoken = Spoken {
            key: key.into(),
            id: None,
            nick: nick.into(),
            agent: None,
            words: Words::text("!close"),
        };
        room(&mut story, RoomEvent::Spoken(spoken));
        ended(&story)
    };
    assert!(!says("vera", "k1"));
    assert!(!says("somebody", "k2"));
    assert!(says("ana", "k3"));
}

#[test]
fn who_asks_again_has_missed_the_invitation_and_is_invited_again() {
    let mut story = Story::new();
    story.online(&["ana"]).step(Input::Open(wish("t1")));
    story.accepts("ana", "t1");
    ready(&mut story, &[(agent("ana"), "ana")]);
    story.step(Input::Open(wish("t1")));
    story.then(&["room t1 open to ana boss"]);
    enters(&mut story, vera(), "vera");
    story.step(Input::Open(wish("t1"))).then(&[]);
}
