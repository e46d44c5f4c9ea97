//! The seat's one task: stanzas in and out, inputs and orders, in their order.

mod turn;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use minidom::Element;
use tokio::sync::{mpsc, watch};
use tracing::{debug, info, warn};

use crate::bridge::{Answer, Input};
use crate::engine::groups::{GroupOrder, GroupProblem, Groups};
use crate::engine::{Handle, SeatOrder, Unavailable, now};
use crate::ids::{AgentJid, Timestamp};
use crate::telemetry::metrics as figures;

use super::address::Address;
use super::agents::{Agents, AgentsSettings, Then};
use super::framing::Refused;
use super::known::Known;
use super::link::{DownReason, Generation, LinkEvent, LinkSender, SendError};
use super::out::Out;
use super::records::{Found, Records};
use super::rooms::Rooms;
use super::seeker::Seeker;
use super::stanza::{Condition, to};
use super::users::{Link, is_slot_answer};
use turn::{Turn, next_turn};

/// How the link is, for `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkHealth {
    /// Connected.
    Up,
    /// Not connected, for this reason.
    Down(String),
}

/// What the engine answered or the store held, and what the agents' side wanted to do with it.
enum Answered {
    Engine(Then, Result<Answer, Unavailable>),
    Store(Then, Result<Found, Unavailable>),
    Groups(Then, Result<(), GroupProblem>),
}

/// The seat.
pub struct Seat {
    engine: Handle,
    link: LinkSender,
    rooms: Rooms,
    agents: Agents,
    seeker: Seeker,
    muc: String,
    records: Records,
    groups: Groups,
    users: UsersEnd,
    health: watch::Sender<LinkHealth>,
    on: Option<Generation>,
    asked: FuturesUnordered<BoxFuture<'static, Answered>>,
}

/// The parts that a seat is made of.
pub struct Parts {
    /// The way to the engine.
    pub engine: Handle,
    /// The way to the server.
    pub link: LinkSender,
    /// The rooms.
    pub rooms: Rooms,
    /// The agents' side.
    pub agents: Agents,
    /// The places of visitors at other services.
    pub seeker: Seeker,
    /// The MUC service's domain, lower case.
    pub muc: String,
    /// What agents look up.
    pub records: Records,
    /// The way to whoever changes workgroups.
    pub groups: Groups,
    /// The users of our own domain.
    pub users: UsersEnd,
}

/// The way to the users of our own domain, and back.
#[derive(Debug)]
pub struct UsersEnd {
    /// Tells their desk of the link and of stanzas for them.
    pub links: mpsc::Sender<Link>,
    /// Stanzas from them to our own other addresses.
    pub inside: mpsc::UnboundedReceiver<Element>,
    /// Who is one.
    pub known: Known,
    /// The component's domain, lower case.
    pub domain: String,
}

impl UsersEnd {
    fn is_for_user(&self, stanza: &Element) -> bool {
        to(stanza).is_some_and(|to| {
            let known = |local: &String| self.known.has(local);
            to.domain == self.domain
                && (to.local.as_ref().is_some_and(known) || is_slot_answer(stanza))
        })
    }

    async fn tell(&self, told: Link) {
        // Their desk ends only when the program does.
        let _ = self.links.send(told).await;
    }
}

impl Seat {
    /// A seat without a link yet.
    pub fn new(parts: Parts) -> Self {
        Self {
            engine: parts.engine,
            link: parts.link,
            rooms: parts.rooms,
            agents: parts.agents,
            seeker: parts.seeker,
            muc: parts.muc,
            records: parts.records,
            groups: parts.groups,
            users: parts.users,
            health: watch::Sender::new(LinkHealth::Down("not connected yet".to_owned())),
            on: None,
            asked: FuturesUnordered::new(),
        }
    }

    /// Follows how the link is.
    pub fn health(&self) -> watch::Receiver<LinkHealth> {
        self.health.subscribe()
    }

    /// Works until the link has stopped for good.
    pub async fn run(
        mut self,
        mut events: mpsc::Receiver<LinkEvent>,
        mut orders: mpsc::UnboundedReceiver<SeatOrder>,
        mut settings: watch::Receiver<AgentsSettings>,
    ) {
        loop {
            let due = self.next_deadline();
            tokio::select! {
                // The engine answers before it gives the orders that follow from the same input,
                // and so it is heard.
                biased;
                Some(answered) = self.asked.next(), if !self.asked.is_empty() => {
                    let outs = match answered {
                        Answered::Engine(then, answer) => self.agents.answered(then, answer),
                        Answered::Store(then, found) => self.agents.found(then, found),
                        Answered::Groups(then, done) => self.agents.regrouped(then, done),
                    };
                    self.act(outs).await;
                }
                // Whoever was told that they are in force is taken at the word.
                Ok(()) = settings.changed() => {
                    let fresh = settings.borrow_and_update().clone();
                    self.settings(fresh).await;
                }
                Some(stanza) = self.users.inside.recv() => self.stanza(stanza).await,
                turn = next_turn(&mut events, &mut orders, due) => match turn {
                    Turn::Event(Some(LinkEvent::Down(DownReason::Stopping)) | None) => return,
                    Turn::Event(Some(event)) => self.event(event).await,
                    Turn::Order(order) => self.order(order).await,
                    Turn::Due => self.tick().await,
                },
            }
        }
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let rooms = self.rooms.next_deadline();
        let seeker = self.seeker.next_deadline();
        let others = self.agents.next_deadline().into_iter().chain(seeker);
        rooms.into_iter().chain(others).min()
    }

    async fn settings(&mut self, fresh: AgentsSettings) {
        let outs = self.seeker.set(now(), &fresh.seeker());
        self.agents.set(fresh);
        self.act_room(outs).await;
    }

    async fn event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up(generation) => {
                info!("connected to the XMPP server");
                self.on = Some(generation);
                self.health.send_replace(LinkHealth::Up);
                figures::link_up(true);
                figures::connected();
                self.tell(Input::LinkUp).await;
                let outs = self.seeker.link_up(now());
                self.act_room(outs).await;
                self.users.tell(Link::Up(generation)).await;
            }
            LinkEvent::Down(reason) => {
                let was_up = self.on.take().is_some();
                self.health
                    .send_replace(LinkHealth::Down(reason.to_string()));
                if was_up {
                    warn!(%reason, "the link to the XMPP server is down");
                    figures::link_up(false);
                    self.forget();
                    self.tell(Input::LinkDown).await;
                    self.users.tell(Link::Down).await;
                }
            }
            LinkEvent::Stanza(stanza) => self.stanza(stanza).await,
            LinkEvent::Refused(refused) => self.refused(&refused).await,
        }
    }

    /// Whatever was learnt over a connection that is gone holds no more.
    fn forget(&mut self) {
        self.rooms.link_lost();
        self.agents.link_lost();
        self.seeker.link_lost();
    }

    async fn stanza(&mut self, stanza: Element) {
        let now = now();
        // Before the rooms: a user may be an occupant of a conversation's room.
        if self.users.is_for_user(&stanza) {
            return self.users.tell(Link::Stanza(stanza)).await;
        }
        if let Some(outs) = self.seeker.stanza(now, &stanza) {
            return self.act_room(outs).await;
        }
        if let Some(outs) = self.rooms.stanza(now, &stanza) {
            self.act_room(outs).await;
            return;
        }
        let outs = self.agents.stanza(now, &stanza);
        self.act(outs).await;
    }

    async fn refused(&mut self, refused: &Refused) {
        debug!(why = %refused.why, "a stanza was not read");
        figures::stanza_refused("unreadable");
        let from = refused.head.from.as_deref().and_then(Address::parse);
        if from.is_some_and(|from| from.domain == self.muc) {
            // What somebody said in a room: Openfire takes an error from an occupant for a leave.
            return;
        }
        if let Some(reply) = refused.head.refusal(Condition::PolicyViolation) {
            self.send(reply).await;
        }
    }

    async fn order(&mut self, order: SeatOrder) {
        // Without a link nothing can be said; all is asserted anew when it is back.
        if self.on.is_none() {
            return;
        }
        let now = now();
        match order {
            SeatOrder::Agent(agent, order) => {
                let outs = self.agents.order(now, agent, order);
                self.act(outs).await;
            }
            SeatOrder::Room(conversation, order) => {
                let outs = self.rooms.order(now, conversation, order);
                self.act_room(outs).await;
            }
            SeatOrder::QueueChanged(workgroup) => {
                let outs = self.agents.queue_changed(now, &workgroup);
                self.act(outs).await;
            }
            SeatOrder::ColleaguesChanged(workgroup) => {
                let outs = self.agents.colleagues_changed(now, &workgroup);
                self.act(outs).await;
            }
            SeatOrder::Away(conversation, order) => {
                let outs = self.seeker.order(now, &conversation, order);
                self.act_room(outs).await;
            }
            SeatOrder::StartOver => {
                self.forget();
                let outs = self.seeker.link_up(now);
                self.act_room(outs).await;
            }
        }
    }

    async fn tick(&mut self) {
        let now = now();
        let outs = self.rooms.tick(now);
        self.act_room(outs).await;
        let outs = self.agents.tick(now);
        self.act(outs).await;
        let outs = self.seeker.tick(now);
        self.act_room(outs).await;
    }

    async fn act_room(&mut self, outs: Vec<Out<()>>) {
        for out in outs {
            match out {
                Out::Send(stanza) => self.send(stanza).await,
                Out::Invited(agent) => self.release(&agent).await,
                Out::Tell(input) | Out::Ask(input, ()) => self.tell(input).await,
                // Rooms look nothing up.
                Out::Look(..) | Out::Inside(..) | Out::Regroup(..) => {}
            }
        }
    }

    async fn act(&mut self, outs: Vec<Out<Then>>) {
        for out in outs {
            match out {
                Out::Send(stanza) => self.send(stanza).await,
                Out::Invited(agent) => self.release(&agent).await,
                Out::Tell(input) => self.tell(input).await,
                Out::Ask(input, then) => self.ask(input, then).await,
                Out::Look(wish, of, then) => {
                    let records = self.records.clone();
                    self.asked.push(Box::pin(async move {
                        let found = records.look(wish, &of).await;
                        Answered::Store(then, found.map_err(|_| Unavailable))
                    }));
                }
                Out::Regroup(order, then) => self.regroup(order, then),
                Out::Inside(id, of, then) => {
                    let inside = self.rooms.inside(&id, &of);
                    for out in self.agents.inside(then, (id, inside)) {
                        if let Out::Send(stanza) = out {
                            self.send(stanza).await;
                        }
                    }
                }
            }
        }
    }

    fn regroup(&self, order: GroupOrder, then: Then) {
        let groups = self.groups.clone();
        self.asked.push(Box::pin(async move {
            Answered::Groups(then, groups.order(order).await)
        }));
    }

    /// What was kept back until the agent is invited.
    async fn release(&mut self, agent: &AgentJid) {
        for stanza in self.agents.invited(agent) {
            self.send(stanza).await;
        }
    }

    async fn send(&mut self, stanza: Element) {
        let Some(on) = self.on else {
            return;
        };
        if self.users.is_for_user(&stanza) {
            return self.users.tell(Link::Stanza(stanza)).await;
        }
        match self.link.send(on, &stanza) {
            Ok(()) | Err(SendError::Down) => {}
            Err(problem) => warn!(%problem, "a stanza was not sent"),
        }
    }

    async fn tell(&mut self, input: Input) {
        // The engine stops only when the program does.
        let _ = self.engine.tell(input).await;
    }

    async fn ask(&mut self, input: Input, then: Then) {
        let answer = self.engine.submit(input).await;
        self.asked.push(Box::pin(async move {
            let answer = match answer {
                Ok(answer) => answer.await.unwrap_or(Err(Unavailable)),
                Err(unavailable) => Err(unavailable),
            };
            Answered::Engine(then, answer)
        }));
    }
}
