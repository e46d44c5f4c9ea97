//! The one writer: receives inputs, steps the bridge, commits, and only then tells anybody.

mod addresses;
mod gauges;
pub mod groups;
mod handle;
mod journal;
mod memory;
mod records;
mod round;

pub use addresses::AddressBook;
pub use handle::{Handle, Job, Unavailable};
pub use memory::Memory;
pub use records::extras_of;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use crate::bridge::{AgentOrder, AwayOrder, Bridge, Input, RoomOrder, Typing, Visitor};
use crate::conversation::Earlier;
use crate::ids::{AgentJid, ChannelId, ConversationId, Timestamp, WorkgroupName};
use crate::outbox::OutboxHandle;
pub use crate::store::now;
use crate::store::{Store, StoreError};
use crate::telemetry::metrics as figures;
use crate::workgroup::Policy;

use round::Round;

/// The most inputs that share one commit.
const MOST_IN_A_ROUND: usize = 512;
/// How long the engine waits before it asks a store again that did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// How long nothing may have been written before the store is asked whether it still can be.
const STORE_ASKED: Duration = Duration::from_secs(5);

/// Something for the seat on the XMPP server.
#[derive(Clone, Debug)]
pub enum SeatOrder {
    /// For an agent.
    Agent(AgentJid, AgentOrder),
    /// For a room.
    Room(ConversationId, RoomOrder),
    /// For a place in somebody else's workgroup.
    Away(ConversationId, AwayOrder),
    /// A workgroup's line changed.
    QueueChanged(WorkgroupName),
    /// What the agents of a workgroup have to do changed.
    ColleaguesChanged(WorkgroupName),
    /// What the seat told of late may be lost: it is to look at everything anew, as after a
    /// reconnect.
    StartOver,
}

/// Where consequences go after the commit.
pub struct Outlets {
    /// The seat. Unbounded, because the engine must never wait for it; a seat without a link
    /// throws orders away, and all is asserted anew when the link comes back.
    pub seat: mpsc::UnboundedSender<SeatOrder>,
    /// The outbox.
    pub outbox: OutboxHandle,
    /// Callback addresses.
    pub callbacks: AddressBook,
    /// What visitors are shown that passes by. Where nobody takes it, or too slowly, it is lost.
    pub typing: mpsc::Sender<Typing>,
}

/// Whether the store takes commits, for `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreHealth {
    /// It does.
    Fine,
    /// It does not, for this reason.
    Failing(String),
}

/// The one writer.
pub struct Engine {
    bridge: Bridge,
    policy: Arc<Policy>,
    store: Arc<dyn Store>,
    jobs: mpsc::Receiver<Job>,
    outlets: Outlets,
    health: watch::Sender<StoreHealth>,
    written_at: Instant,
    linked: bool,
}

impl Engine {
    /// An engine that goes on where the store says it was.
    pub async fn load(
        policy: Arc<Policy>,
        store: Arc<dyn Store>,
        jobs: mpsc::Receiver<Job>,
        outlets: Outlets,
    ) -> Result<Self, StoreError> {
        let stored = records::read(store.as_ref()).await?;
        info!(
            conversations = stored.bridge.conversations.len(),
            past = stored.bridge.past.len(),
            "read the store"
        );
        learn(&outlets.callbacks, &stored.callbacks);
        // Only now, with the addresses known, may the outbox begin to call them.
        outlets.outbox.load().await?;
        Ok(Self {
            bridge: Bridge::restore(policy.clone(), stored.bridge),
            policy,
            store,
            jobs,
            outlets,
            health: watch::Sender::new(StoreHealth::Fine),
            written_at: Instant::now(),
            linked: false,
        })
    }

    /// Follows whether the store takes commits.
    pub fn health(&self) -> watch::Receiver<StoreHealth> {
        self.health.subscribe()
    }

    /// Works until every [`Handle`] is dropped and what they sent is done.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(MOST_IN_A_ROUND);
        let mut figures = tokio::time::interval(Duration::from_secs(1));
        figures.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let due = self.bridge.next_deadline();
            tokio::select! {
                _ = figures.tick() => {
                    gauges::take(&self.bridge, &self.policy);
                    self.ask_store().await;
                    continue;
                }
                count = self.jobs.recv_many(&mut batch, MOST_IN_A_ROUND) => {
                    if count == 0 {
                        return;
                    }
                }
                () = sleep_until(due) => {
                    batch.push(Job { input: Input::Tick, reply: None });
                }
            }
            self.round(std::mem::take(&mut batch)).await;
        }
    }

    /// Takes all jobs, in as few commits as can be: only what has to be read back first, because
    /// somebody's words are among those not stored yet, parts them.
    async fn round(&mut self, batch: Vec<Job>) {
        let mut together = Vec::with_capacity(batch.len());
        for mut job in batch {
            if let Input::Reopen(wish) = &mut job.input {
                // The end may be among those not stored yet.
                self.commit(std::mem::take(&mut together)).await;
                match self.told_so_far(&wish.visitor).await {
                    Ok(told) => wish.earlier = told,
                    Err(problem) => {
                        warn!(%problem, "what was said before cannot be read");
                        job.answer(Err(Unavailable));
                        continue;
                    }
                }
            }
            if let Some(visitor) = memory::recalled(&job.input) {
                if together
                    .iter()
                    .any(|job: &Job| memory::hears(&job.input, &visitor))
                {
                    self.commit(std::mem::take(&mut together)).await;
                }
                match records::recall(self.store.as_ref(), &visitor).await {
                    Ok(found) => memory::add_earlier(&mut job.input, found),
                    Err(problem) => {
                        warn!(%problem, "what was said before cannot be read");
                        job.answer(Err(Unavailable));
                        continue;
                    }
                }
            }
            together.push(job);
        }
        self.commit(together).await;
    }

    /// What was said in and before the conversation that a visitor's next one goes on from.
    async fn told_so_far(&self, visitor: &Visitor) -> Result<Vec<Earlier>, StoreError> {
        match self.bridge.over_of(visitor) {
            Some(id) => records::told_so_far(self.store.as_ref(), id).await,
            None => Ok(Vec::new()),
        }
    }

    /// Steps all jobs, makes one commit, answers all.
    async fn commit(&mut self, batch: Vec<Job>) {
        if batch.is_empty() {
            return;
        }
        let now = now();
        let mut round = Round::default();
        let mut policy = self.policy.clone();
        for Job { input, reply } in batch {
            self.note_link(&input);
            if let Input::Settings(fresh) = &input {
                policy = fresh.clone();
            }
            journal::heard(&input);
            round.gather(self.bridge.step(now, input), reply);
        }
        if let Err(problem) = round.commit(self.store.as_ref()).await {
            error!(%problem, "a commit failed; nothing of it is taken as done");
            round.refuse();
            self.start_over(problem).await;
            return;
        }
        self.policy = policy;
        if round.writes() {
            self.written_at = Instant::now();
        }
        round.publish(&self.outlets);
    }

    /// While nothing happens, finds out whether the store could take it if it did.
    async fn ask_store(&mut self) {
        if self.written_at.elapsed() < STORE_ASKED {
            return;
        }
        self.written_at = Instant::now();
        if let Err(problem) = self.store.commit(Vec::new()).await {
            error!(%problem, "the store takes no commits");
            figures::commit_failed();
            self.start_over(problem).await;
        }
    }

    /// After a failed commit nobody knows what the store holds: everything is read again, and
    /// until then every asker is refused.
    async fn start_over(&mut self, problem: StoreError) {
        self.health
            .send_replace(StoreHealth::Failing(problem.to_string()));
        let stored = loop {
            tokio::select! {
                biased;
                () = self.refuse_jobs() => return,
                () = tokio::time::sleep(STORE_PAUSE) => {}
            }
            match self.read_again().await {
                Ok(stored) => break stored,
                Err(problem) => {
                    warn!(%problem, "the store still does not answer");
                    self.health
                        .send_replace(StoreHealth::Failing(problem.to_string()));
                }
            }
        };
        info!("the store answers again");
        self.bridge = Bridge::restore(self.policy.clone(), stored.bridge);
        self.health.send_replace(StoreHealth::Fine);
        if self.linked {
            // What rooms said meanwhile was refused; the seat finds it again in their archives.
            let _ = self.outlets.seat.send(SeatOrder::StartOver);
            let mut round = Round::default();
            round.gather(self.bridge.step(now(), Input::LinkUp), None);
            match round.commit(self.store.as_ref()).await {
                Ok(()) => round.publish(&self.outlets),
                Err(problem) => Box::pin(self.start_over(problem)).await,
            }
        }
    }

    async fn read_again(&self) -> Result<records::Stored, StoreError> {
        // A store that can only be read would refuse the next input as it did the last.
        self.store.commit(Vec::new()).await?;
        let stored = records::read(self.store.as_ref()).await?;
        learn(&self.outlets.callbacks, &stored.callbacks);
        self.outlets.outbox.load().await?;
        Ok(stored)
    }

    /// How the link is stays known, whatever becomes of the input.
    fn note_link(&mut self, input: &Input) {
        match input {
            Input::LinkUp => self.linked = true,
            Input::LinkDown => self.linked = false,
            _ => {}
        }
    }

    /// Refuses whoever asks; ends only when nobody can ask any more.
    async fn refuse_jobs(&mut self) {
        while let Some(job) = self.jobs.recv().await {
            self.note_link(&job.input);
            job.answer(Err(Unavailable));
        }
    }
}

fn learn(book: &AddressBook, callbacks: &[(ChannelId, String)]) {
    for (channel, url) in callbacks {
        book.learn(channel.clone(), url.clone());
    }
}

async fn sleep_until(due: Option<Timestamp>) {
    match due {
        Some(due) => tokio::time::sleep(due.since(now())).await,
        None => std::future::pending().await,
    }
}
