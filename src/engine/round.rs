//! The inputs that share one commit, and what follows from them.

use std::time::Instant;

use crate::bridge::{Answer, Effect, Record};
use crate::conversation::Delivery;
use crate::store::{Change, Store, StoreError};
use crate::telemetry::metrics as figures;
use tokio::sync::oneshot;

use super::{Outlets, SeatOrder, Unavailable, journal, records};

type Reply = Option<oneshot::Sender<Result<Answer, Unavailable>>>;

#[derive(Default)]
pub(super) struct Round {
    keeps: Vec<Effect>,
    after: Vec<Effect>,
    deliveries: Vec<Delivery>,
    answers: Vec<(Reply, Answer)>,
}

impl Round {
    /// Sorts the effects of one input.
    pub fn gather(&mut self, effects: Vec<Effect>, mut reply: Reply) {
        for effect in effects {
            match effect {
                Effect::Answer(answer) => self.answers.push((reply.take(), answer)),
                Effect::Deliver(delivery) => self.deliveries.push(delivery),
                Effect::Keep(_) | Effect::Forget(_) => self.keeps.push(effect),
                other => self.after.push(other),
            }
        }
    }

    /// Writes everything in one commit; nothing where there is nothing to write.
    pub async fn commit(&self, store: &dyn Store) -> Result<(), StoreError> {
        let mut changes: Vec<Change> = Vec::new();
        for effect in &self.keeps {
            changes.extend(records::changes(effect)?);
        }
        for delivery in &self.deliveries {
            changes.push(records::delivery(delivery)?);
        }
        if changes.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let committed = store.commit(changes).await;
        match committed {
            Ok(()) => figures::committed(begun.elapsed()),
            Err(_) => figures::commit_failed(),
        }
        committed
    }

    /// Whether the commit has anything to write.
    pub fn writes(&self) -> bool {
        !self.keeps.is_empty() || !self.deliveries.is_empty()
    }

    /// The commit failed: every asker hears that nothing was done.
    pub fn refuse(self) {
        for (reply, _) in self.answers {
            if let Some(reply) = reply {
                let _ = reply.send(Err(Unavailable));
            }
        }
    }

    /// The commit stands: askers are answered, outlets are told.
    pub fn publish(self, outlets: &Outlets) {
        for (reply, answer) in self.answers {
            if let Some(reply) = reply {
                let _ = reply.send(Ok(answer));
            }
        }
        outlets.outbox.add(self.deliveries);
        for effect in &self.keeps {
            if let Effect::Keep(Record::Callback(channel, url)) = effect {
                outlets.callbacks.learn(channel.clone(), url.clone());
            }
        }
        for effect in self.after {
            match effect {
                Effect::Agent(agent, order) => seat(outlets, SeatOrder::Agent(agent, order)),
                Effect::Room(id, order) => seat(outlets, SeatOrder::Room(id, order)),
                Effect::QueueChanged(name) => seat(outlets, SeatOrder::QueueChanged(name)),
                Effect::ColleaguesChanged(name) => {
                    seat(outlets, SeatOrder::ColleaguesChanged(name));
                }
                Effect::Nudge(id) => outlets.outbox.nudge(id),
                Effect::Happened(event) => journal::happened(&event),
                Effect::Answer(_) | Effect::Keep(_) | Effect::Forget(_) | Effect::Deliver(_) => {}
            }
        }
    }
}

fn seat(outlets: &Outlets, order: SeatOrder) {
    // Without a seat the program is about to stop.
    let _ = outlets.seat.send(order);
}
