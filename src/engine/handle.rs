//! The way to the engine.

use tokio::sync::{mpsc, oneshot};

use crate::bridge::{Answer, Input};

/// One input on its way to the engine.
#[derive(Debug)]
pub struct Job {
    pub(super) input: Input,
    pub(super) reply: Option<oneshot::Sender<Result<Answer, Unavailable>>>,
}

impl Job {
    /// What is to be taken.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Tells the asker how it ended.
    pub fn answer(self, answer: Result<Answer, Unavailable>) {
        if let Some(reply) = self.reply {
            // An asker that went away needs no answer.
            let _ = reply.send(answer);
        }
    }
}

/// The engine cannot take inputs now: its store does not answer, or it is stopping. The input had
/// no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not available just now")]
pub struct Unavailable;

/// A way to the engine; cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    inbox: mpsc::Sender<Job>,
}

impl Handle {
    /// A handle, and the inbox that it fills.
    pub fn pair(capacity: usize) -> (Self, mpsc::Receiver<Job>) {
        let (inbox, jobs) = mpsc::channel(capacity);
        (Self { inbox }, jobs)
    }

    /// Hands an input over and waits until its consequences are committed.
    pub async fn ask(&self, input: Input) -> Result<Answer, Unavailable> {
        let answer = self.submit(input).await?;
        answer.await.map_err(|_| Unavailable)?
    }

    /// Hands an input over, in the order of calls; the answer comes after the commit.
    pub async fn submit(
        &self,
        input: Input,
    ) -> Result<oneshot::Receiver<Result<Answer, Unavailable>>, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let reply = Some(reply);
        let job = Job { input, reply };
        self.inbox.send(job).await.map_err(|_| Unavailable)?;
        Ok(answer)
    }

    /// Hands an input over, in the order of calls, without waiting for its commit. When the inbox
    /// is full this waits.
    pub async fn tell(&self, input: Input) -> Result<(), Unavailable> {
        let job = Job { input, reply: None };
        self.inbox.send(job).await.map_err(|_| Unavailable)
    }
}
