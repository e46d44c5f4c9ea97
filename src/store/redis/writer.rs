//! The one task that writes: takes all that wait into one script, keeps the lease, and sweeps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{error, info, warn};

use crate::store::{Change, Put, StoreError, Table};

use super::fault::Failure;
use super::keys::{Keys, written};
use super::lease::{RENEW, Taken, lease_millis};
use super::link::Link;
use super::now;
use super::scripts::{COMMIT, RELEASE, RENEW as RENEWAL, RESUME, SWEEP, Script, Told};

/// How many callers share a script at most, and how many bytes: bounds how long Redis is busy.
const GROUP: usize = 128;
const BYTES: usize = 4 << 20;
/// How many expired rows are deleted in one go.
const SWEPT: usize = 500;
/// How often expired rows are looked for, and how soon again where there may be more.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
const SWEEP_AGAIN: Duration = Duration::from_millis(200);
/// How long the end may take, with what was handed over before.
const CLOSING: Duration = Duration::from_secs(3);
/// How often a loss that lasts is told again.
const TOLD_AGAIN: Duration = Duration::from_secs(30);

pub(super) type Outcome = Result<(), StoreError>;

/// The changes of one caller.
pub(super) struct Job {
    pub changes: Vec<Change>,
    pub done: oneshot::Sender<Outcome>,
}

impl Job {
    fn end(self, outcome: Outcome) {
        let _nobody_waits = self.done.send(outcome);
    }

    fn bytes(&self) -> usize {
        self.changes.iter().map(bytes).sum()
    }
}

fn bytes(change: &Change) -> usize {
    match change {
        Change::Put(row) | Change::Add(row) => row.value.len() + row.key.len() + row.group.len(),
        Change::Delete { .. } | Change::ExpireGroup { .. } => 0,
    }
}

/// The writer, and what it knows of the store.
pub(super) struct Writer {
    pub link: Arc<Link>,
    pub keys: Keys,
    /// Ours, or nothing where an operator writes beside the running process.
    pub taken: Taken,
    /// Whether expired rows are deleted.
    pub sweeps: bool,
    /// Told when another process has taken over.
    pub lost: watch::Sender<Option<StoreError>>,
    state: State,
}

struct State {
    /// Nothing has happened since the last commit that we do not know of.
    sure: bool,
    renewed_at: Instant,
    sweep_at: Instant,
    told_at: Option<Instant>,
}

impl Writer {
    pub fn new(
        (link, keys): (Arc<Link>, Keys),
        taken: Taken,
        sweeps: bool,
    ) -> (Self, watch::Receiver<Option<StoreError>>) {
        let (lost, told) = watch::channel(None);
        let state = State {
            sure: true,
            renewed_at: Instant::now(),
            sweep_at: Instant::now(),
            told_at: None,
        };
        let writer = Self {
            link,
            keys,
            taken,
            sweeps,
            lost,
            state,
        };
        (writer, told)
    }

    fn beside(&self) -> bool {
        self.taken.token.is_empty()
    }

    /// Works until nobody can hand anything over any more, and all that was is done.
    pub async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Job>) {
        let mut tick = interval(RENEW);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                job = inbox.recv() => match job {
                    Some(first) => self.serve(gather(first, &mut inbox)).await,
                    None => break,
                },
                _ = tick.tick() => self.renew().await,
            }
            self.sweep().await;
            if inbox.is_closed() {
                break;
            }
        }
        let _what_is_not_done_is_refused = timeout(CLOSING, self.close(inbox)).await;
    }

    async fn close(&mut self, mut inbox: mpsc::UnboundedReceiver<Job>) {
        while let Some(first) = inbox.recv().await {
            self.serve(gather(first, &mut inbox)).await;
        }
        if !self.beside() {
            let _released = self.say(&RELEASE, &[]).await;
        }
    }

    async fn say(&self, script: &Script, more: &[&[u8]]) -> Result<Vec<String>, Failure> {
        let told = Told {
            keys: &self.keys,
            token: &self.taken.token,
            id: &self.taken.id,
            known: self.taken.known,
            lease: lease_millis(),
            now: now().0,
        };
        script.run(&self.link, &told, more).await
    }

    /// Commits what waits. As long as nobody knows what the store holds, only a commit of nothing
    /// is taken, which finds out: whoever makes it is about to read everything anew.
    async fn serve(&mut self, group: Vec<Job>) {
        let mut group = group.into_iter();
        while !self.state.sure {
            let Some(job) = group.next() else { return };
            if job.changes.is_empty() {
                let outcome = self.resume().await;
                job.end(outcome);
            } else {
                let first = "what it holds must be read again first";
                job.end(Err(StoreError::Unavailable(first.into())));
            }
        }
        let group: Vec<Job> = group.collect();
        if !group.is_empty() {
            self.commit(group).await;
        }
    }

    async fn commit(&mut self, group: Vec<Job>) {
        let words = wording(&group);
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let answer = match self.say(&COMMIT, &words).await {
            Ok(answer) => self.standing(answer),
            Err(failure) => {
                // Where Redis itself did not refuse it, it may still be applied.
                self.state.sure &= failure.refused || self.beside();
                Err(failure.error)
            }
        };
        let outcomes = match answer {
            Ok(outcomes) => outcomes,
            Err(error) => {
                for job in group {
                    job.end(Err(error.clone()));
                }
                return;
            }
        };
        self.taken.known += u64::try_from(group.len()).unwrap_or_default();
        self.state.renewed_at = Instant::now();
        for (job, outcome) in group.into_iter().zip(outcomes) {
            job.end(match outcome.as_str() {
                "ok" => Ok(()),
                _ => Err(StoreError::Unavailable(
                    "a key of this store holds what is not ours".into(),
                )),
            });
        }
    }

    /// What a script found before it did anything: the rest of its answer where all is well.
    fn standing(&mut self, answer: Vec<String>) -> Result<Vec<String>, StoreError> {
        let mut words = answer.into_iter();
        let error = match words.next().as_deref() {
            Some("ok") => {
                self.state.told_at = None;
                return Ok(words.collect());
            }
            Some("count") => {
                self.state.sure = false;
                let why = "it is not as this process left it, and must be read again";
                return Err(StoreError::Unavailable(why.into()));
            }
            Some("lost") => StoreError::TakenOver,
            Some("empty") => StoreError::Emptied,
            Some("other") => StoreError::Replaced,
            _ => StoreError::Unavailable("Redis answers what it was not asked".into()),
        };
        self.tell(&error);
        if matches!(error, StoreError::TakenOver) {
            self.lost.send_replace(Some(error.clone()));
        }
        Err(error)
    }

    fn tell(&mut self, problem: &StoreError) {
        let again = self
            .state
            .told_at
            .is_none_or(|at| at.elapsed() > TOLD_AGAIN);
        if again {
            self.state.told_at = Some(Instant::now());
            error!(place = %self.link.place(), "{problem}");
        }
    }

    /// Finds out what the store holds after it was lost sight of.
    async fn resume(&mut self) -> Outcome {
        let answer = self.say(&RESUME, &[]).await?;
        let answer = self.standing(answer)?;
        let numbers: Vec<u64> = answer.iter().filter_map(|word| word.parse().ok()).collect();
        let [found, next] = numbers.as_slice() else {
            return Err(StoreError::Unavailable("Redis answers nonsense".into()));
        };
        let lost = self.taken.known.saturating_sub(*found);
        self.taken.known = *next;
        self.state.renewed_at = Instant::now();
        if lost > 0 {
            error!(place = %self.link.place(), lost, "{}", StoreError::Older { lost });
            // Told to whoever asks, who will read again and then ask once more.
            return Err(StoreError::Older { lost });
        }
        info!(place = %self.link.place(), commits = found, "the store is found as it was left");
        self.state.sure = true;
        Ok(())
    }

    async fn renew(&mut self) {
        if self.beside() || self.state.renewed_at.elapsed() < RENEW {
            return;
        }
        match self.say(&RENEWAL, &[]).await {
            Ok(answer) => {
                self.state.renewed_at = Instant::now();
                let _told = self.standing(answer);
            }
            // Redis may have been restarted with older data meanwhile; the next commit finds out.
            Err(failure) => warn!(problem = %failure.error, "the lease could not be renewed"),
        }
    }

    async fn sweep(&mut self) {
        if !self.sweeps || !self.state.sure || Instant::now() < self.state.sweep_at {
            return;
        }
        let most = SWEPT.to_string();
        let mut words = vec![most.as_bytes()];
        words.extend(Table::ALL.iter().map(|table| table.name().as_bytes()));
        let swept = match self.say(&SWEEP, &words).await {
            Ok(answer) => self.standing(answer).unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let more = swept.first().is_some_and(|found| *found == most);
        self.state.sweep_at = Instant::now() + if more { SWEEP_AGAIN } else { SWEEP_EVERY };
    }
}

fn gather(first: Job, inbox: &mut mpsc::UnboundedReceiver<Job>) -> Vec<Job> {
    let mut bytes = first.bytes();
    let mut group = vec![first];
    while group.len() < GROUP && bytes < BYTES {
        let Ok(job) = inbox.try_recv() else { break };
        bytes += job.bytes();
        group.push(job);
    }
    group
}

/// The group in the words of `commit.lua`.
fn wording(group: &[Job]) -> Vec<Vec<u8>> {
    let mut words = vec![number(group.len())];
    for job in group {
        words.push(number(job.changes.len()));
        for change in &job.changes {
            words.extend(in_words(change));
        }
    }
    words
}

fn number(number: usize) -> Vec<u8> {
    number.to_string().into_bytes()
}

fn in_words(change: &Change) -> [Vec<u8>; 6] {
    let row = |kind: &str, row: &Put| {
        let expires = written(row.expires);
        [
            kind.into(),
            row.table.name().into(),
            row.group.as_bytes().into(),
            row.key.as_bytes().into(),
            expires.into_bytes(),
            row.value.clone(),
        ]
    };
    match change {
        Change::Put(put) => row("put", put),
        Change::Add(put) => row("add", put),
        Change::Delete { table, group, key } => [
            "delete".into(),
            table.name().into(),
            group.as_bytes().into(),
            key.as_bytes().into(),
            Vec::new(),
            Vec::new(),
        ],
        Change::ExpireGroup { table, group, at } => [
            "expire".into(),
            table.name().into(),
            group.as_bytes().into(),
            Vec::new(),
            written(Some(*at)).into_bytes(),
            Vec::new(),
        ],
    }
}
