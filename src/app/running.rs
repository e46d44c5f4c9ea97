//! Everything that runs, and how it stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::bridge::Input;
use crate::channels::http;
use crate::config::Settings;
use crate::conversation::Delivery;
use crate::engine::Handle;
use crate::engine::groups::{GroupProblem, Ordered};
use crate::outbox::{OutboxHandle, Report, ReportOutcome, Trouble};
use crate::store::Store;
use crate::telemetry::metrics::{self as figures, DeliveryOutcome};

use super::chat::Chat;
use super::xmpp::Side;
use super::{AppError, Reload, groups, translate};

/// Pause before what is kept is put in force again.
const AGAIN: Duration = Duration::from_secs(1);

/// The parts of a running Warmline.
pub(super) struct Running {
    pub server: http::Running,
    pub chat: Option<Chat>,
    pub outbox: OutboxHandle,
    pub side: Side,
    pub orders: JoinHandle<()>,
    pub reports: JoinHandle<()>,
    pub engine: Handle,
    pub writer: JoinHandle<()>,
    pub store: Arc<dyn Store>,
}

impl Running {
    /// Waits for a signal to stop, reloading on SIGHUP meanwhile.
    ///
    /// # Errors
    /// Signals cannot be had, or a part ended that should not; then all is stopped too, for whoever
    /// started the program to start it again.
    pub async fn until_stopped(
        mut self,
        settings: Settings,
        reload: Reload,
    ) -> Result<(), AppError> {
        let mut hangup = listen(SignalKind::hangup())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let mut interrupt = listen(SignalKind::interrupt())?;
        let lost = self.store.clone();
        // What the file says, without what was added by command.
        let mut current = settings.clone();
        let nobody = mpsc::channel(1).1;
        let mut ordered = std::mem::replace(&mut self.side.ordered.ordered, nobody);
        // Whether something may be kept that is not in force.
        let mut behind = false;
        let ended = loop {
            tokio::select! {
                _ = terminate.recv() => break Ok(()),
                _ = interrupt.recv() => break Ok(()),
                problem = lost.lost() => {
                    // Another process does the work now: nothing more is done here, not even
                    // what belongs to an orderly end.
                    return Err(AppError::Store(problem));
                }
                part = self.any_end() => break Err(AppError::Ended(part)),
                _ = hangup.recv() => {
                    if let Some(fresh) = self.reload(&settings, &reload).await {
                        current = fresh;
                    }
                }
                Some(order) = ordered.recv() => behind |= !self.regroup(&current, order).await,
                () = sleep(AGAIN), if behind => behind = self.apply(&current).await.is_err(),
            }
        };
        self.stop().await;
        ended
    }

    /// Ends when a part does, and names it.
    async fn any_end(&mut self) -> &'static str {
        tokio::select! {
            _ = &mut self.writer => "the engine",
            _ = &mut self.side.seat => "the seat",
            _ = &mut self.side.users => "the users' desk",
            _ = &mut self.orders => "the reader of orders",
            _ = &mut self.reports => "the reader of reports",
            _ = &mut self.server.finished => "the HTTP server",
        }
    }

    /// `started` is what the parts were built with that only a restart changes.
    async fn reload(&self, started: &Settings, reload: &Reload) -> Option<Settings> {
        let fresh = match reload() {
            Ok(fresh) => fresh,
            Err(problems) => {
                for problem in problems {
                    warn!(%problem, "the configuration was not reloaded");
                }
                return None;
            }
        };
        for section in translate::fixed_differences(started, &fresh) {
            warn!(section, "changed, but takes a restart");
        }
        match self.apply(&fresh).await {
            Ok(()) => {
                info!("workgroups, agents and words are reloaded");
                Some(fresh)
            }
            Err(problem) => {
                warn!(%problem, "the configuration was not reloaded");
                None
            }
        }
    }

    /// Lets these settings, and the workgroups that were added by command, be in force.
    async fn apply(&self, settings: &Settings) -> Result<(), AppError> {
        let merged = groups::with_added(settings, self.store.as_ref()).await?;
        let policy = Arc::new(translate::policy(&merged));
        self.engine.ask(Input::Settings(policy)).await?;
        self.side.agents.send_replace(translate::agents(&merged));
        self.side.ordered.tell(translate::names(&merged));
        Ok(())
    }

    /// An administrator's order about a workgroup: kept first, then in force, then answered. Tells
    /// whether it is sure that what is kept is in force.
    async fn regroup(&self, current: &Settings, ordered: Ordered) -> bool {
        let kept = groups::keep(current, self.store.as_ref(), &ordered.order).await;
        let done = match kept {
            Ok(()) => self.apply(current).await.map_err(|problem| {
                warn!(%problem, "a workgroup that was changed is not in force yet");
                GroupProblem::Unavailable
            }),
            Err(problem) => Err(problem),
        };
        // A store that did not answer may have kept it all the same.
        let in_force = done != Err(GroupProblem::Unavailable);
        // Whoever is gone has nobody to tell it to.
        let _ = ordered.answer.send(done);
        in_force
    }

    /// Takes nothing more, finishes, commits, leaves.
    async fn stop(self) {
        info!("stopping");
        let Self {
            server,
            chat,
            outbox,
            side,
            orders,
            reports,
            engine,
            writer,
            store,
        } = self;
        let within = |seconds| Duration::from_secs(seconds);
        if let Some(chat) = &chat {
            chat.stop();
        }
        let _ = timeout(within(3), server.handle.stop(true)).await;
        // The server's end leaves nobody who could ask the engine.
        drop(chat);
        orders.abort();
        outbox.stop(within(2)).await;
        reports.abort();
        let _ = timeout(within(1), side.stop_users()).await;
        let _ = timeout(within(2), side.link.stop()).await;
        let _ = timeout(within(1), over(side.seat)).await;
        drop((side.agents, side.sessions, engine));
        let _ = timeout(within(1), over(writer)).await;
        drop(store);
        info!("stopped");
    }
}

/// Waits for the end of a task; one that has been waited for already may not be polled again.
async fn over(task: JoinHandle<()>) {
    if !task.is_finished() {
        let _ = task.await;
    }
}

fn listen(kind: SignalKind) -> Result<Signal, AppError> {
    signal(kind).map_err(AppError::system("listening for signals"))
}

/// Hands the outbox's results to the engine. A result that the engine could not take is not
/// settled, and comes again. `letters` is told when there may be another dead letter.
pub(super) async fn carry_reports(
    engine: Handle,
    mut reports: mpsc::Receiver<Report>,
    letters: Arc<Notify>,
) {
    while let Some(report) = reports.recv().await {
        let Report {
            delivery,
            outcome,
            settled,
        } = report;
        let input = match &outcome {
            ReportOutcome::Delivered => Input::Delivered(Box::new(delivery.clone())),
            ReportOutcome::GivenUp { why } => Input::GivenUp {
                delivery: Box::new(delivery.clone()),
                why: why.to_string(),
            },
        };
        let Ok(answer) = engine.submit(input).await else {
            continue;
        };
        let (letters, engine) = (letters.clone(), engine.clone());
        tokio::spawn(async move {
            if let Ok(Ok(_)) = answer.await {
                count(&delivery, &outcome);
                if let ReportOutcome::GivenUp { why } = outcome {
                    letters.notify_one();
                    end_orphan(&engine, &delivery, &why).await;
                }
                let _ = settled.send(());
            }
        });
    }
}

/// What the other side knows nothing of has nobody who could read an answer.
async fn end_orphan(engine: &Handle, delivery: &Delivery, why: &Trouble) {
    if *why == Trouble::Orphan {
        // An engine that stops leaves it open; the next thing that is said ends it.
        let _ = engine.ask(Input::VisitorClosed(delivery.into())).await;
    }
}

fn count(delivery: &Delivery, outcome: &ReportOutcome) {
    let outcome = match outcome {
        ReportOutcome::Delivered => DeliveryOutcome::Delivered,
        ReportOutcome::GivenUp { why } => {
            warn!(
                conversation = %delivery.conversation,
                delivery = %delivery.id,
                channel = %delivery.channel,
                %why,
                "a delivery was given up; it is a dead letter now"
            );
            DeliveryOutcome::GivenUp
        }
    };
    figures::delivery(delivery.channel.as_str(), outcome);
}
