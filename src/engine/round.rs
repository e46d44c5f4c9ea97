//! The inputs that share one commit, and what follows from them.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::{info, warn};

use crate::bridge::{Answer, Effect, Event, OfferOutcome, Record};
use crate::conversation::Delivery;
use crate::ids::Timestamp;
use crate::store::{Change, Store, StoreError};
use crate::telemetry::metrics::{self as figures, Direction};

use super::{Outlets, SeatOrder, Unavailable, records};

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
    pub async fn commit(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        let mut changes: Vec<Change> = Vec::new();
        for effect in &self.keeps {
            changes.extend(records::change(effect, now));
        }
        changes.extend(self.deliveries.iter().map(records::delivery));
        if changes.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        store.commit(changes).await?;
        figures::committed(begun.elapsed());
        Ok(())
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
                Effect::Nudge(id) => outlets.outbox.nudge(id),
                Effect::Happened(event) => count(event),
                Effect::Answer(_) | Effect::Keep(_) | Effect::Forget(_) | Effect::Deliver(_) => {}
            }
        }
    }
}

fn seat(outlets: &Outlets, order: SeatOrder) {
    // Without a seat the program is about to stop.
    let _ = outlets.seat.send(order);
}

fn count(event: Event) {
    match event {
        Event::Offer(workgroup, outcome) => {
            use figures::OfferOutcome as Counted;
            let outcome = match outcome {
                // Every offer that is made ends in one of the others.
                OfferOutcome::Made => return,
                OfferOutcome::Accepted => Counted::Accepted,
                OfferOutcome::Rejected => Counted::Rejected,
                OfferOutcome::Lapsed => Counted::Expired,
                OfferOutcome::Withdrawn => Counted::Revoked,
            };
            figures::offer(workgroup.as_str(), outcome);
        }
        Event::Waited(workgroup, millis) => {
            figures::waited(workgroup.as_str(), Duration::from_millis(millis));
        }
        Event::VisitorSpoke(channel) => figures::message(Direction::ToAgent, channel.as_str()),
        Event::AgentSpoke(channel) => figures::message(Direction::ToVisitor, channel.as_str()),
        Event::Opened(channel) => info!(%channel, "a conversation was opened"),
        Event::Closed(channel, by) => info!(%channel, by = by.as_str(), "a conversation ended"),
        Event::Impossible(what) => {
            warn!(what, "an input that is impossible here was dropped");
            figures::inputs_impossible(1);
        }
    }
}
