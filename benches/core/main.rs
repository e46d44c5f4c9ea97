//! How fast the pure core is alone: no socket, no disk, one thread.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use warmline::bridge::{
    Answer, Bridge, Effect, Input, Opening, RoomEvent, RoomOrder, Saying, Visitor,
};
use warmline::conversation::{Brief, Words};
use warmline::ids::{
    AgentJid, ChannelId, ConversationId, MessageId, TicketId, Timestamp, VisitorToken,
    WorkgroupName,
};
use warmline::workgroup::{Place, Policy, Resource, Show, WorkgroupPolicy};

const CONVERSATIONS: usize = 1000;
const ROUNDS: usize = 100;

/// A bridge, a clock that goes a millisecond a step, and the time that its steps took.
struct Bench {
    bridge: Bridge,
    now: Timestamp,
    spent: Duration,
    slowest: Duration,
    steps: u32,
}

impl Bench {
    fn new(agents: usize, max_chats: u32) -> Bench {
        let mut bench = Bench {
            bridge: Bridge::new(Arc::new(policy(agents, max_chats))),
            now: Timestamp(1_790_000_000_000),
            spent: Duration::ZERO,
            slowest: Duration::ZERO,
            steps: 0,
        };
        bench.step(Input::LinkUp);
        bench
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        self.now = self.now.plus(Duration::from_millis(1));
        let begun = Instant::now();
        let effects = self.bridge.step(self.now, input);
        let took = begun.elapsed();
        self.spent += took;
        self.slowest = self.slowest.max(took);
        self.steps += 1;
        effects
    }

    /// The figures since the last call.
    fn print(&mut self, what: &str) {
        let each = self.spent.as_secs_f64() * 1e6 / f64::from(self.steps);
        println!(
            "  {what:<60}{:>8} steps{each:>9.2} us each{:>10.0} us slowest{:>10.0} steps/s",
            self.steps,
            self.slowest.as_secs_f64() * 1e6,
            1e6 / each
        );
        (self.spent, self.slowest, self.steps) = (Duration::ZERO, Duration::ZERO, 0);
    }

    fn open(&mut self, number: usize) {
        let opening = Opening {
            conversation: conversation(number),
            visitor: visitor(number),
            ticket: Some(TicketId::new(format!("ticket-{number}"))),
            workgroup: WorkgroupName::new("support"),
            refuse_without_agents: false,
            place: Place::Normal,
            wanted: None,
            wait_ends: false,
            brief: Brief::default(),
            earlier: Vec::new(),
            recall: false,
            manners: Default::default(),
        };
        let effects = self.step(Input::Open(opening));
        let opened = |effect: &Effect| matches!(effect, Effect::Answer(Answer::Opened { .. }));
        assert!(effects.iter().any(opened), "a conversation is opened");
    }

    fn on_duty(&mut self, number: usize) -> Vec<Effect> {
        self.step(Input::AgentSeen {
            agent: agent(number),
            resource: "desk".into(),
            state: Resource {
                show: Show::Chat,
                priority: 0,
                fastpath: false,
                max_chats: None,
            },
        })
    }

    fn answer(&mut self, number: usize, accept: bool) -> bool {
        let effects = self.step(Input::OfferAnswered {
            agent: agent(number),
            conversation: None,
            accept,
        });
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Answer(Answer::Done)))
    }

    fn in_room(&mut self, number: usize, event: RoomEvent) -> Vec<Effect> {
        self.step(Input::Room {
            conversation: conversation(number),
            event,
        })
    }

    /// Every line that goes to a room is reflected, as a real one does.
    fn reflect(&mut self, number: usize, effects: Vec<Effect>) {
        let mut effects = effects;
        while let Some(effect) = effects.pop() {
            if let Effect::Room(_, RoomOrder::Say { id, .. }) = effect {
                let key = id.as_str().to_owned();
                effects.extend(self.in_room(number, RoomEvent::Reflected { id, key }));
            }
        }
    }
}

fn policy(agents: usize, max_chats: u32) -> Policy {
    let workgroup = WorkgroupPolicy {
        title: "Front desk".into(),
        agents: (0..agents).map(|number| (agent(number), None)).collect(),
        supervisors: BTreeSet::new(),
        max_chats,
        offer_timeout: Duration::from_secs(20),
        request_timeout: Some(Duration::from_secs(240)),
        rejection_pause: Duration::from_secs(20),
        join_timeout: Duration::from_secs(3600),
        agent_return: Duration::from_secs(60),
        idle_close: None,
        routing: Default::default(),
        elsewhere: None,
    };
    Policy {
        workgroups: BTreeMap::from([(WorkgroupName::new("support"), workgroup)]),
        keep: Duration::from_secs(86_400),
        remember_ids: Duration::from_secs(86_400),
        context: Duration::from_secs(86_400),
        labels: Default::default(),
        zone: jiff::tz::TimeZone::UTC,
    }
}

fn agent(number: usize) -> AgentJid {
    AgentJid::parse(&format!("agent{number}@example.test")).expect("a JID")
}

fn conversation(number: usize) -> ConversationId {
    ConversationId::new(format!("c{number:08}"))
}

fn visitor(number: usize) -> Visitor {
    Visitor {
        channel: ChannelId::new("tickets"),
        token: VisitorToken::new(number.to_string()),
    }
}

/// Visitors write in turn in 1,000 open conversations; each message is reflected by its room.
fn messages() {
    let mut bench = Bench::new(1, 2000);
    bench.on_duty(0);
    for number in 0..CONVERSATIONS {
        bench.open(number);
        assert!(bench.answer(0, true), "the agent takes it");
        let (fresh, inside) = (true, Vec::new());
        let effects = bench.in_room(number, RoomEvent::Ready { fresh, inside });
        bench.reflect(number, effects);
        let entered = RoomEvent::Entered {
            agent: agent(0),
            nick: "agent".into(),
        };
        let effects = bench.in_room(number, entered);
        bench.reflect(number, effects);
    }
    bench.print("1,000 conversations from request to agent inside");
    for round in 0..ROUNDS {
        for number in 0..CONVERSATIONS {
            let effects = bench.step(Input::Said(Saying {
                visitor: visitor(number),
                id: MessageId::new(format!("m{round}-{number}")),
                platform_id: None,
                words: Words::text("Where is my parcel? It should have come on Monday."),
            }));
            bench.reflect(number, effects);
        }
        if round == 9 {
            bench.print("visitor says, room reflects; lines 1 to 10 of each");
        }
        if round == ROUNDS - 11 {
            bench.print("the same, lines 11 to 90");
        }
    }
    bench.print("the same, lines 91 to 100");
}

/// 1,000 wait, 200 agents come, and take all of them.
fn dispatch() {
    const AGENTS: usize = 200;
    let mut bench = Bench::new(AGENTS, 5);
    for number in 0..CONVERSATIONS {
        bench.open(number);
    }
    bench.print("a request joins the line; nobody serves; up to 1,000 wait");
    for number in 0..AGENTS {
        bench.on_duty(number);
    }
    bench.print("an agent comes and is asked; 1,000 wait");
    for number in 0..AGENTS {
        assert!(bench.answer(number, false), "the agent refuses");
    }
    bench.print("an agent refuses, others are asked; 200 agents, 1,000 wait");
    let mut taken = 0;
    while taken < CONVERSATIONS {
        let before = taken;
        for number in 0..AGENTS {
            taken += usize::from(bench.answer(number, true));
        }
        assert!(taken > before, "somebody is asked while {taken} are served");
    }
    bench.print("an agent accepts and is asked again, until all 1,000 are served");
}

fn main() {
    println!("The pure core alone, one thread");
    messages();
    dispatch();
}
