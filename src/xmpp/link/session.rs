//! One authenticated connection, from Up to Down.

use std::time::Instant;

use minidom::Element;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::connect::{Inlet, stream_error};
use super::{DownReason, Generation, LinkEvent, LinkSender, LinkSettings};
use crate::xmpp::encode::encode;
use crate::xmpp::framing::StanzaHead;
use crate::xmpp::framing::{Frame, Refused, RefusedWhy};
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, element, iq};

/// Begins the id of the link's own pings.
const PING_ID: &str = "warmline-link-";

pub(super) struct Session<'a> {
    pub(super) settings: &'a LinkSettings,
    pub(super) sender: &'a LinkSender,
    pub(super) events: &'a mpsc::Sender<LinkEvent>,
    pub(super) generation: Generation,
    pub(super) inlet: Inlet,
    pub(super) writer: JoinHandle<std::io::Result<()>>,
    pub(super) pulse: Pulse,
}

/// Whether the server is being asked for a sign of life.
pub(super) enum Pulse {
    Quiet,
    Asked(Instant),
}

/// What a frame means to the link.
enum Meaning {
    Event(LinkEvent),
    OwnPing,
    Nothing,
    End(DownReason),
}

enum Step {
    Go,
    End(DownReason),
}

impl Session<'_> {
    /// Runs until the connection ends.
    pub(super) async fn run(&mut self) -> DownReason {
        let up = LinkEvent::Up(self.generation);
        if let Step::End(DownReason::Stopping) = self.publish(up).await {
            return self.close().await;
        }
        loop {
            match self.step().await {
                Step::Go => {}
                Step::End(DownReason::Stopping) => return self.close().await,
                Step::End(reason) => {
                    self.writer.abort();
                    return reason;
                }
            }
        }
    }

    async fn step(&mut self) -> Step {
        let patience = tokio::time::Instant::from_std(self.deadline());
        // In this order: what has already come in is read before the server is called silent.
        tokio::select! {
            biased;
            () = self.sender.stopping().cancelled() => Step::End(DownReason::Stopping),
            () = self.events.closed() => Step::End(DownReason::Stopping),
            frame = self.inlet.next() => match frame {
                Ok(frame) => self.take(frame).await,
                Err(reason) => Step::End(reason),
            },
            written = &mut self.writer => Step::End(match written {
                Ok(Err(error)) => DownReason::Broken(error.kind()),
                _ => DownReason::ClosedByPeer,
            }),
            () = tokio::time::sleep_until(patience) => self.on_silence(),
        }
    }

    async fn take(&mut self, frame: Frame) -> Step {
        match self.meaning(frame) {
            Meaning::Event(event) => self.publish(event).await,
            Meaning::OwnPing => {
                self.pulse = Pulse::Quiet;
                Step::Go
            }
            Meaning::Nothing => Step::Go,
            Meaning::End(reason) => Step::End(reason),
        }
    }

    /// Waits while the reader of events is busy: then the server waits too. Meanwhile no clock
    /// runs against the server.
    async fn publish(&mut self, event: LinkEvent) -> Step {
        tokio::select! {
            sent = self.events.send(event) => match sent {
                Ok(()) => Step::Go,
                Err(_nobody_reads) => Step::End(DownReason::Stopping),
            },
            () = self.sender.stopping().cancelled() => Step::End(DownReason::Stopping),
        }
    }

    fn meaning(&self, frame: Frame) -> Meaning {
        let element = match frame {
            Frame::Element(element) => element,
            Frame::Refused(refused) => return Meaning::Event(LinkEvent::Refused(refused)),
            Frame::Close => return Meaning::End(DownReason::ClosedByPeer),
            Frame::Open(_) => return Meaning::Nothing,
        };
        if let Some(reason) = stream_error(&element) {
            Meaning::End(reason)
        } else if self.is_own_ping(&element) {
            Meaning::OwnPing
        } else if is_stanza(&element) {
            Meaning::Event(LinkEvent::Stanza(element))
        } else if element.has_ns(ns::STREAMS) {
            Meaning::Nothing
        } else {
            let head = StanzaHead::of(&element);
            let why = RefusedWhy::NotAStanza;
            Meaning::Event(LinkEvent::Refused(Refused { head, why }))
        }
    }

    fn deadline(&self) -> Instant {
        match self.pulse {
            Pulse::Quiet => self.inlet.last_heard + self.settings.idle,
            Pulse::Asked(at) => at.max(self.inlet.last_heard) + self.settings.ping_timeout,
        }
    }

    fn on_silence(&mut self) -> Step {
        // White space from the server moves the deadline without waking us.
        if Instant::now() < self.deadline() {
            return Step::Go;
        }
        match self.pulse {
            Pulse::Asked(_) => Step::End(DownReason::Dead),
            Pulse::Quiet => {
                self.pulse = Pulse::Asked(Instant::now());
                self.ping();
                Step::Go
            }
        }
    }

    /// Asks ourselves, through the server: when it comes back both directions work, whatever the
    /// server itself answers to a ping.
    fn ping(&self) {
        let domain = &self.settings.domain;
        let id = format!("{PING_ID}{}", self.generation.0);
        let ping = iq("get", &id, (domain, domain), element("ping", ns::PING));
        if let Ok(xml) = encode(&ping) {
            let sent = self.sender.send_own(self.generation, xml);
            tracing::debug!(taken = sent.is_ok(), "silence on the link, pinging");
        }
    }

    /// The request comes back to us, or an error about it: either is an answer.
    fn is_own_ping(&self, element: &Element) -> bool {
        let from = attr(element, "from").unwrap_or_default();
        let id = attr(element, "id").unwrap_or_default();
        element.is("iq", ns::CLIENT)
            && from.eq_ignore_ascii_case(&self.settings.domain)
            && id.starts_with(PING_ID)
    }

    /// Sends what was taken, ends the stream, and reads on until the server has ended its side:
    /// closing with unread bytes would make TCP throw away what we just sent.
    async fn close(&mut self) -> DownReason {
        self.sender.close();
        let closed = tokio::time::timeout(self.settings.close_timeout, self.drain()).await;
        if closed.is_err() {
            tracing::debug!("the server did not close its side in time");
        }
        self.writer.abort();
        DownReason::Stopping
    }

    async fn drain(&mut self) {
        let mut written = false;
        loop {
            tokio::select! {
                frame = self.inlet.next() => {
                    let Ok(frame) = frame else { return };
                    match self.meaning(frame) {
                        // Nobody may be reading any more, so there is no waiting here.
                        Meaning::Event(event) => drop(self.events.try_send(event)),
                        Meaning::End(_) if written => return,
                        _ => {}
                    }
                }
                _ = &mut self.writer, if !written => written = true,
            }
        }
    }
}

fn is_stanza(element: &Element) -> bool {
    element.has_ns(ns::CLIENT) && matches!(element.name(), "message" | "presence" | "iq")
}
