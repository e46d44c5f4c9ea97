//! Connects again and again, for ever, until told to stop.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::backoff::Backoff;
use super::connect::{Inlet, Writer, connect};
use super::session::{Pulse, Session};
use super::writer::write_all;
use super::{DownReason, Generation, LinkEvent, LinkSender, LinkSettings};

pub(super) struct Driver {
    settings: Arc<LinkSettings>,
    sender: LinkSender,
    events: mpsc::Sender<LinkEvent>,
    generation: Generation,
    backoff: Backoff,
}

impl Driver {
    pub(super) fn new(
        settings: Arc<LinkSettings>,
        sender: LinkSender,
        events: mpsc::Sender<LinkEvent>,
    ) -> Self {
        Self {
            backoff: Backoff::new(settings.backoff),
            settings,
            sender,
            events,
            generation: Generation(0),
        }
    }

    pub(super) async fn run(mut self) {
        // Also when this task is dropped: nobody shall wait for ever in `stop`.
        let _done = self.sender.done().clone().drop_guard();
        loop {
            let reason = self.live_once().await;
            self.sender.close();
            if reason == DownReason::Stopping || self.events.is_closed() {
                tracing::info!(domain = %self.settings.domain, "XMPP link stopped");
                // Whoever stops may not read any more.
                drop(self.events.try_send(LinkEvent::Down(DownReason::Stopping)));
                return;
            }
            self.report_and_pause(reason).await;
        }
    }

    /// One attempt and, if it succeeds, one connection from Up to its end.
    async fn live_once(&mut self) -> DownReason {
        let limit = self.settings.connect_timeout;
        let stopping = self.sender.stopping().clone();
        let attempt = tokio::time::timeout(limit, connect(&self.settings));
        let connected = tokio::select! {
            biased;
            () = stopping.cancelled() => return DownReason::Stopping,
            () = self.events.closed() => return DownReason::Stopping,
            attempt = attempt => attempt.unwrap_or(Err(DownReason::ConnectTimeout)),
        };
        match connected {
            Ok((inlet, writer)) => {
                let since = Instant::now();
                let reason = self.live(inlet, writer).await;
                self.backoff.connection_lasted(since.elapsed());
                reason
            }
            Err(reason) => reason,
        }
    }

    async fn live(&mut self, inlet: Inlet, writer: Writer) -> DownReason {
        self.generation = Generation(self.generation.0 + 1);
        let queue = self.sender.open(self.generation);
        tracing::info!(
            domain = %self.settings.domain,
            address = %self.settings.address,
            generation = self.generation.0,
            "XMPP link up"
        );
        let mut session = Session {
            settings: &self.settings,
            sender: &self.sender,
            events: &self.events,
            generation: self.generation,
            inlet,
            writer: tokio::spawn(write_all(writer, queue, self.settings.keepalive)),
            pulse: Pulse::Quiet,
        };
        session.run().await
    }

    async fn report_and_pause(&mut self, reason: DownReason) {
        let pause = self.backoff.next();
        tracing::warn!(
            domain = %self.settings.domain,
            address = %self.settings.address,
            %reason,
            again_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "XMPP link down"
        );
        let stopping = self.sender.stopping().clone();
        let wait = async {
            // An error means that nobody reads: noticed at the next attempt.
            drop(self.events.send(LinkEvent::Down(reason)).await);
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = wait => {}
        }
    }
}
