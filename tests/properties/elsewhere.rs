//! Random histories of a conversation that somebody else's workgroup serves: their line and rooms forget,
//! repeat and vanish, the link and the program die, and no word is lost or said twice in one room.

mod acts;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use warmline::bridge::{
    AwayEvent, AwayOrder, Bridge, Effect, Event, Input, Opening, Saying, Spoken, StayEvent,
};
use warmline::conversation::{Outgoing, Parting, Stage, Words};
use warmline::ids::{ConversationId, MessageId, Timestamp};
use warmline::workgroup::{Elsewhere, Policy};

use super::kept::Kept;
use super::people::{conversation, opening, policy, rules, visitor};
use super::shown::visible;

/// One of their rooms.
#[derive(Clone, Debug, Default)]
struct Room {
    agents: BTreeSet<String>,
    /// What of ours it has shown, by id.
    shown: Vec<MessageId>,
    /// What agents said in it, by key.
    said: Vec<(String, String)>,
}

struct There {
    bridge: Bridge,
    twin: Option<Bridge>,
    kept: Kept,
    policy: Policy,
    now: Timestamp,
    linked: bool,
    rooms: BTreeMap<String, Room>,
    /// The room that we were ordered into, and whether we are in it.
    staying: Option<(String, bool)>,
    seeking: bool,
    on_their_way: VecDeque<MessageId>,
    partings: Vec<Parting>,
    count: u32,
    id: ConversationId,
    said: Vec<MessageId>,
    delivered: Vec<String>,
}

impl There {
    fn new(leaving_ends: bool) -> Self {
        let mut policy = policy();
        let support = rules(&mut policy, "support");
        support.agents.clear();
        support.idle_close = Some(Duration::from_secs(900));
        support.elsewhere = Some(Elsewhere {
            address: "support@workgroup.other.example".into(),
            leaving_ends,
        });
        let mut there = Self {
            bridge: Bridge::new(Arc::new(policy.clone())),
            twin: None,
            kept: Kept::default(),
            policy,
            now: Timestamp(1_600_000_000_000),
            linked: false,
            rooms: BTreeMap::new(),
            staying: None,
            seeking: false,
            on_their_way: VecDeque::new(),
            partings: Vec::new(),
            count: 0,
            id: conversation("none"),
            said: Vec::new(),
            delivered: Vec::new(),
        };
        there.link(true);
        there.open();
        there
    }

    fn step(&mut self, input: Input) {
        let effects = self.bridge.step(self.now, input.clone());
        self.kept.apply(&effects);
        let next = self.bridge.next_deadline();
        assert!(
            next.is_none_or(|next| next > self.now),
            "a deadline stays after {input:?}"
        );
        if let Some(twin) = &mut self.twin {
            let others = twin.step(self.now, input.clone());
            let seen = |all: &[Effect]| all.iter().filter_map(visible).collect::<Vec<_>>();
            assert_eq!(
                seen(&effects),
                seen(&others),
                "the restored one differs after {input:?}"
            );
            assert_eq!(next, twin.next_deadline(), "after {input:?}");
        }
        for effect in effects {
            match effect {
                Effect::Away(id, order) if id == self.id => self.ordered(order),
                Effect::Deliver(delivery) => {
                    if let Outgoing::Words { words, .. } = delivery.what {
                        self.delivered.push(words.text);
                    }
                }
                Effect::Happened(Event::Impossible(what)) => panic!("impossible: {what}"),
                _ => {}
            }
        }
    }

    fn ordered(&mut self, order: AwayOrder) {
        if !self.linked {
            // The seat drops it; it comes again.
            let parts = matches!(order, AwayOrder::Part(_));
            return assert!(parts, "an order without a link: {order:?}");
        }
        match order {
            AwayOrder::Seek(_) => {
                (self.seeking, self.staying) = (true, None);
                self.on_their_way.clear();
            }
            AwayOrder::Stay(plan) => {
                self.seeking = false;
                let inside = self.staying.take();
                let same = inside.filter(|(room, _)| *room == plan.room);
                if same.is_none() {
                    self.on_their_way.clear();
                }
                self.staying = same.or(Some((plan.room, false)));
            }
            AwayOrder::Say { id, .. } => {
                let (room, ready) = self.staying.clone().expect("a room");
                assert!(ready, "said before we were in");
                let agents = &self.rooms[&room].agents;
                assert!(!agents.is_empty(), "said to nobody");
                self.on_their_way.push_back(id);
            }
            AwayOrder::Part(parting) => self.partings.push(parting),
            AwayOrder::Excuse { .. } => {}
        }
    }

    fn away(&mut self, event: AwayEvent) {
        let conversation = self.id.clone();
        self.step(Input::Away {
            conversation,
            event,
        });
    }

    fn in_room(&mut self, room: &str, event: StayEvent) {
        let room = room.to_owned();
        self.away(AwayEvent::Room { room, event });
    }

    fn open(&mut self) {
        self.count += 1;
        self.id = conversation(&format!("t{}", self.count));
        (self.seeking, self.staying) = (false, None);
        self.said.clear();
        self.on_their_way.clear();
        self.partings.clear();
        let wait_ends = self.count.is_multiple_of(2);
        let id = self.id.clone();
        self.step(Input::Open(Opening {
            wait_ends,
            ..opening(id.as_str())
        }));
    }

    fn is_over(&self) -> bool {
        let mut all = self.bridge.conversations();
        let found = all.find(|one| one.id == self.id);
        found.is_none_or(|one| matches!(one.stage, Stage::Over { .. }))
    }

    fn says(&mut self) {
        self.count += 1;
        let id = MessageId::new(format!("m{}", self.count));
        self.said.push(id.clone());
        let words = Words::text(format!("word {}", self.count));
        let visitor = visitor(self.id.as_str());
        self.step(Input::Said(Saying {
            visitor,
            id,
            platform_id: None,
            words,
        }));
    }

    /// The room shows the first line that is on its way; with `told` we hear of it.
    fn shows(&mut self, told: bool) {
        let Some((room, true)) = self.staying.clone() else {
            return;
        };
        let Some(id) = self.on_their_way.pop_front() else {
            return;
        };
        let shown = &mut self.rooms.get_mut(&room).expect("the room").shown;
        assert!(!shown.contains(&id), "{id} is said twice in {room}");
        shown.push(id.clone());
        if told {
            let key = format!("{room}-{id}");
            self.in_room(&room, StayEvent::Reflected { id, key });
        }
    }

    fn invites(&mut self) {
        self.count += 1;
        let room = format!("s{}@conference.other.example", self.count);
        self.rooms.insert(room.clone(), Room::default());
        let workgroup = None;
        self.away(AwayEvent::Invited { room, workgroup });
    }

    /// We come into the room that we were ordered into, and hear what we missed.
    fn enters(&mut self) {
        let Some((room, false)) = self.staying.clone().filter(|_| self.linked) else {
            return;
        };
        let Some(found) = self.rooms.get(&room).cloned() else {
            return self.in_room(&room, StayEvent::Lost);
        };
        self.staying = Some((room.clone(), true));
        for (key, text) in found.said {
            self.tells(&room, (&key, &text));
        }
        for id in found.shown {
            let key = format!("{room}-{id}");
            self.in_room(&room, StayEvent::Reflected { id, key });
        }
        let (nick, inside) = ("v".to_owned(), found.agents.into_iter().collect());
        self.in_room(&room, StayEvent::Ready { nick, inside });
    }

    fn tells(&mut self, room: &str, (key, text): (&str, &str)) {
        let spoken = Spoken {
            key: key.to_owned(),
            id: None,
            nick: "Ana".into(),
            agent: None,
            words: Words::text(text),
        };
        self.in_room(room, StayEvent::Spoken(spoken));
    }

    /// An agent comes, goes, or says something, in the room that we were ordered into.
    fn agent(&mut self, kind: u8) {
        let Some((room, ready)) = self.staying.clone() else {
            return;
        };
        let nick = format!("agent {}", kind % 2);
        self.count += 1;
        let said = (
            format!("k{}", self.count),
            format!("agent's {}", self.count),
        );
        let Some(there) = self.rooms.get_mut(&room) else {
            return;
        };
        match kind / 2 % 3 {
            0 => {
                there.agents.insert(nick.clone());
                if ready {
                    self.in_room(&room, StayEvent::Came { nick });
                }
            }
            1 => {
                there.agents.remove(&nick);
                let cut_off = kind > 100;
                if ready {
                    self.in_room(&room, StayEvent::Went { nick, cut_off });
                }
            }
            _ => {
                there.said.push(said.clone());
                if ready {
                    self.tells(&room, (&said.0, &said.1));
                }
            }
        }
    }

    fn link(&mut self, up: bool) {
        // Some of what was on its way is shown, and we never hear of it.
        self.shows(false);
        self.on_their_way.clear();
        (self.linked, self.seeking, self.staying) = (up, false, None);
        self.partings.clear();
        self.step(if up { Input::LinkUp } else { Input::LinkDown });
    }

    fn kill(&mut self) {
        self.link(false);
        let stored = self.kept.restored(self.now);
        let restored = Bridge::restore(Arc::new(self.policy.clone()), stored);
        // The first one goes on beside it, and has to do the same.
        self.twin = Some(std::mem::replace(&mut self.bridge, restored));
        self.link(true);
    }

    fn wait(&mut self, seconds: u64) {
        let end = self.now.plus(Duration::from_secs(seconds));
        while let Some(next) = self.bridge.next_deadline().filter(|next| *next <= end) {
            self.now = next;
            self.step(Input::Tick);
        }
        self.now = end;
    }
}
