//! What the seat does of what it was ordered, and of what its parts want.

use crate::engine::{SeatOrder, Unavailable, now};
use crate::xmpp::agents::Then;
use crate::xmpp::out::Out;

use super::{Answered, Seat};

impl Seat {
    pub(super) async fn order(&mut self, order: SeatOrder) {
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

    pub(super) async fn act_room(&mut self, outs: Vec<Out<()>>) {
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

    pub(super) async fn act(&mut self, outs: Vec<Out<Then>>) {
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
}
