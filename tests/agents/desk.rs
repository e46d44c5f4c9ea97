//! A desk to play at: the part under test, the bridge behind it, and a clock in hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use minidom::Element;
use warmline::bridge::{Answer, Bridge, Effect, Input, Opening, Restored, RoomOrder, Visitor};
use warmline::conversation::Brief;
use warmline::engine::Unavailable;
use warmline::engine::groups::GroupOrder;
use warmline::ids::{AgentJid, ChannelId, ConversationId, Timestamp, VisitorToken, WorkgroupName};
use warmline::workgroup::{Place, Policy, WorkgroupPolicy};
use warmline::xmpp::agents::{Agents, AgentsSettings, Served, Then};
use warmline::xmpp::out::Out;

pub const DOMAIN: &str = "workgroup.example.test";
pub const SUPPORT: &str = "support@workgroup.example.test";
/// 2026-11-21T04:00:00Z
pub const START: i64 = 1_795_233_600_000;

pub struct Desk {
    pub agents: Agents,
    pub bridge: Bridge,
    pub now: Timestamp,
    /// Every input that was told or asked, as `{:?}` shows it.
    pub inputs: Vec<String>,
    /// Every order for a room.
    pub rooms: Vec<(ConversationId, RoomOrder)>,
    /// Every order of an administrator.
    pub orders: Vec<GroupOrder>,
    /// While set, no room is made, and nobody invited.
    pub no_rooms: bool,
    /// While set, the engine answers nothing and does nothing.
    pub store_is_down: bool,
}

pub fn xml(text: &str) -> Element {
    let (start, rest) = text.split_at(text.find([' ', '>', '/']).unwrap());
    format!("{start} xmlns='jabber:client'{rest}")
        .parse()
        .unwrap_or_else(|why| panic!("{why}: {text}"))
}

pub fn without_id(mut stanza: Element) -> Element {
    stanza
        .attrs_mut()
        .retain(|_, name, _| name.as_str() != "id");
    stanza
}

/// Compares stanzas, the order of attributes and the ids of ours left aside.
#[track_caller]
pub fn assert_sent(sent: &[Element], expected: &[&str]) {
    let sent: Vec<Element> = sent.iter().cloned().map(without_id).collect();
    let expected: Vec<Element> = expected.iter().map(|text| without_id(xml(text))).collect();
    let show = |all: &[Element]| {
        let all: Vec<String> = all.iter().map(String::from).collect();
        all.join("\n")
    };
    assert!(
        sent == expected,
        "sent:\n{}\nexpected:\n{}",
        show(&sent),
        show(&expected)
    );
}

pub fn jid(text: &str) -> AgentJid {
    AgentJid::parse(text).unwrap()
}

fn served() -> BTreeMap<WorkgroupName, Served> {
    let one = |title: &str, agents: &[&str]| Served {
        title: title.into(),
        agents: agents.iter().map(|agent| jid(agent)).collect(),
        ..Served::default()
    };
    BTreeMap::from([
        (
            WorkgroupName::new("support"),
            one(
                "Front desk",
                &["agent1@example.test", "agent2@example.test"],
            ),
        ),
        (
            WorkgroupName::new("sales"),
            one("Sales", &["agent3@example.test"]),
        ),
    ])
}

fn policy() -> Policy {
    let seconds = Duration::from_secs;
    let workgroups = served().into_iter().map(|(name, served)| {
        let policy = WorkgroupPolicy {
            title: served.title,
            agents: served.agents.into_iter().map(|a| (a, None)).collect(),
            supervisors: BTreeSet::new(),
            max_chats: 4,
            offer_timeout: seconds(20),
            request_timeout: Some(seconds(240)),
            rejection_pause: seconds(20),
            join_timeout: seconds(60),
            agent_return: seconds(60),
            idle_close: None,
            routing: Default::default(),
            elsewhere: None,
        };
        (name, policy)
    });
    Policy {
        workgroups: workgroups.collect(),
        keep: seconds(86_400),
        remember_ids: seconds(86_400),
        context: seconds(86_400),
        labels: Default::default(),
        zone: jiff::tz::TimeZone::UTC,
    }
}

impl Desk {
    pub fn new() -> Self {
        let mut desk = Self {
            agents: Agents::new(AgentsSettings::new(DOMAIN, served())),
            bridge: Bridge::new(Arc::new(policy())),
            now: Timestamp(START),
            inputs: Vec::new(),
            rooms: Vec::new(),
            orders: Vec::new(),
            no_rooms: false,
            store_is_down: false,
        };
        desk.input(Input::LinkUp);
        desk
    }

    /// What the desk goes by.
    pub fn settings(&self) -> AgentsSettings {
        AgentsSettings::new(DOMAIN, served())
    }

    /// Warmline is killed and started again: only what was stored is left.
    pub fn restarts(&mut self) -> Vec<Element> {
        let agents = served().into_values().flat_map(|served| served.agents);
        let agents = agents.map(|agent| {
            let record = self.bridge.dispatch().agent_record(&agent);
            (agent, record)
        });
        let stored = Restored {
            agents: agents.collect(),
            ..Restored::default()
        };
        self.bridge = Bridge::restore(Arc::new(policy()), stored);
        self.agents = Agents::new(AgentsSettings::new(DOMAIN, served()));
        self.input(Input::LinkUp)
    }

    /// A stanza comes; everything that it leads to is sent.
    pub fn comes(&mut self, text: &str) -> Vec<Element> {
        self.takes(&xml(text))
    }

    pub fn takes(&mut self, stanza: &Element) -> Vec<Element> {
        let out = self.agents.stanza(self.now, stanza);
        self.carry_out(out)
    }

    /// The same, without what changes of the line lead to.
    pub fn input(&mut self, input: Input) -> Vec<Element> {
        let (_, sent) = self.engine(input);
        sent
    }

    pub fn later(&mut self, span: Duration) -> Vec<Element> {
        self.now = self.now.plus(span);
        let mut sent = self.input(Input::Tick);
        let out = self.agents.tick(self.now);
        sent.extend(self.carry_out(out));
        sent
    }

    pub fn carry_out(&mut self, out: Vec<Out<Then>>) -> Vec<Element> {
        let mut sent = Vec::new();
        for one in out {
            match one {
                Out::Send(stanza) => sent.push(stanza),
                Out::Invited(agent) => sent.extend(self.agents.invited(&agent)),
                Out::Tell(input) => sent.extend(self.engine(input).1),
                // There is no store here: the tests of the whole program look things up.
                Out::Look(..) => {}
                // Nor is there a configuration.
                Out::Regroup(order, then) => {
                    self.orders.push(order);
                    let out = self.agents.regrouped(then, Ok(()));
                    sent.extend(self.carry_out(out));
                }
                Out::Inside(id, _, then) => {
                    let out = self.agents.inside(then, (id, None));
                    sent.extend(self.carry_out(out));
                }
                Out::Ask(input, then) => {
                    let known = self.rooms.len();
                    let (answer, more) = self.engine(input);
                    let out = self.agents.answered(then, answer);
                    // As in the seat, answers come before what the commit led to elsewhere.
                    sent.extend(self.carry_out(out));
                    sent.extend(more);
                    sent.extend(self.invitations(known));
                }
            }
        }
        sent
    }

    /// The rooms that are ordered are made, and those who are waited for invited.
    fn invitations(&mut self, known: usize) -> Vec<Element> {
        let mut agents = Vec::new();
        for (_, order) in self.rooms.iter().skip(known).filter(|_| !self.no_rooms) {
            match order {
                RoomOrder::Open(plan) => agents.extend(plan.awaited.clone().map(|one| one.0)),
                RoomOrder::Invite { agent, .. } => agents.push(agent.clone()),
                _ => {}
            }
        }
        let sent = agents.iter().map(|agent| self.agents.invited(agent));
        sent.collect::<Vec<_>>().concat()
    }

    fn engine(&mut self, input: Input) -> (Result<Answer, Unavailable>, Vec<Element>) {
        self.inputs.push(format!("{input:?}"));
        if self.store_is_down {
            return (Err(Unavailable), Vec::new());
        }
        let mut answer = Err(Unavailable);
        let mut sent = Vec::new();
        for effect in self.bridge.step(self.now, input) {
            let out = match effect {
                Effect::Answer(given) => {
                    answer = Ok(given);
                    continue;
                }
                Effect::Agent(agent, order) => self.agents.order(self.now, agent, order),
                Effect::QueueChanged(name) => self.agents.queue_changed(self.now, &name),
                Effect::ColleaguesChanged(name) => self.agents.colleagues_changed(self.now, &name),
                Effect::Room(conversation, order) => {
                    self.rooms.push((conversation, order));
                    continue;
                }
                _ => continue,
            };
            sent.extend(self.carry_out(out));
        }
        (answer, sent)
    }

    /// A visitor asks for help in `support`.
    pub fn visitor(&mut self, id: &str) -> Vec<Element> {
        self.input(Input::Open(Opening {
            conversation: ConversationId::new(id),
            visitor: Visitor {
                channel: ChannelId::new("tickets"),
                token: VisitorToken::new(id),
            },
            ticket: None,
            workgroup: WorkgroupName::new("support"),
            refuse_without_agents: false,
            place: Place::Normal,
            wanted: None,
            wait_ends: true,
            brief: Brief {
                question: Some("My printer is on fire".into()),
                facts: vec![("email".into(), "vera@example.net".into())],
            },
            earlier: Vec::new(),
            recall: false,
            manners: Default::default(),
        }))
    }

    /// The agent of this full JID comes with a plain client.
    pub fn plain(&mut self, full: &str) -> Vec<Element> {
        self.comes(&format!("<presence from='{full}' to='{SUPPORT}'/>"))
    }

    /// The agent of this full JID comes with a Fastpath client.
    pub fn spark(&mut self, full: &str) -> Vec<Element> {
        self.comes(&format!(
            "<presence from='{full}' to='{SUPPORT}'><agent-status xmlns='http://jabber.org/\
             protocol/workgroup'><max-chats>2</max-chats></agent-status></presence>"
        ))
    }

    /// An agent says a line to `support`.
    pub fn says(&mut self, full: &str, body: &str) -> Vec<Element> {
        self.comes(&format!(
            "<message from='{full}' to='{SUPPORT}' type='chat' id='m1'><body>{body}</body></message>"
        ))
    }

    pub fn heard(&self, what: &str) -> usize {
        self.inputs.iter().filter(|i| i.contains(what)).count()
    }
}

pub fn bodies(sent: &[Element]) -> Vec<String> {
    let bodies = sent.iter().filter_map(warmline::xmpp::stanza::body);
    bodies.collect()
}

/// Those among the stanzas that go to this address and are of this kind.
pub fn to<'a>(sent: &'a [Element], name: &str, address: &str) -> Vec<&'a Element> {
    let meant = |stanza: &&Element| {
        stanza.name() == name && warmline::xmpp::stanza::attr(stanza, "to") == Some(address)
    };
    sent.iter().filter(meant).collect()
}
