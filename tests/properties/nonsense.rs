//! Whatever comes, in whatever order and with whatever ids: it is answered, and what is
//! impossible is counted and changes nothing.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use warmline::bridge::{
    Acknowledgement, Answer, Approach, Bridge, CaseRecord, Effect, Event, Input, Refusal,
    Reopening, RoomEvent, Saying, Spoken,
};
use warmline::conversation::{
    Author, CaseNote, ClosedBy, Delivery, Earlier, Notice, Outgoing, Receipt, Words,
};
use warmline::ids::{AgentJid, ChannelId, DeliveryId, MessageId, Timestamp};
use warmline::users::ChatState;
use warmline::workgroup::{Policy, Resource, Show};

use super::histories::config;
use super::kept::Kept;
use super::people::{agent, conversation, opening, visitor};
use super::shown::visible;
use super::world::{the_answer, world_policy};

/// Names of which most things have none.
fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["1", "2", "3", ""]).prop_map(str::to_owned)
}

fn somebody() -> impl Strategy<Value = AgentJid> {
    prop::sample::select(vec!["ana", "ben", "dora", "eve"]).prop_map(agent)
}

fn text() -> impl Strategy<Value = Words> {
    let texts = vec![
        "hello",
        "!close",
        "!transfer billing",
        "!",
        "",
        " ",
        "\u{0}",
    ];
    prop::sample::select(texts).prop_map(Words::text)
}

fn message() -> impl Strategy<Value = MessageId> {
    prop::sample::select(vec!["m1", "m2", "1-b1", "1-d1", "1-n1", ""]).prop_map(MessageId::new)
}

fn delivery() -> impl Strategy<Value = Box<Delivery>> {
    let what = (0..3_u8, text()).prop_map(|(kind, words)| match kind {
        0 => Outgoing::Notice(Notice::AgentLost),
        1 => Outgoing::Closed(ClosedBy::Silence),
        _ => Outgoing::Words {
            message: MessageId::new("m1"),
            author: "Ana".into(),
            words,
        },
    });
    (name(), 0..6_u64, what).prop_map(|(id, number, what)| {
        Box::new(Delivery {
            id: DeliveryId::new(format!("{id}-{number}")),
            conversation: conversation(&id),
            number,
            channel: ChannelId::new("tickets"),
            ticket: None,
            visitor: visitor(&id).token,
            opened_at: Timestamp(0),
            language: None,
            at: Timestamp(0),
            what,
        })
    })
}

fn receipt() -> impl Strategy<Value = Receipt> {
    let all = vec![
        Receipt::Sent,
        Receipt::Delivered,
        Receipt::Read,
        Receipt::Failed,
    ];
    prop::sample::select(all)
}

fn state() -> impl Strategy<Value = ChatState> {
    prop::sample::select(vec![ChatState::Composing, ChatState::Paused])
}

/// A message that may begin a conversation, whose channel wants to hear everything.
fn approach() -> impl Strategy<Value = Input> {
    // An id for a conversation is minted by dice: no two visitors' are the same.
    let parts = (name(), message(), text(), any::<bool>());
    parts.prop_map(|(id, message, words, reopen)| {
        let mut wish = opening(&id);
        wish.manners.report_end = reopen;
        wish.manners.receipts = [
            Receipt::Sent,
            Receipt::Delivered,
            Receipt::Read,
            Receipt::Failed,
        ]
        .into();
        let saying = Saying {
            visitor: visitor(&id),
            id: message,
            platform_id: None,
            words,
        };
        Input::Approached(Box::new(Approach {
            opening: wish,
            saying,
            reopen,
            begins: true,
            extra: String::new(),
        }))
    })
}

fn told() -> impl Strategy<Value = Input> {
    (name(), 0..9_u64, receipt()).prop_map(|(id, number, receipt)| {
        Input::Acknowledged(Acknowledgement {
            visitor: visitor(&id),
            delivery: DeliveryId::new(format!("{id}-{number}")),
            receipt,
        })
    })
}

fn case() -> impl Strategy<Value = Input> {
    (name(), name()).prop_map(|(id, case)| {
        Input::CaseFiled(Box::new(CaseRecord {
            channel: ChannelId::new("tickets"),
            visitor: Some(visitor(&id)),
            note: CaseNote {
                id: case,
                facts: Vec::new(),
            },
            body: String::new(),
            conversation: None,
            until: Timestamp(0),
        }))
    })
}

fn room() -> impl Strategy<Value = Input> {
    let nick = || "nick".to_owned();
    let inside = prop::collection::vec(somebody(), 0..3);
    let event = prop_oneof![
        4 => (any::<bool>(), inside).prop_map(move |(fresh, inside)| RoomEvent::Ready {
            fresh,
            inside: inside.into_iter().map(|agent| (agent, nick())).collect(),
        }),
        1 => Just(RoomEvent::Unavailable),
        3 => somebody().prop_map(move |agent| RoomEvent::Entered { agent, nick: nick() }),
        1 => somebody().prop_map(|agent| RoomEvent::Left { agent }),
        1 => somebody().prop_map(|agent| RoomEvent::Declined { agent }),
        3 => (message(), name()).prop_map(|(id, key)| RoomEvent::Reflected { id, key }),
        1 => message().prop_map(|id| RoomEvent::Rejected { id }),
        4 => (name(), message(), text(), somebody()).prop_map(move |(key, id, words, agent)| {
            RoomEvent::Spoken(Spoken { key, id: Some(id), nick: nick(), agent: Some(agent), words })
        }),
        1 => Just(RoomEvent::Gone),
        2 => (somebody(), state()).prop_map(move |(agent, state)| {
            RoomEvent::Typed { agent, nick: nick(), state }
        }),
        2 => (somebody(), message(), receipt()).prop_map(|(agent, id, receipt)| {
            RoomEvent::Marked { agent, name: id.as_str().into(), receipt }
        }),
    ];
    (name(), event).prop_map(|(id, event)| Input::Room {
        conversation: conversation(&id),
        event,
    })
}

fn agents() -> impl Strategy<Value = Input> {
    let show = prop::sample::select(vec![Show::Online, Show::Away]);
    let state = (show, any::<i8>(), prop::option::of(0..3_u32));
    let state = state.prop_map(|(show, priority, max_chats)| Resource {
        show,
        priority,
        fastpath: true,
        max_chats,
    });
    let some = || prop::option::of(name().prop_map(|id| conversation(&id)));
    prop_oneof![
        4 => (somebody(), name(), state).prop_map(|(agent, resource, state)| Input::AgentSeen { agent, resource, state }),
        1 => (somebody(), name()).prop_map(|(agent, resource)| Input::AgentAlive { agent, resource, shows: None }),
        1 => (somebody(), prop::option::of(name())).prop_map(|(agent, resource)| Input::AgentGone { agent, resource }),
        1 => (somebody(), any::<bool>()).prop_map(|(agent, paused)| Input::AgentPaused { agent, paused }),
        6 => (somebody(), some(), any::<bool>()).prop_map(|(agent, conversation, accept)| Input::OfferAnswered { agent, conversation, accept }),
        1 => (somebody(), some()).prop_map(|(agent, conversation)| Input::AgentClosed { agent, conversation }),
        1 => somebody().prop_map(Input::ChatsAsked),
    ]
}

fn open(id: &str, reopens: bool) -> Input {
    let mut wish = opening(id);
    wish.manners.reopens = reopens;
    wish.manners.every_end = reopens;
    wish.manners.typing = reopens;
    Input::Open(wish)
}

fn reopen(id: &str, who: &str, key: Option<String>) -> Input {
    Input::Reopen(Box::new(Reopening {
        conversation: conversation(&format!("again-{id}")),
        visitor: visitor(who),
        hurry: true,
        by_platform: key.is_some(),
        key,
        wait_ends: false,
        earlier: Vec::new(),
    }))
}

fn recount(id: &str, name: Option<String>, words: Words) -> Input {
    let entry = Earlier {
        author: if id == "1" {
            Author::Bot
        } else {
            Author::Visitor
        },
        words,
        at: Timestamp(1_600_000_050_000),
        id: name,
    };
    Input::Recounted {
        visitor: visitor(id),
        earlier: vec![entry],
    }
}

fn outside() -> impl Strategy<Value = Input> {
    let saying = (name(), message(), prop::option::of(name()), text());
    let saying = saying.prop_map(|(id, message, platform_id, words)| Saying {
        visitor: visitor(&id),
        id: message,
        platform_id,
        words,
    });
    prop_oneof![
        6 => (name(), any::<bool>()).prop_map(|(id, reopens)| open(&id, reopens)),
        6 => saying.prop_map(Input::Said),
        6 => approach(),
        2 => told(),
        1 => case(),
        1 => name().prop_map(|id| Input::VisitorClosed(visitor(&id))),
        2 => (name(), state()).prop_map(|(id, state)| Input::Typed { visitor: visitor(&id), state }),
        1 => name().prop_map(|id| Input::OperatorClosed(conversation(&id))),
        2 => (name(), name(), prop::option::of(name())).prop_map(|(id, who, key)| reopen(&id, &who, key)),
        1 => name().prop_map(|id| Input::EndDoubted(visitor(&id))),
        1 => (delivery(), name()).prop_map(|(delivery, name)| Input::Named { delivery, name }),
        2 => (name(), prop::option::of(name()), text()).prop_map(|(id, name, words)| recount(&id, name, words)),
        1 => name().prop_map(|id| Input::History { conversation: conversation(&id), earlier: vec![] }),
        2 => delivery().prop_map(Input::Delivered),
        2 => delivery().prop_map(|delivery| Input::GivenUp { delivery, why: "refused".into() }),
        3 => Just(Input::LinkUp),
        1 => Just(Input::LinkDown),
        2 => Just(Input::Tick),
    ]
}

/// One input, and by how many milliseconds the clock moved before; it may be set back.
fn moment() -> impl Strategy<Value = (i64, Input)> {
    let input = prop_oneof![3 => room(), 3 => agents(), 3 => outside()];
    let jump = prop_oneof![6 => 0..3_000_i64, 1 => 0..400_000_i64, 1 => -2_000..0_i64];
    (jump, input)
}

/// Nothing is forgotten: an id that means something once never means something else.
fn rules() -> Policy {
    let mut policy = world_policy();
    policy.keep = Duration::from_secs(1 << 32);
    policy
}

/// Whether the input speaks of a room that nobody asked for.
fn is_impossible(bridge: &Bridge, input: &Input) -> bool {
    let Input::Room { conversation, .. } = input else {
        return false;
    };
    let known = bridge.conversations().find(|one| one.id == *conversation);
    known.is_none_or(|conversation| conversation.room.is_none())
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn nothing_that_comes_breaks_the_bridge(moments in prop::collection::vec(moment(), 0..200)) {
        let mut bridge = Bridge::new(Arc::new(rules()));
        let mut kept = Kept::default();
        let mut now = Timestamp(1_600_000_000_000);
        for (jump, input) in moments {
            now = Timestamp(now.0 + jump);
            // Whatever time alone brings about comes first.
            bridge_ticks(&mut bridge, now, &mut kept);
            let impossible = is_impossible(&bridge, &input);
            let effects = bridge.step(now, input.clone());
            let answer = the_answer(&effects);
            let counted = effects.iter().any(|effect| {
                matches!(effect, Effect::Happened(Event::Impossible(_)))
            });
            prop_assert_eq!(counted, impossible, "{:?}", input);
            // What is still owed is wanted now.
            let owed = answer == Answer::Refused(Refusal::StillOwed);
            if impossible || matches!(answer, Answer::Refused(_)) && !owed {
                let seen: Vec<String> = effects.iter().filter_map(visible).collect();
                prop_assert_eq!(seen.len(), usize::from(impossible), "{:?}", seen);
            }
            kept.apply(&effects);
            kept.expire(now);
            let next = bridge.next_deadline();
            prop_assert!(next.is_none_or(|next| next > now), "a deadline stays");
        }
        let restored = Bridge::restore(Arc::new(rules()), kept.restored(now));
        prop_assert_eq!(restored.conversations().count(), bridge.conversations().count());
    }
}

fn bridge_ticks(bridge: &mut Bridge, now: Timestamp, kept: &mut Kept) {
    let effects = bridge.step(now, Input::Tick);
    the_answer(&effects);
    kept.apply(&effects);
    let soon = now.plus(Duration::from_millis(1));
    assert!(bridge.next_deadline().is_none_or(|next| next >= soon));
}
