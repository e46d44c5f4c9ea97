//! The one thread that writes: takes all that wait into one transaction, and sweeps between.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::{Change, StoreError};

use super::{broken, now, rows};

/// How many callers share a transaction at most; bounds how long the first of them waits.
const GROUP: usize = 512;
/// How many expired rows are deleted in one go; bounds how long a commit waits for it.
const SWEEP: usize = 500;
/// How often expired rows are looked for, and how soon again where there may be more.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
const SWEEP_AGAIN: Duration = Duration::from_millis(200);

type Outcome = Result<(), StoreError>;

struct Job {
    changes: Vec<Change>,
    done: oneshot::Sender<Outcome>,
}

/// The way to the thread. Dropping it waits until the thread has done what it was given.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; `sweeps` tells whether it deletes what has expired.
    pub(super) fn start(conn: Connection, sweeps: bool) -> Result<Self, StoreError> {
        let (jobs, inbox) = channel();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || run(&conn, &inbox, sweeps))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Hands the changes over at once; the future tells when they are durable.
    pub(super) fn commit(
        &self,
        changes: Vec<Change>,
    ) -> impl Future<Output = Outcome> + Send + 'static {
        let (done, outcome) = oneshot::channel();
        let job = Job { changes, done };
        if let Some(jobs) = &self.jobs {
            // A job that cannot be handed over is dropped, and so tells the future below.
            let _sent = jobs.send(job);
        }
        async move {
            let gone = || StoreError::Unavailable("it has been closed".into());
            outcome.await.map_err(|_| gone())?
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn run(conn: &Connection, inbox: &Receiver<Job>, sweeps: bool) {
    let mut sweep_at = Instant::now();
    loop {
        let quiet = sweep_at.saturating_duration_since(Instant::now());
        match inbox.recv_timeout(quiet) {
            Ok(first) => serve(conn, gather(first, inbox)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if Instant::now() >= sweep_at {
            let more = sweeps && rows::sweep(conn, now(), SWEEP).is_ok_and(|found| found == SWEEP);
            sweep_at = Instant::now() + if more { SWEEP_AGAIN } else { SWEEP_EVERY };
        }
    }
}

fn gather(first: Job, inbox: &Receiver<Job>) -> Vec<Job> {
    let mut group = vec![first];
    group.extend(inbox.try_iter().take(GROUP - 1));
    group
}

fn serve(conn: &Connection, group: Vec<Job>) {
    let outcomes = commit(conn, &group);
    if outcomes.is_err() && !conn.is_autocommit() {
        // Else the next transaction could not begin. If this fails too, SQLite has rolled back.
        let _rolled_back = conn.execute_batch("ROLLBACK");
    }
    let outcomes = outcomes.unwrap_or_else(|error| {
        let all_failed = group.iter().map(|_| Err(broken(&error)));
        all_failed.collect()
    });
    for (job, outcome) in group.into_iter().zip(outcomes) {
        let _nobody_waits = job.done.send(outcome);
    }
}

/// One transaction for all, and in it a savepoint for each: a caller whose change cannot be made
/// does not fail the others, who know nothing of it; all share the one sync that costs the time.
fn commit(conn: &Connection, group: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(group.len());
    conn.execute_batch("BEGIN IMMEDIATE")?;
    for job in group {
        let outcome = apart(conn, &job.changes);
        if conn.is_autocommit() {
            // A full disk and its like end the whole transaction (sqlite.org/lang_transaction.html,
            // "Response To Errors Within A Transaction").
            let whole = rusqlite::Error::InvalidQuery;
            return Err(outcome.err().unwrap_or(whole));
        }
        outcomes.push(outcome.map_err(|error| broken(&error)));
    }
    conn.execute_batch("COMMIT")?;
    Ok(outcomes)
}

fn apart(conn: &Connection, changes: &[Change]) -> rusqlite::Result<()> {
    conn.prepare_cached("SAVEPOINT caller")?.execute([])?;
    let applied = apply(conn, changes);
    if applied.is_err() && !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK TO caller")?;
    }
    if !conn.is_autocommit() {
        conn.prepare_cached("RELEASE caller")?.execute([])?;
    }
    applied
}

fn apply(conn: &Connection, changes: &[Change]) -> rusqlite::Result<()> {
    if changes.is_empty() {
        return rows::beat(conn);
    }
    let now = now();
    changes
        .iter()
        .try_for_each(|change| rows::apply(conn, change, now))
}
