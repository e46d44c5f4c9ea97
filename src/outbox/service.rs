//! The running outbox: one task that hands out tries and reports, and a way to speak with it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::conversation::Delivery;
use crate::ids::{ChannelId, ConversationId};
use crate::store::{self, Change, Store, StoreError, Table};
use crate::telemetry::metrics::{self as figures, DeliveryOutcome};

use super::lanes::{Job, Lanes, Limits};
use super::schedule::{Decision, Moment, Schedule};
use super::{Carrier, OwedDelivery, Report, ReportOutcome, Trouble, Verdict};

/// How the outbox tries.
#[derive(Clone, Debug)]
pub struct OutboxSettings {
    /// The times between tries where the other side names none, each ±20 %. After the last a
    /// delivery is given up.
    pub retry: Vec<Duration>,
    /// How many tries may be under way; a channel that has none may always start one.
    pub concurrency: usize,
    /// How many of them in one channel.
    pub per_channel: usize,
    /// How long a carrier may take before its try counts as `Timeout`.
    pub longest_try: Duration,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let retry = [
            5,
            30,
            2 * MINUTE,
            10 * MINUTE,
            30 * MINUTE,
            HOUR,
            2 * HOUR,
            4 * HOUR,
            8 * HOUR,
            12 * HOUR,
        ];
        Self {
            retry: retry.map(Duration::from_secs).to_vec(),
            concurrency: 64,
            per_channel: 16,
            longest_try: Duration::from_secs(120),
        }
    }
}

/// What the outbox is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// How many deliveries are owed.
    pub owed: usize,
    /// How many tries are under way.
    pub trying: usize,
    /// The channels that are held because they are out of order.
    pub held: Vec<ChannelId>,
}

enum Command {
    Load(Vec<OwedDelivery>),
    Add(Vec<Delivery>),
    Nudge(ConversationId),
    Stop(Instant, oneshot::Sender<()>),
}

/// A way to the running outbox; cheap to clone. It ends when all of them are gone.
#[derive(Clone)]
pub struct OutboxHandle {
    commands: mpsc::UnboundedSender<Command>,
    status: watch::Receiver<OutboxStatus>,
    store: Arc<dyn Store>,
}

impl OutboxHandle {
    /// Reads all promises from the store and begins to keep them; tells how many. Nothing is tried
    /// before this has succeeded once. To be called by whoever commits, between two commits.
    pub async fn load(&self) -> Result<usize, StoreError> {
        let rows = self.store.load(Table::Delivery).await?;
        let mut owed: Vec<OwedDelivery> = Vec::with_capacity(rows.len());
        for row in rows {
            match serde_json::from_slice(&row.value) {
                Ok(delivery) => owed.push(delivery),
                // The error could quote what somebody said.
                Err(_) => tracing::error!(
                    conversation = %row.group, number = %row.key, "a stored delivery is unreadable"
                ),
            }
        }
        let count = owed.len();
        self.send(Command::Load(owed));
        Ok(count)
    }

    /// Takes promises whose rows have just been committed.
    pub fn add(&self, deliveries: Vec<Delivery>) {
        self.send(Command::Add(deliveries));
    }

    /// Tries the conversation's next delivery now, if it waits for its time.
    pub fn nudge(&self, conversation: ConversationId) {
        self.send(Command::Nudge(conversation));
    }

    /// What it is doing.
    pub fn status(&self) -> OutboxStatus {
        self.status.borrow().clone()
    }

    /// Begins no more tries, and returns when those under way have ended and their reports are
    /// settled, or after `patience`. What is left is tried after the next start.
    pub async fn stop(&self, patience: Duration) {
        let (stopped, wait) = oneshot::channel();
        self.send(Command::Stop(Instant::now() + patience, stopped));
        let _stopped_now_or_before = wait.await;
    }

    fn send(&self, command: Command) {
        // It is gone only after a stop, and what is stored is not lost.
        let _sent = self.commands.send(command);
    }
}

/// The outbox.
#[derive(Debug)]
pub struct Outbox;

impl Outbox {
    /// Starts it. It begins to try when it has been told to [`load`](OutboxHandle::load).
    /// A channel without a carrier counts as one with no address to call.
    pub fn start(
        settings: OutboxSettings,
        carriers: HashMap<ChannelId, Arc<dyn Carrier>>,
        store: Arc<dyn Store>,
        reports: mpsc::Sender<Report>,
    ) -> OutboxHandle {
        let (commands, inbox) = mpsc::unbounded_channel();
        let (shown, status) = watch::channel(OutboxStatus::default());
        let limits = Limits {
            all: settings.concurrency.max(1),
            per_channel: settings.per_channel.max(1),
        };
        let task = Task {
            lanes: Lanes::new(limits),
            tools: Arc::new(Tools {
                schedule: Schedule(settings.retry),
                longest_try: settings.longest_try,
                carriers,
                store: store.clone(),
                reports,
            }),
            running: JoinSet::new(),
            loaded: false,
            stop: None,
            shown,
        };
        tokio::spawn(task.run(inbox));
        OutboxHandle {
            commands,
            status,
            store,
        }
    }
}

enum Finished {
    Tried(ConversationId, Decision),
    Told(ConversationId, bool),
}

struct Task {
    lanes: Lanes,
    tools: Arc<Tools>,
    running: JoinSet<Finished>,
    loaded: bool,
    stop: Option<(Instant, oneshot::Sender<()>)>,
    shown: watch::Sender<OutboxStatus>,
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        loop {
            self.begin();
            if self.stop.is_some() && !self.lanes.busy() {
                break;
            }
            let stop = self.stop.as_ref().map(|(at, _)| *at);
            let wake = self.lanes.next_wake(self.wants_tries());
            tokio::select! {
                // Commands first: a `load` that saw a row must be heard before the news that the
                // row's delivery is settled, or it would be made twice.
                biased;
                command = inbox.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                Some(finished) = self.running.join_next() => match finished {
                    Ok(finished) => self.finish(finished),
                    Err(_) => tracing::error!("a task of the outbox ended by a fault"),
                },
                () = at(stop) => break,
                () = at(wake) => {}
            }
        }
        self.running.shutdown().await;
        if let Some((_, stopped)) = self.stop {
            let _nobody_waits = stopped.send(());
        }
    }

    fn wants_tries(&self) -> bool {
        self.loaded && self.stop.is_none()
    }

    fn begin(&mut self) {
        for job in self.lanes.begin(Instant::now(), self.wants_tries()) {
            let tools = self.tools.clone();
            match job {
                Job::Try(owed) => self.running.spawn(tools.attempt(*owed)),
                Job::Tell(delivery, outcome) => self.running.spawn(tools.tell(*delivery, outcome)),
            };
        }
        let status = OutboxStatus {
            owed: self.lanes.owed(),
            trying: self.lanes.trying(),
            held: self.lanes.held().cloned().collect(),
        };
        self.shown.send_if_modified(|shown| {
            let changed = *shown != status;
            *shown = status;
            changed
        });
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Load(owed) => {
                let clock = store::now();
                for owed in owed {
                    let left = self.tools.schedule.left(owed.next_at, clock);
                    self.lanes.add(owed, now + left);
                }
                self.loaded = true;
            }
            Command::Add(deliveries) => {
                for delivery in deliveries {
                    self.lanes.add(delivery.into(), now);
                }
            }
            Command::Nudge(conversation) => self.lanes.nudge(conversation, now),
            Command::Stop(at, stopped) => self.stop = Some((at, stopped)),
        }
    }

    fn finish(&mut self, finished: Finished) {
        let now = Instant::now();
        match finished {
            Finished::Tried(conversation, decision) => {
                self.lanes.tried(conversation, decision, now);
            }
            Finished::Told(conversation, settled) => self.lanes.told(conversation, settled, now),
        }
    }
}

struct Tools {
    schedule: Schedule,
    longest_try: Duration,
    carriers: HashMap<ChannelId, Arc<dyn Carrier>>,
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
}

impl Tools {
    async fn attempt(self: Arc<Self>, owed: OwedDelivery) -> Finished {
        let conversation = owed.delivery.conversation.clone();
        let verdict = self.carry(&owed).await;
        note(&owed, &verdict);
        let moment = Moment {
            now: store::now(),
            chance: rand::random(),
        };
        let channel = owed.delivery.channel.clone();
        let decision = self.schedule.decide(owed, verdict, moment);
        if let Decision::Again { .. } | Decision::Hold(_) = &decision {
            figures::delivery(channel.as_str(), DeliveryOutcome::Retried);
        }
        if let Decision::Again { owed, .. } = &decision {
            // Before the lane goes on, or the row could be written after it was deleted.
            self.keep(owed).await;
        }
        Finished::Tried(conversation, decision)
    }

    async fn carry(&self, owed: &OwedDelivery) -> Verdict {
        let again = |why| Verdict::Again { after: None, why };
        let Some(carrier) = self.carriers.get(&owed.delivery.channel) else {
            return again(Trouble::NoAddress);
        };
        let carrying = async { carrier.carry(&owed.delivery, owed.attempts).await };
        let carrying = AssertUnwindSafe(carrying).catch_unwind();
        match tokio::time::timeout(self.longest_try, carrying).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_panic)) => again(Trouble::Fault),
            Err(_) => again(Trouble::Timeout),
        }
    }

    async fn keep(&self, owed: &OwedDelivery) {
        let Ok(row) = owed.row() else { return };
        if let Err(error) = self.store.commit(vec![Change::Put(row)]).await {
            let conversation = &owed.delivery.conversation;
            tracing::warn!(%conversation, %error, "a failed try could not be noted");
        }
    }

    async fn tell(self: Arc<Self>, delivery: Delivery, outcome: ReportOutcome) -> Finished {
        let conversation = delivery.conversation.clone();
        let (settled, wait) = oneshot::channel();
        let report = Report {
            delivery,
            outcome,
            settled,
        };
        let told = self.reports.send(report).await.is_ok() && wait.await.is_ok();
        Finished::Told(conversation, told)
    }
}

fn note(owed: &OwedDelivery, verdict: &Verdict) {
    let (conversation, delivery) = (&owed.delivery.conversation, &owed.delivery.id);
    let attempt = owed.attempts;
    match verdict {
        Verdict::Done => tracing::debug!(%conversation, %delivery, attempt, "delivered"),
        Verdict::Again { why, .. } => {
            tracing::warn!(%conversation, %delivery, attempt, %why, "not delivered yet");
        }
        Verdict::Hold { why, .. } => {
            let channel = &owed.delivery.channel;
            tracing::error!(%conversation, %delivery, %channel, %why, "the channel is held");
        }
        Verdict::Never(why) => {
            tracing::warn!(%conversation, %delivery, attempt, %why, "cannot be delivered");
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
