//! What happens when something happens.

use std::time::Duration;

use warmline::bridge::{Answer, Input, Saying, Visitor};
use warmline::conversation::{Author, Earlier, Words};
use warmline::ids::{AgentJid, ConversationId, MessageId, TicketId, Timestamp, WorkgroupName};
use warmline::workgroup::{Resource, Show};

use super::action::Action;
use super::people::{agent, conversation, opening, visitor};
use super::world::World;

const AGENTS: [&str; 5] = ["ana", "ben", "cy", "dora", "boss"];
const WISHES: [&str; 8] = [
    "!transfer billing",
    "!transfer ben",
    "!transfer support",
    "!invite cy",
    "!note secret",
    "!context",
    "!help",
    "!close",
];

impl World {
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Open {
                visitor,
                ticket,
                kind,
            } => self.opens(visitor, ticket, kind),
            Action::Say { visitor, kind } => self.says(visitor, kind),
            Action::Overhear { visitor, kind } => self.overhears(visitor, kind),
            Action::VisitorCloses(one) => {
                self.step(Input::VisitorClosed(visitor(&one.to_string())));
            }
            Action::OperatorCloses(one) => self.with(one, |world, id| {
                world.step(Input::OperatorClosed(id));
            }),
            Action::AgentCloses(who, one) => self.agent_closes(&who_is(who), one),
            Action::Seen {
                agent,
                client,
                state,
            } => self.seen(who_is(agent), client, state),
            Action::Gone { agent, client } => {
                let here = who_is(agent);
                let goes = |name: &str| client == 2 || name == client.to_string();
                self.clients
                    .retain(|(agent, name), _| *agent != here || !goes(name));
                self.step(Input::AgentGone {
                    agent: who_is(agent),
                    resource: (client < 2).then(|| client.to_string()),
                });
            }
            Action::Pause(who, paused) => {
                let agent = who_is(who);
                self.step(Input::AgentPaused { agent, paused });
            }
            Action::Answer { agent, kind } => self.answers(who_is(agent), kind),
            Action::Look(one) => self.look(one),
            Action::History(one, kind) => self.with(one, |world, id| world.history(id, kind)),
            Action::Rules(kind) => self.change_rules(kind),
            Action::Reopen { visitor, kind } => self.reopens(visitor, kind),
            Action::Recount(one) => self.recounts(one),
            Action::Guest { who, kind } => self.guest_does(who, kind),
            other => self.act_outside(other),
        }
    }

    fn act_outside(&mut self, action: Action) {
        match action {
            Action::Enter(who, one) => self.enters(who_is(who), one),
            Action::Leave(who, one) => {
                self.with(one, |world, id| world.muc.leave(&who_is(who), &id));
            }
            Action::Decline(who, one) => {
                self.with(one, |world, id| world.muc.decline(&who_is(who), &id));
            }
            Action::Speak { agent, room, what } => self.speaks(&who_is(agent), room, what),
            Action::Hand { agent, room, what } => self.hands(&who_is(agent), room, what),
            Action::Carry(times) => {
                for _ in 0..=times % 16 {
                    self.muc.carry();
                }
            }
            Action::Hear(times) => {
                for _ in 0..=times % 16 {
                    if let Some(input) = self.muc.hear() {
                        self.step(input);
                    }
                }
            }
            Action::Outbox { lane, kind } => self.outbox(lane, kind),
            Action::Link(kind) if !self.linked => self.link_comes(kind),
            Action::Link(kind) if kind.is_multiple_of(4) => self.set_link(false),
            Action::Vanish(one) => self.with(one, |world, id| world.muc.vanish(&id)),
            Action::Ill(ill) => self.muc.set_ill(ill),
            Action::Kill(kind) => {
                self.kill();
                self.link_comes(kind);
            }
            Action::Wait(span) => {
                let millis = u64::from(span) * u64::from(span) / 2;
                self.wait(Duration::from_millis(millis));
            }
            Action::NextDeadline => {
                if let Some(next) = self.bridge.next_deadline() {
                    self.now = next;
                    self.step(Input::Tick);
                }
            }
            _ => {}
        }
    }

    /// The link stands again; mostly those who are there show themselves.
    pub fn link_comes(&mut self, kind: u8) {
        self.set_link(true);
        if kind.is_multiple_of(4) {
            return;
        }
        for ((agent, resource), state) in self.clients.clone() {
            // Some answer the probe, others send their presence.
            let shows = kind
                .is_multiple_of(3)
                .then_some((state.show, state.priority));
            self.step(match kind % 3 {
                2 => Input::AgentSeen {
                    agent,
                    resource,
                    state,
                },
                _ => Input::AgentAlive {
                    agent,
                    resource,
                    shows,
                },
            });
        }
    }

    /// Does something with one of the conversations, mostly with an open one.
    pub fn with(&mut self, one: u8, act: impl FnOnce(&mut Self, ConversationId)) {
        let open = self.open_ids();
        let all = if one.is_multiple_of(16) || open.is_empty() {
            &self.opened
        } else {
            &open
        };
        if !all.is_empty() {
            let id = all[usize::from(one) % all.len()].clone();
            act(self, id);
        }
    }

    fn opens(&mut self, who: u8, ticket: u8, kind: u8) {
        self.count += 1;
        let id = format!("conv-{}", self.count);
        let mut wish = opening(&id);
        wish.visitor = visitor(&who.to_string());
        // Mostly it is the ticket that is open.
        let known = self.tickets.get(&who).copied().filter(|_| kind >= 40);
        let ticket = known.unwrap_or(ticket);
        self.tickets.insert(who, ticket);
        wish.ticket = (ticket < 15).then(|| TicketId::new(format!("{who}-{ticket}")));
        if kind.is_multiple_of(4) {
            wish.workgroup = WorkgroupName::new("billing");
        }
        wish.refuse_without_agents = kind.is_multiple_of(7);
        wish.wait_ends = kind.is_multiple_of(6);
        if kind.is_multiple_of(5) {
            let liked = who_is(kind / 5 % 5).as_str().to_owned();
            wish.brief.facts.push(("agent".into(), liked));
        }
        if who.is_multiple_of(2) {
            wish.manners.reopens = true;
            wish.manners.every_end = true;
        }
        wish.earlier = self.recalled(&wish.visitor);
        let answer = self.step(Input::Open(wish));
        match answer {
            Answer::Opened {
                conversation,
                again: false,
            } => {
                assert_eq!(conversation.as_str(), id);
                self.opened.push(conversation);
            }
            Answer::Opened { conversation, .. } => assert!(self.opened.contains(&conversation)),
            Answer::Refused(_) => {}
            other => panic!("{other:?}"),
        }
    }

    fn says(&mut self, who: u8, kind: u8) {
        // A platform that repeats itself later than is remembered says something new.
        let remembered = |(at, saying): &&(Timestamp, Saying)| {
            saying.platform_id.is_none() || self.now < at.plus(self.policy.remember_ids)
        };
        let last = self.sayings.last().filter(remembered);
        let again = last.filter(|_| kind.is_multiple_of(8)).cloned();
        let known = again.is_some();
        let first_said = again.as_ref().map_or(self.now, |(at, _)| *at);
        let mut saying = match again {
            Some((_, saying)) => saying,
            None => self.new_saying(who, kind),
        };
        if known && saying.platform_id.is_some() && kind.is_multiple_of(16) {
            // The platform repeats itself; the edge minted another id for it.
            self.count += 1;
            saying.id = MessageId::new(format!("m{}", self.count));
        }
        self.sayings.push((first_said, saying.clone()));
        let answer = self.step(Input::Said(saying.clone()));
        let Answer::Taken {
            conversation,
            again: false,
            late: false,
            ..
        } = answer
        else {
            return;
        };
        let said = self.said.entry(conversation).or_default();
        let before = said.iter().any(|(_, text)| *text == saying.words.text);
        assert!(!known || !before, "taken twice");
        said.push((saying.id, saying.words.text));
    }

    fn new_saying(&mut self, who: u8, kind: u8) -> Saying {
        self.count += 1;
        let number = self.count;
        let visitor = self.speaking(who, kind);
        // Platforms number each visitor's messages anew.
        let own = |(_, saying): &&(Timestamp, Saying)| saying.visitor == visitor;
        let place = self.sayings.iter().filter(own).count();
        let start = if kind.is_multiple_of(9) {
            "✗"
        } else {
            "visitor"
        };
        Saying {
            visitor,
            id: MessageId::new(format!("m{number}")),
            platform_id: kind.is_multiple_of(2).then(|| format!("p{place}")),
            words: Words::text(format!("{start} {number}")),
        }
    }

    /// Mostly a visitor whose conversation is open.
    pub fn speaking(&self, who: u8, kind: u8) -> Visitor {
        let open = self
            .bridge
            .conversations()
            .filter(|c| !self.over.contains(&c.id) && c.in_person().is_none());
        let open: Vec<Visitor> = open
            .map(|conversation| Visitor {
                channel: conversation.channel.clone(),
                token: conversation.token.clone(),
            })
            .collect();
        let place = usize::from(who) % open.len().max(1);
        let known = open.get(place).filter(|_| kind >= 32).cloned();
        known.unwrap_or_else(|| visitor(&who.to_string()))
    }

    fn seen(&mut self, agent: AgentJid, client: u8, state: u8) {
        let show = match state % 8 {
            0 => Show::Away,
            1 => Show::DoNotDisturb,
            2 => Show::Chat,
            _ => Show::Online,
        };
        let state = Resource {
            show,
            priority: (state / 8 % 3) as i8,
            fastpath: state.is_multiple_of(5),
            max_chats: (state > 230).then_some(1),
        };
        let resource = client.to_string();
        let name = (agent.clone(), resource.clone());
        self.clients.insert(name, state.clone());
        self.step(Input::AgentSeen {
            agent,
            resource,
            state,
        });
    }

    fn answers(&mut self, agent: AgentJid, kind: u8) {
        let offers = self.ledger.offers();
        let place = usize::from(kind / 8) % offers.len().max(1);
        let (held, agent) = match offers.into_iter().nth(place) {
            Some((id, holder)) if !kind.is_multiple_of(16) => (Some(id), holder),
            _ => (None, agent),
        };
        let conversation = match kind % 8 {
            0 => None,
            1 => self.opened.last().cloned(),
            _ => held,
        };
        self.step(Input::OfferAnswered {
            agent,
            conversation,
            accept: kind < 220,
        });
    }

    fn agent_closes(&mut self, agent: &AgentJid, one: u8) {
        let chats = self.bridge.dispatch().chats_of(agent);
        let named = chats.get(usize::from(one) % 4).cloned();
        self.step(Input::AgentClosed {
            agent: agent.clone(),
            conversation: named,
        });
    }

    fn speaks(&mut self, agent: &AgentJid, room: u8, what: u8) {
        self.count += 1;
        let number = self.count;
        let text = match WISHES.get(usize::from(what / 4)) {
            Some(wish) => (*wish).to_owned(),
            None => format!("agent {number}"),
        };
        self.with(room, |world, id| {
            // Mostly somebody who is in the room.
            let inside = world.muc.rooms.get(&id).map(|room| room.inside.clone());
            let inside: Vec<AgentJid> = inside.into_iter().flatten().collect();
            let place = usize::from(room) % inside.len().max(1);
            let speaker = inside.get(place).filter(|_| !what.is_multiple_of(16));
            world.muc.speak(speaker.unwrap_or(agent), &id, text);
        });
    }

    /// Mostly one who is expected enters.
    fn enters(&mut self, agent: AgentJid, one: u8) {
        let expected = self.expected();
        let place = usize::from(one) % expected.len().max(1);
        match expected.into_iter().nth(place) {
            Some((id, agent)) if !one.is_multiple_of(8) => {
                self.muc.enter(&agent, &id);
            }
            _ => self.with(one, |world, id| {
                world.muc.enter(&agent, &id);
            }),
        }
    }

    fn outbox(&mut self, lane: u8, kind: u8) {
        let lanes: Vec<ConversationId> = self.lanes.keys().cloned().collect();
        if lanes.is_empty() {
            return;
        }
        let id = &lanes[usize::from(lane) % lanes.len()];
        if !kind.is_multiple_of(8) {
            self.deliver(id);
            return;
        }
        let head = self.lanes.get_mut(id).and_then(|lane| lane.pop_front());
        if let Some(delivery) = head {
            self.step(Input::GivenUp {
                delivery: Box::new(delivery),
                why: "cannot be reached".into(),
            });
        }
    }

    fn history(&mut self, conversation: ConversationId, kind: u8) {
        let entry = Earlier {
            id: None,
            author: Author::Bot,
            words: Words::text(format!("bot {kind}")),
            at: Timestamp(1_599_999_000_000),
        };
        self.step(Input::History {
            conversation,
            earlier: vec![entry],
        });
    }

    fn look(&mut self, one: u8) {
        self.step(Input::QueueAsked(WorkgroupName::new("support")));
        self.step(Input::ColleaguesAsked(WorkgroupName::new("support")));
        self.step(Input::ChatsAsked(who_is(one)));
        self.step(Input::OperatorClosed(conversation("never")));
    }
}

pub fn who_is(number: u8) -> AgentJid {
    agent(AGENTS[usize::from(number) % AGENTS.len()])
}
